//! `countersign store copy`: a served world goes on wherever it is copied to, and a copy that does not come to its end leaves
//! nothing behind that could be taken for one.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::database::Database;
use crate::harness::{Answer, PASSWORD, Place, Ran, Server, kill};
use crate::postgresql;

const SERVE: [&str; 10] = [
    "--set",
    "public_origin=http://localhost:3000",
    "--set",
    "throttle.delay_from=2",
    "--set",
    "throttle.first_delay=10m",
    "--set",
    "session.min_age=0s",
    "--set",
    "session.grace=0s",
];

/// Runs `store copy` with the password of the databases in the environment.
fn copy(place: &Place, arguments: &[&str]) -> Ran {
    let mut command = place.command(&["store", "copy"]);
    command.args(arguments).env("COUNTERSIGN_STORE_PASSWORD", "secret");
    Ran::from(command.output().unwrap())
}

/// The address of a database without its password.
fn address(database: &str) -> String {
    postgresql::url(database).replace(":secret@", "@")
}

/// A place of its own with the same master key.
fn with_key_of(other: &Place) -> Place {
    let place = Place::new();
    fs::create_dir(place.path("countersign-data")).unwrap();
    fs::copy(other.path("countersign-data/master.key"), place.path("countersign-data/master.key")).unwrap();
    place
}

fn listed(place: &Place, what: &[&str]) -> Vec<Value> {
    let ran = place.run(&[what, &["--json"]].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    match what[0] {
        "audit" => ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        _ => ran.json().as_array().unwrap().clone(),
    }
}

/// What an operator sees of a store.
fn seen(place: &Place) -> Vec<Vec<Value>> {
    let lists: [&[&str]; 6] = [
        &["user", "list"],
        &["session", "list"],
        &["key", "list"],
        &["feed-key", "list"],
        &["client", "list"],
        &["audit"],
    ];
    lists.iter().map(|what| listed(place, what)).collect()
}

/// What a client holds, and what it may still do with that.
struct Device {
    cookie: String,
    token: String,
}

impl Device {
    fn sign_in(server: &Server, name: &str) -> Self {
        Self::from(&server.login(name, PASSWORD))
    }

    fn from(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        Self { cookie: answer.cookie().unwrap(), token: answer.token() }
    }

    fn log_out(&self, server: &Server) {
        let headers = format!("Cookie: {}\r\n", self.cookie);
        assert_eq!(server.request("POST", "/api/logout", &headers, "").status, 204);
    }

    /// The access token of before is good, and the refresh token gets the next one.
    fn goes_on(&mut self, server: &Server) {
        assert_eq!(server.profile(&self.token).status, 200);
        *self = Self::from(&server.refresh(&self.cookie).unwrap());
    }

    fn is_out(&self, server: &Server) {
        assert_eq!(server.profile(&self.token).status, 401);
        assert_eq!(server.refresh(&self.cookie).unwrap().code(), "session_revoked");
    }
}

fn wrong(server: &Server, name: &str) -> u16 {
    server.login(name, "a wrong passphrase").status
}

/// DB-9: from SQLite to PostgreSQL and back, with everything that somebody outside can see.
#[test]
fn a_served_world_goes_on_after_each_copy() {
    let first = Place::new();
    for (name, role) in [("ann", "admin"), ("bob", "user")] {
        first.add_user(name, role);
    }
    first.run(&["client", "add", "till"]);
    first.run(&["feed-key", "add", "shop"]);
    let server = first.serve(&SERVE);
    let [mut ann, mut bob, out] = ["ann", "bob", "bob"].map(|name| Device::sign_in(&server, name));
    ann.goes_on(&server);
    out.log_out(&server);
    assert_eq!([wrong(&server, "eve"), wrong(&server, "eve"), wrong(&server, "eve")], [401, 401, 429]);
    let keys = server.request("GET", "/.well-known/jwks.json", "", "").body;

    let name = postgresql::new_database();
    let data = first.path("countersign-data");
    let refused = copy(&first, &["countersign-data", &address(&name)]);
    assert!(refused.code == Some(1) && refused.err.contains("is in use"), "{refused:?}");
    assert!(server.stop().0.success());
    let before = fs::read(data.join("countersign.db")).unwrap();
    let copied = copy(&first, &["countersign-data", &address(&name)]);
    assert!(copied.code == Some(0) && copied.out.contains("sessions                 3  "), "{copied:?}");
    assert!(!copied.err.contains("secret"), "{copied:?}");
    assert_eq!(fs::read(data.join("countersign.db")).unwrap(), before, "the source is as it was");

    let mut second = with_key_of(&first);
    second.set("COUNTERSIGN_STORE", &postgresql::url(&name));
    assert_eq!(seen(&second), seen(&first));
    let server = second.start(&[&["serve", "--listen", "127.0.0.1:0"][..], &SERVE].concat());
    ann.goes_on(&server);
    bob.goes_on(&server);
    out.is_out(&server);
    assert_eq!(wrong(&server, "eve"), 429);
    assert_eq!(server.request("GET", "/.well-known/jwks.json", "", "").body, keys);
    bob.log_out(&server);
    let mut late = Device::sign_in(&server, "bob");
    assert_eq!([wrong(&server, "mia"), wrong(&server, "mia"), wrong(&server, "mia")], [401, 401, 429]);
    assert!(server.stop().0.success());

    let third = Place::new();
    let copied = copy(&third, &[&address(&name), "countersign-data/"]);
    assert_eq!(copied.code, Some(0), "{copied:?}");
    fs::copy(data.join("master.key"), third.path("countersign-data/master.key")).unwrap();
    assert_eq!(seen(&third), seen(&second));
    let server = third.serve(&SERVE);
    ann.goes_on(&server);
    late.goes_on(&server);
    out.is_out(&server);
    bob.is_out(&server);
    assert_eq!([wrong(&server, "eve"), wrong(&server, "mia")], [429, 429]);
    assert_eq!(server.request("GET", "/.well-known/jwks.json", "", "").body, keys);
}

/// A database with so many sessions that a copy of it can be stopped half-way.
fn large() -> Place {
    let place = Place::new();
    place.add_user("ann", "admin");
    Database::of(&place).execute(
        "WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 50000)
         INSERT INTO sessions (id, account_id, secret_hash, created_at, expires_at, generation, rotated_at)
         SELECT randomblob(16), (SELECT id FROM accounts), randomblob(32), n, n, 0, n FROM n",
    );
    place
}

/// Starts a copy and kills it when a tenth of the sessions is copied.
fn kill_half_way(place: &Place, to: &str) {
    let mut command = place.command(&["store", "copy", "countersign-data", to]);
    command.env("COUNTERSIGN_STORE_PASSWORD", "secret").stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut before = Vec::new();
    let reached = { said }.any(|line| {
        before.push(line.clone());
        line.contains("copying sessions: 5000 of 50000")
    });
    assert!(reached, "{before:?}");
    assert!(kill(child.id(), "KILL"));
    assert_eq!(child.wait().unwrap().code(), None, "it was killed before its end");
}

/// DB-9: `kill -9` half-way: the target is as it was, and the next copy fills it.
#[test]
fn a_copy_that_is_killed_leaves_no_store() {
    let place = large();
    let source = place.path("countersign-data/countersign.db");
    let before = fs::read(&source).unwrap();
    let name = postgresql::new_database();

    kill_half_way(&place, &address(&name));
    assert_eq!(
        postgresql::sql(&name, "SELECT (SELECT count(*) FROM accounts) + (SELECT count(*) FROM sessions)"),
        "0\n"
    );
    let copied = copy(&place, &["countersign-data", &address(&name)]);
    assert_eq!(copied.code, Some(0), "{copied:?}");
    assert_eq!(postgresql::sql(&name, "SELECT count(*) FROM sessions"), "50000\n");
    let again = copy(&place, &["countersign-data", &address(&name)]);
    assert!(again.code == Some(1) && again.err.contains("is not empty: "), "{again:?}");

    kill_half_way(&place, "new/");
    assert!(place.path("new/countersign.db.copying").exists());
    let ran = place.run(&["user", "list", "--data-dir", "new"]);
    assert!(ran.code == Some(1) && ran.err.contains("there is no database"), "{ran:?}");
    assert_eq!(copy(&place, &["countersign-data", "new/"]).code, Some(0));
    let with_its_key = [
        "user",
        "list",
        "--data-dir",
        "new",
        "--set",
        "master_key_file=countersign-data/master.key",
        "--json",
    ];
    assert_eq!(place.run(&with_its_key).json()[0]["username"], "ann");
    assert_eq!(fs::read(&source).unwrap(), before, "the source is as it was");
}

/// LM-8: a disk that is full in the middle.
#[test]
fn a_full_disk_leaves_no_store() {
    let place = large();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$0\" store copy countersign-data full/"]);
    let ran =
        Ran::from(shell.arg(env!("CARGO_BIN_EXE_countersign")).current_dir(place.path("")).output().unwrap());
    assert!(ran.code == Some(1) && ran.err.contains("the copy was not completed"), "{ran:?}");
    let left: Vec<_> =
        fs::read_dir(place.path("full")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["countersign.db.lock"]);
}

