//! A guard that fetches its keys, against issuers on loopback that behave, and issuers that do not (VF-9).
//! The clock and the timer are turned by hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its scene has failed")]

#[path = "../../countersign-fetch/tests/support/mod.rs"]
mod support;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, RwLock, mpsc};
use std::time::Duration;

use axum::Router;
use axum::http::{Request, Response, header};
use countersign_guard::jwt::{
    Algorithm, ClaimsPolicy, JwkSet, SigningKey, SkipReason, TokenType, VerifyError, sign,
};
use countersign_guard::{AtStart, Guard, GuardBuilder, Issuer, KeysError, Refresher, Refusal, StartError};
use serde_json::{Value, json};
use support::{Server, ok, status};
use tower::ServiceExt;

const NOW: i64 = 1_700_000_000;
const HOUR: u64 = 60 * 60;
const JSON: &str = "Content-Type: application/json\r\n";

type Reply = Box<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// An issuer whose answers can be changed, and which counts how often its keys are asked for.
#[derive(Clone)]
struct Site(Arc<Inner>);

struct Inner {
    metadata: Mutex<Arc<Reply>>,
    keys: Mutex<Arc<Reply>>,
    fetches: AtomicUsize,
}

impl Site {
    fn new() -> Self {
        let metadata: Reply = Box::new(|request| {
            let is_there = request.starts_with("GET /.well-known/oauth-authorization-server HTTP/1.1");
            if is_there { metadata(request, &origin(request)) } else { status("404 Not Found", "") }
        });
        let none: Reply = Box::new(|_| status("503 Service Unavailable", ""));
        Self(Arc::new(Inner {
            metadata: Mutex::new(Arc::new(metadata)),
            keys: Mutex::new(Arc::new(none)),
            fetches: AtomicUsize::new(0),
        }))
    }

    fn publishing(keys: &[&SigningKey]) -> Self {
        let site = Self::new();
        site.publish(keys);
        site
    }

    fn answer(&self) -> impl support::Answer + use<> {
        let site = self.clone();
        move |request| {
            let reply = if request.starts_with("GET /jwks ") {
                site.0.fetches.fetch_add(1, SeqCst);
                Arc::clone(&site.0.keys.lock().unwrap())
            } else {
                Arc::clone(&site.0.metadata.lock().unwrap())
            };
            reply(request)
        }
    }

    fn serve(&self) -> Server {
        Server::plain(self.answer())
    }

    fn metadata(&self, reply: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) {
        *self.0.metadata.lock().unwrap() = Arc::new(Box::new(reply));
    }

    fn keys(&self, reply: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) {
        *self.0.keys.lock().unwrap() = Arc::new(Box::new(reply));
    }

    fn publish(&self, keys: &[&SigningKey]) {
        let answer = ok(JSON, &set(keys));
        self.keys(move |_| answer.clone());
    }

    fn fetches(&self) -> usize {
        self.0.fetches.load(SeqCst)
    }
}

/// The origin that a request was sent to.
fn origin(request: &str) -> String {
    let host = request.lines().find_map(|line| line.to_lowercase().strip_prefix("host: ").map(str::to_owned));
    let host = host.unwrap();
    let scheme = if host.starts_with("localhost") { "https" } else { "http" };
    format!("{scheme}://{host}")
}

fn metadata(request: &str, issuer: &str) -> Vec<u8> {
    let keys = format!("{}/jwks", origin(request));
    ok(JSON, &json!({ "issuer": issuer, "jwks_uri": keys }).to_string())
}

