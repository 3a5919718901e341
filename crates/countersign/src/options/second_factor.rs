//! [`SecondFactorOptions`]: second factors.

use std::sync::Arc;

use crate::base::out_of_range::Broken;
pub use crate::model::second_factor::SecondFactorPolicy;

/// Second factors: who has to have one, and what authenticator apps show.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SecondFactorOptions {
    /// Who has to have one.
    pub policy: Arc<SecondFactorPolicy>,
    /// What an app shows beside the code. Default: the host of the issuer.
    pub product: Option<String>,
}

impl SecondFactorOptions {
    pub(super) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        broken.within("policy", self.policy.broken());
        broken
    }
}
