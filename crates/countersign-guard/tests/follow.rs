//! A guard that follows a real feed over HTTP: sessions end there, and tokens are refused here.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its scene has failed")]

mod device;

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_guard::feed::{self, Feed, FeedOptions};
use countersign_guard::jwt::{
    Algorithm, ClaimsPolicy, DpopError, JwkSet, SigningKey, TokenType, VerifyError, sign,
};
use countersign_guard::{
    AccessClaims, AtStart, DpopOptions, Ended, FeedStatus, Follow, Guard, GuardBuilder, Issuer, Refusal,
    StartError, WhenLate,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tower::{Layer as _, ServiceExt as _};

use device::Device;

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
    introspection: Arc<Introspection>,
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
        let introspection = Arc::new(Introspection::default());
        let router = router(address, &feed, Arc::clone(&key), tell).merge(introspection.router());
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
        Self {
            address,
            key,
            feed,
            has_store,
            fetched: Mutex::new(fetched),
            introspection,
            runtime: Some(runtime),
        }
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
            "iat": now - age, "exp": now - age + 600,
        });
        sign(&claims, &self.key.lock().unwrap(), "at+jwt").unwrap()
    }
}

/// The issuer's introspection: how often it was asked, and which token is not active.
#[derive(Default)]
struct Introspection {
    asked: AtomicU64,
    ended: Mutex<Option<String>>,
    /// While it is true, no request gets a response.
    is_stuck: AtomicBool,
    unstuck: tokio::sync::Notify,
}

impl Introspection {
    fn router(self: &Arc<Self>) -> Router {
        let this = Arc::clone(self);
        let introspect = move |headers: HeaderMap, body: String| {
            let this = Arc::clone(&this);
            async move { this.respond(&headers, &body).await }
        };
        Router::new().route("/introspect", axum::routing::post(introspect))
    }

    async fn respond(&self, headers: &HeaderMap, body: &str) -> Result<Json<Value>, StatusCode> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let unstuck = self.unstuck.notified();
        if self.is_stuck.load(Ordering::SeqCst) {
            unstuck.await;
        }
        if headers[header::AUTHORIZATION] != format!("Basic {}", STANDARD.encode("gate%2Fway:csc_test")) {
            return Err(StatusCode::UNAUTHORIZED);
        }
        assert_eq!(headers[header::CONTENT_TYPE], "application/x-www-form-urlencoded");
        let token = body.strip_prefix("token=").and_then(|rest| rest.split('&').next()).unwrap();
        Ok(Json(json!({ "active": self.ended.lock().unwrap().as_deref() != Some(token) })))
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
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
    let (old, new) = (server.token("old", 30), server.token("new", 0));
    assert!(far.verify(&old).is_ok());
    server.feed.revoke_issued_before(unix_milliseconds() / 1000 - 10);
    wait_for_end(&far, &old);
    assert!(near.verify(&old).is_err() && far.verify(&new).is_ok());
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

/// A guard that asks, whose feed is late.
struct Asking {
    /// It is gone.
    server: Server,
    introspection: Arc<Introspection>,
    /// It has the introspection.
    _other: Server,
    guard: Guard,
    ahead: Ahead,
    runtime: tokio::runtime::Runtime,
}

impl Asking {
    fn start(client_secret: &str) -> Self {
        let (mut server, other, ahead) = (Server::start(), Server::start(), Ahead::default());
        let follow = Follow::with_key(FEED_KEY).ask_as("gate/way", client_secret);
        let follow = follow.ask_at(format!("{}/introspect", other.origin()));
        let (tell, told) = channel();
        let builder = Guard::builder(Issuer::discover(policy(&server.origin())).follow(follow))
            .when_late(WhenLate::Ask)
            .on_feed_change(move |status| tell.send(status.is_fresh).unwrap());
        let guard = ahead.apply(builder).start().blocking().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert!(told.recv().unwrap());
        let token = server.token("s", 0);
        server.stop();
        let introspection = Arc::clone(&other.introspection);
        let asking = Self { server, introspection, _other: other, guard, ahead, runtime };
        assert!(asking.authenticate(&token).is_ok());
        assert_eq!(asking.introspection.asked(), 0, "a fresh feed is enough");
        asking.ahead.put_forward(6);
        assert!(!told.recv().unwrap());
        asking
    }

    fn authenticate(&self, token: &str) -> Result<AccessClaims, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        self.runtime.block_on(self.guard.authenticate_async(&headers))
    }

