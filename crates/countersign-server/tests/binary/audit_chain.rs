//! `countersign audit verify|export`: what somebody changes, takes away or puts in with SQL is found and named, on both stores.

use std::fs;

use serde_json::{Value, json};

use crate::database::Database;
use crate::harness::{PASSWORD, Place, Ran, eventually};
use crate::postgres::{new_database, place};
use crate::postgresql;

fn good(ran: Ran) -> Ran {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran
}

/// What `audit verify` finds: faults and rows.
fn found(place: &Place, arguments: &[&str]) -> Vec<(String, i64)> {
    let ran = place.run(&[&["audit", "verify", "--json"], arguments].concat());
    let faults: Value = serde_json::from_str(ran.out.trim()).unwrap_or_else(|_| panic!("{ran:?}"));
    let faults = faults["faults"].as_array().unwrap().clone();
    assert_eq!(ran.code, Some(i32::from(!faults.is_empty())), "{ran:?}");
    let of = |fault: &Value| {
        (fault["fault"].as_str().unwrap().to_owned(), fault["sequence"].as_i64().unwrap_or(-1))
    };
    faults.iter().map(of).collect()
}

fn one(fault: &str, row: i64) -> Vec<(String, i64)> {
    vec![(fault.to_owned(), row)]
}

/// A log with some events, by a server and by commands.
fn with_events(place: &Place) {
    let server = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    let login = server.login("ann", PASSWORD);
    server.login("ann", "wrong password");
    server.login("nobody", "wrong password");
    assert_eq!(server.profile(&login.token()).status, 200);
    good(place.run(&["feed-key", "add", "shop"]));
    good(place.run(&["client", "add", "till"]));
    assert!(server.stop().0.success());
}

