//! The real server under load, over HTTP on loopback, with what bounds it measured in the same run: the same stack
//! serving constant bytes, the disk with one commit a rotation, and the bare hash function.
//!
//! `benches/server/run` builds everything and prints the table. `--rows 10000,10000000` chooses how many sessions there
//! are, `--seconds 5` how long each line takes, and `--fsync-ms 1` makes every fsync that much slower. With `--store
//! postgres` each table has a second half, with the same sessions on PostgreSQL.

mod client;
mod on_postgres;
mod process;
mod quota;
mod requests;
mod rotations;
mod seed;
mod shared_store;
mod yardstick;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use crate::client::{Load, Measured, Requests, ask};
use crate::process::{Disk, Process};
use crate::shared_store::SharedStore;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // The yardsticks, which this program starts for itself.
        ["constant", answer] => return runtime.block_on(yardstick::constant_bytes(answer, say)),
        ["hash", seconds] => say(&yardstick::bare_hashes(seconds.parse()?).to_string()),
        ["commit", database, seconds] => {
            say(&yardstick::one_commit_each(Path::new(database), seconds.parse()?)?.to_string());
        }
        ["batches", url, seconds, callers] => {
            let rotations = rotations::in_batches(url, seconds.parse()?, callers.parse()?);
            say(&runtime.block_on(rotations)?.to_string());
        }
        ["statements", url, seconds, connections] => {
            let rotations = rotations::one_statement_each(url, seconds.parse()?, connections.parse()?);
            say(&runtime.block_on(rotations)?.to_string());
        }
        ref options => {
            let bench = Bench::from(options)?;
            runtime.block_on(bench.run())?;
        }
    }
    Ok(())
}

struct Bench {
    rows: Vec<usize>,
    seconds: f64,
    binary: PathBuf,
    disk: Disk,
    is_shared_too: bool,
}

impl Bench {
    fn from(options: &[&str]) -> anyhow::Result<Self> {
        let disk = Disk { delay: Duration::ZERO, library: std::path::absolute("target/bench/disk.so")? };
        let binary = PathBuf::from("target/dist/countersign");
        let mut bench =
            Self { rows: vec![10_000, 1_000_000], seconds: 5.0, binary, disk, is_shared_too: false };
        for option in options.chunks(2) {
            match option {
                ["--rows", rows] => {
                    bench.rows = rows.split(',').map(str::parse).collect::<Result<_, _>>()?;
                }
                ["--seconds", seconds] => bench.seconds = seconds.parse()?,
                ["--store", "postgres"] => bench.is_shared_too = true,
                ["--binary", binary] => bench.binary = binary.into(),
                ["--fsync-ms", delay] => {
                    bench.disk.delay = Duration::from_secs_f64(delay.parse::<f64>()? / 1000.0);
                }
                _ => anyhow::bail!("unknown option, or one without its value: {option:?}"),
            }
        }
        Ok(bench)
    }

    async fn run(&self) -> anyhow::Result<()> {
        say(&format!(
            "{:<40} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7} {:>7} {:>8} {:>8}",
            "", "per s", "p50 ms", "p99 ms", "p99.9", "CPU µs", "bytes", "fsyncs", "refused", "database"
        ));
        for &rows in &self.rows {
            say(&format!("--- {rows} sessions"));
            // On the disk that the build is on: where this runs matters.
            let home = tempfile::tempdir_in("target")?;
            self.sessions(&home.path().join("data"), rows).await?;
        }
        say("--- passwords");
        let home = tempfile::tempdir_in("target")?;
        self.passwords(&home.path().join("data")).await
    }

