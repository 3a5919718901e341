//! The table from our errors to status, stable code and public text. Together with `api`, which writes them in the shape
//! of this API, it is the only place that knows both our errors and HTTP.
#![deny(clippy::wildcard_enum_match_arm)]

use std::borrow::Cow;
use std::time::Duration;

use axum::http::StatusCode;
use countersign_guard::Refusal;
use countersign_jwt::{DpopError, SignError};

use crate::flows::account_deletion::DeleteOwnAccountError;
use crate::flows::accounts::CreateAccountError;
use crate::flows::api_keys::AddApiKeyError;
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
use crate::flows::passkey_error::PasskeyError;
use crate::flows::password_change::PasswordChangeError;
use crate::flows::refresh::RefreshError;
use crate::flows::register::RegisterError;
use crate::flows::second_factor_change::SecondFactorError;
use crate::flows::tickets::TicketError;
use crate::hashing::HashingError;
use crate::options::UpstreamError;
use crate::password::PolicyViolation;
use crate::store::StoreError;
use crate::throttle::Throttled;

/// What a client reads of an error, whatever the shape that it is written in.
pub(in crate::http) struct Public {
    pub(in crate::http) status: StatusCode,
    /// Stable: programs compare it.
    pub(in crate::http) code: Cow<'static, str>,
    /// For people.
    pub(in crate::http) text: Cow<'static, str>,
    pub(super) retry_after: Option<Duration>,
}

pub(super) fn public(
    status: StatusCode,
    code: impl Into<Cow<'static, str>>,
    text: impl Into<Cow<'static, str>>,
) -> Public {
    Public { status, code: code.into(), text: text.into(), retry_after: None }
}

