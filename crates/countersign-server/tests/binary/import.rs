//! Accounts from another system, from the file to the sign-in.

use std::process::Stdio;

use serde_json::json;

use crate::harness::{Place, eventually};

const EXPORTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../countersign/fixtures/exports");
const PASSWORD: &str = "correct horse bättery staple";

fn export(name: &str) -> String {
    format!("{EXPORTS}/{name}")
}

#[test]
fn a_dry_run_reports_and_changes_nothing_and_then_people_sign_in() {
    let place = Place::with_database();
    let django = export("django.csv");
    let dry_run = ["user", "import", &django, "--from", "django", "--dry-run"];
    let dry = place.run(&dry_run);
    assert_eq!(dry.code, Some(1), "a row cannot be imported");
    assert!(dry.out.starts_with("3 fine"), "{}", dry.out);
    assert!(
        dry.out.contains("1 hashes that protect nobody (MD5)") && dry.out.contains(": line 5"),
        "{}",
        dry.out
    );
    let (reader, unread) = std::io::pipe().unwrap();
    drop(reader);
    let status = place.command(&dry_run).stdout(unread).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(1), "the same when nobody reads on");
    assert_eq!(place.run(&["user", "list", "--json"]).json(), serde_json::json!([]));
    assert_eq!(place.run(&["user", "import", &django, "--from", "django"]).code, Some(1));
    assert!(
        dry.out.contains("\n  is_active: enabled\n") && dry.out.contains("\n  is_staff: ignored"),
        "{}",
        dry.out
    );
    let command = dry.out.lines().find_map(|line| line.strip_prefix("To import: ")).unwrap();
    assert!(command.ends_with("django.csv --from django --allow-no-password --skip-problems"), "{command}");

    let import =
        ["user", "import", &django, "--from", "django", "--skip-problems", "--allow-no-password", "--json"];
    let done = serde_json::json!({ "made": 3, "alreadyThere": 0, "authenticators": 0, "leftOut": 1 });
    assert_eq!(place.run(&import).json(), done);
    assert_eq!(place.run(&import).json()["alreadyThere"], 3, "again: goes on where it stopped");
    let server = place.serve(&[]);
    assert_eq!(server.login("ada", PASSWORD).status, 200);
    assert_eq!(server.login("bob", PASSWORD).status, 401, "disabled there, disabled here");

    let taken = place.run_with(&["user", "import", "-", "--dry-run"], "username\nnew\nADA\n");
    assert!(taken.out.contains("1 names that others have already: line 3"), "{taken:?}");

    let lines = place.run(&["user", "export"]).out;
    assert_eq!(lines.lines().count(), 3);
    let exported = place.run(&["audit", "--json", "--kind", "accounts_exported"]).json();
    assert_eq!((&exported["actor"], exported.get("requestId")), (&json!("command_line"), None));
    assert!(
        lines.contains("$argon2id$v=19$m=19456,t=2,p=1$"),
        "ada's hash was renewed at her first sign-in (PW-3)"
    );
    let other = Place::with_database();
    let read = other.run_with(&["user", "import", "-", "--allow-no-password", "--json"], &lines);
    assert_eq!(read.json()["made"], 3);
    assert_eq!(other.serve(&[]).login("ada", PASSWORD).status, 200);
}

#[test]
fn a_firebase_export_needs_its_hash_parameters() {
    let place = Place::with_database();
    let users = export("firebase.json");
    let without = place.run(&["user", "import", &users, "--from", "firebase"]);
    assert_eq!(without.code, Some(2), "{}", without.err);
    let wrong = place.run(&["user", "import", &users, "--from", "firebase", "--firebase-parameters", &users]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.err);
    let parameters = export("firebase-parameters.txt");
    let import =
        place.run(&["user", "import", &users, "--firebase-parameters", &parameters, "--allow-no-password"]);
    assert_eq!((import.code, import.out.trim()), (Some(0), "Imported 3 accounts"));
    assert_eq!(place.serve(&[]).login("ada@example.org", PASSWORD).status, 200);
}

