//! Applications that people sign in to with their account here (OAuth 2.1, `OpenID` Connect): which there are, what they may ask
//! for, and what their owners have allowed. What an application holds in the end is a session with an [`AppGrant`].

mod assertion;
mod client;
mod client_grant;
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

pub use self::assertion::ClientKeys;
#[cfg(feature = "oidc")]
pub(crate) use self::assertion::algorithms as assertion_algorithms;
pub(crate) use self::assertion::verify as verify_assertion;
pub use self::client::OauthClient;
pub use self::client_grant::{ClientGrant, ClientGrantRefusal, ClientTokenEnd};
pub(crate) use self::code::FoundCode;
pub use self::code::{CodeRefusal, CodeRequest, IssueCodeOutcome, RedeemOutcome, Redemption};
pub use self::connected::ConnectedApp;
pub(crate) use self::connected::{connected, disconnect};
pub use self::consent::Consent;
pub use self::logout::LogoutRefusal;
pub(crate) use self::logout::{IdTokenHint, LogoutRequest, parse_logout};
pub use self::new_code::{NewCode, StoredCode};
pub use self::once::Use;
pub use self::pkce::Challenge;
#[cfg(feature = "oidc")]
pub(crate) use self::redirect::host_of;
pub(crate) use self::redirect::{is_loopback, is_private_scheme};
pub(crate) use self::request::parse;
pub use self::request::{AuthorizeError, AuthorizeRefusal, AuthorizeRequest, ErrorRedirect, PageFault};
pub(crate) use self::step::{Interaction, Step, next};
use crate::model::api_key::Scopes;

/// What makes a session that of an application: which one, and what its owner has allowed it. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppGrant {
    /// The client's ID.
    pub client_id: String,
    /// What was allowed.
    pub scopes: Scopes,
    /// The names of the audiences that it may ask tokens for (RFC 8707); none: those of the userinfo endpoint only.
    pub resources: Vec<String>,
}

impl AppGrant {
    /// The audience of a token that is asked for: an empty name is the userinfo endpoint. `None`: it was not allowed (RFC 8707 §2.2).
    pub(crate) fn audience(&self, wanted: &Target) -> Option<&str> {
        wanted.among(&self.resources)
    }
}

/// What a token is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nothing was said: the first resource, or the userinfo endpoint if there is none.
    First,
    /// The userinfo endpoint.
    Userinfo,
    /// The audience with this name.
    Named(String),
}

impl Target {
    /// The one of these that it is; an empty name is the userinfo endpoint.
    pub(crate) fn among<'a>(&self, resources: &'a [String]) -> Option<&'a str> {
        match self {
            Self::First => Some(resources.first().map_or("", String::as_str)),
            Self::Userinfo => Some(""),
            Self::Named(name) => resources.iter().find(|one| *one == name).map(String::as_str),
        }
    }
}

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
