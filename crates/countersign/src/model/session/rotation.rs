//! What a session is and which refresh tokens it answers: [`decide`] is the rotation rule, a pure function that the
//! stores and the model checker share. It knows nothing of databases, cookies or clocks.
//!
//! A session is one login on one device and one row for its whole life. Its *generation* counts how often its refresh
//! token has been rotated; the token of the newest generation is the one in the cookie jar.

use std::net::IpAddr;
use std::time::Duration;

use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};

/// One login on one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id; the `sid` claim.
    pub id: SessionId,
    /// Whose it is.
    pub account_id: AccountId,
    /// When the password was checked; the `auth_time` claim.
    pub created_at: Timestamp,
    /// The absolute end, set at login and never moved (RF-8).
    pub expires_at: Timestamp,
    /// The newest generation.
    pub generation: u32,
    /// When the newest generation was made: at login or at the last rotation.
    pub rotated_at: Timestamp,
    /// When and why it ended early.
    pub revoked: Option<(Timestamp, EndReason)>,
    /// The `User-Agent` of the login, cut to 256 bytes.
    pub user_agent: Option<String>,
    /// The client address of the login or of the last rotation.
    pub address: Option<IpAddr>,
}

impl Session {
    /// When this session ends if nothing more happens to it: the earlier of its idle and its absolute end.
    #[must_use]
    pub fn ends_at(&self, policy: &SessionPolicy) -> Timestamp {
        self.expires_at.min(self.rotated_at.plus(policy.idle_ttl))
    }

    /// Whether a refresh or a logout may still act on it.
    #[must_use]
    pub fn is_alive(&self, policy: &SessionPolicy, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.ends_at(policy)
    }
}

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

/// The rules of a session's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPolicy {
    /// *R*: a newest token younger than this is answered without a rotation, so that tabs that wake together do not
    /// race (RF-3b). Must be at least `grace` plus the client's time-out, unless both are zero.
    pub min_age: Duration,
    /// How long after a rotation the parent still gets the same successor again (RF-3). 0 to 60 s; 0 is the letter of
    /// OAuth: every second use of a token ends the session. A client that gives up on a try after T and pauses for P
    /// before the next survives L lost replies with messages under way for D at most if this is at least
    /// L(T + P) + 3D: 13 s for one loss with T = 5 s, P < 0.4 s, D = 2.5 s.
    pub grace: Duration,
    /// How long a session lives without a rotation.
    pub idle_ttl: Duration,
    /// How long a session lives at most, counted from login.
    pub absolute_ttl: Duration,
    /// How long an access token lives; the end of a session is remembered for so long. 1 to 60 minutes.
    pub access_token_ttl: Duration,
    /// How many live sessions an account has at most.
    pub max_sessions: u32,
}

impl Default for SessionPolicy {
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            min_age: Duration::from_secs(20),
            grace: Duration::from_secs(15),
            idle_ttl: Duration::from_secs(7 * DAY),
            absolute_ttl: Duration::from_secs(30 * DAY),
            access_token_ttl: Duration::from_secs(15 * 60),
            max_sessions: 50,
        }
    }
}

/// What a presented refresh token, whose tag and secret are already proved, means for its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The newest token, and young: a new access token, nothing is written, no cookie is set.
    Fresh,
    /// The newest token: rotate to this generation.
    Advance {
        /// The new newest generation.
        to: u32,
    },
    /// The parent, soon after its rotation: the same successor again, nothing is written.
    Replay,
    /// An older token: somebody holds a copy. The session must be revoked.
    Reuse,
    /// A token that we issued and do not remember: the database was restored or failed over to an older state. It
    /// becomes the newest again, made just now, so that an honest client survives it (RF-6); no cookie is set. (Moving
    /// on to its successor would turn a request that is still under way with its parent into a reuse: the model
    /// checker's trace is in `tests/rotation_model`.)
    Heal {
        /// The new newest generation: the one presented.
        to: u32,
    },
    /// Past its idle or absolute end.
    Expired,
    /// Ended early, and why.
    Revoked(EndReason),
}

