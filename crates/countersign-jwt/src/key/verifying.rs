//! [`VerifyingKey`]: a public key, or an HMAC secret, that checks signatures of one algorithm.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::jwk::{Jwk, Purpose};
use super::public::PublicNumbers;
use super::{pem, x509};
use crate::algorithm::Algorithm;
use crate::backend::Verifier;
use crate::error::{KeyError, VerifyError};
use crate::json;
use crate::proof::JwkThumbprint;
use crate::secret;

/// A parsed key that verifies signatures of its one algorithm. Cheap to clone; shared between threads.
#[derive(Clone)]
pub struct VerifyingKey {
    inner: Arc<Inner>,
    key_id: Arc<str>,
}

struct Inner {
    algorithm: Algorithm,
    verifier: Verifier,
    /// `None` for an HMAC secret.
    numbers: Option<PublicNumbers>,
    /// Of the numbers.
    thumbprint: Option<JwkThumbprint>,
}

impl VerifyingKey {
    /// Reads a public JWK, or an `oct` JWK with an HMAC secret (RFC 7517 §4, RFC 7518 §6).
    ///
    /// The algorithm is the JWK's `alg`, or the only one that its curve allows. The key ID is its `kid`,
    /// or else the RFC 7638 thumbprint.
    ///
    /// # Errors
    /// - [`Json`](KeyError::Json), [`MissingMember`](KeyError::MissingMember),
    ///   [`MemberFormat`](KeyError::MemberFormat): the JWK is malformed.
    /// - [`PrivateKey`](KeyError::PrivateKey): it has private members.
    /// - [`Unsupported`](KeyError::Unsupported), [`AmbiguousAlgorithm`](KeyError::AmbiguousAlgorithm),
    ///   [`AlgorithmMismatch`](KeyError::AlgorithmMismatch): about `kty`, `crv` and `alg`.
    /// - [`Purpose`](KeyError::Purpose): `use` or `key_ops` do not allow `verify`.
    /// - [`RsaModulus`](KeyError::RsaModulus), [`RsaExponent`](KeyError::RsaExponent),
    ///   [`RsaRoca`](KeyError::RsaRoca), [`InvalidPoint`](KeyError::InvalidPoint),
    ///   [`Inconsistent`](KeyError::Inconsistent), [`SecretTooShort`](KeyError::SecretTooShort),
    ///   [`SecretLooksLikeKey`](KeyError::SecretLooksLikeKey): the key is weak or wrong.
    pub fn from_jwk(jwk: &str) -> Result<Self, KeyError> {
        let members = json::parse_object(jwk.as_bytes()).map_err(KeyError::Json)?;
        Self::from_jwk_members(&members, &Algorithm::ALL)
    }

    /// As [`from_jwk`](Self::from_jwk), for one of `allowed`.
    pub(crate) fn from_jwk_members(
        members: &Map<String, Value>,
        allowed: &[Algorithm],
    ) -> Result<Self, KeyError> {
        let jwk = Jwk::new(members);
        jwk.check_purpose(Purpose::Verify)?;
        let algorithm = jwk.algorithm(allowed)?;
        let key_id = jwk.key_id()?;
        let key = if algorithm.is_symmetric() {
            Self::hmac(algorithm, &jwk.bytes("k")?)?
        } else {
            jwk.check_public_only()?;
            Self::from_numbers(algorithm, jwk.public_numbers()?)?
        };
        Ok(key_id.map_or(key.clone(), |key_id| key.with_key_id(key_id)))
    }

    /// Reads a PEM block `PUBLIC KEY` (SPKI) or `RSA PUBLIC KEY` (PKCS#1) as a key for `algorithm`.
    ///
    /// The key ID is the RFC 7638 thumbprint.
    ///
    /// # Errors
    /// - [`Pem`](KeyError::Pem), [`PemLabel`](KeyError::PemLabel), [`Der`](KeyError::Der): not such a block.
    /// - [`Encrypted`](KeyError::Encrypted): an encrypted private key.
    /// - [`Unsupported`](KeyError::Unsupported), [`AlgorithmMismatch`](KeyError::AlgorithmMismatch): the key
    ///   is not one for `algorithm`.
    /// - [`RsaModulus`](KeyError::RsaModulus), [`RsaExponent`](KeyError::RsaExponent),
    ///   [`RsaRoca`](KeyError::RsaRoca), [`InvalidPoint`](KeyError::InvalidPoint),
    ///   [`Inconsistent`](KeyError::Inconsistent): the key is weak or wrong.
    pub fn from_pem(text: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::from_numbers(algorithm, numbers_of_block(&pem::parse(text)?)?)
    }

