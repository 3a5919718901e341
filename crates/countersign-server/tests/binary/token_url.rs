//! `countersign token verify --key URL` against servers that behave, and servers that do not (VF-9, TP-5).

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

use crate::harness::{PASSWORD, Place, Ran};

/// A server that reads a request, sends these bytes that many times, and keeps the connection until the client has gone.
fn answering(bytes: impl Into<Vec<u8>>, times: usize) -> SocketAddr {
    let bytes = bytes.into();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            let mut length = 0;
            while !request[..length].ends_with(b"\r\n\r\n") {
                match stream.read(&mut request[length..]) {
                    Ok(read) if read > 0 => length += read,
                    _ => break,
                }
            }
            let _ = (0..times).try_for_each(|_| stream.write_all(&bytes));
            while stream.read(&mut request).is_ok_and(|read| read > 0) {}
        }
    });
    address
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

const TOKEN: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.e30.AAAA";

fn verify(place: &Place, url: &str) -> Ran {
    place.run(&["token", "verify", TOKEN, "--key", url])
}

/// Ends with 2 and one line that says this.
fn assert_refused(ran: &Ran, said: &str) {
    assert!(ran.code == Some(2) && ran.out.is_empty(), "{said}: {ran:?}");
    assert!(ran.err.contains(said) && ran.err.trim_end().lines().count() == 1, "{said}: {ran:?}");
}

#[test]
fn tokens_of_a_server_verify_with_the_set_that_it_serves() {
    let place = Place::new();
    let server = place.start(&["dev", "--listen", "127.0.0.1:0"]);
    let token = server.login("admin", "password123").token();
    let origin = format!("http://localhost:{}", server.address.port());
    let keys = format!("{origin}/.well-known/jwks.json");
    let ran = place.run(&["token", "verify", &token, "--key", &keys, "--issuer", &origin]);
    assert!(ran.code == Some(0) && ran.out.contains("Checked with the key"), "{ran:?}");
    let ran = place.run(&["token", "verify", TOKEN, "--key", &keys]);
    assert!(ran.code == Some(1) && ran.out.contains("x key: no key has the token's key ID"), "{ran:?}");
    let ran = place.run(&["token", "decode", TOKEN, "--key", &keys]);
    assert!(ran.code == Some(0) && ran.out.contains("The given key does not fit"), "{ran:?}");
    assert!(!place.run(&["token", "decode", &token, "--key", &keys]).out.contains("does not fit"));

    let metadata = format!("{origin}/.well-known/openid-configuration");
    assert_refused(&verify(&place, &metadata), &format!("whose keys are at {keys}: use that address"));
    assert_refused(&verify(&place, &format!("{origin}/nowhere")), "its response is 404 Not Found");
    assert_refused(&place.run(&["token", "sign", "--key", &keys]), "sign with a key in a file");
}

#[test]
fn https_needs_a_certificate_that_is_trusted() {
    let mut place = Place::new();
    let certificate = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let made = certificate();
    place.write("cert.pem", &made.cert.pem());
    place.write("key.pem", &made.signing_key.serialize_pem());
    place.write("other.pem", &certificate().cert.pem());
    place.add_user("ann", "user");
    let server = place.serve(&[
        "--set",
        "tls.cert_file=cert.pem",
        "--set",
        "tls.key_file=key.pem",
        "--set",
        "public_origin=https://localhost",
    ]);
    let port = server.address.port();
    let keys = format!("https://localhost:{port}/.well-known/jwks.json");
    place.set("SSL_CERT_FILE", "other.pem");
    assert_refused(&verify(&place, &keys), "no trusted connection");
    place.set("SSL_CERT_FILE", "key.pem");
    assert_refused(&verify(&place, &keys), "ca-certificates");
    place.set("SSL_CERT_FILE", "cert.pem");
    assert_refused(&verify(&place, &format!("https://127.0.0.1:{port}/")), "no trusted connection");
    assert_refused(
        &verify(&place, &format!("http://localhost:{port}/")),
        &format!("http://localhost:{port}/: "),
    );
    assert_eq!(verify(&place, &keys).code, Some(1), "the set is there; the token is not one of its keys'");

    let body = serde_json::json!({ "username": "ann", "password": PASSWORD }).to_string();
    let login = crate::harness::curl(
        &place.path(""),
        &[
            "--cacert",
            "cert.pem",
            "-H",
            "Content-Type: application/json",
            "-d",
            &body,
            &format!("https://localhost:{port}/api/login"),
        ],
    );
    let login: serde_json::Value = serde_json::from_str(&login).unwrap();
    let ran = place.run(&["token", "verify", login["token"].as_str().unwrap(), "--key", &keys, "--json"]);
    assert!(ran.code == Some(0) && ran.json()["valid"] == true, "{ran:?}");
    assert_refused(
        &verify(&place, "https://nowhere.invalid/jwks.json"),
        "https://nowhere.invalid/jwks.json: ",
    );
}

