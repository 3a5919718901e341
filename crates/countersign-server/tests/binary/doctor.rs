//! `countersign doctor` against real files, databases and servers: what makes each finding red, and that it only looks.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use serde_json::Value;

use crate::database::Database;
use crate::harness::{PASSWORD, Place, Ran, eventually};

/// What a run found, by id: the severity, and all that it says.
pub(crate) fn findings(ran: &Ran) -> BTreeMap<String, (String, String)> {
    let list = ran.json()["findings"].as_array().unwrap_or_else(|| panic!("{ran:?}")).clone();
    let text = |finding: &Value, member: &str| finding[member].as_str().unwrap().to_owned();
    let entry = |finding: Value| (text(&finding, "id"), (text(&finding, "severity"), finding.to_string()));
    list.into_iter().map(entry).collect()
}

/// Runs it with these arguments; gives the severity of a finding, which has to be there.
pub(crate) fn severity(place: &Place, id: &str, arguments: &[&str]) -> String {
    let ran = place.run(&[&["doctor", "--json", "--only", id], arguments].concat());
    findings(&ran).remove(id).unwrap_or_else(|| panic!("{id}: {ran:?}")).0
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Everything about the files of a folder that a look must not change.
fn files(folder: &Path) -> Vec<(String, u32, u64, i64, i64)> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let about = entry.metadata().unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, about.mode(), about.size(), about.mtime(), about.mtime_nsec())
        })
        .collect();
    all.sort();
    all
}

