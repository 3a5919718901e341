//! What remains of an ended session: until when its access tokens have to be refused, and the log that guards
//! follow.

use crate::base::clock::Timestamp;
use crate::base::id::SessionId;

/// A session that a call has just ended; its access tokens must stop working at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedSession {
    /// The session.
    pub id: SessionId,
    /// Until when access tokens of it may run.
    pub until: Timestamp,
}

/// One line of the revocation log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Its place; grows, never given twice.
    pub sequence: i64,
    /// The session that ended, and until when that matters.
    pub ended: EndedSession,
}
