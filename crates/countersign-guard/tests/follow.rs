//! A guard that follows a real feed over HTTP: sessions end there, and tokens are refused here.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its scene has failed")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use countersign_guard::feed::{self, Feed, FeedOptions};
use countersign_guard::jwt::{Algorithm, ClaimsPolicy, JwkSet, SigningKey, TokenType, sign};
use countersign_guard::{
    AtStart, Ended, FeedStatus, Follow, Guard, GuardBuilder, Issuer, Refusal, StartError, WhenLate,
};
use serde_json::json;

const FEED_KEY: &str = "csf_test";

/// An issuer: metadata, keys and a feed, on a port that it can come back to.
struct Server {
    address: SocketAddr,
    key: Arc<Mutex<SigningKey>>,
    feed: Feed,
    /// While it is true the feed knows that it has everything.
    has_store: Arc<AtomicBool>,
    /// The JWK Set was fetched.
    fetched: Mutex<Receiver<()>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Server {
    fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), SigningKey::generate(Algorithm::Es256).unwrap())
    }

    fn start_at(address: SocketAddr, key: SigningKey) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(address)).unwrap();
        let address = listener.local_addr().unwrap();
        let options = FeedOptions {
            issuer: format!("http://{address}"),
            retain: Duration::from_secs(900),
            max_followers: 10,
            epoch: u64::from(std::process::id()),
        };
        let feed = Feed::new(options, unix_milliseconds);
        let (key, has_store) = (Arc::new(Mutex::new(key)), Arc::new(AtomicBool::new(true)));
        let (tell, fetched) = channel();
        let router = router(address, &feed, Arc::clone(&key), tell);
        let synced = {
            let (feed, key, has_store) = (feed.clone(), Arc::clone(&key), Arc::clone(&has_store));
            move || {
                if has_store.load(Ordering::SeqCst) {
                    feed.synced(unix_milliseconds(), Some(key_set(&key.lock().unwrap()).1));
                }
            }
        };
        synced();
        runtime.spawn(async move {
            let mut turns = tokio::time::interval(Duration::from_millis(100));
            loop {
                turns.tick().await;
                synced();
            }
        });
        let running = feed.clone();
        runtime.spawn(async move { running.run().await });
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, key, feed, has_store, fetched: Mutex::new(fetched), runtime: Some(runtime) }
    }

    fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    fn end_session(&self, id: &str) {
        let (session_id, now) = (id.to_owned(), unix_milliseconds());
        self.feed.record([feed::Ended { session_id, until: now / 1000 + 900, known_at: Some(now) }]);
    }

    /// As if it was killed: every connection is cut.
    fn stop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
        // Until nothing listens any more.
        while std::net::TcpStream::connect(self.address).is_ok() {
            std::thread::yield_now();
        }
    }

    /// With nothing in its memory.
    fn restart(&mut self) {
        self.stop();
        let key = self.key.lock().unwrap().clone();
        *self = Self::start_at(self.address, key);
    }

    fn issuer(&self) -> Issuer {
        Issuer::discover(policy(&self.origin())).follow(Follow::with_key(FEED_KEY))
    }

    fn guard(&self) -> Guard {
        let guard = Guard::builder(self.issuer()).start().blocking().unwrap();
        assert!(status(&guard).is_fresh, "{:?}", status(&guard));
        guard
    }

    fn token(&self, session_id: &str, age: i64) -> String {
        let now = unix_milliseconds() / 1000;
        let claims = json!({
            "iss": self.origin(), "aud": "api", "sub": "ada", "sid": session_id, "jti": "j", "role": "user",
            "iat": now - age, "exp": now + 600,
        });
        sign(&claims, &self.key.lock().unwrap(), "at+jwt").unwrap()
    }
}

