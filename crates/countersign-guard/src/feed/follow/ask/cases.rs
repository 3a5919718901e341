//! The part of the case table about asking (`guards/cases/ask.json`), which the guards in other languages pass too.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use countersign_fetch::{FetchOptions, FetchUrl};
use countersign_jwt::{Algorithm, ClaimsPolicy, JwkSet, TokenType};
use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;

use super::asker::THREADS;
use super::{ANSWER_WITHIN, AskError, Asker, Endpoint, Question};
use crate::claims::AccessClaims;
use crate::clock::{Clock, Timer};
use crate::feed::follow::{FeedSubscription, Follow, Shared, WhenLate};
use crate::guard::Guard;
use crate::keys::KeySlot;
use crate::realm::Realm;
use crate::refusal::Refusal;
use crate::remote::metadata::Location;

type Verdict = Result<AccessClaims, Refusal>;
type Request = Pin<Box<dyn Future<Output = Verdict>>>;

/// A guard that asks, with the issuer's answers in the hands of the test.
struct Scene {
    table: Value,
    /// In milliseconds.
    time: Arc<AtomicU64>,
    guard: Guard,
    requests: Vec<(Request, Option<Verdict>)>,
    /// What the issuer was asked, and when.
    open: Vec<(String, Arc<Question>, Duration)>,
}

impl Scene {
    fn new() -> Self {
        let (table, time) = (table(), Arc::new(AtomicU64::new(0)));
        let timer: Timer = {
            let time = Arc::clone(&time);
            Arc::new(move || Duration::from_millis(time.load(Ordering::SeqCst)))
        };
        let clock: Clock = {
            let (timer, now) = (Arc::clone(&timer), table["now"].as_i64().unwrap());
            Arc::new(move || now + i64::try_from(timer().as_secs()).unwrap())
        };
        let (issuer, leeway) = (table["issuer"].as_str().unwrap(), table["leeway"].as_u64().unwrap());
        let shared = Arc::new(Shared::new(issuer, Arc::clone(&timer), None));
        let endpoint = endpoint("http://127.0.0.1:1/", HeaderValue::from_static("Basic"));
        let clocks = (Arc::clone(&timer), Arc::clone(&clock));
        let asker = Asker::new(endpoint, clocks, shared.revocations.clone(), i64::try_from(leeway).unwrap());
        asker.spawn_none();
        let (keys, _) = JwkSet::parse_foreign(&table["keys"].to_string(), &[Algorithm::Es256]).unwrap();
        let leeway = Duration::from_secs(leeway);
        let realm = Realm {
            policy: ClaimsPolicy::new(issuer, "api", TokenType::AccessToken, leeway),
            keys: Arc::new(KeySlot::new(Some(keys))),
            subscription: None,
            feed: Some(Arc::new(FeedSubscription::new(shared, WhenLate::Ask, Some(asker)))),
        };
        let guard = Guard::of(Box::new([realm]), clock, timer);
        Self { table, time, guard, requests: Vec::new(), open: Vec::new() }
    }

    fn feed(&self) -> &FeedSubscription {
        self.guard.realms()[0].feed.as_deref().unwrap()
    }

    fn asker(&self) -> &Asker {
        self.feed().asker().unwrap()
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.time.load(Ordering::SeqCst))
    }

    fn request(&mut self, name: &str) {
        let mut headers = HeaderMap::new();
        let bearer = format!("Bearer {}", self.table["tokens"][name].as_str().unwrap());
        headers.insert(header::AUTHORIZATION, bearer.parse().unwrap());
        let guard = self.guard.clone();
        let request = Box::pin(async move { guard.authenticate_async(&headers).await });
        self.requests.push((request, None));
        self.take_turns();
    }

    /// Those who have an answer, or have waited too long, go on; then the threads do.
    fn take_turns(&mut self) {
        for (request, verdict) in self.requests.iter_mut().filter(|(_, verdict)| verdict.is_none()) {
            if let Poll::Ready(outcome) = request.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                *request = Box::pin(std::future::pending()); // it has given up its place
                *verdict = Some(outcome);
            }
        }
        while self.open.len() < THREADS {
            let Some(question) = self.asker().next() else { return };
            let mut tokens = self.table["tokens"].as_object().unwrap().iter();
            let (name, _) = tokens.find(|(_, token)| *token == &*question.token).unwrap();
            self.open.push((name.clone(), question, self.now()));
        }
    }

    fn answer(&mut self, name: &str, active: Option<bool>) {
        let place = self.open.iter().position(|(asked, ..)| asked == name).unwrap();
        let (_, question, asked_at) = self.open.remove(place);
        let said = active.ok_or_else(|| AskError::NotAnAnswer { url: "https://auth.example.com/".into() });
        self.asker().settle(&question, asked_at, said);
        drop(question);
        self.take_turns();
    }

    fn play(&mut self, step: &Value, at: &str) {
        self.time.store(step["at"].as_u64().unwrap(), Ordering::SeqCst);
        // The follower forgets them once a minute, and says so here.
        self.feed().shared.revocations.forget_expired(self.guard.unix_now());
        self.take_turns();
        if let Some(feed) = step.get("feed") {
            let now = i64::try_from(self.now().as_millis()).unwrap();
            self.feed().shared.synced((feed == "fresh").then_some(now));
            for session_id in step["ended"].as_array().unwrap() {
                self.feed().shared.revocations.revoke(session_id.as_str().unwrap(), i64::MAX);
            }
        }
        for name in step["request"].as_array().into_iter().flatten() {
            self.request(name.as_str().unwrap());
        }
        if let Some(name) = step.get("answer") {
            self.answer(name.as_str().unwrap(), step["active"].as_bool());
        }
        if let Some(expected) = step.get("expect") {
            let outcomes = self.requests.iter().map(|(_, verdict)| outcome(verdict.as_ref()));
            assert_eq!(&outcomes.map(Value::from).collect::<Vec<_>>(), expected.as_array().unwrap(), "{at}");
            let asked = self.open.iter().map(|(name, ..)| Value::from(name.as_str()));
            assert_eq!(&asked.collect::<Vec<_>>(), step["asked"].as_array().unwrap(), "{at}");
            if let Some(failure) = step.get("failure") {
                assert_eq!(self.feed().status().ask_failure.is_some(), failure.as_bool().unwrap(), "{at}");
            }
            self.requests.retain(|(_, verdict)| verdict.is_none());
        }
    }
}

