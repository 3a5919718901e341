//! What the log says to an operator, with request IDs, in both formats (LG-4).

use serde_json::Value;

use crate::harness::{Answer, PASSWORD, Place, Server};

/// Every refresh rotates, and the parent of a token is refused at once.
const OPTIONS: [&str; 4] = ["--set", "session.grace=0s", "--set", "session.min_age=0s"];

/// The refusal of a refresh token that was used before.
fn reuse(server: &Server) -> Answer {
    let cookie = server.login("ann", PASSWORD).cookie().unwrap();
    assert_eq!(server.refresh(&cookie).unwrap().status, 200);
    let refused = server.refresh(&cookie).unwrap();
    assert_eq!((refused.status, refused.code().as_str()), (401, "refresh_token_reused"));
    refused
}

/// The line is written by a task of its own, which goes on when the client hangs up.
#[test]
fn a_line_of_a_detached_change_carries_the_request_id() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&OPTIONS);
    let (first, second) = (reuse(&server), reuse(&server));
    let (_, said) = server.stop();
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("refresh_reuse_detected")).collect();
    for (line, answer) in lines.iter().zip([first, second]) {
        assert!(line.contains(&format!("request{{request_id={}}}", answer.request_id())), "{said}");
    }
    assert_eq!(lines.len(), 2, "{said}");
}

#[test]
fn the_request_id_has_one_place_in_json_lines() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&[&OPTIONS[..], &["--set", "log.format=json"]].concat());
    let refused = reuse(&server);
    let (_, said) = server.stop();
    let line = said.lines().find(|line| line.contains("refresh_reuse_detected")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!((&line["level"], &line["kind"]), (&"WARN".into(), &"refresh_reuse_detected".into()));
    assert_eq!(line["span"]["request_id"], refused.request_id());
    assert_eq!(line.get("spans"), None, "{line}");
}

fn lines<'a>(said: &'a str, with: &str) -> Vec<&'a str> {
    said.lines().filter(|line| line.contains(with)).collect()
}

#[test]
fn a_start_is_one_line_with_what_matters() {
    let place = Place::new();
    let server = place.serve(&[]);
    let issuer = format!("http://localhost:{}", server.address.port());
    let (_, said) = server.stop();
    let database = place.path("countersign-data/countersign.db");
    let [line] = lines(&said, "starting")[..] else { panic!("{said}") };
    for part in
        [env!("CARGO_PKG_VERSION"), "production", &issuer, "ES256", "kid=", database.to_str().unwrap()]
    {
        assert!(line.contains(part), "{part}: {said}");
    }
}

/// Failed sign-ins, changes and ended sessions are in the log as in the audit log, at the level that they deserve.
#[test]
fn what_the_audit_log_has_is_in_the_log() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&[]);
    let failed = server.login("ann", "not the passphrase");
    let unknown = server.login("not a name but a passphrase", "x");
    let cookie = server.login("ann", PASSWORD).cookie().unwrap();
    let logout = server.request("POST", "/api/logout", &format!("Cookie: {cookie}\r\n"), "");
    let (_, said) = server.stop();
    for (answer, parts) in [
        (&failed, &["INFO", "kind=\"login_failed\"", "account=", "address=127.0.0.1"][..]),
        (&unknown, &["INFO", "kind=\"login_failed\"", "address=127.0.0.1"]),
        (&logout, &["INFO", "kind=\"session_ended\"", "session=", "detail=\"logout\""]),
    ] {
        let [line] = lines(&said, answer.request_id())[..] else { panic!("{said}") };
        assert!(parts.iter().all(|part| line.contains(part)), "{parts:?}: {line}");
    }
    assert!(!said.contains("passphrase"), "LG-2: {said}");
}

/// A front end whose origin is not allowed sees a bare network error; the log says why.
#[test]
fn a_refused_origin_is_named() {
    let server = Place::new().serve(&[]);
    let preflight = "Origin: http://localhost:3150\r\nAccess-Control-Request-Method: POST\r\n";
    server.request("OPTIONS", "/api/login", preflight, "");
    let refused = server.request("POST", "/api/login", "Origin: https://front.example\r\n", "{}");
    assert_eq!(refused.status, 403);
    for (origin, headers) in
        [("\"not an origin\"", ""), ("https://a\tb", ""), ("null", "Sec-Fetch-Site: cross-site\r\n")]
    {
        server.request("POST", "/api/login", &format!("Origin: {origin}\r\n{headers}"), "{}");
    }
    let (_, said) = server.stop();
    let [first, second] = lines(&said, "refused a page of another origin")[..] else { panic!("{said}") };
    assert!(first.contains("http://localhost:3150") && first.contains("cors_origins"), "{said}");
    assert!(second.contains("https://front.example") && second.contains(refused.request_id()), "{said}");
}

