//! `events`: the audit log in a file or at a syslog daemon, every row at least once, whatever happens to either side.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;

use crate::harness::{PASSWORD, Place, eventually};
use crate::postgres::{ORIGIN, new_database, place};

/// The rows of the log, as `audit export` prints them.
pub(crate) fn exported(place: &Place) -> Vec<String> {
    let ran = place.run(&["audit", "export"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.out.lines().map(str::to_owned).collect()
}

pub(crate) fn lines(place: &Place, name: &str) -> Vec<String> {
    fs::read_to_string(place.path(name)).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// The JSON of a message of RFC 5424.
pub(crate) fn content(message: &str) -> String {
    let (head, json) = message.split_once(" - {").unwrap_or_else(|| panic!("{message}"));
    let fields: Vec<_> = head.split(' ').collect();
    assert!(fields.len() == 6 && fields[0].starts_with("<8") && fields[3] == "countersign", "{message}");
    format!("{{{json}")
}

/// LG-9.
#[test]
fn a_file_has_the_rows_of_an_export_also_when_it_is_rotated() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&["--set", "events=file:events.jsonl"]);
    assert_eq!(server.login("ann", PASSWORD).status, 200);
    assert_eq!(server.login("ann", "wrong").status, 401);
    let before = exported(&place);
    assert!(before.iter().any(|line| line.contains("login_failed")), "{before:?}");
    eventually(|| lines(&place, "events.jsonl") == before);
    fs::rename(place.path("events.jsonl"), place.path("events.jsonl.1")).unwrap();
    server.signal("HUP");
    assert_eq!(server.login("ann", PASSWORD).status, 200);
    let all = exported(&place);
    assert!(all.len() > before.len());
    eventually(|| lines(&place, "events.jsonl") == all[before.len()..]);
    assert_eq!(lines(&place, "events.jsonl.1"), before, "nothing goes to the old file");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(place.path("events.jsonl")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

/// LG-9: a row may come twice, and none is missing.
#[test]
fn nothing_is_missing_after_kills() {
    let place = Place::new();
    place.add_user("ann", "user");
    for _ in 0..5 {
        let server = place.serve(&["--set", "events=file:events.jsonl"]);
        let had = lines(&place, "events.jsonl").len();
        for _ in 0..8 {
            assert_eq!(server.login("ann", PASSWORD).status, 200);
        }
        // In the middle of it: the file grows, and what has been sent may not be noted yet.
        eventually(|| lines(&place, "events.jsonl").len() > had);
        server.signal("KILL");
    }
    let server = place.serve(&["--set", "events=file:events.jsonl"]);
    let all: BTreeSet<_> = exported(&place).into_iter().collect();
    assert!(all.len() > 40, "{}", all.len());
    eventually(|| lines(&place, "events.jsonl").into_iter().collect::<BTreeSet<_>>().is_superset(&all));
    drop(server);
    let cut_off =
        lines(&place, "events.jsonl").into_iter().filter(|line| !all.contains(line)).collect::<Vec<_>>();
    assert!(cut_off.iter().all(|line| !line.ends_with('}')), "only what a kill has cut off: {cut_off:?}");
}

/// LG-9: a daemon that is not there holds up nobody, and gets everything when it is.
#[test]
fn a_syslog_daemon_by_its_socket_gets_what_it_has_missed() {
    let place = Place::new();
    place.add_user("ann", "user");
    let path = place.path("log");
    let server = place.serve(&["--set", &format!("events=syslog:{}", path.display())]);
    for _ in 0..3 {
        assert_eq!(server.login("ann", PASSWORD).status, 200);
    }
    eventually(|| server.said().contains("the audit log could not be sent, will be tried again"));
    let daemon = UnixDatagram::bind(&path).unwrap();
    daemon.set_read_timeout(Some(crate::harness::PATIENCE)).unwrap();
    let receive = || {
        let mut message = vec![0; 64 * 1024];
        let length = daemon.recv(&mut message).unwrap();
        content(std::str::from_utf8(&message[..length]).unwrap())
    };
    let expected = exported(&place);
    assert_eq!(expected.iter().map(|_| receive()).collect::<Vec<_>>(), expected);
    eventually(|| server.said().contains("the audit log is sent again"));
}

#[test]
fn a_syslog_daemon_gets_datagrams() {
    let place = Place::new();
    place.add_user("ann", "user");
    let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
    daemon.set_read_timeout(Some(crate::harness::PATIENCE)).unwrap();
    let _server = place.serve(&["--set", &format!("events=syslog:udp:{}", daemon.local_addr().unwrap())]);
    let mut message = vec![0; 64 * 1024];
    for expected in exported(&place) {
        let length = daemon.recv(&mut message).unwrap();
        assert_eq!(content(std::str::from_utf8(&message[..length]).unwrap()), expected);
    }
}

/// LG-9: what a daemon has taken and not read when it ends is sent to the next one.
#[test]
fn a_syslog_daemon_by_tcp_that_breaks_off_gets_everything_again() {
    let place = Place::new();
    place.add_user("ann", "user");
    let daemon = TcpListener::bind("127.0.0.1:0").unwrap();
    let _server = place.serve(&["--set", &format!("events=syslog:tcp:{}", daemon.local_addr().unwrap())]);
    // It closes with something unread, so that the other side hears of a reset and not of an end.
    let (mut first, _) = daemon.accept().unwrap();
    first.read_exact(&mut [0; 10]).unwrap();
    drop(first);
    let expected = exported(&place);
    let mut received = Vec::new();
    while received.len() < expected.len() {
        let mut text = String::new();
        daemon.accept().unwrap().0.read_to_string(&mut text).unwrap();
        let mut rest = text.as_str();
        while let Some((length, more)) = rest.split_once(' ') {
            let (message, after) = more.split_at(length.parse().unwrap());
            received.push(content(message));
            rest = after;
        }
    }
    assert_eq!(received, expected);
}

/// LG-9: of two nodes, one sends.
#[test]
fn nodes_on_one_store_send_once() {
    let (url, _) = new_database();
    let place = place(&url);
    place.write("countersign.toml", "events = \"file:events.jsonl\"\n");
    let ran = place.run(&["init"]);
    assert!(ran.code == Some(0) || place.path("countersign.toml").exists(), "{ran:?}");
    place.add_user_to_shared("ann", "user");
    let node = || place.start(&[&["serve", "--listen", "127.0.0.1:0"][..], &ORIGIN].concat());
    let nodes = [node(), node()];
    for node in &nodes {
        assert_eq!(node.login("ann", PASSWORD).status, 200);
    }
    let expected = exported(&place);
    eventually(|| lines(&place, "events.jsonl").len() >= expected.len());
    assert_eq!(lines(&place, "events.jsonl"), expected);
}
