//! From a log-out to the event at every follower of the feed, and to the first refusal (401) at guards among them; and
//! what followers cost while nothing ends.
//!
//! `benches/feed/run` builds everything and prints the table. `--followers 1,16,1000` chooses how many there are, `--guards
//! 16` how many of them at most are guards, `--logouts 200` how many sessions end in each line, and `--idle 10` for how many
//! seconds nothing does. The other followers only read the stream.

mod followers;
mod processor;
mod server;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use countersign::internal::base::clock::Clock;

use crate::followers::Followers;
use crate::processor::{FEED_THREAD, Processor};
use crate::server::{Server, ask};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let bench = Bench::from(&arguments)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(bench.run())
}

struct Bench {
    followers: Vec<usize>,
    guards: usize,
    logouts: usize,
    idle: Duration,
    binary: PathBuf,
}

const APART: Duration = Duration::from_millis(123);

/// The columns, each after its group.
const HEAD: [&str; 10] =
    ["followers", "guards", "event p50", "p99", "last p99", "401 p50", "p99", "last p99", "server", "guard"];

impl Bench {
    fn from(options: &[String]) -> anyhow::Result<Self> {
        let binary = PathBuf::from("target/dist/countersign");
        let (followers, idle) = (vec![1, 16, 1_000], Duration::from_secs(10));
        let mut bench = Self { followers, guards: 16, logouts: 200, idle, binary };
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        for option in options.chunks(2) {
            match option {
                ["--followers", counts] => {
                    bench.followers = counts.split(',').map(str::parse).collect::<Result<_, _>>()?;
                }
                ["--guards", count] => bench.guards = count.parse()?,
                ["--logouts", count] => bench.logouts = count.parse()?,
                ["--idle", seconds] => bench.idle = Duration::from_secs_f64(seconds.parse()?),
                ["--binary", binary] => bench.binary = binary.into(),
                _ => anyhow::bail!("unknown option, or one without its value: {option:?}"),
            }
        }
        Ok(bench)
    }

    async fn run(&self) -> anyhow::Result<()> {
        say(
            "latencies in ms; processor time in µs per second, of the server for each follower and of each guard",
        )?;
        row(&HEAD.map(str::to_owned))?;
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
        let guards = self.guards.min(count);
        let mut followers = Followers::connect(&server, &clock, guards, count - guards).await?;
        let [server_cpu, guard_cpu] = self.idle_cost(&server).await?;

        let mut sessions = Vec::new();
        for _ in 0..self.logouts {
            sessions.push(server.sign_in().await?);
        }
        let (mut events, mut refusals) = (Latencies::default(), Latencies::default());
        for (session, token) in sessions {
            // One that follows closely shares the event of the one before, 50 ms later.
            tokio::time::sleep(APART).await;
            let refused = followers.refusals(&token)?;
            let began = clock.monotonic();
            let bearer = format!("Authorization: Bearer {token}\r\n");
            ask(server.address, "POST", "/api/logout", &bearer, "").await?;
            refusals.add(followers::all(refused).await?, began);
            events.add(followers.events_of(&session).await?, began);
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of some thousands")]
        let each = |cpu: f64, count: usize| format!("{:.1}", cpu * 1e6 / count as f64);
        let mut columns = vec![count.to_string(), guards.to_string()];
        columns.extend(events.quantiles().into_iter().chain(refusals.quantiles()));
        columns.extend([each(server_cpu, count), each(guard_cpu, guards)]);
        row(&columns)
    }

    /// Seconds of processor time in a second in which nothing happens: of the server, and of all guards.
    async fn idle_cost(&self, server: &Server) -> anyhow::Result<[f64; 2]> {
        let (serving, own) = (Processor::of(server.id(), ""), Processor::of(std::process::id(), FEED_THREAD));
        let before = [serving.seconds()?, own.seconds()?];
        tokio::time::sleep(self.idle).await;
        let idle = self.idle.as_secs_f64();
        Ok([(serving.seconds()? - before[0]) / idle, (own.seconds()? - before[1]) / idle])
    }
}

/// How long it took each follower, and the last of them.
#[derive(Default)]
struct Latencies {
    all: Vec<Duration>,
    last: Vec<Duration>,
}

impl Latencies {
    fn add(&mut self, times: Vec<Duration>, began: Duration) {
        let taken = times.into_iter().map(|at| at.saturating_sub(began));
        let before = self.all.len();
        self.all.extend(taken);
        self.last.extend(self.all[before..].iter().max());
    }

    fn quantiles(mut self) -> [String; 3] {
        [quantile(&mut self.all, 50), quantile(&mut self.all, 99), quantile(&mut self.last, 99)]
    }
}

/// In milliseconds.
fn quantile(latencies: &mut [Duration], percent: usize) -> String {
    latencies.sort_unstable();
    let index = (latencies.len() * percent).div_ceil(100).saturating_sub(1);
    latencies
        .get(index)
        .map_or_else(|| "-".to_owned(), |latency| format!("{:.2}", latency.as_secs_f64() * 1e3))
}

fn row(columns: &[String]) -> anyhow::Result<()> {
    let cells: Vec<_> = columns.iter().map(|cell| format!("{cell:>9}")).collect();
    say(&cells.join(" "))
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
