//! `countersign calibrate`: finds the strongest password hash that this machine can afford (PW-7). Measures
//! the server's own hashing code, with the threads and the memory that the server would use.

use std::num::NonZeroU32;
use std::time::Duration;

use countersign::Clock;
use countersign::calibrate::{Proposal, Target, calibrate};
use serde_json::json;

use super::global::Global;
use crate::config::parse_duration;
use crate::output::Output;
use crate::serve::options;

#[derive(Debug, clap::Args)]
pub(super) struct Calibrate {
    /// The longest time for one hash; people do not notice 250ms
    #[arg(long, value_name = "DURATION", default_value = "250ms", value_parser = target)]
    target: Duration,
    /// Sign-ins that the machine must be able to check per second; makes the hash cheaper if necessary
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    logins_per_second: Option<u32>,
}

fn target(text: &str) -> Result<Duration, String> {
    let target = parse_duration(text)?;
    let limits = Duration::from_millis(1)..=Duration::from_secs(10);
    if limits.contains(&target) { Ok(target) } else { Err("it is not between 1ms and 10s".to_owned()) }
}

impl Calibrate {
    pub(super) fn run(&self, global: &Global, output: Output) -> anyhow::Result<()> {
        let options = options::hashing(&global.load()?)?;
        let logins_per_second = self.logins_per_second.and_then(NonZeroU32::new);
        let proposal =
            calibrate(Target { longest: self.target, logins_per_second }, &options, &Clock::system());
        let (threads, cost) = (proposal.threads.get(), proposal.cost);
        let rate = Duration::from_secs(60).as_micros() * proposal.threads.get() as u128
            / proposal.takes.as_micros().max(1);
        let rate_is_met = self.logins_per_second.is_none_or(|wanted| rate >= u128::from(wanted) * 60);
        let value = json!({
            "hashMemoryKib": cost.memory_kib(),
            "hashPasses": cost.iterations(),
            "hashThreads": threads,
            "hashMillis": proposal.takes.as_millis(),
            "loginsPerMinute": rate,
            "targetIsMet": proposal.takes <= self.target,
            "loginsPerSecondIsMet": rate_is_met,
        });
        output.show(&value, || {
            let mut text = format!(
                "# One hash takes {} ms, with {threads} at a time: {}.{} sign-ins per second.\n",
                proposal.takes.as_millis(),
                rate / 60,
                rate % 60 / 6
            );
            if proposal.takes > self.target {
                text.push_str("# That is longer than the target, but a cheaper hash would not be safe.\n");
            }
            if !rate_is_met {
                text.push_str("# That is fewer than requested: more processors or memory are needed.\n");
            }
            text + &settings(&proposal)
        })?;
        Ok(())
    }
}

/// The lines for the configuration file.
fn settings(proposal: &Proposal) -> String {
    let (memory, passes) = (proposal.cost.memory_kib() >> 10, proposal.cost.iterations());
    format!("[password]\nhash_memory = \"{memory}MiB\"\nhash_passes = {passes}\n")
}
