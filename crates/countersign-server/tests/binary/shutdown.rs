//! LM-10: what has begun is finished, nothing new begins, exit code 0.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::harness::{Answer, PASSWORD, Place, eventually};

#[test]
fn requests_in_flight_finish_after_the_signal() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        place.add_user("ann", "user");
        let server = place.serve(&[]);
        let body = format!(r#"{{"username":"ann","password":"{PASSWORD}"}}"#);
        let (first, rest) = body.split_at(10);
        let mut idle = server.connect();
        idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut begun = server.connect();
        let head = "POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n";
        write!(begun, "{head}Content-Length: {}\r\n\r\n", body.len()).unwrap();
        // The server asks for the body: so the request is in flight.
        let mut answered = [0; 25];
        begun.read_exact(&mut answered).unwrap();
        assert_eq!(&answered, b"HTTP/1.1 100 Continue\r\n\r\n");
        begun.write_all(first.as_bytes()).unwrap();

        server.signal(signal);
        // It closes the idle connection, and accepts no more.
        let mut healthy = String::new();
        idle.read_to_string(&mut healthy).unwrap();
        assert!(healthy.starts_with("HTTP/1.1 200"), "{healthy}");
        eventually(|| TcpStream::connect(server.address).is_err());

        begun.write_all(rest.as_bytes()).unwrap();
        let mut text = String::new();
        begun.read_to_string(&mut text).unwrap();
        assert_eq!(Answer::parse(&text).unwrap().status, 200, "{text}");
        let (status, said) = server.wait();
        assert!(status.success() && said.contains("stopped"), "{said}");
    }
}

/// A closing terminal, `systemctl reload` and log rotation send it.
#[test]
fn a_hang_up_never_ends_the_server() {
    let place = Place::new();
    let server = place.serve(&[]);
    server.signal("HUP");
    assert_eq!(server.request("GET", "/healthz", "", "").status, 200);
    let (status, said) = server.stop();
    assert!(status.success() && said.contains("SIGHUP: the configuration has not changed"), "{said}");
}

/// What has happened in the last minute is in the overview after a restart.
#[test]
fn a_restart_leaves_no_gap_in_the_overview() {
    let place = Place::new();
    place.add_user("ann", "admin");
    let serve = || place.serve(&["--set", "public_origin=http://localhost:3000"]);
    let mut token = String::new();
    for _ in 0..2 {
        let server = serve();
        token = server.login("ann", PASSWORD).token();
        assert!(server.stop().0.success());
    }
    let server = serve();
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let overview = server.request("GET", "/api/admin/overview?range=day", &bearer, "").json();
    let logins =
        overview["series"].as_array().unwrap().iter().find(|series| series["label"] == "ok").unwrap();
    let counted = logins["values"].as_array().unwrap().iter().map(|value| value.as_u64().unwrap());
    assert_eq!((&logins["figure"], counted.sum::<u64>()), (&"logins".into(), 2));
}