fn set(keys: &[&SigningKey]) -> String {
    JwkSet::new(keys.iter().map(|key| key.verifying_key()).collect()).unwrap().to_json()
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

fn token_with(key: &SigningKey, issuer: &str, jti: &str) -> String {
    let claims = json!({
        "iss": issuer, "aud": "api", "sub": "ada", "sid": "s1", "jti": jti, "iat": NOW, "exp": NOW + 1_000_000,
    });
    sign(&claims, key, "at+jwt").unwrap()
}

fn token(key: &SigningKey, server: &Server) -> String {
    token_with(key, &server.origin, "j1")
}

fn policy(issuer: &str) -> ClaimsPolicy {
    ClaimsPolicy::new(issuer, "api", TokenType::AccessToken, Duration::ZERO)
}

/// The time that has passed, by the test's word.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicU64>);

impl Hand {
    fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, SeqCst);
    }

    fn builder(&self, issuer: Issuer) -> GuardBuilder {
        let (clock, timer) = (Arc::clone(&self.0), Arc::clone(&self.0));
        Guard::builder(issuer)
            .clock(move || NOW + clock.load(SeqCst).cast_signed())
            .timer(move || Duration::from_secs(timer.load(SeqCst)))
            .chance(|| 0.5)
            .timeout(Duration::from_secs(60))
    }

    fn guard(&self, server: &Server) -> (Guard, Refresher) {
        let builder = self.builder(Issuer::discover(policy(&server.origin)));
        let (guard, mut refreshers) = builder.build().unwrap();
        (guard, refreshers.remove(0))
    }
}

fn failure(guard: &Guard) -> Arc<KeysError> {
    guard.key_status().remove(0).failure.unwrap()
}

const UNKNOWN: Refusal = Refusal::Invalid(VerifyError::UnknownKeyId);

#[tokio::test]
async fn one_line_finds_the_keys_of_an_issuer() {
    let key = key();
    let server = Site::publishing(&[&key]).serve();
    let guard = Guard::discover(server.origin.as_str(), "api").await.unwrap();
    // On the system's clock, so with a token of now.
    let expired = guard.verify(&token(&key, &server)).unwrap_err();
    assert_eq!(expired, Refusal::Invalid(VerifyError::Expired));
    assert_eq!(guard.verify(&token(&self::key(), &server)).unwrap_err(), UNKNOWN);
}

/// RFC 8414 §3.1 and `OpenID` Connect Discovery §4, for issuers with a path too. A page for people is not
/// metadata.
#[test]
fn metadata_are_looked_for_in_both_places() {
    let key = key();
    for (path, place) in [
        ("", "/.well-known/oauth-authorization-server"),
        ("/", "/.well-known/oauth-authorization-server"),
        ("", "/.well-known/openid-configuration"),
        ("/realms/a", "/.well-known/oauth-authorization-server/realms/a"),
        ("/realms/a", "/realms/a/.well-known/openid-configuration"),
        ("/realms/a/", "/realms/a/.well-known/openid-configuration"),
    ] {
        for absent in [
            status("404 Not Found", ""),
            ok("Content-Type: text/html\r\n", "<h1>Welcome"),
            status("302 Found", "Location: /login\r\n"),
        ] {
            let site = Site::publishing(&[&key]);
            site.metadata(move |request| {
                if request.starts_with(&format!("GET {place} HTTP/1.1\r\n")) {
                    metadata(request, &format!("{}{path}", origin(request)))
                } else {
                    absent.clone()
                }
            });
            let server = site.serve();
            let issuer = format!("{}{path}", server.origin);
            let (guard, mut refreshers) =
                Hand::default().builder(Issuer::discover(policy(&issuer))).build().unwrap();
            refreshers[0].turn();
            assert!(
                guard.verify(&token_with(&key, &issuer, "j")).is_ok(),
                "{place}: {:?}",
                guard.key_status()
            );
        }
    }
}

