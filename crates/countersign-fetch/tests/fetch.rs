//! The request against servers that behave, and servers that do not (VF-9, TP-5).

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its scene has failed")]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use countersign_fetch::{
    Addresses, Answer, ByteStream, FetchError, FetchOptions, FetchUrl, get, get_unless, open, post,
};
use support::{Server, ok, status};

/// Longer than any answer here takes, so that only a server that never answers meets it.
const PATIENT: Duration = Duration::from_secs(60);

fn options() -> FetchOptions {
    FetchOptions::new(PATIENT, 64)
}

fn url(server: &Server) -> FetchUrl {
    FetchUrl::parse(&format!("{}/keys?x=1", server.origin)).unwrap()
}

fn refusal(answer: Vec<u8>) -> FetchError {
    get(&url(&Server::plain(move |_| answer.clone())), &options()).unwrap_err()
}

#[test]
fn a_document_comes_with_what_its_server_says_about_it() {
    let server = Server::plain(|request| {
        let asks =
            request.starts_with("GET /keys?x=1 HTTP/1.1\r\n") && request.contains("accept: text/plain\r\n");
        assert!(asks && !request.to_lowercase().contains("cookie"), "{request}");
        ok(
            "Content-Type: application/json\r\nETag: \"a\"\r\nCache-Control: max-age=9\r\nSet-Cookie: a=b\r\n",
            "{}",
        )
    });
    for _ in 0..2 {
        let document = get(&url(&server), &options().accept("text/plain")).unwrap();
        assert_eq!((document.body.as_slice(), document.etag.as_deref()), (&b"{}"[..], Some("\"a\"")));
        assert_eq!(document.fresh_for, Some(Duration::from_secs(9)));
        assert_eq!(document.into_json_text().unwrap(), "{}");
    }
}

#[test]
fn a_document_that_the_caller_has_is_not_sent_again() {
    let server = Server::plain(|request| {
        if request.contains("if-none-match: \"a\"\r\n") {
            status("304 Not Modified", "Cache-Control: max-age=7\r\n")
        } else {
            ok("ETag: \"a\"\r\n", "{}")
        }
    });
    let fresh_for = Some(Duration::from_secs(7));
    let again = get_unless(&url(&server), Some("\"a\""), &options()).unwrap();
    assert_eq!(again, Answer::NotModified { fresh_for });
    let other = get_unless(&url(&server), Some("\"b\""), &options()).unwrap();
    assert!(matches!(other, Answer::Document(document) if document.body == b"{}"));
}

#[test]
fn answers_that_are_none_are_refused() {
    let redirect = refusal(status("302 Found", "Location: https://elsewhere.example/\r\n"));
    assert!(matches!(&redirect, FetchError::Redirect { to, .. } if to == "https://elsewhere.example/"));
    assert!(matches!(refusal(status("404 Not Found", "")), FetchError::Status(code) if code == 404));
    // Nothing was asked that could be unmodified.
    let unasked = refusal(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec());
    assert!(matches!(unasked, FetchError::Status(code) if code == 304));
    assert!(matches!(refusal(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()), FetchError::Protocol(_)));
    let page = Server::plain(|_| ok("Content-Type: text/html\r\n", "{}"));
    let page = get(&url(&page), &options()).unwrap();
    assert!(matches!(page.into_json_text(), Err(FetchError::NotJson)));
}

/// ASVS 15.3.2: the limit counts what comes, whatever the server says about its length.
#[test]
fn a_body_is_read_to_its_limit_and_no_further() {
    let full = Server::plain(|_| ok("", &"x".repeat(64)));
    assert_eq!(get(&url(&full), &options()).unwrap().body.len(), 64);
    assert!(matches!(refusal(ok("", &"x".repeat(65))), FetchError::TooLong(64)));
    let unsaid = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(100_000)).into_bytes();
    assert!(matches!(refusal(unsaid), FetchError::TooLong(64)));
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let chunked = [chunked, b"10\r\n0123456789abcdef\r\n".repeat(5)].concat();
    assert!(matches!(refusal(chunked), FetchError::TooLong(64)));
}

