//! Claims + [`SigningKey`] → compact JWS (RFC 7515 §7.1, RFC 7519 §7.1).

use serde::Serialize;

use crate::base64url;
use crate::compact::{Limits, MAX_KEY_ID_BYTES};
use crate::error::SignError;
use crate::key::SigningKey;

/// Signs `claims`, anything that serialises to a JSON object, with the header `alg`, `typ` and, if the key
/// has an ID, `kid`.
///
/// `typ` is the media type without `application/`: `"at+jwt"` for an access token (RFC 9068 §2.1). The claims
/// are signed as they are: what must be in them is the issuer's business.
///
/// # Errors
/// - [`Claims`](SignError::Claims): `claims` does not serialise.
/// - [`NotAnObject`](SignError::NotAnObject): it serialises to something other than a JSON object.
/// - [`TokenTooLong`](SignError::TokenTooLong): longer than [`Limits::ML_DSA`] allows for ML-DSA keys, or
///   [`Limits::DEFAULT`] for all others.
/// - [`KeyIdTooLong`](SignError::KeyIdTooLong): the key was given an ID of more than 128 bytes.
/// - [`Crypto`](SignError::Crypto): the cryptographic library failed.
pub fn sign<C: Serialize + ?Sized>(claims: &C, key: &SigningKey, typ: &str) -> Result<String, SignError> {
    let payload = serde_json::to_vec(claims).map_err(SignError::Claims)?;
    if payload.first() != Some(&b'{') {
        return Err(SignError::NotAnObject);
    }
    if key.key_id().len() > MAX_KEY_ID_BYTES {
        return Err(SignError::KeyIdTooLong);
    }
    let mut token = base64url::encode(header(key, typ));
    token.push('.');
    base64url::encode_onto(payload, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    base64url::encode_onto(signature, &mut token);
    let limits = if key.algorithm().is_post_quantum() { Limits::ML_DSA } else { Limits::DEFAULT };
    if token.len() > limits.max_token_bytes() { Err(SignError::TokenTooLong) } else { Ok(token) }
}

fn header(key: &SigningKey, typ: &str) -> String {
    let algorithm = key.algorithm();
    let typ = serde_json::Value::from(typ);
    if key.key_id().is_empty() {
        format!("{{\"alg\":\"{algorithm}\",\"typ\":{typ}}}")
    } else {
        format!("{{\"alg\":\"{algorithm}\",\"typ\":{typ},\"kid\":{}}}", serde_json::Value::from(key.key_id()))
    }
}
