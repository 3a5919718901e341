//! [`Metrics`]: reads the counters of one system, each time that it is asked.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::list;
use super::metric::{Sample, Value};
use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::figures::{Counts, Histogram, Label};
use crate::model::audit::AuditKind;
use crate::model::outbox::DeliveryState;
use crate::store::Store;

/// The metrics of a system, for a registry of `prometheus_client`.
pub struct Metrics<S>(Arc<Countersign<S>>);

impl<S: Store> Metrics<S> {
    /// Reads this system.
    #[must_use]
    pub const fn new(countersign: Arc<Countersign<S>>) -> Self {
        Self(countersign)
    }

    fn requests(&self) -> impl Iterator<Item = Sample> {
        self.0.figures.requests.read().into_iter().map(|series| {
            let labels = [series.method, &series.route, &series.status.to_string()].map(str::to_owned);
            (labels.to_vec(), Value::Histogram(series.durations))
        })
    }

    /// What came of what people and clients did.
    fn write_flows(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let (figures, store) = (&self.0.figures, self.0.store.reading().figures);
        list::LOGINS.write(to, counts(&figures.logins))?;
        list::REFRESHES.write(to, counts(&figures.refreshes))?;
        list::LOGOUTS.write(to, counts(&figures.logouts))?;
        list::DEVICE_BINDINGS.write(to, counts(&figures.devices.bindings))?;
        list::DEVICE_RENEWALS.write(to, counts(&figures.devices.renewals))?;
        list::DEVICE_SKIPPED.write(to, counts(&figures.devices.skipped))?;
        list::SESSIONS_ENDED.write(to, counts(&store.ended))?;
        list::AUDIT_EVENTS.write(to, counts(&store.events))?;
        let used = counts(&figures.tokens).filter(|(_, count)| *count != Value::Count(0));
        list::TOKENS.write(to, used)?;
        let checks = self.0.guard.stats();
        let results = [
            ("accepted", checks.accepted),
            ("invalid", checks.invalid),
            ("revoked", checks.revoked),
            ("undecided", checks.undecided),
        ];
        list::TOKEN_CHECKS
            .write(to, results.map(|(result, count)| (labels([result]), Value::Count(count))))?;
        list::TOKEN_CACHE_HITS.write(to, [count(checks.cached)])
    }

    fn write_hashing(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let (stats, figures) = (self.0.hasher.stats(), self.0.hasher.figures());
        let kinds = [("verify", &figures.verifying), ("make", &figures.making)];
        list::HASH_DURATION.write(to, kinds.map(|(kind, durations)| (labels([kind]), read(durations))))?;
        list::HASH_WAIT.write(to, [(labels([]), read(&figures.waiting))])?;
        list::HASH_QUEUE.write(to, [many(stats.waiting)])?;
        list::HASH_SHED.write(to, [count(stats.refused)])?;
        list::THROTTLE_RECORDS.write(to, [many(self.0.throttle.records())])?;
        let suspected = self.0.store.reading().figures.events.get(AuditKind::SpraySuspected);
        list::SPRAY_SUSPECTED.write(to, [count(suspected)])
    }

    fn write_store(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let reading = self.0.store.reading();
        let figures = &reading.figures;
        list::COMMIT_DURATION.write(to, [(labels([]), read(&figures.commits))])?;
        list::COMMIT_BATCH.write(to, [(labels([]), read(&figures.batch_sizes))])?;
        list::STORE_QUEUE.write(to, [many(reading.waiting)])?;
        list::STORE_RETRIES.write(to, counts(&figures.retries))?;
        list::STORE_STALLED.write(to, [count(reading.is_stalled.into())])?;
        list::WAL_BYTES.write(to, [count(figures.log_bytes.load(Ordering::Relaxed))])?;
        list::CHECKPOINT_DURATION.write(to, [(labels([]), read(&figures.checkpoints))])?;
        list::CLOCK_OFFSET.write(to, [seconds(self.0.clock_notice.measured())])
    }

