//! Requests as clients, proxies and attackers write them, byte by byte, against the real listener: each header that the
//! server reads, in the forms that its grammar allows and in some that it does not.

use std::io::{Read as _, Write as _};

use crate::harness::{Answer, PASSWORD, Place, Server};

/// A request and the status and error code of its response; the code is empty where there is no error.
type Row<'a> = (&'a [u8], u16, &'a str);

fn check(server: &Server, rows: &[Row<'_>]) {
    for (request, status, code) in rows {
        let shown = String::from_utf8_lossy(request);
        let mut stream = server.connect();
        stream.write_all(request).unwrap();
        let mut text = Vec::new();
        // A server that has refused what it has not read to its end may reset the connection after its response.
        let _ = stream.read_to_end(&mut text);
        let text = String::from_utf8_lossy(&text);
        let answer = Answer::parse(&text).unwrap_or_else(|| panic!("{shown}\n{text}"));
        assert_eq!(answer.status, *status, "{shown}\n{text}");
        if !code.is_empty() {
            assert_eq!(answer.code(), *code, "{shown}\n{text}");
            assert!(answer.head.contains("cache-control: no-store"), "{shown}\n{text}");
        }
    }
}

/// One request that ends its connection; `headers` are whole lines with CR LF.
fn request(line: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn check_all(server: &Server, rows: &[(Vec<u8>, u16, &str)]) {
    let rows: Vec<Row<'_>> =
        rows.iter().map(|(request, status, code)| (&request[..], *status, *code)).collect();
    check(server, &rows);
}

/// RFC 9110 §8.3.1 and §5.6.6, RFC 8259 §11, CS-3.
#[test]
fn content_types() {
    let server = Place::new().serve(&[]);
    let accepted = [
        "application/json",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        "application/json; charset=\"utf-8\"",
        "application/json; charset=utf8",
        "application/json; charset=\"Utf8\"",
        "application/json;",
        "application/json; ",
        "application/json; charset=utf-8;",
        "application/json ; charset=utf-8",
        "application/json;\tcharset=utf-8",
        "application/json; version=1",
        "application/json; profile=\"https://a.example/x;y\"; charset=utf-8",
        "application/json; q=\"a\\\"b\"",
        "APPLICATION/Json; CHARSET=UTF-8",
        "  application/json  ",
    ];
    let refused = [
        "application/json; charset=iso-8859-1",
        "application/json; charset=\"utf-16\"",
        "application/json; charset=utf-8; charset=utf-16",
        "application/json; charset=\"utf-8",
        "application/json; charset",
        "application/json, text/plain",
        "application/json charset=utf-8",
        "application/jsonp",
        "application/problem+json",
        "text/json",
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "*/*",
        "json",
        "",
    ];
    let row = |value: &&str, status, code| {
        (request("POST /api/logout", &format!("Content-Type: {value}\r\n"), b"{}"), status, code)
    };
    let mut rows: Vec<_> = accepted.iter().map(|value| row(value, 204, "")).collect();
    rows.extend(refused.iter().map(|value| row(value, 415, "unsupported_media_type")));
    let json = "Content-Type: application/json\r\n";
    for headers in [String::new(), json.repeat(2), format!("{json}Content-Encoding: gzip\r\n")] {
        rows.push((request("POST /api/logout", &headers, b"{}"), 415, "unsupported_media_type"));
    }
    check_all(&server, &rows);
}

/// LM-5.
#[test]
fn bodies() {
    let server = Place::new().serve(&[]);
    let json = "Content-Type: application/json\r\n";
    let mut rows = vec![
        (request("POST /api/logout", "", b""), 204, ""),
        (request("POST /api/logout", json, b""), 204, ""),
        (request("POST /api/logout", "Content-Type: text/plain\r\n", b""), 415, "unsupported_media_type"),
    ];
    for body in [&b"{}"[..], b" \r\n{ }\n", b"{\"everywhere\": false}", b"{\"refreshToken\": null}"] {
        rows.push((request("POST /api/logout", json, body), 204, ""));
    }
    for body in [
        &b"null"[..],
        b"[]",
        b"\"{}\"",
        b"{",
        b"{}{}",
        b"\xef\xbb\xbf{}",
        b"{'everywhere': true}",
        b"{\"everywhere\": 1}",
        b"{\"everywhere\": true, \"everywhere\": true}",
        b"{\"else\": true}",
        b"{\"refreshToken\": \"\xff\"}",
        b"{\0}",
    ] {
        rows.push((request("POST /api/logout", json, body), 400, "invalid_request"));
    }
    let chunked = |body: &str| {
        let head =
            "POST /api/logout HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n";
        format!("{head}{json}\r\n{body}").into_bytes()
    };
    rows.push((chunked("1;x=y\r\n{\r\n1\r\n}\r\n0\r\nX-Trailer: a\r\n\r\n"), 204, ""));
    rows.push((chunked("0\r\n\r\n"), 204, ""));
    rows.push((chunked("x\r\n{}\r\n0\r\n\r\n"), 400, "invalid_request"));
    check_all(&server, &rows);
}

/// RFC 6265 §4.2 and §5.4, CK-4.
#[test]
fn cookies() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&[]);
    let cookie = server.login("ann", PASSWORD).cookie().unwrap();
    let (name, token) = cookie.split_once('=').unwrap();
    let row = |headers: String, status, code| (request("POST /api/refresh", &headers, b""), status, code);
    let mut rows = Vec::new();
    for value in [
        cookie.clone(),
        format!("a=b; {cookie}; c=d"),
        format!("{cookie};a=b"),
        format!("{cookie};"),
        format!(";; {cookie} ;"),
        format!("{name}=\"{token}\""),
        format!("{name} = {token}"),
        format!("$Version=1; {cookie}; $Path=/"),
        format!("a; {cookie}"),
        format!("a=\u{e9}; {cookie}"),
        format!("x{name}=b; {cookie}"),
        format!("{name}=; {cookie}"),
    ] {
        rows.push(row(format!("Cookie: {value}\r\n"), 200, ""));
    }
    rows.push(row(format!("Cookie: a=b\r\nCookie: {cookie}\r\n"), 200, ""));
    for headers in [
        format!("Cookie: {cookie}; {cookie}\r\n"),
        format!("Cookie: {cookie}\r\nCookie: {cookie}\r\n"),
        format!("Cookie: {name}=x; {name}=\"{token}\"\r\n"),
    ] {
        rows.push(row(headers, 400, "ambiguous_refresh_token"));
    }
    for headers in [
        String::new(),
        "Cookie: \r\n".to_owned(),
        format!("Cookie: {name}\r\n"),
        format!("Cookie: {name}=\r\n"),
        format!("Cookie: {}={token}\r\n", name.to_uppercase()),
        format!("Cookie: a={cookie}\r\n"),
    ] {
        rows.push(row(headers, 401, "no_refresh_token"));
    }
    rows.push(row(format!("Cookie: {name}={token}x\r\n"), 401, "invalid_refresh_token"));
    rows.push(row(format!("Cookie: {name}={token}, a=b\r\n"), 401, "invalid_refresh_token"));
    check_all(&server, &rows);
}

