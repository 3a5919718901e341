//! Why a session ended before its time.

use crate::model::named::named;

named! {
    /// Why a session ended before its time.
    pub enum EndReason {
        /// Its owner logged out, here or everywhere.
        Logout = "logout",
        /// A new login in the same browser took its place (SE-1).
        Replaced = "replaced",
        /// A refresh token was used again after its successor: stolen, or copied (RFC 9700 §4.14.2).
        Reuse = "reuse",
        /// The password was changed or set.
        PasswordChanged = "password_changed",
        /// Its owner has to choose another password.
        PasswordChangeRequired = "password_change_required",
        /// A second factor was added, removed or reset.
        FactorChanged = "factor_changed",
        /// The account was disabled or deleted.
        AccountDisabled = "account_disabled",
        /// Its owner or an administrator ended it from elsewhere.
        Ended = "ended",
        /// The account had more sessions than allowed and this was the oldest (SE-8).
        TooMany = "too_many",
        /// The store was put back to an earlier state after it began (DB-4).
        Restored = "restored",
    }
}

impl EndReason {
    /// Takes the name that a store kept. A reason that only a newer version knows is read as
    /// [`EndReason::Ended`]: the session is over, whatever the reason.
    pub(crate) fn from_stored(name: &str) -> Self {
        Self::from_name(name).unwrap_or(Self::Ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_a_newer_version_ends_a_session_too() {
        assert_eq!(EndReason::from_stored("reuse"), EndReason::Reuse);
        assert_eq!(EndReason::from_stored("eaten_by_a_grue"), EndReason::Ended);
    }
}
