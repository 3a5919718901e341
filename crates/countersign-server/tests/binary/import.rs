//! Accounts from another system, from the file to the sign-in.

use crate::harness::Place;

const EXPORTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../countersign/fixtures/exports");
const PASSWORD: &str = "correct horse bättery staple";

fn export(name: &str) -> String {
    format!("{EXPORTS}/{name}")
}

#[test]
fn a_dry_run_reports_and_changes_nothing_and_then_people_sign_in() {
    let place = Place::new();
    let django = export("django.csv");
    let dry = place.run(&["user", "import", &django, "--from", "django", "--dry-run"]);
    assert_eq!(dry.code, Some(1), "a row cannot be imported");
    assert!(dry.out.starts_with("3 fine"), "{}", dry.out);
    assert!(dry.out.contains("1 unknown hash formats: line 5"), "{}", dry.out);
    assert_eq!(place.run(&["user", "list", "--json"]).json(), serde_json::json!([]));
    assert_eq!(place.run(&["user", "import", &django, "--from", "django"]).code, Some(1));

    let import = ["user", "import", &django, "--from", "django", "--skip-problems", "--json"];
    let done = serde_json::json!({ "made": 3, "alreadyThere": 0, "leftOut": 1 });
    assert_eq!(place.run(&import).json(), done);
    assert_eq!(place.run(&import).json()["alreadyThere"], 3, "again: goes on where it stopped");
    let server = place.serve(&[]);
    assert_eq!(server.login("ada", PASSWORD).status, 200);
    assert_eq!(server.login("bob", PASSWORD).status, 401, "disabled there, disabled here");

    let lines = place.run(&["user", "export"]).out;
    assert_eq!(lines.lines().count(), 3);
    assert!(
        lines.contains("$argon2id$v=19$m=19456,t=2,p=1$"),
        "ada's hash was renewed at her first sign-in (PW-3)"
    );
    let other = Place::new();
    let read = other.run_with(&["user", "import", "-", "--from", "countersign", "--json"], &lines);
    assert_eq!(read.json()["made"], 3);
    assert_eq!(other.serve(&[]).login("ada", PASSWORD).status, 200);
}

#[test]
fn a_firebase_export_needs_its_hash_parameters() {
    let place = Place::new();
    let users = export("firebase.json");
    let without = place.run(&["user", "import", &users, "--from", "firebase"]);
    assert_eq!(without.code, Some(2), "{}", without.err);
    let wrong = place.run(&["user", "import", &users, "--from", "firebase", "--firebase-parameters", &users]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.err);
    let parameters = export("firebase-parameters.txt");
    let import =
        place.run(&["user", "import", &users, "--from", "firebase", "--firebase-parameters", &parameters]);
    assert_eq!((import.code, import.out.trim()), (Some(0), "Imported 3 accounts"));
    assert_eq!(place.serve(&[]).login("ada@example.org", PASSWORD).status, 200);
}
