//! The contract for the audit log.

use tracing::field::display;

use super::answer::{Answer, Sealed};
use super::figures::StoreFigures;
use crate::model::audit::{AuditEvent, AuditKind, AuditPage, AuditQuery};
use crate::model::context::{Context, Origin};

/// Keeps what was done. Most lines are written by the verbs of the other traits, in the transaction of the
/// change that they describe (LG-5).
pub trait AuditStore: Sealed {
    /// Writes an event that goes with no change: a failed login.
    fn record(&self, event: AuditEvent, context: &Context) -> impl Answer<()>;

    /// Reads the audit log, oldest first. Whoever goes on with the cursor of the page misses no line, also where several
    /// nodes write the log; a line may come twice when another copy of the database takes over. A line of a newer version, with a kind that this one does not know,
    /// is given with the name that it was stored under: it never makes the others unreadable.
    fn audit_log(&self, query: AuditQuery) -> impl Answer<AuditPage>;
}

/// Logs and counts what a change has recorded: after its commit, and in the span of its request. So the log shows what is in
/// the audit log, nothing that was rolled back, and nothing that the audit log may not contain (LG-2).
pub(crate) fn log(recorded: &[AuditEvent], origin: &Origin, figures: &StoreFigures) {
    figures.recorded(recorded);
    for event in recorded {
        // The name of a person who is gone stays in one place, which has a time limit.
        let detail = event.detail.as_deref().filter(|_| event.kind != AuditKind::AccountDeleted);
        let kind = event.kind.name();
        let (account, session) = (event.account_id.map(display), event.session_id.map(display));
        let (actor, by) = (origin.actor.name(), origin.actor.account_id().map(display));
        let address = origin.address.map(display);
        if event.kind.is_alarm() {
            tracing::warn!(kind, account, session, detail, actor, by, address, "audit");
        } else {
            tracing::info!(kind, account, session, detail, actor, by, address, "audit");
        }
    }
}
