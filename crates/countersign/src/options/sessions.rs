//! What [`SessionPolicy`] may be.

use std::time::Duration;

use crate::base::out_of_range::{Broken, OutOfRange};
use crate::model::session::SessionPolicy;

impl SessionPolicy {
    /// Whether these rules fit together.
    ///
    /// # Errors
    /// [`OutOfRange`] with the first field that is out of its range, or does not fit the others.
    pub fn check(&self) -> Result<(), OutOfRange> {
        self.broken().into_result()
    }

    pub(super) fn broken(&self) -> Broken {
        let Self { min_age, grace, idle_ttl, absolute_ttl, access_token_ttl, max_sessions } = *self;
        let mut broken = Broken::default();
        let minutes = |from, to| Duration::from_mins(from)..=Duration::from_mins(to);
        let access = minutes(1, 60).contains(&access_token_ttl);
        broken.unless(access, "access_token_ttl", "is not between 1 and 60 minutes (TK-3)");
        broken.unless(grace <= Duration::from_mins(1), "grace", "is not between 0 and 60 seconds (RF-3)");
        broken.unless(min_age <= Duration::from_mins(5), "min_age", "is not between 0 and 5 minutes (RF-3b)");
        let both_off = grace.is_zero() && min_age.is_zero();
        broken.unless(
            both_off || min_age >= grace.saturating_add(CLIENT_TIME_OUT),
            "min_age",
            format!(
                "({min_age:?}) must be at least `grace` ({grace:?}) + {CLIENT_TIME_OUT:?}, or both 0: otherwise tabs that \
                 wake together can log an honest user out"
            ),
        );
        broken.unless(
            idle_ttl <= absolute_ttl,
            "idle_ttl",
            "is longer than `absolute_ttl` and would never end a session",
        );
        broken.unless(
            access_token_ttl <= idle_ttl,
            "access_token_ttl",
            "is longer than `idle_ttl`: tokens would outlive their session",
        );
        broken.unless(max_sessions > 0, "max_sessions", "is 0: an account needs at least one session");
        broken
    }
}

/// How long a client waits for the reply to a refresh before it tries again with the same token.
const CLIENT_TIME_OUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MILLI: Duration = Duration::from_millis(1);

    fn broken(change: impl FnOnce(&mut SessionPolicy)) -> Vec<String> {
        let mut policy = SessionPolicy::default();
        change(&mut policy);
        policy.broken().into_vec().into_iter().map(|error| error.field).collect()
    }

    /// RF-3, RF-3b, TK-3: each bound, and one past it.
    #[test]
    fn each_field_has_its_bounds() {
        assert_eq!(broken(|_| {}), [""; 0]);
        for access in [60, 3_600] {
            assert_eq!(broken(|p| p.access_token_ttl = access * SECOND), [""; 0]);
        }
        for access in [59_999, 3_600_001] {
            assert_eq!(broken(|p| p.access_token_ttl = access * MILLI), ["access_token_ttl"]);
        }
        let grace = |grace, min_age| broken(|p| (p.grace, p.min_age) = (grace, min_age));
        assert_eq!(grace(60 * SECOND, 65 * SECOND), [""; 0]);
        assert_eq!(grace(60 * SECOND + MILLI, 66 * SECOND), ["grace"]);
        assert_eq!(grace(SECOND, 300 * SECOND), [""; 0]);
        assert_eq!(grace(SECOND, 300 * SECOND + MILLI), ["min_age"]);
        assert_eq!(broken(|p| p.max_sessions = 0), ["max_sessions"]);
    }

    /// RF-3b: what the model checker found to log honest users out cannot be configured, by an embedder
    /// either.
    #[test]
    fn the_minimum_age_covers_the_grace_and_a_time_out_unless_both_are_off() {
        let fine = |min_age, grace| broken(|p| (p.min_age, p.grace) = (min_age, grace)).is_empty();
        assert!(fine(20 * SECOND, 15 * SECOND) && fine(5 * SECOND, Duration::ZERO));
        assert!(fine(Duration::ZERO, Duration::ZERO));
        assert!(!fine(19_999 * MILLI, 15 * SECOND) && !fine(Duration::ZERO, MILLI));
        assert!(!fine(4_999 * MILLI, Duration::ZERO));
        let policy = SessionPolicy { min_age: Duration::ZERO, ..SessionPolicy::default() };
        let why = "must be at least `grace` (15s) + 5s, or both 0: otherwise tabs that wake together can log an honest user out";
        assert_eq!(policy.check().unwrap_err().rule, format!("(0ns) {why}"));
    }

    #[test]
    fn a_longer_life_is_not_shorter_than_a_shorter_one() {
        let lives = |access, idle, absolute| {
            broken(|p| {
                (p.access_token_ttl, p.idle_ttl, p.absolute_ttl) =
                    (access * SECOND, idle * SECOND, absolute * SECOND);
            })
        };
        assert_eq!(lives(60, 60, 60), [""; 0]);
        assert_eq!(lives(60, 61, 60), ["idle_ttl"]);
        assert_eq!(lives(61, 60, 60), ["access_token_ttl"]);
    }
}