/// RFC 8414 §3.3: metadata that name another issuer must not be used. Nor may they lead into the service's
/// own network.
#[test]
fn metadata_that_are_not_the_issuers_are_not_used() {
    let key = key();
    let fails = |reply: Reply, expected: fn(&KeysError) -> bool| {
        let site = Site::publishing(&[&key]);
        site.metadata(reply);
        let server = site.serve();
        let (guard, mut refresher) = Hand::default().guard(&server);
        refresher.turn();
        assert!(expected(&failure(&guard)), "{:?}", failure(&guard));
        assert_eq!(guard.verify(&token(&key, &server)).unwrap_err(), Refusal::KeysUnavailable);
        assert_eq!(site.fetches(), 0);
    };
    let says = |keys_at: fn(&str) -> String| -> Reply {
        Box::new(move |request| {
            let origin = origin(request);
            ok(JSON, &json!({ "issuer": origin, "jwks_uri": keys_at(&origin) }).to_string())
        })
    };
    let is_other = |error: &KeysError| matches!(error, KeysError::OtherIssuer { .. });
    fails(Box::new(|request| metadata(request, "https://auth.example")), is_other);
    fails(Box::new(|request| metadata(request, &format!("{}/", origin(request)))), is_other);
    fails(Box::new(|request| metadata(request, &origin(request).replace("http:", "HTTP:"))), is_other);
    let lacks_member = |error: &KeysError| matches!(error, KeysError::MetadataMember { .. });
    fails(Box::new(|request| ok(JSON, &json!({ "issuer": origin(request) }).to_string())), lacks_member);
    fails(Box::new(|_| ok(JSON, "[]")), lacks_member);
    let is_absent = |error: &KeysError| matches!(error, KeysError::Metadata { .. });
    fails(Box::new(|_| status("302 Found", "Location: /elsewhere\r\n")), is_absent);
    fails(Box::new(|_| status("500 Internal Server Error", "")), is_absent);
    fails(Box::new(|_| ok(JSON, &" ".repeat(65_537))), is_absent);
    let leads_astray = |error: &KeysError| matches!(error, KeysError::JwksUri { .. });
    fails(says(|_| "http://10.0.0.1/jwks".into()), leads_astray);
    fails(says(|_| "file:///etc/passwd".into()), leads_astray);
    let is_forbidden = |error: &KeysError| error.to_string().contains("which this request may not go to");
    fails(says(|origin| format!("{}/jwks", origin.replace("127.0.0.1", "localhost"))), is_forbidden);
    fails(says(|_| "https://169.254.169.254/latest/meta-data".into()), is_forbidden);
}

