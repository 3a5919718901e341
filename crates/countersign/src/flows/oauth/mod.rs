//! Other applications sign people in here (OAuth 2.1, `OpenID` Connect): `begin` and `authorize` are what happens in the
//! browser, up to the code, `pushed` what an application sends before;
//! `token` what an application gets for a code or a refresh token,
//! `client_credentials` what it gets for itself, `held` what it may ask about that and end; `id_token` and `userinfo`
//! what it learns about somebody.

pub(crate) mod apps;
pub mod authorize;
pub mod begin;
pub(crate) mod browser;
pub mod client_assertion;
pub mod client_credentials;
pub mod connected;
pub mod held;
pub(crate) mod id_token;
pub mod logout;
pub mod pushed;
pub mod token;
pub mod userinfo;

use countersign_guard::{AccessClaims, Guard};

use crate::Countersign;
use crate::options::OauthClient;
use crate::store::Store;

impl<S: Store> Countersign<S> {
    /// The guard of the userinfo endpoint.
    #[must_use]
    pub fn userinfo_guard(&self) -> &Guard {
        &self.apps.guard
    }

    /// The application that a verified access token was issued for, if it was one.
    #[must_use]
    pub fn client_of(&self, claims: &AccessClaims) -> Option<&OauthClient> {
        self.options.oauth.client(claims.client_id()?)
    }
}
