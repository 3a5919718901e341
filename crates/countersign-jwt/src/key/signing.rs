//! [`SigningKey`]: a private key, or an HMAC secret, that signs with one algorithm.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

use super::jwk::{Jwk, Purpose};
use super::private::PrivateNumbers;
use super::verifying::VerifyingKey;
use super::{pem, pkcs8};
use crate::algorithm::Algorithm;
use crate::backend::Signer;
use crate::base64url;
use crate::error::{KeyError, SignError};
use crate::json;

/// A parsed key that signs with its one algorithm. Cheap to clone; shared between threads.
#[derive(Clone)]
pub struct SigningKey {
    signer: Arc<Signer>,
    verifying_key: VerifyingKey,
}

impl SigningKey {
    /// Makes a new key for an asymmetric `algorithm`; an RSA key has 3072 bits. The key ID is the RFC 7638
    /// thumbprint.
    ///
    /// # Errors
    /// - [`Symmetric`](KeyError::Symmetric): HMAC secrets are random bytes that the caller keeps; see
    ///   [`hmac`](Self::hmac).
    /// - [`Unsupported`](KeyError::Unsupported): ML-DSA without the feature `ml-dsa`.
    /// - [`Inconsistent`](KeyError::Inconsistent): the cryptographic library failed.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::from_signer(algorithm, Signer::generate(algorithm)?)
    }

    /// Reads an unencrypted PKCS#8 private key (RFC 5958) as a key for `algorithm`. The key ID is the
    /// thumbprint.
    ///
    /// # Errors
    /// - [`Symmetric`](KeyError::Symmetric), [`Unsupported`](KeyError::Unsupported): `algorithm` has no such
    ///   keys here.
    /// - [`Inconsistent`](KeyError::Inconsistent): not PKCS#8, not for `algorithm`, or the numbers contradict
    ///   each other.
    /// - [`RsaModulus`](KeyError::RsaModulus), [`RsaExponent`](KeyError::RsaExponent),
    ///   [`RsaRoca`](KeyError::RsaRoca), [`InvalidPoint`](KeyError::InvalidPoint): the key is weak.
    pub fn from_pkcs8_der(der: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::from_signer(algorithm, Signer::from_pkcs8(algorithm, der)?)
    }

    /// Reads a PEM block `PRIVATE KEY` (PKCS#8), `RSA PRIVATE KEY` (PKCS#1) or `EC PRIVATE KEY` (SEC 1).
    ///
    /// # Errors
    /// As [`from_pkcs8_der`](Self::from_pkcs8_der), and
    /// - [`Pem`](KeyError::Pem), [`PemLabel`](KeyError::PemLabel): not such a block.
    /// - [`Encrypted`](KeyError::Encrypted): the key is encrypted.
    /// - [`AlgorithmMismatch`](KeyError::AlgorithmMismatch): a PKCS#1 or SEC 1 key for an algorithm of
    ///   another kind.
    pub fn from_pem(text: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        let block = pem::parse(text)?;
        let signer = match block.label {
            "PRIVATE KEY" => Signer::from_pkcs8(algorithm, &block.der)?,
            "RSA PRIVATE KEY" | "EC PRIVATE KEY" => Signer::from_traditional_der(algorithm, &block.der)?,
            "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
            _ => return Err(KeyError::PemLabel),
        };
        Self::from_signer(algorithm, signer)
    }

    /// Reads a private JWK, or an `oct` JWK with an HMAC secret. The algorithm and the key ID are found as in
    /// [`VerifyingKey::from_jwk`].
    ///
    /// # Errors
    /// As [`VerifyingKey::from_jwk`], with `sign` in place of `verify`;
    /// [`Inconsistent`](KeyError::Inconsistent) also when the private half does not belong to the public one.
    pub fn from_jwk(jwk: &str) -> Result<Self, KeyError> {
        let mut members = json::parse_object(jwk.as_bytes()).map_err(KeyError::Json)?;
        let key = Self::from_jwk_members(&members);
        members.values_mut().for_each(wipe);
        key
    }

    fn from_jwk_members(members: &Map<String, Value>) -> Result<Self, KeyError> {
        let jwk = Jwk::new(members);
        jwk.check_purpose(Purpose::Sign)?;
        let algorithm = jwk.algorithm(&Algorithm::ALL)?;
        let key_id = jwk.key_id()?;
        let key = if algorithm.is_symmetric() {
            Self::hmac(algorithm, &jwk.bytes("k")?)?
        } else {
            let public = jwk.public_numbers()?;
            public.check(algorithm)?;
            let signer = Signer::from_numbers(algorithm, &public, &PrivateNumbers::from_jwk(&jwk, &public)?)?;
            Self::from_signer(algorithm, signer)?
        };
        Ok(key_id.map_or(key.clone(), |key_id| key.with_key_id(key_id)))
    }

    /// Makes a key of an HMAC secret that has at least as many bytes as the hash. It has no key ID until
    /// [`with_key_id`](Self::with_key_id) gives it one; its tokens have no `kid` until then.
    ///
    /// # Errors
    /// As [`check_hmac_secret`](crate::secret::check_hmac_secret).
    pub fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let verifying_key = VerifyingKey::hmac(algorithm, secret)?;
        Ok(Self { signer: Arc::new(Signer::hmac(algorithm, secret)?), verifying_key })
    }

    /// The same key under another key ID.
    #[must_use]
    pub fn with_key_id(self, key_id: impl Into<String>) -> Self {
        Self { verifying_key: self.verifying_key.with_key_id(key_id), ..self }
    }

    /// The private key as unencrypted PKCS#8 in DER, for storing it encrypted. Wiped from memory when
    /// dropped.
    ///
    /// # Errors
    /// - [`Symmetric`](KeyError::Symmetric): an HMAC secret has no such form.
    /// - [`Inconsistent`](KeyError::Inconsistent): the cryptographic library failed.
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        self.signer.to_pkcs8()
    }

    /// The private key as a PEM block `PRIVATE KEY`. Wiped from memory when dropped.
    ///
    /// # Errors
    /// As [`to_pkcs8_der`](Self::to_pkcs8_der).
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        Ok(pem::encode("PRIVATE KEY", &self.to_pkcs8_der()?))
    }

    /// The private key as a JWK: the members of [`VerifyingKey::to_jwk`], then the private ones (RFC 7518
    /// §6.2.2 and §6.3.2, RFC 8037 §2; RFC 9964 §3, where `priv` is the seed). Wiped from memory when
    /// dropped.
    ///
    /// # Errors
    /// - [`Symmetric`](KeyError::Symmetric): an HMAC secret is not exported; its owner has the bytes.
    /// - [`Inconsistent`](KeyError::Inconsistent): the cryptographic library failed, or an ML-DSA key came
    ///   without its seed.
    pub fn to_private_jwk(&self) -> Result<Zeroizing<String>, KeyError> {
        let pkcs8 = self.to_pkcs8_der()?;
        let public = self.verifying_key.to_jwk().ok_or(KeyError::Symmetric)?;
        // Room for all of it at once: a string that grows leaves its old bytes behind in memory.
        let mut jwk = Zeroizing::new(String::with_capacity(public.len() + 2 * pkcs8.len()));
        jwk.push_str(public.trim_end_matches('}'));
        for (name, bytes) in pkcs8::private_members(&pkcs8, self.algorithm().key_kind())? {
            jwk.extend([",\"", name, "\":\""]);
            base64url::encode_onto(bytes, &mut jwk);
            jwk.push('"');
        }
        jwk.push('}');
        Ok(jwk)
    }

    /// The one algorithm that the key is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.verifying_key.algorithm()
    }

    /// The key ID that goes into `kid`; empty for an HMAC secret that was given none.
    #[must_use]
    pub fn key_id(&self) -> &str {
        self.verifying_key.key_id()
    }

    /// The key that verifies what this one signs.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying_key.clone()
    }

    pub(crate) fn sign(&self, signing_input: &[u8]) -> Result<Vec<u8>, SignError> {
        self.signer.sign(signing_input)
    }

    fn from_signer(algorithm: Algorithm, signer: Signer) -> Result<Self, KeyError> {
        let verifying_key = VerifyingKey::from_numbers(algorithm, signer.public_numbers()?)?;
        Ok(Self { signer: Arc::new(signer), verifying_key })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("key_id", &self.key_id())
            .field("private", &"[redacted]")
            .finish()
    }
}

/// Overwrites the texts of a private JWK once its numbers have been read.
fn wipe(value: &mut Value) {
    if let Value::String(text) = value {
        text.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wiped_text_is_gone() {
        let mut value = Value::from("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
        wipe(&mut value);
        assert_eq!(value, "");
    }
}
