//! Reading a token without checking anything, for tools that show tokens to people.
//!
//! No other function of this crate accepts the result: there is no way from it to a
//! [`VerifiedJws`](crate::VerifiedJws) or to [`AccessClaims`](crate::AccessClaims).

use serde_json::{Map, Value};

use crate::base64url;
use crate::compact::{Limits, Parts};
use crate::error::VerifyError;
use crate::json;

/// The header and payload of a token, not verified: anyone can have written them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DecodedToken {
    /// The header's members.
    pub header: Map<String, Value>,
    /// The payload's members.
    pub payload: Map<String, Value>,
}

/// Decodes header and payload. **No check is made**: not of the algorithm, not of the signature, not of a
/// claim.
///
/// # Errors
/// - [`TokenTooLong`](VerifyError::TokenTooLong), [`HeaderTooLong`](VerifyError::HeaderTooLong): over
///   [`Limits::ML_DSA`].
/// - [`PartCount`](VerifyError::PartCount): not three parts.
/// - [`HeaderEncoding`](VerifyError::HeaderEncoding), [`PayloadEncoding`](VerifyError::PayloadEncoding): not
///   strict base64url.
/// - [`HeaderJson`](VerifyError::HeaderJson), [`PayloadJson`](VerifyError::PayloadJson): not one strict JSON
///   object.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A token without a signature whose header and payload have these many encoded bytes, or one or two
    /// more.
    fn token(header_bytes: usize, payload_bytes: usize) -> String {
        let part =
            |bytes: usize| base64url::encode(format!("{{\"x\":\"{}\"}}", "y".repeat(bytes * 3 / 4 - 8)));
        format!("{}.{}.", part(header_bytes), part(payload_bytes))
    }

    #[test]
    fn a_text_beyond_the_limits_is_not_even_decoded() {
        let (most, most_header) = (Limits::ML_DSA.max_token_bytes(), Limits::ML_DSA.max_header_bytes());
        let longest = token(100, most - 102);
        assert_eq!(longest.len(), most);
        assert!(decode_unverified(&longest).is_ok());
        assert_eq!(decode_unverified(&format!("{longest}AA")), Err(VerifyError::TokenTooLong));
        let long_header = token(most_header, 100);
        assert!(decode_unverified(&long_header).is_ok());
        let longer_header = token(most_header + 4, 100);
        assert_eq!(decode_unverified(&longer_header), Err(VerifyError::HeaderTooLong));
    }

    #[test]
    fn both_parts_are_strict() {
        let good = token(100, 100);
        let (header, rest) = good.split_once('.').unwrap();
        let payload = rest.trim_end_matches('.');
        for (text, error) in [
            (format!("{header}.{payload}"), VerifyError::PartCount),
            (format!("{header}=.{payload}."), VerifyError::HeaderEncoding),
            (format!("{header}.{payload}=."), VerifyError::PayloadEncoding),
            (format!("AA.{payload}."), VerifyError::HeaderJson(crate::JsonError::NotAnObject)),
            (format!("{header}.AA."), VerifyError::PayloadJson(crate::JsonError::NotAnObject)),
        ] {
            assert_eq!(decode_unverified(&text), Err(error), "{text}");
        }
    }
}
