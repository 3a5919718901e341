//! Applications that people sign in to with their account here (OAuth 2.1, `OpenID` Connect): which there are, what they may ask
//! for, and what their owners have allowed. What an application holds in the end is a session with an [`AppGrant`].

mod app_grant;
mod assertion;
mod client;
mod client_grant;
mod client_keys;
mod code;
mod connected;
mod consent;
mod logout;
mod new_code;
mod once;
mod pkce;
mod redirect;
mod request;
mod step;
mod usage;

pub use self::app_grant::AppGrant;
pub(crate) use self::app_grant::Target;
pub(crate) use self::assertion::verify as verify_assertion;
pub use self::client::OauthClient;
pub use self::client_grant::{ClientGrant, ClientGrantRefusal, ClientTokenEnd};
pub use self::client_keys::ClientKeys;
#[cfg(feature = "oidc")]
pub(crate) use self::client_keys::algorithms as assertion_algorithms;
pub(crate) use self::code::FoundCode;
pub use self::code::{CodeRefusal, CodeRequest, IssueCodeOutcome, RedeemOutcome, Redemption};
pub use self::connected::ConnectedApp;
pub(crate) use self::connected::{connected, disconnect};
pub use self::consent::Consent;
pub use self::logout::LogoutRefusal;
pub(crate) use self::logout::{IdTokenHint, LogoutRequest, parse_logout};
pub use self::new_code::{NewCode, StoredCode};
pub use self::pkce::Challenge;
#[cfg(feature = "oidc")]
pub(crate) use self::redirect::host_of;
pub(crate) use self::redirect::{is_loopback, is_private_scheme};
pub(crate) use self::request::parse;
pub use self::request::{AuthorizeError, AuthorizeRefusal, AuthorizeRequest, ErrorRedirect, PageFault};
pub(crate) use self::step::{Interaction, Step, next};
pub use self::usage::Use;
use crate::model::api_key::Scopes;

/// The scope that asks for an ID token (`OpenID` Connect Core §3.1.2.1).
pub(crate) const OPENID: &str = "openid";

impl Scopes {
    /// Whether this is one of them.
    #[must_use]
    pub fn has(&self, scope: &str) -> bool {
        self.iter().any(|one| one == scope)
    }
}

/// Names without spaces in them as one text, and back. None is the empty text.
pub(crate) fn joined(names: &[String]) -> String {
    names.join(" ")
}

pub(crate) fn split(text: &str) -> Vec<String> {
    text.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
