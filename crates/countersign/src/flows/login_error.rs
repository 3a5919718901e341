//! Why a sign-in fails.
#![deny(clippy::wildcard_enum_match_arm)]

use countersign_jwt::SignError;

use crate::base::clock::Timestamp;
use crate::flows::attempt::CheckError;
use crate::flows::audience::AudienceError;
use crate::flows::device_proof::DeviceProofError;
use crate::flows::figures::LoginResult;
use crate::flows::passkey_error::PasskeyError;
use crate::flows::second_factor_due::SecondFactorDue;
use crate::hashing::HashingError;
use crate::options::{HookError, SignInRefusal};
use crate::password::PolicyViolation;

/// Why a sign-in failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// Unknown name, wrong password, disabled account, account without a password: one answer for all (EN-1).
    #[error("invalid credentials")]
    InvalidCredentials,
    /// The password is right, and its owner has to choose another one first (PP-7): see
    /// [`Countersign::with_new_password`](crate::Countersign::with_new_password). Only a client that knows the password learns this.
    #[error("a new password has to be chosen")]
    PasswordChangeRequired,
    /// The password is right, and its owner has asked for the account to be deleted then. They can take it back until then: see
    /// [`Authenticated::take_back_account`](crate::Authenticated::take_back_account). Only a client that knows the password
    /// learns this.
    #[error("the account is deleted at {0}, unless its owner takes it back")]
    DeletionPending(Timestamp),
    /// The first step was right, and a second factor is due ([`Countersign::with_second_factor`](crate::Countersign::with_second_factor)).
    /// Only a client that has made the first step learns this.
    #[error("a second factor is required")]
    SecondFactorRequired(Box<SecondFactorDue>),
    /// What was shown in the second step is wrong, or was used before.
    #[error("the code is not right")]
    WrongFactor,
    /// The passkey was not accepted, and why.
    #[error(transparent)]
    Passkey(PasskeyError),
    /// The first step was made too long ago, or in another browser.
    #[error("the sign-in has to begin again")]
    FactorTicket,
    /// There is no access token for the audience.
    #[error(transparent)]
    Audience(#[from] AudienceError),
    /// The new password is not good enough, and why.
    #[error(transparent)]
    Policy(#[from] PolicyViolation),
    /// Nothing was checked, or the store did not answer, and why.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// The access token could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The application lets no session begin ([`Hooks::before_sign_in`](crate::options::Hooks::before_sign_in)).
    #[error(transparent)]
    Refused(#[from] SignInRefusal),
    /// A hook failed: no session has begun.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// The proof of the device was used before, or cannot be remembered: no session has begun.
    #[error(transparent)]
    Device(#[from] DeviceProofError),
}

impl From<PasskeyError> for LoginError {
    fn from(error: PasskeyError) -> Self {
        match error {
            PasskeyError::Check(error) => Self::Check(error),
            error @ (PasskeyError::Off
            | PasskeyError::Expired
            | PasskeyError::Unknown
            | PasskeyError::Invalid
            | PasskeyError::Exists) => Self::Passkey(error),
        }
    }
}

impl LoginError {
    /// What it is counted as.
    pub(crate) const fn result(&self) -> LoginResult {
        match self {
            Self::InvalidCredentials | Self::WrongFactor | Self::Passkey(_) | Self::FactorTicket => {
                LoginResult::Wrong
            }
            Self::SecondFactorRequired(_) => LoginResult::FactorRequired,
            Self::PasswordChangeRequired => LoginResult::ChangeRequired,
            Self::Check(error) => Self::of_check(error),
            Self::DeletionPending(_)
            | Self::Refused(_)
            | Self::Audience(_)
            | Self::Policy(_)
            | Self::Device(_) => LoginResult::Refused,
            Self::Sign(_) | Self::Hook(_) => LoginResult::Error,
        }
    }

    /// What a check that was not made is counted as.
    pub(crate) const fn of_check(error: &CheckError) -> LoginResult {
        match error {
            CheckError::Password(_) => LoginResult::Wrong,
            CheckError::Throttled(_) => LoginResult::Throttled,
            CheckError::Hashing(HashingError::Overloaded { .. }) => LoginResult::Shed,
            CheckError::Hashing(HashingError::Stopped) | CheckError::Store(_) | CheckError::Upstream(_) => {
                LoginResult::Error
            }
        }
    }
}
