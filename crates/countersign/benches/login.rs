//! How much of the hash function's own speed a login keeps: `cargo bench --bench login`.
//!
//! Alternates between hashing in a loop on as many threads as the pool has, and logins over the whole stack (router, JSON,
//! throttle, queue, SQLite file with its fsyncs, signature), and compares the rates. With `--check` it fails below 95 %.
#![expect(clippy::print_stdout, reason = "a measurement reports to whoever runs it")]
#![expect(clippy::unchecked_time_subtraction, reason = "a monotonic clock does not go back")]

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use countersign::http::{App, HttpOptions, PeerAddress, router};
use countersign::internal::base::clock::Clock;
use countersign::internal::base::master_key::MasterKeys;
use countersign::internal::base::random::Random;
use countersign::internal::flows::accounts::Registration;
use countersign::internal::model::account::Username;
use countersign::internal::model::context::{Actor, Context};
use countersign::store::sqlite::{OpenMode, SqliteStore};
use countersign::{Countersign, Options};
use tower::ServiceExt;

const PASSWORD: &str = "correct horse battery staple";
const THREADS: NonZeroUsize = NonZeroUsize::MIN;
const CLIENTS: usize = 16;
const ROUND: Duration = Duration::from_secs(3);
const ROUNDS: usize = 5;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let clock = Clock::system();
    let router = server(folder.path(), &clock).await?;
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let bare = bare_rate(&clock);
        let login = login_rate(&router, &clock).await?;
        ratios.push(login / bare);
        println!("round {round}: {bare:6.1} hashes/s, {login:6.1} logins/s, {:5.1} %", 100.0 * login / bare);
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ROUNDS / 2).copied().unwrap_or_default();
    println!("median: {:.1} %", 100.0 * median);
    if std::env::args().any(|argument| argument == "--check") && median < 0.95 {
        return Err("below 95 %".into());
    }
    Ok(())
}

/// Hashes a second on as many threads as the pool has, each in its own memory.
fn bare_rate(clock: &Clock) -> f64 {
    let (done, start) = (AtomicU64::new(0), clock.monotonic());
    std::thread::scope(|scope| {
        for _ in 0..THREADS.get() {
            scope.spawn(|| {
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default());
                let mut memory = vec![Block::new(); argon2.params().block_count()];
                let mut tag = [0; 32];
                while clock.monotonic() - start < ROUND {
                    let hashed = argon2.hash_password_into_with_memory(
                        PASSWORD.as_bytes(),
                        b"sixteen bytes at",
                        &mut tag,
                        &mut memory,
                    );
                    done.fetch_add(u64::from(hashed.is_ok()), Ordering::Relaxed);
                }
            });
        }
    });
    rate(&done, clock.monotonic() - start)
}

async fn login_rate(router: &Router, clock: &Clock) -> Result<f64, Error> {
    let (done, start) = (Arc::new(AtomicU64::new(0)), clock.monotonic());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (router, clock, done) = (router.clone(), clock.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                while clock.monotonic() - start < ROUND {
                    assert_eq!(login(&router, client).await, StatusCode::OK);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for client in clients {
        client.await?;
    }
    Ok(rate(&done, clock.monotonic() - start))
}

async fn login(router: &Router, client: usize) -> StatusCode {
    let body = format!(r#"{{"username":"user{client}","password":"{PASSWORD}"}}"#);
    let request = Request::post("/api/login")
        .header("content-type", "application/json")
        .extension(PeerAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)))
        .body(Body::from(body));
    let Ok(request) = request else { return StatusCode::BAD_REQUEST };
    match router.clone().oneshot(request).await {
        Ok(response) => response.status(),
        Err(never) => match never {},
    }
}

async fn server(folder: &std::path::Path, clock: &Clock) -> Result<Router, Error> {
    let mut options = Options::new("https://auth.example", "api");
    options.hashing.threads = THREADS;
    options.hashing.max_wait = Duration::from_secs(30); // a busy machine must not shed: this is about the rate
    let store = SqliteStore::open(folder.join("bench.db"), OpenMode::Server, options.sessions)?;
    let random = Random::system();
    let countersign =
        Countersign::open(store, options, MasterKeys::generate(&random), clock.clone(), random).await?;
    let operator = Context::local(Actor::CommandLine, clock.now());
    for client in 0..CLIENTS {
        let registration = Registration::new(Username::parse(&format!("user{client}"))?);
        countersign.create_account(registration, PASSWORD, &operator).await?;
    }
    Ok(router(App::new(Arc::new(countersign), HttpOptions::default())))
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred")]
fn rate(done: &AtomicU64, took: Duration) -> f64 {
    done.load(Ordering::Relaxed) as f64 / took.as_secs_f64()
}
