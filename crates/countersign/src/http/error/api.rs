//! Errors in the shape of this API: `{"error": text, "code": code}`.
#![deny(clippy::wildcard_enum_match_arm)]

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_guard::Refusal;
use countersign_guard::feed::FeedError;
use countersign_jwt::{KeySetError, SignError};

use crate::flows::account_deletion::DeleteOwnAccountError;
use crate::flows::accounts::{ChangeAccountError, CreateAccountError};
use crate::flows::api_keys::{AddApiKeyError, ExchangeError};
use crate::flows::attempt::CheckError;
use crate::flows::audience::AudienceError;
use crate::flows::device_proof::DeviceProofError;
use crate::flows::device_session::DeviceSessionError;
use crate::flows::email::EmailError;
use crate::flows::invite::InviteError;
use crate::flows::keys::KeysError;
use crate::flows::login::LoginError;
use crate::flows::mail_gate::MailGateError;
use crate::flows::owner::OwnerError;
use crate::flows::password_change::PasswordChangeError;
use crate::flows::refresh::RefreshError;
use crate::flows::register::RegisterError;
use crate::flows::second_factor_change::SecondFactorError;
use crate::flows::tickets::TicketError;
use crate::hashing::HashingError;
use crate::http::device_headers::set_challenge;
use crate::http::edge::csrf::CrossOrigin;
use crate::http::error::finish;
use crate::http::error::public::{self, Public, internal, public, unavailable};
use crate::options::HookError;
use crate::store::StoreError;

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
    /// The proof of a device is refused.
    #[error(transparent)]
    Device(#[from] DeviceProofError),
    /// A browser does not get the cookie that proves its key.
    #[error(transparent)]
    DeviceSession(#[from] DeviceSessionError),
    /// A refresh needs a proof of the device, and the browser says that it did not renew it: it has done so too often, or did not get through.
    #[error("the browser did not renew its proof")]
    DeviceProofSkipped,
    /// A refresh came without a token.
    #[error("no refresh token was sent")]
    NoRefreshToken,
    /// Two refresh tokens came, and nothing says which one is meant (CK-4).
    #[error("more than one refresh token was sent")]
    AmbiguousRefreshToken,
    /// The claims of a token could not be computed.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// A password was not changed.
    #[error(transparent)]
    Password(#[from] PasswordChangeError),
    /// An account was not made.
    #[error(transparent)]
    CreateAccount(#[from] CreateAccountError),
    /// An API key was not made.
    #[error(transparent)]
    AddApiKey(#[from] AddApiKeyError),
    /// An account was not changed.
    #[error(transparent)]
    ChangeAccount(#[from] ChangeAccountError),
    /// An account was not deleted for its owner.
    #[error(transparent)]
    DeleteOwnAccount(#[from] DeleteOwnAccountError),
    /// An address of an account was not added or changed.
    #[error(transparent)]
    Email(#[from] EmailError),
    /// What an account has beside its password was not changed.
    #[error(transparent)]
    SecondFactor(#[from] SecondFactorError),
    /// Something that needs a ticket was not done.
    #[error(transparent)]
    Ticket(#[from] TicketError),
    /// Somebody may not cause a mail now.
    #[error(transparent)]
    MailGate(#[from] MailGateError),
    /// An account was not made with a ticket.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// Nobody was invited.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// The keys could not be rotated.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The published keys could not be made into a set.
    #[error(transparent)]
    KeySet(#[from] KeySetError),
    /// A token could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The caller's token is not for this.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The body is not the expected JSON object.
    #[error("the body is not {expected}")]
    Body {
        /// The expected shape, in words.
        expected: &'static str,
    },
    /// A field or parameter has a value that is not allowed; the text is the reason.
    #[error("{0}")]
    Value(Cow<'static, str>),
    /// The body is not announced as JSON, or is compressed.
    #[error("the content type is not application/json")]
    MediaType,
    /// The body is over 16 KiB.
    #[error("the body is too large")]
    TooLarge,
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    BodyTimeout,
    /// The body ended early.
    #[error("the body ended early")]
    BodyIncomplete,
    /// There are as many followers of the feed as may be.
    #[error("there are too many followers")]
    TooManyFollowers,
    /// A page of another origin asks for a change (CS-1).
    #[error(transparent)]
    CrossOrigin(#[from] CrossOrigin),
    /// The path is not served, or the thing that it names does not exist.
    #[error("not found")]
    NotFound,
    /// The path is served, but not by this method.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// A fault of the server.
    #[error("internal error")]
    Internal,
}

impl ApiError {
    /// The stable code in its response, for programs.
    #[must_use]
    pub fn code(&self) -> Cow<'static, str> {
        self.public().code
    }

    /// Its status, and its code.
    #[cfg(feature = "mail")]
    pub(in crate::http) fn for_a_page(&self) -> (StatusCode, Cow<'static, str>) {
        let public = self.public();
        (public.status, public.code)
    }

    pub(in crate::http) fn public(&self) -> Public {
        match self {
            Self::Login(error) => public::login(error),
            Self::Refresh(error) => public::refresh(error),
            Self::Device(error) => public::device(error),
            Self::DeviceSession(error) => public::device_session(error),
            Self::Hook(_) | Self::DeviceProofSkipped => unavailable(),
            Self::NoRefreshToken => public(StatusCode::UNAUTHORIZED, "no_refresh_token", "No refresh token"),
            Self::AmbiguousRefreshToken => {
                public(StatusCode::BAD_REQUEST, "ambiguous_refresh_token", "More than one refresh token")
            }
            Self::Password(error) => public::password(error),
            Self::CreateAccount(error) => public::create_account(error),
            Self::AddApiKey(error) => public::add_api_key(error),
            Self::ChangeAccount(ChangeAccountError::Store(error)) | Self::Store(error) => {
                public::store(error)
            }
            Self::ChangeAccount(ChangeAccountError::NameTaken) => public::name_taken(),
            Self::ChangeAccount(ChangeAccountError::LooksAlike) => public::name_looks_alike(),
            Self::ChangeAccount(ChangeAccountError::LastAdministrator) => public::last_administrator(),
            Self::DeleteOwnAccount(error) => public::delete_own_account(error),
            Self::Email(error) => public::email(error),
            Self::SecondFactor(error) => public::second_factor(error),
            Self::Ticket(error) => public::ticket(error),
            Self::MailGate(error) => public::mail_gate(error),
            Self::Register(error) => public::register(error),
            Self::Invite(error) => public::invite(error),
            Self::Keys(error) => public::keys(error),
            Self::Sign(error) => public::sign(error),
            Self::KeySet(_) | Self::Internal => internal(),
            Self::Refused(refusal) => public::refused(refusal),
            Self::Body { expected } => {
                public(StatusCode::BAD_REQUEST, "invalid_request", format!("The body must be {expected}"))
            }
            Self::Value(reason) => public(StatusCode::UNPROCESSABLE_ENTITY, "invalid_value", reason.clone()),
            Self::TooManyFollowers => public::overloaded(Duration::from_secs(5)),
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
            Self::CrossOrigin(CrossOrigin) => {
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

    /// Whether this request was refused because the hashing pool or the feed is full, or during an outage of the
    /// system that passwords are taken over from, which is logged once.
    const fn is_shed(&self) -> bool {
        matches!(
            self,
            Self::TooManyFollowers
                | Self::DeviceProofSkipped
                | Self::Login(LoginError::Check(
                    CheckError::Hashing(HashingError::Overloaded { .. }) | CheckError::Upstream(_)
                ))
                | Self::Password(PasswordChangeError::Check(CheckError::Hashing(
                    HashingError::Overloaded { .. }
                )))
                | Self::Ticket(TicketError::Password(PasswordChangeError::Check(CheckError::Hashing(
                    HashingError::Overloaded { .. }
                ))))
                | Self::Register(RegisterError::Ticket(TicketError::Password(PasswordChangeError::Check(
                    CheckError::Hashing(HashingError::Overloaded { .. })
                ))))
                | Self::AddApiKey(AddApiKeyError::Check(CheckError::Hashing(
                    HashingError::Overloaded { .. }
                )))
                | Self::DeleteOwnAccount(DeleteOwnAccountError::Owner(OwnerError::Check(
                    CheckError::Hashing(HashingError::Overloaded { .. })
                )))
                | Self::SecondFactor(SecondFactorError::Owner(OwnerError::Check(CheckError::Hashing(
                    HashingError::Overloaded { .. }
                ))))
                | Self::Email(EmailError::Owner(OwnerError::Check(CheckError::Hashing(
                    HashingError::Overloaded { .. }
                ))))
        )
    }
}

impl From<FeedError> for ApiError {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Query(reason) => Self::Value(reason.into()),
            FeedError::Full => Self::TooManyFollowers,
            // The key was good when the request came, and is not any more (RFC 6750 §3.1: `invalid_token`).
            FeedError::Withdrawn => Self::Refused(Refusal::Malformed),
            _ => Self::Internal,
        }
    }
}

/// For a reverse proxy that was shown a key: what the session cookie is refused with there.
impl From<ExchangeError> for ApiError {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Scope => Self::Refused(Refusal::ScopeRequired),
            ExchangeError::Audience(AudienceError::NotPermitted) => Self::Refused(Refusal::RoleRequired),
            ExchangeError::Audience(AudienceError::Unknown | AudienceError::NotBound) => {
                Self::Refused(Refusal::Malformed)
            }
            ExchangeError::Hook(error) => Self::Hook(error),
            ExchangeError::Sign(error) => Self::Sign(error),
            ExchangeError::Store(error) => Self::Store(error),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Refused(refusal) = self {
            return refusal.into_response();
        }
        let public = self.public();
        let mut body = serde_json::json!({ "error": public.text, "code": public.code });
        if let Self::Login(LoginError::DeletionPending(at)) = self {
            body["deletionAt"] = at.to_string().into();
        }
        if let Self::MailGate(MailGateError::ProofRequired(work)) = &self {
            body["challenge"] = work.challenge.as_str().into();
            body["difficulty"] = work.difficulty.into();
        }
        if let Self::SecondFactor(SecondFactorError::FactorRequired(methods)) = &self {
            body["methods"] = methods.iter().map(|method| method.name()).collect();
        }
        let mut response = (public.status, axum::Json(body)).into_response();
        if public.status == StatusCode::UNAUTHORIZED {
            let asks_for_proof = public.code == "device_proof_required";
            let challenge = if asks_for_proof { DPOP_CHALLENGE } else { r#"Bearer realm="api""# };
            let challenge = HeaderValue::from_static(challenge);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Self::Device(DeviceProofError::NonceRequired { nonce }) = &self
            && let Ok(nonce) = HeaderValue::from_str(nonce)
        {
            response.headers_mut().insert("dpop-nonce", nonce);
        }
        if let Self::DeviceSession(DeviceSessionError::Challenge { challenge, identifier }) = &self {
            set_challenge(response.headers_mut(), challenge, identifier);
        }
        finish(response, &public, &self, self.is_shed())
    }
}

/// RFC 9449 §7.1, with the algorithms of proofs.
const DPOP_CHALLENGE: &str = r#"DPoP algs="ES256 EdDSA""#;

#[cfg(test)]
pub(crate) mod tests {
    use countersign_jwt::{DbscError, DpopError};

    use super::*;
    use crate::base::clock::Timestamp;
    use crate::flows::passkey_error::PasskeyError;
    use crate::flows::second_factor_due::SecondFactorDue;
    use crate::http::error::public::Public;
    use crate::http::error::whole_seconds;
    use crate::model::account::UsernameError;
    use crate::model::key_ring::KeyRingError;
    use crate::model::session::EndReason;
    use crate::model::work::WorkDemanded;
    use crate::options::UpstreamError;
    use crate::password::{InvalidPassword, PolicyViolation};
    use crate::throttle::Throttled;

    /// The status, code and text of every error.
    pub(crate) fn table() -> Vec<(u16, &'static str, String)> {
        let row = |Public { status, code, text, .. }: Public| {
            let Cow::Borrowed(code) = code else { panic!("{code} is not ours") };
            (status.as_u16(), code, text.into_owned())
        };
        examples().iter().map(|error| row(error.public())).collect()
    }

    fn hook_error() -> HookError {
        HookError { name: "claims", failure: "the disk is full".into() }
    }

    /// An error for every row of the table.
    #[expect(clippy::too_many_lines, reason = "a list")]
    fn examples() -> Vec<ApiError> {
        let second = Duration::from_millis(1_001);
        let unavailable = || StoreError::Unavailable("the disk is full".into());
        vec![
            LoginError::InvalidCredentials.into(),
            LoginError::PasswordChangeRequired.into(),
            LoginError::SecondFactorRequired(Box::new(SecondFactorDue { methods: Vec::new(), first: None }))
                .into(),
            LoginError::WrongFactor.into(),
            LoginError::Passkey(PasskeyError::Off).into(),
            LoginError::Passkey(PasskeyError::Expired).into(),
            LoginError::Passkey(PasskeyError::Unknown).into(),
            LoginError::Passkey(PasskeyError::Invalid).into(),
            SecondFactorError::Passkey(PasskeyError::Exists).into(),
            LoginError::FactorTicket.into(),
            RefreshError::SecondFactorRequired.into(),
            RefreshError::DeviceProofRequired.into(),
            DeviceProofError::Invalid(DpopError::Replayed).into(),
            DeviceProofError::NonceRequired { nonce: "n".into() }.into(),
            DeviceProofError::Full.into(),
            SecondFactorError::FactorRequired(Vec::new()).into(),
            SecondFactorError::NotFound.into(),
            SecondFactorError::TooMany.into(),
            SecondFactorError::Required.into(),
            SecondFactorError::Overtaken.into(),
            LoginError::DeletionPending(Timestamp::from_unix_millis(0)).into(),
            LoginError::Audience(AudienceError::Unknown).into(),
            LoginError::Audience(AudienceError::NotPermitted).into(),
            LoginError::Audience(AudienceError::NotBound).into(),
            RefreshError::Audience(AudienceError::NotBound).into(),
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
            LoginError::Check(UpstreamError::Busy.into()).into(),
            LoginError::Check(UpstreamError::Unavailable("the disk there is full".into()).into()).into(),
            LoginError::Hook(hook_error()).into(),
            RefreshError::Hook(hook_error()).into(),
            hook_error().into(),
            RefreshError::Invalid.into(),
            RefreshError::Expired.into(),
            RefreshError::Revoked(EndReason::Logout).into(),
            RefreshError::Reused.into(),
            RefreshError::Store(StoreError::Overloaded).into(),
            DeviceSessionError::NoSession.into(),
            DeviceSessionError::Proof(DbscError::Algorithm).into(),
            DeviceSessionError::Challenge { challenge: "x".into(), identifier: "y".into() }.into(),
            DeviceSessionError::Full.into(),
            ApiError::DeviceProofSkipped,
            ApiError::NoRefreshToken,
            ApiError::AmbiguousRefreshToken,
            PasswordChangeError::WrongPassword.into(),
            PasswordChangeError::PasswordMissing.into(),
            PasswordChangeError::NotFound.into(),
            PasswordChangeError::Overtaken.into(),
            CreateAccountError::NameTaken.into(),
            CreateAccountError::LooksAlike.into(),
            AddApiKeyError::TooMany.into(),
            AddApiKeyError::Expired.into(),
            AddApiKeyError::NoAccount.into(),
            AddApiKeyError::WrongPassword.into(),
            AddApiKeyError::Overtaken.into(),
            EmailError::NotFound.into(),
            EmailError::NotVerified.into(),
            EmailError::TooMany.into(),
            EmailError::AlreadyVerified.into(),
            EmailError::NoneVerified.into(),
            EmailError::Disabled.into(),
            EmailError::TooManyMails.into(),
            TicketError::Off.into(),
            TicketError::RegistrationOff.into(),
            TicketError::DomainNotAllowed.into(),
            RegisterError::Username(UsernameError::Empty).into(),
            RegisterError::NameTaken.into(),
            RegisterError::LooksAlike.into(),
            InviteError::AddressTaken.into(),
            InviteError::TooManyMails.into(),
            TicketError::Invalid.into(),
            MailGateError::ProofRequired(WorkDemanded { challenge: "x".into(), difficulty: 14 }).into(),
            ChangeAccountError::NotFound.into(),
            ChangeAccountError::LastAdministrator.into(),
            DeleteOwnAccountError::Off.into(),
            ApiError::DeleteOwnAccount(OwnerError::PasswordMissing.into()),
            ApiError::DeleteOwnAccount(OwnerError::WrongPassword.into()),
            ApiError::DeleteOwnAccount(OwnerError::SignInTooOld.into()),
            ApiError::DeleteOwnAccount(OwnerError::NotFound.into()),
            DeleteOwnAccountError::Overtaken.into(),
            DeleteOwnAccountError::LastAdministrator.into(),
            KeysError::SharedSecret.into(),
            KeysError::TooMany.into(),
            KeysError::Ring(KeyRingError::Empty).into(),
            unavailable().into(),
            Refusal::TokenRequired.into(),
            Refusal::Malformed.into(),
            Refusal::Invalid(countersign_jwt::VerifyError::Expired).into(),
            Refusal::Invalid(countersign_jwt::VerifyError::BadSignature).into(),
            Refusal::Invalid(countersign_jwt::VerifyError::TokenTooLong).into(),
            Refusal::Revoked.into(),
            Refusal::TokenBound.into(),
            Refusal::ProofsFull.into(),
            Refusal::RoleRequired.into(),
            Refusal::ScopeRequired.into(),
            ApiError::Body { expected: "a JSON object" },
            ApiError::Value("the reason".into()),
            ApiError::MediaType,
            ApiError::TooLarge,
            ApiError::BodyTimeout,
            ApiError::BodyIncomplete,
            ApiError::TooManyFollowers,
            CrossOrigin.into(),
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
