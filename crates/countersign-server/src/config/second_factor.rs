//! The values of `[second_factor]`.

use std::sync::Arc;

use countersign::Role;
use countersign::options::{SecondFactorOptions, SecondFactorPolicy};

use super::keys::Config;
use super::setting::{Scalar, choice, one_of};

choice! {
    /// Who has to have a second factor.
    SecondFactorRequired {
        /// Nobody.
        Nobody = "nobody",
        /// Whoever has one of some roles.
        Roles = "roles",
        /// Everybody.
        Everybody = "everybody"
    }
}

impl Scalar for Role {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| format!("{text:?}: {error}"))
    }
}

impl Config {
    pub(super) fn second_factor_options(&self) -> SecondFactorOptions {
        let mut policy = SecondFactorPolicy::default();
        policy.everybody = self.second_factor_required == SecondFactorRequired::Everybody;
        policy.roles.clone_from(&self.second_factor_roles);
        policy.from = self.second_factor_from;
        policy.trust = self.second_factor_trust;
        let mut options = SecondFactorOptions::default();
        options.policy = Arc::new(policy);
        options.product = Some(self.pages_name.clone());
        options
    }
}
