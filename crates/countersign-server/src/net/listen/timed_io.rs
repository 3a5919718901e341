//! A byte stream that fails when the other side is too slow: with the header of a request, with the next request, or with
//! taking an answer. The timers are armed only when there is something to wait for, so a busy connection pays nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::limits::Limits;
use super::phase::{Phase, Phases};

/// A stream with time limits.
#[derive(Debug)]
pub(super) struct TimedIo<S> {
    stream: S,
    phases: Phases,
    limits: Limits,
    read_timer: Pin<Box<Sleep>>,
    write_timer: Option<Pin<Box<Sleep>>>,
}

impl<S> TimedIo<S> {
    pub(super) fn new(stream: S, phases: Phases, limits: Limits) -> Self {
        let read_timer = Box::pin(sleep(Duration::ZERO));
        Self { stream, phases, limits, read_timer, write_timer: None }
    }

    /// Ready when the phase has lasted too long: single bytes do not extend it.
    ///
    /// The timer is only a reason to look again: it often fires before the deadline and is then set anew. So a busy
    /// connection seldom touches it, and a phase that another part of the connection enters is noticed.
    fn poll_read_limit(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let now = Instant::now();
            let (phase, since) = self.phases.current();
            let deadline = match phase {
                Phase::Header => since + self.limits.header_read,
                Phase::Next => since + self.limits.idle,
                // No limit of ours; but the wait for the next request begins without telling us.
                Phase::Response => now + self.limits.header_read,
            };
            if now >= deadline {
                return Poll::Ready(());
            }
            if self.read_timer.is_elapsed() || self.read_timer.deadline() > deadline {
                self.read_timer.as_mut().reset(deadline);
            }
            ready!(self.read_timer.as_mut().poll(cx));
        }
    }

    /// Passes a write's outcome on, unless writes have made no progress for the total time of a request.
    fn limit_write<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.write_timer = None;
            return written;
        }
        let total = self.limits.total;
        let timer = self.write_timer.get_or_insert_with(|| Box::pin(sleep(total)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_pending() {
            ready!(self.poll_read_limit(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if buffer.filled().len() > before && self.phases.current().0 == Phase::Next {
            self.phases.enter(Phase::Header, Instant::now());
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedIo<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.limit_write(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.limit_write(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.limit_write(cx, shut)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.limit_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
