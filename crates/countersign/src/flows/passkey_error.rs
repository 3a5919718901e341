//! Why a passkey is of no use.

use crate::flows::attempt::CheckError;
use crate::store::StoreError;

/// Why a passkey was not accepted, or not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasskeyError {
    /// Passkeys are not offered here ([`Options::passkeys`](crate::Options::passkeys)), or the account has none.
    #[error("there are no passkeys")]
    Off,
    /// The challenge is over, was answered before, or is for another browser or purpose.
    #[error("the challenge is over, or was answered before")]
    Expired,
    /// Nobody has this passkey, or not the one who is asked: it was removed. A browser may be told
    /// (`PublicKeyCredential.signalUnknownCredential()`).
    #[error("there is no such passkey")]
    Unknown,
    /// The answer is not right, whatever the reason; or the account may not sign in (EN-1).
    #[error("the passkey was not accepted")]
    Invalid,
    /// Somebody has this passkey already.
    #[error("there is such a passkey already")]
    Exists,
    /// Nothing was checked, and why.
    #[error(transparent)]
    Check(#[from] CheckError),
}

impl From<StoreError> for PasskeyError {
    fn from(error: StoreError) -> Self {
        Self::Check(error.into())
    }
}
