//! Rotations without HTTP and tokens: by the store of the server, in batches; and by one prepared statement each, as any
//! server does that commits each by itself. Both write the same columns of the same sessions.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use countersign::internal::base::clock::Clock;
use countersign::internal::base::id::SessionId;
use countersign::internal::base::random::Random;
use countersign::internal::model::context::{Actor, Context};
use countersign::internal::model::session::refresh_token::PresentedToken;
use countersign::internal::model::session::{Rotation, SessionPolicy};
use countersign::store::SessionStore as _;
use countersign::store::postgres::{DatabaseUrl, PostgresStore};
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls, Row};

use crate::client::Stopwatch;

/// Enough that most of them are in no batch's neighbourhood, few enough that their pages have been touched before.
const SESSIONS: i64 = 40_000;

/// Rotations a second of the store for so many callers.
pub(crate) async fn in_batches(url: &str, seconds: f64, callers: usize) -> anyhow::Result<f64> {
    let policy = SessionPolicy { min_age: Duration::ZERO, grace: Duration::ZERO, ..SessionPolicy::default() };
    let store = PostgresStore::open(&DatabaseUrl::parse(url)?, policy, &Random::system()).await?;
    let tokens: Vec<_> = sessions(url).await?.iter().map(presented).collect::<Result<_, _>>()?;
    let (store, mut all) = (Arc::new(store), JoinSet::new());
    let watch = Stopwatch::start();
    for own in tokens.chunks(tokens.len().div_ceil(callers)) {
        let (store, watch, mut own) = (Arc::clone(&store), watch.clone(), own.to_vec());
        all.spawn(async move {
            let (mut done, count) = (0, own.len());
            while watch.seconds() < seconds {
                let token = &mut own[done as usize % count];
                let context = Context::local(Actor::Anonymous, Clock::system().now());
                let Rotation::Advanced(_) = store.rotate(*token, &context).await? else {
                    bail!("a rotation was refused");
                };
                token.generation += 1;
                done += 1;
            }
            Ok(done)
        });
    }
    total(all, &watch).await
}

/// Rotations a second, one statement and one commit each, over so many connections.
pub(crate) async fn one_statement_each(url: &str, seconds: f64, connections: usize) -> anyhow::Result<f64> {
    let rows = sessions(url).await?;
    let mut callers = JoinSet::new();
    let mut ready = Vec::new();
    for own in rows.chunks(rows.len().div_ceil(connections)) {
        let client = connect(url).await?;
        let statement = client.prepare(ROTATE).await?;
        let ids: Vec<String> = own.iter().map(|row| row.get(0)).collect();
        ready.push((client, statement, ids));
    }
    let watch = Stopwatch::start();
    for (client, statement, ids) in ready {
        let watch = watch.clone();
        callers.spawn(async move {
            let mut done = 0;
            while watch.seconds() < seconds {
                let now = Clock::system().now().as_unix_millis();
                let rows =
                    client.query(&statement, &[&ids[done as usize % ids.len()], &now, &"192.0.2.7"]).await?;
                anyhow::ensure!(rows.len() == 1, "a rotation was refused");
                done += 1;
            }
            Ok(done)
        });
    }
    total(callers, &watch).await
}

const ROTATE: &str =
    "UPDATE sessions s SET generation = s.generation + 1, rotated_at = $2, address = $3 FROM accounts a
     WHERE s.id = $1::text::uuid AND s.revoked_at IS NULL AND s.expires_at > $2
       AND a.id = s.account_id AND a.disabled_at IS NULL AND NOT a.password_change_required
     RETURNING a.*, s.*";

async fn total(mut callers: JoinSet<anyhow::Result<u32>>, watch: &Stopwatch) -> anyhow::Result<f64> {
    let mut all = 0;
    while let Some(done) = callers.join_next().await {
        all += done??;
    }
    Ok(f64::from(all) / watch.seconds())
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Open sessions from all over the table.
async fn sessions(url: &str) -> anyhow::Result<Vec<Row>> {
    let client = connect(url).await?;
    let all: f64 = client.query_one("SELECT count(*)::float8 FROM sessions", &[]).await?.get(0);
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let percent = (110.0 * SESSIONS as f64 / all).min(100.0);
    let sql = format!(
        "SELECT id::text, secret_hash, generation FROM sessions TABLESAMPLE BERNOULLI ({percent})
         WHERE revoked_at IS NULL LIMIT {SESSIONS}"
    );
    Ok(client.query(&sql, &[]).await?)
}

fn presented(row: &Row) -> anyhow::Result<PresentedToken> {
    let session_id: SessionId = row.get::<_, &str>(0).parse()?;
    let secret_hash = row.get::<_, &[u8]>(1).try_into().context("a hash of 32 bytes")?;
    let generation = u32::try_from(row.get::<_, i64>(2))?;
    Ok(PresentedToken { session_id, generation, secret_hash, proven_key: None })
}
