//! The feed of ended sessions as a service on another connection follows it.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{PASSWORD, Place, Server, eventually};

/// A place with an account, and a feed key.
fn place() -> (Place, String) {
    let place = Place::new();
    place.add_user("ann", "admin");
    let ran = place.run(&["feed-key", "add", "gateway"]);
    assert!(ran.code == Some(0), "{ran:?}");
    let key = ran.out.trim().to_owned();
    (place, key)
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// A follower: one stream, read line by line.
struct Follower {
    lines: BufReader<TcpStream>,
    cursor: Option<String>,
    ended: HashSet<String>,
}

impl Follower {
    /// Follows from this cursor; reads what there was.
    fn of(server: &Server, key: &str, cursor: Option<String>) -> Self {
        let mut stream = server.connect();
        let resume = cursor.as_ref().map(|cursor| format!("Last-Event-ID: {cursor}\r\n")).unwrap_or_default();
        let head = "GET /api/revocations HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n";
        write!(stream, "{head}{resume}{}\r\n", bearer(key)).unwrap();
        let mut follower = Self { lines: BufReader::new(stream), cursor, ended: HashSet::new() };
        assert_eq!(follower.line().unwrap(), "HTTP/1.1 200 OK");
        follower.read_until(|event, _| event == "sync");
        follower
    }

    /// `None` at the end of the stream.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(0) => None,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            read => {
                read.unwrap();
                // The last chunk (RFC 9112 §7.1): the connection stays.
                Some(line.trim_end().to_owned()).filter(|line| line != "0")
            }
        }
    }

    /// Reads events until one that this accepts; gives its data. `None` at the end of the stream.
    fn try_read_until(&mut self, mut accept: impl FnMut(&str, &Value) -> bool) -> Option<Value> {
        let mut event = String::new();
        loop {
            let line = self.line()?;
            if let Some(id) = line.strip_prefix("id: ") {
                self.cursor = Some(id.to_owned());
            } else if let Some(name) = line.strip_prefix("event: ") {
                name.clone_into(&mut event);
            } else if let Some(data) = line.strip_prefix("data: ") {
                let data: Value = serde_json::from_str(data).unwrap();
                let ids = data["sid"].as_array().into_iter().flatten();
                self.ended.extend(ids.map(|id| id.as_str().unwrap().to_owned()));
                if accept(&event, &data) {
                    return Some(data);
                }
            }
        }
    }

    fn read_until(&mut self, accept: impl FnMut(&str, &Value) -> bool) -> Value {
        self.try_read_until(accept).unwrap_or_else(|| panic!("the stream has ended"))
    }

    fn hear_of(&mut self, session: &str) {
        if !self.ended.contains(session) {
            self.read_until(|_, data| {
                data["sid"].as_array().is_some_and(|ids| ids.iter().any(|id| id == session))
            });
        }
    }
}

/// The `sid` and the access token of a new session.
fn sign_in(server: &Server) -> (String, String) {
    let token = server.login("ann", PASSWORD).token();
    let claims = countersign_jwt::dangerous::decode_unverified(&token).unwrap().payload;
    (claims["sid"].as_str().unwrap().to_owned(), token)
}

fn log_out(server: &Server, token: &str) {
    assert_eq!(server.request("POST", "/api/logout", &bearer(token), "").status, 204);
}

/// SE-4: log out here, known there; also what the command line ends, in a process of its own.
#[test]
fn a_follower_hears_of_every_session_that_ends() {
    let (place, key) = place();
    let server = place.serve(&[]);
    let mut follower = Follower::of(&server, &key, None);
    let (session, token) = sign_in(&server);
    log_out(&server, &token);
    follower.hear_of(&session);
    let (session, _) = sign_in(&server);
    let ran = place.run(&["session", "revoke", &session]);
    assert!(ran.code == Some(0), "{ran:?}");
    follower.hear_of(&session);
}

/// Killed, the server forgets its log; its followers go on by the time in their cursor, and miss nothing that ended
/// meanwhile.
#[test]
fn a_follower_goes_on_after_the_server_was_killed() {
    let (place, key) = place();
    let server = place.serve(&[]);
    let mut follower = Follower::of(&server, &key, None);
    let sessions: Vec<_> = (0..3).map(|_| sign_in(&server)).collect();
    log_out(&server, &sessions[0].1);
    follower.hear_of(&sessions[0].0);
    // This one ends after the last event that the follower has.
    let cursor = follower.cursor.clone();
    drop(follower);
    log_out(&server, &sessions[1].1);
    server.signal("KILL");
    drop(server);
    let ran = place.run(&["session", "revoke", &sessions[2].0]);
    assert!(ran.code == Some(0), "{ran:?}");
    let server = place.serve(&[]);
    let follower = Follower::of(&server, &key, cursor);
    for (session, _) in &sessions[1..] {
        assert!(follower.ended.contains(session), "{session} was missed: {:?}", follower.ended);
    }
    // Without a cursor everything comes.
    let follower = Follower::of(&server, &key, None);
    assert_eq!(follower.ended, sessions.into_iter().map(|(session, _)| session).collect());
}

