//! The only file that knows both our errors and HTTP: each error's status, stable code and public text. The sources
//! are for the log, which gets them here, once; the client gets none of them.
#![deny(clippy::wildcard_enum_match_arm)]

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_guard::Refusal;
use countersign_jwt::{KeySetError, SignError};

use crate::flows::accounts::{ChangeAccountError, CreateAccountError};
use crate::flows::attempt::CheckError;
use crate::flows::keys::KeysError;
use crate::flows::login::LoginError;
use crate::flows::password_change::PasswordChangeError;
use crate::flows::refresh::RefreshError;
use crate::hashing::HashingError;
use crate::password::PolicyViolation;
use crate::store::StoreError;
use crate::throttle::Throttled;

/// Everything that an HTTP request can fail with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// A login failed.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// A refresh failed.
    #[error(transparent)]
    Refresh(#[from] RefreshError),
    /// A refresh came without a token.
    #[error("no refresh token was sent")]
    NoRefreshToken,
    /// Two refresh tokens came: which one is meant cannot be told (CK-4).
    #[error("more than one refresh token was sent")]
    AmbiguousRefreshToken,
    /// A password was not changed.
    #[error(transparent)]
    Password(#[from] PasswordChangeError),
    /// An account was not made.
    #[error(transparent)]
    CreateAccount(#[from] CreateAccountError),
    /// An account was not changed.
    #[error(transparent)]
    ChangeAccount(#[from] ChangeAccountError),
    /// The keys could not be rotated.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The published keys could not be made into a set.
    #[error(transparent)]
    KeySet(#[from] KeySetError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The caller's token is not for this.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The body is not the JSON object that is expected; what is.
    #[error("the body is not {expected}")]
    Body {
        /// The expected shape, in words.
        expected: &'static str,
    },
    /// A field or parameter has a value that is not allowed, and why.
    #[error("{0}")]
    Value(Cow<'static, str>),
    /// The body is not announced as JSON, or is compressed.
    #[error("the content type is not application/json")]
    MediaType,
    /// The body is over 16 KiB.
    #[error("the body is too large")]
    TooLarge,
    /// The body did not come in time.
    #[error("the body did not come in time")]
    BodyTimeout,
    /// The body broke off.
    #[error("the body broke off")]
    BodyIncomplete,
    /// A page of another origin asks for a change (CS-1).
    #[error("a cross-origin request was refused")]
    CrossOrigin,
    /// There is nothing here.
    #[error("not found")]
    NotFound,
    /// The path is served, but not by this method.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// Something broke on our side.
    #[error("internal error")]
    Internal,
}

/// What the client is told.
struct Public {
    status: StatusCode,
    code: &'static str,
    text: Cow<'static, str>,
    retry_after: Option<Duration>,
}

fn public(status: StatusCode, code: &'static str, text: impl Into<Cow<'static, str>>) -> Public {
    Public { status, code, text: text.into(), retry_after: None }
}

fn overloaded(retry_after: Duration) -> Public {
    let told = public(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Too busy, try again soon");
    Public { retry_after: Some(retry_after), ..told }
}

fn too_many_attempts(throttled: Throttled) -> Public {
    let told =
        public(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", "Too many attempts, try again later");
    Public { retry_after: Some(throttled.retry_after), ..told }
}

fn internal() -> Public {
    public(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Internal error")
}

impl ApiError {
    fn public(&self) -> Public {
        match self {
            Self::Login(error) => login(error),
            Self::Refresh(error) => refresh(error),
            Self::NoRefreshToken => public(StatusCode::UNAUTHORIZED, "no_refresh_token", "No refresh token"),
            Self::AmbiguousRefreshToken => {
                public(StatusCode::BAD_REQUEST, "ambiguous_refresh_token", "More than one refresh token")
            }
            Self::Password(error) | Self::CreateAccount(CreateAccountError::Password(error)) => {
                password(error)
            }
            Self::CreateAccount(CreateAccountError::NameTaken) => {
                public(StatusCode::CONFLICT, "username_taken", "The user name is taken")
            }
            Self::CreateAccount(CreateAccountError::Store(error))
            | Self::ChangeAccount(ChangeAccountError::Store(error))
            | Self::Keys(KeysError::Store(error))
            | Self::Store(error) => store(error),
            Self::ChangeAccount(ChangeAccountError::LastAdministrator) => {
                public(StatusCode::CONFLICT, "last_administrator", "The last administrator cannot be removed")
            }
            Self::Keys(KeysError::SharedSecret) => public(
                StatusCode::CONFLICT,
                "shared_secret",
                "The shared secret is changed in the configuration",
            ),
            Self::Keys(
                KeysError::WrongMasterKey(_)
                | KeysError::MissingMasterKey
                | KeysError::Ring(_)
                | KeysError::Set(_),
            )
            | Self::KeySet(_)
            | Self::Internal => internal(),
            Self::Refused(refusal) => public(refusal.status(), refusal.code(), refusal.public_text()),
            Self::Body { expected } => {
                public(StatusCode::BAD_REQUEST, "invalid_request", format!("The body must be {expected}"))
            }
            Self::Value(reason) => public(StatusCode::UNPROCESSABLE_ENTITY, "invalid_value", reason.clone()),
            Self::MediaType => public(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body must be uncompressed application/json",
            ),
            Self::TooLarge => {
                public(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is over 16 KiB")
            }
            Self::BodyTimeout => {
                public(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body came too slowly")
            }
            Self::BodyIncomplete => public(StatusCode::BAD_REQUEST, "invalid_request", "The body broke off"),
            Self::CrossOrigin => {
                public(StatusCode::FORBIDDEN, "cross_origin", "Not allowed from a page of another origin")
            }
            Self::NotFound | Self::ChangeAccount(ChangeAccountError::NotFound) => {
                public(StatusCode::NOT_FOUND, "not_found", "Not found")
            }
            Self::MethodNotAllowed => {
                public(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed")
            }
        }
    }
}

fn login(error: &LoginError) -> Public {
    match error {
        LoginError::InvalidCredentials => {
            public(StatusCode::UNAUTHORIZED, "invalid_credentials", "Invalid credentials")
        }
        LoginError::PasswordChangeRequired => {
            public(StatusCode::FORBIDDEN, "password_change_required", "A new password has to be chosen")
        }
        LoginError::Policy(violation) => policy(*violation),
        LoginError::Check(error) => check(error),
        LoginError::Sign(error) => sign(error),
    }
}

fn refresh(error: &RefreshError) -> Public {
    let (code, text) = match error {
        RefreshError::Invalid => ("invalid_refresh_token", "Invalid refresh token"),
        RefreshError::Expired => ("session_expired", "Session expired"),
        RefreshError::Revoked(_) => ("session_revoked", "Session ended"),
        RefreshError::Reused => ("refresh_token_reused", "Refresh token was used again: session ended"),
        RefreshError::Store(error) => return store(error),
        RefreshError::Sign(error) => return sign(error),
    };
    public(StatusCode::UNAUTHORIZED, code, text)
}

fn password(error: &PasswordChangeError) -> Public {
    match error {
        PasswordChangeError::WrongPassword => {
            public(StatusCode::FORBIDDEN, "wrong_password", "The current password is not right")
        }
        PasswordChangeError::NotFound => public(StatusCode::NOT_FOUND, "not_found", "Not found"),
        PasswordChangeError::Overtaken => {
            public(StatusCode::CONFLICT, "conflict", "The password was changed in the meantime")
        }
        PasswordChangeError::Policy(violation) => policy(*violation),
        PasswordChangeError::Check(error) => check(error),
    }
}

fn check(error: &CheckError) -> Public {
    match error {
        CheckError::Throttled(throttled) => too_many_attempts(*throttled),
        CheckError::Hashing(error) => hashing(*error),
        CheckError::Password(error) => {
            public(StatusCode::UNPROCESSABLE_ENTITY, "invalid_password", error.to_string())
        }
        CheckError::Store(error) => store(error),
    }
}

fn policy(violation: PolicyViolation) -> Public {
    public(StatusCode::UNPROCESSABLE_ENTITY, violation.code(), violation.to_string())
}

fn hashing(error: HashingError) -> Public {
    match error {
        HashingError::Overloaded { retry_after } => overloaded(retry_after),
        HashingError::Stopped => overloaded(Duration::from_secs(1)),
    }
}

fn store(error: &StoreError) -> Public {
    match error {
        StoreError::Overloaded => overloaded(Duration::from_secs(1)),
        StoreError::Unavailable(_) => {
            let told = public(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Temporarily unavailable");
            Public { retry_after: Some(Duration::from_secs(5)), ..told }
        }
    }
}

fn sign(_: &SignError) -> Public {
    internal()
}

/// What went wrong on our side, for the log: goes with the answer to where the request's name is known.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) code: &'static str,
    pub(super) error: String,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Refused(refusal) = self {
            return refusal.into_response();
        }
        let told = self.public();
        // Anybody can make so many of those that the log would fill the disk: the upkeep logs how many (LG-7).
        let is_shed = matches!(
            self,
            Self::Login(LoginError::Check(CheckError::Hashing(HashingError::Overloaded { .. })))
                | Self::Password(PasswordChangeError::Check(CheckError::Hashing(
                    HashingError::Overloaded { .. }
                )))
        );
        let body = axum::Json(serde_json::json!({ "error": told.text, "code": told.code }));
        let mut response = (told.status, body).into_response();
        if told.status.is_server_error() && !is_shed {
            response.extensions_mut().insert(Failure { code: told.code, error: error_chain(&self) });
        } else {
            tracing::debug!(code = told.code, error = error_chain(&self), "request refused");
        }
        let headers = response.headers_mut();
        if told.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="api""#));
        }
        if let Some(after) = told.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
        }
        response
    }
}

/// Rounded up, and at least one (RFC 9110 §10.2.3).
fn whole_seconds(duration: Duration) -> u64 {
    (duration.as_secs() + u64::from(duration.subsec_nanos() > 0)).max(1)
}

/// An error and its sources, for the log.
fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::key_ring::KeyRingError;
    use crate::model::session::EndReason;
    use crate::password::InvalidPassword;

    /// Every code that a response can carry, in alphabetical order.
    pub(crate) fn codes() -> BTreeSet<&'static str> {
        examples().iter().map(|error| error.public().code).collect()
    }

    /// An error for every row of the table.
    fn examples() -> Vec<ApiError> {
        let second = Duration::from_millis(1_001);
        let unavailable = || StoreError::Unavailable("the disk is full".into());
        vec![
            LoginError::InvalidCredentials.into(),
            LoginError::PasswordChangeRequired.into(),
            LoginError::Check(InvalidPassword::TooLong.into()).into(),
            LoginError::Policy(PolicyViolation::TooShort { min_length: 15 }).into(),
            LoginError::Policy(PolicyViolation::LikeUsername).into(),
            LoginError::Policy(PolicyViolation::LikeService).into(),
            LoginError::Policy(PolicyViolation::Repetitive).into(),
            LoginError::Policy(PolicyViolation::Common).into(),
            LoginError::Policy(PolicyViolation::Unchanged).into(),
            LoginError::Check(Throttled { retry_after: second }.into()).into(),
            LoginError::Check(HashingError::Overloaded { retry_after: second }.into()).into(),
            LoginError::Check(unavailable().into()).into(),
            RefreshError::Invalid.into(),
            RefreshError::Expired.into(),
            RefreshError::Revoked(EndReason::Logout).into(),
            RefreshError::Reused.into(),
            RefreshError::Store(StoreError::Overloaded).into(),
            ApiError::NoRefreshToken,
            ApiError::AmbiguousRefreshToken,
            PasswordChangeError::WrongPassword.into(),
            PasswordChangeError::NotFound.into(),
            PasswordChangeError::Overtaken.into(),
            CreateAccountError::NameTaken.into(),
            ChangeAccountError::NotFound.into(),
            ChangeAccountError::LastAdministrator.into(),
            KeysError::SharedSecret.into(),
            KeysError::Ring(KeyRingError::Empty).into(),
            unavailable().into(),
            Refusal::TokenRequired.into(),
            Refusal::Malformed.into(),
            Refusal::Invalid(countersign_jwt::VerifyError::Expired).into(),
            Refusal::Invalid(countersign_jwt::VerifyError::BadSignature).into(),
            Refusal::Invalid(countersign_jwt::VerifyError::TokenTooLong).into(),
            Refusal::Revoked.into(),
            Refusal::RoleRequired.into(),
            ApiError::Body { expected: "a JSON object" },
            ApiError::Value("the reason".into()),
            ApiError::MediaType,
            ApiError::TooLarge,
            ApiError::BodyTimeout,
            ApiError::BodyIncomplete,
            ApiError::CrossOrigin,
            ApiError::NotFound,
            ApiError::MethodNotAllowed,
            ApiError::Internal,
        ]
    }

    /// The whole table, for authors of clients and of changes: codes are stable.
    #[test]
    fn the_table_of_errors() {
        let mut table = Vec::new();
        for error in examples() {
            let Public { status, code, text, retry_after } = error.public();
            let after = retry_after.map(|after| format!(" (Retry-After: {})", whole_seconds(after)));
            table.push(format!("{} {code}: {text}{}", status.as_u16(), after.unwrap_or_default()));
            let response = error.into_response();
            let has_challenge = response.headers().contains_key(header::WWW_AUTHENTICATE);
            assert!(status != StatusCode::UNAUTHORIZED || has_challenge, "{code}");
            assert_eq!(response.headers().contains_key(header::RETRY_AFTER), retry_after.is_some());
        }
        let table = table.join("\n");
        assert!(!table.contains("disk"), "HD-4: no source reaches the client");
        insta::assert_snapshot!(table);
    }
}