/// Each named system's export, made with that system's own hash library: its users sign in with the password they had.
#[test]
fn users_of_each_system_sign_in_over_http() {
    for (system, file, name) in [
        ("generic", "express.csv", "ada"),
        ("django", "django.csv", "ada"),
        ("devise", "devise.csv", "ada@example.org"),
        ("firebase", "firebase.csv", "ada@example.org"),
        ("better-auth", "better-auth.jsonl", "ada@example.org"),
        ("supabase", "supabase.csv", "ada@example.org"),
        ("auth0", "auth0.jsonl", "ada@example.org"),
        ("auto", "keycloak.json", "ada"),
        ("auto", "aspnet.csv", "ada"),
        ("auto", "wordpress.csv", "ada"),
        ("auto", "werkzeug.csv", "ada"),
        ("auto", "ldap.ldif", "ada"),
        ("auto", "drupal.csv", "ada"),
    ] {
        let place = Place::with_database();
        let (users, parameters) = (export(file), export("firebase-parameters.txt"));
        let mut import =
            vec!["user", "import", &users, "--from", system, "--skip-problems", "--allow-no-password"];
        if system == "firebase" {
            import.extend(["--firebase-parameters", &parameters]);
        }
        let ran = place.run(&import);
        assert_eq!(ran.code, Some(0), "{system}: {ran:?}");
        let server = place.serve(&[]);
        for again in ["with the hash of the old system", "with ours"] {
            assert_eq!(server.login(name, PASSWORD).status, 200, "{system}, {again}");
            assert_eq!(server.login(name, "another password").status, 401, "{system}, {again}");
        }
        assert!(place.run(&["user", "export"]).out.contains("$argon2id$"), "{system}");
    }
}

/// A process that is killed in the middle leaves whole batches behind, and the same command goes on from there.
#[test]
fn an_import_that_was_killed_goes_on() {
    const USERS: usize = 20_000;
    let place = Place::with_database();
    let rows = (0..USERS).fold("username\n".to_owned(), |rows, n| rows + &format!("user{n}\n"));
    place.write("users.csv", &rows);
    let count = || {
        let listed = place.run(&["user", "list", "--json"]);
        if listed.code == Some(0) { listed.json().as_array().unwrap().len() } else { 0 }
    };
    let mut import = place.command(&["user", "import", "users.csv"]).stdout(Stdio::null()).spawn().unwrap();
    eventually(|| count() > 0);
    import.kill().unwrap();
    import.wait().unwrap();
    let there = count();
    assert!(there % 500 == 0, "{there}: a batch is whole or not there");
    let again = place.run(&["user", "import", "users.csv", "--json"]).json();
    assert_eq!(again["alreadyThere"].as_u64().unwrap(), there as u64);
    assert_eq!((again["made"].as_u64().unwrap() + there as u64, count()), (USERS as u64, USERS));
}

/// What is not decided stops with a sentence that says what to type; the dry run ends with the command that imports, and
/// that command does.
#[test]
fn a_stop_says_what_to_type_and_the_dry_run_ends_with_the_command() {
    let place = Place::with_database();
    let hash = "$2b$10$GwHSespkufcyGfkkV1YKsu8ulMNcmxCcpDu/quNoiOQzpypulwWhm";
    let rows = format!(
        "username;old status;colour;password\nann;gone fishing;red;{hash}\nbob;active;;{hash}\nkim;active;;\n"
    );
    place.write("users.csv", &rows);
    let stopped = place.run(&["user", "import", "users.csv"]);
    let said = "nobody has decided about the columns old status, colour: add --ignore 'old status' --ignore colour or";
    assert!(stopped.code == Some(1) && stopped.err.contains(said), "{stopped:?}");
    let with =
        ["user", "import", "users.csv", "--map", "old status=state", "--ignore", "colour", "--dry-run"];
    let stopped = place.run(&with);
    let said = "--state-value 'gone fishing=disabled' or 'gone fishing=enabled': line 2";
    assert!(stopped.code == Some(1) && stopped.out.contains(said), "{stopped:?}");
    let with = [&with[..], &["--state-value", "gone fishing=disabled"]].concat();
    let dry = place.run(&with);
    assert!(
        dry.code == Some(1) && dry.err.contains("1 row without a password; --allow-no-password"),
        "{dry:?}"
    );
    let command = dry.out.lines().last().unwrap().strip_prefix("To import: ").unwrap();
    let words = command.split_once(" user import ").unwrap().1;
    assert_eq!(
        words,
        "users.csv --map 'old status=state' --ignore colour --state-value 'gone fishing=disabled' \
         --from generic --allow-no-password"
    );
    let needed = ["--from", "generic", "--allow-no-password"];
    let typed: Vec<&str> = with.iter().copied().filter(|word| *word != "--dry-run").chain(needed).collect();
    assert_eq!(place.run(&typed).code, Some(0));
    let users = place.run(&["user", "list", "--json"]).json();
    let disabled: Vec<bool> =
        users.as_array().unwrap().iter().map(|user| !user["disabledAt"].is_null()).collect();
    assert_eq!(disabled, [true, false, false], "{users}");
}

