//! The values of `[hooks]`.

use super::setting::{Scalar, choice, one_of};

choice! {
    /// What the application's server is asked about.
    HookQuestion {
        /// Whether somebody whose proof was right may sign in.
        BeforeSignIn = "before_sign_in",
        /// The claims of an access token.
        Claims = "claims"
    }
}

choice! {
    /// What happens without an answer.
    HookFailurePolicy {
        /// Nobody signs in, and no token is made.
        Deny = "deny",
        /// It goes on as if nobody had to be asked.
        Allow = "allow"
    }
}
