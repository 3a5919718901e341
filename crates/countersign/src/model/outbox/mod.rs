//! What is to be delivered to somebody outside: mails. A rule puts it into its plan, so it is written with its cause or not
//! at all; a sender finds it later, and tries until it succeeds or it is of no use any more. Nothing here knows how anything
//! is sent.

mod change;
mod key;
mod mail;
mod settlement;

pub(crate) use self::change::{add, drop_one, retry};
pub use self::key::{OutboxKey, UnreadableDelivery};
pub use self::mail::*;
pub(crate) use self::settlement::wait;
pub use self::settlement::{DeliveryFailure, Settlement, settle};

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::clock::Timestamp;
use crate::base::id::DeliveryId;
use crate::model::named::named;

named! {
    /// How something is delivered. One sender may know fewer kinds than another.
    pub enum DeliveryKind {
        /// As a mail.
        Mail = "mail",
    }
}

named! {
    /// What became of a delivery.
    pub enum DeliveryState {
        /// It is to be sent.
        Waiting = "waiting",
        /// The other side has taken it.
        Sent = "sent",
        /// It was given up.
        Dead = "dead",
    }
}

/// What is delivered. It is stored as JSON, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Contents {
    /// A mail, which is rendered when it is sent.
    Mail(MailContents),
}

impl Contents {
    /// How it is delivered.
    #[must_use]
    pub const fn kind(&self) -> DeliveryKind {
        match self {
            Self::Mail(_) => DeliveryKind::Mail,
        }
    }

    /// Whom it goes to. What goes to one recipient arrives in the order in which it was written.
    #[must_use]
    pub fn recipient(&self) -> &str {
        match self {
            Self::Mail(mail) => &mail.to,
        }
    }

    /// From when on it is of no use whatever the sender does; none if it can be sent later just as well.
    #[must_use]
    pub fn useless_from(&self) -> Option<Timestamp> {
        match self {
            Self::Mail(mail) => mail.parameters.ticket.map(|ticket| ticket.expires_at),
        }
    }
}

/// A delivery that a plan writes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct NewDelivery {
    /// Its ID; a mail's Message-ID has it.
    pub id: DeliveryId,
    /// How it is delivered.
    pub kind: DeliveryKind,
    /// The keyed hash of its recipient.
    pub lane: String,
    /// Its [`Contents`], sealed.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// It is not sent before.
    pub not_before: Timestamp,
    /// It is not sent from then on.
    pub expires_at: Timestamp,
}

/// A delivery as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct Delivery {
    /// What was written first. `not_before` moves with each attempt.
    pub new: NewDelivery,
    /// How often the other side was asked to take it.
    pub attempts: u32,
    /// Until when a process is delivering it.
    pub lease: Option<Timestamp>,
    /// What became of it.
    pub state: DeliveryState,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was sent, or given up.
    pub ended_at: Option<Timestamp>,
}

/// What a plan does to a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryChange {
    /// It waits again as if it were new, and until `expires_at`.
    Requeue { id: DeliveryId, not_before: Timestamp, expires_at: Timestamp },
    /// It goes.
    Delete(DeliveryId),
}

/// What a sender takes on.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Only these kinds.
    pub kinds: Vec<DeliveryKind>,
    /// How many at most.
    pub limit: u32,
    /// The instant at which they have to be due.
    pub now: Timestamp,
}

impl Claim {
    /// Until when nobody else takes on what is taken on now.
    #[must_use]
    pub fn lease(&self) -> Timestamp {
        self.now.plus(LEASE)
    }
}

/// Which deliveries to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliveryQuery {
    /// Only those in this state.
    pub state: Option<DeliveryState>,
    /// Only this one.
    pub id: Option<DeliveryId>,
    /// How many at most, the oldest first.
    pub limit: u32,
}

/// How full the outbox is, of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxDepth {
    /// The kind.
    pub kind: DeliveryKind,
    /// How many wait.
    pub waiting: u64,
    /// How many were given up.
    pub dead: u64,
    /// When the oldest that waits was made.
    pub oldest: Option<Timestamp>,
}

/// A row of another version of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a kind or state of deliveries that this version does not know")]
pub(crate) struct UnknownDelivery;

/// The longest that one attempt may take. SECURITY: well below the lease, so that no two processes send the same.
pub const LONGEST_ATTEMPT: Duration = Duration::from_mins(1);
/// How long nobody else touches what a process is delivering, also if that process is gone.
const LEASE: Duration = Duration::from_mins(2);
/// How long a delivery is tried that nothing else makes useless.
pub const LONGEST_WAIT: Duration = Duration::from_hours(24);
