//! The queue of spans, and the thread that sends them: at most 512 at once, and none later than a second. What the collector does
//! not take is not sent again: old spans would only push new ones out. How many are lost is logged, once a minute at most.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use anyhow::ensure;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use countersign::Clock;
use countersign_fetch::{FetchOptions, FetchUrl, Question, exchange};
use serde_json::Value;

use super::json::{Resource, export};
use super::span::Ended;

/// The end that spans go in.
pub(super) struct Queue {
    sender: SyncSender<Message>,
    left_out: Arc<AtomicU64>,
}

pub(super) enum Message {
    Span(Ended),
    /// Nothing comes after it.
    Stop(SyncSender<()>),
}

impl Queue {
    pub(super) fn new(sender: SyncSender<Message>) -> Self {
        Self { sender, left_out: Arc::default() }
    }

    /// Never waits.
    pub(super) fn push(&self, span: Ended) {
        if self.sender.try_send(Message::Span(span)).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn flush(&self) -> Flush {
        Flush(self.sender.clone())
    }
}

/// Sends what is queued when the process ends.
#[derive(Debug)]
pub(crate) struct Flush(SyncSender<Message>);

impl Flush {
    /// Waits for that, but not so long that anybody would notice (LM-10).
    pub(crate) fn finish(&self) {
        let (done, is_done) = sync_channel(1);
        if self.0.try_send(Message::Stop(done)).is_ok() {
            let _ = is_done.recv_timeout(FINISH_WITHIN);
        }
    }
}

/// Where spans go.
pub(super) struct Collector {
    url: FetchUrl,
    request: FetchOptions,
    resource: Resource,
    left_out: Arc<AtomicU64>,
    clock: Clock,
    losses: Losses,
}

impl Collector {
    pub(super) fn new(url: FetchUrl, resource: Resource, queue: &Queue) -> Self {
        let request = FetchOptions::new(TIMEOUT, MAX_BYTES);
        let left_out = Arc::clone(&queue.left_out);
        Self { url, request, resource, left_out, clock: Clock::system(), losses: Losses::default() }
    }

    /// Sends until it is told to stop.
    pub(super) fn run(mut self, receiver: &Receiver<Message>) {
        loop {
            let (batch, stop) = next_batch(receiver, &self.clock);
            if !batch.is_empty() {
                self.send(&batch);
            }
            match stop {
                Some(Stop::Told(done)) => {
                    let _ = done.send(());
                    return;
                }
                Some(Stop::Alone) => return,
                None => {}
            }
        }
    }

    fn send(&mut self, batch: &[Ended]) {
        let sent = self.post(batch);
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let refused = *sent.as_ref().unwrap_or(&count);
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        self.losses.add(refused, left_out, self.clock.monotonic(), sent.err().as_ref());
    }

    /// Gives how many spans of the batch the collector did not want.
    fn post(&self, batch: &[Ended]) -> anyhow::Result<u64> {
        let body = export(&self.resource, batch).to_string().into_bytes();
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
        let said = exchange(&self.url, Question { method: Method::POST, headers, body }, &self.request)?;
        ensure!(said.status.is_success(), "its response is {}", said.status);
        Ok(refused(&said.body))
    }
}

/// Of an `ExportTraceServiceResponse`: a number of 64 bits, so a string.
fn refused(body: &[u8]) -> u64 {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let count = &said["partialSuccess"]["rejectedSpans"];
    count.as_str().and_then(|count| count.parse().ok()).or_else(|| count.as_u64()).unwrap_or(0)
}

enum Stop {
    Told(SyncSender<()>),
    /// Nobody is there any more who could.
    Alone,
}

/// Waits for a span, and then for others for a second.
fn next_batch(receiver: &Receiver<Message>, clock: &Clock) -> (Vec<Ended>, Option<Stop>) {
    let mut batch = Vec::new();
    let mut next = receiver.recv().map_err(|_| RecvTimeoutError::Disconnected);
    let end = clock.monotonic() + LINGER;
    loop {
        match next {
            Ok(Message::Span(span)) => batch.push(span),
            Ok(Message::Stop(done)) => return (batch, Some(Stop::Told(done))),
            Err(RecvTimeoutError::Disconnected) => return (batch, Some(Stop::Alone)),
            Err(RecvTimeoutError::Timeout) => return (batch, None),
        }
        if batch.len() == BATCH {
            return (batch, None);
        }
        next = receiver.recv_timeout(end.saturating_sub(clock.monotonic()));
    }
}

/// Spans that nobody will see.
#[derive(Default)]
struct Losses {
    refused: u64,
    left_out: u64,
    told: Option<Duration>,
}

impl Losses {
    /// One line a minute says so (LG-7).
    fn add(&mut self, refused: u64, left_out: u64, now: Duration, error: Option<&anyhow::Error>) {
        self.refused += refused;
        self.left_out += left_out;
        let is_due = self.told.is_none_or(|told| now.saturating_sub(told) >= TELL_EVERY);
        if is_due && self.refused + self.left_out > 0 {
            let (refused, left_out) = (self.refused, self.left_out);
            let error = error.map_or_else(String::new, |error| format!(": {error:#}"));
            tracing::warn!(refused, left_out, "spans are lost, the collector does not take them{error}");
            *self = Self { told: Some(now), ..Self::default() };
        }
    }
}

/// The most spans that wait: some MiB.
pub(super) const QUEUE: usize = 4096;
const BATCH: usize = 512;
const LINGER: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(10);
/// Of a response.
const MAX_BYTES: u64 = 64 * 1024;
const TELL_EVERY: Duration = Duration::from_secs(60);
const FINISH_WITHIN: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::span::{Place, What};

    fn span(span: u64) -> Ended {
        let place = Place { trace: 1, span, parent: None };
        Ended { place, what: What::Store("read".into()), start: 0, end: 1 }
    }

    #[test]
    fn a_full_queue_counts_what_it_leaves_out() {
        let (sender, receiver) = sync_channel(3);
        let queue = Queue::new(sender);
        (0..10).for_each(|id| queue.push(span(id)));
        assert_eq!(queue.left_out.load(Ordering::Relaxed), 7);
        drop(queue);
        let (batch, stop) = next_batch(&receiver, &Clock::system());
        assert_eq!(batch, [span(0), span(1), span(2)]);
        assert!(matches!(stop, Some(Stop::Alone)));
    }

    #[test]
    fn a_batch_has_a_limit_and_ends_where_the_process_does() {
        let (sender, receiver) = sync_channel(QUEUE);
        let queue = Queue::new(sender.clone());
        (0..600).for_each(|id| queue.push(span(id)));
        let (done, _is_done) = sync_channel(1);
        assert!(sender.try_send(Message::Stop(done)).is_ok());
        let clock = Clock::system();
        let (first, stop) = next_batch(&receiver, &clock);
        assert!(first.len() == 512 && stop.is_none());
        let (second, stop) = next_batch(&receiver, &clock);
        assert_eq!((second.len(), matches!(stop, Some(Stop::Told(_)))), (88, true));
    }

    #[test]
    fn what_the_collector_refuses_is_read() {
        for (body, expected) in [
            (&b""[..], 0),
            (b"{}", 0),
            (b"[]", 0),
            (br#"{"partialSuccess":{"rejectedSpans":"7","errorMessage":"x"}}"#, 7),
            (br#"{"partialSuccess":{"rejectedSpans":8}}"#, 8),
        ] {
            assert_eq!(refused(body), expected);
        }
    }
}