fn outcome(verdict: Option<&Verdict>) -> &'static str {
    match verdict {
        None => "waits",
        Some(Ok(_)) => "accepted",
        Some(Err(Refusal::Revoked)) => "revoked",
        Some(Err(Refusal::FeedLate)) => "revocations_unavailable",
        Some(Err(Refusal::Invalid(error))) => error.code(),
        Some(Err(other)) => panic!("{other:?} is not in the table"),
    }
}

#[test]
fn the_guard_passes_the_case_table() {
    let table = table();
    assert_eq!(table["answerWithin"], u64::try_from(ANSWER_WITHIN.as_millis()).unwrap());
    let cases = table["cases"].as_array().unwrap();
    assert!(cases.len() > 20);
    for case in cases {
        let mut scene = Scene::new();
        for (index, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            scene.play(step, &format!("{}, step {index}", case["name"]));
        }
    }
}

#[test]
fn what_has_expired_is_forgotten_while_the_feed_is_late() {
    let mut scene = Scene::new();
    let revocations = scene.feed().shared.revocations.clone();
    for (at, name, entries) in [(61_000, "a", 1), (120_000, "b", 3), (121_000, "c", 3)] {
        revocations.revoke(&at.to_string(), scene.guard.unix_now() + 1);
        scene.time.store(at, Ordering::SeqCst);
        scene.request(name);
        scene.answer(name, Some(false));
        assert_eq!(revocations.len(), entries, "{at}");
    }
}

#[test]
fn a_client_says_who_it_is() {
    for client in table()["clients"].as_array().unwrap() {
        let [id, secret, expected] =
            ["id", "secret", "authorization"].map(|name| client[name].as_str().unwrap());
        let authorization = Follow::without_key().ask_as(id, secret).client.unwrap();
        assert_eq!(authorization, expected);
        let (url, asked) = issuer("HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"active\":true}".into());
        assert!(endpoint(&url, authorization).is_active("a.b.c").unwrap());
        let (head, body) = asked.join().unwrap();
        assert_eq!((&*head["authorization"], &*body), (expected, "token=a.b.c&token_type_hint=access_token"));
        assert_eq!(head["content-type"], "application/x-www-form-urlencoded");
    }
}

#[test]
fn nothing_but_a_boolean_is_an_answer() {
    for row in table()["responses"].as_array().unwrap() {
        let body = row["body"].as_str().unwrap();
        let headers = row["headers"].as_object().unwrap().iter();
        let headers = headers.map(|(name, value)| format!("{name}: {}\r\n", value.as_str().unwrap()));
        let headers = headers.collect::<String>().replace("{url}", "/again");
        let (status, len) = (&row["status"], body.len());
        let (url, asked) =
            issuer(format!("HTTP/1.1 {status} X\r\ncontent-length: {len}\r\n{headers}\r\n{body}"));
        let active = endpoint(&url, HeaderValue::from_static("Basic")).is_active("a.b.c");
        assert_eq!(active.as_ref().ok(), row["active"].as_bool().as_ref(), "{row}: {active:?}");
        asked.join().unwrap();
    }
}

/// The place that is asked, and what it will have been asked: header and body.
type Asked = thread::JoinHandle<(BTreeMap<String, String>, String)>;

/// Gives this response, once.
fn issuer(response: String) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/introspect", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let asked = read_request(&stream);
        let _it_may_leave_early = stream.write_all(response.as_bytes());
        asked
    });
    (url, asked)
}

fn read_request(stream: &TcpStream) -> (BTreeMap<String, String>, String) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "POST /introspect HTTP/1.1\r\n");
    let lines = reader.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty());
    let head: BTreeMap<_, _> = lines
        .map(|line| {
            line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())).unwrap()
        })
        .collect();
    let mut body = vec![0; head["content-length"].parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

fn endpoint(url: &str, authorization: HeaderValue) -> Endpoint {
    let options = FetchOptions::new(Duration::from_secs(60), 64 * 1024);
    let location = Location::At(FetchUrl::parse(url).unwrap());
    Endpoint::new("https://auth.example.com".to_owned(), location, options, authorization)
}

fn table() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guards/cases/ask.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