    /// What depends on how many sessions there are.
    async fn sessions(&self, data: &Path, rows: usize) -> anyhow::Result<()> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number")]
        let wanted = ((self.seconds * 50_000.0) as usize).min(rows);
        let mut tokens = seed::seed(data, rows, wanted).await?;
        let shared = self.is_shared_too.then(|| SharedStore::copy_of(data, &self.binary)).transpose()?;
        let all = tokens.clone();
        let mixed = tokens.split_off(tokens.len() * 7 / 10);
        let alone = tokens.split_off(tokens.len() * 6 / 7);
        let server = Process::server(&self.binary, data, &self.disk, None)?;
        let at = server.address;
        self.line(&server, "refresh, 64 clients", 64, requests::refreshes(at, tokens)).await?;
        self.line(&server, "refresh, 1 client", 1, requests::refreshes(at, alone)).await?;
        let token = access_token(at).await?;
        let profile = requests::get(at, "/api/profile", &token);
        self.line(&server, "profile, 64 clients", 64, requests::constant(profile.clone())).await?;
        let keys = requests::get(at, "/.well-known/jwks.json", &token);
        self.line(&server, "key set (same stack, no check), 64", 64, requests::constant(keys)).await?;
        self.line(&server, "mixed, 64 clients", 64, requests::mixed(at, &token, mixed)).await?;
        let answer = ask(at, &profile).await?;
        drop(server);
        let constant = Process::constant_bytes(&answer)?;
        let same = requests::constant(profile.replace(&at.to_string(), &constant.address.to_string()));
        self.line(&constant, "bare axum, the same bytes, 64", 64, same).await?;
        let database = data.join("countersign.db").display().to_string();
        let commits = process::number(&["commit", &database, &self.seconds.to_string()], &self.disk)?;
        say(&format!("{:<40} {commits:>8.0}", "this disk, one commit a rotation"));
        match shared {
            Some(shared) => self.shared(data, &shared, all).await,
            None => Ok(()),
        }
    }

    /// Logins, and what a flood of them does to everybody else.
    async fn passwords(&self, data: &Path) -> anyhow::Result<()> {
        let tokens = seed::seed(data, 40_000, 40_000).await?;
        let server = Process::server(&self.binary, data, &self.disk, None)?;
        let at = server.address;
        self.line(&server, "login, 4 clients", 4, requests::constant(requests::login(at))).await?;
        let hashes = process::number(&["hash", &self.seconds.to_string()], &self.disk)?;
        say(&format!("{:<40} {hashes:>8.1}", "argon2id alone, the same core"));
        let profile = requests::constant(requests::get(at, "/api/profile", &access_token(at).await?));
        let (quiet, flooded) = tokens.split_at(tokens.len() / 2);
        let ask_now_and_then = async |when: &str, tokens: &[String]| {
            let every = Some(Duration::from_millis(4));
            let load = Load { address: at, clients: 1, seconds: self.seconds * 2.0, every };
            let refreshes = requests::refreshes(at, tokens.to_vec());
            let (profiles, refreshes) = tokio::try_join!(load.run(profile.clone()), load.run(refreshes))?;
            say(&format!("{:<40} {}", format!("profile, {when}"), columns(&profiles)));
            say(&format!("{:<40} {}", format!("refresh, {when}"), columns(&refreshes)));
            anyhow::Ok(())
        };
        ask_now_and_then("now and then", quiet).await?;
        let flood = Load {
            address: at,
            clients: 64,
            seconds: self.seconds * 2.0,
            every: Some(Duration::from_secs_f64(64.0 / (10.0 * hashes))),
        };
        let (logins, ()) =
            tokio::try_join!(flood.run(requests::flood(at)), ask_now_and_then("in a flood", flooded))?;
        say(&format!("{:<40} {}", "the flood: 10 times what can be hashed", columns(&logins)));
        Ok(())
    }

    async fn line(
        &self,
        on: impl Into<Measuring<'_>>,
        name: &str,
        clients: usize,
        requests: Requests,
    ) -> anyhow::Result<()> {
        let on = on.into();
        let load = Load { address: on.server.address, clients, seconds: self.seconds, every: None };
        let (before, database_before) = (on.server.used()?, on.database_seconds()?);
        let measured = load.run(requests).await?;
        let (after, database_after) = (on.server.used()?, on.database_seconds()?);
        #[expect(clippy::cast_precision_loss, reason = "a mean")]
        let each = |total: f64| total / measured.answered.max(1) as f64;
        say(&format!(
            "{name:<40} {} {:>8.1} {:>7.0} {:>7.3} {:>8} {:>8.1}",
            columns(&measured),
            each((after.cpu_seconds - before.cpu_seconds) * 1e6),
            each(after.written_bytes - before.written_bytes),
            each(after.fsyncs - before.fsyncs),
            measured.refused,
            each((database_after - database_before) * 1e6)
        ));
        Ok(())
    }
}

/// What a line of the table is about.
#[derive(Clone, Copy)]
struct Measuring<'a> {
    server: &'a Process,
    shared: Option<&'a SharedStore>,
}

impl<'a> From<&'a Process> for Measuring<'a> {
    fn from(server: &'a Process) -> Self {
        Self { server, shared: None }
    }
}

impl Measuring<'_> {
    fn database_seconds(self) -> anyhow::Result<f64> {
        self.shared.map_or(Ok(0.0), SharedStore::cpu_seconds)
    }
}

fn columns(measured: &Measured) -> String {
    let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|share| measured.quantile(share));
    format!("{:>8.0} {p50:>8.2} {p99:>8.2} {p999:>8.2}", measured.per_second)
}

async fn access_token(address: SocketAddr) -> anyhow::Result<String> {
    let answer = ask(address, &requests::login(address)).await?;
    let (_, rest) =
        answer.split_once(r#""accessToken":""#).with_context(|| format!("a token in {answer}"))?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn say(line: &str) {
    println!("{line}");
}
