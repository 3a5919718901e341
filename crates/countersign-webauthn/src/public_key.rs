//! [`PublicKey`]: the key of a credential, from COSE to something that verifies.
//!
//! Decides what a COSE key says (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4) and that it has nothing else. Whether the
//! numbers are a good key (a point on its curve, not of small order; a modulus of 2048 bits or more, an odd exponent) is
//! decided by `countersign-jwt`, which also verifies.

use std::fmt;

use countersign_jwt::VerifyingKey;

use crate::base64url;
use crate::cbor::{self, Item, KeyOrder};
use crate::der;
use crate::error::{BadSignature, PublicKeyError};

/// A signature algorithm that is offered to authenticators, in the order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519, −8 (RFC 9053 §2.2).
    EdDsa,
    /// ECDSA on P-256 with SHA-256, −7 (RFC 9053 §2.1).
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, −257 (RFC 8812 §2). Windows Hello with an old TPM has nothing else.
    Rs256,
}

impl Algorithm {
    /// All of them, the most wanted first.
    pub const ALL: [Self; 3] = [Self::EdDsa, Self::Es256, Self::Rs256];

    /// The number in IANA's registry of COSE algorithms.
    #[must_use]
    pub const fn cose_number(self) -> i16 {
        match self {
            Self::EdDsa => -8,
            Self::Es256 => -7,
            Self::Rs256 => -257,
        }
    }

    pub(crate) fn from_item(item: &Item<'_>) -> Option<Self> {
        let Item::Integer(number) = item else { return None };
        Self::ALL.into_iter().find(|algorithm| i128::from(algorithm.cose_number()) == *number)
    }
}

/// The public key of a credential: parsed, checked, and of one algorithm. Cheap to clone.
#[derive(Clone)]
pub struct PublicKey {
    cose: Vec<u8>,
    algorithm: Algorithm,
    key: VerifyingKey,
}

impl PublicKey {
    /// Reads a COSE key, as an authenticator writes it and as [`as_cose`](Self::as_cose) gives it back.
    ///
    /// # Errors
    /// - [`Cbor`](PublicKeyError::Cbor): not canonical CBOR.
    /// - [`MissingParameter`](PublicKeyError::MissingParameter), [`ParameterFormat`](PublicKeyError::ParameterFormat),
    ///   [`UnknownParameter`](PublicKeyError::UnknownParameter): not exactly the parameters of such a key.
    /// - [`Algorithm`](PublicKeyError::Algorithm): for none of [`Algorithm::ALL`].
    /// - [`AlgorithmMismatch`](PublicKeyError::AlgorithmMismatch): key type or curve are of another algorithm.
    /// - [`RsaTooLong`](PublicKeyError::RsaTooLong), [`Key`](PublicKeyError::Key): the key is too long, weak, or no
    ///   point of its curve.
    pub fn from_cose(cose: &[u8]) -> Result<Self, PublicKeyError> {
        let item = cbor::decode(cose, KeyOrder::Canonical).map_err(PublicKeyError::Cbor)?;
        let Item::Map(entries) = item else {
            return Err(PublicKeyError::Cbor(crate::CborError::NotAMap));
        };
        let parameters = Parameters(&entries);
        let algorithm = Algorithm::from_item(parameters.get(3)?).ok_or(PublicKeyError::Algorithm)?;
        let jwk = match algorithm {
            Algorithm::EdDsa => parameters.ed25519()?,
            Algorithm::Es256 => parameters.p256()?,
            Algorithm::Rs256 => parameters.rsa()?,
        };
        let key = VerifyingKey::from_jwk(&jwk).map_err(PublicKeyError::Key)?;
        Ok(Self { cose: cose.to_vec(), algorithm, key })
    }

    /// The COSE key, byte for byte as it was read: this is what to store.
    #[must_use]
    pub fn as_cose(&self) -> &[u8] {
        &self.cose
    }