/// Metadata and keys for everybody, and the feed for those with the key.
fn router(address: SocketAddr, feed: &Feed, key: Arc<Mutex<SigningKey>>, fetched: Sender<()>) -> Router {
    let origin = format!("http://{address}");
    let metadata = json!({
        "issuer": origin,
        "jwks_uri": format!("{origin}/jwks.json"),
        "revocations_endpoint": format!("{origin}/api/revocations"),
    });
    let metadata = async move |headers: HeaderMap| {
        assert!(!headers.contains_key(header::AUTHORIZATION), "the feed key is for the feed");
        Json(metadata.clone())
    };
    let keys = move || {
        let _over = fetched.send(());
        let (set, etag) = key_set(&key.lock().unwrap());
        async move { ([(header::CONTENT_TYPE, "application/json".to_owned()), (header::ETAG, etag)], set) }
    };
    let ask_for_key =
        from_fn(async |request: Request, next: Next| match request.headers().get(header::AUTHORIZATION) {
            Some(value) if *value == format!("Bearer {FEED_KEY}") => next.run(request).await,
            _ => StatusCode::UNAUTHORIZED.into_response(),
        });
    Router::new()
        .route_service("/api/revocations", feed.service())
        .layer(ask_for_key)
        .route("/.well-known/oauth-authorization-server", get(metadata))
        .route("/jwks.json", get(keys))
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn key_set(key: &SigningKey) -> (String, String) {
    let set = JwkSet::new(vec![key.verifying_key()]).unwrap().to_json();
    let etag = format!("\"{}\"", set.len() + set.bytes().map(usize::from).sum::<usize>());
    (set, etag)
}

fn policy(issuer: &str) -> ClaimsPolicy {
    ClaimsPolicy::new(issuer, "api", TokenType::AccessToken, Duration::from_secs(30))
}

fn unix_milliseconds() -> i64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_millis().try_into().unwrap()
}

fn status(guard: &Guard) -> FeedStatus {
    guard.feed_status().remove(0)
}

/// Until the session ends, however long that takes.
fn wait_for_end(guard: &Guard, token: &str) {
    let Ok(claims) = guard.verify(token) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(guard.watch(&claims)), Ended::Revoked);
    assert_eq!(guard.verify(token).unwrap_err(), Refusal::Revoked);
}

#[test]
fn a_session_that_ends_at_the_issuer_is_refused_here_and_no_other() {
    let server = Server::start();
    server.end_session("ended before");
    let guard = server.guard();
    assert_eq!(guard.verify(&server.token("ended before", 0)).unwrap_err(), Refusal::Revoked);
    let token = server.token("f219c4f5-5cfd-4a51-99f5-a02fcb6fbeb0", 0);
    assert!(guard.verify(&token).is_ok());
    server.end_session("f219c4f5-5cfd-4a51-99f5-a02fcb6fbeb0");
    wait_for_end(&guard, &token);
    assert!(guard.verify(&server.token("f219c4f5-5cfd-4a51-99f5-a02fcb6fbeb1", 0)).is_ok());
    assert_eq!(status(&guard).entries, 2);
    assert!(guard.revocations().is_empty());
}

#[test]
fn an_issuer_ends_its_own_sessions_only() {
    let (one, other) = (Server::start(), Server::start());
    let guard = Guard::builder(one.issuer()).issuer(other.issuer()).start().blocking().unwrap();
    let (token, others) = (one.token("same", 0), other.token("same", 0));
    assert!(guard.verify(&token).is_ok() && guard.verify(&others).is_ok());
    other.end_session("same");
    wait_for_end(&guard, &others);
    assert!(guard.verify(&token).is_ok());
    one.end_session("same");
    wait_for_end(&guard, &token);
}

#[test]
fn a_killed_server_is_followed_again_when_it_comes_back() {
    let mut server = Server::start();
    let guard = server.guard();
    server.end_session("before");
    wait_for_end(&guard, &server.token("before", 0));
    server.restart();
    server.end_session("after");
    wait_for_end(&guard, &server.token("after", 0));
    assert_eq!(
        guard.verify(&server.token("before", 0)).unwrap_err(),
        Refusal::Revoked,
        "nothing is forgotten"
    );
}