/// What is wrong with the two addresses is said, with the exit code of a wrong command.
#[test]
fn addresses_are_checked() {
    let place = Place::with_database();
    let (name, server) = (postgresql::new_database(), place.serve(&[]));
    for (arguments, code, why) in [
        (vec!["countersign-data", "postgres://ann:hunter2@db/auth"], 2, "does not belong in an argument"),
        (vec!["countersign-data", "postgres://db/auth?sslmode=prefer"], 2, "sslmode"),
        (vec!["--to-password-file", "none", "countersign-data", "postgres://db/auth"], 2, "none: "),
        (
            vec!["--from-password-file", "countersign-data/master.key", "countersign-data", "b.db"],
            2,
            "no password",
        ),
        (vec!["countersign-data", "countersign-data/countersign.db"], 1, "are the same"),
        (vec!["nowhere.db", "b.db"], 1, "there is no store in"),
        (vec!["countersign-data", "b.db"], 1, "stop the servers"),
        (vec!["countersign-data/master.key", "b.db"], 1, "is not an SQLite database"),
    ] {
        let ran = copy(&place, &arguments);
        assert!(ran.code == Some(code) && ran.err.contains(why), "{arguments:?}: {ran:?}");
        assert!(!ran.err.contains("hunter2"), "{ran:?}");
        assert!(!place.path("b.db").exists());
    }
    place.write("password", "secret\n");
    let to = address(&name);
    let ran = place.run(&[
        "store",
        "copy",
        "--while-serving",
        "--to-password-file",
        "password",
        "countersign-data",
        &to,
        "--json",
    ]);
    assert!(ran.code == Some(0) && ran.err.contains("log-outs too"), "{ran:?}");
    let tables = ran.json()["tables"].as_array().unwrap().clone();
    let keys = tables.iter().find(|table| table["name"] == "signing_keys").unwrap();
    assert!(keys["rows"] == 1 && keys["checksum"].as_str().unwrap().len() == 64, "{tables:?}");
    drop(server);
}
