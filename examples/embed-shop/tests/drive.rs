//! Starts the example and uses it with curl, as a reader would.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its scene has failed")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
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

fn code(json: &str) -> Value {
    serde_json::from_str::<Value>(json).unwrap()["code"].clone()
}

fn execute(database: &Path, sql: &str) {
    let db = rusqlite::Connection::open(database).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    assert_eq!(db.execute(sql, []).unwrap(), 1);
}

#[test]
fn the_shop_signs_in_by_a_link_and_has_the_last_word() {
    let folder = tempfile::tempdir().unwrap();
    let jar = folder.path().join("jar");
    let jar = jar.to_str().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut running = Command::new(env!("CARGO_BIN_EXE_embed-shop"))
        .args([folder.path().to_str().unwrap(), &address])
        .stdout(Stdio::piped())
        .spawn()
        .map(Running)
        .unwrap();
    let mut mails = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let url = |path: &str| format!("http://{address}{path}");
    let mut link = || {
        assert_eq!(curl(&["-d", "mail=ada@example.com", &url("/")]), "Look into your mail.\n");
        mails.next().unwrap().unwrap().strip_prefix("to ada@example.com: ").unwrap().to_owned()
    };
    let refresh = || curl(&["-X", "POST", "-b", jar, "-c", jar, &url("/auth/api/refresh")]);

    let first = link();
    assert!(curl(&[&first]).contains("<button"), "to look at it uses nothing up");
    let foreign = curl(&["-X", "POST", "-H", "Origin: https://evil.example", &first]);
    assert_eq!(code(&foreign), "cross_origin");
    curl(&["-X", "POST", "-c", jar, &first]);
    assert_eq!(code(&curl(&["-X", "POST", &first])), "not_found", "it works once");

    let signed_in: Value = serde_json::from_str(&refresh()).unwrap();
    let bearer = format!("Authorization: Bearer {}", signed_in["accessToken"].as_str().unwrap());
    let orders = curl(&["-H", &bearer, &url("/orders")]);
    assert_eq!(orders, "ada@example.com has signed in 1 times\n");
    let plan = || {
        let token =
            serde_json::from_str::<Value>(&refresh()).unwrap()["accessToken"].as_str().unwrap().to_owned();
        let profile = curl(&["-H", &format!("Authorization: Bearer {token}"), &url("/auth/api/profile")]);
        serde_json::from_str::<Value>(&profile).unwrap()["user"]["plan"].clone()
    };
    assert_eq!(plan(), "trial", "since the account was made");
    execute(&folder.path().join("shop.db"), "UPDATE customers SET plan = 'gold'");
    assert_eq!(plan(), "gold", "with the next token");

    let page = curl(&[&url("/auth/login")]);
    assert!(page.contains("assets/login.js") && page.contains("<title>Sign in · The Shop</title>"), "{page}");
    assert_eq!(curl(&[&url("/auth/debugger")]), "", "it is off");
    execute(&folder.path().join("shop.db"), "UPDATE customers SET closed = 1");
    assert_eq!(code(&curl(&["-X", "POST", &link()])), "closed");
}
