//! The page of metrics as Prometheus reads it: what is counted, what it is called, and that nobody can be found in it.

use std::collections::BTreeSet;

use crate::harness::{PASSWORD, Place, Server, eventually, request_to};

pub(crate) const OPENMETRICS: &str =
    "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
const ON: &[&str] = &["--set", "metrics=127.0.0.1:0"];
/// A refresh token that comes back is reused at once.
pub(crate) const NO_GRACE: &[&str] = &["--set", "session.grace=0s", "--set", "session.min_age=0s"];

/// The value of a series, as its line begins; 0 if there is no such line.
fn value(page: &str, series: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().unwrap())
}

fn expect(page: &str, series: &str, expected: f64) {
    let counted = value(page, series);
    assert!((counted - expected).abs() < 1e-9, "{series} is {counted}, not {expected}:\n{page}");
}

/// A session whose owner and whose thief both refresh.
pub(crate) fn reuse_a_refresh_token(server: &Server, name: &str) {
    let first = server.login(name, PASSWORD).cookie().unwrap();
    assert_eq!(server.refresh(&first).unwrap().status, 200);
    assert_eq!(server.refresh(&first).unwrap().status, 401);
}

fn drive(server: &Server) -> Vec<String> {
    reuse_a_refresh_token(server, "ann");
    server.login("ann", "canary-wrong-password");
    server.login("canary-name", PASSWORD);
    let signed_in = server.login("ann", PASSWORD);
    let (token, cookie) = (signed_in.token(), signed_in.cookie().unwrap());
    for _ in 0..3 {
        assert_eq!(server.profile(&token).status, 200);
    }
    assert_eq!(server.refresh("refreshToken=canary").unwrap().status, 401);
    assert_eq!(server.request("GET", "/canary/path?canary=canary", "", "").status, 404);
    assert_eq!(server.request("CANARY", "/api/login", "", "").status, 405);
    assert_eq!(server.request("GET", "/login", "", "").status, 200);
    let session = "/api/sessions/00000000-0000-4000-8000-00000000cafe";
    let bearer = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(server.request("DELETE", session, &bearer, "").status, 404);
    assert_eq!(server.request("POST", "/api/logout", &format!("Cookie: {cookie}\r\n"), "").status, 204);
    assert_eq!(server.profile(&token).status, 401);
    vec![token, cookie, "00cafe".to_owned()]
}

/// After [`drive`].
const COUNTED: &[(&str, f64)] = &[
    ("countersign_logins_total{result=\"ok\"}", 2.0),
    ("countersign_logins_total{result=\"wrong\"}", 2.0),
    ("countersign_refreshes_total{result=\"advanced\"}", 1.0),
    ("countersign_refreshes_total{result=\"reused\"}", 1.0),
    ("countersign_refreshes_total{result=\"unknown\"}", 1.0),
    ("countersign_refreshes_total{result=\"healed\"}", 0.0),
    ("countersign_logouts_total{scope=\"this\"}", 1.0),
    ("countersign_sessions_ended_total{reason=\"reuse\"}", 1.0),
    ("countersign_sessions_ended_total{reason=\"logout\"}", 1.0),
    ("countersign_audit_events_total{kind=\"login_failed\"}", 2.0),
    ("countersign_tokens_issued_total{alg=\"ES256\"}", 3.0),
    ("countersign_token_checks_total{result=\"accepted\"}", 4.0),
    ("countersign_token_checks_total{result=\"revoked\"}", 1.0),
    ("countersign_token_cache_hits_total", 4.0),
    ("countersign_password_hash_duration_seconds_count{kind=\"verify\"}", 4.0),
    ("countersign_password_hash_queue_wait_seconds_count", 4.0),
    ("countersign_throttle_records", 2.0),
    ("countersign_revocations_live", 2.0),
    ("countersign_store_stalled", 0.0),
];

