//! Starts the example and uses it with curl, as a reader would.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its scene has failed")]

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn curl(arguments: &[&str]) -> String {
    let retry =
        ["--silent", "--max-time", "10", "--retry", "50", "--retry-connrefused", "--retry-delay", "1"];
    let output = Command::new("curl").args(retry).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_example_signs_in_and_protects_its_own_route() {
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (user, password) = ("ada", "correct horse battery staple");
    let mut running = Command::new(env!("CARGO_BIN_EXE_embed"))
        .args([folder.path().join("data").to_str().unwrap(), &address, user])
        .stdin(Stdio::piped())
        .spawn()
        .map(Running)
        .unwrap();
    writeln!(running.0.stdin.take().unwrap(), "{password}").unwrap();
    let url = |path: &str| format!("http://{address}{path}");
    let refused: Value = serde_json::from_str(&curl(&[&url("/reports")])).unwrap();
    assert_eq!(refused["code"], "token_required");

    let body = serde_json::json!({ "username": user, "password": password }).to_string();
    let login = curl(&["-H", "Content-Type: application/json", "-d", &body, &url("/api/login")]);
    let login: Value = serde_json::from_str(&login).unwrap();
    let bearer = format!("Authorization: Bearer {}", login["accessToken"].as_str().unwrap());
    assert_eq!(curl(&["-H", &bearer, &url("/reports")]), "reports for ada\n");

    curl(&["-X", "POST", "-H", &bearer, &url("/api/logout")]);
    let refused: Value = serde_json::from_str(&curl(&["-H", &bearer, &url("/reports")])).unwrap();
    assert_eq!(refused["code"], "token_revoked");
}
