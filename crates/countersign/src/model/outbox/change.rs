//! What an operator does to deliveries.

use super::{Delivery, DeliveryChange, DeliveryState, NewDelivery};
use crate::base::clock::Timestamp;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};

/// A delivery that goes with no other change.
pub(crate) fn add(delivery: NewDelivery) -> Plan<()> {
    Plan::new((), vec![Write::InsertDelivery(Box::new(delivery))])
}

/// Tries a delivery at once, as if it were new, and until `expires_at`; one that was sent is not sent again.
pub(crate) fn retry(found: Option<Delivery>, expires_at: Timestamp, now: Timestamp) -> Plan<bool> {
    let Some(found) = found.filter(|found| found.state != DeliveryState::Sent && !found.is_taken(now)) else {
        return Plan::nothing(false);
    };
    let requeued = DeliveryChange::Requeue { id: found.new.id, not_before: now, expires_at };
    Plan::new(true, vec![Write::ChangeDelivery(requeued), record(AuditKind::DeliveryRetried, &found)])
}

/// Forgets a delivery; one that is being sent at this moment stays.
pub(crate) fn drop_one(found: Option<Delivery>, now: Timestamp) -> Plan<bool> {
    let Some(found) = found.filter(|found| !found.is_taken(now)) else { return Plan::nothing(false) };
    let event = record(AuditKind::DeliveryDropped, &found);
    Plan::new(true, vec![Write::ChangeDelivery(DeliveryChange::Delete(found.new.id)), event])
}

fn record(kind: AuditKind, delivery: &Delivery) -> Write {
    let NewDelivery { id, kind: delivered_as, .. } = &delivery.new;
    Write::Record(AuditEvent::new(kind).with_detail(format!("{} {id}", delivered_as.name())))
}

impl Delivery {
    /// Whether a process is delivering it.
    fn is_taken(&self, now: Timestamp) -> bool {
        self.state == DeliveryState::Waiting && self.lease.is_some_and(|until| until > now)
    }
}
