//! A load generator that costs little: one keep-alive connection a client, one request after the other.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use countersign::internal::base::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Time since its start.
#[derive(Clone)]
pub(crate) struct Stopwatch(Clock, Duration);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        let clock = Clock::system();
        let begun = clock.monotonic();
        Self(clock, begun)
    }

    fn elapsed(&self) -> Duration {
        self.0.monotonic().saturating_sub(self.1)
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.elapsed().as_secs_f64()
    }
}

/// Makes the n-th request; `None` when there is nothing left to ask for.
pub(crate) type Requests = Arc<dyn Fn(usize) -> Option<String> + Send + Sync>;

/// What one load came to.
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub(crate) answered: usize,
    pub(crate) refused: usize,
    /// Sorted.
    latencies: Vec<Duration>,
}

impl Measured {
    /// The latency below which this share of the requests stayed, in milliseconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = ((self.latencies.len() as f64 - 1.0) * share).max(0.0) as usize;
        self.latencies.get(index).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1000.0)
    }
}

/// Who asks, and how often.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) clients: usize,
    pub(crate) seconds: f64,
    /// How far apart a client's requests begin; without it the next follows the answer.
    pub(crate) every: Option<Duration>,
}

impl Load {
    /// Lets all clients ask.
    pub(crate) async fn run(self, requests: Requests) -> anyhow::Result<Measured> {
        let (watch, next) = (Stopwatch::start(), Arc::new(AtomicUsize::new(0)));
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..self.clients {
            running.spawn(self.one_client(Arc::clone(&requests), Arc::clone(&next), watch.clone()));
        }
        let (mut latencies, mut refused) = (Vec::new(), 0);
        while let Some(client) = running.join_next().await {
            let (more, no) = client??;
            latencies.extend(more);
            refused += no;
        }
        let took = watch.seconds();
        latencies.sort_unstable();
        let answered = latencies.len();
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let per_second = answered as f64 / took;
        Ok(Measured { per_second, answered, refused, latencies })
    }

    async fn one_client(
        self,
        requests: Requests,
        next: Arc<AtomicUsize>,
        watch: Stopwatch,
    ) -> anyhow::Result<(Vec<Duration>, usize)> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (mut latencies, mut refused) = (Vec::new(), 0);
        let mut buffer = Vec::with_capacity(8192);
        let mut pace = self.every.map(|every| {
            let mut pace = tokio::time::interval(every);
            pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            pace
        });
        while watch.seconds() < self.seconds {
            if let Some(pace) = &mut pace {
                pace.tick().await;
            }
            let Some(request) = requests(next.fetch_add(1, Ordering::Relaxed)) else { break };
            let sent = watch.elapsed();
            stream.write_all(request.as_bytes()).await?;
            let status = answer(&mut stream, &mut buffer).await?;
            latencies.push(watch.elapsed().saturating_sub(sent));
            refused += usize::from(!(200..300).contains(&status));
        }
        Ok((latencies, refused))
    }
}

/// One request, and the whole answer as text.
pub(crate) async fn ask(address: SocketAddr, request: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut buffer = Vec::new();
    answer(&mut stream, &mut buffer).await?;
    Ok(String::from_utf8(buffer)?)
}

/// Reads one answer to its end and gives its status.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<u16> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&buffer[..head])?.to_ascii_lowercase();
        let length: usize = text
            .split_once("\r\ncontent-length: ")
            .map_or(Ok(0), |(_, rest)| rest.lines().next().unwrap_or_default().trim().parse())?;
        while buffer.len() < head + 4 + length {
            if stream.read_buf(buffer).await? == 0 {
                bail!("the server closed the connection");
            }
        }
        return text.get(9..12).context("a status")?.parse().context("a status");
    }
}
