//! Those who follow the feed: readers of the stream, and guards, each with threads and a connection of its own.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use countersign::internal::base::clock::Clock;
use countersign_guard::{Follow, Guard, Issuer, Refusal};
use countersign_jwt::{ClaimsPolicy, TokenType};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::server::Server;

/// A reader was told of this session at this time.
type Told = (String, Duration);

/// When each guard has refused a token first.
pub(crate) type Refusals = JoinSet<anyhow::Result<Duration>>;

/// All who follow one server.
pub(crate) struct Followers {
    guards: Vec<Guard>,
    readers: usize,
    hear: mpsc::UnboundedReceiver<Told>,
    clock: Clock,
}

impl Followers {
    /// Connects them, and waits until each has everything.
    pub(crate) async fn connect(
        server: &Server,
        clock: &Clock,
        guards: usize,
        readers: usize,
    ) -> anyhow::Result<Self> {
        let (told, hear) = mpsc::unbounded_channel();
        for _ in 0..readers {
            read(server, clock, told.clone()).await?;
        }
        let mut all = Self { guards: Vec::new(), readers, hear, clock: clock.clone() };
        let issuer = server.issuer().await?;
        for _ in 0..guards {
            let policy = ClaimsPolicy::new(&*issuer, &*issuer, TokenType::AccessToken, Duration::ZERO);
            let follow = Follow::with_key(&*server.feed_key);
            all.guards.push(Guard::builder(Issuer::discover(policy).follow(follow)).start().await?);
        }
        Ok(all)
    }

    /// Each guard accepts the token now; waits for the moment from which it refuses it.
    pub(crate) fn refusals(&self, token: &str) -> anyhow::Result<Refusals> {
        let mut refusals = JoinSet::new();
        for guard in &self.guards {
            let claims = guard.verify(token).context("a guard refuses a good token")?;
            let (guard, token, clock) = (guard.clone(), token.to_owned(), self.clock.clone());
            refusals.spawn(async move {
                guard.watch(&claims).await;
                let refused = guard.verify(&token);
                let at = clock.monotonic();
                ensure!(refused.is_err_and(|refusal| refusal == Refusal::Revoked), "it is not refused");
                Ok(at)
            });
        }
        Ok(refusals)
    }

    /// When each reader was told of this session, which is the only one that has ended.
    pub(crate) async fn events_of(&mut self, session: &str) -> anyhow::Result<Vec<Duration>> {
        let mut times = Vec::with_capacity(self.readers);
        for _ in 0..self.readers {
            let (heard, at) = self.hear.recv().await.context("a follower has gone")?;
            ensure!(heard == session, "a follower was told of another session");
            times.push(at);
        }
        Ok(times)
    }
}

/// Waits for all guards.
pub(crate) async fn all(mut refusals: Refusals) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(refusals.len());
    while let Some(refused) = refusals.join_next().await {
        times.push(refused??);
    }
    Ok(times)
}

/// Connects a reader, waits until it has everything, and lets it tell what it hears.
async fn read(server: &Server, clock: &Clock, told: mpsc::UnboundedSender<Told>) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(server.address).await?;
    let head = "GET /api/revocations HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n";
    stream.write_all(format!("{head}Authorization: Bearer {}\r\n\r\n", server.feed_key).as_bytes()).await?;
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
