//! `countersign doctor --from`: through nginx that does everything right, through one that does everything wrong, and by TLS.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::doctor::{findings, severity};
use crate::harness::{PASSWORD, Place, Server, eventually};
use crate::tls::{TLS, certificate_until};

/// As in the guide.
const GOOD: &str = "proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header X-Forwarded-For $remote_addr;";
/// As behind a proxy in production.
const PUBLIC: [&str; 4] =
    ["--set", "public_origin=https://auth.example.com", "--set", "behind_proxy=127.0.0.1"];

/// A running nginx; killed when it is dropped.
struct Nginx {
    child: Child,
    url: String,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Nginx {
    /// In front of this address, with these directives for everything that is passed on, and these beside that.
    fn start(place: &Place, to: SocketAddr, (passing, beside): (&str, &str)) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = place.path("").display().to_string();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {folder}/nginx-{kind};"))
            .concat();
        place.write(
            "nginx.conf",
            &format!(
                "daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr; events {{}}\n\
                 http {{ access_log off; {temporary}\n\
                 server {{ listen 127.0.0.1:{port}; {beside}\n\
                 location / {{ proxy_pass http://{to}; {passing} }} }} }}"
            ),
        );
        let child = Command::new("/usr/sbin/nginx")
            .args(["-p", &folder, "-e", "stderr", "-c", &format!("{folder}/nginx.conf")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eventually(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { child, url: format!("http://127.0.0.1:{port}") }
    }
}

fn served() -> (Place, Server) {
    let place = Place::new();
    place.add_user("ada", "admin");
    let server = place.serve(&PUBLIC);
    (place, server)
}

/// The severities of everything that is seen from there.
fn from(place: &Place, url: &str) -> BTreeMap<String, String> {
    let ran =
        place.run(&[&["doctor", "--json", "--only", "reach,feed", "--from", url], &PUBLIC[..]].concat());
    findings(&ran).into_iter().map(|(id, (severity, _))| (id, severity)).collect()
}

#[test]
fn a_good_proxy_is_found_to_be_good() {
    let (place, server) = served();
    let nginx = Nginx::start(&place, server.address, (GOOD, ""));
    let mut found = from(&place, &nginx.url);
    // nginx is asked at another address than the public one.
    assert_eq!(found.remove("reach.issuer").as_deref(), Some("warning"));
    let bad: Vec<_> = found.iter().filter(|(_, severity)| *severity != "good").collect();
    assert!(bad.is_empty(), "{bad:?}");
    for id in [
        "answers",
        "discovery",
        "keys",
        "etag",
        "cors",
        "clock",
        "cookies",
        "same-server",
        "forged-address",
        "hops",
    ] {
        assert!(found.contains_key(&format!("reach.{id}")), "{id}: {found:?}");
    }
    for id in ["reach.body-limit", "reach.header-limit", "reach.event-stream", "feed.followers", "feed.lag"] {
        assert!(found.contains_key(id), "{id}: {found:?}");
    }
    // Nobody was signed out or counted, and no failure stands in the audit log.
    assert_eq!(server.login("ada", PASSWORD).status, 200);
    assert!(!place.run(&["audit", "--json"]).out.contains("failed"));
}

#[test]
fn a_bad_proxy_is_found_to_be_bad() {
    let (place, server) = served();
    let bad = "proxy_hide_header ETag; etag off; proxy_hide_header Access-Control-Allow-Origin; proxy_hide_header Set-Cookie;
               client_max_body_size 8k; proxy_ignore_headers X-Accel-Buffering;
               proxy_set_header X-Forwarded-For $http_x_forwarded_for;";
    let nginx = Nginx::start(&place, server.address, (bad, "large_client_header_buffers 2 4k;"));
    let found = from(&place, &nginx.url);
    for id in
        ["etag", "cors", "cookies", "forged-address", "hops", "body-limit", "header-limit", "event-stream"]
    {
        let severity = found.get(&format!("reach.{id}")).unwrap_or_else(|| panic!("{id}: {found:?}"));
        assert_ne!(severity, "good", "{id}");
    }
    drop(nginx);
    let pages = "location /.well-known/ { default_type text/html; return 200 '<p>It works!'; }
                 location = /api/reach { return 200 '{}'; }";
    let nginx = Nginx::start(&place, server.address, (GOOD, pages));
    let found = from(&place, &nginx.url);
    for id in ["reach.discovery", "reach.keys", "reach.same-server"] {
        assert_ne!(found[id], "good", "{id}");
    }
    let gone = nginx.url.clone();
    drop(nginx);
    assert_eq!(from(&place, &gone)["reach.answers"], "error");
}

/// Without a proxy; of another server; by TLS.
#[test]
fn the_server_itself_is_asked() {
    let (mut place, server) = served();
    let url = format!("http://{}", server.address);
    let found = from(&place, &url);
    // Whoever connects from the proxy's address is taken for the proxy, which adds nothing.
    assert_eq!((found["reach.hops"].as_str(), found["reach.forged-address"].as_str()), ("error", "error"));
    drop(server);
    let listen = format!("listen={}", url.trim_start_matches("http://"));
    let server = place.start(&["serve", "--set", &listen]);
    let ask = |place: &Place, id: &str| severity(place, id, &["--from", &url, "--set", &listen]);
    for id in ["reach.hops", "reach.forged-address", "reach.cookies", "reach.same-server"] {
        assert_eq!(ask(&place, id), "good", "{id}");
    }
    let stranger = Place::with_database();
    assert_eq!(ask(&stranger, "reach.same-server"), "warning", "another master key");
    let other = ["--from", &url, "--set", "public_origin=https://other.example"];
    assert_eq!(severity(&place, "reach.issuer", &other), "error");
    drop(server);

    let now = Duration::from_millis(countersign::Clock::system().now().as_unix_millis().unsigned_abs());
    for (days, expected) in [(2, "error"), (10, "warning"), (40, "good")] {
        certificate_until(&place, now + Duration::from_secs(days * 86_400 + 600));
        place.set("SSL_CERT_FILE", "cert.pem");
        let server = place.serve(&TLS);
        let url = format!("https://localhost:{}", server.address.port());
        let ask = |id: &str| severity(&place, id, &[&["--from", &url], &TLS[..]].concat());
        assert_eq!(ask("reach.certificate"), expected);
        assert_eq!(ask("reach.hsts"), "good");
        assert_eq!(ask("reach.cookies"), "good");
    }
}

/// What the server tells, it tells nobody else.
#[test]
fn only_who_has_the_master_key_is_told() {
    let (place, server) = served();
    let token = server.login("ada", PASSWORD).token();
    for (credential, code) in
        [(String::new(), "token_required"), (format!("Authorization: Bearer {token}\r\n"), "invalid_token")]
    {
        let answer = server.request("GET", "/api/reach", &credential, "");
        assert_eq!((answer.status, answer.code().as_str()), (401, code), "{answer:?}");
    }
    drop(place);
}
