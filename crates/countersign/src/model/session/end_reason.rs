//! Why a session ended before its time.

/// Why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// Its owner logged out, here or everywhere.
    Logout,
    /// A new login in the same browser took its place (SE-1).
    Replaced,
    /// A refresh token was used again after its successor: stolen, or copied (RFC 9700 §4.14.2).
    Reuse,
    /// The password was changed or set.
    PasswordChanged,
    /// Its owner has to choose another password.
    PasswordChangeRequired,
    /// The account was disabled or deleted.
    AccountDisabled,
    /// Its owner or an administrator ended it from elsewhere.
    Ended,
    /// The account had more sessions than allowed and this was the oldest (SE-8).
    TooMany,
}

impl EndReason {
    /// Every reason with the stable name that stores and audit logs keep.
    pub const NAMES: [(Self, &'static str); 8] = [
        (Self::Logout, "logout"),
        (Self::Replaced, "replaced"),
        (Self::Reuse, "reuse"),
        (Self::PasswordChanged, "password_changed"),
        (Self::PasswordChangeRequired, "password_change_required"),
        (Self::AccountDisabled, "account_disabled"),
        (Self::Ended, "ended"),
        (Self::TooMany, "too_many"),
    ];

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(reason, _)| *reason == self).map_or("ended", |(_, name)| name)
    }

    /// The reason with this stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(reason, _)| *reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_reason_has_a_name_of_its_own() {
        for (reason, name) in EndReason::NAMES {
            assert_eq!(reason.name(), name);
            assert_eq!(EndReason::from_name(name), Some(reason));
        }
        assert_eq!(EndReason::from_name("nonsense"), None);
    }
}
