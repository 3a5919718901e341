//! The feed as its followers see it. The clock of these tests advances only while every task waits.

use std::sync::Arc;
use std::time::Duration;

use axum_core::body::{Body, BodyDataStream};
use futures_util::{FutureExt as _, StreamExt as _};
use http::{HeaderMap, Response, StatusCode, header};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tower::ServiceExt as _;

use super::cursor::Cursor;
use super::*;

const NOW: i64 = 1_795_470_000_000;

/// A feed whose events are made.
fn feed(max_followers: usize) -> Feed {
    let options = FeedOptions {
        issuer: "https://auth.example".to_owned(),
        retain: Duration::from_mins(20),
        max_followers,
        epoch: 7,
    };
    let began = Instant::now();
    let feed = Feed::new(options, move || NOW + i64::try_from(began.elapsed().as_millis()).unwrap());
    feed.synced(NOW, Some("\"k1\"".to_owned()));
    let running = feed.clone();
    tokio::spawn(async move { running.run().await });
    feed
}

fn end(feed: &Feed, ids: impl IntoIterator<Item = usize>) {
    let now = feed.0.now();
    let ended = |id: usize| Ended {
        session_id: format!("00000000-0000-4000-8000-{id:012}"),
        until: now / 1000 + 1_200,
        known_at: Some(now),
    };
    feed.record(ids.into_iter().map(ended));
}

