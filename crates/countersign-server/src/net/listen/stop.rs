//! The signal to stop, as ports and connections see it.

use std::time::Duration;

use tokio::sync::watch;

/// `None` while the server serves; then the time that requests in flight have.
pub(crate) type Stop = watch::Receiver<Option<Duration>>;

/// Waits for the signal to stop, or until nothing can send it any more. Gives the time that it names.
pub(crate) async fn stopped(stop: &mut Stop) -> Duration {
    stop.wait_for(Option::is_some).await.ok().and_then(|stop| *stop).unwrap_or_default()
}
