//! The flood: wrong passwords for ever new names from ever new addresses, each sent when it is due.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use countersign::internal::base::clock::Clock;

use crate::probe::{Connection, login};

/// Enough that a request waits for none: the server holds a second's worth of guesses back.
const CONNECTIONS: usize = 256;

/// What became of a flood's requests. Written by one process and read by another.
pub(crate) struct Flooded {
    sent: u64,
    pub(crate) looked_at: u64,
    pub(crate) shed: u64,
    pub(crate) other: u64,
    pub(crate) slowest: Duration,
}

/// Sends so many a second for so long and waits for all answers.
pub(crate) async fn run(address: SocketAddr, per_second: u64, seconds: u64) -> anyhow::Result<Flooded> {
    let (clock, next) = (Clock::system(), Arc::new(AtomicU64::new(0)));
    let (start, total) = (clock.monotonic(), per_second * seconds);
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (clock, next) = (clock.clone(), Arc::clone(&next));
        senders.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut seen = Flooded { sent: 0, looked_at: 0, shed: 0, other: 0, slowest: Duration::ZERO };
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= total {
                    return anyhow::Ok(seen);
                }
                let due = start + Duration::from_micros(number * 1_000_000 / per_second);
                tokio::time::sleep(due.saturating_sub(clock.monotonic())).await;
                let [a, b, c, ..] = number.wrapping_mul(0x9e37_79b9).to_le_bytes();
                let from = format!("10.{a}.{b}.{c}");
                let guess = login(&format!("stranger{number}"), "a wrong password", &from, "");
                let (status, text) = connection.ask(&guess).await?;
                seen.count(status, text.contains("\r\nretry-after: "));
                seen.slowest = seen.slowest.max(clock.monotonic().saturating_sub(due));
            }
        });
    }
    let mut all = Flooded { sent: total, looked_at: 0, shed: 0, other: 0, slowest: Duration::ZERO };
    while let Some(seen) = senders.join_next().await {
        let seen = seen??;
        all.looked_at += seen.looked_at;
        all.shed += seen.shed;
        all.other += seen.other;
        all.slowest = all.slowest.max(seen.slowest);
    }
    Ok(all)
}

impl Flooded {
    fn count(&mut self, status: u16, says_when_to_retry: bool) {
        match status {
            401 => self.looked_at += 1,
            503 if says_when_to_retry => self.shed += 1,
            _ => self.other += 1,
        }
    }

    pub(crate) fn described(&self) -> String {
        let Self { sent, looked_at, shed, other, slowest } = self;
        format!(
            "{sent} guesses: {looked_at} looked at, {shed} shed, {other} other; slowest answer {slowest:.0?}"
        )
    }
}

impl fmt::Display for Flooded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, looked_at, shed, other, slowest } = self;
        write!(f, "{sent} {looked_at} {shed} {other} {}", slowest.as_micros())
    }
}

impl FromStr for Flooded {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let numbers = text.split(' ').map(str::parse).collect::<Result<Vec<u64>, _>>()?;
        let [sent, looked_at, shed, other, slowest] =
            numbers[..].try_into().context("the flood's figures")?;
        Ok(Self { sent, looked_at, shed, other, slowest: Duration::from_micros(slowest) })
    }
}
