//! The values of `[hooks]`.

use super::setting::{Scalar, choice, one_of};

choice! {
    /// What the application's server is asked about.
    HookQuestion {
        /// Whether somebody whose proof was right may sign in.
        BeforeSignIn = "before_sign_in",
        /// The claims of an access token.
        Claims = "claims",
        /// Whether a mail is sent that anybody can ask for.
        BeforeMail = "before_mail"
    }
}

choice! {
    /// What happens without an answer.
    HookFailurePolicy {
        /// Nobody signs in, no token is made, and no mail is sent.
        Deny = "deny",
        /// It goes on as if nobody had to be asked.
        Allow = "allow"
    }
}