    /// The one algorithm that the key is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Signatures have the form of WebAuthn §6.5.5: ECDSA in DER, the others as they are.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let outcome = match self.algorithm {
            Algorithm::Es256 => self.key.verify_message(message, &der::p256_signature(signature)?),
            Algorithm::EdDsa | Algorithm::Rs256 => self.key.verify_message(message, signature),
        };
        outcome.map_err(|_| BadSignature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl PartialEq for PublicKey {
    /// The encoding is canonical, so equal keys have equal bytes.
    fn eq(&self, other: &Self) -> bool {
        self.cose == other.cose
    }
}

impl Eq for PublicKey {}

/// The parameters of a COSE key: `kty` is 1, `alg` 3; the negative labels depend on the key type.
struct Parameters<'a>(&'a [(Item<'a>, Item<'a>)]);

impl<'a> Parameters<'a> {
    /// `kty` OKP (1), `crv` Ed25519 (6).
    fn ed25519(&self) -> Result<String, PublicKeyError> {
        self.exactly(4, 1)?;
        self.curve(6)?;
        let x = base64url::encode(self.bytes_of_length(-2, 32)?);
        Ok(format!(r#"{{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","x":"{x}"}}"#))
    }

    /// `kty` EC2 (2), `crv` P-256 (1), both coordinates: no compressed point (WebAuthn §5.8.5).
    fn p256(&self) -> Result<String, PublicKeyError> {
        self.exactly(5, 2)?;
        self.curve(1)?;
        let x = base64url::encode(self.bytes_of_length(-2, 32)?);
        let y = base64url::encode(self.bytes_of_length(-3, 32)?);
        Ok(format!(r#"{{"kty":"EC","crv":"P-256","alg":"ES256","x":"{x}","y":"{y}"}}"#))
    }

    /// `kty` RSA (3), `n`, `e` without leading zeros (RFC 8230 §4).
    fn rsa(&self) -> Result<String, PublicKeyError> {
        self.exactly(4, 3)?;
        let number = |label| {
            let bytes = self.bytes(label)?;
            let is_positive = bytes.first().is_some_and(|first| *first != 0);
            if is_positive { Ok(bytes) } else { Err(PublicKeyError::ParameterFormat { label }) }
        };
        let (modulus, exponent) = (number(-1)?, number(-2)?);
        if modulus.len() > MAX_MODULUS_BYTES {
            return Err(PublicKeyError::RsaTooLong);
        }
        let (n, e) = (base64url::encode(modulus), base64url::encode(exponent));
        Ok(format!(r#"{{"kty":"RSA","alg":"RS256","n":"{n}","e":"{e}"}}"#))
    }

    /// As many parameters as the key type needs, so that once all are found no other is there.
    fn exactly(&self, count: usize, kty: i128) -> Result<(), PublicKeyError> {
        if *self.get(1)? != Item::Integer(kty) {
            return Err(PublicKeyError::AlgorithmMismatch);
        }
        if self.0.len() > count { Err(PublicKeyError::UnknownParameter) } else { Ok(()) }
    }

    fn curve(&self, curve: i128) -> Result<(), PublicKeyError> {
        if *self.get(-1)? == Item::Integer(curve) { Ok(()) } else { Err(PublicKeyError::AlgorithmMismatch) }
    }

    fn bytes_of_length(&self, label: i8, length: usize) -> Result<&'a [u8], PublicKeyError> {
        let bytes = self.bytes(label)?;
        if bytes.len() == length { Ok(bytes) } else { Err(PublicKeyError::ParameterFormat { label }) }
    }

    fn bytes(&self, label: i8) -> Result<&'a [u8], PublicKeyError> {
        let Item::Bytes(bytes) = self.get(label)? else {
            return Err(PublicKeyError::ParameterFormat { label });
        };
        Ok(bytes)
    }

    fn get(&self, label: i8) -> Result<&'a Item<'a>, PublicKeyError> {
        let wanted = Item::Integer(label.into());
        let found = self.0.iter().find(|(key, _)| *key == wanted).map(|(_, value)| value);
        found.ok_or(PublicKeyError::MissingParameter { label })
    }
}

/// 4096 bits: no authenticator makes longer keys, and verifying takes time.
const MAX_MODULUS_BYTES: usize = 512;