fn healthy() -> Place {
    let place = Place::with_database();
    place.add_user("ada", "admin");
    let ran = place.run(&["backup", "first.backup"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    // Its first start makes the signing key.
    place.serve(&[]).stop();
    place
}

/// OP-12: nothing is made, changed or left behind, whether a server runs or not; and no secret is said.
#[test]
fn it_only_looks() {
    let place = healthy();
    let data = place.path("countersign-data");
    let before = files(&data);
    let ran = place.run(&["doctor"]);
    assert!(ran.code == Some(0), "{ran:?}");
    assert_eq!(files(&data), before);
    let key = fs::read_to_string(data.join("master.key")).unwrap();
    let secret = key.split_whitespace().last().unwrap();
    assert_eq!(secret.len(), 64);
    assert!(!format!("{ran:?}").contains(secret), "{ran:?}");
    assert!(!format!("{ran:?}").contains("$argon2id$"), "{ran:?}");

    let server = place.serve(&[]);
    assert_eq!(server.login("ada", PASSWORD).status, 200);
    let before: Vec<_> = files(&data).into_iter().filter(|file| !file.0.ends_with("-shm")).collect();
    let ran = place.run(&["doctor", "--json"]);
    assert!(findings(&ran)["store.opens"].0 == "good", "{ran:?}");
    let after: Vec<_> = files(&data).into_iter().filter(|file| !file.0.ends_with("-shm")).collect();
    assert_eq!(after, before);
    assert_eq!(server.login("ada", PASSWORD).status, 200);

    // Where there is nothing, nothing is made.
    let empty = Place::new();
    let ran = empty.run(&["doctor", "--json"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(findings(&ran)["store.opens"].0, "error");
    assert!(!empty.path("countersign-data").exists());
}

#[test]
fn the_exit_code_is_the_worst_that_was_found() {
    let place = healthy();
    let code = |arguments: &[&str]| place.run(&[&["doctor"], arguments].concat()).code;
    assert_eq!(code(&["--only", "people,keys", "--strict"]), Some(0));
    assert_eq!(code(&["--only", "config.issuer"]), Some(0));
    assert_eq!(code(&["--only", "config.issuer", "--strict"]), Some(1));
    assert_eq!(code(&["--set", "isuer=x"]), Some(2));
    for (group, argument) in [("reach", "--from URL"), ("consumer", "--consumer NAME")] {
        let ran = place.run(&["doctor", "--only", group]);
        assert!(ran.code == Some(2) && ran.err.contains(&format!("{group} needs {argument}")), "{ran:?}");
    }
    let ran = Place::new().run(&["doctor", "--json", "--only", "people"]);
    assert!(ran.code == Some(2) && findings(&ran)["store.opens"].0 == "error", "{ran:?}");
    let ran = place.run(&["doctor", "--json", "--only", "people", "--set", "isuer=x"]);
    assert!(ran.code == Some(2) && findings(&ran)["config.valid"].0 == "error", "{ran:?}");
    let ran = place.run(&["doctor", "--only", "nothing"]);
    assert!(ran.code == Some(2) && ran.err.contains("the groups are config, reach"), "{ran:?}");
    let ran = place.run(&["doctor", "--only", "backup.age"]);
    assert!(ran.out.contains("  + backup.age: the last backup is of 2"), "{ran:?}");
    let ran = place.run(&["doctor", "--only", "config.issuer"]);
    for line in
        ["  ! config.issuer: the issuer is http://localhost", "      Why   ", "      Mend  set public_origin"]
    {
        assert!(ran.out.contains(line), "{ran:?}");
    }
}

/// The configuration: red by what is wrong with it, green by what is right.
#[test]
fn a_configuration_is_looked_at() {
    let place = healthy();
    let public = ["--set", "public_origin=https://auth.example.com", "--set", "behind_proxy=127.0.0.1"];
    for (id, red, green, expected) in [
        ("config.valid", &["--set", "session.grace=yes"][..], &[][..], "error"),
        ("config.warnings", &["--set", "password.min_length=8"], &[], "warning"),
        (
            "config.without-effect",
            &["--set", "keys.rotate_every=0s", "--set", "keys.publish_before=2d"],
            &[],
            "warning",
        ),
        ("config.issuer", &[], &public, "warning"),
        ("config.proxies", &[&public[..], &["--set", "behind_proxy=0.0.0.0/0"]].concat(), &public, "error"),
        ("config.files", &["--set", "pages.logo_file=nowhere.svg"], &[], "error"),
        (
            "config.listen",
            &[&public[..], &["--set", "listen=192.0.2.1:80"]].concat(),
            &["--set", "listen=127.0.0.1:0"],
            "error",
        ),
        ("system.core-dumps", &["--set", "core_dumps=on"], &[], "warning"),
        (
            "system.memory",
            &["--set", "password.memory_budget=1000GiB"],
            &["--set", "password.memory_budget=20MiB"],
            "warning",
        ),
    ] {
        assert_eq!(severity(&place, id, red), expected, "{id}");
        assert_eq!(severity(&place, id, green), "good", "{id}");
    }
    let limit = ["--set", "max_connections=1000000"];
    assert_eq!(severity(&place, "system.open-files", &limit), "warning");
    assert_eq!(severity(&place, "system.open-files", &["--set", "max_connections=16"]), "good");
    fs::write(place.path("cert.pem"), "nonsense").unwrap();
    fs::write(place.path("key.pem"), "nonsense").unwrap();
    let tls = [
        "--set",
        "tls.cert_file=cert.pem",
        "--set",
        "tls.key_file=key.pem",
        "--set",
        "public_origin=https://a.example",
    ];
    assert_eq!(severity(&place, "config.certificate", &tls), "error");
    let own = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    fs::write(place.path("cert.pem"), own.cert.pem()).unwrap();
    fs::write(place.path("key.pem"), own.signing_key.serialize_pem()).unwrap();
    assert_eq!(severity(&place, "config.certificate", &tls), "good");
}

/// The database file, the master key, the people, the backup.
#[test]
fn what_is_kept_is_looked_at() {
    let place = healthy();
    let data = place.path("countersign-data");
    let is = |id: &str, expected: &str| assert_eq!(severity(&place, id, &[]), expected, "{id}");
    for id in
        ["store.permissions", "keys.permissions", "keys.fingerprint", "people.administrator", "backup.age"]
    {
        is(id, "good");
    }
    for id in [
        "store.schema",
        "store.journal",
        "store.log-size",
        "store.version",
        "store.file-system",
        "keys.master-key",
    ] {
        is(id, "good");
    }
    for id in ["keys.signing", "keys.next", "keys.age", "keys.sealed"] {
        is(id, "good");
    }
    mode(&data.join("countersign.db"), 0o644);
    is("store.permissions", "error");
    assert_eq!(fs::metadata(data.join("countersign.db")).unwrap().mode() & 0o777, 0o644, "it is as it was");
    mode(&data.join("countersign.db"), 0o600);
    mode(&data.join("master.key"), 0o604);
    is("keys.permissions", "error");
    mode(&data.join("master.key"), 0o600);

    let database = Database::of(&place);
    database.execute("UPDATE accounts SET role = 'user'");
    database.execute("UPDATE milestones SET at = at - 8 * 86400000");
    database.execute("UPDATE signing_keys SET active_from = active_from - 99 * 86400000");
    is("people.administrator", "warning");
    is("backup.age", "warning");
    is("keys.next", "warning");
    is("keys.age", "warning");

    let key = fs::read_to_string(data.join("master.key")).unwrap();
    let other = "ab".repeat(32);
    fs::write(data.join("master.key"), format!("2 {other}\n{key}")).unwrap();
    is("keys.sealed", "warning");
    fs::write(data.join("master.key"), format!("1 {other}\n")).unwrap();
    is("keys.fingerprint", "error");
    fs::remove_file(data.join("master.key")).unwrap();
    is("keys.master-key", "error");
    assert!(!data.join("master.key").exists());
    fs::write(
        data.join("countersign.db"),
        "nonsense, and not short: at least as long as the head of a database would be",
    )
    .unwrap();
    is("store.opens", "error");
}

/// A log that nobody may copy back: somebody reads for ever. It is said for a running server, whose limits count.
#[test]
fn a_running_server_is_looked_at() {
    let place = healthy();
    let data = place.path("countersign-data");
    let server = place.serve(&[]);
    let ran = place.run(&["doctor", "--json", "--only", "system"]);
    assert!(findings(&ran)["system.open-files"].1.contains(&format!("process {}", server.id())), "{ran:?}");
    assert_eq!(severity(&place, "store.log-size", &[]), "good");
    let log = fs::OpenOptions::new().write(true).open(data.join("countersign.db-wal")).unwrap();
    log.set_len(300 << 20).unwrap(); // a hole, which SQLite takes for the end of the log
    assert_eq!(severity(&place, "store.log-size", &[]), "warning");
    drop(server);
}

/// The system's tool says whether the clock is synchronised.
#[test]
fn the_clock_is_asked_about() {
    let mut place = healthy();
    fs::create_dir(place.path("bin")).unwrap();
    let path = place.path("bin").display().to_string();
    place.set("PATH", &path);
    for (answer, expected) in [("yes", "good"), ("no", "warning")] {
        place.write("bin/timedatectl", &format!("#!/bin/sh\necho {answer}\n"));
        mode(&place.path("bin/timedatectl"), 0o755);
        assert_eq!(severity(&place, "system.clock", &[]), expected);
    }
}

/// The guide says of each finding what the program says.
#[test]
fn the_guide_lists_every_finding() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let guide = fs::read_to_string(root.join("docs/guides/doctor.md")).unwrap();
    let (_, table) = guide.split_once("<!-- the output of `countersign doctor --list` -->\n").unwrap();
    let (table, _) = table.split_once("<!-- end -->").unwrap();
    assert_eq!(table, Place::new().run(&["doctor", "--list"]).out);
}

/// OP-12: administrators see in the overview what a look finds, and no more when it is mended.
#[test]
fn the_overview_says_what_is_wrong() {
    let place = Place::new();
    place.add_user("ada", "admin");
    let server = place.serve(&[]);
    let bearer = format!("Authorization: Bearer {}\r\n", server.login("ada", PASSWORD).token());
    let overview = || server.request("GET", "/api/admin/overview", &bearer, "").json();
    let found = || {
        let list = overview()["findings"].as_array()?.clone();
        Some(list.iter().map(|finding| finding["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    eventually(|| found().is_some());
    let before = found().unwrap();
    assert!(
        before.contains(&"backup.age".to_owned()) && before.contains(&"config.issuer".to_owned()),
        "{before:?}"
    );
    let said = place.run(&["doctor", "--json", "--only", "backup.age"]).json();
    let shown = overview()["findings"].as_array().unwrap().clone();
    assert!(shown.contains(&said["findings"][0]), "{shown:?} {said}");

    assert_eq!(place.run(&["backup", "first.backup"]).code, Some(0));
    server.signal("HUP");
    eventually(|| !found().unwrap().contains(&"backup.age".to_owned()));
    // What is red then is red here; and the worst comes first.
    mode(&place.path("countersign-data/countersign.db"), 0o644);
    server.signal("HUP");
    eventually(|| found().unwrap()[0] == "store.permissions");
    assert_eq!(overview()["findings"][0]["severity"], "error");
    let (status, said) = server.stop();
    assert!(status.success() && !said.contains("the overview cannot say"), "{said}");
}
