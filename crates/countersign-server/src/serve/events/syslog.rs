//! Messages of RFC 5424 to a syslog daemon: the row as JSON, its kind as the MSGID, its time as the time of the message.
//!
//! By TCP each batch has a connection of its own. We close our side and wait until the daemon closes its own, which it does when
//! it has read everything: syslog itself has no receipt. UDP has none at all.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use countersign::{AuditKind, ChainedRow, Timestamp};

use crate::audit_line::as_json;

pub(super) fn to_socket(path: &Path, rows: &[ChainedRow]) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    socket.set_write_timeout(Some(TIMEOUT))?;
    send_each(rows, |message| socket.send(message))
}

pub(super) fn by_udp(host: &str, rows: &[ChainedRow]) -> io::Result<()> {
    let address = resolve(host)?;
    let any: SocketAddr = if address.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    socket.set_write_timeout(Some(TIMEOUT))?;
    send_each(rows, |message| socket.send(message))
}

pub(super) fn by_tcp(host: &str, rows: &[ChainedRow]) -> io::Result<()> {
    let mut stream = connect(host)?;
    stream.write_all(&framed(rows))?;
    stream.shutdown(Shutdown::Write)?;
    check_said(stream.take(MAX_SAID).read_to_end(&mut Vec::new())?)
}

/// A connection that gives up on each step after a while.
pub(super) fn connect(host: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&resolve(host)?, TIMEOUT)?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

/// The messages, each behind its length (RFC 6587 §3.4.1, RFC 5425 §4.3).
pub(super) fn framed(rows: &[ChainedRow]) -> Vec<u8> {
    let mut framed = Vec::new();
    for message in messages(rows) {
        framed.extend_from_slice(format!("{} ", message.len()).as_bytes());
        framed.extend_from_slice(message.as_bytes());
    }
    framed
}

/// A daemon has nothing to say; one that talks without an end is none.
pub(super) fn check_said(bytes: usize) -> io::Result<()> {
    if bytes as u64 >= MAX_SAID {
        return Err(io::Error::other("it answers, so it is no syslog daemon"));
    }
    Ok(())
}

fn resolve(host: &str) -> io::Result<SocketAddr> {
    let none = || io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    host.to_socket_addrs()?.next().ok_or_else(none)
}

fn send_each(rows: &[ChainedRow], send: impl Fn(&[u8]) -> io::Result<usize>) -> io::Result<()> {
    messages(rows).try_for_each(|message| send(message.as_bytes()).map(drop))
}

fn messages(rows: &[ChainedRow]) -> impl Iterator<Item = String> {
    let host = host_name();
    rows.iter().map(move |row| message(row, &host, std::process::id()))
}

/// RFC 5424 §6.
fn message(row: &ChainedRow, host: &str, process: u32) -> String {
    let (at, kind) = match &row.row {
        Some(row) => (Timestamp::from_unix_millis(row.at).to_string(), row.kind.as_str()),
        None => ("-".to_owned(), "missing"),
    };
    let priority = AUTHPRIV * 8 + severity(kind);
    // Whoever can write the log can put any text there.
    let kind: String = kind.chars().filter(char::is_ascii_graphic).take(32).collect();
    let kind = if kind.is_empty() { "-" } else { &kind };
    format!("<{priority}>1 {at} {host} countersign {process} {kind} - {}", as_json(row))
}

/// RFC 5424 §6.2.1: warning for what an operator should look at, notice for what was refused, and otherwise informational.
fn severity(kind: &str) -> u8 {
    match AuditKind::from_name(kind) {
        Some(kind) if kind.is_alarm() => 4,
        Some(AuditKind::LoginFailed | AuditKind::LoginThrottled) | None => 5,
        Some(_) => 6,
    }
}

/// Printable ASCII, or nothing (RFC 5424 §6.2.4).
fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let is_fine = !name.is_empty() && name.len() <= 255 && name.chars().all(|c| c.is_ascii_graphic());
    if is_fine { name } else { "-".to_owned() }
}

/// The facility for messages about security (RFC 5424 §6.2.1).
const AUTHPRIV: u8 = 10;
const TIMEOUT: Duration = Duration::from_secs(10);
/// More than a daemon says.
pub(super) const MAX_SAID: u64 = 4096;

#[cfg(test)]
mod tests {
    use countersign::{AuditLink, AuditRow};

    use super::*;

    #[expect(clippy::field_reassign_with_default, reason = "a row can get more columns")]
    fn row(kind: &str) -> ChainedRow {
        let mut row = AuditRow::default();
        row.at = 1_795_392_024_130;
        row.kind = kind.to_owned();
        ChainedRow::new(AuditLink::new(1, 2, [0; 32]), Some(row))
    }

    #[test]
    fn a_message_has_the_header_of_rfc_5424() {
        let head = |row: &ChainedRow| message(row, "host", 7).split_once(" - {").unwrap().0.to_owned();
        let at = "1 2026-11-23T00:00:24.130Z host countersign 7";
        assert_eq!(head(&row("login_succeeded")), format!("<86>{at} login_succeeded"));
        assert_eq!(head(&row("login_failed")), format!("<85>{at} login_failed"));
        assert_eq!(head(&row("refresh_reuse_detected")), format!("<84>{at} refresh_reuse_detected"));
        assert_eq!(head(&row("a b\n<1>")), format!("<85>{at} ab<1>"));
        let gone = ChainedRow::new(AuditLink::new(1, 2, [0; 32]), None);
        assert_eq!(head(&gone), "<85>1 - host countersign 7 missing");
    }
}
