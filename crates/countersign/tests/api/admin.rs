//! What administrators do, and who is none.

use axum::http::{Method, StatusCode};
use countersign::internal::base::id::AccountId;
use countersign::internal::base::random::Random;
use countersign::internal::model::account::{NewAccount, Username};
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::context::Actor;
use serde_json::{Value, json};

use crate::app::{Device, PASSWORD, Reply, TestApp};

async fn call(app: &TestApp, method: Method, path: &str, token: &str, body: Option<Value>) -> Reply {
    let call = app.call(method, path).bearer(token);
    match body {
        Some(body) => call.json(&body).send().await,
        None => call.send().await,
    }
}

/// CC-4: tokens name an account by its ID, so nobody is signed out; the name in them follows.
#[tokio::test]
async fn an_administrator_renames_a_user() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await.access_token;
    let ada = app.sign_in("ada").await;
    let path = format!("/api/admin/users/{}", ada.user_id);
    let rename =
        async |name: &str| call(&app, Method::PATCH, &path, &root, Some(json!({ "username": name }))).await;
    rename("ROOT").await.assert_error(409, "username_taken");
    rename("rооt").await.assert_error(422, "invalid_value");
    rename(" ada").await.assert_error(422, "invalid_value");
    assert_eq!(rename("Ada Lovelace").await.json()["user"]["username"], "Ada Lovelace");
    assert_eq!(app.profile(&ada.access_token).await, 200);
    app.login("ada", PASSWORD).await.assert_error(401, "invalid_credentials");
    app.sign_in("ada lovelace").await;
    let log = app.audit(AuditKind::AccountChanged).await;
    assert_eq!(log[0].event.detail.as_deref(), Some("name ada to Ada Lovelace"));
    assert_eq!(app.refresh(&ada.cookie).await.json()["user"]["username"], "Ada Lovelace");
}

#[tokio::test]
async fn an_administrator_makes_changes_and_deletes_users() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await.access_token;
    let new =
        json!({ "username": "Dora", "password": PASSWORD, "role": "editor", "claims": { "team": "blue" } });
    let created = call(&app, Method::POST, "/api/admin/users", &root, Some(new.clone())).await;
    assert_eq!(created.status, StatusCode::CREATED);
    let user = &created.json()["user"];
    let path = format!("/api/admin/users/{}", user["userId"].as_str().unwrap());
    let clash = json!({ "username": "DORA", "password": PASSWORD });
    call(&app, Method::POST, "/api/admin/users", &root, Some(clash))
        .await
        .assert_error(409, "username_taken");
    let cyrillic = json!({ "username": "асе", "password": PASSWORD });
    let latin = json!({ "username": "ace", "password": PASSWORD });
    assert_eq!(call(&app, Method::POST, "/api/admin/users", &root, Some(latin)).await.status, 201);
    call(&app, Method::POST, "/api/admin/users", &root, Some(cyrillic))
        .await
        .assert_error(409, "username_looks_alike");

    let dora = app.sign_in("dora").await;
    let profile = app.get("/api/profile").bearer(&dora.access_token).send().await.json();
    assert_eq!((&profile["user"]["team"], &profile["user"]["role"]), (&json!("blue"), &json!("editor")));

    let change = json!({ "role": "user", "claims": {}, "disabled": true });
    let changed = call(&app, Method::PATCH, &path, &root, Some(change)).await.json();
    assert_eq!((&changed["user"]["role"], &changed["user"]["disabled"]), (&json!("user"), &json!(true)));
    assert_eq!(app.profile(&dora.access_token).await, 401, "TH-5: at once");
    app.login("dora", PASSWORD).await.assert_error(401, "invalid_credentials");

    assert_eq!(call(&app, Method::DELETE, &path, &root, None).await.status, StatusCode::NO_CONTENT);
    call(&app, Method::GET, &path, &root, None).await.assert_error(404, "not_found");
    // TK-2: the name can be used again; the id is another.
    let again = call(&app, Method::POST, "/api/admin/users", &root, Some(new)).await.json();
    assert_ne!(again["user"]["userId"], user["userId"]);
    // LG-4: who did it.
    let deleted = app.audit(AuditKind::AccountDeleted).await;
    assert!(matches!(deleted[0].actor, Actor::Account(_)));
    assert_eq!(deleted[0].event.detail.as_deref(), Some("Dora"), "nobody else knows who it was");
    let changed = app.audit(AuditKind::AccountChanged).await;
    assert_eq!(changed[0].event.detail.as_deref(), Some("role editor to user, claims"));
}

