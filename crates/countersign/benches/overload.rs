//! What a flood of logins does to everybody else: `cargo bench --bench overload -- [--seconds 30]`.
//!
//! Sends wrong passwords for ever new names from ever new addresses at 10 and at 100 times the rate that the pool can hash,
//! and meanwhile asks for a profile, refreshes, and signs in on a known device, one after the other. Reports and checks:
//! each request answered or shed within two seconds, profile and refresh p99 under three times (and a millisecond) what
//! they were in quiet, the known device always in, and memory within the hashing budget of 128 MiB and 20 %.
//!
//! Run it in a small cgroup, or under `prlimit --as=…`, to see that it stays alive there too.
#![expect(clippy::print_stdout, reason = "a measurement reports to whoever runs it")]
#![expect(clippy::unchecked_time_subtraction, reason = "a monotonic clock does not go back")]

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use countersign::account::{CustomClaims, Role, Username};
use countersign::accounts::Registration;
use countersign::audit::{Actor, Context};
use countersign::clock::Clock;
use countersign::http::{App, HttpOptions, PeerAddress, router};
use countersign::master_key::MasterKeys;
use countersign::random::Random;
use countersign::store::sqlite::{OpenMode, SqliteStore};
use countersign::{Countersign, Options};
use tower::ServiceExt;

const PASSWORD: &str = "correct horse battery staple";
const BUDGET: u64 = 128 << 20;
/// What one thread of the pool can hash in a second, roughly: "10 times" is measured in it.
const CAPACITY: u64 = 60;
const DEFAULT_SECONDS: u64 = 30;
const LIMIT: Duration = Duration::from_secs(2);

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Error> {
    let seconds = seconds_asked_for().unwrap_or(DEFAULT_SECONDS);
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path()).await?;
    let quiet = server.run(0, Duration::from_secs(seconds.min(5))).await?;
    println!("quiet: {quiet}");
    let mut failed = false;
    for times in [10, 100] {
        let flood = server.run(times, Duration::from_secs(seconds)).await?;
        println!("{times} times: {flood}");
        failed |= !flood.is_acceptable(&quiet);
    }
    if failed { Err("not within the limits".into()) } else { Ok(()) }
}

#[derive(Clone)]
struct Server {
    router: Router,
    clock: Clock,
    access_token: String,
    refresh_cookie: String,
    device_cookie: String,
}

/// What was seen during one run.
#[derive(Default)]
struct Seen {
    sent: u64,
    looked_at: u64,
    shed: u64,
    other: u64,
    slowest: Duration,
    profile: Vec<Duration>,
    refresh: Vec<Duration>,
    known_in: u64,
    known_out: u64,
    peak_memory: u64,
}

