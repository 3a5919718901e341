//! Every way to fail, one variant each. Variants contain names and sizes, never key material or token text.

/// Why a token is not accepted.
///
/// The text of an error is for the operator's log; a client gets the response that RFC 6750 §3.1 prescribes
/// and no more. Programs match on the variant or on [`VerifyError::code`], never on the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The token is longer than [`Limits::max_token_bytes`](crate::Limits::max_token_bytes).
    #[error("the token is longer than the limit")]
    TokenTooLong,
    /// Not exactly three parts separated by dots (RFC 7515 §7.1); five would be an encrypted token (JWE).
    #[error("not a compact JWS: three parts separated by dots are needed")]
    PartCount,
    /// The encoded header is longer than [`Limits::max_header_bytes`](crate::Limits::max_header_bytes).
    #[error("the protected header is longer than the limit")]
    HeaderTooLong,
    /// The header is not canonical unpadded base64url (RFC 7515 §2).
    #[error("the protected header is not strict base64url")]
    HeaderEncoding,
    /// The header is not one strict JSON object.
    #[error("the protected header is not acceptable JSON: {0}")]
    HeaderJson(JsonError),
    /// A header parameter has the wrong JSON type.
    #[error("the header parameter `{name}` has the wrong type")]
    HeaderParameterType {
        /// The name of the parameter.
        name: &'static str,
    },
    /// The header has `crit` (RFC 7515 §4.1.11): no extension is understood here, so every one is refused.
    #[error("the header has `crit`, and no critical extension is supported")]
    CriticalHeader,
    /// The header has `b64` (RFC 7797), which would change what the signature covers.
    #[error("the header has `b64`, which is not supported")]
    UnencodedPayload,
    /// The header has no `alg` (RFC 7515 §4.1.1).
    #[error("the header has no `alg`")]
    MissingAlgorithm,
    /// `alg` is `none` in some spelling: the token is not signed (RFC 8725 §3.2).
    #[error("the token is not signed: `alg` is none")]
    AlgorithmNone,
    /// `alg` is not a supported algorithm.
    #[error("the signature algorithm is not supported")]
    UnsupportedAlgorithm,
    /// `kid` is longer than 128 bytes.
    #[error("the key ID is longer than 128 bytes")]
    KeyIdTooLong,
    /// The signature is not canonical unpadded base64url.
    #[error("the signature is not strict base64url")]
    SignatureEncoding,
    /// No key of the set has the token's `kid`.
    #[error("no key has the token's key ID")]
    UnknownKeyId,
    /// The token names no key and not exactly one key of the set is for its algorithm.
    #[error("the token has no key ID and its algorithm does not single out one key")]
    KeyIdMissing,
    /// The key is for another algorithm than the header claims (RFC 8725 §3.1).
    #[error("the key is for another algorithm than the token's header says")]
    AlgorithmMismatch,
    /// The signature is not one of this key over these bytes.
    #[error("the signature does not match")]
    BadSignature,
    /// The payload is signed but not canonical unpadded base64url.
    #[error("the payload is not strict base64url")]
    PayloadEncoding,
    /// The payload is signed but not one strict JSON object (RFC 7519 §7.2).
    #[error("the payload is not acceptable JSON: {0}")]
    PayloadJson(JsonError),
    /// `typ` is not the one this kind of token must have (RFC 8725 §3.11, RFC 9068 §4).
    #[error("the token is of another type (`typ`)")]
    WrongType,
    /// A claim that must be there is not.
    #[error("the claim `{claim}` is missing")]
    MissingClaim {
        /// The name of the claim.
        claim: &'static str,
    },
    /// A claim has the wrong JSON type; that is never read as "absent".
    #[error("the claim `{claim}` has the wrong type")]
    ClaimType {
        /// The name of the claim.
        claim: &'static str,
    },
    /// A time claim is before 1970 or after the year 9999 (milliseconds land there).
    #[error("the time in the claim `{claim}` is before 1970 or after 9999")]
    TimeOutOfRange {
        /// The name of the claim.
        claim: &'static str,
    },
    /// `iss` is another issuer (RFC 7519 §4.1.1).
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// `aud` does not contain the expected audience (RFC 7519 §4.1.3).
    #[error("the token is for another audience")]
    WrongAudience,
    /// Now is at or after `exp` plus the leeway (RFC 7519 §4.1.4).
    #[error("the token has expired")]
    Expired,
    /// Now, plus the leeway, is before `nbf` (RFC 7519 §4.1.5).
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Now, plus the leeway, is before `iat`: the clocks disagree, or the token is forged.
    #[error("the token was issued in the future")]
    IssuedInTheFuture,
    /// A claim that the policy demands has none of the accepted values
    /// ([`ClaimsPolicy::require_claim`](crate::ClaimsPolicy::require_claim)).
    #[error("the claim `{claim}` has none of the accepted values")]
    WrongClaimValue {
        /// The name of the claim.
        claim: &'static str,
    },
    /// The token is valid but lacks a scope that the policy demands (RFC 6750 §3.1, `insufficient_scope`).
    #[error("the token lacks a scope that is needed")]
    MissingScope,
    /// The token is valid but lacks a role that the policy demands.
    #[error("the token lacks a role that is needed")]
    MissingRole,
}

