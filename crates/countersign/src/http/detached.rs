//! Runs a change to its end even when the client hangs up.

use std::pin::Pin;

use tokio::sync::oneshot;
use tracing::Instrument as _;

use crate::http::error::api::ApiError;

/// Runs `change` in a task of its own. axum drops a handler's future when the client hangs up, and a change must be made
/// wholly, with the revocations that follow from it, or not at all (CC-6). Its log lines still carry the request ID.
///
/// # Errors
/// [`ApiError::Internal`] when the change panicked.
pub(super) async fn detached<T: Send + 'static>(
    change: impl Future<Output = T> + Send + 'static,
) -> Result<T, ApiError> {
    let (reply, made) = oneshot::channel();
    start(Box::pin(async move {
        // The client may have hung up.
        let _ = reply.send(change.await);
    }));
    made.await.map_err(|_| ApiError::Internal)
}

/// All changes are of one type here: the runtime's code for a task, 8 KiB, is in the program once and not forty times.
fn start(change: Pin<Box<dyn Future<Output = ()> + Send>>) {
    tokio::spawn(change.in_current_span());
}
