//! A feed that is fed by another one.

use super::{Ended, Feed};
use crate::feed::wire::Revoked;

impl Feed {
    /// Adds what another feed has said. It is new to this one's followers, whenever it ended.
    pub(crate) fn pass_on(&self, revoked: Revoked) {
        let Revoked { until, sid, .. } = revoked;
        let known_at = Some(self.0.now());
        self.record(sid.into_iter().map(|session_id| Ended { session_id, until, known_at }));
    }

    /// Says that it has everything but what ended in the last `lag` milliseconds. In its own time: followers compare it with
    /// the clock of this process, not with that of the first one.
    pub(crate) fn complete_except(&self, lag: i64, keys: Option<&str>) {
        self.synced(self.0.now().saturating_sub(lag), keys.map(str::to_owned));
    }
}
