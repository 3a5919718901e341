//! The response to a login and to a refresh.

use crate::wire::UserView;
use crate::wire::field::view;

view! {
    /// The body of a successful login or refresh.
    TokenResponse {
        access_token: &'a str,
        /// The access token again, under the name that the simplest clients look for.
        token: &'a str,
        /// `Bearer` (RFC 6750), or `DPoP` where the token is bound to a key (RFC 9449 §5).
        token_type: &'a str,
        /// Seconds from now until the access token expires.
        expires_in: u64,
        user: UserView<'a>,
        ;optional
        /// For a client that asked for it in the body.
        refresh_token: &'a str,
        /// For a client that asked for its tokens in the body: it makes the device known at the next login.
        device_token: &'a str,
        /// The recovery codes of an account that got its first authenticator with this login, shown once.
        recovery_codes: Vec<&'a str>,
    }
}
