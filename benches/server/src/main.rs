//! The real server under load, over HTTP on loopback, with what bounds it measured in the same run: the same stack
//! serving constant bytes, the disk with one commit a rotation, and the bare hash function.
//!
//! `benches/server/run` builds everything and prints the table; `--rows 10000000` and the like ask for more sessions.

mod client;
mod process;
mod seed;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use crate::client::{Measured, Requests, Stopwatch, ask, load};
use crate::process::Server;

fn main() -> anyhow::Result<()> {
    let mut rows = vec![10_000, 1_000_000];
    let (mut seconds, mut binary) = (5.0, PathBuf::from("target/release/countersign"));
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().context("every option has a value")?;
        match argument.as_str() {
            "--rows" => rows = value.split(',').map(str::parse).collect::<Result<_, _>>()?,
            "--seconds" => seconds = value.parse()?,
            "--binary" => binary = value.into(),
            other => anyhow::bail!("unknown option {other}"),
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    say(&format!(
        "{:<44} {:>9} {:>8} {:>8} {:>8} {:>9} {:>9} {:>8}",
        "", "per s", "p50 ms", "p99 ms", "p99.9", "CPU µs", "bytes", "refused"
    ));
    for count in rows {
        // On the disk that the build is on: where this runs matters.
        let home = tempfile::tempdir_in("target")?;
        runtime.block_on(run(&binary, &home.path().join("data"), count, seconds))?;
    }
    let (hashes, constant) = (bare_hashes(seconds), runtime.block_on(constant_bytes(seconds))?);
    say(&format!("{:<44} {hashes:>9.1}", "argon2id alone, one core, hashes"));
    say(&format!("{:<44} {constant:>9.0}", "axum alone, constant bytes, both ends here, 64"));
    Ok(())
}

async fn run(binary: &Path, data: &Path, rows: usize, seconds: f64) -> anyhow::Result<()> {
    say(&format!("--- {rows} sessions"));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number")]
    let wanted = ((seconds * 100_000.0) as usize).min(rows);
    let tokens = Arc::new(seed::seed(data, rows, wanted).await?);
    let server = Server::start(binary, data)?;
    let address = server.address;
    let take = |from: usize, to: usize| refreshes(address, tokens[from..to.min(tokens.len())].to_vec());
    let many = tokens.len() * 8 / 10;
    measure(&server, "refresh, each a durable rotation, 64 clients", 64, seconds, take(0, many)).await?;
    measure(&server, "refresh, 1 client", 1, seconds, take(many, tokens.len())).await?;
    let token = access_token(address).await?;
    let profile = get(address, "/api/profile", &token);
    measure(&server, "profile, 64 clients", 64, seconds, constant(profile)).await?;
    measure(
        &server,
        "health (same stack, no token), 64",
        64,
        seconds,
        constant(get(address, "/healthz", "")),
    )
    .await?;
    if rows <= 10_000 {
        measure(&server, "login, 4 clients", 4, seconds, constant(login(address))).await?;
    }
    drop(server);
    let commits = seed::one_commit_each(&data.join("countersign.db"), seconds.min(3.0))?;
    say(&format!("{:<44} {commits:>9.0}", "this disk, one commit a rotation, no HTTP"));
    Ok(())
}

async fn measure(
    server: &Server,
    name: &str,
    clients: usize,
    seconds: f64,
    requests: Requests,
) -> anyhow::Result<()> {
    let before = server.used()?;
    let measured = load(server.address, clients, seconds, requests).await?;
    let after = server.used()?;
    let Measured { per_second, answered, refused, .. } = &measured;
    #[expect(clippy::cast_precision_loss, reason = "a mean")]
    let each = |total: f64| total / (*answered).max(1) as f64;
    say(&format!(
        "{name:<44} {per_second:>9.0} {:>8.2} {:>8.2} {:>8.2} {:>9.1} {:>9.0} {refused:>8}",
        measured.quantile(0.5),
        measured.quantile(0.99),
        measured.quantile(0.999),
        each((after.cpu_seconds - before.cpu_seconds) * 1e6),
        each(after.written_bytes - before.written_bytes),
    ));
    Ok(())
}

fn refreshes(address: SocketAddr, tokens: Vec<String>) -> Requests {
    Arc::new(move |n| {
        let token = tokens.get(n)?;
        let head = format!("POST /api/refresh HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\n");
        Some(format!("{head}cookie: refreshToken={token}\r\n\r\n"))
    })
}

fn constant(request: String) -> Requests {
    Arc::new(move |_| Some(request.clone()))
}

fn get(address: SocketAddr, path: &str, token: &str) -> String {
    let bearer = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{bearer}\r\n")
}

fn login(address: SocketAddr) -> String {
    let body = format!(r#"{{"username":"{}","password":"{}"}}"#, seed::USER, seed::PASSWORD);
    let head = format!("POST /api/login HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n");
    format!("{head}content-length: {}\r\n\r\n{body}", body.len())
}

async fn access_token(address: SocketAddr) -> anyhow::Result<String> {
    let answer = ask(address, &login(address)).await?;
    let (_, rest) =
        answer.split_once(r#""accessToken":""#).with_context(|| format!("a token in {answer}"))?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}

/// Hashes a second on one core with the default cost and memory that is used again.
fn bare_hashes(seconds: f64) -> f64 {
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

/// Requests a second of a bare axum router, in this very thread: with the generator beside it, a lower bound.
async fn constant_bytes(seconds: f64) -> anyhow::Result<f64> {
    let body =
        r#"{"user":{"userId":"00000000-0000-0000-0000-000000000000","username":"bench","role":"user"}}"#;
    let router = axum::Router::new().route("/", axum::routing::get(move || async move { body }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let measured = load(address, 64, seconds, constant(get(address, "/", ""))).await?;
    serving.abort();
    Ok(measured.per_second)
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn say(line: &str) {
    println!("{line}");
}
