//! A byte stream that fails when the client is too slow: with the header of a request, with the next request,
//! or with reading a response. A timer runs only while the stream waits, so a busy connection pays nothing.

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

    /// Ready when the phase has lasted too long. Single bytes do not extend it.
    ///
    /// The timer only causes another check: it often fires before the deadline and is then set again. A busy
    /// connection therefore seldom touches it, and a phase that another part of the connection enters is
    /// noticed.
    fn poll_read_limit(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let now = Instant::now();
            let (phase, since) = self.phases.current();
            let deadline = match phase {
                Phase::Header => since + self.limits.header_read,
                Phase::Next => since + self.limits.idle,
                // No limit here, but the wait for the next request can begin unnoticed: check again later.
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

    /// Passes the result of a write on, unless writes have made no progress for [`Limits::total`].
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