/// Why a text is not acceptable JSON. A part of [`VerifyError`], [`KeyError`] and [`KeySetError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The bytes are not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// Not JSON by the grammar of RFC 8259.
    #[error("not JSON")]
    Syntax,
    /// JSON, but not an object.
    #[error("not an object")]
    NotAnObject,
    /// An object, at any level, has two members of one name.
    #[error("a member name occurs twice")]
    DuplicateName,
    /// Objects and arrays nest deeper than 32.
    #[error("nested deeper than 32")]
    TooDeep,
    /// A number does not fit into a double.
    #[error("a number is out of range")]
    NumberOutOfRange,
    /// A `\u` escape is half of a surrogate pair.
    #[error("half of a surrogate pair")]
    LoneSurrogate,
}

/// Why a key is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The JWK is not one strict JSON object.
    #[error("the JWK is not acceptable JSON: {0}")]
    Json(JsonError),
    /// The text is not one PEM block (RFC 7468).
    #[error("not a PEM block")]
    Pem,
    /// The PEM block holds something other than a key of the wanted kind, for example a certificate.
    #[error("the PEM block does not hold the wanted kind of key")]
    PemLabel,
    /// The private key is encrypted with a passphrase.
    #[error("the private key is encrypted: decrypt it first")]
    Encrypted,
    /// The bytes are not strict DER of a key.
    #[error("not the DER encoding of a key")]
    Der,
    /// A JWK member that the key needs is not there.
    #[error("the member `{name}` is missing")]
    MissingMember {
        /// The name of the member.
        name: &'static str,
    },
    /// A JWK member has the wrong JSON type, encoding or length.
    #[error("the member `{name}` is malformed")]
    MemberFormat {
        /// The name of the member.
        name: &'static str,
    },
    /// A public key was wanted and the JWK has private members: its maker has published the private key.
    #[error("the JWK has private members where only a public key belongs")]
    PrivateKey,
    /// The key type, curve or algorithm is not supported.
    #[error("the key type, curve or algorithm is not supported")]
    Unsupported,
    /// Neither the key nor the caller says which one algorithm the key is for.
    #[error("it is not clear which one algorithm the key is for")]
    AmbiguousAlgorithm,
    /// The key is of another type or curve than its algorithm needs, or its algorithm is not an allowed one.
    #[error("the key does not fit the algorithm")]
    AlgorithmMismatch,
    /// The JWK's `use` or `key_ops` says that the key is for something else (RFC 7517 §4.2, §4.3).
    #[error("`use` or `key_ops` says that the key is for something else")]
    Purpose,
    /// The HMAC secret is shorter than the hash (RFC 7518 §3.2).
    #[error("the HMAC secret has {bytes} bytes, and the algorithm needs {needed}")]
    SecretTooShort {
        /// How many bytes the secret has.
        bytes: usize,
        /// How many bytes it needs.
        needed: usize,
    },
    /// The HMAC secret is a PEM, DER or JWK key: the classic way to let a public key forge tokens.
    #[error("the HMAC secret looks like a PEM, DER or JWK key")]
    SecretLooksLikeKey,
    /// The RSA modulus has fewer than 2048 or more than 8192 bits, or is even.
    #[error("the RSA modulus must be odd and have 2048 to 8192 bits, not {bits}")]
    RsaModulus {
        /// Its length in bits.
        bits: usize,
    },
    /// The RSA public exponent is even, 1, or longer than 32 bits.
    #[error("the RSA public exponent is not acceptable")]
    RsaExponent,
    /// The RSA modulus has the fingerprint of the flawed generator of CVE-2017-15361 (ROCA).
    #[error("the RSA key was made by the flawed generator of CVE-2017-15361 (ROCA)")]
    RsaRoca,
    /// The public key is not a point of the curve, or one of small order for which signatures prove nothing.
    #[error("the public key is not an acceptable point of the curve")]
    InvalidPoint,
    /// The numbers of the key contradict each other, or the cryptographic library refuses them.
    #[error("the key is not consistent")]
    Inconsistent,
    /// The operation is for asymmetric keys, and this key is an HMAC secret.
    #[error("an HMAC key has no such form")]
    Symmetric,
}

/// Why a JWK Set is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// The text is longer than 64 KiB.
    #[error("the JWK Set is longer than 64 KiB")]
    TooLong,
    /// The text is not one strict JSON object.
    #[error("the JWK Set is not acceptable JSON: {0}")]
    Json(JsonError),
    /// The object has no array `keys` (RFC 7517 §5.1).
    #[error("the JWK Set has no array `keys`")]
    NoKeys,
    /// A key is not acceptable.
    #[error("key {index} of the JWK Set: {error}")]
    Key {
        /// Its index in `keys`, from 0.
        index: usize,
        /// Why it is refused.
        #[source]
        error: KeyError,
    },
    /// Two keys have the same key ID, so that the ID does not single out one (RFC 7517 §4.5).
    #[error("two keys of the JWK Set have the same key ID")]
    DuplicateKeyId,
    /// HMAC secrets and public keys are in one set: one of the two kinds does not belong there.
    #[error("the JWK Set mixes secrets and public keys")]
    MixedSymmetry,
}

/// Why a token could not be signed.
#[cfg(feature = "aws-lc-rs")]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The claims do not serialise.
    #[error("the claims cannot be written as JSON")]
    Claims(#[source] serde_json::Error),
    /// The claims serialise to something other than a JSON object (RFC 7519 §7.1).
    #[error("the claims are not a JSON object")]
    NotAnObject,
    /// The token would be longer than any verifier with the limits of [`Limits`](crate::Limits) takes.
    #[error("the token would be longer than the limit")]
    TokenTooLong,
    /// The key's ID has more than 128 bytes: no verifier of this crate would take the token.
    #[error("the key ID is longer than 128 bytes")]
    KeyIdTooLong,
    /// The cryptographic library could not sign.
    #[error("the signature could not be made")]
    Crypto,
}
