//! Starts the examples, one with a JWK Set file and one with an issuer's address, and calls them with tokens made for the
//! test.
#![expect(clippy::disallowed_methods, reason = "tokens for a real service are made at the real time")]
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its scene has failed")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command};
use std::time::{SystemTime, UNIX_EPOCH};

use countersign_jwt::{Algorithm, JwkSet, SigningKey, sign};

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_example_with_a_file_lets_through_only_good_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let jwks = folder.path().join("jwks.json");
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    std::fs::write(&jwks, set(&key)).unwrap();
    let arguments = [jwks.to_str().unwrap(), "https://auth.example"];
    assert_only_good_tokens_pass(env!("CARGO_BIN_EXE_protect"), &arguments, "https://auth.example", &key);
}

#[test]
fn the_example_with_an_issuer_lets_through_only_good_tokens() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let issuer = serve_issuer(set(&key));
    assert_only_good_tokens_pass(env!("CARGO_BIN_EXE_discover"), &[&issuer], &issuer, &key);
}

#[test]
fn the_example_on_plain_hyper_lets_through_only_good_tokens() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let issuer = serve_issuer(set(&key));
    assert_only_good_tokens_pass(env!("CARGO_BIN_EXE_hyper"), &[&issuer], &issuer, &key);
}

/// Serves this set at `/jwks`, and everywhere else metadata that lead there.
fn serve_issuer(keys: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let jwks_uri = format!("{origin}/jwks");
    let metadata = serde_json::json!({ "issuer": origin, "jwks_uri": jwks_uri }).to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let head: Vec<_> = BufReader::new(&stream)
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let body = if head[0].starts_with("GET /jwks ") { &keys } else { &metadata };
            let (kind, length) = ("application/json", body.len());
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
    });
    origin
}

fn set(key: &SigningKey) -> String {
    JwkSet::new(vec![key.verifying_key()]).unwrap().to_json()
}

/// A sign-in that is not good enough gets the challenge of RFC 9470, from which a client knows which one would be.
#[test]
fn what_matters_asks_for_another_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    let jwks = folder.path().join("jwks.json");
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    std::fs::write(&jwks, set(&key)).unwrap();
    let (issuer, address) = ("https://auth.example", free_address());
    let arguments = [jwks.to_str().unwrap(), issuer, "api", &address];
    let _running = Running(Command::new(env!("CARGO_BIN_EXE_protect")).args(arguments).spawn().unwrap());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let call = |arguments: &[&str], acr: &str, auth_time: u64| {
        let claims = serde_json::json!({
            "iss": issuer, "aud": "api", "sub": "ada", "jti": "1", "role": "user",
            "iat": now, "exp": now + 300, "acr": acr, "auth_time": auth_time,
        });
        curl(&address, &sign(&claims, &key, "at+jwt").unwrap(), &[&["--include"], arguments].concat())
    };
    let send = ["--data", "ten", "/transfers"];
    assert!(call(&send, "aal1", now).ends_with("sent: ten\n 200"));
    let refused = call(&send, "aal1", now - 600);
    assert!(refused.contains("error=\"insufficient_user_authentication\""), "{refused}");
    assert!(refused.contains("max_age=\"300\""), "{refused}");
    assert!(call(&["/vault"], "aal2", now - 600).ends_with("the vault\n 200"));
    assert!(call(&["/vault"], "aal1", now).contains("acr_values=\"aal2\""));
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// What `curl` prints, and the status. The last argument is the path.
fn curl(address: &str, token: &str, arguments: &[&str]) -> String {
    let retry =
        ["--silent", "--max-time", "10", "--retry", "50", "--retry-connrefused", "--retry-delay", "1"];
    let header = format!("Authorization: Bearer {token}");
    let (path, options) = arguments.split_last().unwrap();
    let url = format!("http://{address}{path}");
    let output = Command::new("curl")
        .args(retry)
        .args(["-w", " %{http_code}", "-H", &header])
        .args(options)
        .arg(&url)
        .output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

fn assert_only_good_tokens_pass(program: &str, arguments: &[&str], issuer: &str, key: &SigningKey) {
    let address = free_address();
    let mut command = Command::new(program);
    let _running = Running(command.args(arguments).args(["api", &address]).spawn().unwrap());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let token = |audience: &str, role: &str| {
        let claims = serde_json::json!({
            "iss": issuer, "aud": audience, "sub": "ada", "jti": "1", "role": role,
            "iat": now, "exp": now + 300,
        });
        sign(&claims, key, "at+jwt").unwrap()
    };
    let get = |path: &str, token: &str| curl(&address, token, &[path]);
    assert_eq!(get("/hello", &token("api", "user")), "hello, ada\n 200");
    assert_eq!(get("/books", &token("api", "auditor")), "the books\n 200");
    assert!(get("/books", &token("api", "user")).ends_with(" 403"));
    assert!(get("/hello", &token("other", "user")).ends_with(" 401"));
    assert!(get("/hello", "garbage").ends_with(" 401"));
}