    /// Makes a key of an HMAC secret. It has no key ID until [`with_key_id`](Self::with_key_id) gives it one.
    ///
    /// # Errors
    /// As [`secret::check_hmac_secret`].
    pub fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        secret::check_hmac_secret(algorithm, secret)?;
        Self::hmac_of_any_length(algorithm, secret)
    }

    /// As [`hmac`](Self::hmac), without its checks: for showing what a bad secret does, never for a verifier.
    pub(crate) fn hmac_of_any_length(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let verifier = Verifier::hmac(algorithm, secret)?;
        let inner = Inner { algorithm, verifier, numbers: None, thumbprint: None };
        Ok(Self { inner: Arc::new(inner), key_id: "".into() })
    }

    pub(crate) fn from_numbers(algorithm: Algorithm, numbers: PublicNumbers) -> Result<Self, KeyError> {
        numbers.check(algorithm)?;
        let verifier = Verifier::public(algorithm, &numbers)?;
        let thumbprint = numbers.thumbprint(algorithm);
        let inner = Inner { algorithm, verifier, numbers: Some(numbers), thumbprint: Some(thumbprint) };
        Ok(Self { inner: Arc::new(inner), key_id: thumbprint.to_string().into() })
    }

    /// The same key under another key ID.
    #[must_use]
    pub fn with_key_id(self, key_id: impl Into<String>) -> Self {
        Self { key_id: key_id.into().into(), ..self }
    }

    /// The one algorithm that the key is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.inner.algorithm
    }

    /// The key ID; empty for an HMAC secret that was given none.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The RFC 7638 thumbprint (SHA-256, base64url). `None` for an HMAC secret: its hash would let an
    /// attacker test guesses.
    #[must_use]
    pub fn thumbprint(&self) -> Option<String> {
        self.inner.thumbprint.map(|thumbprint| thumbprint.to_string())
    }

    /// As [`thumbprint`](Self::thumbprint), as a value of its own type.
    #[must_use]
    pub fn jwk_thumbprint(&self) -> Option<JwkThumbprint> {
        self.inner.thumbprint
    }

    /// The public JWK with the members alone that its thumbprint is made of, in one spelling (RFC 7638 §3.1): a text to keep a key
    /// as, whose SHA-256 is [`jwk_thumbprint`](Self::jwk_thumbprint). `None` for an HMAC secret.
    #[must_use]
    pub fn canonical_jwk(&self) -> Option<String> {
        self.inner.numbers.as_ref().map(|numbers| numbers.canonical_jwk(self.algorithm()))
    }

    /// The public JWK with `kty`, `kid`, `use`, `alg` and the key's numbers. `None` for an HMAC secret, which
    /// is never published.
    #[must_use]
    pub fn to_jwk(&self) -> Option<String> {
        self.inner.numbers.as_ref().map(|numbers| numbers.to_jwk(self.algorithm(), &self.key_id))
    }

    /// The public key as a PEM block `PUBLIC KEY` (SPKI), for consumers that read no JWK Set. `None` for an
    /// HMAC secret.
    #[must_use]
    pub fn to_pem(&self) -> Option<String> {
        let numbers = self.inner.numbers.as_ref()?;
        Some(pem::encode("PUBLIC KEY", &x509::public_to_spki(numbers, self.algorithm())).to_string())
    }

    /// Verifies a signature over bytes that are no JWS, as other protocols have them (WebAuthn).
    ///
    /// Keep such keys apart from those of tokens: a key that signs two kinds of message lets one be shown as the
    /// other. A signature has the form of RFC 7518 §3: for ECDSA the two numbers side by side, not DER.
    ///
    /// # Errors
    /// [`BadSignature`](VerifyError::BadSignature): the signature does not match.
    pub fn verify_message(&self, message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        self.verify(message, signature)
    }

    pub(crate) fn verify(&self, signing_input: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        self.inner.verifier.verify(signing_input, signature).map_err(|_| VerifyError::BadSignature)
    }
}

/// The numbers of the public key in a PEM block, and whether the block is a certificate, of which nothing else is
/// read. The certificates of issuers may follow it.
pub(crate) fn numbers_of_pem(text: &str) -> Result<(PublicNumbers, bool), KeyError> {
    let block = pem::parse_first(text, "CERTIFICATE")?;
    match block.label {
        "CERTIFICATE" => Ok((x509::public_from_certificate(&block.der)?, true)),
        _ => Ok((numbers_of_block(&block)?, false)),
    }
}

fn numbers_of_block(block: &pem::Pem<'_>) -> Result<PublicNumbers, KeyError> {
    match block.label {
        "PUBLIC KEY" => x509::public_from_spki(&block.der),
        "RSA PUBLIC KEY" => x509::rsa_public_from_pkcs1(&block.der),
        _ => Err(KeyError::PemLabel),
    }
}

/// As [`numbers_of_pem`], for what is between the lines of the block.
pub(crate) fn numbers_of_der(der: &[u8]) -> Result<(PublicNumbers, bool), KeyError> {
    let numbers = x509::public_from_spki(der).or_else(|_| x509::rsa_public_from_pkcs1(der));
    numbers
        .map(|numbers| (numbers, false))
        .or_else(|_| x509::public_from_certificate(der).map(|numbers| (numbers, true)))
}

/// The algorithm and the secret of an `oct` JWK that names its algorithm; the secret may be of any length.
pub(crate) fn secret_of_jwk(
    members: &Map<String, Value>,
) -> Result<(Algorithm, zeroize::Zeroizing<Vec<u8>>), KeyError> {
    let jwk = Jwk::new(members);
    Ok((jwk.algorithm(&Algorithm::ALL)?, jwk.bytes("k")?))
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm())
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}
