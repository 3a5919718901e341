//! What bounds the server: the bare hash function, the disk with one commit a change, and axum serving constant bytes.
//! Each is this program, started again beside nothing else on the server's core.

use std::path::Path;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use rusqlite::Connection;

use crate::client::Stopwatch;

/// Hashes a second on one core with the default cost and memory that is used again.
pub(crate) fn bare_hashes(seconds: f64) -> f64 {
    let params = argon2::Params::new(19_456, 2, 1, Some(32)).unwrap_or_default();
    let mut memory = vec![argon2::Block::default(); params.block_count()];
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let (watch, mut done, mut out) = (Stopwatch::start(), 0_u32, [0; 32]);
    while watch.seconds() < seconds {
        let hashed =
            argon2.hash_password_into_with_memory(b"password", b"salt of 16 bytes", &mut out, &mut memory);
        done += u32::from(hashed.is_ok());
    }
    f64::from(done) / watch.seconds()
}

/// The same change as a rotation, one commit each, with nothing around it: as many a second as any server can make on
/// this disk that commits each by itself.
pub(crate) fn one_commit_each(database: &Path, seconds: f64) -> anyhow::Result<f64> {
    let db = Connection::open(database)?;
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    let numbers: Vec<i64> = db
        .prepare("SELECT rowid FROM sessions LIMIT 20000")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut update = db.prepare(
        "UPDATE sessions SET generation = generation + 1, rotated_at = rotated_at + 1 WHERE rowid = ?1",
    )?;
    let (watch, mut done) = (Stopwatch::start(), 0_u32);
    while watch.seconds() < seconds {
        update.execute([numbers[done as usize % numbers.len()]])?;
        done += 1;
    }
    Ok(f64::from(done) / watch.seconds())
}

/// Serves `answer`, a whole HTTP response, from a bare axum router until it is ended.
pub(crate) async fn constant_bytes(answer: &str, say: impl Fn(&str)) -> anyhow::Result<()> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or(("", answer));
    let headers: Vec<(HeaderName, HeaderValue)> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        // Those are hyper's to say, there as here.
        .filter(|(name, _)| !matches!(*name, "date" | "content-length"))
        .map(|(name, value)| anyhow::Ok((name.parse()?, value.parse()?)))
        .collect::<Result<_, _>>()?;
    let body = axum::body::Bytes::from(body.to_owned());
    let answer = async move || {
        let mut response = (StatusCode::OK, body.clone()).into_response();
        for (name, value) in headers.clone() {
            response.headers_mut().insert(name, value);
        }
        response
    };
    let router = axum::Router::new().route("/api/profile", axum::routing::get(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    Ok(axum::serve(listener, router).await?)
}