#[test]
fn an_answer_that_never_ends_is_given_up() {
    for answer in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"] {
        let server = Server::plain(|_| answer.as_bytes().to_vec());
        let limit = Duration::from_millis(200);
        let refused = get(&url(&server), &FetchOptions::new(limit, 64)).unwrap_err();
        assert!(matches!(refused, FetchError::Timeout(said) if said == limit), "{answer:?}: {refused}");
    }
}

/// TP-5: the certificate must be of an authority that is trusted, and for this very host.
#[test]
fn https_needs_a_trusted_certificate_for_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let certified = |host: &str| {
        let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
        let file = folder.path().join(format!("{host}.pem"));
        std::fs::write(&file, made.cert.pem()).unwrap();
        (made, options().ca_file(file))
    };
    let (localhost, trusting_localhost) = certified("localhost");
    let (other, trusting_other) = certified("other.example");
    let right = Server::tls(&localhost, |_| ok("", "{}"));
    let wrong_host = Server::tls(&other, |_| ok("", "{}"));
    assert_eq!(get(&url(&right), &trusting_localhost).unwrap().body, b"{}");
    assert!(matches!(get(&url(&right), &trusting_other), Err(FetchError::Untrusted(_))));
    assert!(matches!(get(&url(&wrong_host), &trusting_other), Err(FetchError::Untrusted(_))));

    let key = folder.path().join("key.pem");
    std::fs::write(&key, localhost.signing_key.serialize_pem()).unwrap();
    for file in [key, folder.path().join("missing.pem")] {
        let refused = get(&url(&right), &options().ca_file(file)).unwrap_err();
        assert!(matches!(refused, FetchError::CaFile { .. }), "{refused}");
    }
}

/// Server-side request forgery: an address of somebody else's choice leads to no service of this network.
#[test]
fn a_request_for_public_addresses_does_not_reach_this_machine() {
    let server = Server::plain(|_| ok("", "{}"));
    let public = options().addresses(Addresses::PublicOnly);
    assert!(matches!(get(&url(&server), &public), Err(FetchError::ForbiddenAddress(_))));
    let port = server.origin.rsplit(':').next().unwrap();
    let named = FetchUrl::parse(&format!("http://localhost:{port}/")).unwrap();
    assert!(matches!(get(&named, &public), Err(FetchError::ForbiddenAddress(_))));
    assert!(get(&url(&server), &options()).is_ok());
}

#[test]
fn a_post_carries_its_body_and_secret_and_gives_every_status() {
    let server = Server::plain(|request| {
        let asks = request.starts_with("POST /keys?x=1 HTTP/1.1\r\n")
            && request.contains("content-type: application/x-www-form-urlencoded\r\n")
            && request.contains("x-api-key: the secret\r\n");
        let said = request.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        assert!(asks, "{request}");
        match said {
            "a=1" => ok("", "{}"),
            "a=2" => status("401 Unauthorized", ""),
            _ => status("302 Found", "Location: /elsewhere\r\n"),
        }
    });
    let header = ("x-api-key".parse().unwrap(), "the secret".parse().unwrap());
    let options = options().secret_header(header.0, header.1);
    assert!(!format!("{options:?}").contains("the secret"), "{options:?}");
    let asked = |body: &str| {
        let form = "application/x-www-form-urlencoded";
        let reply = post(&url(&server), form, body.as_bytes(), &options).unwrap();
        (reply.status.as_u16(), reply.body)
    };
    assert_eq!(asked("a=1"), (200, b"{}".to_vec()));
    assert_eq!(asked("a=2"), (401, Vec::new()));
    assert_eq!(asked("a=3"), (302, Vec::new()), "not followed");
}

/// The limits of a POST are those of a GET.
#[test]
fn a_post_is_limited_in_time_and_size_and_needs_a_trusted_server() {
    let asked =
        |server: &Server, limit| post(&url(server), "text/plain", b"x", &FetchOptions::new(limit, 64));
    let long = Server::plain(|_| ok("", &"x".repeat(65)));
    assert!(matches!(asked(&long, PATIENT), Err(FetchError::TooLong(64))));
    let never = Server::plain(|_| Vec::new());
    let limit = Duration::from_millis(200);
    assert!(matches!(asked(&never, limit), Err(FetchError::Timeout(said)) if said == limit));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let unknown = Server::tls(&made, |_| ok("", "{}"));
    assert!(matches!(asked(&unknown, PATIENT), Err(FetchError::Untrusted(_))));
}

