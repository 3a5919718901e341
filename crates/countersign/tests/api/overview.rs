//! What an administrator sees first.

use axum::http::StatusCode;
use countersign::http::HttpOptions;
use countersign::internal::model::account::Role;
use countersign::store::sqlite::{OpenMode, SqliteStore};
use countersign::store::{AnyStore, Upkeep as _};
use countersign::{Clock, Finding, Findings, Options, Severity};
use serde_json::{Value, json};

use crate::app::{ISSUER, PASSWORD, START, TestApp};

async fn overview(app: &TestApp, range: &str) -> Value {
    let root = app.sign_in("root").await.access_token;
    let reply = app.get(&format!("/api/admin/overview{range}")).bearer(&root).send().await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    reply.json()
}

/// All of a figure.
fn sum(overview: &Value, figure: &str, label: &str) -> u64 {
    let series = overview["series"].as_array().unwrap().iter();
    let of = series.filter(|series| (&series["figure"], &series["label"]) == (&json!(figure), &json!(label)));
    of.flat_map(|series| series["values"].as_array().unwrap()).filter_map(Value::as_u64).sum()
}

#[tokio::test]
async fn an_overview_says_what_has_happened_and_how_things_are() {
    let app = TestApp::new().await;
    let ada = app.sign_in("ada").await;
    app.login("ada", "wrong horse battery staple").await.assert_error(401, "invalid_credentials");
    app.refresh(&ada.cookie).await;
    let root = overview(&app, "").await;
    assert_eq!(
        (&root["range"], &root["step"], &root["at"]),
        (&json!("hour"), &json!(60), &json!("2023-11-14T22:13:20.000Z"))
    );
    assert_eq!(root["times"][59], "2023-11-14T22:13:00.000Z");
    assert_eq!(
        (sum(&root, "logins", "ok"), sum(&root, "logins", "wrong"), sum(&root, "refreshes", "fresh")),
        (2, 1, 1)
    );
    // 22:13:20, and keys are rotated every 90 days.
    assert_eq!(
        (&root["nextKeyAt"], &root["lastBackupAt"]),
        (&json!("2024-02-12T22:13:20.000Z"), &Value::Null)
    );
    assert_eq!(
        (&root["sessions"], &root["hashingQueue"], &root["followers"]),
        (&Value::Null, &json!(0), &json!(0))
    );

    // What is stored is not counted again.
    app.countersign.store_activity().await.unwrap();
    app.countersign.sweep(app.clock.now()).await.unwrap();
    app.countersign.store().record_backup(app.clock.now(), &app.operator()).await.unwrap();
    app.wait(600);
    let later = overview(&app, "?range=day").await;
    assert_eq!((sum(&later, "logins", "ok"), sum(&later, "logins", "wrong")), (3, 1));
    assert_eq!((&later["sessions"], &later["sessionsAt"]), (&json!(2), &json!("2023-11-14T22:13:00.000Z")));
    assert_eq!(later["lastBackupAt"], "2023-11-14T22:13:20.000Z");
    assert_eq!((later["times"].as_array().unwrap().len(), &later["step"]), (96, &json!(900)));
    let month = overview(&app, "?range=month").await;
    assert_eq!((sum(&month, "logins", "ok"), &month["sessions"]), (4, &json!(2)));
}

/// Administrators see what somebody found who looked, and whether anybody did; others do not.
#[tokio::test]
async fn an_overview_says_what_is_not_as_it_should_be() {
    let app = TestApp::new().await;
    let nobody_looked = overview(&app, "").await;
    assert_eq!((&nobody_looked["findings"], &nobody_looked["findingsAt"]), (&Value::Null, &Value::Null));
    let backup = Finding {
        id: "backup.age".to_owned(),
        severity: Severity::Warning,
        seen: "no backup was ever made".to_owned(),
        why: "A disk dies".to_owned(),
        mend: "countersign backup FILE".to_owned(),
    };
    app.countersign.show_findings(Findings { at: app.clock.now(), list: vec![backup] });
    let found = overview(&app, "").await;
    assert_eq!(found["findingsAt"], "2023-11-14T22:13:20.000Z");
    assert_eq!(
        found["findings"],
        json!([{
            "id": "backup.age", "severity": "warning", "seen": "no backup was ever made",
            "why": "A disk dies", "mend": "countersign backup FILE",
        }])
    );
    app.countersign.show_findings(Findings { at: app.clock.now(), list: Vec::new() });
    assert_eq!(overview(&app, "").await["findings"], json!([]));
    let ada = app.sign_in("ada").await.access_token;
    app.get("/api/admin/overview").bearer(&ada).send().await.assert_error(403, "forbidden");
}

#[tokio::test]
async fn a_range_has_a_name() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await.access_token;
    for query in ["range=year", "range=", "range=hour&range=day", "since=0"] {
        let reply = app.get(&format!("/api/admin/overview?{query}")).bearer(&root).send().await;
        reply.assert_error(422, "invalid_value");
    }
}

/// Each node adds what it has seen, and each shows all of it.
#[tokio::test]
async fn nodes_add_to_the_same_overview() {
    let nodes = TestApp::nodes(2).await;
    nodes[0].register("root", Role::admin()).await;
    for node in &nodes {
        node.login("ada", PASSWORD).await;
        node.countersign.store_activity().await.unwrap();
    }
    // Whoever asks has signed in, too.
    for (node, signed_in) in nodes.iter().zip(3..) {
        assert_eq!(sum(&overview(node, "").await, "logins", "ok"), signed_in);
        node.countersign.store_activity().await.unwrap();
    }
}

/// What a store has not taken is neither lost nor counted twice.
#[tokio::test]
async fn what_could_not_be_stored_is_stored_later() {
    let directory = tempfile::tempdir().unwrap();
    let (path, options) = (directory.path().join("store.db"), Options::new(ISSUER, "api"));
    let store = AnyStore::Sqlite(SqliteStore::open(&path, OpenMode::Server, options.sessions).unwrap());
    let app = TestApp::open(store, (options, HttpOptions::default()), Clock::manual(START), 1).await;
    app.register("root", Role::admin()).await;
    app.sign_in("root").await;
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("ALTER TABLE activity RENAME TO away").unwrap();
    app.countersign.store_activity().await.unwrap_err();
    app.sign_in("root").await;
    db.execute_batch("ALTER TABLE away RENAME TO activity").unwrap();
    for _ in 0..2 {
        app.countersign.store_activity().await.unwrap();
        let stored = "SELECT sum(value) FROM activity WHERE figure = 'logins' AND grain = 60000";
        assert_eq!(db.query_row(stored, [], |row| row.get::<_, i64>(0)).unwrap(), 2);
    }
}
