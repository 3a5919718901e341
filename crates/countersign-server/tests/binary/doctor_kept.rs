//! `countersign doctor` about password hashes, tokens for other verifiers, and PostgreSQL.

use crate::database::Database;
use crate::doctor::{findings, severity};
use crate::harness::{PASSWORD, Place, eventually};
use crate::postgres::{new_database, place};
use crate::postgresql;

#[test]
fn hashes_are_looked_at() {
    let place = Place::new();
    place.add_user("ada", "admin");
    let is = |id: &str, arguments: &[&str]| severity(&place, id, arguments);
    assert_eq!(
        is(
            "passwords.memory",
            &["--set", "password.hash_threads=2", "--set", "password.memory_budget=38MiB"]
        ),
        "good"
    );
    assert_eq!(
        is(
            "passwords.memory",
            &["--set", "password.hash_threads=2", "--set", "password.memory_budget=37MiB"]
        ),
        "warning"
    );
    // More than half a second on any machine.
    let slow = [
        "--set",
        "password.hash_threads=1",
        "--set",
        "password.hash_memory=128MiB",
        "--set",
        "password.memory_budget=1GiB",
        "--set",
        "password.hash_passes=16",
    ];
    assert_eq!(is("passwords.hash-time", &slow), "warning");
    assert_eq!(is("passwords.foreign", &[]), "good");
    place.write("pepper", &format!("1 {}\n", "5a".repeat(32)));
    let pepper = ["--set", "password.pepper_file=pepper"];
    assert_eq!(is("passwords.pepper", &pepper), "warning");
    let ran = place.run(&[&["user", "reseal"], &pepper[..]].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(is("passwords.pepper", &pepper), "good");
    let bcrypt = "$2b$04$abcdefghijklmnopqrstuu0Ez3YVO4DPP2WlqHuYBqsyPbZyQZIbi";
    Database::of(&place).execute(&format!("UPDATE accounts SET password_hash = '{bcrypt}'"));
    assert_eq!(is("passwords.foreign", &[]), "warning");
}

/// What browsers need, by the configuration alone.
#[test]
fn front_ends_are_looked_at() {
    let place = Place::with_database();
    let with = |origins: &str, id: &str| {
        let cors = format!("cors_origins={origins}");
        severity(&place, id, &["--set", "public_origin=https://auth.example.com", "--set", &cors])
    };
    assert_eq!(severity(&place, "browser.cookies", &[]), "warning");
    assert_eq!(with("https://app.example.com", "browser.cookies"), "good");
    assert_eq!(with("https://app.example.com", "browser.same-site"), "good");
    assert_eq!(with("https://app.example.org", "browser.same-site"), "warning");
    assert_eq!(with("https://app.example.com", "browser.origins"), "good");
    assert_eq!(with("http://app.example.com", "browser.origins"), "warning");
}

/// A token for everybody is none for Spring; one with its preset is.
#[test]
fn a_token_is_tried_on_another_verifier() {
    let place = Place::new();
    place.write(
        "countersign.toml",
        "public_origin = \"https://auth.example.com\"\nbehind_proxy = \"127.0.0.1\"\n[[audiences]]\nname = \"reports\"\npreset = \"spring\"\n\
         [[audiences]]\nname = \"cluster\"\npreset = \"kubernetes\"\n",
    );
    place.add_user("ada", "admin");
    let server = place.serve(&[]);
    let token = |audience: &str| {
        let body = format!("{{\"username\":\"ada\",\"password\":\"{PASSWORD}\"{audience}}}");
        server.request("POST", "/api/login", "Content-Type: application/json\r\n", &body).token()
    };
    let tried = |consumer: &str, token: &str| {
        let ran = place.run_with(&["doctor", "--json", "--only", "consumer", "--consumer", consumer], token);
        assert!(!ran.out.contains(token) && !ran.err.contains(token), "{ran:?}");
        let found = findings(&ran).into_iter().filter(|(_, (severity, _))| severity != "good");
        found.map(|(id, _)| id).collect::<Vec<_>>()
    };
    let [usual, reports, cluster] = ["", ",\"audience\":\"reports\"", ",\"audience\":\"cluster\""].map(token);
    assert_eq!(tried("spring", &usual), ["consumer.algorithm", "consumer.type"]);
    assert_eq!(tried("spring", &reports), [""; 0]);
    assert_eq!(tried("express", &usual), [""; 0]);
    assert_eq!(tried("nginx", &usual), [""; 0]);
    assert_eq!(tried("kubernetes", &reports), ["consumer.claims"]);
    assert_eq!(tried("kubernetes", &cluster), [""; 0]);
    let (head, signature) = usual.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    assert_eq!(tried("express", &format!("{head}.{other}{}", &signature[1..])), ["consumer.signature"]);
    place.write("token", &usual);
    let file = ["doctor", "--json", "--only", "consumer", "--consumer", "express", "--token-file", "token"];
    assert_eq!(place.run(&file).code, Some(0));
    let elsewhere = [&file[..], &["--set", "public_origin=https://other.example"]].concat();
    let ran = findings(&place.run(&elsewhere));
    assert_eq!(ran["consumer.issuer"].0, "error");
    assert_eq!(ran["consumer.audience"].0, "error", "it is the issuer by default");
    let ran = place.run(&["doctor", "--consumer", "nobody"]);
    assert!(ran.code == Some(2) && ran.err.contains("known are apache"), "{ran:?}");
}

/// A real PostgreSQL that is all right, and several that are not.
#[test]
fn a_shared_database_is_looked_at() {
    let (url, name) = new_database();
    let place = place(&url);
    assert_eq!(severity(&place, "store.opens", &[]), "error", "there are no tables yet");
    assert_eq!(place.run(&["init"]).code, Some(0));
    let tables = || {
        postgresql::sql(
            &name,
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables ORDER BY 1",
        )
    };
    let before = tables();
    let ran = place.run(&["doctor", "--json", "--only", "store,keys,people"]);
    let found = findings(&ran);
    for id in [
        "opens",
        "version",
        "schema",
        "primary",
        "durable",
        "encrypted",
        "pooler",
        "clock",
        "dead-rows",
        "wraparound",
    ] {
        assert_eq!(found[&format!("store.{id}")].0, "good", "{id}: {ran:?}");
    }
    assert_eq!(found["people.administrator"].0, "warning");
    assert!(!format!("{ran:?}").contains(":secret"), "{ran:?}");
    assert!(!found.contains_key("store.journal") && !found.contains_key("backup.age"), "{found:?}");
    assert_eq!(tables(), before, "nothing was written");

    postgresql::sql(&name, &format!("ALTER DATABASE {name} SET synchronous_commit = off"));
    assert_eq!(severity(&place, "store.durable", &[]), "error");
    postgresql::sql(&name, &format!("ALTER DATABASE {name} RESET synchronous_commit"));
    postgresql::sql(&name, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    assert_eq!(severity(&place, "store.primary", &[]), "error");
}

#[test]
fn a_table_that_fares_badly_is_seen() {
    let server = postgresql::Server::start(
        &["synchronous_standby_names='standby'", "synchronous_commit=local", "autovacuum=off"],
        &[],
    );
    let name = server.new_database();
    let place = place(&server.url(&name));
    assert_eq!(place.run(&["init"]).code, Some(0));
    assert_eq!(severity(&place, "store.durable", &[]), "warning");
    // Changes that touch an index, and nobody who clears up.
    server.sql(
        &name,
        "CREATE INDEX own ON sessions (rotated_at);
         INSERT INTO sessions SELECT gen_random_uuid(), gen_random_uuid(), sha256('x'), 1, 9000000000000, 0, 1, NULL, NULL, NULL, NULL, 1, ''
           FROM generate_series(1, 20000);
         UPDATE sessions SET rotated_at = rotated_at + 1",
    );
    eventually(|| severity(&place, "store.hot-updates", &[]) == "warning");
    assert_eq!(severity(&place, "store.dead-rows", &[]), "warning");
    server.sql(&name, "VACUUM ANALYZE sessions");
    eventually(|| severity(&place, "store.dead-rows", &[]) == "good");
}
