//! Limits that a stranger meets on the real socket (LM-3, LM-5). The exact times are tested with a turned clock beside
//! the code.

use std::io::{Read as _, Write as _};

use crate::harness::Place;

/// LM-3: the timer is really on.
#[test]
fn a_header_that_does_not_end_is_cut_off() {
    let server = Place::new().serve(&[]);
    let mut slow = server.connect();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: local").unwrap();
    let mut silent = server.connect();
    let mut text = String::new();
    slow.read_to_string(&mut text).unwrap();
    silent.read_to_string(&mut text).unwrap();
    assert_eq!(text, "");
    assert_eq!(server.request("GET", "/healthz", "", "").status, 200);
}

/// LM-3.
#[test]
fn a_body_that_does_not_come_is_answered_and_cut_off() {
    let server = Place::new().serve(&[]);
    let mut slow = server.connect();
    let head = "POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    write!(slow, "{head}Content-Length: 100\r\n\r\n{{").unwrap();
    let mut text = String::new();
    slow.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 408"), "{text}");
}

/// LM-5: 16 KiB of header.
#[test]
fn a_header_block_over_the_limit_is_refused() {
    let server = Place::new().serve(&[]);
    let with = |bytes: usize| format!("X-Padding: {}\r\n", "x".repeat(bytes));
    assert_eq!(server.request("GET", "/healthz", &with(15 * 1024), "").status, 200);
    assert_eq!(server.request("GET", "/healthz", &with(17 * 1024), "").status, 431);
}

/// HD-8: what could be read in two ways is not read at all.
#[test]
fn ambiguous_requests_are_refused() {
    let server = Place::new().serve(&[]);
    for head in [
        "POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "POST /api/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\r\n folded\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET /health\u{1}z HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let mut stream = server.connect();
        stream.write_all(head.as_bytes()).unwrap();
        let mut text = String::new();
        // The end of the stream is part of the answer: the connection is closed.
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 400"), "{head}: {text}");
    }
}

/// HD-1, HD-6: what is not of the API carries the headers too.
#[test]
fn every_answer_has_the_security_headers() {
    let server = Place::new().serve(&[]);
    for path in ["/nowhere", "/assets/nothing.js", "/assets/..%2fmain.rs"] {
        let answer = server.request("GET", path, "", "");
        assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
        for header in [
            "cache-control: no-store",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "content-security-policy: default-src 'none'",
            "cross-origin-resource-policy: same-origin",
        ] {
            assert!(answer.head.contains(header), "{path}: {header}: {answer:?}");
        }
        assert!(!answer.head.contains("server:") && !answer.head.contains("strict-transport"), "{answer:?}");
    }
}
