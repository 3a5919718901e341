//! The signal to stop, as connections see it.

use tokio::sync::watch;

/// Waits until it is time to stop, or nobody is left who could say so.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