/// LG-6: everything that SQL can do.
#[expect(clippy::too_many_lines, reason = "a list of what is done, with what is found")]
fn tampering_is_named(place: &Place, sql: &dyn Fn(&str), sequences: &[i64]) {
    assert_eq!(found(place, &[]), []);
    let tables = ["audit_log", "audit_chain", "audit_head"];
    for table in tables {
        sql(&format!("CREATE TABLE saved_{table} AS SELECT * FROM {table}"));
    }
    let (row, last) = (sequences[2], sequences[sequences.len() - 1]);
    let insert = |sequence: &str| {
        let (names, values) = if sequence.is_empty() {
            (String::new(), String::new())
        } else {
            ("sequence, ".to_owned(), format!("{sequence}, "))
        };
        format!(
            "INSERT INTO audit_log ({names}at, actor, kind, detail) VALUES ({values}1700000000000, 'system', 'key_removed', 'x')"
        )
    };
    let all = "at, actor, actor_id, address, kind, account_id, session_id, detail, request_id, mac";
    let mut cases = vec![
        (format!("DELETE FROM audit_log WHERE sequence = {row}"), one("missing", row)),
        (
            format!(
                "DELETE FROM audit_log WHERE sequence = {row}; DELETE FROM audit_chain WHERE sequence = {row}"
            ),
            one("missing_after", sequences[1]),
        ),
        (
            format!(
                "DELETE FROM audit_log WHERE sequence = {last}; DELETE FROM audit_chain WHERE sequence = {last}"
            ),
            one("missing_after", sequences[sequences.len() - 2]),
        ),
        (insert(""), one("inserted", last + 1)),
        (insert("-7"), one("inserted", -7)),
        (
            format!(
                "INSERT INTO audit_log (sequence, {all}) SELECT -8, {all} FROM audit_log WHERE sequence = {row}"
            ),
            one("inserted", -8),
        ),
        ("UPDATE audit_head SET begun_after = 999999".to_owned(), one("record", -1)),
    ];
    for change in [
        "detail = 'other'",
        "at = at + 1",
        "kind = 'key_removed'",
        "address = '192.0.2.1'",
        "actor = 'system'",
        "mac = NULL",
    ] {
        let sql = format!("UPDATE audit_log SET {change} WHERE sequence = {row}");
        cases.push((sql, one("changed", row)));
    }
    for (change, faults) in cases {
        sql(&change);
        assert_eq!(found(place, &[]), faults, "{change}");
        for table in tables {
            sql(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM saved_{table}"));
        }
        assert_eq!(found(place, &[]), [], "after: {change}");
    }
    for table in tables {
        sql(&format!("DROP TABLE saved_{table}"));
    }
}

fn exported(place: &Place, since: &str) -> Vec<Value> {
    let out = good(place.run(&["audit", "export", "--since", since])).out;
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// LG-6: an export has all events as `audit --json` has them, goes on where the last one ended, and shows itself what was done to it.
fn an_export_is_verified(place: &Place) {
    let all = exported(place, "0");
    let logged = good(place.run(&["audit", "--json"])).out;
    let without = |line: &Value| {
        let mut line = line.clone();
        line.as_object_mut().unwrap().remove("chain");
        line
    };
    let mut events: Vec<_> = all.iter().map(without).collect();
    events.sort_by_key(|event| event["sequence"].as_i64());
    assert_eq!(
        events,
        logged.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    );
    assert_eq!(exported(place, "3"), all[3..]);
    let verify = |lines: &[Value]| {
        let text: Vec<_> = lines.iter().map(Value::to_string).collect();
        let text = text.join("\n");
        place.write("export", &text);
        found(place, &["--file", "export"])
    };
    assert_eq!(verify(&all), []);
    assert_eq!(verify(&all[2..]), [], "a part of it");
    let row = |n: usize| all[n]["sequence"].as_i64().unwrap();
    let mut changed = all.clone();
    changed[2]["detail"] = json!("other");
    assert_eq!(verify(&changed), one("changed", row(2)));
    let mut cut = all.clone();
    cut.remove(2);
    assert_eq!(verify(&cut), one("missing_after", row(1)));
    let ran = place.run(&["audit", "verify"]);
    let end =
        ran.err.split("noted elsewhere: ").nth(1).unwrap_or_else(|| panic!("{ran:?}")).trim().to_owned();
    assert_eq!(found(place, &["--noted", &end]), []);
    let digit = if end.ends_with('0') { '1' } else { '0' };
    let other = format!("{}{digit}", &end[..end.len() - 1]);
    assert_eq!(found(place, &["--noted", &other]), one("noted_end", -1));
}

fn sequences(place: &Place) -> Vec<i64> {
    exported(place, "0").iter().map(|line| line["sequence"].as_i64().unwrap()).collect()
}

#[test]
fn tampering_with_the_embedded_log_is_named() {
    let place = Place::new();
    place.add_user("ann", "admin");
    with_events(&place);
    let database = Database::of(&place);
    tampering_is_named(&place, &|sql| database.execute(sql), &sequences(&place));
    an_export_is_verified(&place);
    // The key is sealed again, and the chain goes on.
    good(place.run(&["master-key", "add"]));
    good(place.run(&["master-key", "use", "2"]));
    let refused = place.run(&["master-key", "remove", "1", "--force"]);
    assert!(refused.err.contains("the audit key is sealed under it"), "{refused:?}");
    good(place.run(&["master-key", "reseal", "--force"]));
    assert_eq!(found(&place, &[]), []);
    // Neither a backup nor a copy loses it.
    good(place.run(&["backup", "ann.backup"]));
    let data = place.path("countersign-data");
    for name in ["countersign.db", "countersign.db-wal", "countersign.db-shm"] {
        let _ = fs::rename(data.join(name), data.join(format!("lost-{name}")));
    }
    good(place.run(&["restore", "ann.backup"]));
    assert_eq!(found(&place, &[]), []);
    good(place.run(&["restore", "--mark"]));
    let (url, name) = new_database();
    place.write("password", "secret\n");
    let to = url.replace(":secret", "");
    good(place.run(&["store", "copy", "countersign-data", &to, "--to-password-file", "password"]));
    let mut shared = crate::postgres::place(&url);
    let key = place.path("countersign-data/master.key");
    shared.set("COUNTERSIGN_MASTER_KEY_FILE", key.to_str().unwrap());
    assert_eq!(found(&shared, &[]), []);
    postgresql::sql(&name, "UPDATE audit_log SET detail = 'other' WHERE sequence = 2");
    assert_eq!(found(&shared, &[]), one("changed", 2));
}

#[test]
fn tampering_with_a_shared_log_is_named() {
    let (url, name) = new_database();
    let place = place(&url);
    good(place.run(&["init"]));
    place.add_user_to_shared("ann", "admin");
    with_events(&place);
    let sql = |sql: &str| drop(postgresql::sql(&name, sql));
    tampering_is_named(&place, &sql, &sequences(&place));
    an_export_is_verified(&place);
    // The server that has stopped need not be waited for.
    sql("UPDATE leases SET until = 0");
    rows_whose_time_is_over(&place, &sql);
}

/// LG-6, LG-8: house-keeping is no tampering, and nobody can pass for it.
fn rows_whose_time_is_over(place: &Place, sql: &dyn Fn(&str)) {
    let before = sequences(place);
    sql(&format!("UPDATE audit_log SET at = 0 WHERE sequence IN ({}, {})", before[0], before[2]));
    let server = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    eventually(|| !good(place.run(&["audit", "--json"])).out.contains("1970-01-01"));
    assert_eq!(found(place, &[]), []);
    server.login("ann", PASSWORD);
    assert!(server.stop().0.success());
    assert_eq!(found(place, &[]), []);
    sql(&format!("DELETE FROM audit_log WHERE sequence = {}", before[1]));
    assert_eq!(found(place, &[]), one("missing", before[1]));
    sql("UPDATE audit_gaps SET last = last + 1");
    assert_eq!(found(place, &[])[0], ("record".to_owned(), -1));
}

#[test]
fn house_keeping_in_the_embedded_log_is_no_tampering() {
    let place = Place::new();
    place.add_user("ann", "admin");
    with_events(&place);
    let database = Database::of(&place);
    rows_whose_time_is_over(&place, &|sql| database.execute(sql));
}
