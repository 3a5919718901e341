//! What a connection is waiting for, shared between the side that reads bytes and the side that answers.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// What a connection is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The rest of a request's header, or the first request's first byte.
    Header,
    /// Us.
    Answer,
    /// Another request, if there is one.
    Next,
}

/// The current phase, and a number that is another one for each.
#[derive(Clone, Debug, Default)]
pub(super) struct Phases(Arc<AtomicU64>);

impl Phases {
    /// Enters the next phase.
    pub(super) fn enter(&self, phase: Phase) {
        let turn = (self.0.load(Ordering::Relaxed) / 3) + 1;
        self.0.store(turn * 3 + phase as u64, Ordering::Relaxed);
    }

    /// The phase and its number. A new connection is in [`Phase::Header`].
    pub(super) fn current(&self) -> (Phase, u64) {
        let number = self.0.load(Ordering::Relaxed);
        let phase = match number % 3 {
            0 => Phase::Header,
            1 => Phase::Answer,
            _ => Phase::Next,
        };
        (phase, number)
    }
}

/// Enters [`Phase::Next`] when it is dropped: with the last byte of an answer, or with whatever else ends it.
#[derive(Debug)]
pub(super) struct AnswerEnds(pub(super) Phases);

impl Drop for AnswerEnds {
    fn drop(&mut self) {
        self.0.enter(Phase::Next);
    }
}

/// An answer's body, and what happens at its end.
#[derive(Debug)]
pub(super) struct AnswerBody {
    pub(super) body: axum::body::Body,
    pub(super) _ends: AnswerEnds,
}

impl Body for AnswerBody {
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