pub(super) fn overloaded(retry_after: Duration) -> Public {
    Public {
        retry_after: Some(retry_after),
        ..public(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Too busy, try again soon")
    }
}

/// As the guard itself says it.
pub(super) fn refused(refusal: &Refusal) -> Public {
    let is_for_later = refusal.status() == StatusCode::SERVICE_UNAVAILABLE;
    Public {
        retry_after: is_for_later.then_some(Duration::from_secs(5)),
        ..public(refusal.status(), refusal.code(), refusal.public_text())
    }
}

pub(super) fn unavailable() -> Public {
    Public {
        retry_after: Some(Duration::from_secs(5)),
        ..public(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Temporarily unavailable")
    }
}

fn too_many_attempts(throttled: Throttled) -> Public {
    Public {
        retry_after: Some(throttled.retry_after),
        ..public(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", "Too many attempts, try again later")
    }
}

/// Only administrators are told. Between two mails to one address is a minute.
fn too_many_mails() -> Public {
    Public {
        retry_after: Some(Duration::from_mins(1)),
        ..public(StatusCode::TOO_MANY_REQUESTS, "too_many_mails", "Enough mails for now, try again later")
    }
}

pub(super) fn register(error: &RegisterError) -> Public {
    match error {
        RegisterError::Username(error) => {
            public(StatusCode::UNPROCESSABLE_ENTITY, "username_invalid", error.to_string())
        }
        RegisterError::NameTaken => name_taken(),
        RegisterError::LooksAlike => name_looks_alike(),
        RegisterError::Ticket(error) => ticket(error),
    }
}

pub(super) fn invite(error: &InviteError) -> Public {
    match error {
        InviteError::AddressTaken => {
            public(StatusCode::CONFLICT, "address_taken", "An account has verified this address")
        }
        InviteError::TooManyMails => too_many_mails(),
        InviteError::Ticket(error) => ticket(error),
    }
}

pub(super) fn internal() -> Public {
    public(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Internal error")
}

pub(super) fn login(error: &LoginError) -> Public {
    match error {
        LoginError::InvalidCredentials => {
            public(StatusCode::UNAUTHORIZED, "invalid_credentials", "Invalid credentials")
        }
        LoginError::PasswordChangeRequired => {
            public(StatusCode::FORBIDDEN, "password_change_required", "A new password has to be chosen")
        }
        LoginError::SecondFactorRequired(_) => second_factor_required(),
        LoginError::WrongFactor => wrong_factor(),
        LoginError::Passkey(error) => passkey(error),
        LoginError::FactorTicket => {
            public(StatusCode::UNAUTHORIZED, "second_factor_expired", "The sign-in has to begin again")
        }
        LoginError::DeletionPending(_) => {
            let text = "The account is going to be deleted, unless its owner keeps it";
            public(StatusCode::FORBIDDEN, "deletion_pending", text)
        }
        LoginError::Policy(violation) => policy(*violation),
        LoginError::Check(error) => check(error),
        LoginError::Audience(error) => audience(*error),
        LoginError::Sign(error) => sign(error),
        LoginError::Refused(refusal) => {
            public(StatusCode::FORBIDDEN, refusal.code.clone(), refusal.text.clone())
        }
        LoginError::Hook(_) => unavailable(),
        LoginError::Device(error) => device(error),
    }
}

/// RFC 9449 §5 and §8: the codes are those of the token endpoint.
pub(super) fn device(error: &DeviceProofError) -> Public {
    match error {
        DeviceProofError::Invalid(error) => {
            let text = "The DPoP proof is not one for this request, or was used before";
            public(StatusCode::BAD_REQUEST, error.code(), text)
        }
        DeviceProofError::NonceRequired { .. } => {
            public(StatusCode::BAD_REQUEST, DpopError::UseNonce.code(), "The DPoP proof needs the nonce")
        }
        DeviceProofError::Full => overloaded(Duration::from_secs(5)),
    }
}

pub(super) fn device_session(error: &DeviceSessionError) -> Public {
    match error {
        DeviceSessionError::NoSession => {
            public(StatusCode::UNAUTHORIZED, "device_session_required", "No living session was named")
        }
        DeviceSessionError::Proof(_) => public(
            StatusCode::BAD_REQUEST,
            "invalid_device_proof",
            "The proof of the browser is not one for this session",
        ),
        DeviceSessionError::Challenge { .. } => {
            public(StatusCode::FORBIDDEN, "device_challenge", "The challenge has to be signed")
        }
        DeviceSessionError::Full => overloaded(Duration::from_secs(5)),
        DeviceSessionError::Store(error) => store(error),
    }
}

fn second_factor_required() -> Public {
    public(StatusCode::FORBIDDEN, "second_factor_required", "A second factor is required")
}

fn wrong_factor() -> Public {
    public(StatusCode::UNAUTHORIZED, "invalid_second_factor", "The code is not right, or was used before")
}

fn passkey(error: &PasskeyError) -> Public {
    let (status, code, text) = match error {
        PasskeyError::Off => return not_found(),
        PasskeyError::Expired => {
            (StatusCode::UNAUTHORIZED, "passkey_expired", "The passkey has to be asked again")
        }
        PasskeyError::Unknown => (StatusCode::UNAUTHORIZED, "passkey_unknown", "There is no such passkey"),
        PasskeyError::Invalid => {
            (StatusCode::UNAUTHORIZED, "invalid_passkey", "The passkey was not accepted")
        }
        PasskeyError::Exists => (StatusCode::CONFLICT, "passkey_exists", "There is such a passkey already"),
        PasskeyError::Check(error) => return check(error),
    };
    public(status, code, text)
}

pub(super) fn second_factor(error: &SecondFactorError) -> Public {
    match error {
        SecondFactorError::Owner(error) => owner(error),
        SecondFactorError::FactorRequired(_) => second_factor_required(),
        SecondFactorError::WrongFactor => wrong_factor(),
        SecondFactorError::Passkey(error) => passkey(error),
        SecondFactorError::NotFound => public(StatusCode::NOT_FOUND, "not_found", "Not found"),
        SecondFactorError::TooMany => public(
            StatusCode::CONFLICT,
            "too_many_factors",
            "The account has as many authenticators as it may",
        ),
        SecondFactorError::Required => {
            public(StatusCode::CONFLICT, "second_factor_needed", "The account has to have an authenticator")
        }
        SecondFactorError::Overtaken => overtaken(),
        SecondFactorError::Check(error) => check(error),
    }
}

pub(super) fn refresh(error: &RefreshError) -> Public {
    let (code, text) = match error {
        RefreshError::Invalid => ("invalid_refresh_token", "Invalid refresh token"),
        RefreshError::Expired => ("session_expired", "Session expired"),
        RefreshError::Revoked(_) => ("session_revoked", "Session ended"),
        RefreshError::Reused => ("refresh_token_reused", "Refresh token was used again: session ended"),
        RefreshError::SecondFactorRequired => {
            ("reauthentication_required", "Sign in again, with a second factor")
        }
        // To the client it is the same: a proof by the key, and without the key another sign-in.
        RefreshError::DeviceProofRequired | RefreshError::Audience(AudienceError::NotBound) => {
            ("device_proof_required", "The session is bound to a device, which has to prove that it is it")
        }
        RefreshError::Device(error) => return device(error),
        RefreshError::Store(error) => return store(error),
        RefreshError::Audience(error) => return audience(*error),
        RefreshError::Sign(error) => return sign(error),
        RefreshError::Hook(_) => return unavailable(),
    };
    public(StatusCode::UNAUTHORIZED, code, text)
}

pub(super) fn password(error: &PasswordChangeError) -> Public {
    match error {
        PasswordChangeError::WrongPassword => wrong_password(),
        PasswordChangeError::PasswordMissing => password_missing(),
        PasswordChangeError::NotFound => not_found(),
        PasswordChangeError::Overtaken => overtaken(),
        PasswordChangeError::Policy(violation) => policy(*violation),
        PasswordChangeError::Check(error) => check(error),
    }
}

pub(super) fn add_api_key(error: &AddApiKeyError) -> Public {
    match error {
        AddApiKeyError::NoAccount => not_found(),
        AddApiKeyError::WrongPassword => wrong_password(),
        AddApiKeyError::Overtaken => overtaken(),
        AddApiKeyError::TooMany => {
            public(StatusCode::CONFLICT, "too_many_api_keys", "Too many API keys: revoke one first")
        }
        AddApiKeyError::Expired => {
            public(StatusCode::UNPROCESSABLE_ENTITY, "invalid_value", "`expiresAt` is in the past")
        }
        AddApiKeyError::Audience(error) => audience(*error),
        AddApiKeyError::Check(error) => check(error),
    }
}

pub(super) fn last_administrator() -> Public {
    let text = "This is the last administrator who can sign in: make another one first";
    public(StatusCode::CONFLICT, "last_administrator", text)
}

pub(super) fn delete_own_account(error: &DeleteOwnAccountError) -> Public {
    match error {
        DeleteOwnAccountError::Off => {
            public(StatusCode::FORBIDDEN, "account_deletion_off", "Only administrators delete accounts here")
        }
        DeleteOwnAccountError::Owner(error) => owner(error),
        DeleteOwnAccountError::Overtaken => overtaken(),
        DeleteOwnAccountError::LastAdministrator => last_administrator(),
    }
}

pub(super) fn email(error: &EmailError) -> Public {
    match error {
        EmailError::NotFound => not_found(),
        EmailError::NotVerified => {
            public(StatusCode::CONFLICT, "email_not_verified", "The address is not verified")
        }
        EmailError::AlreadyVerified => {
            public(StatusCode::CONFLICT, "email_verified", "The address is verified already")
        }
        EmailError::NoneVerified => {
            public(StatusCode::CONFLICT, "no_verified_email", "The account has no verified address")
        }
        EmailError::Disabled => public(StatusCode::CONFLICT, "account_disabled", "The account is disabled"),
        EmailError::TooManyMails => too_many_mails(),
        EmailError::TooMany => {
            public(StatusCode::CONFLICT, "too_many_emails", "Too many addresses: remove one first")
        }
        EmailError::Owner(error) => owner(error),
        EmailError::Overtaken => overtaken(),
        EmailError::Ticket(error) => ticket(error),
    }
}

pub(super) fn ticket(error: &TicketError) -> Public {
    match error {
        TicketError::Off => not_found(),
        TicketError::RegistrationOff => {
            public(StatusCode::FORBIDDEN, "registration_off", "Registration is not open here")
        }
        TicketError::DomainNotAllowed => public(
            StatusCode::UNPROCESSABLE_ENTITY,
            "domain_not_allowed",
            "Addresses of this domain cannot register here",
        ),
        TicketError::Invalid => {
            public(StatusCode::BAD_REQUEST, "ticket_invalid", "This link or code is not valid any more")
        }
        TicketError::Password(error) => password(error),
        TicketError::Seal(_) => internal(),
    }
}

pub(super) fn mail_gate(error: &MailGateError) -> Public {
    match error {
        MailGateError::ProofRequired(_) => {
            let text = "Many mails are asked for now: solve the challenge, and ask again with the proof";
            public(StatusCode::FORBIDDEN, "proof_required", text)
        }
        MailGateError::Refused(refusal) => {
            public(StatusCode::FORBIDDEN, refusal.code.clone(), refusal.text.clone())
        }
        MailGateError::Hook(_) => unavailable(),
    }
}

fn owner(error: &OwnerError) -> Public {
    match error {
        OwnerError::PasswordMissing => password_missing(),
        OwnerError::WrongPassword => wrong_password(),
        OwnerError::SignInTooOld => sign_in_too_old(),
        OwnerError::NotFound => not_found(),
        OwnerError::Check(error) => check(error),
    }
}

fn password_missing() -> Public {
    public(StatusCode::UNPROCESSABLE_ENTITY, "invalid_value", "`currentPassword` is missing")
}

fn sign_in_too_old() -> Public {
    let text = "Sign in again: the last sign-in is more than five minutes ago";
    public(StatusCode::FORBIDDEN, "sign_in_too_old", text)
}

fn wrong_password() -> Public {
    public(StatusCode::FORBIDDEN, "wrong_password", "The current password is not right")
}

fn overtaken() -> Public {
    public(StatusCode::CONFLICT, "conflict", "The password was changed in the meantime")
}

fn not_found() -> Public {
    public(StatusCode::NOT_FOUND, "not_found", "Not found")
}

pub(super) fn create_account(error: &CreateAccountError) -> Public {
    match error {
        CreateAccountError::NameTaken => name_taken(),
        CreateAccountError::LooksAlike => name_looks_alike(),
        CreateAccountError::Password(error) => password(error),
        CreateAccountError::Store(error) => store(error),
    }
}

pub(super) fn name_taken() -> Public {
    public(StatusCode::CONFLICT, "username_taken", "The user name is taken")
}

pub(super) fn name_looks_alike() -> Public {
    let text = "The user name looks like the one of another account";
    public(StatusCode::CONFLICT, "username_looks_alike", text)
}

fn check(error: &CheckError) -> Public {
    match error {
        CheckError::Throttled(throttled) => too_many_attempts(*throttled),
        CheckError::Hashing(error) => hashing(*error),
        CheckError::Password(error) => {
            public(StatusCode::UNPROCESSABLE_ENTITY, "invalid_password", error.to_string())
        }
        CheckError::Store(error) => store(error),
        CheckError::Upstream(UpstreamError::Busy) => overloaded(Duration::from_secs(1)),
        CheckError::Upstream(UpstreamError::Unavailable(_)) => unavailable(),
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

pub(super) fn store(error: &StoreError) -> Public {
    match error {
        StoreError::Overloaded => overloaded(Duration::from_secs(1)),
        StoreError::Unavailable(_) => unavailable(),
    }
}

pub(super) fn sign(_: &SignError) -> Public {
    internal()
}

pub(super) fn keys(error: &KeysError) -> Public {
    match error {
        KeysError::Store(error) => store(error),
        KeysError::SharedSecret => {
            public(StatusCode::CONFLICT, "shared_secret", "The shared secret is changed in the configuration")
        }
        KeysError::TooMany => public(StatusCode::CONFLICT, "too_many_keys", "Ten keys are published already"),
        KeysError::WrongMasterKey(_)
        | KeysError::MissingMasterKey
        | KeysError::Ring(_)
        | KeysError::Sealed { .. }
        | KeysError::Set(_) => internal(),
    }
}

fn audience(error: AudienceError) -> Public {
    match error {
        AudienceError::Unknown => public(StatusCode::BAD_REQUEST, "unknown_audience", "No such audience"),
        AudienceError::NotPermitted => {
            public(StatusCode::FORBIDDEN, "audience_not_permitted", "Not allowed for this audience")
        }
        AudienceError::NotBound => {
            let text = "The tokens of this audience are bound to a device: sign in with a DPoP proof";
            public(StatusCode::BAD_REQUEST, "dpop_proof_required", text)
        }
    }
}