/// A guard gives out what it hears, and another one follows that: over two steps everything arrives, and a break in the first
/// is seen after the second.
#[test]
fn a_guard_passes_the_feed_on() {
    let server = Server::start();
    server.end_session("before");
    let options = FeedOptions {
        issuer: server.origin(),
        retain: Duration::from_secs(900),
        max_followers: 10,
        epoch: 7,
    };
    let feed = Feed::new(options, unix_milliseconds);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let relay = format!("http://{}/feed", listener.local_addr().unwrap());
    let router = Router::new().route_service("/feed", feed.service());
    runtime.spawn(async move { axum::serve(listener, router).await });
    let running = feed.clone();
    runtime.spawn(async move { running.run().await });

    let issuer = |follow: Follow| Issuer::discover(policy(&server.origin())).follow(follow);
    let near = Guard::builder(issuer(Follow::with_key(FEED_KEY).pass_on(feed))).start().blocking().unwrap();
    let (tell, told) = channel();
    let far = Guard::builder(issuer(Follow::without_key().at(relay)));
    let far =
        far.on_feed_change(move |status| tell.send(status.is_fresh).unwrap()).start().blocking().unwrap();
    assert!(told.recv().unwrap());
    assert_eq!(far.verify(&server.token("before", 0)).unwrap_err(), Refusal::Revoked);
    let token = server.token("after", 0);
    assert!(far.verify(&token).is_ok());
    server.end_session("after");
    wait_for_end(&far, &token);
    assert!(status(&near).is_fresh);
    server.has_store.store(false, Ordering::SeqCst);
    assert!(!told.recv().unwrap(), "the first of three knows no more");
}

/// A timer that can be put forward, so that nobody waits for a feed to become late.
#[derive(Clone, Default)]
struct Ahead(Arc<AtomicU64>);

impl Ahead {
    fn apply(&self, builder: GuardBuilder) -> GuardBuilder {
        #[expect(clippy::disallowed_methods, reason = "the timer of the guard under test")]
        let start = std::time::Instant::now();
        let ahead = Arc::clone(&self.0);
        builder.timer(move || start.elapsed() + Duration::from_secs(ahead.load(Ordering::SeqCst)))
    }

