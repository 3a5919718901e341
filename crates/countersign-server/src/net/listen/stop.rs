//! The signal to stop, as connections see it.

use tokio::sync::watch;

/// Waits for the signal to stop, or until nothing can send it any more.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
