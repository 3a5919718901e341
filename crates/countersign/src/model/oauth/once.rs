//! What is good once and says itself until when it is good: a pushed request, an assertion of a client. Nothing is kept when it is
//! made, since it is sealed or signed; its hash is kept when it is used, until it is over.

use super::usage::Use;
use crate::model::plan::{Plan, Write};

impl Use {
    /// Remembers it. Gives whether this is the first time.
    pub(crate) fn decide(self, was_used: bool) -> Plan<bool> {
        if was_used {
            return Plan::nothing(false);
        }
        Plan::new(true, vec![Write::UseOnce(self)])
    }
}
