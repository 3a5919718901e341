//! [`Refusal`]: every way to be refused and its one response: status, `WWW-Authenticate` (RFC 6750 §3) and
//! JSON body. The body tells the client the kind of failure and no detail.

use countersign_jwt::VerifyError;
use http::{HeaderValue, Response, StatusCode, header};

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
            Self::Malformed | Self::Invalid(_) => "invalid_token",
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
            Self::Malformed | Self::Invalid(_) | Self::TooOld => "Invalid token",
            Self::Revoked => "Session ended",
            Self::RoleRequired | Self::ScopeRequired => "Not allowed",
            Self::KeysUnavailable | Self::FeedLate => "Try again later",
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
            Self::TokenRequired | Self::Malformed | Self::Invalid(_) | Self::Revoked | Self::TooOld => {
                StatusCode::UNAUTHORIZED
            }
            Self::KeysUnavailable | Self::FeedLate => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The challenge. A request without a token gets no error code (RFC 6750 §3.1, last paragraph).
    /// 503 challenges nobody: another token would fare no better.
    const fn challenge(&self) -> Option<HeaderValue> {
        Some(HeaderValue::from_static(match self {
            Self::KeysUnavailable | Self::FeedLate => return None,
            Self::TokenRequired => r#"Bearer realm="api""#,
            Self::Invalid(VerifyError::Expired) => {
                r#"Bearer realm="api", error="invalid_token", error_description="The access token expired""#
            }
            Self::Malformed | Self::Invalid(_) | Self::Revoked | Self::TooOld => {
                r#"Bearer realm="api", error="invalid_token""#
            }
            Self::RoleRequired | Self::ScopeRequired => r#"Bearer realm="api", error="insufficient_scope""#,
        }))
    }

    /// The HTTP response: status, challenge and a JSON body `{"error": …, "code": …}`, which no cache may
    /// store.
    #[must_use]
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        let body = serde_json::json!({ "error": self.public_text(), "code": self.code() }).to_string();
        let mut response = Response::new(B::from(body));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        match self.challenge() {
            Some(challenge) => headers.insert(header::WWW_AUTHENTICATE, challenge),
            None => headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5")),
        };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// The response to a gRPC call: HTTP status 200, as its clients demand, the true status in `grpc-status`, and no body
    /// (a response of trailers only, gRPC over HTTP/2, "Responses").
    #[must_use]
    pub fn into_grpc_response<B: From<String>>(self) -> Response<B> {
        let mut response = Response::new(B::from(String::new()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert("grpc-status", HeaderValue::from_static(self.grpc_status()));
        headers.insert("grpc-message", HeaderValue::from_static(self.public_text()));
        response
    }

    /// As gRPC maps HTTP statuses: `UNAUTHENTICATED`, `PERMISSION_DENIED`, `UNAVAILABLE`.
    fn grpc_status(&self) -> &'static str {
        match self.status() {
            StatusCode::FORBIDDEN => "7",
            StatusCode::SERVICE_UNAVAILABLE => "14",
            _ => "16",
        }
    }
}
