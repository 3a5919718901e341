//! [`Refusal`]: the reasons, and for each its status, stable code and public text. What the response says beyond that is in
//! `challenge.rs` and `response.rs`.

use countersign_jwt::{DpopError, VerifyError};
use http::StatusCode;

use super::step_up::StepUp;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no `Authorization` header.
    #[error("no access token was sent")]
    TokenRequired,
    /// The `Authorization` header is not `Bearer <token>` (RFC 6750 §2.1), or there are two.
    #[error("the Authorization header is not `Bearer <token>`")]
    Malformed,
    /// The token fails a check. Which one is for the log, not for the client.
    #[error("the access token is refused: {0}")]
    Invalid(VerifyError),
    /// The token is valid, but its session has ended.
    #[error("the session of the access token has ended")]
    Revoked,
    /// The token is valid, but lacks a role that the policy or the route demands.
    #[error("the caller lacks a role that this needs")]
    RoleRequired,
    /// The token is valid, but lacks a scope that the policy or the route demands.
    #[error("the access token lacks a scope that this needs")]
    ScopeRequired,
    /// The token is bound to a key (`cnf.jkt`) and came as a bearer token (RFC 9449 §7.2), or to a guard that checks no
    /// proofs ([`Guard::dpop`](crate::Guard::dpop)).
    #[error("the access token is bound to a key and came without a proof of it")]
    TokenBound,
    /// The token came with the scheme `DPoP` and is not bound to a key.
    #[error("the access token is not bound to a key")]
    TokenNotBound,
    /// The proof fails a check (RFC 9449 §7.1, `invalid_dpop_proof`). Which one is for the log.
    #[error("the DPoP proof is refused: {0}")]
    Proof(DpopError),
    /// The client's clock is off, or its nonce too old: it is to come again with this one (RFC 9449 §9,
    /// `use_dpop_nonce`), which the response has in `DPoP-Nonce`.
    #[error("the DPoP proof needs a nonce")]
    NonceRequired {
        /// The nonce.
        nonce: String,
    },
    /// No room is left to remember the proof, so it could be used again. It may be good, so this is not a 401.
    #[error("no room is left to remember DPoP proofs")]
    ProofsFull,
    /// The token is valid, but the sign-in behind it is too old or of another class than the route demands (RFC 9470).
    #[error("the sign-in behind the access token is not enough for this")]
    SignInRequired(StepUp),
    /// There are no keys: none have been fetched yet, or the last ones are too old. The token may be valid, so
    /// this is not a 401, at which a client would discard it.
    #[error("there are no keys to check the access token with")]
    KeysUnavailable,
    /// The issuer has not said for some seconds which sessions have ended, and the guard was told to accept no
    /// token then (`WhenLate::Reject`), or to ask and there is no answer (`WhenLate::Ask`). The token may be valid, so this is not a 401.
    #[error("it is not known whether the session of the access token has ended")]
    FeedLate,
    /// The same, and the token is older than the guard was told to accept then (`WhenLate::ShortLeash`). A
    /// client that refreshes gets a newer one, if its session has not ended.
    #[error("it is not known whether the session has ended, and the access token is too old to be trusted")]
    TooOld,
}

impl From<VerifyError> for Refusal {
    /// A token that is valid but not enough is told from one that is not valid (RFC 6750 §3.1).
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::MissingRole => Self::RoleRequired,
            VerifyError::MissingScope => Self::ScopeRequired,
            error => Self::Invalid(error),
        }
    }
}

impl Refusal {
    /// The stable code in the body, for programs, for example `"token_expired"`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TokenRequired => "token_required",
            Self::Invalid(VerifyError::Expired) => "token_expired",
            Self::Invalid(VerifyError::TokenTooLong) => "token_too_large",
            Self::Malformed | Self::Invalid(_) | Self::TokenNotBound => "invalid_token",
            Self::TokenBound => "token_bound",
            Self::Proof(error) => error.code(),
            Self::NonceRequired { .. } => "use_dpop_nonce",
            Self::ProofsFull => "proofs_unavailable",
            Self::SignInRequired(_) => "insufficient_user_authentication",
            Self::TooOld => "token_too_old",
            Self::FeedLate => "revocations_unavailable",
            Self::Revoked => "token_revoked",
            Self::RoleRequired => "forbidden",
            Self::ScopeRequired => "insufficient_scope",
            Self::KeysUnavailable => "keys_unavailable",
        }
    }

    /// The text for people in the body.
    #[must_use]
    pub const fn public_text(&self) -> &'static str {
        match self {
            Self::TokenRequired => "Token required",
            Self::Invalid(VerifyError::Expired) => "Token expired",
            Self::Invalid(VerifyError::TokenTooLong) => "Token too large",
            Self::Malformed | Self::Invalid(_) | Self::TooOld | Self::TokenBound | Self::TokenNotBound => {
                "Invalid token"
            }
            Self::Proof(_) | Self::NonceRequired { .. } => "Invalid proof",
            Self::SignInRequired(_) => "Sign in again",
            Self::Revoked => "Session ended",
            Self::RoleRequired | Self::ScopeRequired => "Not allowed",
            Self::KeysUnavailable | Self::FeedLate | Self::ProofsFull => "Try again later",
        }
    }

    /// 401; 403 if the token is valid but insufficient; 413 if it is longer than the policy's limit (8 KiB by
    /// default), in which case it is not read; 503 without keys, or while
    /// the feed is late.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::RoleRequired | Self::ScopeRequired => StatusCode::FORBIDDEN,
            Self::Invalid(VerifyError::TokenTooLong) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TokenRequired
            | Self::Malformed
            | Self::Invalid(_)
            | Self::Revoked
            | Self::TooOld
            | Self::TokenBound
            | Self::TokenNotBound
            | Self::Proof(_)
            | Self::NonceRequired { .. }
            | Self::SignInRequired(_) => StatusCode::UNAUTHORIZED,
            Self::KeysUnavailable | Self::FeedLate | Self::ProofsFull => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
