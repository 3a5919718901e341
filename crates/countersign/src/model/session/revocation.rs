//! What remains of an ended session: until when its access tokens have to be refused, and the log that guards
//! follow.

use std::time::Duration;

use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::seen::{Seen, ServerRun};

/// A session that a call has just ended; its access tokens must stop working at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedSession {
    /// The session.
    pub id: SessionId,
    /// Until when access tokens of it may run, on a machine whose clock is set back too.
    pub until: Timestamp,
}

impl EndedSession {
    /// Until when a verifier with a right clock may accept the last access token: an hour earlier than
    /// [`until`](Self::until). Other services have to hold so many ended sessions that the hour counts.
    #[must_use]
    pub fn last_token_at(&self) -> Timestamp {
        self.until.minus(CLOCK_SET_BACK)
    }
}

/// A clock that is set back by an hour must not bring the tokens of ended sessions back to life (OP-9).
const CLOCK_SET_BACK: Duration = Duration::from_hours(1);
/// Verifiers may accept a token for two minutes more (VF-10), and one more can be made until the end of the
/// session is committed.
const LATE_TOKENS: Duration = Duration::from_mins(5);
/// For how long after the expiry of its last access token an ended session matters.
pub(super) const MARGIN: Duration = CLOCK_SET_BACK.saturating_add(LATE_TOKENS);

/// One line of the revocation log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The session that ended, and until when that matters.
    pub ended: EndedSession,
    /// Whose it was; unknown for lines of older versions.
    pub account_id: Option<AccountId>,
    /// When it was ended, by the clock of the process that did; unknown for lines of older versions.
    pub ended_at: Option<Timestamp>,
}

/// The most entries in one page of the revocation log.
pub(crate) const REVOCATIONS_AT_ONCE: u32 = 10_000;

/// A page of the revocation log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationPage {
    /// What ended.
    pub log: Vec<Revocation>,
    /// Where to go on.
    pub cursor: RevocationCursor,
    /// There may be more at once.
    pub has_more: bool,
    /// Another copy of the database may have taken the place of the one that the cursor was given by: this page is
    /// the first of all that it has.
    pub is_anew: bool,
    /// All sessions that began before this have ended, though the log does not name them.
    pub not_before: Option<Timestamp>,
}

/// How far somebody has read the revocation log. Only the store that gave it can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationCursor(pub(crate) RevocationPlace);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RevocationPlace {
    /// After this entry, in a log that one writes.
    After(i64),
    /// After what these transactions wrote, in a log that many write.
    Seen(ServerRun, Seen),
}

/// How long an ended session is of use to other services, whose access tokens live so long.
pub(crate) const fn feed_retention(access_token_ttl: Duration) -> Duration {
    access_token_ttl.saturating_add(LATE_TOKENS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    #[test]
    fn other_services_forget_an_hour_earlier() {
        let until = Timestamp::from_unix_millis(7_200_000);
        let ended = EndedSession { id: SessionId::random(&Random::insecure_seeded(1)), until };
        assert_eq!(ended.last_token_at(), Timestamp::from_unix_millis(3_600_000));
        assert_eq!(MARGIN, Duration::from_mins(65));
    }
}