    /// The status and `Retry-After` of a response of the layer, or the subject that the service behind it has seen.
    async fn call(&self, token: &str) -> (StatusCode, String) {
        let service = tower::service_fn(async |request: Request| {
            let subject = request.extensions().get::<AccessClaims>().unwrap().subject().to_owned();
            Ok::<_, Infallible>(subject.into_response())
        });
        let request = Request::get("/").header(header::AUTHORIZATION, format!("Bearer {token}"));
        let service = self.guard.layer().require_role("user").layer(service);
        let response = service.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1000).await.unwrap();
        let text = match parts.headers.get(header::RETRY_AFTER) {
            Some(after) => format!("after {}", after.to_str().unwrap()),
            None if parts.status == StatusCode::OK => String::from_utf8(body.to_vec()).unwrap(),
            None => String::new(),
        };
        (parts.status, text)
    }
}

#[test]
fn while_the_feed_is_late_the_issuer_is_asked_about_each_session() {
    let asking = Asking::start("csc_test");
    let Asking { server, introspection, guard, ahead, .. } = &asking;
    let asked = || introspection.asked();
    let (token, ended) = (server.token("s", 0), server.token("ended", 0));
    assert_eq!(guard.verify(&token).unwrap_err(), Refusal::FeedLate, "it cannot wait");
    assert_eq!(asked(), 0);
    assert_eq!(asking.authenticate(&token).unwrap().subject(), "ada");
    assert!(asking.authenticate(&token).is_ok() && guard.verify(&token).is_ok());
    let other_token = server.token("s", 10);
    assert_eq!(
        asking.authenticate(&other_token).unwrap().issued_at(),
        guard.verify(&other_token).unwrap().issued_at()
    );
    assert_eq!(asked(), 1, "the answer counts for the session");
    ahead.put_forward(5);
    assert_eq!(guard.verify(&token).unwrap_err(), Refusal::FeedLate);
    assert!(asking.authenticate(&token).is_ok());
    assert_eq!(asked(), 2, "for five seconds");

    *introspection.ended.lock().unwrap() = Some(ended.clone());
    assert_eq!(asking.authenticate(&ended).unwrap_err(), Refusal::Revoked);
    assert_eq!(guard.verify(&server.token("ended", 5)).unwrap_err(), Refusal::Revoked);
    assert_eq!(asking.authenticate(&ended).unwrap_err(), Refusal::Revoked);
    assert_eq!((asked(), status(guard).entries), (3, 1), "the session has ended for good");
    assert!(guard.verify(&token).is_ok() && status(guard).ask_failure.is_none());
}

/// The issuer gives no token a leeway.
#[test]
fn a_token_that_is_about_to_expire_ends_no_session() {
    let asking = Asking::start("csc_test");
    let (old, young) = (asking.server.token("s", 580), asking.server.token("s", 0));
    *asking.introspection.ended.lock().unwrap() = Some(old.clone());
    assert_eq!(asking.authenticate(&old).unwrap_err(), Refusal::Invalid(VerifyError::Expired));
    assert!(asking.authenticate(&young).is_ok());
    assert_eq!(status(&asking.guard).entries, 0);
}

#[test]
fn the_layer_waits_for_the_answer() {
    let asking = Asking::start("csc_test");
    let (token, ended) = (asking.server.token("s", 0), asking.server.token("ended", 0));
    *asking.introspection.ended.lock().unwrap() = Some(ended.clone());
    asking.runtime.block_on(async {
        assert_eq!(asking.call(&token).await, (StatusCode::OK, "ada".to_owned()));
        assert_eq!(asking.call(&ended).await, (StatusCode::UNAUTHORIZED, String::new()));
    });
}

