//! `countersign healthcheck`: asks the server on this machine how it is, for containers that have nothing else in them.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::global::Global;
use crate::config::{Config, PathPrefix};
use crate::net::any_certificate;
use crate::output::Output;

#[derive(Debug, clap::Args)]
pub(super) struct Healthcheck {
    /// Asks whether the database can be read and written too (/readyz), and not only whether the server responds (/healthz)
    #[arg(long)]
    ready: bool,
}

impl Healthcheck {
    pub(super) fn run(&self, global: &Global, output: Output) -> anyhow::Result<()> {
        let config = global.load()?;
        let address = reachable(*config.listen.first().context("listen: it needs at least one address")?);
        let prefix = config.path_prefix.as_ref().map_or("", PathPrefix::as_str);
        let path = format!("{prefix}/{}", if self.ready { "readyz" } else { "healthz" });
        let status = ask(&config, address, &path).with_context(|| format!("{address} does not respond"))?;
        ensure!(status == "200", "{address}{path} responds with {status}");
        output.show(&json!({ "status": "ok" }), || format!("{address}{path} is well"))?;
        Ok(())
    }
}

/// A server that listens on every address of this machine listens on its own.
const fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The status of the response.
fn ask(config: &Config, address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    if config.tls_files().is_none() {
        return Ok(exchange(&mut stream, path)?);
    }
    let mut session = any_certificate::session()?;
    Ok(exchange(&mut rustls::Stream::new(&mut session, &mut stream), path)?)
}

fn exchange(stream: &mut (impl Read + Write), path: &str) -> io::Result<String> {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut line = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut line)?;
    Ok(String::from_utf8_lossy(&line["HTTP/1.1 ".len()..]).into_owned())
}

const PATIENCE: Duration = Duration::from_secs(3);