/// What is no usable set changes nothing: the old keys stay, also where the new set is empty.
#[test]
fn bad_answers_leave_the_old_keys_in_use() {
    let key = key();
    let secret =
        json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "s" }] }).to_string();
    let redirect = status("302 Found", "Location: https://elsewhere.example/jwks\r\n");
    for (name, reply) in [
        ("redirect", redirect),
        ("gone", status("404 Not Found", "")),
        ("down", status("503 Service Unavailable", "")),
        ("oversized", ok(JSON, &format!("{}{}", set(&[&key]), " ".repeat(65_536)))),
        ("slow", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{".to_vec()),
        ("content type", ok("Content-Type: text/html\r\n", &set(&[&key]))),
        ("no content type", ok("", &set(&[&key]))),
        ("not JSON", ok(JSON, "<html>")),
        ("no set", ok(JSON, "{}")),
        ("empty set", ok(JSON, r#"{"keys":[]}"#)),
        ("nothing but a secret", ok(JSON, &secret)),
        ("not modified, unasked", status("304 Not Modified", "")),
    ] {
        let hand = Hand::default();
        let site = Site::publishing(&[&key]);
        let server = site.serve();
        let limit = Duration::from_millis(if name == "slow" { 200 } else { 60_000 });
        let issuer = Issuer::with_keys_at(policy(&server.origin), format!("{}/jwks", server.origin));
        let (guard, mut refreshers) = hand.builder(issuer).timeout(limit).build().unwrap();
        refreshers[0].turn();
        assert!(guard.key_status()[0].failure.is_none(), "{name}");
        site.keys(move |_| reply.clone());
        hand.advance(300);
        refreshers[0].turn();
        failure(&guard);
        assert_eq!((site.fetches(), guard.key_status()[0].keys), (2, 1), "{name}");
        assert!(guard.verify(&token(&key, &server)).is_ok(), "{name}");
    }
}

/// A key that the set names again under the same ID does not take the place of the first, and others still
/// count.
#[test]
fn a_duplicate_key_id_is_left_out_and_reported() {
    let (first, other, second) = (key(), key(), key());
    let mut keys: Value = serde_json::from_str(&set(&[&first, &second, &other])).unwrap();
    keys["keys"][1]["kid"] = keys["keys"][0]["kid"].clone();
    let site = Site::new();
    site.keys(move |_| ok(JSON, &keys.to_string()));
    let server = site.serve();
    let (guard, mut refresher) = Hand::default().guard(&server);
    refresher.turn();
    assert!(guard.verify(&token(&first, &server)).is_ok() && guard.verify(&token(&other, &server)).is_ok());
    assert_eq!(guard.verify(&token(&second, &server)).unwrap_err(), UNKNOWN);
    let status = guard.key_status().remove(0);
    assert_eq!((status.keys, status.skipped[0].reason), (2, SkipReason::DuplicateKeyId));
}

#[test]
fn a_set_is_confirmed_by_its_etag() {
    let key = key();
    let site = Site::new();
    let body = set(&[&key]);
    site.keys(move |request| {
        if request.contains("if-none-match: \"a\"\r\n") {
            status("304 Not Modified", "Cache-Control: max-age=60\r\n")
        } else {
            ok(&format!("{JSON}ETag: \"a\"\r\nCache-Control: max-age=120\r\n"), &body)
        }
    });
    let (server, hand) = (site.serve(), Hand::default());
    let (guard, mut refresher) = hand.guard(&server);
    for (at, pause) in [(0, 120), (120, 60), (60, 60)] {
        hand.advance(at);
        assert_eq!(refresher.turn(), Some(Duration::from_secs(pause)));
        let status = guard.key_status().remove(0);
        assert!(status.failure.is_none() && status.age == Some(Duration::ZERO), "{status:?}");
        assert!(guard.verify(&token(&key, &server)).is_ok());
    }
    assert_eq!(site.fetches(), 3);
    // Forgotten keys are fetched, and not confirmed.
    hand.advance(24 * HOUR);
    refresher.turn();
    assert!(guard.verify(&token(&key, &server)).is_ok());
}

/// KM-3: a key that is published before it signs reaches the guard in time; twenty rotations, with
/// verifications running through all of them.
#[test]
fn a_rotation_under_load_refuses_no_good_token() {
    let first = key();
    let site = Site::publishing(&[&first]);
    let (server, hand) = (site.serve(), Hand::default());
    let (guard, mut refresher) = hand.guard(&server);
    refresher.turn();
    let (signer, is_over, verified) =
        (RwLock::new(first.clone()), AtomicBool::new(false), AtomicUsize::new(0));
    let verify_until_it_is_over = || {
        while !is_over.load(SeqCst) {
            // Held, so that a token is not two rotations old before it is looked at.
            let key = signer.read().unwrap();
            let number = verified.fetch_add(1, SeqCst);
            let token = token_with(&key, &server.origin, &number.to_string());
            assert!((0..2).all(|_| guard.verify(&token).is_ok()), "fresh and cached");
        }
    };
    std::thread::scope(|scope| {
        let load = [scope.spawn(verify_until_it_is_over), scope.spawn(verify_until_it_is_over)];
        let mut old = first;
        for _ in 0..20 {
            let new = key();
            site.publish(&[&old, &new]);
            hand.advance(300);
            refresher.turn();
            let seen = verified.load(SeqCst);
            while verified.load(SeqCst) == seen
                && !load.iter().any(std::thread::ScopedJoinHandle::is_finished)
            {
                std::thread::yield_now();
            }
            *signer.write().unwrap() = new.clone();
            site.publish(&[&new]);
            hand.advance(300);
            refresher.turn();
            old = new;
        }
        is_over.store(true, SeqCst);
    });
    assert_eq!(site.fetches(), 41);
}

/// A key that signs before it was published to us: one refusal, then it is found.
#[test]
fn an_unknown_key_is_asked_for_and_found() {
    let (old, new) = (key(), key());
    let site = Site::publishing(&[&old]);
    let (server, hand) = (site.serve(), Hand::default());
    let (guard, mut refresher) = hand.guard(&server);
    refresher.turn();
    site.publish(&[&old, &new]);
    hand.advance(11);
    assert_eq!(guard.verify(&token(&new, &server)).unwrap_err(), UNKNOWN);
    assert_eq!(refresher.turn(), Some(Duration::from_secs(1)), "not within 12 s of the last");
    hand.advance(1);
    refresher.turn();
    assert!(guard.verify(&token(&new, &server)).is_ok() && guard.verify(&token(&old, &server)).is_ok());
    // Tokens that fail otherwise ask for nothing.
    let mut forged = token(&new, &server);
    forged.replace_range(forged.len() - 8.., "AAAAAAAA");
    assert_eq!(guard.verify(&forged).unwrap_err(), Refusal::Invalid(VerifyError::BadSignature));
    hand.advance(60);
    refresher.turn();
    assert_eq!(site.fetches(), 2);
}

/// VF-9: four strangers' keys a second for five minutes cost at most five fetches a minute, and hide no key
/// of the issuer's.
#[test]
fn a_flood_of_unknown_keys_costs_five_fetches_a_minute() {
    let (old, new) = (key(), key());
    let site = Site::publishing(&[&old]);
    let (server, hand) = (site.serve(), Hand::default());
    let (guard, mut refresher) = hand.guard(&server);
    refresher.turn();
    let stranger = key();
    let forged = |number: u64| token(&stranger.clone().with_key_id(format!("stranger-{number}")), &server);
    let mut at = vec![0];
    for second in 1..=300 {
        hand.advance(1);
        for number in 0..4 {
            assert_eq!(guard.verify(&forged(second * 10 + number)).unwrap_err(), UNKNOWN);
        }
        if second == 280 {
            site.publish(&[&old, &new]);
        }
        let before = site.fetches();
        refresher.turn();
        at.extend((before..site.fetches()).map(|_| second));
        assert!(guard.verify(&token(&old, &server)).is_ok());
    }
    assert!(guard.verify(&token(&new, &server)).is_ok());
    assert!(at.windows(6).all(|six| six[5] - six[0] >= 60), "{at:?}");
    assert_eq!(at.len(), 26);
}

/// Stale if error, for a day: an hour without the issuer is not noticed; after a day there is 503, and never
/// 401.
#[test]
fn an_issuer_that_is_down_is_done_without_for_a_day() {
    let key = key();
    let site = Site::publishing(&[&key]);
    let (server, hand) = (site.serve(), Hand::default());
    let (guard, mut refresher) = hand.guard(&server);
    refresher.turn();
    let cached = token(&key, &server);
    assert!(guard.verify(&cached).is_ok());
    site.keys(|_| status("503 Service Unavailable", ""));
    site.metadata(|_| status("503 Service Unavailable", ""));
    let is_good = |number: u64| {
        let fresh = token_with(&key, &server.origin, &number.to_string());
        guard.verify(&cached).is_ok() && guard.verify(&fresh).is_ok()
    };
    for step in 1..=HOUR / 5 {
        hand.advance(5);
        refresher.turn();
        assert!(is_good(step), "{step}");
    }
    assert_eq!(guard.key_status()[0].age, Some(Duration::from_secs(HOUR)));
    hand.advance(23 * HOUR - 1);
    refresher.turn();
    assert!(is_good(0));
    hand.advance(1);
    refresher.turn();
    assert_eq!(guard.verify(&cached).unwrap_err(), Refusal::KeysUnavailable);
    assert_eq!((guard.key_status()[0].keys, guard.key_status()[0].age), (0, None));

    site.metadata(|request| metadata(request, &origin(request)));
    site.publish(&[&key]);
    hand.advance(60);
    refresher.turn();
    assert!(is_good(1), "it is back");
}

#[test]
fn no_request_waits_for_a_fetch() {
    let (old, new) = (key(), key());
    let site = Site::publishing(&[&old]);
    let (server, hand) = (site.serve(), Hand::default());
    let (guard, mut refresher) = hand.guard(&server);
    refresher.turn();
    let ((has_come, coming), (go, waiting)) = (mpsc::channel(), mpsc::channel());
    let (waiting, body) = (Mutex::new(waiting), set(&[&old, &new]));
    site.keys(move |_| {
        has_come.send(()).unwrap();
        waiting.lock().unwrap().recv().unwrap();
        ok(JSON, &body)
    });
    hand.advance(300);
    std::thread::scope(|scope| {
        let turn = scope.spawn(|| refresher.turn());
        coming.recv().unwrap();
        // The answer is not sent before these have returned.
        assert!(guard.verify(&token(&old, &server)).is_ok());
        assert_eq!(guard.verify(&token(&new, &server)).unwrap_err(), UNKNOWN);
        assert_eq!(guard.key_status()[0].keys, 1);
        go.send(()).unwrap();
        turn.join().unwrap();
    });
    assert!(guard.verify(&token(&new, &server)).is_ok());
}

/// On its own thread: a token with a new key wakes it.
#[test]
fn the_thread_fetches_when_a_token_asks() {
    let (old, new) = (key(), key());
    let site = Site::publishing(&[&old]);
    let (server, hand) = (site.serve(), Hand::default());
    let guard = hand.builder(Issuer::discover(policy(&server.origin))).start().blocking().unwrap();
    assert!(guard.verify(&token(&old, &server)).is_ok());
    site.publish(&[&new]);
    hand.advance(12);
    while guard.verify(&token(&new, &server)).is_err() {
        std::thread::yield_now();
    }
    assert_eq!(guard.verify(&token(&old, &server)).unwrap_err(), UNKNOWN, "withdrawn");
    assert_eq!(site.fetches(), 2);
}

#[test]
fn a_start_without_keys_fails_waits_or_answers_503() {
    let key = key();
    let site = Site::new();
    let server = site.serve();
    let issuer = || Issuer::discover(policy(&server.origin));
    let with = |at_start| Hand::default().builder(issuer()).at_start(at_start).start();
    for at_start in [AtStart::Fail, AtStart::Wait(Duration::ZERO)] {
        let error = with(at_start).blocking().unwrap_err();
        assert!(matches!(&error, StartError::NoKeys { issuer, .. } if **issuer == *server.origin), "{error}");
        assert!(error.to_string().contains("503"), "it says what happened: {error}");
    }
    assert_eq!(site.fetches(), 2);

    // On the real timer: the first try fails, the second is half a second later.
    let (failures, body) = (AtomicUsize::new(1), set(&[&key]));
    site.keys(move |_| match failures.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)) {
        Ok(_) => status("503 Service Unavailable", ""),
        Err(_) => ok(JSON, &body),
    });
    let waiting = Guard::builder(issuer()).clock(|| NOW).chance(|| 0.0);
    let guard = waiting.at_start(AtStart::Wait(Duration::from_secs(600))).start().blocking().unwrap();
    assert!(guard.verify(&token(&key, &server)).is_ok());

    site.keys(|_| status("503 Service Unavailable", ""));
    let guard = with(AtStart::Serve503).blocking().unwrap();
    assert_eq!(guard.verify(&token(&key, &server)).unwrap_err(), Refusal::KeysUnavailable);
}

/// A client that is told 401 throws its token away, and all clients at once storm the issuer; with 503 they
/// come again.
#[tokio::test]
async fn without_keys_a_request_gets_503_and_a_time_to_come_again() {
    let key = key();
    let server = Site::publishing(&[&key]).serve();
    let (guard, mut refresher) = Hand::default().guard(&server);
    let router = Router::new()
        .route("/", axum::routing::get(|| async { "hello" }).route_layer(guard.layer()))
        .route("/open", axum::routing::get(|| async { "open" }));
    let get = async |path: &str, authorization: Option<&str>| -> Response<axum::body::Body> {
        let mut request = Request::get(path);
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        router.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap()
    };
    let bearer = format!("Bearer {}", token(&key, &server));
    let refused = get("/", Some(&bearer)).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()[header::RETRY_AFTER], "5");
    assert!(!refused.headers().contains_key(header::WWW_AUTHENTICATE));
    let body = axum::body::to_bytes(refused.into_body(), 1000).await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["code"], "keys_unavailable");
    assert_eq!(get("/", None).await.status(), 401);
    assert_eq!(get("/open", None).await.status(), 200);
    refresher.turn();
    assert_eq!(get("/", Some(&bearer)).await.status(), 200);
}