/// OP-5.
#[test]
fn what_happens_is_counted_and_names_nobody() {
    let place = Place::new();
    place.add_user("ann", "admin");
    let server = place.serve(&[ON, NO_GRACE].concat());
    let secrets = drive(&server);
    let page = server.metrics(OPENMETRICS);
    let head = page.head.to_lowercase();
    assert!(
        head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{head}"
    );
    let page = page.body;
    for (series, expected) in COUNTED {
        expect(&page, series, *expected);
    }
    // The server notices the end of a connection a moment after the client has its answer.
    let open = || value(&server.metrics(OPENMETRICS).body, "countersign_connections");
    eventually(|| open().to_bits() == 0);
    let requests = |method: &str, route: &str, status: u16| {
        let labels = format!(
            "http_request_method=\"{method}\",http_route=\"{route}\",http_response_status_code=\"{status}\""
        );
        value(&page, &format!("http_server_request_duration_seconds_count{{{labels}}}"))
    };
    assert_eq!(
        [
            requests("POST", "/api/login", 200),
            requests("POST", "/api/login", 401),
            requests("_OTHER", "/api/login", 405),
            requests("DELETE", "/api/sessions/{id}", 404),
            requests("GET", "unmatched", 404),
            requests("GET", "/login", 200),
        ]
        .map(f64::to_bits),
        [2.0, 2.0, 1.0, 1.0, 1.0, 1.0].map(f64::to_bits),
        "{page}"
    );
    assert!(value(&page, "countersign_store_commit_duration_seconds_count") > 5.0, "{page}");
    assert!(value(&page, "process_resident_memory_bytes") > 1e6, "{page}");
    assert!((2.0..3600.0 * 24.0 * 90.0).contains(&value(&page, "countersign_signing_key_next_seconds")));
    let older = server.metrics("*/*");
    for text in [page, older.body] {
        for secret in
            secrets.iter().map(String::as_str).chain([PASSWORD, "canary", "\"ann\"", "127.0.0.1", "CANARY"])
        {
            assert!(!text.contains(secret), "{secret} is in the metrics:\n{text}");
        }
    }
}

/// What is not in the guide is not on the page, and the other way round.
#[test]
fn every_metric_of_the_page_is_in_the_guide() {
    let place = Place::with_database();
    let server = place.serve(ON);
    assert_eq!(server.request("GET", "/healthz", "", "").status, 200);
    let older = server.metrics("text/plain");
    assert!(older.head.to_lowercase().contains("content-type: text/plain; version=0.0.4"), "{older:?}");
    let typed = older.body.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let on_page: BTreeSet<_> = typed.map(str::to_owned).collect();
    let guide = include_str!("../../../../docs/guides/operating.md");
    let (_, table) = guide.split_once("| Metric | Kind |").unwrap();
    let rows = table.lines().take_while(|line| line.is_empty() || line.starts_with(['|', ' ']));
    let in_guide: BTreeSet<_> =
        rows.filter_map(|row| Some(row.strip_prefix("| `")?.split('`').next()?.to_owned())).collect();
    assert_eq!(on_page, in_guide);
}

/// OP-5: nobody finds them where everybody else is, and a listener that others reach is warned of.
#[test]
fn metrics_have_a_listener_of_their_own() {
    let place = Place::with_database();
    let server = place.serve(&[]);
    assert_eq!((server.metrics, server.request("GET", "/metrics", "", "").status), (None, 404));
    server.stop();
    let server = place.serve(ON);
    assert_eq!(server.request("GET", "/metrics", "", "").status, 404);
    let address = server.metrics.unwrap();
    let statuses = ["GET /metrics", "GET /", "GET /api/profile", "POST /metrics"]
        .map(|request| request_to(address, request, "", "").unwrap().status);
    assert_eq!(statuses, [200, 404, 404, 405]);
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");
    let check = |address: &str| place.run(&["config", "check", "--set", &format!("metrics={address}")]).err;
    assert!(
        check("0.0.0.0:9464").contains("warning: --set metrics: metrics on 0.0.0.0:9464 can be read"),
        "{}",
        check("0.0.0.0:9464")
    );
    assert!(!check("[::1]:9464").contains("metrics on"));
}