/// A proof is good once, so it is checked before the issuer is asked and not again after the answer.
#[test]
fn a_bound_token_is_asked_about_after_its_proof() {
    let asking = Asking::start("csc_test");
    let (device, thief) = (Device::new(), Device::new());
    let guard = asking.guard.dpop(DpopOptions::new("https://api.example").unwrap());
    let now = unix_milliseconds() / 1000;
    let claims = json!({
        "iss": asking.server.origin(), "aud": "api", "sub": "ada", "sid": "s", "jti": "j", "iat": now,
        "exp": now + 600, "cnf": { "jkt": device.thumbprint() },
    });
    let token = sign(&claims, &asking.server.key.lock().unwrap(), "at+jwt").unwrap();
    let headers = |device: &Device, jti: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, format!("DPoP {token}").parse().unwrap());
        headers.insert("dpop", device.proof(jti, &token, now, |_| {}).parse().unwrap());
        headers
    };
    let authenticate = |headers: &HeaderMap| {
        let uri = "/mine".parse().unwrap();
        asking.runtime.block_on(guard.authenticate_request_async(&Method::GET, &uri, headers)).err()
    };
    assert_eq!(authenticate(&headers(&thief, "p1")), Some(Refusal::Proof(DpopError::WrongKey)));
    assert_eq!(asking.introspection.asked(), 0, "not for a thief");
    let own = headers(&device, "p1");
    assert_eq!(authenticate(&own), None);
    assert_eq!(authenticate(&own), Some(Refusal::Proof(DpopError::Replayed)));
    assert_eq!(asking.introspection.asked(), 1);
    asking.ahead.put_forward(5);
    let service =
        guard.layer().layer(tower::service_fn(async |_: Request| Ok::<_, Infallible>("in".into_response())));
    let mut request = Request::get("/mine").body(Body::empty()).unwrap();
    *request.headers_mut() = headers(&device, "p2");
    let response = asking.runtime.block_on(service.oneshot(request)).unwrap();
    assert_eq!((response.status(), asking.introspection.asked()), (StatusCode::OK, 2));
}

#[test]
fn a_session_is_asked_about_once_however_many_requests_wait() {
    let asking = Asking::start("csc_test");
    let introspection = &asking.introspection;
    introspection.is_stuck.store(true, Ordering::SeqCst);
    let token = asking.server.token("s", 0);
    let release = async {
        while introspection.asked() == 0 {
            tokio::task::yield_now().await;
        }
        introspection.is_stuck.store(false, Ordering::SeqCst);
        introspection.unstuck.notify_waiters();
    };
    let calls = join_all((0..50).map(|_| asking.call(&token)));
    let (responses, ()) = asking.runtime.block_on(async { tokio::join!(calls, release) });
    assert!(responses.iter().all(|response| response.0 == StatusCode::OK), "{responses:?}");
    assert_eq!(introspection.asked(), 1);
}

#[test]
fn an_issuer_that_does_not_answer_makes_nobody_wait_long() {
    let asking = Asking::start("csc_test");
    let introspection = &asking.introspection;
    introspection.is_stuck.store(true, Ordering::SeqCst);
    let token = asking.server.token("s", 0);
    let put_forward = async {
        while introspection.asked() == 0 {
            tokio::task::yield_now().await;
        }
        asking.ahead.put_forward(3);
    };
    let (response, ()) = asking.runtime.block_on(async { tokio::join!(asking.call(&token), put_forward) });
    assert_eq!(response, (StatusCode::SERVICE_UNAVAILABLE, "after 5".to_owned()));
    assert!(status(&asking.guard).ask_failure.is_none(), "the question is open still");
}

#[test]
fn without_an_answer_it_is_as_with_reject_and_the_issuer_is_left_alone() {
    let asking = Asking::start("csc_wrong");
    let introspection = &asking.introspection;
    let token = asking.server.token("s", 0);
    for _ in 0..3 {
        assert_eq!(asking.authenticate(&token).unwrap_err(), Refusal::FeedLate);
    }
    assert_eq!(introspection.asked(), 1);
    assert!(status(&asking.guard).ask_failure.unwrap().to_string().contains("401"));
    asking.ahead.put_forward(1);
    assert_eq!(asking.authenticate(&token).unwrap_err(), Refusal::FeedLate);
    assert_eq!(introspection.asked(), 2);
}

#[test]
fn whom_to_ask_must_be_said() {
    let start = |issuer: Issuer| {
        let builder = Guard::builder(issuer).when_late(WhenLate::Ask).at_start(AtStart::Serve503);
        builder.build().unwrap_err()
    };
    let policy = || policy("https://auth.example");
    let feed = || Follow::without_key().at("https://auth.example/feed");
    let asking = || feed().ask_as("a", "b");
    assert!(matches!(start(Issuer::discover(policy()).follow(feed())), StartError::NoClient(_)));
    let plain = Issuer::discover(policy()).follow(asking().ask_at("http://auth.example/introspect"));
    assert!(matches!(start(plain), StartError::Introspection { .. }));
    let keys_only = Issuer::with_keys_at(policy(), "https://auth.example/keys").follow(asking());
    assert!(matches!(start(keys_only), StartError::IntrospectionPlace(_)));
    assert!(!format!("{:?}", Follow::without_key().ask_as("gateway", "csc_secret")).contains("Basic"));
}