/// Sign-in works, and a reload signs out: the browser gives pages of another site no cookie. To it, two names of one
/// machine are two sites.
#[test]
fn a_front_end_on_another_site_is_told_why_it_gets_no_cookie() {
    let place = Place::new();
    let server = place.serve(&["--set", "cors_origins=http://127.0.0.1:3150,https://app.example"]);
    let post = |origin: &str, site: &str| {
        let headers =
            format!("Origin: {origin}\r\nSec-Fetch-Site: {site}\r\nContent-Type: application/json\r\n");
        server.request("POST", "/api/login", &headers, "{}").status
    };
    let two_names = "localhost and 127.0.0.1 are two sites";
    for (origin, site, status) in [
        ("http://127.0.0.1:3150", "cross-site", 400),
        ("http://127.0.0.1:3150", "cross-site", 400), // it is said once
        ("https://app.example", "same-site", 400),
        ("http://127.0.0.1:4000", "cross-site", 403),
        ("http://localhost:4000", "same-site", 403),
        ("https://evil.example", "cross-site", 403),
    ] {
        assert_eq!(post(origin, site), status, "{origin}");
    }
    let (_, said) = server.stop();
    let [cross_site] = lines(&said, "a front end is on another site")[..] else { panic!("{said}") };
    assert!(cross_site.contains("http://127.0.0.1:3150") && cross_site.contains(two_names), "{said}");
    let refused = lines(&said, "refused a page of another origin");
    let explained: Vec<_> = refused.iter().map(|line| line.contains(two_names)).collect();
    assert_eq!(explained, [true, false, false], "{said}");
}

/// TP-2: behind a proxy that is not listed everybody is one client, and the operator learns of it before people are
/// locked out, and again when they are.
#[test]
fn an_unlisted_proxy_is_noticed() {
    let place = Place::new();
    let options =
        ["throttle.network_burst=2", "public_origin=https://auth.example", "behind_proxy=127.0.0.1"];
    for listed in [false, true] {
        let options = &options[..options.len() - usize::from(!listed)];
        let options: Vec<_> = options.iter().flat_map(|option| ["--set", *option]).collect();
        let server = place.serve(&options);
        let headers = "Content-Type: application/json\r\nX-Forwarded-For: 203.0.113.9\r\n";
        let body = r#"{"username":"nobody","password":"wrong"}"#;
        let statuses: Vec<_> =
            (0..3).map(|_| server.request("POST", "/api/login", headers, body).status).collect();
        assert_eq!(statuses, [401, 401, 429]);
        let (_, said) = server.stop();
        assert_eq!(lines(&said, "forwarded headers from an address").len(), usize::from(!listed), "{said}");
        let [throttled] = lines(&said, "too many attempts")[..] else { panic!("{said}") };
        let (address, unlisted) = if listed {
            ("203.0.113.9", "unlisted_proxy=false")
        } else {
            ("127.0.0.1", "unlisted_proxy=true")
        };
        assert!(throttled.contains(address) && throttled.contains(unlisted), "{throttled}");
    }
}

#[test]
fn the_access_log_has_a_line_for_each_request_if_asked_for() {
    let place = Place::new();
    let ask = |options: &[&str]| {
        let server = place.serve(options);
        let health = server.request("GET", "/healthz?canary", "", "");
        server.request("GET", "/canary", "", "");
        let id = health.request_id().to_owned();
        (server.stop().1, id)
    };
    assert!(!ask(&[]).0.contains("route"));
    let (said, id) = ask(&["--set", "log.access=on"]);
    let [first, second] = lines(&said, "countersign::access")[..] else { panic!("{said}") };
    for part in ["method=GET", "route=\"/healthz\"", "status=200", "micros=", "address=127.0.0.1", &id] {
        assert!(first.contains(part), "{part}: {first}");
    }
    assert!(second.contains("status=404") && !said.contains("canary"), "{said}");
}

/// LG-7: what a flood leaves out is counted.
#[test]
fn a_flood_of_one_line_is_cut() {
    let server = Place::new().serve(&[]);
    for _ in 0..150 {
        server.request("POST", "/api/login", "Origin: https://front.example\r\n", "{}");
    }
    let (_, said) = server.stop();
    let refused = "refused a page of another origin";
    let (cut, written): (Vec<_>, Vec<_>) =
        lines(&said, refused).into_iter().partition(|line| line.contains("log lines left out"));
    assert!(written.len() < 150 && cut.len() == 1, "{said}");
    let left_out = cut[0].split_once("left_out=").unwrap().1.split(' ').next().unwrap();
    assert_eq!(written.len() + left_out.parse::<usize>().unwrap(), 150, "{said}");
}

/// W3C Trace Context: the ID of the caller's trace is beside the request's, and in the access log; what is none is nowhere.
#[test]
fn a_line_carries_the_trace_of_its_caller() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&["--set", "log.access=on"]);
    let login = |trace: &str| {
        let headers = format!("Content-Type: application/json\r\ntraceparent: {trace}\r\n");
        server.request("POST", "/api/login", &headers, r#"{"username":"ann","password":"wrong"}"#)
    };
    let traced = login(&format!("00-{TRACE}-00f067aa0ba902b7-01"));
    let other = login("00-canary-00f067aa0ba902b7-01");
    let (_, said) = server.stop();
    for line in lines(&said, traced.request_id()) {
        assert!(line.contains(TRACE), "{line}");
    }
    assert_eq!((lines(&said, TRACE).len(), lines(&said, traced.request_id()).len()), (2, 2), "{said}");
    assert_eq!(lines(&said, other.request_id()).len(), 2, "{said}");
    assert!(!said.contains("canary"), "{said}");
}
