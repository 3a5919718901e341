//! PKCS#8 (RFC 5958) → the private members of a JWK. Reads what the backend has written, so that no private
//! number leaves the one buffer that is wiped.

use super::der::{self, Reader};
use crate::algorithm::KeyKind;
use crate::error::KeyError;

/// The private members by name, before base64url: RFC 7518 §6.2.2 and §6.3.2, RFC 8037 §2, RFC 9964 §3.
pub(super) fn private_members(pkcs8: &[u8], kind: KeyKind) -> Result<Vec<(&'static str, &[u8])>, KeyError> {
    let mut info = Reader::only(pkcs8, der::SEQUENCE)?;
    info.element(der::INTEGER)?; // the version
    info.sequence()?; // the algorithm, which `kind` says
    let key = info.element(der::OCTET_STRING)?;
    match kind {
        KeyKind::Hmac { .. } => Err(KeyError::Symmetric),
        // RFC 8017 A.1.2: the version, the two public numbers, then the private ones in the order of RFC
        // 7518.
        KeyKind::Rsa => {
            let mut key = Reader::only(key, der::SEQUENCE)?;
            key.element(der::INTEGER)?;
            key.positive_integer()?;
            key.positive_integer()?;
            ["d", "p", "q", "dp", "dq", "qi"]
                .map(|name| Ok((name, key.positive_integer()?)))
                .into_iter()
                .collect()
        }
        // RFC 5915 §3: the version, then the scalar in as many bytes as the order of the curve has.
        KeyKind::Ec(_) => {
            let mut key = Reader::only(key, der::SEQUENCE)?;
            key.element(der::INTEGER)?;
            Ok(vec![("d", key.element(der::OCTET_STRING)?)])
        }
        // RFC 8410 §7
        KeyKind::Ed25519 => Ok(vec![("d", der::only(key, der::OCTET_STRING)?)]),
        // RFC 9881 §6: the seed, which is what RFC 9964 wants.
        KeyKind::MlDsa { .. } => Ok(vec![("priv", der::only(key, der::ML_DSA_SEED)?)]),
    }
}