/// RFC 9112 §3.2.
#[test]
fn hosts() {
    let server = Place::new().serve(&[]);
    let row = |line: &str, hosts: &[&str], status, code| {
        let hosts: Vec<String> = hosts.iter().map(|host| format!("Host: {host}\r\n")).collect();
        (format!("{line}\r\n{}Connection: close\r\n\r\n", hosts.concat()).into_bytes(), status, code)
    };
    let mut rows = vec![
        row("GET /healthz HTTP/1.0", &[], 200, ""),
        row("GET /healthz HTTP/1.0", &["localhost"], 200, ""),
        row("GET http://a.example/healthz HTTP/1.1", &["a.example"], 200, ""),
        row("GET /healthz HTTP/1.0", &["a", "a"], 400, "invalid_request"),
        row("GET /healthz HTTP/1.1", &[], 400, "invalid_request"),
        row("GET / HTTP/1.1", &[], 400, "invalid_request"),
        row("GET http://a.example/healthz HTTP/1.1", &[], 400, "invalid_request"),
    ];
    for host in
        ["localhost", "localhost:3000", "LOCALHOST:", "[::1]:80", "192.0.2.1", "xn--caf-dma.example", ""]
    {
        rows.push(row("GET /healthz HTTP/1.1", &[host], 200, ""));
    }
    for hosts in [
        &["a", "a"][..],
        &["a", "b"],
        &["a b"],
        &["a, b"],
        &["user@a"],
        &["a/b"],
        &["http://a"],
        &["::1"],
        &["a:b"],
        &["a:70000"],
        &["caf\u{e9}.example"],
    ] {
        rows.push(row("GET /healthz HTTP/1.1", hosts, 400, "invalid_request"));
    }
    check_all(&server, &rows);
}

