//! Token text → [`UnverifiedJws`]: caps, three parts, strict base64url, header policy (RFC 7515 §7.1, §5.2).
//!
//! Comes first. What it returns shows the header and nothing else: the payload stays encoded and out of reach
//! until `verify.rs` has checked the signature. It knows no key and no claim.

use std::fmt;

use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::error::VerifyError;
use crate::json;

/// The longest token and header accepted, in bytes of the encoded text, checked before anything is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    max_token_bytes: usize,
    max_header_bytes: usize,
}

impl Limits {
    /// 8 KiB for the token and 4 KiB for the header: most proxies let that through.
    pub const DEFAULT: Self = Self::new(8 * 1024, 4 * 1024);
    /// 16 KiB for the token: an ML-DSA-87 signature alone takes 6170 characters.
    pub const ML_DSA: Self = Self::new(16 * 1024, 4 * 1024);

    /// Limits in bytes of the encoded token and of its encoded header.
    #[must_use]
    pub const fn new(max_token_bytes: usize, max_header_bytes: usize) -> Self {
        Self { max_token_bytes, max_header_bytes }
    }

    /// The longest token accepted, in bytes.
    #[must_use]
    pub const fn max_token_bytes(self) -> usize {
        self.max_token_bytes
    }

    /// The longest encoded header accepted, in bytes.
    #[must_use]
    pub const fn max_header_bytes(self) -> usize {
        self.max_header_bytes
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A compact JWS whose signature has not been checked. Only its header can be read.
#[derive(Clone)]
pub struct UnverifiedJws<'a> {
    pub(crate) header: ProtectedHeader,
    /// `header "." payload`, exactly the bytes that came in (RFC 7515 §5.2 step 8).
    pub(crate) signing_input: &'a str,
    pub(crate) encoded_payload: &'a str,
    pub(crate) signature: Vec<u8>,
}

impl<'a> UnverifiedJws<'a> {
    /// Parses `token` within [`Limits::DEFAULT`].
    ///
    /// # Errors
    /// As [`parse_with_limits`](Self::parse_with_limits).
    pub fn parse(token: &'a str) -> Result<Self, VerifyError> {
        Self::parse_with_limits(token, Limits::DEFAULT)
    }

    /// Parses `token`: the length first, then the parts, then the header (RFC 7515 §5.2 steps 1 to 5).
    ///
    /// # Errors
    /// - [`TokenTooLong`](VerifyError::TokenTooLong), [`HeaderTooLong`](VerifyError::HeaderTooLong): over a
    ///   limit.
    /// - [`PartCount`](VerifyError::PartCount): not three parts.
    /// - [`HeaderEncoding`](VerifyError::HeaderEncoding),
    ///   [`SignatureEncoding`](VerifyError::SignatureEncoding): not strict base64url.
    /// - [`HeaderJson`](VerifyError::HeaderJson): the header is not one strict JSON object.
    /// - [`CriticalHeader`](VerifyError::CriticalHeader),
    ///   [`UnencodedPayload`](VerifyError::UnencodedPayload): the header has `crit` or `b64`.
    /// - [`MissingAlgorithm`](VerifyError::MissingAlgorithm), [`AlgorithmNone`](VerifyError::AlgorithmNone),
    ///   [`UnsupportedAlgorithm`](VerifyError::UnsupportedAlgorithm): about `alg`.
    /// - [`HeaderParameterType`](VerifyError::HeaderParameterType): `alg`, `typ`, `cty` or `kid` is not a
    ///   string.
    /// - [`KeyIdTooLong`](VerifyError::KeyIdTooLong): `kid` has more than 128 bytes.
    pub fn parse_with_limits(token: &'a str, limits: Limits) -> Result<Self, VerifyError> {
        let parts = Parts::split(token, limits)?;
        let header = base64url::decode(parts.header).map_err(|_| VerifyError::HeaderEncoding)?;
        let header = ProtectedHeader::parse(&header)?;
        let signature = base64url::decode(parts.signature).map_err(|_| VerifyError::SignatureEncoding)?;
        Ok(Self { header, signing_input: parts.signing_input, encoded_payload: parts.payload, signature })
    }

