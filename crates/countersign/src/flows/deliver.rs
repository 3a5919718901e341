//! Delivering what is in the outbox. Any process may: what one has taken on, no other touches for two minutes. It is woken by
//! what this process writes, and looks every second for what others did. A process that dies between the other side's
//! response and its commit leaves the delivery to be made again: it may arrive twice, under one ID.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::DeliveryId;
use crate::flows::figures::DeliveryResult;
use crate::mail::OutgoingMail;
use crate::model::outbox::{
    Claim, Contents, Delivery, DeliveryFailure, DeliveryKind, DeliveryState, LONGEST_ATTEMPT, MailContents,
    Settlement, UnreadableDelivery, settle, wait,
};
use crate::store::Store;

impl<S: Store> Countersign<S> {
    /// Delivers what is due, until it is dropped.
    pub(crate) async fn run_deliveries(&self) {
        let (mut sending, mut pauses, mut looked_at) = (FuturesUnordered::new(), Pauses::default(), None);
        loop {
            let now = self.clock.now();
            if looked_at.is_none_or(|at| now.since(at) >= LOOK_EVERY) {
                looked_at = Some(now);
                self.look_at_outbox().await;
            }
            let kinds = self.deliverable().into_iter().filter(|kind| !pauses.is_on(*kind, now)).collect();
            let limit = u32::try_from(AT_ONCE.saturating_sub(sending.len())).unwrap_or(0);
            for delivery in self.claim(Claim { kinds, limit, now }).await {
                sending.push(self.deliver(delivery));
            }
            let woken = std::pin::pin!(tokio::time::timeout(TURN, self.store.new_deliveries().notified()));
            if sending.is_empty() {
                let _ = woken.await;
            } else if let Either::Left((Some((kind, result, at)), _)) = select(sending.next(), woken).await {
                pauses.note(kind, result, at);
            }
        }
    }

    /// The kinds that this process can deliver.
    fn deliverable(&self) -> Vec<DeliveryKind> {
        let can = |kind: &&DeliveryKind| match kind {
            DeliveryKind::Mail => self.mail.load().is_some(),
        };
        DeliveryKind::ALL.iter().filter(can).copied().collect()
    }

    async fn claim(&self, claim: Claim) -> Vec<Delivery> {
        if claim.kinds.is_empty() || claim.limit == 0 {
            return Vec::new();
        }
        self.store.claim_deliveries(claim).await.unwrap_or_else(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "cannot look into the outbox, will be tried again");
            Vec::new()
        })
    }

    /// One attempt, until its result is stored; and when it ended.
    async fn deliver(&self, delivery: Delivery) -> (DeliveryKind, DeliveryResult, Timestamp) {
        let result = if self.clock.now() >= delivery.new.expires_at {
            Err(DeliveryFailure::Permanent("it was of no use any more".to_owned()))
        } else {
            let tried = tokio::time::timeout(LONGEST_ATTEMPT, self.try_delivery(&delivery)).await;
            tried.unwrap_or_else(|_| Err(DeliveryFailure::Transient("no end within a minute".to_owned())))
        };
        let at = self.clock.now();
        let settlement = settle(&delivery, result.as_ref().copied(), at);
        let outcome = match (&result, settlement.state) {
            (_, DeliveryState::Sent) => DeliveryResult::Sent,
            (_, DeliveryState::Dead) => DeliveryResult::Dead,
            (Err(DeliveryFailure::Unavailable(_)), _) => DeliveryResult::Unavailable,
            (_, DeliveryState::Waiting) => DeliveryResult::Failed,
        };
        self.figures.deliveries.increment(outcome);
        log(&delivery, &settlement, outcome);
        self.store_result(settlement).await;
        (delivery.new.kind, outcome, at)
    }

    async fn try_delivery(&self, delivery: &Delivery) -> Result<(), DeliveryFailure> {
        match self.outbox_key.contents(delivery) {
            Ok(Contents::Mail(mail)) => self.send_mail(delivery.new.id, &mail).await,
            // A node of that version may come by.
            Err(error @ UnreadableDelivery::Form(_)) => Err(DeliveryFailure::Transient(error.to_string())),
            Err(error @ UnreadableDelivery::Sealed(_)) => Err(DeliveryFailure::Permanent(error.to_string())),
        }
    }

    /// Renders a mail and gives it to whoever takes mails.
    pub(crate) async fn send_mail(&self, id: DeliveryId, mail: &MailContents) -> Result<(), DeliveryFailure> {
        let Some(options) = self.mail.load_full() else {
            return Err(DeliveryFailure::Unavailable("no mail server is configured".to_owned()));
        };
        let mut outgoing = OutgoingMail::new(id, &options.from, &mail.to);
        outgoing.reply_to.clone_from(&options.reply_to);
        match self.render_mail(mail, outgoing).await? {
            Some(outgoing) => options.mailer.send(outgoing).await,
            // SECURITY: nothing shows that an address has no account, not even a mail that was given up (EN-4).
            None => Ok(()),
        }
    }

    /// Says so again until the lease is over: what was sent and is not known to be would be sent again.
    async fn store_result(&self, settlement: Settlement) {
        loop {
            match self.store.settle_delivery(settlement.clone()).await {
                Ok(true) => return,
                Ok(false) => {
                    return tracing::warn!(id = %settlement.id, "another process has delivered this too");
                }
                Err(_) if self.clock.now() < settlement.lease => tokio::time::sleep(TURN).await,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    return tracing::warn!(error, id = %settlement.id, "the result of a delivery is lost: it is made again");
                }
            }
        }
    }

    /// For metrics: how full the outbox is.
    async fn look_at_outbox(&self) {
        if let Ok(depths) = self.store.outbox_depths().await {
            self.figures.outbox.store(Arc::new(depths));
        }
    }
}

