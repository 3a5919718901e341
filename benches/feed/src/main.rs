//! From a log-out to the event at every follower of the feed, and what followers cost the server while nothing ends.
//!
//! `benches/feed/run` builds everything and prints the table. `--followers 1,16,1000` chooses how many there are, `--logouts
//! 200` how many sessions end in each line, and `--idle 10` for how many seconds nothing does.

mod server;

use std::collections::HashMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use countersign::internal::base::clock::Clock;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::server::{Server, ask};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let bench = Bench::from(&arguments)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(bench.run())
}

struct Bench {
    followers: Vec<usize>,
    logouts: usize,
    idle: Duration,
    binary: PathBuf,
}

const APART: Duration = Duration::from_millis(123);

/// A follower was told of this session at this time.
type Told = (String, Duration);

impl Bench {
    fn from(options: &[String]) -> anyhow::Result<Self> {
        let binary = PathBuf::from("target/release/countersign");
        let mut bench =
            Self { followers: vec![1, 16, 1_000], logouts: 200, idle: Duration::from_secs(10), binary };
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        for option in options.chunks(2) {
            match option {
                ["--followers", counts] => {
                    bench.followers = counts.split(',').map(str::parse).collect::<Result<_, _>>()?;
                }
                ["--logouts", count] => bench.logouts = count.parse()?,
                ["--idle", seconds] => bench.idle = Duration::from_secs_f64(seconds.parse()?),
                ["--binary", binary] => bench.binary = binary.into(),
                _ => anyhow::bail!("unknown option, or one without its value: {option:?}"),
            }
        }
        Ok(bench)
    }

    async fn run(&self) -> anyhow::Result<()> {
        let head = ["followers", "p50 ms", "p99 ms", "last p99", "CPU µs/s"];
        say(&format!("{:>9} {:>8} {:>8} {:>8} {:>10}", head[0], head[1], head[2], head[3], head[4]))?;
        for &followers in &self.followers {
            self.line(followers).await?;
        }
        Ok(())
    }

    /// One server with so many followers.
    async fn line(&self, count: usize) -> anyhow::Result<()> {
        let home = tempfile::tempdir_in("target")?;
        let server = Server::start(&self.binary, home.path())?;
        let clock = Clock::system();
        let (told, mut hear) = mpsc::unbounded_channel();
        for _ in 0..count {
            follow(server.address, &server.feed_key, &clock, told.clone()).await?;
        }
        let before = server.cpu_seconds()?;
        tokio::time::sleep(self.idle).await;
        let cpu = (server.cpu_seconds()? - before) / self.idle.as_secs_f64();

        let mut sessions = Vec::new();
        for _ in 0..self.logouts {
            sessions.push(server.sign_in().await?);
        }
        let (mut all, mut last) = (Vec::new(), Vec::new());
        for (session, token) in sessions {
            // One that follows closely shares the event of the one before, 50 ms later.
            tokio::time::sleep(APART).await;
            let began = clock.monotonic();
            let bearer = format!("Authorization: Bearer {token}\r\n");
            ask(server.address, "POST", "/api/logout", &bearer, "").await?;
            let mut latest = Duration::ZERO;
            for _ in 0..count {
                let (heard, at) = hear.recv().await.context("a follower has gone")?;
                anyhow::ensure!(heard == session, "a follower was told of another session");
                latest = latest.max(at.saturating_sub(began));
                all.push(at.saturating_sub(began));
            }
            last.push(latest);
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of some thousands")]
        let cpu_each = cpu * 1e6 / count as f64;
        let [p50, p99, last] = [quantile(&mut all, 50), quantile(&mut all, 99), quantile(&mut last, 99)];
        say(&format!("{count:>9} {p50:>8.2} {p99:>8.2} {last:>8.2} {cpu_each:>10.1}"))
    }
}

/// Connects a follower, waits until it has everything, and lets it tell what it hears.
async fn follow(
    address: SocketAddr,
    key: &str,
    clock: &Clock,
    told: mpsc::UnboundedSender<Told>,
) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let head = "GET /api/revocations HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n";
    stream.write_all(format!("{head}Authorization: Bearer {key}\r\n\r\n").as_bytes()).await?;
    let mut lines = BufReader::new(stream).lines();
    while lines.next_line().await?.context("the stream has ended")? != "event: sync" {}
    let clock = clock.clone();
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            let data = line.strip_prefix("data: ").and_then(|data| serde_json::from_str(data).ok());
            let data: HashMap<String, serde_json::Value> = data.unwrap_or_default();
            for id in data.get("sid").and_then(|ids| ids.as_array()).into_iter().flatten() {
                let id = id.as_str().unwrap_or_default().to_owned();
                let _ = told.send((id, clock.monotonic()));
            }
        }
    });
    Ok(())
}

/// In milliseconds.
fn quantile(latencies: &mut [Duration], percent: usize) -> f64 {
    latencies.sort_unstable();
    let index = latencies.len().saturating_sub(1) * percent / 100;
    latencies.get(index).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1000.0)
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
