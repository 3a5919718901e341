//! What is good once and says itself until when it is good: a pushed request, an assertion of a client. Nothing is kept when it is
//! made, since it is sealed or signed; its hash is kept when it is used, until it is over.

use crate::base::clock::Timestamp;
use crate::model::plan::{Plan, Write};

/// Something that somebody uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// SHA-256 of it, or of what is its own.
    pub hash: [u8; 32],
    /// When it is over by itself.
    pub expires_at: Timestamp,
}

impl Use {
    /// Remembers it. Gives whether this is the first time.
    pub(crate) fn decide(self, was_used: bool) -> Plan<bool> {
        if was_used {
            return Plan::nothing(false);
        }
        Plan::new(true, vec![Write::UseOnce(self)])
    }
}
