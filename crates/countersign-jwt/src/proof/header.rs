//! The key that a proof brings in its header: public, and for the one algorithm of the proof (RFC 7515 §4.1.3).

use serde_json::Value;

use crate::compact::ProtectedHeader;
use crate::error::KeyError;
use crate::key::VerifyingKey;

/// The key in `jwk`; `None` if there is none that is an object. `kid`, `jku`, `x5c` and `x5u` are not followed: a proof
/// says nothing but that its sender has the key which it shows (RFC 9449 §4.2).
pub(super) fn embedded_key(header: &ProtectedHeader) -> Option<Result<VerifyingKey, KeyError>> {
    let members = header.parameter("jwk").and_then(Value::as_object)?;
    Some(VerifyingKey::from_jwk_members(members, &[header.algorithm()]))
}
