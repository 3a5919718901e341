//! Every way in which a proof fails, one variant each. Variants contain names, never key material or proof text.

use crate::error::{KeyError, VerifyError};

/// Why a DPoP proof is not accepted (RFC 9449 §4.3). The text is for the operator's log; a client gets
/// [`code`](Self::code).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum DpopError {
    /// There is not exactly one `DPoP` header (check 1). For callers that read the header.
    #[error("there is not exactly one DPoP header")]
    HeaderCount,
    /// The proof is not a well-formed JWT (check 2), its signature is not one of the key in its header (check 6), or
    /// `jti`, `htm`, `htu`, `iat` or `ath` is missing or of the wrong type (check 3): as the inner error says.
    #[error("the proof is refused: {0}")]
    Jws(VerifyError),
    /// `typ` is not `dpop+jwt` (check 4).
    #[error("the proof's `typ` is not dpop+jwt")]
    WrongType,
    /// `alg` is neither `ES256` nor `EdDSA` (check 5).
    #[error("the proof's algorithm is neither ES256 nor EdDSA")]
    Algorithm,
    /// The header has no `jwk` that is an object (check 6).
    #[error("the proof's header has no public key")]
    MissingKey,
    /// `jwk` is no acceptable public key for `alg`, or has private members (checks 6 and 7).
    #[error("the proof's key is refused: {0}")]
    Key(KeyError),
    /// `jti` is empty or longer than [`DpopProof::MAX_ID_BYTES`](super::DpopProof::MAX_ID_BYTES).
    #[error("the proof's `jti` is empty or too long")]
    IdLength,
    /// `htm` is not the method of the request (check 8).
    #[error("the proof is for another method")]
    WrongMethod,
    /// `htu` is not the URI of the request (check 9).
    #[error("the proof is for another URI")]
    WrongTarget,
    /// `iat` is off and there is no nonce, or the nonce is not one of ours or too old (checks 10 and 11). The client
    /// is to repeat the request with the nonce of the response (RFC 9449 §8).
    #[error("the proof needs a fresh nonce")]
    UseNonce,
    /// `iat` is further in the past than the policy's window, and no nonce can be asked for (check 11).
    #[error("the proof is too old")]
    TooOld,
    /// `iat` is further in the future than the policy's window, and no nonce can be asked for (check 11).
    #[error("the proof was made in the future")]
    InTheFuture,
    /// `ath` is not the hash of the access token (check 12).
    #[error("the proof is for another access token")]
    WrongAccessToken,
    /// The proof is by another key than the one that the token or the session is bound to (check 12).
    #[error("the proof is by another key")]
    WrongKey,
    /// The proof was seen before (RFC 9449 §11.1). For callers that keep [`SeenProofs`](super::SeenProofs).
    #[error("the proof was used before")]
    Replayed,
}

impl DpopError {
    /// The value of `error` for the client: `invalid_dpop_proof` (RFC 9449 §5, §7.1) or `use_dpop_nonce` (§8, §9).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UseNonce => "use_dpop_nonce",
            _ => "invalid_dpop_proof",
        }
    }
}

impl From<VerifyError> for DpopError {
    fn from(error: VerifyError) -> Self {
        Self::Jws(error)
    }
}

/// Why a proof of Device Bound Session Credentials is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum DbscError {
    /// The header `Secure-Session-Response` is not one structured-field string (RFC 9651 §3.3.3).
    #[error("the header is not one structured-field string")]
    Header,
    /// The proof is not a well-formed JWT, its signature does not match, or `jti` is missing or no string.
    #[error("the proof is refused: {0}")]
    Jws(VerifyError),
    /// `typ` is not `dbsc+jwt`.
    #[error("the proof's `typ` is not dbsc+jwt")]
    WrongType,
    /// `alg` is not `ES256`.
    #[error("the proof's algorithm is not ES256")]
    Algorithm,
    /// At registration: the header has no `jwk` that is an object.
    #[error("the proof's header has no public key")]
    MissingKey,
    /// At a refresh: the header has a `jwk`. Whoever takes it for the session's key lets a thief bring his own.
    #[error("the proof of a session with a key brings another key")]
    UnexpectedKey,
    /// `jwk` is no acceptable P-256 key, or has private members.
    #[error("the proof's key is refused: {0}")]
    Key(KeyError),
    /// `jti` is not a challenge that the caller expects.
    #[error("the proof is not the response to an expected challenge")]
    Challenge,
}

impl From<VerifyError> for DbscError {
    fn from(error: VerifyError) -> Self {
        Self::Jws(error)
    }
}

/// Why a text is not the URI of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TargetUriError {
    /// Longer than [`TargetUri::MAX_BYTES`](super::TargetUri::MAX_BYTES).
    #[error("the URI is too long")]
    TooLong,
    /// A character outside visible ASCII, a backslash, or a `%` without two hexadecimal digits.
    #[error("the URI has a character that no URI has")]
    Character,
    /// Not absolute, or its scheme is neither `http` nor `https`.
    #[error("the URI is not an absolute http or https URI")]
    Scheme,
    /// The host is missing or malformed, the port is none, or there is user information.
    #[error("the URI's host or port is malformed, or it names a user")]
    Authority,
    /// The path does not begin with a slash.
    #[error("the path does not begin with a slash")]
    Path,
}

/// Why a text is not a thumbprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("not 32 bytes in strict base64url")]
pub struct ThumbprintError;

/// Why a proof is not to be accepted although it is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SeenError {
    /// It was seen before, or another of the same key and `jti`.
    #[error("the proof was used before")]
    Replayed,
    /// It may be new, but there is no room to remember it: in all, or for its key.
    #[error("no room is left to remember the proof")]
    Full,
}
