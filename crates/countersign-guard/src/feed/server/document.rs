//! The feed as one JSON document: at once, or after waiting for news.

use std::convert::Infallible;
use std::time::Duration;

use axum_core::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Response, StatusCode, header};
use tokio::time::{Instant, timeout_at};

use super::cursor::Cursor;
use super::followers::Admission;
use super::log::{Log, Start};
use super::request::{FeedError, FeedRequest};
use super::shared::{HEARTBEAT, Shared};
use crate::feed::wire::{FeedDocument, FeedMode};

/// The document for this request.
pub(super) async fn respond(
    feed: &Shared,
    request: &FeedRequest,
    admission: &Admission,
) -> Result<Response<Body>, FeedError> {
    if let Some(wait) = request.wait.filter(|wait| !wait.is_zero()) {
        wait_for_news(feed, request.after, admission, wait).await?;
    }
    let (document, revoked, tag) = collect(feed, request.after).await;
    let tag = tag.filter(|_| request.wait.is_none());
    let is_known = tag.as_ref().is_some_and(|tag| request.known_tags.contains(tag));
    let body = if is_known { Body::empty() } else { body(parts(&document, revoked)) };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    // Any cache may keep what it was given without a key (RFC 9111 §3.5): the key is in `Authorization`.
    let age = if request.wait.is_none() { "max-age=1" } else { "no-store" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(age));
    if let Some(tag) = tag.and_then(|tag| HeaderValue::try_from(tag).ok()) {
        headers.insert(header::ETAG, tag);
    }
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(response)
}

/// Waits until there is something after the cursor. Without a usable cursor there is.
async fn wait_for_news(
    feed: &Shared,
    after: Option<Cursor>,
    admission: &Admission,
    wait: Duration,
) -> Result<(), FeedError> {
    let deadline = Instant::now() + wait;
    let mut news = feed.news.subscribe();
    loop {
        // Before looking: what comes afterwards wakes it.
        let is_closed = *news.borrow_and_update();
        if admission.is_withdrawn() {
            return Err(FeedError::Withdrawn);
        }
        let (start, last) = {
            let log = feed.log();
            (log.start(after, feed.now()), log.last())
        };
        match start {
            Start::After(number) if number == last && !is_closed => admission.has(number),
            _ => return Ok(()),
        }
        admission.is_complete(feed.now());
        if !matches!(timeout_at(deadline, news.changed()).await, Ok(Ok(()))) {
            return Ok(());
        }
    }
}

/// The document without its entries, the entries, and the tag of both while the store is read.
async fn collect(feed: &Shared, after: Option<Cursor>) -> (FeedDocument, Vec<Bytes>, Option<String>) {
    loop {
        let start = feed.log().start(after, feed.now());
        let (mode, since) = match start {
            Start::After(number) => {
                let log = feed.flushed_log();
                if log.start(after, feed.now()) == start {
                    return finish(feed, &log, FeedMode::Delta, (Vec::new(), number));
                }
                continue; // it has just fallen out of the ring
            }
            Start::Since(since) => (FeedMode::Delta, Some(since)),
            Start::Snapshot => (FeedMode::Snapshot, None),
        };
        let beginning = feed.beginning(since).await;
        let log = feed.flushed_log();
        if log.epoch() == beginning.epoch && log.has(beginning.position) {
            let entries = beginning.events.iter().map(super::event::Event::json).collect();
            return finish(feed, &log, mode, (entries, beginning.position));
        }
    }
}

/// Adds what came after `position`.
fn finish(
    feed: &Shared,
    log: &Log,
    mode: FeedMode,
    (mut entries, position): (Vec<Bytes>, u64),
) -> (FeedDocument, Vec<Bytes>, Option<String>) {
    entries.extend(
        (position + 1..=log.last()).filter_map(|number| log.event(number)).map(super::event::Event::json),
    );
    let hello = feed.hello(mode, log.not_before());
    // A 304 says that nothing has ended until now: only who reads the store can say so.
    let is_fresh = Duration::from_millis(hello.now.abs_diff(log.as_of())) <= HEARTBEAT;
    let document =
        FeedDocument { hello, sync: log.sync(), cursor: log.cursor().to_string(), revoked: Vec::new() };
    (document, entries, is_fresh.then(|| log.tag()))
}

/// Small documents have a length, for simple clients; a large one is never in memory as a whole.
fn body(parts: Vec<Bytes>) -> Body {
    if parts.iter().map(Bytes::len).sum::<usize>() <= SMALL {
        return Body::from(parts.concat());
    }
    Body::from_stream(stream::iter(parts.into_iter().map(Ok::<_, Infallible>)))
}

/// The text of the document, entries included, without copying them.
fn parts(document: &FeedDocument, entries: Vec<Bytes>) -> Vec<Bytes> {
    #[expect(clippy::expect_used, reason = "numbers and texts always have a JSON form")]
    let mut head = serde_json::to_vec(document).expect("a document has a JSON form");
    head.truncate(head.len() - EMPTY_END.len());
    head.push(b'[');
    let mut parts = vec![Bytes::from(head)];
    for (index, entry) in entries.into_iter().enumerate() {
        if index > 0 {
            parts.push(Bytes::from_static(b","));
        }
        parts.push(entry);
    }
    parts.push(Bytes::from_static(b"]}"));
    parts
}

/// How a document without entries ends.
const EMPTY_END: &str = "[]}";
const SMALL: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::wire::{Hello, Revoked, Sync};

    #[test]
    fn the_parts_are_the_document() {
        let revoked = |until| Revoked { until, sid: vec!["a".to_owned()], more: false };
        let mut document = FeedDocument {
            hello: Hello {
                v: 1,
                iss: "https://a".to_owned(),
                mode: FeedMode::Delta,
                heartbeat: 2,
                retain: 9,
                now: 5,
                not_before: None,
            },
            sync: Sync { as_of: 4, keys: None, withdrawn: Vec::new() },
            cursor: "c".to_owned(),
            revoked: Vec::new(),
        };
        for count in 0..3 {
            let entries =
                (0..count).map(|until| serde_json::to_vec(&revoked(until)).unwrap().into()).collect();
            let text = parts(&document, entries).concat();
            document.revoked = (0..count).map(revoked).collect();
            assert_eq!(text, serde_json::to_vec(&document).unwrap());
            document.revoked.clear();
        }
    }
}
