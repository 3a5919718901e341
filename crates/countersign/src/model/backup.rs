//! That a backup was made.

use crate::base::clock::Timestamp;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::milestone::Milestone;
use crate::model::plan::{Plan, Write};

/// A backup of what was there at this instant is whole.
pub(crate) fn backed_up(at: Timestamp) -> Plan<()> {
    let write = Write::SetMilestone { milestone: Milestone::BackedUp, at };
    Plan::new((), vec![write, Write::Record(AuditEvent::new(AuditKind::BackupMade))])
}