async fn ask(
    feed: &Feed,
    query: &str,
    headers: &[(&'static str, &str)],
    caller: FeedCaller,
) -> Result<Response<Body>, FeedError> {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    feed.respond(FeedRequest::parse(Some(query), &headers)?, caller).await
}

/// A stream, read event by event.
struct Reader(BodyDataStream);

impl Reader {
    async fn of(feed: &Feed, after: &str, caller: FeedCaller) -> Self {
        let headers = [("accept", "text/event-stream"), ("last-event-id", after)];
        let headers = if after.is_empty() { &headers[..1] } else { &headers };
        let response = ask(feed, "", headers, caller).await.unwrap();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self(response.into_body().into_data_stream())
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<String> {
        Some(String::from_utf8(self.0.next().await?.unwrap().to_vec()).unwrap())
    }

    /// Skips the first events up to the heartbeat; gives the mode and how many sessions there were.
    async fn begin(&mut self) -> (Value, usize) {
        let hello = data(&self.next().await.unwrap());
        let mut count = 0;
        loop {
            let event = self.next().await.unwrap();
            match data(&event)["sid"].as_array() {
                Some(ids) => count += ids.len(),
                None => return (hello["mode"].clone(), count),
            }
        }
    }

    /// Whether there is nothing to read now.
    fn is_quiet(&mut self) -> bool {
        self.0.next().now_or_never().is_none()
    }
}

fn data(event: &str) -> Value {
    serde_json::from_str(event.split("data: ").nth(1).unwrap_or_else(|| panic!("{event}"))).unwrap()
}

fn id(event: &str) -> &str {
    event.strip_prefix("id: ").unwrap().split_once('\n').unwrap().0
}

async fn document(response: Response<Body>) -> Value {
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_stream_tells_the_present_and_then_the_news() {
    let feed = feed(9);
    end(&feed, 1..3);
    let mut reader = Reader::of(&feed, "", FeedCaller::default()).await;
    let hello = reader.next().await.unwrap();
    assert!(hello.starts_with("retry: 500\nevent: hello\ndata: "), "{hello}");
    assert_eq!(
        data(&hello),
        serde_json::json!({
            "v": 1, "iss": "https://auth.example", "mode": "snapshot", "heartbeat": 2, "retain": 1200, "now": NOW,
        })
    );
    let snapshot = reader.next().await.unwrap();
    assert!(snapshot.starts_with("event: revoked\n"), "without a cursor: {snapshot}");
    assert_eq!(data(&snapshot)["sid"].as_array().unwrap().len(), 2);
    let sync = reader.next().await.unwrap();
    assert_eq!(data(&sync), serde_json::json!({ "asOf": NOW, "keys": "\"k1\"" }));
    end(&feed, 3..4);
    let news = reader.next().await.unwrap();
    assert_eq!(data(&news)["sid"].as_array().unwrap().len(), 3, "the first two were no event yet: {news}");
    let cursor = id(&news).to_owned();
    drop(reader);
    end(&feed, 4..6);
    let mut reader = Reader::of(&feed, &cursor, FeedCaller::default()).await;
    assert_eq!(data(&reader.next().await.unwrap())["mode"], "delta");
}

/// First at once, then one event in 50 ms; the heartbeat every two seconds, however busy it is.
#[tokio::test(start_paused = true)]
async fn news_shares_events_and_never_keeps_the_heart_from_beating() {
    let feed = feed(9);
    let mut reader = Reader::of(&feed, "", FeedCaller::default()).await;
    reader.begin().await;
    let began = Instant::now();
    let writer = feed.clone();
    tokio::spawn(async move {
        for id in 0..10_000 {
            end(&writer, [id]);
            sleep(Duration::from_millis(1)).await;
        }
    });
    let (mut events, mut beats) = (0, 0);
    while began.elapsed() < Duration::from_secs(10) {
        match data(&reader.next().await.unwrap()) {
            news if news["sid"].is_array() => events += 1,
            _ => beats += 1,
        }
    }
    assert!((150..=201).contains(&events), "{events} events for 10,000 sessions in ten seconds");
    assert!((4..=6).contains(&beats), "{beats} heartbeats in ten seconds");
}

#[tokio::test(start_paused = true)]
async fn new_keys_are_told_at_once() {
    let feed = feed(9);
    let mut reader = Reader::of(&feed, "", FeedCaller::default()).await;
    reader.begin().await;
    assert!(reader.is_quiet());
    feed.synced(NOW + 1, Some("\"k1\"".to_owned()));
    assert!(reader.is_quiet());
    feed.synced(NOW + 2, Some("\"k2\"".to_owned()));
    let sync = reader.next().now_or_never().unwrap().unwrap();
    assert_eq!(data(&sync), serde_json::json!({ "asOf": NOW + 2, "keys": "\"k2\"" }));
}

/// The heart beats on, and `asOf` stands still.
#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_shows() {
    let feed = feed(9);
    let mut reader = Reader::of(&feed, "", FeedCaller::default()).await;
    reader.begin().await;
    for _ in 0..3 {
        assert_eq!(data(&reader.next().await.unwrap())["asOf"], NOW);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_is_cut_and_comes_back_by_its_cursor() {
    let feed = feed(9);
    let mut slow = Reader::of(&feed, "", FeedCaller::default()).await;
    slow.begin().await;
    end(&feed, 0..1);
    let cursor = id(&slow.next().await.unwrap()).to_owned();
    // More than the ring holds.
    for round in 1..130 {
        end(&feed, round * 1_000..(round + 1) * 1_000);
        sleep(Duration::from_millis(60)).await;
    }
    assert_eq!(slow.next().await, None);
    let mut reader = Reader::of(&feed, &cursor, FeedCaller::default()).await;
    let (mode, count) = reader.begin().await;
    assert_eq!(mode, "delta");
    assert!(count >= 129_000, "{count}");
    let behind = Cursor { as_of: NOW - 20 * 60_000, ..Cursor::parse(&cursor).unwrap() };
    let mut reader = Reader::of(&feed, &behind.to_string(), FeedCaller::default()).await;
    assert_eq!(reader.begin().await.0, "snapshot");
}

#[tokio::test(start_paused = true)]
async fn a_poll_waits_for_news_and_no_longer_than_it_says() {
    let feed = feed(9);
    let first = document(ask(&feed, "wait=25", &[], FeedCaller::default()).await.unwrap()).await;
    assert_eq!((&first["mode"], &first["revoked"]), (&"snapshot".into(), &Value::Array(vec![])));
    let query = format!("wait=25&after={}", first["cursor"].as_str().unwrap());
    let began = Instant::now();
    let asked = feed.clone();
    let waiting = tokio::spawn(async move { ask(&asked, &query, &[], FeedCaller::default()).await });
    sleep(Duration::from_secs(9)).await;
    end(&feed, 0..1);
    let second = document(waiting.await.unwrap().unwrap()).await;
    assert_eq!(began.elapsed().as_secs(), 9);
    assert_eq!((&second["mode"], second["revoked"].as_array().unwrap().len()), (&"delta".into(), 1));
    let query = format!("wait=7&after={}", second["cursor"].as_str().unwrap());
    let third = document(ask(&feed, &query, &[], FeedCaller::default()).await.unwrap()).await;
    assert_eq!((began.elapsed().as_secs(), &third["revoked"]), (16, &Value::Array(vec![])));
}

#[tokio::test(start_paused = true)]
async fn a_document_has_a_tag_for_as_long_as_the_store_answers() {
    let feed = feed(9);
    sleep(Duration::from_millis(1)).await;
    let tag = |response: &Response<Body>| {
        response.headers().get(header::ETAG).map(|tag| tag.to_str().unwrap().to_owned())
    };
    let first = tag(&ask(&feed, "", &[], FeedCaller::default()).await.unwrap()).unwrap();
    let again = [("if-none-match", first.as_str())];
    assert_eq!(
        ask(&feed, "", &again, FeedCaller::default()).await.unwrap().status(),
        StatusCode::NOT_MODIFIED
    );
    end(&feed, 0..1);
    // At once, though no event was due yet.
    let response = ask(&feed, "", &again, FeedCaller::default()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let second = tag(&response).unwrap();
    assert_ne!(second, first);
    sleep(Duration::from_secs(3)).await;
    let response = ask(&feed, "", &[("if-none-match", &second)], FeedCaller::default()).await.unwrap();
    assert_eq!(
        (response.status(), tag(&response)),
        (StatusCode::OK, None),
        "the store has not answered since"
    );
}

#[tokio::test(start_paused = true)]
async fn there_are_so_many_followers_and_each_is_seen() {
    let feed = feed(2);
    let caller = |name: &str| FeedCaller { name: Some(name.into()), ..FeedCaller::default() };
    let mut first = Reader::of(&feed, "", caller("first")).await;
    let second = Reader::of(&feed, "", caller("second")).await;
    assert_eq!(ask(&feed, "", &[], caller("third")).await.unwrap_err(), FeedError::Full);
    first.begin().await;
    end(&feed, 0..1);
    sleep(Duration::from_secs(5)).await;
    first.next().await;
    let seen: Vec<_> =
        feed.followers().into_iter().map(|f| (f.name.unwrap(), f.behind, f.lag.as_secs())).collect();
    assert_eq!(seen, [("first".into(), 0, 0), ("second".into(), 1, 5)]);
    drop(second);
    assert_eq!(feed.followers().len(), 1);
    ask(&feed, "", &[], caller("third")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_may_not_follow_any_more_is_cut_off() {
    let feed = feed(9);
    let (good, removed) = (FeedCaller::default(), FeedCaller::default());
    let (mut stays, mut goes) =
        (Reader::of(&feed, "", good.clone()).await, Reader::of(&feed, "", removed.clone()).await);
    stays.begin().await;
    goes.begin().await;
    let cursor = document(ask(&feed, "", &[], good).await.unwrap()).await["cursor"].clone();
    let query = format!("wait=25&after={}", cursor.as_str().unwrap());
    let (asked, caller) = (feed.clone(), removed.clone());
    let poll = tokio::spawn(async move { ask(&asked, &query, &[], caller).await.map(drop) });
    sleep(Duration::from_millis(1)).await;
    removed.access.withdraw();
    feed.wake();
    assert_eq!(goes.next().now_or_never(), Some(None));
    assert_eq!(poll.await.unwrap(), Err(FeedError::Withdrawn));
    assert!(stays.next().await.unwrap().contains("event: sync"));
}

#[tokio::test(start_paused = true)]
async fn a_reset_and_a_stop_end_every_stream() {
    let feed = feed(9);
    let mut reader = Reader::of(&feed, "", FeedCaller::default()).await;
    reader.begin().await;
    feed.revoke_issued_before(5);
    assert_eq!(reader.next().await.unwrap(), "event: reset\ndata: {}\n\n");
    assert_eq!(reader.next().await, None);
    let mut reader = Reader::of(&feed, "", FeedCaller::default()).await;
    assert!(reader.next().await.unwrap().contains(r#","notBefore":5}"#));
    feed.revoke_issued_before(5);
    assert!(reader.next().await.unwrap().contains("event: sync"), "that is no news");
    feed.reset(80);
    assert_eq!(reader.next().await.unwrap(), "event: reset\ndata: {}\n\n");
    assert_eq!(reader.next().await, None);
    let mut reader = Reader::of(&feed, "", FeedCaller::default()).await;
    reader.begin().await;
    let asked = feed.clone();
    let cursor = feed.0.log().cursor();
    let poll = tokio::spawn(async move {
        ask(&asked, &format!("wait=25&after={cursor}"), &[], FeedCaller::default()).await.map(drop)
    });
    sleep(Duration::from_millis(1)).await;
    feed.close();
    assert_eq!(reader.next().await.unwrap(), "retry: 100\n\n");
    assert_eq!(reader.next().await, None);
    let began = Instant::now();
    assert_eq!(poll.await.unwrap(), Ok(()));
    assert!(began.elapsed().is_zero(), "the poll is not waited for");
}

/// Thousands come back in the same second, and what they begin with is encoded once.
#[tokio::test(start_paused = true)]
async fn followers_that_begin_alike_share_the_work() {
    let feed = feed(9);
    end(&feed, 0..10_000);
    sleep(Duration::from_millis(60)).await;
    let first = feed.0.beginning(None).await;
    end(&feed, 10_000..10_001);
    sleep(Duration::from_millis(60)).await;
    assert!(Arc::ptr_eq(&first, &feed.0.beginning(None).await));
    assert!(!Arc::ptr_eq(&first, &feed.0.beginning(Some(NOW)).await));
    let mut reader = Reader::of(&feed, "", FeedCaller::default()).await;
    assert_eq!(reader.begin().await, ("snapshot".into(), 10_001));
    let all = document(ask(&feed, "", &[], FeedCaller::default()).await.unwrap()).await;
    let count = |event: &Value| event["sid"].as_array().unwrap().len();
    assert_eq!(all["revoked"].as_array().unwrap().iter().map(count).sum::<usize>(), 10_001);
    sleep(Duration::from_secs(13)).await;
    assert_eq!(Arc::strong_count(&first), 1, "it is kept for ten seconds");
}

#[tokio::test(start_paused = true)]
async fn an_application_gives_the_feed_out_itself() {
    let feed = feed(1);
    let call = async |query: &str| {
        let request = http::Request::get(format!("/x{query}")).body(Body::empty()).unwrap();
        feed.service().oneshot(request).await.unwrap()
    };
    assert_eq!(document(call("").await).await["iss"], "https://auth.example");
    assert_eq!(call("?x=1").await.status(), 422);
    let _only = Reader::of(&feed, "", FeedCaller::default()).await;
    let full = call("").await;
    assert_eq!((full.status().as_u16(), full.headers()[header::RETRY_AFTER].as_bytes()), (503, &b"5"[..]));
    assert_eq!(document(full).await["code"], "overloaded");
}
