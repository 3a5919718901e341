//! The contract for what is to be delivered to somebody outside.

use tokio::sync::Notify;

use super::answer::{Answer, Sealed};
use crate::base::clock::Timestamp;
use crate::base::id::DeliveryId;
use crate::model::context::Context;
use crate::model::outbox::{Claim, Delivery, DeliveryQuery, NewDelivery, OutboxDepth, Settlement};

/// Keeps deliveries until they are made. Most are written by the plan of their cause.
pub trait OutboxStore: Sealed {
    /// Writes one that has no other cause than that somebody asked for it.
    fn add_delivery(&self, delivery: NewDelivery, context: &Context) -> impl Answer<()>;

    /// Takes on deliveries that are due, those that have been due for longest first, and nothing that another process has taken
    /// on: nobody else gets them before the lease of the claim is over. Of a lane it gives the oldest that waits or none, so what
    /// goes to one recipient is sent one by one, in the order in which it was written.
    fn claim_deliveries(&self, claim: Claim) -> impl Answer<Vec<Delivery>>;

    /// Stores what an attempt came to; gives whether the lease that it was made under was still held.
    fn settle_delivery(&self, settlement: Settlement) -> impl Answer<bool>;

    /// Deliveries, the oldest first. Those of kinds that a newer version has made are left out.
    fn list_deliveries(&self, query: DeliveryQuery) -> impl Answer<Vec<Delivery>>;

    /// Tries one again as if it were new, and until this instant; gives whether there was one that is not sent yet.
    fn retry_delivery(&self, id: DeliveryId, expires_at: Timestamp, context: &Context) -> impl Answer<bool>;

    /// Forgets one; gives whether there was one that nobody was sending.
    fn drop_delivery(&self, id: DeliveryId, context: &Context) -> impl Answer<bool>;

    /// How many there are of each kind.
    fn outbox_depths(&self) -> impl Answer<Vec<OutboxDepth>>;

    /// Wakes a sender when this process has written a delivery.
    fn new_deliveries(&self) -> &Notify;
}