#[tokio::test]
async fn users_are_searched_and_paged() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await.access_token;
    for name in ["Émile", "emma", "Emmanuel", "zoe"] {
        app.register(name, "user".parse().unwrap()).await;
    }
    let names = |reply: &Reply| -> Vec<String> {
        let users = reply.json()["users"].as_array().unwrap().clone();
        users.iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect()
    };
    let found = call(&app, Method::GET, "/api/admin/users?search=EMM", &root, None).await;
    assert_eq!(names(&found), ["emma", "Emmanuel"]);
    let mut all = Vec::new();
    let mut path = "/api/admin/users?limit=2".to_owned();
    loop {
        let page = call(&app, Method::GET, &path, &root, None).await;
        assert!(names(&page).len() <= 2);
        all.extend(names(&page));
        let Some(next) = page.json()["next"].as_str().map(str::to_owned) else { break };
        path = format!("/api/admin/users?limit=2&after={next}");
    }
    assert_eq!(all, ["ada", "emma", "Emmanuel", "root", "zoe", "Émile"]);
    // DB-7: what is searched for is a value, never a part of the SQL.
    for text in ["%25", "_", "%27", "%27%20OR%201=1--"] {
        let path = format!("/api/admin/users?search={text}");
        assert!(names(&call(&app, Method::GET, &path, &root, None).await).is_empty(), "{text}");
    }
    let list = async |query: &str| {
        let reply = call(&app, Method::GET, &format!("/api/admin/users?{query}"), &root, None).await;
        let body = reply.json();
        (names(&reply), body["total"].as_u64().unwrap(), body["next"].as_str().map(str::to_owned))
    };
    let everybody = list("").await.1;
    assert_eq!(list("limit=1").await.1, everybody, "of all pages");
    assert_eq!(list("role=admin").await.0, ["root"]);
    assert_eq!(list("disabled=true").await.1, 0);
    assert_eq!(list("disabled=false&role=user").await.1, everybody - 1);
    let passwords = async |has: bool| list(&format!("hasPassword={has}")).await.1;
    assert_eq!((passwords(true).await, passwords(false).await), (everybody, 0));
    let (mut seen, mut path) = (Vec::new(), "order=newest&limit=2".to_owned());
    loop {
        let (page, _, next) = list(&path).await;
        seen.extend(page);
        let Some(next) = next else { break };
        path = format!("order=newest&limit=2&after={next}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len() as u64, everybody, "each once: {seen:?}");
    for query in ["order=age", "order=newest&after=anna", "role=no%20role", "disabled=maybe"] {
        let path = format!("/api/admin/users?{query}");
        call(&app, Method::GET, &path, &root, None).await.assert_error(422, "invalid_value");
    }
    call(&app, Method::GET, "/api/admin/users?limit=x", &root, None).await.assert_error(422, "invalid_value");
    call(&app, Method::GET, "/api/admin/users?page=2", &root, None).await.assert_error(422, "invalid_value");
}

/// An account without a password is not like one that may sign in: it says so until one is set.
#[tokio::test]
async fn an_account_without_a_password_says_so() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await.access_token;
    let new = NewAccount::new(AccountId::random(&Random::system()), Username::parse("pia").unwrap());
    let pia = app.countersign.create_account_with_hash(new, &app.operator()).await.unwrap().id;
    let path = format!("/api/admin/users/{pia}");
    let has_password = async |path: &str| {
        let body = call(&app, Method::GET, path, &root, None).await.json();
        let user = if path.contains('?') { &body["users"][0] } else { &body["user"] };
        (user["username"].clone(), user["hasPassword"].clone())
    };
    let list = "/api/admin/users?hasPassword=false";
    assert_eq!(has_password(list).await, (json!("pia"), json!(false)));
    assert_eq!(has_password(&path).await, (json!("pia"), json!(false)));
    let password = json!({ "password": "a wholly different sentence" });
    let set = call(&app, Method::POST, &format!("{path}/password"), &root, Some(password)).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT);
    assert_eq!(has_password(&path).await, (json!("pia"), json!(true)));
    assert_eq!(has_password(list).await.0, Value::Null);
}