impl Server {
    async fn start(folder: &std::path::Path) -> Result<Self, Error> {
        let clock = Clock::system();
        let mut options = Options::new("https://auth.example", "api");
        options.hashing.threads = NonZeroUsize::MIN;
        options.hashing.memory_budget_bytes = BUDGET;
        let store = SqliteStore::open(folder.join("bench.db"), OpenMode::Server, options.sessions)?;
        let random = Random::system();
        let keys = MasterKeys::generate(&random);
        let countersign = Countersign::open(store, options, keys, clock.clone(), random).await?;
        let username = Username::parse("owner")?;
        let registration = Registration { username, role: Role::default(), claims: CustomClaims::default() };
        let operator = Context::local(Actor::CommandLine, clock.now());
        countersign.create_account(registration, PASSWORD, &operator).await?;
        let router = router(App::new(Arc::new(countersign), HttpOptions::default()));
        let mut server = Self {
            router,
            clock,
            access_token: String::new(),
            refresh_cookie: String::new(),
            device_cookie: String::new(),
        };
        let (status, headers, body) = server.login("owner", PASSWORD, Ipv4Addr::LOCALHOST).await?;
        if status != StatusCode::OK {
            return Err(format!("the owner cannot sign in: {status}").into());
        }
        let body: serde_json::Value = serde_json::from_slice(&body)?;
        server.access_token = format!("Bearer {}", body["accessToken"].as_str().unwrap_or_default());
        for cookie in headers.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default().to_owned();
            let to =
                if pair.contains("device") { &mut server.device_cookie } else { &mut server.refresh_cookie };
            *to = pair;
        }
        Ok(server)
    }

    /// Floods for a while, and does what everybody else does meanwhile.
    async fn run(&self, times: u64, duration: Duration) -> Result<Seen, Error> {
        let end = self.clock.monotonic() + duration;
        let flood = tokio::spawn(self.clone().flood(times * CAPACITY, end));
        let mut seen = Seen::default();
        let mut turn = 0_u64;
        while self.clock.monotonic() < end {
            seen.profile.push(self.timed(self.get_profile()).await?);
            seen.refresh.push(self.timed(self.refresh()).await?);
            if turn.is_multiple_of(100) {
                let (status, ..) = self.login("owner", PASSWORD, Ipv4Addr::LOCALHOST).await?;
                seen.known_in += u64::from(status == StatusCode::OK);
                seen.known_out += u64::from(status != StatusCode::OK);
                seen.peak_memory = seen.peak_memory.max(memory_in_use()?);
            }
            turn += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let flood = flood.await??;
        (seen.sent, seen.looked_at, seen.shed, seen.other) = (flood.0, flood.1, flood.2, flood.3);
        seen.slowest = flood.4;
        Ok(seen)
    }

    /// Sends at this rate, whatever comes back, and waits for all answers: sent, looked at, shed, other, the slowest.
    async fn flood(self, rate: u64, end: Duration) -> Result<(u64, u64, u64, u64, Duration), Error> {
        let counts: Arc<[AtomicU64; 3]> = Arc::default();
        let slowest = Arc::new(Mutex::new(Duration::ZERO));
        let mut requests = tokio::task::JoinSet::new();
        let (start, mut sent) = (self.clock.monotonic(), 0);
        while self.clock.monotonic() < end {
            let due = u64::try_from((self.clock.monotonic() - start).as_micros())? * rate / 1_000_000;
            while sent < due {
                let (server, counts, slowest) = (self.clone(), Arc::clone(&counts), Arc::clone(&slowest));
                requests.spawn(async move { server.guess(sent, &counts, &slowest).await });
                sent += 1;
            }
            while requests.try_join_next().is_some() {}
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        while requests.join_next().await.is_some() {}
        let [looked_at, shed, other] =
            [0, 1, 2].map(|index: usize| counts.get(index).map_or(0, |count| count.load(Ordering::Relaxed)));
        let slowest = *slowest.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((sent, looked_at, shed, other, slowest))
    }

    async fn guess(&self, number: u64, counts: &[AtomicU64; 3], slowest: &Mutex<Duration>) {
        let [a, b, c, ..] = (number.wrapping_mul(0x9e37_79b9)).to_le_bytes();
        let start = self.clock.monotonic();
        let answer =
            self.login(&format!("stranger{number}"), "a wrong password", Ipv4Addr::new(10, a, b, c)).await;
        let took = self.clock.monotonic() - start;
        let index = match answer {
            Ok((StatusCode::UNAUTHORIZED, ..)) => 0,
            Ok((StatusCode::SERVICE_UNAVAILABLE, headers, _)) if headers.contains_key("retry-after") => 1,
            _ => 2,
        };
        if let Some(count) = counts.get(index) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let mut slowest = slowest.lock().unwrap_or_else(PoisonError::into_inner);
        *slowest = (*slowest).max(took);
    }

    async fn timed(&self, call: impl Future<Output = Result<StatusCode, Error>>) -> Result<Duration, Error> {
        let start = self.clock.monotonic();
        match call.await? {
            StatusCode::OK => Ok(self.clock.monotonic() - start),
            status => Err(format!("an honest request was answered {status}").into()),
        }
    }

    async fn login(
        &self,
        name: &str,
        password: &str,
        from: Ipv4Addr,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), Error> {
        let body = serde_json::json!({ "username": name, "password": password }).to_string();
        let request = Request::post("/api/login")
            .header("content-type", "application/json")
            .header("cookie", &self.device_cookie)
            .extension(PeerAddress(IpAddr::V4(from)))
            .body(Body::from(body))?;
        self.send(request).await
    }

    async fn get_profile(&self) -> Result<StatusCode, Error> {
        let request = Request::get("/api/profile").header("authorization", &self.access_token);
        Ok(self.send(request.body(Body::empty())?).await?.0)
    }

    /// Mostly a young token: signature, look-up, a new access token.
    async fn refresh(&self) -> Result<StatusCode, Error> {
        let request = Request::post("/api/refresh").header("cookie", &self.refresh_cookie);
        Ok(self.send(request.body(Body::empty())?).await?.0)
    }

    async fn send(&self, request: Request<Body>) -> Result<(StatusCode, HeaderMap, Vec<u8>), Error> {
        let response = self.router.clone().oneshot(request).await?;
        let (parts, body) = response.into_parts();
        Ok((parts.status, parts.headers, to_bytes(body, 1 << 20).await?.to_vec()))
    }
}

impl Seen {
    fn is_acceptable(&self, quiet: &Self) -> bool {
        let slower =
            |now: &[Duration], then: &[Duration]| p99(now) > p99(then) * 3 + Duration::from_millis(1);
        self.other == 0
            && self.slowest < LIMIT
            && !slower(&self.profile, &quiet.profile)
            && !slower(&self.refresh, &quiet.refresh)
            && self.known_out == 0
            && self.peak_memory < BUDGET + BUDGET / 5
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} sent, {} looked at, {} shed, {} other, slowest {:?}; profile p99 {:?}, refresh p99 {:?} (n = {}); \
             known device in {} of {}; {} MiB",
            self.sent,
            self.looked_at,
            self.shed,
            self.other,
            self.slowest,
            p99(&self.profile),
            p99(&self.refresh),
            self.profile.len(),
            self.known_in,
            self.known_in + self.known_out,
            self.peak_memory >> 20,
        )
    }
}

fn p99(values: &[Duration]) -> Duration {
    let mut sorted = values.to_vec();
    sorted.sort();
    sorted.get(sorted.len() * 99 / 100).copied().unwrap_or_default()
}

/// What this process, flood included, has resident.
fn memory_in_use() -> Result<u64, Error> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    Ok(line.split_whitespace().next().unwrap_or_default().parse::<u64>()? * 1024)
}

fn seconds_asked_for() -> Option<u64> {
    std::env::args().skip_while(|argument| argument != "--seconds").nth(1)?.parse().ok()
}