    fn put_forward(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

#[test]
fn while_the_feed_is_late_the_guard_does_as_it_was_told() {
    let mut server = Server::start();
    let ahead = Ahead::default();
    let leash = WhenLate::ShortLeash(Duration::from_secs(120));
    let guards: Vec<_> = [WhenLate::Accept, WhenLate::Reject, leash]
        .into_iter()
        .map(|when_late| {
            let (tell, told) = channel();
            let builder = Guard::builder(server.issuer()).when_late(when_late);
            let builder = builder.on_feed_change(move |status| tell.send(status.is_fresh).unwrap());
            let guard = ahead.apply(builder).start().blocking().unwrap();
            assert!(told.recv().unwrap(), "fresh at the start");
            (guard, told)
        })
        .collect();
    let (young, old, ended) = (server.token("s", 60), server.token("s", 130), server.token("ended", 0));
    server.end_session("ended");
    for (guard, _) in &guards {
        assert!(guard.verify(&young).is_ok() && guard.verify(&old).is_ok());
        wait_for_end(guard, &ended);
    }
    server.stop();
    ahead.put_forward(6);
    let verdicts = guards.iter().map(|(guard, told)| {
        assert!(!told.recv().unwrap(), "late");
        assert!(status(guard).lag.unwrap() > Duration::from_secs(5));
        [&young, &old, &ended].map(|token| guard.verify(token).err())
    });
    let revoked = Some(Refusal::Revoked);
    assert_eq!(
        verdicts.collect::<Vec<_>>(),
        [
            [None, None, revoked.clone()],
            [Some(Refusal::FeedLate), Some(Refusal::FeedLate), revoked.clone()],
            [None, Some(Refusal::TooOld), revoked],
        ]
    );
    let key = server.key.lock().unwrap().clone();
    let server = Server::start_at(server.address, key);
    for (guard, told) in &guards {
        assert!(told.recv().unwrap(), "fresh again");
        assert!(guard.verify(&server.token("s", 130)).is_ok());
    }
}

/// The connection is good, but the server cannot read its own store.
#[test]
fn a_server_that_does_not_know_everything_is_late() {
    let server = Server::start();
    let (tell, told) = channel();
    let builder = Guard::builder(server.issuer()).when_late(WhenLate::Reject);
    let guard =
        builder.on_feed_change(move |status| tell.send(status.is_fresh).unwrap()).start().blocking().unwrap();
    assert!(told.recv().unwrap());
    server.has_store.store(false, Ordering::SeqCst);
    assert!(!told.recv().unwrap());
    assert!(status(&guard).failure.is_none(), "it is connected");
    assert_eq!(guard.verify(&server.token("s", 0)).unwrap_err(), Refusal::FeedLate);
    server.end_session("s");
    wait_for_end(&guard, &server.token("s", 0));
    server.has_store.store(true, Ordering::SeqCst);
    assert!(told.recv().unwrap());
}

/// The time of day is of no account: not the guard's, and not the server's.
#[test]
fn clocks_that_are_hours_apart_make_nobody_late() {
    let server = Server::start();
    for hours in [-5, 5] {
        let builder =
            Guard::builder(server.issuer()).clock(move || unix_milliseconds() / 1000 + hours * 3600);
        let guard = builder.start().blocking().unwrap();
        let status = status(&guard);
        assert!(status.is_fresh && status.lag.unwrap() < Duration::from_secs(5), "{status:?}");
    }
}

#[test]
fn new_keys_are_fetched_when_the_feed_says_so() {
    let server = Server::start();
    let guard = server.guard();
    let fetched = server.fetched.lock().unwrap();
    fetched.recv().unwrap();
    *server.key.lock().unwrap() = SigningKey::generate(Algorithm::Es256).unwrap();
    fetched.recv().unwrap(); // no token with the new key has been seen
    let token = server.token("s", 0);
    while guard.verify(&token).is_err() {
        std::thread::yield_now();
    }
}

#[test]
fn a_feed_that_cannot_be_followed_says_why_and_the_guard_starts() {
    let server = Server::start();
    let failure = |feed: Follow| {
        let issuer = Issuer::discover(policy(&server.origin())).follow(feed);
        let builder =
            Guard::builder(issuer).feed_wait(Duration::from_millis(200)).when_late(WhenLate::Reject);
        let guard = builder.start().blocking().unwrap();
        let status = status(&guard);
        assert!(!status.is_fresh && status.lag.is_none());
        assert_eq!(guard.verify(&server.token("s", 0)).unwrap_err(), Refusal::FeedLate);
        status.failure.unwrap().to_string()
    };
    let good = || Follow::with_key(FEED_KEY);
    assert!(failure(Follow::with_key("csf_wrong")).contains("401"));
    assert!(failure(Follow::without_key()).contains("401"));
    let other = Server::start();
    assert!(
        failure(good().at(format!("{}/api/revocations", other.origin())))
            .contains("not of the one asked for")
    );
    assert!(failure(good().at(format!("{}/jwks.json", other.origin()))).contains("is no feed"));
    assert!(failure(good().at(format!("{}/nothing", other.origin()))).contains("404"));
}

#[test]
fn a_feed_without_a_place_is_refused_at_the_start() {
    let policy = || policy("https://auth.example");
    let start = |issuer: Issuer| Guard::builder(issuer).at_start(AtStart::Serve503).build().unwrap_err();
    let keys_only = Issuer::with_keys_at(policy(), "https://auth.example/keys");
    assert!(matches!(start(keys_only.follow(Follow::without_key())), StartError::FeedPlace(_)));
    let plain = Follow::without_key().at("http://auth.example/feed");
    assert!(matches!(start(Issuer::discover(policy()).follow(plain)), StartError::Feed { .. }));
}

/// The other end has vanished without a word: no heartbeat comes, and the guard goes elsewhere with its cursor.
#[test]
fn a_half_open_connection_is_given_up_after_three_heartbeats() {
    let server = Server::start();
    let (tell, requests) = channel();
    let issuer = server.origin();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let feed = Follow::with_key(FEED_KEY).at(format!("http://{}/", listener.local_addr().unwrap()));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let has_cursor =
                lines.take_while(|line| !line.is_empty()).any(|line| line == "last-event-id: here");
            let now = unix_milliseconds();
            let hello = json!({
                "v": 1, "iss": issuer, "mode": "snapshot", "heartbeat": 1, "retain": 60, "now": now,
            });
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
            let sync = json!({ "asOf": now });
            let events = format!("event: hello\ndata: {hello}\n\nid: here\nevent: sync\ndata: {sync}\n\n");
            stream.write_all((head.to_owned() + &events).as_bytes()).unwrap();
            let _over = tell.send(has_cursor);
            let _until_it_leaves = stream.read(&mut [0]);
        }
    });
    let issuer = Issuer::discover(policy(&server.origin())).follow(feed);
    let guard = Guard::builder(issuer).start().blocking().unwrap();
    assert_eq!([requests.recv().unwrap(), requests.recv().unwrap()], [false, true]);
    drop(guard);
}