const STREAM: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Where a server is that answers one request as it likes, and closes the connection then.
fn speaking(speak: impl FnOnce(&mut TcpStream) + Send + 'static) -> FetchUrl {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = FetchUrl::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _head = BufReader::new(&stream).lines().map_while(Result::ok).find(String::is_empty);
        speak(&mut stream);
    });
    url
}

fn read(stream: &mut ByteStream) -> Result<String, FetchError> {
    let mut buffer = [0; 256];
    let read = stream.read(&mut buffer)?;
    Ok(String::from_utf8_lossy(&buffer[..read]).into_owned())
}

#[test]
fn a_stream_is_read_while_it_comes_and_given_up_when_nothing_does() {
    let server = Server::plain(|_| format!("{STREAM}3\r\none\r\n").into_bytes());
    let limit = Duration::from_millis(200);
    let mut stream = open(&url(&server), None, &FetchOptions::new(limit, 0)).unwrap();
    assert_eq!(stream.content_type(), Some("text/event-stream"));
    assert_eq!(read(&mut stream).unwrap(), "one");
    assert!(matches!(read(&mut stream), Err(FetchError::Timeout(said)) if said == limit));
}

/// The time is for each read: a stream lives longer than that.
#[test]
fn a_stream_outlives_the_time_for_one_read() {
    let (say, parts) = mpsc::channel::<&str>();
    let url = speaking(move |stream| {
        stream.write_all(STREAM.as_bytes()).unwrap();
        for part in parts {
            stream.write_all(part.as_bytes()).unwrap();
        }
    });
    let limit = Duration::from_millis(300);
    let mut stream = open(&url, None, &FetchOptions::new(limit, 0)).unwrap();
    let (_open, nothing) = mpsc::channel::<()>();
    for (part, text) in [("3\r\none\r\n", "one"), ("3\r\ntwo\r\n", "two"), ("0\r\n\r\n", "")] {
        say.send(part).unwrap();
        assert_eq!(read(&mut stream).unwrap(), text);
        assert!(nothing.recv_timeout(limit).is_err()); // the time passes
    }
}

#[test]
fn a_stream_that_breaks_off_is_no_end() {
    let url = speaking(|stream| write!(stream, "{STREAM}9\r\none").unwrap());
    let mut stream = open(&url, None, &options()).unwrap();
    assert_eq!(read(&mut stream).unwrap(), "one");
    assert!(read(&mut stream).is_err());
}

#[test]
fn a_credential_goes_to_the_server_and_nowhere_else() {
    let server = Server::plain(|request| {
        let has = request.contains("authorization: Bearer csf_secret\r\n");
        if has { ok("", "{}") } else { status("401 Unauthorized", "") }
    });
    let with = options().bearer("csf_secret");
    assert!(open(&url(&server), Some("7"), &with).is_ok() && get(&url(&server), &with).is_ok());
    assert!(
        matches!(open(&url(&server), None, &options()), Err(FetchError::Status(status)) if status.as_u16() == 401)
    );
    assert!(!format!("{with:?}").contains("csf_"));
    let away = format!("Location: {}/\r\n", server.origin);
    let redirecting = Server::plain(move |_| status("307 Temporary Redirect", &away));
    assert!(matches!(open(&url(&redirecting), None, &with), Err(FetchError::Redirect { .. })));
    assert!(open(&url(&server), None, &options().bearer("a\r\nb")).is_err());
}

#[test]
fn a_server_says_when_to_come_back() {
    let wait = |answer: &'static str, headers: &'static str| {
        let server = Server::plain(move |_| status(answer, headers));
        match open(&url(&server), None, &options()).unwrap_err() {
            FetchError::RetryAfter { after, .. } => Some(after.as_secs()),
            _ => None,
        }
    };
    assert_eq!(wait("503 Service Unavailable", "Retry-After: 7\r\n"), Some(7));
    assert_eq!(wait("429 Too Many Requests", "Retry-After: 1\r\n"), Some(1));
    assert_eq!(wait("503 Service Unavailable", ""), None);
    assert_eq!(wait("503 Service Unavailable", "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"), None);
    assert_eq!(wait("404 Not Found", "Retry-After: 7\r\n"), None);
}