/// RFC 6750 §2.1, RFC 9110 §11.4.
#[test]
fn authorizations() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&[]);
    let token = server.login("ann", PASSWORD).token();
    let row = |headers: String, status, code| (request("GET /api/profile", &headers, b""), status, code);
    let mut rows = Vec::new();
    for value in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("BEARER   {token}"),
        format!("\t Bearer {token} \t"),
    ] {
        // `Accept` is not read: there is one representation.
        rows.push(row(format!("Authorization: {value}\r\nAccept: text/html;q=0.1\r\n"), 200, ""));
    }
    for value in [
        String::new(),
        "Bearer".to_owned(),
        token.clone(),
        format!("Basic {token}"),
        format!("Bearer\t{token}"),
        format!("Bearer \"{token}\""),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer {token} x"),
        format!("Bearer: {token}"),
        format!("Bearer token={token}"),
    ] {
        rows.push(row(format!("Authorization: {value}\r\n"), 401, "invalid_token"));
    }
    rows.push(row(format!("Authorization: Bearer {token}\r\n").repeat(2), 401, "invalid_token"));
    rows.push(row(String::new(), 401, "token_required"));
    check_all(&server, &rows);
}

/// CS-1, CS-2, CS-5.
#[test]
fn origins() {
    let server = Place::new().serve(&["--set", "cors_origins=https://app.example"]);
    let own = format!("http://{}", server.address);
    let row = |headers: &str, status, code| (request("POST /api/logout", headers, b""), status, code);
    let mut rows = vec![
        row("Origin: https://app.example\r\n", 204, ""),
        row("Origin: https://app.example\r\nSec-Fetch-Site: cross-site\r\n", 204, ""),
        row("Sec-Fetch-Site: same-origin\r\n", 204, ""),
        row("Sec-Fetch-Site: none\r\n", 204, ""),
    ];
    for headers in [
        "Origin: null\r\n",
        "Origin: \r\n",
        "Origin: https://APP.example\r\n",
        "Origin: https://app.example/\r\n",
        "Origin: https://app.example:443\r\n",
        "Origin: https://app.example https://evil.example\r\n",
        "Origin: https://app.example\r\nOrigin: https://app.example\r\n",
        "Origin: \"https://app.example\"\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Sec-Fetch-Site: same-origin, none\r\n",
    ] {
        rows.push(row(headers, 403, "cross_origin"));
    }
    // The server's own origin is what the configuration says, and not the address that it happens to listen on.
    rows.push(row(&format!("Origin: {own}.evil.example\r\n"), 403, "cross_origin"));
    check_all(&server, &rows);
}

/// RFC 9110 §13.1.2, for the keys and for a page.
#[test]
fn known_entity_tags() {
    let server = Place::new().serve(&[]);
    for path in ["/.well-known/jwks.json", "/login"] {
        let first = server.request("GET", path, "", "");
        let tag = first.head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned();
        let row = |value: &str, status| {
            (request(&format!("GET {path}"), &format!("If-None-Match: {value}\r\n"), b""), status, "")
        };
        check_all(
            &server,
            &[
                row(&tag, 304),
                row(&format!("W/{tag}"), 304),
                row(&format!("\"x\", W/\"y,z\" ,{tag}"), 304),
                row(&format!("\"x\"\r\nIf-None-Match: {tag}"), 304),
                row("*", 304),
                row(tag.trim_matches('"'), 200),
                row(&tag.to_uppercase().replace("W/", ""), 200),
                row("\"x\"", 200),
                row("", 200),
            ],
        );
    }
}