/// A stream has no limit in time, but a client that takes nothing has: and then a place that others can have.
#[test]
fn streams_end_when_the_key_is_removed() {
    let (place, key) = place();
    let server = place.serve(&[]);
    let mut follower = Follower::of(&server, &key, None);
    let ran = place.run(&["feed-key", "list", "--json"]);
    assert_eq!(ran.json()[0]["name"], "gateway");
    assert!(!ran.out.contains("csf_"), "{ran:?}");
    let ran = place.run(&["feed-key", "remove", "gateway"]);
    assert!(ran.code == Some(0), "{ran:?}");
    assert_eq!(follower.try_read_until(|_, _| false), None);
    assert_eq!(server.request("GET", "/api/revocations", &bearer(&key), "").code(), "invalid_token");
    let (_, token) = sign_in(&server);
    let log = server.request("GET", "/api/admin/audit?event=feed_key_removed", &bearer(&token), "");
    assert_eq!(log.json()["events"][0]["detail"], "gateway");
    let ran = place.run(&["feed-key", "remove", "gateway"]);
    assert!(ran.code == Some(1) && ran.err.contains("there is no feed key"), "{ran:?}");
    let ran = place.run(&["feed-key", "add", "two words"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

#[test]
fn one_follower_too_many_is_told_to_come_back() {
    let (mut place, key) = place();
    place.set("COUNTERSIGN_FEED__MAX_FOLLOWERS", "1");
    let server = place.serve(&[]);
    let follower = Follower::of(&server, &key, None);
    let full = server.request("GET", "/api/revocations", &bearer(&key), "");
    assert_eq!((full.status, full.code().as_str()), (503, "overloaded"));
    assert!(full.head.contains("retry-after: "), "{full:?}");
    // Its place is free when its connection is gone.
    drop(follower);
    eventually(|| server.request("GET", "/api/revocations", &bearer(&key), "").status == 200);
}

/// LM-10: the server does not wait for streams that never end, and tells followers to come back at once.
#[test]
fn a_server_that_stops_sends_its_followers_away() {
    let (place, key) = place();
    let server = place.serve(&[]);
    let mut follower = Follower::of(&server, &key, None);
    let known = server.request("GET", "/api/revocations", &bearer(&key), "").json();
    let mut poll = server.connect();
    let after = known["cursor"].as_str().unwrap();
    let head = format!("GET /api/revocations?wait=25&after={after} HTTP/1.1\r\nHost: localhost\r\n");
    write!(poll, "{head}{}\r\n", bearer(&key)).unwrap();
    let (_, token) = sign_in(&server);
    eventually(|| {
        let followers = server.request("GET", "/api/admin/followers", &bearer(&token), "").json();
        followers["followers"].as_array().unwrap().len() == 2
    });
    server.signal("TERM");
    let mut told = String::new();
    while let Some(line) = follower.line() {
        told.push_str(&line);
        told.push('\n');
    }
    assert!(told.contains("retry: 100\n"), "{told}");
    let mut response = String::new();
    poll.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200") && response.contains(r#""mode":"delta""#), "{response}");
    let (status, said) = server.wait();
    assert!(status.success() && !said.contains("aborted"), "{said}");
}

/// A follower without a stream: news answers its waiting request.
#[test]
fn a_poll_is_answered_when_a_session_ends() {
    let (place, key) = place();
    let server = place.serve(&[]);
    let (session, token) = sign_in(&server);
    let first = server.request("GET", "/api/revocations?wait=25", &bearer(&key), "").json();
    assert_eq!(first["mode"], "snapshot");
    let after = first["cursor"].as_str().unwrap();
    let second = std::thread::scope(|scope| {
        let path = format!("/api/revocations?wait=25&after={after}");
        let poll = scope.spawn({
            let (server, key) = (&server, &key);
            move || server.request("GET", &path, &bearer(key), "").json()
        });
        eventually(|| {
            let followers = server.request("GET", "/api/admin/followers", &bearer(&token), "").json();
            followers["followers"][0]["stream"] == false
        });
        log_out(&server, &token);
        poll.join().unwrap()
    });
    assert_eq!(second["revoked"][0]["sid"], serde_json::json!([session]));
}

/// LM-3: a client that asks for a stream and reads nothing of it keeps its place for half a minute after its buffers
/// are full, and no other follower waits for it.
#[test]
fn a_follower_that_reads_nothing_holds_up_nobody() {
    let (place, key) = place();
    let server = place.serve(&[]);
    let mut lazy = server.connect();
    let head = "GET /api/revocations HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n";
    write!(lazy, "{head}{}\r\n", bearer(&key)).unwrap();
    let mut follower = Follower::of(&server, &key, None);
    for _ in 0..20 {
        let (session, token) = sign_in(&server);
        log_out(&server, &token);
        follower.hear_of(&session);
    }
    // What the lazy one was given is whole, if it reads it after all.
    lazy.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut late = Follower { lines: BufReader::new(lazy), cursor: None, ended: HashSet::new() };
    late.read_until(|event, _| event == "sync");
    let last = follower.cursor.clone().unwrap();
    let number = |cursor: &str| cursor.split('.').nth(2).unwrap().parse::<u64>().unwrap();
    while late.cursor.as_deref().is_none_or(|cursor| number(cursor) < number(&last)) {
        late.read_until(|_, _| true);
    }
    assert_eq!(late.ended, follower.ended);
}
