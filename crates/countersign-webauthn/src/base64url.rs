//! Strict base64url (RFC 7515 §2): unpadded, canonical, no whitespace.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::CeremonyError;

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of the member of this name.
pub(crate) fn decode(text: &str, member: &'static str) -> Result<Vec<u8>, CeremonyError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| CeremonyError::Encoding { member })
}