#[test]
fn a_file_in_another_encoding_or_shape_is_read_or_refused_with_the_place() {
    let place = Place::with_database();
    std::fs::write(place.path("latin1.csv"), b"username,password\nann,\nb\xf6b,\n").unwrap();
    let ran = place.run(&["user", "import", "latin1.csv"]);
    assert!(ran.code == Some(1) && ran.err.contains("line 3: this is not UTF-8"), "{ran:?}");
    place.write("semicolons.csv", "\u{feff}username;password\r\nann;\r\n");
    let ran = place.run(&["user", "import", "semicolons.csv", "--dry-run"]);
    assert!(
        ran.code == Some(1) && ran.out.starts_with("1 fine\n  of them 1 without a password: line 2"),
        "{ran:?}"
    );
    place.write("nobody.csv", "first,second\na,b\n");
    let ran = place.run(&["user", "import", "nobody.csv", "--dry-run"]);
    assert!(ran.code == Some(1) && ran.out.contains("--map FIELD=name): line 2"), "{ran:?}");
    let ran = place.run(&["user", "import", "nobody.csv", "--ignore", "third"]);
    assert!(ran.code == Some(1) && ran.err.contains("the columns are first, second"), "{ran:?}");
    assert_eq!(place.run(&["user", "list", "--json"]).json(), serde_json::json!([]));
}

/// MF-1: authenticators come in a file of their own, and what cannot come over has to be accepted by the command that the dry run names.
#[test]
fn authenticators_come_over_or_somebody_accepts_that_they_do_not() {
    let place = Place::with_database();
    let (users, factors) = (export("better-auth-with-factors.jsonl"), export("better-auth-two-factor.jsonl"));
    let key = export("better-auth-secret.txt");
    let without_key = place.run(&["user", "import", &users, "--factors", &factors]);
    let said = "4 second factors cannot come over; --allow-no-factor";
    assert!(without_key.code == Some(1) && without_key.err.contains(said), "{without_key:?}");
    let with = ["user", "import", &users, "--factors", &factors, "--factor-key", &key];
    let dry = place.run(&[&with[..], &["--dry-run"]].concat());
    assert_eq!(dry.code, Some(1), "two do not come over");
    assert!(dry.out.contains("of them 2 with an authenticator: lines 1, 2"), "{}", dry.out);
    assert!(
        dry.out.contains("second factors that are not in the file: line 5 (erin@example.org)"),
        "{}",
        dry.out
    );
    let command = dry.out.lines().last().unwrap();
    assert!(command.ends_with("--from better-auth --allow-no-factor"), "{command}");
    let json = place.run(&[&with[..], &["--dry-run", "--json"]].concat()).json();
    assert_eq!(json["withFactors"], json!([1, 2]));
    let import = [&with[..], &["--allow-no-factor"]].concat();
    let done = place.run(&import);
    assert_eq!(done.out.trim(), "Imported 5 accounts with 2 authenticators", "{done:?}");
    assert!(
        done.err.contains("line 3 (carol@example.org)"),
        "who needs another one is said again: {}",
        done.err
    );
    let again = place.run(&[&import[..], &["--json"]].concat()).json();
    assert_eq!((&again["alreadyThere"], &again["authenticators"]), (&json!(5), &json!(0)));
    let held = place.run(&["user", "factor", "list", "ada@example.org", "--json"]).json();
    assert_eq!((held[0]["name"].as_str(), held.as_array().unwrap().len()), (Some("better-auth"), 1));
    let server = place.serve(&[]);
    assert_eq!(server.login("ada@example.org", PASSWORD).status, 403, "a second factor is required");
    assert_eq!(server.login("carol@example.org", PASSWORD).status, 200);
    let nothing = place.run(&["user", "import", &users, "--factors", &users]);
    assert!(
        nothing.code == Some(1) && nothing.err.contains("there are no second factors in it"),
        "{nothing:?}"
    );
}
