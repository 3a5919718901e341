//! Server-sent events for one follower. It has no buffer: when the client can take more, it gets the event after
//! the last one it has.

use std::convert::Infallible;
use std::sync::Arc;

use axum_core::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, HeaderValue, Response, header};
use tokio::sync::watch;

use super::cursor::Cursor;
use super::event::Event;
use super::followers::Admission;
use super::log::Start;
use super::shared::Shared;
use super::starts::Beginning;
use crate::feed::wire::FeedMode;

struct Stream {
    feed: Arc<Shared>,
    admission: Admission,
    news: watch::Receiver<bool>,
    epoch: u64,
    hello: Option<Bytes>,
    beginning: Option<(Arc<Beginning>, usize)>,
    /// The last event that it has.
    position: u64,
    /// The last heartbeat that it has; none before the first.
    beats: Option<u64>,
    is_over: bool,
}

enum Next {
    Send(Bytes),
    Wait,
    End,
}

/// The stream for a follower with this cursor.
pub(super) async fn respond(
    feed: &Arc<Shared>,
    after: Option<Cursor>,
    admission: Admission,
) -> Response<Body> {
    let news = feed.news.subscribe();
    let (start, epoch) = {
        let log = feed.log();
        (log.start(after, feed.now()), log.epoch())
    };
    let (mode, beginning, position) = match start {
        Start::After(number) => (FeedMode::Delta, None, number),
        Start::Since(since) => begin(feed, FeedMode::Delta, Some(since)).await,
        Start::Snapshot => begin(feed, FeedMode::Snapshot, None).await,
    };
    admission.has(position);
    let not_before = feed.log().not_before();
    let hello = Event::new("hello", None::<u64>, &feed.hello(mode, not_before));
    let hello = Bytes::from([b"retry: 500\n".as_slice(), &hello.text()].concat());
    let feed = Arc::clone(feed);
    let (hello, beats, is_over) = (Some(hello), None, false);
    let stream = Stream { feed, admission, news, epoch, hello, beginning, position, beats, is_over };
    let mut response = Response::new(Body::from_stream(stream::unfold(stream, Stream::next)));
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept"),
        // nginx would collect events until its buffer is full.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn begin(
    feed: &Shared,
    mode: FeedMode,
    since: Option<i64>,
) -> (FeedMode, Option<(Arc<Beginning>, usize)>, u64) {
    let beginning = feed.beginning(since).await;
    let position = beginning.position;
    (mode, Some((beginning, 0)), position)
}

impl Stream {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        loop {
            // Before looking: what comes afterwards wakes it.
            let is_closed = *self.news.borrow_and_update();
            match self.look(is_closed) {
                Next::Send(text) => return Some((Ok(text), self)),
                Next::End => return None,
                Next::Wait => self.news.changed().await.ok()?,
            }
        }
    }

    fn look(&mut self, is_closed: bool) -> Next {
        if self.is_over || self.admission.is_withdrawn() {
            return Next::End;
        }
        if is_closed {
            self.is_over = true;
            return Next::Send(Bytes::from_static(b"retry: 100\n\n"));
        }
        if let Some(hello) = self.hello.take() {
            return Next::Send(hello);
        }
        if let Some((beginning, sent)) = &mut self.beginning {
            if let Some(event) = beginning.events.get(*sent) {
                *sent += 1;
                return Next::Send(event.text());
            }
            self.beginning = None;
        }
        self.news()
    }

    /// The next event of the ring, or else the heartbeat.
    fn news(&mut self) -> Next {
        let log = self.feed.log();
        if log.epoch() != self.epoch {
            self.is_over = true;
            return Next::Send(Bytes::from_static(b"event: reset\ndata: {}\n\n"));
        }
        if !log.has(self.position) {
            return Next::End; // too slow: it comes back with the cursor of what it has
        }
        if let Some(event) = log.event(self.position + 1) {
            self.position += 1;
            self.admission.has(self.position);
            return Next::Send(event.text());
        }
        self.admission.is_complete(self.feed.now());
        let beats = self.beats.replace(log.beats());
        match log.last_beat() {
            _ if beats.is_none() => Next::Send(log.sync_event().text()),
            Some(beat) if beats != self.beats => Next::Send(beat.text()),
            _ => Next::Wait,
        }
    }
}
