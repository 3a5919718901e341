//! JWK → key material (RFC 7517, RFC 7518 §6, RFC 8037 §2, RFC 9964 §3). Decides what a JWK says; whether its
//! numbers are acceptable is decided by `public.rs` and the backend.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::algorithm::{Algorithm, Curve};
use crate::base64url;
use crate::error::KeyError;
use crate::key::public::PublicNumbers;

/// The members of a JWK, with the rules that hold for every key type.
pub(crate) struct Jwk<'a>(&'a Map<String, Value>);

/// The members that only a private key has (RFC 7518 §6.2.2, §6.3.2, RFC 8037 §2, RFC 9964 §3).
pub(crate) const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"];

/// What a JWK is about to be used for (RFC 7517 §4.3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Sign,
    Verify,
}

impl<'a> Jwk<'a> {
    pub(crate) fn new(members: &'a Map<String, Value>) -> Self {
        Self(members)
    }

    /// `use` and `key_ops`, where present, must allow `purpose` (RFC 7517 §4.2, §4.3).
    pub(crate) fn check_purpose(&self, purpose: Purpose) -> Result<(), KeyError> {
        if self.optional_text("use")?.is_some_and(|usage| usage != "sig") {
            return Err(KeyError::Purpose);
        }
        let Some(operations) = self.0.get("key_ops") else {
            return Ok(());
        };
        let malformed = KeyError::MemberFormat { name: "key_ops" };
        let operations = operations.as_array().ok_or(malformed)?;
        let (mut sign, mut verify) = (0, 0);
        for operation in operations {
            match operation.as_str().ok_or(malformed)? {
                "sign" => sign += 1,
                "verify" => verify += 1,
                // A key that may also encrypt or derive is one key for two jobs (RFC 7517 §4.3).
                _ => return Err(KeyError::Purpose),
            }
        }
        if sign > 1 || verify > 1 {
            return Err(malformed); // RFC 7517 §4.3: no duplicates
        }
        let allowed = if purpose == Purpose::Sign { sign } else { verify };
        if allowed == 1 { Ok(()) } else { Err(KeyError::Purpose) }
    }

    /// The one algorithm that the key is for: its `alg`, or what `kty` and `crv` leave no choice about, or
    /// the only one of `allowed` that fits.
    pub(crate) fn algorithm(&self, allowed: &[Algorithm]) -> Result<Algorithm, KeyError> {
        let kty = self.text("kty")?;
        let crv = self.optional_text("crv")?;
        let fits = |algorithm: &Algorithm| match (kty, crv) {
            ("EC", Some(crv)) => {
                matches!(algorithm.key_kind(), crate::algorithm::KeyKind::Ec(curve) if curve.crv() == crv)
            }
            ("OKP", Some(crv)) => *algorithm == Algorithm::EdDsa && crv == "Ed25519",
            ("EC" | "OKP", None) => false,
            _ => algorithm.key_kind().kty() == kty,
        };
        if let Some(name) = self.optional_text("alg")? {
            let algorithm = Algorithm::from_name(name).ok_or(KeyError::Unsupported)?;
            let acceptable = fits(&algorithm) && allowed.contains(&algorithm);
            return if acceptable { Ok(algorithm) } else { Err(KeyError::AlgorithmMismatch) };
        }
        if kty == "AKP" {
            return Err(KeyError::MissingMember { name: "alg" }); // RFC 9964 §3: REQUIRED
        }
        if !Algorithm::ALL.iter().any(fits) {
            return Err(KeyError::Unsupported);
        }
        let mut candidates = allowed.iter().copied().filter(fits);
        match (candidates.next(), candidates.next()) {
            (Some(algorithm), None) => Ok(algorithm),
            (Some(_), Some(_)) => Err(KeyError::AmbiguousAlgorithm),
            (None, _) => Err(KeyError::AlgorithmMismatch),
        }
    }

    /// `kid`, if there is one: not empty, and not longer than the `kid` of a token may be.
    pub(crate) fn key_id(&self) -> Result<Option<&'a str>, KeyError> {
        let kid = self.optional_text("kid")?;
        if kid.is_some_and(|kid| kid.is_empty() || kid.len() > crate::compact::MAX_KEY_ID_BYTES) {
            return Err(KeyError::MemberFormat { name: "kid" });
        }
        Ok(kid)
    }

    /// The public numbers; the `kty` has been matched with the algorithm before.
    pub(crate) fn public_numbers(&self) -> Result<PublicNumbers, KeyError> {
        match self.text("kty")? {
            "RSA" => Ok(PublicNumbers::Rsa { modulus: self.integer("n")?, exponent: self.integer("e")? }),
            "EC" => {
                let curve = match self.text("crv")? {
                    "P-256" => Curve::P256,
                    "P-384" => Curve::P384,
                    "P-521" => Curve::P521,
                    _ => return Err(KeyError::Unsupported),
                };
                let mut point = vec![4];
                point.extend(self.exactly("x", curve.coordinate_bytes())?.iter());
                point.extend(self.exactly("y", curve.coordinate_bytes())?.iter());
                Ok(PublicNumbers::Ec { curve, point })
            }
            "OKP" => {
                let point = self.bytes("x")?;
                let point = point.as_slice().try_into().map_err(|_| KeyError::MemberFormat { name: "x" })?;
                Ok(PublicNumbers::Ed25519(point))
            }
            "AKP" => Ok(PublicNumbers::MlDsa(self.bytes("pub")?.to_vec())),
            _ => Err(KeyError::Unsupported),
        }
    }

    /// A public key must come without private members: a JWK Set with `d` in it is a leaked key.
    pub(crate) fn check_public_only(&self) -> Result<(), KeyError> {
        if PRIVATE_MEMBERS.iter().any(|name| self.0.contains_key(*name)) {
            Err(KeyError::PrivateKey)
        } else {
            Ok(())
        }
    }

    /// Exactly `length` bytes: a shortened or padded coordinate is another spelling of the same key.
    pub(crate) fn exactly(&self, name: &'static str, length: usize) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let bytes = self.bytes(name)?;
        if bytes.len() == length { Ok(bytes) } else { Err(KeyError::MemberFormat { name }) }
    }

    /// Any bytes, in strict base64url.
    pub(crate) fn bytes(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let text = self.text(name)?;
        base64url::decode(text).map(Zeroizing::new).map_err(|_| KeyError::MemberFormat { name })
    }

    /// A positive integer, big endian. One leading zero byte is dropped: some large issuers publish it.
    fn integer(&self, name: &'static str) -> Result<Vec<u8>, KeyError> {
        let bytes = self.bytes(name)?;
        let number = bytes.strip_prefix(&[0]).unwrap_or(&bytes);
        if number.first().is_some_and(|first| *first != 0) {
            Ok(number.to_vec())
        } else {
            Err(KeyError::MemberFormat { name })
        }
    }

    pub(crate) fn text(&self, name: &'static str) -> Result<&'a str, KeyError> {
        self.optional_text(name)?.ok_or(KeyError::MissingMember { name })
    }

    fn optional_text(&self, name: &'static str) -> Result<Option<&'a str>, KeyError> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        value.as_str().map(Some).ok_or(KeyError::MemberFormat { name })
    }
}