#[tokio::test]
async fn a_password_that_is_set_ends_all_sessions_of_its_account() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await.access_token;
    let ada = app.sign_in("ada").await;
    let path = format!("/api/admin/users/{}/password", ada.user_id);
    let set = |password: &str| call(&app, Method::POST, &path, &root, Some(json!({ "password": password })));
    set("short").await.assert_error(422, "password_too_short");
    assert_eq!(app.profile(&ada.access_token).await, 200);
    assert_eq!(set("a wholly different sentence").await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.profile(&ada.access_token).await, 401);
    app.login("ada", PASSWORD).await.assert_error(401, "invalid_credentials");
    assert_eq!(app.login("ada", "a wholly different sentence").await.status, StatusCode::OK);
}

/// A token says `admin` for minutes after the role is gone; that must not be long enough to give it back to oneself.
#[tokio::test]
async fn a_former_administrator_administers_nothing() {
    let app = TestApp::new().await;
    let second = app.register("eve", "admin".parse().unwrap()).await;
    let eve = app.sign_in("eve").await.access_token;
    let root = app.sign_in("root").await.access_token;
    let path = format!("/api/admin/users/{}", second.id);
    let demote = call(&app, Method::PATCH, &path, &root, Some(json!({ "role": "user" }))).await;
    assert_eq!(demote.status, StatusCode::OK);
    assert_eq!(app.profile(&eve).await, 200, "the session lives");
    call(&app, Method::PATCH, &path, &eve, Some(json!({ "role": "admin" })))
        .await
        .assert_error(403, "forbidden");
}

/// Nobody can lock everybody out.
#[tokio::test]
async fn the_last_administrator_stays() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await;
    let path = format!("/api/admin/users/{}", root.user_id);
    for (method, body) in [
        (Method::PATCH, Some(json!({ "role": "user" }))),
        (Method::PATCH, Some(json!({ "disabled": true }))),
        (Method::DELETE, None),
    ] {
        call(&app, method, &path, &root.access_token, body).await.assert_error(409, "last_administrator");
    }
    assert_eq!(app.profile(&root.access_token).await, 200);
    // Nobody can sign in to an account of a program.
    let nightly = json!({ "username": "nightly", "service": true, "role": "admin" });
    let made = call(&app, Method::POST, "/api/admin/users", &root.access_token, Some(nightly)).await;
    assert_eq!(made.status, StatusCode::CREATED);
    call(&app, Method::DELETE, &path, &root.access_token, None).await.assert_error(409, "last_administrator");
}

/// As `countersign user add --service`: the account has no password, and API keys act for it.
#[tokio::test]
async fn an_account_for_a_program_has_no_password() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await.access_token;
    let users = "/api/admin/users";
    let nightly = json!({ "username": "nightly", "service": true, "claims": { "plan": "pro" } });
    let made = call(&app, Method::POST, users, &root, Some(nightly)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let user = &made.json()["user"];
    assert_eq!(
        (&user["hasPassword"], &user["role"], &user["claims"]["plan"]),
        (&false.into(), &"user".into(), &"pro".into())
    );
    let path = format!("{users}/{}/keys", user["userId"].as_str().unwrap());
    let key = call(&app, Method::POST, &path, &root, Some(json!({ "name": "deploy" }))).await;
    assert_eq!(key.status, StatusCode::CREATED, "{}", key.text);
    app.login("nightly", "").await.assert_error(401, "invalid_credentials");
    // Forgetting the password makes no such account, and none has a password to change.
    for wrong in [
        json!({ "username": "other" }),
        json!({ "username": "other", "password": null }),
        json!({ "username": "other", "password": PASSWORD, "service": true }),
        json!({ "username": "other", "service": true, "passwordChangeRequired": true }),
    ] {
        call(&app, Method::POST, users, &root, Some(wrong)).await.assert_error(400, "invalid_request");
    }
}

