//! Which bytes may be an HMAC secret (RFC 7518 §3.2, RFC 8725 §3.5).
//!
//! Refuses secrets that are too short or look like a key of another kind: a verifier that uses a *public* key
//! as its secret lets anyone sign (the RS256/HS256 confusion; CVE-2026-34950 got past such a check with one
//! leading space). It cannot tell a guessable secret from a random one; the owner of the secret must see to
//! that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::algorithm::{Algorithm, KeyKind};
use crate::error::KeyError;

/// Checks that `secret` may be used with `algorithm`.
///
/// # Errors
/// - [`AlgorithmMismatch`](KeyError::AlgorithmMismatch): `algorithm` is not HS256, HS384 or HS512.
/// - [`SecretTooShort`](KeyError::SecretTooShort): fewer bytes than the hash has: 32, 48 or 64.
/// - [`SecretLooksLikeKey`](KeyError::SecretLooksLikeKey): PEM, a JWK or JWK Set, or a DER structure, also in
///   base64.
pub fn check_hmac_secret(algorithm: Algorithm, secret: &[u8]) -> Result<(), KeyError> {
    let KeyKind::Hmac { min_secret_bytes } = algorithm.key_kind() else {
        return Err(KeyError::AlgorithmMismatch);
    };
    if secret.len() < min_secret_bytes {
        return Err(KeyError::SecretTooShort { bytes: secret.len(), needed: min_secret_bytes });
    }
    if looks_like_pem(secret)
        || looks_like_jwk(secret)
        || looks_like_der(secret)
        || looks_like_der_in_base64(secret)
    {
        return Err(KeyError::SecretLooksLikeKey);
    }
    Ok(())
}

/// The marker anywhere: a byte-order mark, a comment or "Bag Attributes" may come before it.
fn looks_like_pem(secret: &[u8]) -> bool {
    ["-----BEGIN", "---- BEGIN", "ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-"]
        .iter()
        .any(|marker| secret.windows(marker.len()).any(|window| window == marker.as_bytes()))
}

/// The name anywhere: white space, a byte-order mark or a bracket may come before it.
fn looks_like_jwk(secret: &[u8]) -> bool {
    ["\"kty\"", "\"keys\""]
        .iter()
        .any(|name| secret.windows(name.len()).any(|window| window == name.as_bytes()))
}

/// The base64 of a PEM block without its marker lines: some issuers publish their keys in that form.
fn looks_like_der_in_base64(secret: &[u8]) -> bool {
    let mut text = Zeroizing::new(Vec::with_capacity(secret.len()));
    text.extend(secret.iter().filter(|byte| !byte.is_ascii_whitespace()));
    STANDARD.decode(text.as_slice()).map(Zeroizing::new).is_ok_and(|der| looks_like_der(&der))
}

/// A SEQUENCE whose length is that of the whole secret, with an INTEGER or a SEQUENCE inside: a chance of
/// 2⁻²³ for random bytes.
fn looks_like_der(secret: &[u8]) -> bool {
    let (content_start, length) = match secret {
        [0x30, short, ..] if *short < 0x80 => (2, usize::from(*short)),
        [0x30, 0x81, a, ..] => (3, usize::from(*a)),
        [0x30, 0x82, a, b, ..] => (4, usize::from(u16::from_be_bytes([*a, *b]))),
        _ => return false,
    };
    secret.len() == content_start + length && matches!(secret.get(content_start), Some(0x02 | 0x30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_at_least_the_length_of_the_hash() {
        for (algorithm, needed) in [(Algorithm::Hs256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)] {
            for bytes in [0, 1, needed / 2, needed - 1] {
                let short = KeyError::SecretTooShort { bytes, needed };
                assert_eq!(check_hmac_secret(algorithm, &vec![7; bytes]), Err(short));
            }
            assert_eq!(check_hmac_secret(algorithm, &vec![7; needed]), Ok(()));
        }
        assert_eq!(check_hmac_secret(Algorithm::Es256, &[7; 32]), Err(KeyError::AlgorithmMismatch));
    }

    #[test]
    fn keys_of_other_kinds_are_no_secrets() {
        let der_short = [&[0x30, 0x40, 0x30][..], &[1; 63]].concat();
        let der_middle = [&[0x30, 0x81, 0x80, 0x02][..], &[1; 127]].concat();
        let der_long = [&[0x30, 0x82, 0x01, 0x00, 0x02][..], &[1; 255]].concat();
        for secret in [
            b"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE".as_slice(),
            b" \n\xef\xbb\xbf-----BEGIN RSA PUBLIC KEY-----\nMIIBCgKCAQEA".as_slice(),
            b"Bag Attributes: x\n-----BEGIN CERTIFICATE-----\nMIIBCgKCAQEA".as_slice(),
            b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ".as_slice(),
            b"  {\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}".as_slice(),
            b"{\"keys\":[{\"e\":\"AQAB\"}], \"padding\":1}".as_slice(),
            b"\xef\xbb\xbf{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}".as_slice(),
            b"[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]".as_slice(),
            b"MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".as_slice(),
            b"MCowBQYDK2VwAyEA11qYAYKxCrfVS/7T\r\nyWQHOg7hcvPapiMlrwIaaPcHURo=\r\n".as_slice(),
            &der_short,
            &der_middle,
            &der_long,
        ] {
            assert_eq!(check_hmac_secret(Algorithm::Hs256, secret), Err(KeyError::SecretLooksLikeKey));
        }
    }

    #[test]
    fn ordinary_secrets_pass() {
        // 0x80 is the indefinite length of BER, which no key in DER has.
        let indefinite = [&[0x30, 0x80, 0x02][..], &[1; 127]].concat();
        for secret in [
            b"0123456789abcdef0123456789abcdef".as_slice(),
            &[0x30; 40],
            &indefinite,
            b"{not json but long enough to be it}",
            b"MzAyMDEwMzA0MDIwMTAzMDQwMjAxMDMwNDAyMDEwMzA=",
        ] {
            assert_eq!(check_hmac_secret(Algorithm::Hs256, secret), Ok(()));
        }
    }
}
