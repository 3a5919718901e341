//! The values of `[registration]`.

use countersign::EmailDomain;
use countersign::options::RegistrationMode;

use super::setting::{Scalar, choice, one_of};

choice! {
    /// Who can make an account of their own.
    Registration {
        /// Nobody.
        Off = "off",
        /// Whoever was invited.
        Invite = "invite",
        /// Everybody.
        Open = "open"
    }
}

impl From<Registration> for RegistrationMode {
    fn from(mode: Registration) -> Self {
        match mode {
            Registration::Off => Self::Off,
            Registration::Invite => Self::Invite,
            Registration::Open => Self::Open,
        }
    }
}

impl Scalar for EmailDomain {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| format!("{text:?}: {error}"))
    }
}
