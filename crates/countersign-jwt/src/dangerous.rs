//! Reading a token without checking anything, for tools that show tokens to people.
//!
//! What comes out of here reaches no other function of this crate: there is no way from it to a
//! [`VerifiedJws`](crate::VerifiedJws) or to [`AccessClaims`](crate::AccessClaims).

use serde_json::{Map, Value};

use crate::base64url;
use crate::compact::{Limits, Parts};
use crate::error::VerifyError;
use crate::json;

/// What a token says about itself. Anybody can have written it.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedToken {
    /// The header's members.
    pub header: Map<String, Value>,
    /// The payload's members.
    pub payload: Map<String, Value>,
}

/// Decodes header and payload. **No check is made**: not of the algorithm, not of the signature, not of a claim.
///
/// # Errors
/// - [`TokenTooLong`](VerifyError::TokenTooLong), [`HeaderTooLong`](VerifyError::HeaderTooLong): over [`Limits::ML_DSA`].
/// - [`PartCount`](VerifyError::PartCount): not three parts.
/// - [`HeaderEncoding`](VerifyError::HeaderEncoding), [`PayloadEncoding`](VerifyError::PayloadEncoding): not strict base64url.
/// - [`HeaderJson`](VerifyError::HeaderJson), [`PayloadJson`](VerifyError::PayloadJson): not one strict JSON object.
pub fn decode_unverified(token: &str) -> Result<DecodedToken, VerifyError> {
    let (header, payload) = decode_parts(token);
    Ok(DecodedToken { header: header?, payload: payload? })
}

type Part = Result<Map<String, Value>, VerifyError>;

/// Header and payload, each as far as it can be read.
pub(crate) fn decode_parts(token: &str) -> (Part, Part) {
    let parts = match Parts::split(token, Limits::ML_DSA) {
        Ok(parts) => parts,
        Err(error) => return (Err(error), Err(error)),
    };
    let header = base64url::decode(parts.header).map_err(|_| VerifyError::HeaderEncoding);
    let payload = base64url::decode(parts.payload).map_err(|_| VerifyError::PayloadEncoding);
    (
        header.and_then(|header| json::parse_object(&header).map_err(VerifyError::HeaderJson)),
        payload.and_then(|payload| json::parse_object(&payload).map_err(VerifyError::PayloadJson)),
    )
}
