//! The answer of a passkey, in the bodies of all routes that take one.

use serde::Deserialize;
use serde_json::Value;

use crate::flows::passkey::PasskeyAnswer;

/// The answer of a passkey, in a body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Answer {
    ticket: String,
    /// What `PublicKeyCredential.toJSON()` gave.
    credential: Value,
}

impl Answer {
    /// From the browser that keeps what has this hash, if it was asked by a browser.
    pub(in crate::http) fn of(&self, browser_hash: Option<[u8; 32]>) -> PasskeyAnswer<'_> {
        PasskeyAnswer { ticket: &self.ticket, credential: &self.credential, browser_hash }
    }
}
