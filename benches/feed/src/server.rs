//! The real server on a core of its own, core 0, with one account and one feed key.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A running server; ended when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) feed_key: String,
}

impl Server {
    /// Makes a database in `home` and serves it.
    pub(crate) fn start(binary: &Path, home: &Path) -> anyhow::Result<Self> {
        let binary = std::path::absolute(binary)?;
        run(&binary, home, &["init"], "")?;
        run(&binary, home, &["user", "add", "ann"], &format!("{PASSWORD}\n"))?;
        let feed_key = run(&binary, home, &["feed-key", "add", "bench"], "")?.trim().to_owned();
        let mut child = Command::new("taskset")
            .args(["--cpu-list", "0"])
            .arg(&binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--set", "feed.max_followers=100000"])
            .args(["--set", "session.max_per_account=1000"])
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("taskset starts the server")?;
        let mut log = BufReader::new(child.stderr.take().context("its log")?).lines();
        let mut said = String::new();
        let address = loop {
            let line = log.next().with_context(|| format!("it did not start: {said}"))??;
            if let Some((_, rest)) = line.split_once("listening on http://") {
                break rest.trim().parse()?;
            }
            said.push_str(&line);
        };
        // A log that nobody reads would hold the server up.
        std::thread::spawn(move || log.map_while(Result::ok).for_each(drop));
        Ok(Self { child, address, feed_key })
    }

    /// A new session and its access token.
    pub(crate) async fn sign_in(&self) -> anyhow::Result<(String, String)> {
        let body = json!({ "username": "ann", "password": PASSWORD }).to_string();
        let body =
            ask(self.address, "POST", "/api/login", "Content-Type: application/json\r\n", &body).await?;
        let body: Value = serde_json::from_str(&body)?;
        let token = body["accessToken"].as_str().context("an access token")?;
        let claims = countersign_jwt::dangerous::decode_unverified(token)?.payload;
        Ok((claims["sid"].as_str().context("a session")?.to_owned(), token.to_owned()))
    }

    /// What it calls itself in its tokens.
    pub(crate) async fn issuer(&self) -> anyhow::Result<String> {
        let body = ask(self.address, "GET", "/.well-known/oauth-authorization-server", "", "").await?;
        let metadata: Value = serde_json::from_str(&body)?;
        Ok(metadata["issuer"].as_str().context("an issuer")?.to_owned())
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// Runs a command of the server to its end; gives what it printed.
fn run(binary: &Path, home: &Path, arguments: &[&str], input: &str) -> anyhow::Result<String> {
    let mut child = Command::new(binary)
        .args(arguments)
        .current_dir(home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().context("its input")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// One request on a connection of its own; gives the body of the response.
pub(crate) async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let head = format!("{method} {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n{headers}");
    let length = body.len();
    stream.write_all(format!("{head}Content-Length: {length}\r\n\r\n{body}").as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    let (head, body) = response.split_once("\r\n\r\n").context("a response")?;
    ensure!(head.starts_with("HTTP/1.1 20"), "{method} {path}: {response}");
    Ok(body.to_owned())
}

const PASSWORD: &str = "a long enough passphrase";
