//! How many lines of one kind the log takes, so that no flood of failed sign-ins fills the disk (LG-7): a
//! hundred at once, then one a second. What is left out is counted, and said once a minute.
//!
//! A kind is a place in the code; for audit events, also the `kind` of event, so that failed sign-ins do not
//! use up the lines of an administrator's acts. The access log, which is off by default, is not limited: who
//! turns it on wants every request.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign::Clock;
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Filter};

/// The limit of every kind of line. Clones share it.
#[derive(Clone)]
pub(crate) struct LineLimit(Arc<Shared>);

struct Shared {
    clock: Clock,
    kinds: Mutex<HashMap<(Identifier, String), Kind>>,
}

#[derive(Debug)]
struct Kind {
    left: u32,
    /// When the last line was given back.
    filled_at: Duration,
    left_out: u64,
    message: String,
}

impl LineLimit {
    pub(crate) fn new(clock: Clock) -> Self {
        Self(Arc::new(Shared { clock, kinds: Mutex::default() }))
    }

    /// Logs how many lines were left out since the last call, a line for each kind.
    pub(crate) fn log_left_out(&self) {
        for (message, left_out) in self.take_left_out() {
            tracing::warn!(left_out, like = message, "log lines left out: there were too many of them");
        }
    }

    fn take_left_out(&self) -> Vec<(String, u64)> {
        let mut kinds = self.0.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = kinds.values_mut().filter(|kind| kind.left_out > 0);
        taken.map(|kind| (kind.message.clone(), std::mem::take(&mut kind.left_out))).collect()
    }

    fn allows(&self, event: &Event<'_>) -> bool {
        let metadata = event.metadata();
        if metadata.target() == ACCESS {
            return true;
        }
        let mut said = Said::default();
        event.record(&mut said);
        let now = self.0.clock.monotonic();
        let mut kinds = self.0.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let message = said.message;
        let message = if said.kind.is_empty() { message } else { format!("{message} kind={}", said.kind) };
        let kind = kinds.entry((metadata.callsite(), said.kind)).or_insert_with(|| Kind {
            left: BURST,
            filled_at: now,
            left_out: 0,
            message,
        });
        kind.take(now)
    }
}

impl Kind {
    fn take(&mut self, now: Duration) -> bool {
        let seconds = now.saturating_sub(self.filled_at).as_secs();
        self.left = self.left.saturating_add(u32::try_from(seconds).unwrap_or(BURST)).min(BURST);
        self.filled_at += Duration::from_secs(seconds);
        let allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        self.left_out += u64::from(!allowed);
        allowed
    }
}

impl<S: Subscriber> Filter<S> for LineLimit {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    /// Without it, nothing that another filter says would keep `tracing` from asking about every span and event.
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        self.allows(event)
    }
}

impl fmt::Debug for LineLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineLimit").finish_non_exhaustive()
    }
}

/// The two fields that tell kinds apart.
#[derive(Default)]
struct Said {
    message: String,
    kind: String,
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "kind" {
            value.clone_into(&mut self.kind);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}

/// The target of the access log.
pub(crate) const ACCESS: &str = "countersign::access";

const BURST: u32 = 100;

#[cfg(test)]
mod tests {
    use countersign::Timestamp;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// LG-7: a flood of one kind costs its own lines only.
    #[test]
    fn a_flood_is_cut_and_counted() {
        let clock = Clock::manual(Timestamp::from_unix_millis(0));
        let limit = LineLimit::new(clock.clone());
        let seen = Seen::default();
        let layer = tracing_subscriber::Layer::with_filter(seen.clone(), limit.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let failed = || tracing::info!(kind = "login_failed", "audit");
            (0..1_000).for_each(|_| failed());
            assert_eq!(seen.take(), 100);
            tracing::info!("of another place");
            assert_eq!(seen.take(), 1);
            assert_eq!(limit.take_left_out(), [("audit kind=login_failed".to_owned(), 900)]);
            assert_eq!(limit.take_left_out(), []);
            clock.advance(Duration::from_secs(7));
            (0..1_000).for_each(|_| failed());
            assert_eq!(seen.take(), 7, "one a second");
            clock.advance(Duration::from_hours(24));
            (0..1_000).for_each(|_| failed());
            assert_eq!(seen.take(), 100, "no more at once after a quiet day");
        });
    }

    /// The kinds of one place in the code are limited apart, and the access log is not limited.
    #[test]
    fn kinds_do_not_use_up_each_others_lines() {
        let limit = LineLimit::new(Clock::manual(Timestamp::from_unix_millis(0)));
        let seen = Seen::default();
        let layer = tracing_subscriber::Layer::with_filter(seen.clone(), limit);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let audit = |kind: &str| tracing::info!(kind, "audit");
            (0..150).for_each(|_| audit("login_failed"));
            assert_eq!(seen.take(), 100);
            (0..150).for_each(|_| audit("account_disabled"));
            assert_eq!(seen.take(), 100);
            (0..150).for_each(|_| tracing::info!(target: ACCESS, "request"));
            assert_eq!(seen.take(), 150);
        });
    }

    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<usize>>);

    impl Seen {
        fn take(&self) -> usize {
            std::mem::take(&mut *self.0.lock().unwrap())
        }
    }

    impl<S: Subscriber> tracing_subscriber::Layer<S> for Seen {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            *self.0.lock().unwrap() += 1;
        }
    }
}
