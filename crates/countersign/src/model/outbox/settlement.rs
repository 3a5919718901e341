//! What an attempt to deliver something means: it is over, or tried again later, and when. The waits double, so that a
//! mistake of a moment costs seconds and an outage costs few attempts.

use std::time::Duration;

use super::{Delivery, DeliveryState};
use crate::base::clock::Timestamp;
use crate::base::id::DeliveryId;

/// Why something was not delivered. The text is for operators, and is stored and logged: it holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryFailure {
    /// The other side will never take it (an SMTP reply of 500 to 599, RFC 5321 §4.2.1).
    #[error("{0}")]
    Permanent(String),
    /// It may take it later (an SMTP reply of 400 to 499, or no end of the conversation).
    #[error("{0}")]
    Transient(String),
    /// Nothing of this kind can be delivered now: the server cannot be reached, or does not let us in. Says nothing about
    /// this delivery.
    #[error("{0}")]
    Unavailable(String),
}

impl DeliveryFailure {
    /// The same without an address in its text: a server likes to repeat it.
    pub(crate) fn without(self, address: &str) -> Self {
        let replaced = |text: String| match address {
            "" => text,
            address => text.replace(address, "the recipient"),
        };
        match self {
            Self::Permanent(text) => Self::Permanent(replaced(text)),
            Self::Transient(text) => Self::Transient(replaced(text)),
            Self::Unavailable(text) => Self::Unavailable(replaced(text)),
        }
    }
}

/// What is to be stored of an attempt, by whoever still holds the lease that it was made under.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settlement {
    /// The delivery.
    pub id: DeliveryId,
    /// The lease.
    pub lease: Timestamp,
    /// What becomes of it.
    pub state: DeliveryState,
    /// When it is tried again.
    pub not_before: Timestamp,
    /// Attempts up to now.
    pub attempts: u32,
    /// Why it failed.
    pub last_error: Option<String>,
    /// When it was sent, or given up.
    pub ended_at: Option<Timestamp>,
}

/// What an attempt means. A delivery that would be tried again when it is of no use any more is given up at once.
#[must_use]
pub fn settle(delivery: &Delivery, result: Result<(), &DeliveryFailure>, now: Timestamp) -> Settlement {
    let is_of_no_use = |at: Timestamp| at >= delivery.new.expires_at;
    let tried = delivery.attempts.saturating_add(1);
    let (attempts, state, wait) = match result {
        Ok(()) => (tried, DeliveryState::Sent, Duration::ZERO),
        Err(DeliveryFailure::Permanent(_)) => (tried, DeliveryState::Dead, Duration::ZERO),
        Err(DeliveryFailure::Transient(_)) => (tried, DeliveryState::Waiting, wait(tried)),
        Err(DeliveryFailure::Unavailable(_)) => (delivery.attempts, DeliveryState::Waiting, FIRST_WAIT),
    };
    let not_before = now.plus(wait);
    let is_over = state == DeliveryState::Waiting && is_of_no_use(not_before);
    let state = if is_over { DeliveryState::Dead } else { state };
    Settlement {
        id: delivery.new.id,
        lease: delivery.lease.unwrap_or(now),
        state,
        not_before,
        attempts,
        last_error: result.err().map(|error| shortened(&error.to_string())),
        ended_at: (state != DeliveryState::Waiting).then_some(now),
    }
}

/// How long to wait after so many attempts of one delivery, or of everything while nothing can be delivered: 5 s, 10 s, … 6 h.
pub(crate) fn wait(attempts: u32) -> Duration {
    let doubled = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_WAIT.saturating_mul(doubled).min(LAST_WAIT)
}

/// One line, of which a table of the database has room for many.
fn shortened(text: &str) -> String {
    let plain = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    plain.take(LONGEST_ERROR).collect()
}

const FIRST_WAIT: Duration = Duration::from_secs(5);
const LAST_WAIT: Duration = Duration::from_hours(6);
const LONGEST_ERROR: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use crate::model::outbox::{DeliveryKind, NewDelivery};

    const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);
    const DAY: Duration = Duration::from_hours(24);

    fn delivery(attempts: u32, expires_in: Duration) -> Delivery {
        let new = NewDelivery {
            id: DeliveryId::random(&Random::insecure_seeded(1)),
            kind: DeliveryKind::Mail,
            lane: "bob".to_owned(),
            sealed: Vec::new(),
            created_at: T,
            not_before: T,
            expires_at: T.plus(expires_in),
        };
        let (lease, state) = (Some(T.plus(DAY)), DeliveryState::Waiting);
        Delivery { new, attempts, lease, state, last_error: None, ended_at: None }
    }

    #[test]
    fn waits_double_from_five_seconds_to_six_hours() {
        let waits: Vec<_> = (1..=15).map(|attempts| wait(attempts).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10240, 20480, 21600, 21600]);
        assert_eq!(wait(0).as_secs(), 5);
        assert_eq!(wait(u32::MAX).as_secs(), 21600);
    }

    #[test]
    fn each_failure_means_what_it_says() {
        let sent = settle(&delivery(2, DAY), Ok(()), T);
        assert_eq!((sent.state, sent.attempts, sent.ended_at), (DeliveryState::Sent, 3, Some(T)));
        assert_eq!((sent.lease, sent.last_error), (T.plus(DAY), None));

        let text = || "no\r\nX: 1".to_owned();
        let dead = settle(&delivery(0, DAY), Err(&DeliveryFailure::Permanent(text())), T);
        assert_eq!((dead.state, dead.attempts, dead.ended_at), (DeliveryState::Dead, 1, Some(T)));
        assert_eq!(dead.last_error.as_deref(), Some("no  X: 1"));

        let later = settle(&delivery(2, DAY), Err(&DeliveryFailure::Transient(text())), T);
        let twenty = T.plus(Duration::from_secs(20));
        assert_eq!((later.state, later.attempts, later.not_before), (DeliveryState::Waiting, 3, twenty));
        assert_eq!(later.ended_at, None);

        let away = settle(&delivery(9, DAY), Err(&DeliveryFailure::Unavailable(text())), T);
        let five = T.plus(Duration::from_secs(5));
        assert_eq!((away.state, away.attempts, away.not_before), (DeliveryState::Waiting, 9, five));
    }

    /// At the very instant at which it is of no use any more.
    #[test]
    fn what_would_come_too_late_is_given_up() {
        let transient = DeliveryFailure::Transient("later".to_owned());
        for (expires_in, state) in [(5_000, DeliveryState::Dead), (5_001, DeliveryState::Waiting)] {
            let settled = settle(&delivery(0, Duration::from_millis(expires_in)), Err(&transient), T);
            assert_eq!(settled.state, state);
            assert_eq!(settled.ended_at.is_some(), state == DeliveryState::Dead);
        }
        let last = settle(&delivery(0, Duration::ZERO), Ok(()), T);
        assert_eq!(last.state, DeliveryState::Sent, "it has arrived, late or not");
    }

    #[test]
    fn an_error_is_one_short_line() {
        let long = DeliveryFailure::Permanent("é".repeat(1000));
        assert_eq!(settle(&delivery(0, DAY), Err(&long), T).last_error.unwrap().chars().count(), 300);
    }
}
