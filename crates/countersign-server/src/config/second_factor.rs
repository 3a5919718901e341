//! The values of `[second_factor]`.

use countersign::Role;

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