#[test]
fn answers_that_hold_no_keys_are_named() {
    let place = Place::new();
    let url = |address: SocketAddr| format!("http://{address}/jwks.json");
    let weak =
        r#"{"keys":[{"kty":"oct","k":"AAAA","alg":"HS256","kid":"s"},{"kty":"EC","crv":"P-1","kid":"w"}]}"#;
    let redirect = "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n";
    for (answer, said) in [
        (ok("<html>"), "the response is not JSON"),
        (ok("{}"), "no array `keys`"),
        (ok(r#"{"keys":[]}"#), "no usable key: it is empty"),
        (ok(weak), "key 2 (w): "),
        (ok(r#"{"keys":[],"keys":[]}"#), "a member name occurs twice"),
        (
            redirect.to_owned(),
            "redirects to https://elsewhere.example/ (302 Found); redirects are not followed",
        ),
        ("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n".to_owned(), "its response is 500"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n".to_owned() + &" ".repeat(65_537),
            "longer than 64 KiB",
        ),
        ("SSH-2.0-OpenSSH_9.9\r\n".to_owned(), "/jwks.json: "),
    ] {
        assert_refused(&verify(&place, &url(answering(answer, 1))), said);
    }
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat(10_000));
    assert_refused(&verify(&place, &url(answering(endless, usize::MAX))), "longer than 64 KiB");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_refused(&verify(&place, &url(nobody)), "refused");
    assert_refused(&verify(&place, "http://example.com/jwks.json"), "use the https address");
    let set = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let full = format!("{set}{}", " ".repeat(65_536 - set.len()));
    assert_eq!(verify(&place, &url(answering(ok(&full), 1))).code, Some(1), "64 KiB are read");
}

#[test]
fn an_answer_that_does_not_come_is_not_waited_for_longer_than_was_said() {
    let place = Place::new();
    for answer in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"keys\":["] {
        let url = format!("http://{}/", answering(answer, 1));
        let ran = place.run(&["token", "verify", TOKEN, "--key", &url, "--timeout", "200ms"]);
        assert_refused(&ran, "no complete response within 200ms");
    }
}

/// Some issuers publish RSA keys without `alg`: then the token's own algorithm, or `--alg`, decides which it is for.
#[test]
fn a_key_without_alg_is_taken_for_the_algorithm_of_the_token() {
    let place = Place::new();
    let jwk = place.run(&["key", "generate", "--alg", "RS256", "--out", "key.pem"]).out;
    let token = place.run(&["token", "sign", "--key", "key.pem", "--alg", "RS256", "--claim", "sub=ann"]).out;
    let set = format!("{{\"keys\":[{}]}}", jwk.trim_end().replace(r#""alg":"RS256","#, ""));
    assert!(!set.contains("alg"));
    place.write("set.json", &set);
    let verify = |extra: &[&str]| {
        place.run(&[&["token", "verify", token.trim_end(), "--key", "set.json"], extra].concat())
    };
    assert_eq!(verify(&[]).code, Some(0));
    let other = verify(&["--alg", "PS256"]);
    assert!(other.code == Some(1) && other.out.contains("another algorithm"), "{other:?}");
    let ran = place.run(&["key", "convert", "set.json"]);
    assert!(ran.code == Some(1) && ran.err.contains("no usable key: key 1 ("), "{ran:?}");
}