/// The rotation rule. `presented` is the generation in a token whose tag proves that we issued it for this session.
///
/// The window of the parent is anchored at the rotation and never extended, or a thief and the owner could follow each
/// other for ever; it is for the immediate parent only; and the successor is the *same* one each time, or two lineages
/// would live. `Fresh` closes the last hole: without it three tabs that wake together can turn an honest parent into a
/// grandparent.
#[must_use]
pub fn decide(session: &Session, presented: u32, policy: &SessionPolicy, now: Timestamp) -> Decision {
    if let Some((_, reason)) = session.revoked {
        return Decision::Revoked(reason);
    }
    if now >= session.ends_at(policy) {
        return Decision::Expired;
    }
    let newest = session.generation;
    let Some(next) = presented.checked_add(1) else {
        return Decision::Expired;
    };
    if presented > newest {
        Decision::Heal { to: presented }
    } else if presented == newest {
        if now < session.rotated_at.plus(policy.min_age) {
            Decision::Fresh
        } else {
            Decision::Advance { to: next }
        }
    } else if next == newest && now < session.rotated_at.plus(policy.grace) {
        Decision::Replay
    } else {
        Decision::Reuse
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);
    const MS: Duration = Duration::from_millis(1);

    fn session(generation: u32) -> Session {
        let random = Random::insecure_seeded(1);
        Session {
            id: SessionId::random(&random),
            account_id: AccountId::random(&random),
            created_at: T,
            expires_at: T.plus(SessionPolicy::default().absolute_ttl),
            generation,
            rotated_at: T,
            revoked: None,
            user_agent: None,
            address: None,
        }
    }

    /// Every row of the rotation table, each time limit at −1 ms, 0 and +1 ms (RF-3, RF-3b, RF-4, RF-6).
    #[test]
    fn every_row_of_the_rotation_table_at_its_boundaries() {
        let policy = SessionPolicy::default();
        let (r, grace, idle) = (policy.min_age, policy.grace, policy.idle_ttl);
        let advance = Decision::Advance { to: 6 };
        let rows = [
            // the newest token
            (5, Duration::ZERO, Decision::Fresh),
            (5, r.saturating_sub(MS), Decision::Fresh),
            (5, r, advance),
            (5, r + MS, advance),
            (5, idle.saturating_sub(MS), advance),
            (5, idle, Decision::Expired),
            (5, idle + MS, Decision::Expired),
            // its parent
            (4, Duration::ZERO, Decision::Replay),
            (4, grace.saturating_sub(MS), Decision::Replay),
            (4, grace, Decision::Reuse),
            (4, grace + MS, Decision::Reuse),
            (4, idle.saturating_sub(MS), Decision::Reuse),
            (4, idle, Decision::Expired),
            // older
            (3, Duration::ZERO, Decision::Reuse),
            (0, Duration::ZERO, Decision::Reuse),
            (3, idle, Decision::Expired),
            // ahead of the database
            (6, Duration::ZERO, Decision::Heal { to: 6 }),
            (9, r, Decision::Heal { to: 9 }),
            (9, idle, Decision::Expired),
            (u32::MAX, r, Decision::Expired),
        ];
        for (presented, after, expected) in rows {
            assert_eq!(
                decide(&session(5), presented, &policy, T.plus(after)),
                expected,
                "generation {presented} after {after:?}"
            );
        }
    }

    /// RF-8: a rotation just before the absolute end does not move it.
    #[test]
    fn sliding_never_passes_the_absolute_end() {
        let policy = SessionPolicy::default();
        let end = T.plus(policy.absolute_ttl);
        let mut session = session(5);
        session.rotated_at = end.minus(Duration::from_secs(3600));
        for (at, expected) in [
            (end.minus(MS), Decision::Advance { to: 6 }),
            (end, Decision::Expired),
            (end.plus(MS), Decision::Expired),
        ] {
            assert_eq!(decide(&session, 5, &policy, at), expected);
        }
    }

    #[test]
    fn a_revoked_session_answers_every_token_with_its_reason() {
        let mut session = session(5);
        session.revoked = Some((T, EndReason::Logout));
        for presented in [0, 4, 5, 6, u32::MAX] {
            assert_eq!(
                decide(&session, presented, &SessionPolicy::default(), T),
                Decision::Revoked(EndReason::Logout)
            );
        }
    }

    #[test]
    fn without_grace_and_minimum_age_every_second_use_is_reuse() {
        let policy =
            SessionPolicy { min_age: Duration::ZERO, grace: Duration::ZERO, ..SessionPolicy::default() };
        assert_eq!(decide(&session(5), 5, &policy, T), Decision::Advance { to: 6 });
        assert_eq!(decide(&session(5), 4, &policy, T), Decision::Reuse);
    }

    /// OP-9: a clock that jumped back neither rotates nor ends anything.
    #[test]
    fn a_clock_that_jumped_back_is_harmless() {
        let before = T.minus(Duration::from_secs(3600));
        let policy = SessionPolicy::default();
        assert_eq!(decide(&session(5), 5, &policy, before), Decision::Fresh);
        assert_eq!(decide(&session(5), 4, &policy, before), Decision::Replay);
    }

    #[test]
    fn every_end_reason_has_a_name_of_its_own() {
        for (reason, name) in EndReason::NAMES {
            assert_eq!(reason.name(), name);
            assert_eq!(EndReason::from_name(name), Some(reason));
        }
        assert_eq!(EndReason::from_name("nonsense"), None);
    }
}