    /// The header. It is not verified: use it to find a key, never to decide anything.
    #[must_use]
    pub fn header(&self) -> &ProtectedHeader {
        &self.header
    }
}

impl fmt::Debug for UnverifiedJws<'_> {
    /// Shows the header only: with the rest, the text would be a usable token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedJws").field("header", &self.header).finish_non_exhaustive()
    }
}

/// The three encoded parts of a token within its limits.
pub(crate) struct Parts<'a> {
    pub(crate) header: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) signature: &'a str,
    pub(crate) signing_input: &'a str,
}

impl<'a> Parts<'a> {
    /// Stops at the third dot: a text of a million dots costs no more than one of three (CVE-2025-30204).
    pub(crate) fn split(token: &'a str, limits: Limits) -> Result<Self, VerifyError> {
        if token.len() > limits.max_token_bytes {
            return Err(VerifyError::TokenTooLong);
        }
        let (header, rest) = token.split_once('.').ok_or(VerifyError::PartCount)?;
        let (payload, signature) = rest.split_once('.').ok_or(VerifyError::PartCount)?;
        if signature.contains('.') {
            return Err(VerifyError::PartCount);
        }
        if header.len() > limits.max_header_bytes {
            return Err(VerifyError::HeaderTooLong);
        }
        let signing_input = token.get(..header.len() + 1 + payload.len()).ok_or(VerifyError::PartCount)?;
        Ok(Self { header, payload, signature, signing_input })
    }
}

/// The protected header of a JWS (RFC 7515 §4): strict JSON, a supported `alg`, no `crit`, no `b64`.
///
/// Parameters that name or carry keys (`jwk`, `jku`, `x5c`, `x5u`) can be looked at with
/// [`parameter`](Self::parameter), and nothing in this crate follows them (RFC 8725 §3.10).
#[derive(Clone, Debug, PartialEq)]
pub struct ProtectedHeader {
    algorithm: Algorithm,
    key_id: Option<String>,
    token_type: Option<String>,
    others: Map<String, Value>,
}

impl ProtectedHeader {
    /// The algorithm that the header claims. The key decides which one is used.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `kid`, an opaque name of at most 128 bytes (RFC 7515 §4.1.4).
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// `typ` as it was sent (RFC 7515 §4.1.9).
    #[must_use]
    pub fn token_type(&self) -> Option<&str> {
        self.token_type.as_deref()
    }

    /// Any parameter but `alg`, `kid` and `typ` by its name, as it was sent.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Value> {
        self.others.get(name)
    }

    fn parse(bytes: &[u8]) -> Result<Self, VerifyError> {
        let (mut alg, mut typ, mut kid, mut others) = (None, None, None, Map::new());
        json::parse_members(bytes, |name, value| {
            let earlier = match name.as_ref() {
                "alg" => alg.replace(value),
                "typ" => typ.replace(value),
                "kid" => kid.replace(value),
                _ => others.insert(name.into_owned(), value),
            };
            earlier.is_none()
        })
        .map_err(VerifyError::HeaderJson)?;
        if others.contains_key("crit") {
            return Err(VerifyError::CriticalHeader);
        }
        if others.contains_key("b64") {
            return Err(VerifyError::UnencodedPayload);
        }
        let algorithm = algorithm(&string("alg", alg)?.ok_or(VerifyError::MissingAlgorithm)?)?;
        let token_type = string("typ", typ)?;
        let key_id = string("kid", kid)?;
        if others.get("cty").is_some_and(|cty| !cty.is_string()) {
            return Err(VerifyError::HeaderParameterType { name: "cty" });
        }
        if key_id.as_ref().is_some_and(|key_id| key_id.len() > MAX_KEY_ID_BYTES) {
            return Err(VerifyError::KeyIdTooLong);
        }
        Ok(Self { algorithm, key_id, token_type, others })
    }
}

fn algorithm(name: &str) -> Result<Algorithm, VerifyError> {
    match Algorithm::from_name(name) {
        Some(algorithm) => Ok(algorithm),
        None if name.eq_ignore_ascii_case("none") => Err(VerifyError::AlgorithmNone),
        None => Err(VerifyError::UnsupportedAlgorithm),
    }
}

fn string(name: &'static str, value: Option<Value>) -> Result<Option<String>, VerifyError> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(VerifyError::HeaderParameterType { name }),
    }
}

/// A key ID is a map key and travels into logs: longer ones serve nobody but an attacker.
pub(crate) const MAX_KEY_ID_BYTES: usize = 128;
