//! What a flood of logins does to everybody else: `cargo bench -p countersign-server --bench overload -- [--seconds 30]`.
//!
//! Starts the release binary on cores 0 and 1 in 256 MiB of memory (a cgroup of its own where one can be made, else a limit
//! of its address space): one core for hashes and one for everything else, as it has it by default. From core 1, by a process
//! of lower priority, it sends wrong passwords for ever new names from ever new addresses, at 10 and at 100 times the rate
//! that one core can hash; meanwhile it asks for a profile, refreshes (each a durable rotation) and signs in on a known
//! device. In quiet it does not sign in, so that quiet is quite quiet. A guess counts from when it was due, so a server that
//! stalls the sender gains nothing by it. Checked: every guess answered or shed with `Retry-After` within
//! two seconds, p99 of profile and refresh under three times what they are in quiet, the known device in at 95 % of its
//! tries or more, peak memory within the hashing budget and 20 %, and nothing killed.
#![expect(clippy::print_stdout, reason = "a measurement reports to whoever runs it")]

mod flood;
mod limited_server;
mod probe;

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use flood::Flooded;
use limited_server::{BUDGET, LimitedServer};
use probe::Probed;

/// What one core can hash in a second, roughly: "10 times" is measured in it.
const CAPACITY: u64 = 60;
const DEFAULT_SECONDS: u64 = 30;
const LIMIT: Duration = Duration::from_secs(2);

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let asked_for = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1);
    let seconds = asked_for("--seconds").map_or(Ok(DEFAULT_SECONDS), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Some(address) = asked_for("--flood") {
        let times: u64 = asked_for("--times").context("--times")?.parse()?;
        let flooded = runtime.block_on(flood::run(address.parse()?, times * CAPACITY, seconds))?;
        println!("{flooded}");
        return Ok(());
    }
    let me = std::process::id().to_string();
    let pinned =
        Command::new("taskset").args(["--cpu-list", "--pid", "1", &me]).stdout(Stdio::null()).status()?;
    anyhow::ensure!(pinned.success(), "taskset cannot pin this process: two cores are needed");
    let server = LimitedServer::start()?;
    println!("server on cores 0 and 1, in {}; flood (nice 10) and probes on core 1", server.limit());
    runtime.block_on(measure(&server, seconds))
}

async fn measure(server: &LimitedServer, seconds: u64) -> anyhow::Result<()> {
    let mut probes = probe::Probes::sign_in(server.address).await?;
    probes.run(Duration::from_secs(2), true).await?; // warms up
    let quiet = probes.run(Duration::from_secs(seconds.min(10)), false).await?;
    println!("quiet:     {quiet}");
    let mut failed = Vec::new();
    for times in [10, 100] {
        let flood = start_flood(server.address, times, seconds)?;
        let answers = probes.run(Duration::from_secs(seconds), true).await?;
        let output = tokio::task::spawn_blocking(|| flood.wait_with_output()).await??;
        let flooded: Flooded = String::from_utf8(output.stdout)?.trim().parse()?;
        println!("{times:>3} times: {answers}\n           {}", flooded.described());
        failed.extend(too_bad(&quiet, &answers, &flooded).map(|what| format!("{times} times: {what}")));
    }
    let peak = server.peak_memory()?;
    println!("peak memory {} MiB resident; hashing budget {} MiB", peak >> 20, BUDGET >> 20);
    if peak > BUDGET + BUDGET / 5 {
        failed.push("memory".to_owned());
    }
    if failed.is_empty() { Ok(()) } else { bail!("not within the limits: {}", failed.join(", ")) }
}

fn start_flood(address: SocketAddr, times: u64, seconds: u64) -> anyhow::Result<std::process::Child> {
    let flood =
        ["--flood", &address.to_string(), "--times", &times.to_string(), "--seconds", &seconds.to_string()];
    let mut command = Command::new("nice");
    command.args(["-n", "10"]).arg(std::env::current_exe()?).args(flood);
    command.stdout(Stdio::piped()).spawn().context("nice starts the flood")
}

fn too_bad(quiet: &Probed, now: &Probed, flooded: &Flooded) -> impl Iterator<Item = &'static str> {
    let checks = [
        ("profile p99", now.profile.p99() < quiet.profile.p99() * 3),
        ("refresh p99", now.refresh.p99() < quiet.refresh.p99() * 3),
        ("known device", now.known_in * 100 >= now.known_tried * 95 && now.known_tried > 0),
        ("guesses neither answered nor shed", flooded.other == 0 && flooded.shed > 0),
        ("slowest answer", flooded.slowest < LIMIT),
    ];
    checks.into_iter().filter(|(_, fine)| !fine).map(|(what, _)| what)
}