#[tokio::test]
async fn keys_sessions_and_the_audit_log_are_administered() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await.access_token;
    let ada = app.sign_in("ada").await;
    let rotated = call(&app, Method::POST, "/api/admin/keys/rotate", &root, None).await.json();
    assert_eq!(rotated["state"], "next");
    let keys = call(&app, Method::GET, "/api/admin/keys", &root, None).await.json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    let path = format!("/api/admin/users/{}/sessions", ada.user_id);
    let sessions = call(&app, Method::GET, &path, &root, None).await.json();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(call(&app, Method::DELETE, &path, &root, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.profile(&ada.access_token).await, 401);

    let log = call(&app, Method::GET, "/api/admin/audit?event=key_created", &root, None).await.json();
    assert_eq!(log["events"].as_array().unwrap().len(), 2);
    let created = log["events"][1]["sequence"].as_i64().unwrap();
    let rest = format!("/api/admin/audit?after={created}");
    let log = call(&app, Method::GET, &rest, &root, None).await.json();
    assert_eq!(log["events"][0]["event"], "session_ended");
    assert_eq!(log["events"][0]["accountId"], ada.user_id);
    // Following: each event once, by the cursor of the page before, also of one that looked back.
    let back =
        call(&app, Method::GET, "/api/admin/audit?limit=1&before=9007199254740991", &root, None).await.json();
    let after = async |cursor: &Value| {
        let path = format!("/api/admin/audit?after={}", cursor.as_str().unwrap());
        call(&app, Method::GET, &path, &root, None).await.json()
    };
    for cursor in [&log["next"], &back["newer"]] {
        assert_eq!(after(cursor).await["events"], json!([]));
    }
    app.sign_in("ada").await;
    let page = after(&back["newer"]).await;
    assert_eq!(page["events"].as_array().unwrap().len(), 1, "{page}");
    assert_eq!(after(&page["next"]).await["events"], json!([]));
    call(&app, Method::GET, "/api/admin/audit?after=1.2", &root, None)
        .await
        .assert_error(422, "invalid_value");
    // Looking back: newest first, until there is nothing further back.
    let mut path = "/api/admin/audit?limit=3&before=9007199254740991".to_owned();
    let mut sequences = Vec::new();
    loop {
        let page = call(&app, Method::GET, &path, &root, None).await.json();
        let events = page["events"].as_array().unwrap();
        sequences.extend(events.iter().map(|event| event["sequence"].as_i64().unwrap()));
        let Some(next) = page["next"].as_i64() else { break };
        path = format!("/api/admin/audit?limit=3&before={next}");
    }
    assert!(sequences.len() > 3 && sequences.is_sorted_by(|a, b| a > b) && sequences.last() == Some(&1));
    call(&app, Method::GET, "/api/admin/audit?event=nonsense", &root, None)
        .await
        .assert_error(422, "invalid_value");
}

/// A time range: from an instant on, and before one.
#[tokio::test]
async fn the_audit_log_is_read_by_time() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await.access_token;
    let first = &call(&app, Method::GET, "/api/admin/audit?limit=1", &root, None).await.json()["events"][0];
    let begin = first["at"].as_str().unwrap().to_owned();
    for (range, is_in) in [
        (format!("since={begin}"), true),
        (format!("until={begin}"), false),
        ("since=9999-01-01T00:00:00%2B01:00".into(), false),
    ] {
        let path = format!("/api/admin/audit?limit=1&{range}");
        let found = call(&app, Method::GET, &path, &root, None).await.json();
        assert_eq!(found["events"][0]["sequence"] == first["sequence"], is_in, "{range}: {found}");
        assert_eq!(found["events"].as_array().unwrap().is_empty(), !is_in, "{range}: {found}");
    }
    call(&app, Method::GET, "/api/admin/audit?since=yesterday", &root, None)
        .await
        .assert_error(422, "invalid_value");
}

