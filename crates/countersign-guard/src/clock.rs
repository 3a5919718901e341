//! The two clocks of a guard: the time of day, for the times in tokens, and a timer, for how long something has been so; and
//! its source of chance.

use std::sync::Arc;
use std::time::Duration;

/// Seconds since 1970-01-01 UTC.
pub(crate) type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;
/// How long the program has run; never goes back.
pub(crate) type Timer = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Uniform in 0..1.
#[cfg(feature = "remote")]
pub(crate) type Chance = Arc<dyn Fn() -> f64 + Send + Sync>;

#[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the time of day")]
pub(crate) fn system_unix_seconds() -> i64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the monotonic clock")]
pub(crate) fn run_time() -> Timer {
    let start = std::time::Instant::now();
    Arc::new(move || start.elapsed())
}
