//! What `/oauth2/token` takes and gives, whoever asks.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::client::Stated;

/// What the grants take. Unknown parameters are ignored (RFC 6749 §3.2).
#[derive(Deserialize)]
#[cfg_attr(not(feature = "oidc"), expect(dead_code, reason = "for applications"))]
pub(super) struct Parameters {
    pub(super) grant_type: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<Zeroizing<String>>,
    pub(super) client_assertion_type: Option<String>,
    pub(super) client_assertion: Option<Zeroizing<String>>,
    pub(super) code: Option<Zeroizing<String>>,
    pub(super) redirect_uri: Option<String>,
    pub(super) code_verifier: Option<Zeroizing<String>>,
    pub(super) refresh_token: Option<Zeroizing<String>>,
    pub(super) resource: Option<String>,
}

/// RFC 6749 §5.1.
#[derive(Serialize)]
pub(super) struct TokenBody<'a> {
    pub(super) access_token: &'a str,
    pub(super) token_type: &'static str,
    pub(super) expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<String>,
}

impl Parameters {
    pub(super) fn stated(&self) -> Stated<'_> {
        Stated {
            id: self.client_id.as_deref(),
            secret: self.client_secret.as_ref(),
            assertion_type: self.client_assertion_type.as_deref(),
            assertion: self.client_assertion.as_ref(),
        }
    }
}
