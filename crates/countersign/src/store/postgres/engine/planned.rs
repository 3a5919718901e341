//! Decides whether the server keeps a statement with its plan, and how long. To plan the rotation of a batch takes as long as to
//! rotate ten sessions; but a plan that was made for small tables reads all of them when they have grown.
//!
//! A statement that is kept has a name, and the name belongs to a session of the server. A pooler in transaction mode lends
//! such a session to one client after the other: there, the name is unknown to the next transaction or, worse, another
//! program's. A session is a connection's own when the server announced it to this client: a pooler announces itself, so
//! that it can pass a request to cancel on to the right session.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OnceCell;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement};

use crate::base::clock::Stopwatch;
use crate::store::postgres::engine::failure::Failure;

/// The statements that the server keeps for one connection.
#[derive(Debug, Default)]
pub(super) struct Planned {
    /// Known after the first question.
    is_own_session: OnceCell<bool>,
    statements: Mutex<HashMap<&'static str, Statement>>,
    /// Since the plans were last made.
    age: Mutex<Option<Stopwatch>>,
}

impl Planned {
    /// The statement that the server keeps for this text; `None` where it keeps none.
    pub(super) async fn statement(
        &self,
        client: &Client,
        sql: &'static str,
        types: &[Type],
    ) -> Result<Option<Statement>, Failure> {
        if !*self.is_own_session.get_or_try_init(|| take_over(client)).await? {
            return Ok(None);
        }
        if self.are_old() {
            client.batch_execute("DISCARD PLANS").await?;
        }
        if let Some(known) = unpoisoned(&self.statements).get(sql) {
            return Ok(Some(known.clone()));
        }
        let statement = client.prepare_typed(sql, types).await?;
        Ok(Some(unpoisoned(&self.statements).entry(sql).or_insert(statement).clone()))
    }

    /// Whether the plans are to be made anew; they are then young again.
    fn are_old(&self) -> bool {
        let mut age = unpoisoned(&self.age);
        let are_old = age.as_ref().is_none_or(|age| age.elapsed() >= LIFETIME);
        if are_old {
            *age = Some(Stopwatch::start());
        }
        are_old
    }
}

/// Whether the session is this connection's own. If so, it makes one plan for any values.
async fn take_over(client: &Client) -> Result<bool, Failure> {
    let row = client.query_typed("SELECT pg_backend_pid()", &[]).await?;
    let serving: Option<i32> = row.first().map(|row| row.try_get(0)).transpose()?;
    let is_own = serving.is_some() && serving == announced(client).await?;
    if is_own {
        client.batch_execute("SET plan_cache_mode = force_generic_plan").await?;
    }
    Ok(is_own)
}

/// The process that was announced when the connection was made. The driver tells it in a request to cancel alone: that request
/// is written to memory, and goes nowhere.
async fn announced(client: &Client) -> Result<Option<i32>, Failure> {
    let request = Request::default();
    client.cancel_token().cancel_query_raw(request.clone(), request.clone()).await?;
    let written = unpoisoned(&request.0);
    // PostgreSQL 15, section 55.7, `CancelRequest`: length, code, process, secret key, of four bytes each. A request for TLS
    // may come before it.
    Ok(written
        .last_chunk::<16>()
        .map(|&[_, _, _, _, _, _, _, _, a, b, c, d, ..]| i32::from_be_bytes([a, b, c, d])))
}

/// What the driver takes for the stream to a server, with and without TLS.
#[derive(Clone, Debug, Default)]
struct Request(Arc<Mutex<Vec<u8>>>);

impl AsyncRead for Request {
    /// Only asked whether there is TLS: there is.
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        buf.put_slice(b"S");
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Request {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        unpoisoned(&self.0).extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl TlsStream for Request {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl TlsConnect<Self> for Request {
    type Stream = Self;
    type Error = io::Error;
    type Future = Ready<io::Result<Self>>;

    fn connect(self, stream: Self) -> Self::Future {
        ready(Ok(stream))
    }
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tables grow by a few hundred rows in this time; a busy connection runs a thousand statements.
const LIFETIME: Duration = Duration::from_secs(1);