    fn write_feed(&self, to: &mut DescriptorEncoder<'_>, now: Timestamp) -> fmt::Result {
        let followers = self.0.feed.followers();
        let lag = followers.iter().map(|follower| follower.lag).max().unwrap_or_default();
        list::REVOCATIONS_LIVE.write(to, [many(self.0.guard.revocations().len())])?;
        let behind = now.as_unix_millis() - self.0.figures.followed_at().as_unix_millis();
        list::REVOCATION_LAG.write(to, [seconds(behind.max(0))])?;
        list::FEED_FOLLOWERS.write(to, [many(followers.len())])?;
        list::FEED_LAG.write(to, [(labels([]), Value::Number(lag.as_secs_f64()))])
    }

    fn write_outbox(&self, to: &mut DescriptorEncoder<'_>, now: Timestamp) -> fmt::Result {
        let (figures, depths) = (&self.0.figures, self.0.figures.outbox.load());
        list::MAIL_REQUESTS.write(to, counts(&figures.mail_requests))?;
        list::DELIVERIES.write(to, counts(&figures.deliveries))?;
        let states = depths.iter().flat_map(|depth| {
            let of = |state: DeliveryState, count| {
                (labels([depth.kind.name(), state.name()]), Value::Count(count))
            };
            [of(DeliveryState::Waiting, depth.waiting), of(DeliveryState::Dead, depth.dead)]
        });
        list::OUTBOX.write(to, states)?;
        let ages = depths.iter().filter_map(|depth| {
            let age = now.since(depth.oldest?);
            Some((labels([depth.kind.name()]), Value::Number(age.as_secs_f64())))
        });
        list::OUTBOX_AGE.write(to, ages)
    }

    fn write_keys(&self, to: &mut DescriptorEncoder<'_>, now: Timestamp) -> fmt::Result {
        let keys = self.0.list_keys(now);
        let ages = keys.iter().map(|key| {
            let (_, age) = seconds(now.as_unix_millis() - key.created_at.as_unix_millis());
            (labels([&key.kid, key.state.name()]), age)
        });
        list::KEY_AGE.write(to, ages)?;
        let until = |at: Timestamp| seconds(at.as_unix_millis() - now.as_unix_millis());
        let next = self.0.next_key_at(now).map(until);
        list::KEY_NEXT.write(to, next)
    }
}

impl<S: Store + 'static> Collector for Metrics<S> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let now = self.0.clock.now();
        list::REQUESTS.write(&mut encoder, self.requests())?;
        self.write_flows(&mut encoder)?;
        self.write_hashing(&mut encoder)?;
        self.write_store(&mut encoder)?;
        self.write_feed(&mut encoder, now)?;
        self.write_outbox(&mut encoder, now)?;
        self.write_keys(&mut encoder, now)
    }
}

impl<S> fmt::Debug for Metrics<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metrics").field(&self.0).finish()
    }
}

fn labels<const N: usize>(labels: [&str; N]) -> Vec<String> {
    labels.map(str::to_owned).to_vec()
}

fn counts<L: Label>(counts: &Counts<L>) -> impl Iterator<Item = Sample> {
    counts.all().map(|(label, count)| (labels([label.label()]), Value::Count(count)))
}

fn read(histogram: &Histogram) -> Value {
    Value::Histogram(histogram.read())
}

fn count(count: u64) -> Sample {
    (Vec::new(), Value::Count(count))
}

fn many(count: usize) -> Sample {
    (Vec::new(), Value::Count(u64::try_from(count).unwrap_or(u64::MAX)))
}

/// Of milliseconds.
#[expect(clippy::cast_precision_loss, reason = "no difference of times that matters has 2^53 milliseconds")]
fn seconds(millis: i64) -> Sample {
    (Vec::new(), Value::Number(millis as f64 / 1000.0))
}