#[test]
fn the_fetching_ends_with_the_guard_and_the_keys_with_the_fetching() {
    let key = key();
    let site = Site::publishing(&[&key]);
    let (server, hand) = (site.serve(), Hand::default());
    let (guard, mut refresher) = hand.guard(&server);
    refresher.turn();
    let clone = guard.clone();
    drop(guard);
    hand.advance(300);
    assert!(refresher.turn().is_some() && clone.verify(&token(&key, &server)).is_ok());
    drop(clone);
    hand.advance(300);
    assert_eq!((refresher.turn(), site.fetches()), (None, 2));

    let (guard, mut refresher) = hand.guard(&server);
    refresher.turn();
    assert!(guard.verify(&token(&key, &server)).is_ok());
    drop(refresher);
    assert_eq!(guard.verify(&token(&key, &server)).unwrap_err(), Refusal::KeysUnavailable);
}

/// RFC 8725 §3.8: a key speaks for its own issuer only, whatever the other claims about key IDs and names.
#[test]
fn each_of_several_issuers_signs_for_itself_only() {
    let (key_of_a, key_of_b) = (key(), key());
    let (a, b) = (Site::publishing(&[&key_of_a]), Site::new());
    // The key ID of the other's key.
    let key_of_b = key_of_b.with_key_id(key_of_a.key_id());
    b.publish(&[&key_of_b]);
    let (at_a, at_b) = (a.serve(), b.serve());
    let hand = Hand::default();
    for (first, second) in [(&at_a, &at_b), (&at_b, &at_a)] {
        let issuer = |server: &Server| Issuer::discover(policy(&server.origin));
        let (guard, mut refreshers) = hand.builder(issuer(first)).issuer(issuer(second)).build().unwrap();
        refreshers[0].turn();
        // As long as one issuer's keys are missing, nobody knows whether a token is good.
        let unknown = token(&key(), first);
        assert_eq!(guard.verify(&unknown).unwrap_err(), Refusal::KeysUnavailable);
        refreshers[1].turn();
        assert_eq!(guard.verify(&unknown).unwrap_err(), UNKNOWN);
        for (key, own, other) in [(&key_of_a, &at_a, &at_b), (&key_of_b, &at_b, &at_a)] {
            for _ in ["fresh", "cached"] {
                assert_eq!(guard.verify(&token(key, own)).unwrap().issuer(), own.origin);
            }
            let impersonation = guard.verify(&token(key, other)).unwrap_err();
            assert_eq!(impersonation, Refusal::Invalid(VerifyError::WrongIssuer));
        }
    }
}

