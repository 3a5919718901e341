//! What everybody else does meanwhile: profile and refresh one after the other, and now and then a login on a known device.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use countersign::internal::base::clock::Clock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::limited_server::PASSWORD;

const PAUSE: Duration = Duration::from_millis(5);
const BETWEEN_LOGINS: Duration = Duration::from_millis(250);

/// A keep-alive connection, one request after the other.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(8192) })
    }

    /// Sends a request and reads the whole answer: its status and its text.
    pub(crate) async fn ask(&mut self, request: &str) -> anyhow::Result<(u16, &str)> {
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        loop {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server closed the connection");
            let text = std::str::from_utf8(&self.buffer)?;
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(Ok(0), str::parse::<usize>)? {
                break;
            }
        }
        let text = std::str::from_utf8(&self.buffer)?;
        Ok((text.get(9..12).context("a status")?.parse()?, text))
    }
}

/// A login request from this address.
pub(crate) fn login(name: &str, password: &str, from: &str, cookies: &str) -> String {
    let body = format!(r#"{{"username":"{name}","password":"{password}"}}"#);
    format!(
        "POST /api/login HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nx-forwarded-for: {from}\r\n\
         cookie: {cookies}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sorted latencies.
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    fn of(mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        Self(latencies)
    }

    pub(crate) fn p99(&self) -> Duration {
        self.0.get(self.0.len() * 99 / 100).copied().unwrap_or_default()
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |per_mille: usize| self.0.get(self.0.len() * per_mille / 1000).copied().unwrap_or_default();
        let longest = self.0.last().copied().unwrap_or_default();
        write!(f, "p50 {:.1?} p99 {:.1?} longest {longest:.1?} (n = {})", at(500), self.p99(), self.0.len())
    }
}

/// What was seen in one phase.
pub(crate) struct Probed {
    pub(crate) profile: Latencies,
    pub(crate) refresh: Latencies,
    pub(crate) known_in: usize,
    pub(crate) known_tried: usize,
}

impl fmt::Display for Probed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { profile, refresh, known_in, known_tried } = self;
        write!(f, "profile {profile}; refresh {refresh}; known device in {known_in} of {known_tried}")
    }
}

/// Two sessions of one owner: one is refreshed, the other is replaced at each login on the known device.
pub(crate) struct Probes {
    address: SocketAddr,
    clock: Clock,
    access_token: String,
    refreshed: String,
    known: String,
}

impl Probes {
    pub(crate) async fn sign_in(address: SocketAddr) -> anyhow::Result<Self> {
        let mut connection = Connection::open(address).await?;
        let mut sign_in = async || {
            let (status, text) = connection.ask(&login("owner", PASSWORD, "192.0.2.1", "")).await?;
            ensure!(status == 200, "the owner cannot sign in: {text}");
            let token = text.split_once(r#""accessToken":""#).and_then(|(_, rest)| rest.split('"').next());
            anyhow::Ok((token.context("an access token")?.to_owned(), cookies(text)))
        };
        let ((access_token, refreshed), (_, known)) = (sign_in().await?, sign_in().await?);
        Ok(Self { address, clock: Clock::system(), access_token, refreshed, known })
    }

    /// Asks for so long; signs in as well, or leaves it quite quiet.
    pub(crate) async fn run(&mut self, duration: Duration, with_logins: bool) -> anyhow::Result<Probed> {
        let end = self.clock.monotonic() + duration;
        let last_login = if with_logins { end } else { Duration::ZERO };
        let logins =
            tokio::spawn(sign_in_again(self.address, self.clock.clone(), self.known.clone(), last_login));
        let mut connection = Connection::open(self.address).await?;
        let (mut profile, mut refresh) = (Vec::new(), Vec::new());
        let get_profile = format!(
            "GET /api/profile HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\r\n",
            self.access_token
        );
        while self.clock.monotonic() < end {
            let start = self.clock.monotonic();
            let (status, text) = connection.ask(&get_profile).await?;
            ensure!(status == 200, "a profile request was answered {text}");
            profile.push(self.clock.monotonic().saturating_sub(start));

            let request = format!(
                "POST /api/refresh HTTP/1.1\r\nhost: a\r\ncookie: {}\r\ncontent-length: 0\r\n\r\n",
                self.refreshed
            );
            let start = self.clock.monotonic();
            let (status, text) = connection.ask(&request).await?;
            ensure!(status == 200, "a refresh was answered {text}");
            refresh.push(self.clock.monotonic().saturating_sub(start));
            self.refreshed = cookies(text);
            tokio::time::sleep(PAUSE).await;
        }
        let (known_in, known_tried);
        (known_in, known_tried, self.known) = logins.await??;
        Ok(Probed { profile: Latencies::of(profile), refresh: Latencies::of(refresh), known_in, known_tried })
    }
}

/// Signs in on the known device again and again: how often it was let in, of how often it tried, and its cookies.
async fn sign_in_again(
    address: SocketAddr,
    clock: Clock,
    mut known: String,
    end: Duration,
) -> anyhow::Result<(usize, usize, String)> {
    let mut connection = Connection::open(address).await?;
    let (mut tried, mut succeeded) = (0, 0);
    while clock.monotonic() < end {
        let (status, text) = connection.ask(&login("owner", PASSWORD, "192.0.2.1", &known)).await?;
        tried += 1;
        if status == 200 {
            succeeded += 1;
            known = cookies(text);
        }
        tokio::time::sleep(BETWEEN_LOGINS).await;
    }
    Ok((succeeded, tried, known))
}

/// The cookies that an answer sets, as a browser sends them back.
fn cookies(text: &str) -> String {
    let lines = text.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    lines.filter_map(|line| line.split(';').next()).collect::<Vec<_>>().join("; ")
}