/// SE-6: one session of an account, and no other; not by way of another account.
#[tokio::test]
async fn an_administrator_ends_one_session_of_an_account() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await;
    let (phone, desk) = (app.sign_in("ada").await, app.sign_in("ada").await);
    let path = |user: &str| format!("/api/admin/users/{user}/sessions");
    let end = async |user: &str, session: &str| {
        let path = format!("{}/{session}", path(user));
        call(&app, Method::DELETE, &path, &root.access_token, None).await
    };
    let list = call(&app, Method::GET, &path(&phone.user_id), &root.access_token, None).await.json();
    let ids: Vec<String> = list["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    end(&root.user_id, &ids[0]).await.assert_error(404, "not_found");
    end(&phone.user_id, "1").await.assert_error(404, "not_found");
    end("1", &ids[0]).await.assert_error(404, "not_found");
    assert_eq!(end(&phone.user_id, &ids[0]).await.status, StatusCode::NO_CONTENT);
    end(&phone.user_id, &ids[0]).await.assert_error(404, "not_found");
    let mut answers = [app.profile(&phone.access_token).await, app.profile(&desk.access_token).await];
    answers.sort_unstable();
    assert_eq!(answers, [200, 401], "at once, and one of them");
    let ended = app.audit(AuditKind::SessionEnded).await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].event.session_id.map(|id| id.to_string()), Some(ids[0].clone()));
    assert!(matches!(ended[0].actor, Actor::Account(id) if id.to_string() == root.user_id));
}

/// Claims that would override ours, roles and names that are none.
/// LG-4: an event names the request that it comes from, as that request's answer did; a client cannot choose the name.
#[tokio::test]
async fn the_audit_log_says_by_which_request() {
    let app = TestApp::new().await;
    let login = json!({ "username": "root", "password": PASSWORD });
    let chosen = "00000000-0000-4000-8000-000000000000";
    let reply = app.post("/api/login").header("x-request-id", chosen).json(&login).send().await;
    let name = reply.request_id().to_owned();
    assert_ne!(name, chosen);
    let root = Device::from(&reply).access_token;
    let log = call(&app, Method::GET, "/api/admin/audit?event=login_succeeded", &root, None).await.json();
    assert_eq!(log["events"][0]["requestId"], name);
    assert_ne!(app.login("root", PASSWORD).await.request_id(), name);
    let by_command = call(&app, Method::GET, "/api/admin/audit?event=account_created", &root, None).await;
    assert_eq!(by_command.json()["events"][0]["requestId"], Value::Null);
}

/// TK-7: custom claims have a limit, so that the header they travel in fits every proxy.
#[tokio::test]
async fn values_that_are_not_allowed_are_named() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await.access_token;
    let large = "x".repeat(2048);
    for (body, mentions) in [
        (json!({ "username": "x", "password": PASSWORD, "claims": { "team": large } }), "2048 bytes"),
        (json!({ "username": "x", "password": PASSWORD, "claims": { "sub": "root" } }), "sub"),
        (json!({ "username": "x", "password": PASSWORD, "role": "not a role" }), "role"),
        (json!({ "username": " ", "password": PASSWORD }), "user name"),
    ] {
        let reply = call(&app, Method::POST, "/api/admin/users", &root, Some(body)).await;
        reply.assert_error(422, "invalid_value");
        assert!(reply.text.contains(mentions), "{}", reply.text);
    }
}

/// CS-3: of two claims of one name, nobody can tell which was meant.
#[tokio::test]
async fn claims_with_a_name_twice_are_refused_at_every_level() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await.access_token;
    let create = async |claims: &str| {
        let body = format!(r#"{{"username": "dora", "password": "{PASSWORD}", "claims": {claims}}}"#);
        let call = app.post("/api/admin/users").bearer(&root).header("content-type", "application/json");
        call.body(body).send().await
    };
    for claims in [
        r#"{"a": 1, "a": 1}"#,
        r#"{"a": 1, "\u0061": 2}"#,
        r#"{"a": {"b": 1, "b": 2}}"#,
        r#"{"a": [[{"b": 1, "c": 2, "b": 3}]]}"#,
        "[]",
        "7",
    ] {
        create(claims).await.assert_error(400, "invalid_request");
    }
    let claims =
        json!({ "a": { "a": null, "b": [{ "a": -1 }, { "a": 1.5 }] }, "b": true, "c": u64::MAX, "d": "é" });
    let created = create(&claims.to_string()).await;
    assert_eq!(created.status, StatusCode::CREATED);
    let path = format!("/api/admin/users/{}", created.json()["user"]["userId"].as_str().unwrap());
    assert_eq!(call(&app, Method::GET, &path, &root, None).await.json()["user"]["claims"], claims);
    let call = app.call(Method::PATCH, &path).bearer(&root).header("content-type", "application/json");
    call.body(r#"{"claims": {"a": 1, "a": 2}}"#).send().await.assert_error(400, "invalid_request");
}