/// Kinds of which nothing can be delivered now: nobody asks a server that is down about each of a thousand mails.
#[derive(Default)]
struct Pauses(Vec<Pause>);

struct Pause {
    kind: DeliveryKind,
    failures: u32,
    until: Timestamp,
}

impl Pauses {
    fn is_on(&self, kind: DeliveryKind, now: Timestamp) -> bool {
        self.0.iter().any(|pause| pause.kind == kind && now < pause.until)
    }

    /// Attempts that were on their way together lengthen a pause once.
    fn note(&mut self, kind: DeliveryKind, result: DeliveryResult, now: Timestamp) {
        if result != DeliveryResult::Unavailable {
            self.0.retain(|pause| pause.kind != kind);
        } else if !self.is_on(kind, now) {
            let failures =
                self.0.iter().find(|pause| pause.kind == kind).map_or(1, |pause| pause.failures + 1);
            self.0.retain(|pause| pause.kind != kind);
            self.0.push(Pause { kind, failures, until: now.plus(wait(failures).min(LONGEST_PAUSE)) });
        }
    }
}

/// A failure is for the operator; a delivery that worked is worth a line only to whoever looks for one.
fn log(delivery: &Delivery, settlement: &Settlement, outcome: DeliveryResult) {
    let (id, kind, attempts) = (delivery.new.id, delivery.new.kind.name(), settlement.attempts);
    let why = settlement.last_error.as_deref();
    match outcome {
        DeliveryResult::Sent => tracing::debug!(%id, kind, attempts, "delivered"),
        DeliveryResult::Dead => tracing::warn!(%id, kind, attempts, why, "a delivery was given up"),
        DeliveryResult::Failed | DeliveryResult::Unavailable => {
            tracing::info!(%id, kind, attempts, why, again = %settlement.not_before, "a delivery failed for now");
        }
    }
}

/// To different recipients.
const AT_ONCE: usize = 8;
/// What another process has written is found within this time.
const TURN: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// After an outage, mails go out within this time.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;

    const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);

    #[test]
    fn a_pause_grows_to_a_minute_and_ends_with_a_success() {
        let (mut pauses, mut now, kind) = (Pauses::default(), T, DeliveryKind::Mail);
        assert!(!pauses.is_on(kind, now));
        for seconds in [5, 10, 20, 40, 60, 60] {
            for _ in 0..8 {
                pauses.note(kind, DeliveryResult::Unavailable, now);
            }
            let end = now.plus(Duration::from_secs(seconds));
            assert!(pauses.is_on(kind, end.minus(Duration::from_millis(1))) && !pauses.is_on(kind, end));
            now = end;
        }
        pauses.note(kind, DeliveryResult::Failed, now);
        pauses.note(kind, DeliveryResult::Unavailable, now);
        assert!(!pauses.is_on(kind, now.plus(Duration::from_secs(5))), "it begins again");
    }
}
