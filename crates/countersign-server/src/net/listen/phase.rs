//! The phase of a connection, shared by the side that reads bytes and the side that responds.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::Instant;

/// What a connection is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The client: the rest of a request's header, or the first byte on a new connection.
    Header,
    /// The server.
    Response,
    /// The client: another request.
    Next,
}

/// The current phase of a connection, and its start.
#[derive(Clone, Debug)]
pub(super) struct Phases(Arc<State>);

#[derive(Debug)]
struct State {
    connected: Instant,
    /// Milliseconds since `connected`, times four, plus the phase. One number, so that both change together.
    entered: AtomicU64,
}

impl Phases {
    /// A new connection is in [`Phase::Header`].
    pub(super) fn new(now: Instant) -> Self {
        Self(Arc::new(State { connected: now, entered: AtomicU64::new(0) }))
    }

    pub(super) fn enter(&self, phase: Phase, now: Instant) {
        let millis = u64::try_from((now - self.0.connected).as_millis()).unwrap_or(u64::MAX / 4);
        self.0.entered.store(millis * 4 + phase as u64, Ordering::Relaxed);
    }

    /// Whether the connection has had no request yet.
    pub(super) fn is_new(&self) -> bool {
        self.0.entered.load(Ordering::Relaxed) == 0
    }

    pub(super) fn current(&self) -> (Phase, Instant) {
        let entered = self.0.entered.load(Ordering::Relaxed);
        let phase = match entered % 4 {
            0 => Phase::Header,
            1 => Phase::Response,
            _ => Phase::Next,
        };
        (phase, self.0.connected + Duration::from_millis(entered / 4))
    }
}

/// Enters [`Phase::Next`] when dropped: after the last byte of a response, or when the response is aborted.
#[derive(Debug)]
pub(super) struct ResponseEnd(pub(super) Phases);

impl Drop for ResponseEnd {
    fn drop(&mut self) {
        self.0.enter(Phase::Next, Instant::now());
    }
}

/// A response body that reports its end.
#[derive(Debug)]
pub(super) struct ResponseBody {
    pub(super) body: axum::body::Body,
    pub(super) _ends: ResponseEnd,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
