//! Starts the example with a JWK Set file and calls it with tokens made for the test.
#![expect(clippy::disallowed_methods, reason = "tokens for a real service are made at the real time")]

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
fn the_example_lets_through_only_good_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let jwks = folder.path().join("jwks.json");
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    std::fs::write(&jwks, JwkSet::new(vec![key.verifying_key()]).unwrap().to_json()).unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let _running = Running(
        Command::new(env!("CARGO_BIN_EXE_protect"))
            .args([jwks.to_str().unwrap(), "https://auth.example", "api", &address])
            .spawn()
            .unwrap(),
    );
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let token = |audience: &str, role: &str| {
        let claims = serde_json::json!({
            "iss": "https://auth.example", "aud": audience, "sub": "ada", "jti": "1", "role": role,
            "iat": now, "exp": now + 300,
        });
        sign(&claims, &key, "at+jwt").unwrap()
    };
    let get = |path: &str, token: &str| {
        let retry =
            ["--silent", "--max-time", "10", "--retry", "50", "--retry-connrefused", "--retry-delay", "1"];
        let header = format!("Authorization: Bearer {token}");
        let url = format!("http://{address}{path}");
        let output =
            Command::new("curl").args(retry).args(["-w", " %{http_code}", "-H", &header, &url]).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    assert_eq!(get("/hello", &token("api", "user")), "hello, ada\n 200");
    assert_eq!(get("/books", &token("api", "auditor")), "the books\n 200");
    assert!(get("/books", &token("api", "user")).ends_with(" 403"));
    assert!(get("/hello", &token("other", "user")).ends_with(" 401"));
    assert!(get("/hello", "garbage").ends_with(" 401"));
}
