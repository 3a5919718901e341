//! What a proof of the device costs a refresh: `cargo bench --bench refresh`.
//!
//! Alternates between refreshes of sessions that are not bound and of sessions that are, each with a DPoP proof of its own, over the whole
//! stack (router, JSON, proof, SQLite file with its fsyncs, signature): one at a time, and sixteen at once, which share commits. The proofs
//! are made before; that is the device's work. With `--check` it fails where the median of either is above 1.5 times.
#![expect(clippy::print_stdout, reason = "a measurement reports to whoever runs it")]
#![expect(clippy::unchecked_time_subtraction, reason = "a monotonic clock does not go back")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::http::{App, HttpOptions, PeerAddress, router};
use countersign::internal::base::clock::Clock;
use countersign::internal::base::master_key::MasterKeys;
use countersign::internal::base::random::Random;
use countersign::internal::flows::accounts::Registration;
use countersign::internal::model::account::Username;
use countersign::internal::model::context::{Actor, Context};
use countersign::store::sqlite::{OpenMode, SqliteStore};
use countersign::{Countersign, Options};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tower::ServiceExt;

const ISSUER: &str = "https://auth.example";
const PASSWORD: &str = "correct horse battery staple";
const ROUNDS: usize = 9;
/// How many ask at once, and how often each of them in a round.
const LOADS: [(usize, usize); 2] = [(1, 400), (16, 100)];
const MOST: f64 = 1.5;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let clock = Clock::system();
    let router = server(folder.path(), &clock).await?;
    let mut worst: f64 = 0.0;
    for (at_once, each) in LOADS {
        let mut plain = Vec::new();
        let mut bound = Vec::new();
        for _ in 0..at_once {
            plain.push(Session::begin(&router, &clock, None).await?);
            bound.push(Session::begin(&router, &clock, Some(Key::generate()?)).await?);
        }
        let mut ratios = Vec::new();
        for round in 1..=ROUNDS {
            let (without, with);
            (plain, without) = refresh_all(&router, &clock, plain, each).await?;
            (bound, with) = refresh_all(&router, &clock, bound, each).await?;
            let ratio = with / without;
            println!(
                "{at_once:2} at once, round {round}: {without:6.0} us without, {with:6.0} us with a proof, {ratio:.3} x"
            );
            ratios.push(ratio);
        }
        ratios.sort_by(f64::total_cmp);
        let median = ratios.get(ROUNDS / 2).copied().unwrap_or(f64::INFINITY);
        println!("{at_once:2} at once, median: {median:.3} x");
        worst = worst.max(median);
    }
    if std::env::args().any(|argument| argument == "--check") && worst > MOST {
        return Err(format!("above {MOST} times").into());
    }
    Ok(())
}

/// A key as a device has it.
struct Key(EcdsaKeyPair);

impl Key {
    fn generate() -> Result<Self, Error> {
        Ok(Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?))
    }

    fn proof(&self, path: &str, clock: &Clock) -> Result<String, Error> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (x, y) = self.0.public_key().as_ref().get(1..).ok_or("no point")?.split_at(32);
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) });
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk });
        let payload = json!({
            "jti": encode(&Random::system().bytes::<16>()), "htm": "POST", "htu": format!("{ISSUER}{path}"),
            "iat": clock.now().as_unix_seconds(),
        });
        let text = [header, payload].map(|part| encode(part.to_string().as_bytes())).join(".");
        let signature = self.0.sign(&SystemRandom::new(), text.as_bytes())?;
        Ok(format!("{text}.{}", encode(signature.as_ref())))
    }
}

/// Somebody's session, and the key that it is bound to.
struct Session {
    token: String,
    key: Option<Arc<Key>>,
}

impl Session {
    async fn begin(router: &Router, clock: &Clock, key: Option<Key>) -> Result<Self, Error> {
        let proof = key.as_ref().map(|key| key.proof("/api/login", clock)).transpose()?;
        let body = json!({ "username": "ada", "password": PASSWORD, "refreshTokenDelivery": "body" });
        let token = tokens(router, "/api/login", body, proof).await?.ok_or("no refresh token")?;
        Ok(Self { token, key: key.map(Arc::new) })
    }

    async fn refresh(&mut self, router: &Router, proof: Option<String>) -> Result<(), Error> {
        let body = json!({ "refreshToken": self.token });
        // Each is a rotation, so that each is a commit.
        self.token = tokens(router, "/api/refresh", body, proof).await?.ok_or("no successor")?;
        Ok(())
    }
}

/// The sessions, so many refreshes of each later, and how many microseconds a refresh took.
async fn refresh_all(
    router: &Router,
    clock: &Clock,
    sessions: Vec<Session>,
    each: usize,
) -> Result<(Vec<Session>, f64), Error> {
    let mut ready = Vec::new();
    for session in sessions {
        let proof = |key: &Arc<Key>| key.proof("/api/refresh", clock);
        let proofs: Result<Vec<_>, Error> =
            (0..each).map(|_| session.key.as_ref().map(proof).transpose()).collect();
        ready.push((session, proofs?));
    }
    let (count, start, mut all) = (ready.len() * each, clock.monotonic(), JoinSet::new());
    for (mut session, proofs) in ready {
        let router = router.clone();
        all.spawn(async move {
            for proof in proofs {
                session.refresh(&router, proof).await?;
            }
            Ok::<_, Error>(session)
        });
    }
    let mut after = Vec::new();
    while let Some(session) = all.join_next().await {
        after.push(session??);
    }
    let took = clock.monotonic() - start;
    #[expect(clippy::cast_precision_loss, reason = "some hundred")]
    let one = took.as_secs_f64() * 1e6 / count as f64;
    Ok((after, one))
}

/// The refresh token of the response, if it has one.
async fn tokens(
    router: &Router,
    path: &str,
    body: Value,
    proof: Option<String>,
) -> Result<Option<String>, Error> {
    let mut request = Request::post(path)
        .header("content-type", "application/json")
        .extension(PeerAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    let response = router.clone().oneshot(request.body(Body::from(body.to_string()))?).await?;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await?;
    if status != StatusCode::OK {
        return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
    }
    let body: Value = serde_json::from_slice(&body)?;
    Ok(body["refreshToken"].as_str().map(str::to_owned))
}

async fn server(folder: &std::path::Path, clock: &Clock) -> Result<Router, Error> {
    let mut options = Options::new(ISSUER, "api");
    (options.sessions.min_age, options.sessions.grace) = (Duration::ZERO, Duration::ZERO);
    options.sessions.max_sessions = 100;
    let store = SqliteStore::open(folder.join("bench.db"), OpenMode::Server, options.sessions)?;
    let random = Random::system();
    let countersign =
        Countersign::open(store, options, MasterKeys::generate(&random), clock.clone(), random).await?;
    let operator = Context::local(Actor::CommandLine, clock.now());
    let registration = Registration::new(Username::parse("ada")?);
    countersign.create_account(registration, PASSWORD, &operator).await?;
    Ok(router(App::new(Arc::new(countersign), HttpOptions::default())))
}