/// TP-5, VF-9: over TLS, with an authority of the operator's own.
#[test]
fn https_issuers_need_a_certificate_for_their_host() {
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    let site = Site::publishing(&[&key]);
    let file = folder.path().join("ca.pem");
    let fetch = |host: &str| {
        let certified = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
        std::fs::write(&file, certified.cert.pem()).unwrap();
        let server = Server::tls(&certified, site.answer());
        let issuer = Issuer::discover(policy(&server.origin));
        let (guard, mut refreshers) = Hand::default().builder(issuer).ca_file(&file).build().unwrap();
        refreshers[0].turn();
        (guard.verify(&token(&key, &server)), guard.key_status().remove(0).failure)
    };
    assert!(fetch("localhost").0.is_ok());
    let (refused, failure) = fetch("other.example");
    assert_eq!(refused.unwrap_err(), Refusal::KeysUnavailable);
    assert!(failure.unwrap().to_string().contains("no trusted connection"));
}

#[test]
fn addresses_that_cannot_be_fetched_stop_the_start() {
    let start = |issuer: Issuer| Guard::builder(issuer).start().blocking().unwrap_err();
    let discovered = |name: &str| start(Issuer::discover(policy(name)));
    assert!(matches!(discovered("auth.example.com"), StartError::Issuer { .. }));
    assert!(matches!(discovered("http://auth.example.com"), StartError::Issuer { .. }));
    assert!(matches!(discovered("https://auth.example.com/?a"), StartError::IssuerQuery(_)));
    let elsewhere = Issuer::with_keys_at(policy("any name"), "http://auth.example.com/jwks");
    assert!(matches!(start(elsewhere), StartError::Keys { .. }));
}
