//! A change of password that somebody who administers requires (PP-7), and a new password that comes along with a login.

use axum::http::{Method, StatusCode, header};
use countersign::internal::model::account::AccountChange;
use countersign::internal::model::audit::AuditKind;
use serde_json::{Value, json};

use crate::app::{Device, PASSWORD, Reply, TestApp};

const NEW: &str = "a wholly different sentence";

async fn login_with(app: &TestApp, name: &str, password: &str, new: &str) -> Reply {
    let body = json!({ "username": name, "password": password, "newPassword": new });
    app.post("/api/login").json(&body).send().await
}

async fn require(app: &TestApp, user_id: &str) {
    let change = AccountChange { password_change_required: Some(true), ..AccountChange::default() };
    app.countersign.change_account(user_id.parse().unwrap(), change, &app.operator()).await.unwrap();
}

/// PP-7, SE-6: from the administrator's wish to the owner's next session.
#[tokio::test]
async fn a_required_change_is_asked_for_and_met_at_the_login() {
    let app = TestApp::new().await;
    let (ada, root) = (app.sign_in("ada").await, app.sign_in("root").await.access_token);
    let path = format!("/api/admin/users/{}", ada.user_id);
    let demand = async |required: bool| -> Value {
        let body = json!({ "passwordChangeRequired": required });
        let changed = app.call(Method::PATCH, &path).bearer(&root).json(&body).send().await;
        changed.json()["user"]["passwordChangeRequired"].clone()
    };
    assert_eq!(demand(true).await, true);
    assert_eq!(app.profile(&ada.access_token).await, 401, "TH-5: at once");
    app.refresh(&ada.cookie).await.assert_error(401, "session_revoked");
    let told = app.login("ada", PASSWORD).await;
    told.assert_error(403, "password_change_required");
    assert!(told.header(header::SET_COOKIE).is_none());
    let failed = app.audit(AuditKind::LoginFailed).await;
    assert_eq!(failed[0].event.detail.as_deref(), Some("password_change_required"));

    for (new, code) in
        [("short", "password_too_short"), (PASSWORD, "password_unchanged"), ("a\0b", "invalid_password")]
    {
        login_with(&app, "ada", PASSWORD, new).await.assert_error(422, code);
    }
    let reply = login_with(&app, "ada", PASSWORD, NEW).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let ada = Device::from(&reply);
    assert_eq!(
        (app.profile(&ada.access_token).await, app.refresh(&ada.cookie).await.status.as_u16()),
        (200, 200)
    );
    app.login("ada", PASSWORD).await.assert_error(401, "invalid_credentials");
    assert_eq!(app.login("ada", NEW).await.status, StatusCode::OK);

    assert_eq!(demand(true).await, true);
    app.login("ada", NEW).await.assert_error(403, "password_change_required");
    assert_eq!(demand(false).await, false);
    assert_eq!(app.login("ada", NEW).await.status, StatusCode::OK);
    let done = async |kind| app.audit(kind).await.len();
    assert_eq!(done(AuditKind::PasswordChangeRequired).await, 2);
    assert_eq!((done(AuditKind::PasswordChangeWaived).await, done(AuditKind::PasswordChanged).await), (1, 1));
}

/// EN-1, EN-2: who does not know the password gets the same bytes for one hash, whatever comes along as a new one.
#[tokio::test]
async fn nobody_who_does_not_know_the_password_is_told() {
    let app = TestApp::new().await;
    require(&app, &app.sign_in("ada").await.user_id).await;
    let carol = app.register("carol", "user".parse().unwrap()).await;
    let disable = AccountChange { disabled: Some(true), ..AccountChange::default() };
    app.countersign.change_account(carol.id, disable, &app.operator()).await.unwrap();
    require(&app, &carol.id.to_string()).await;
    let mut answers = Vec::new();
    for (name, password) in [("ada", "wrong"), ("root", "wrong"), ("nobody", "wrong"), ("carol", PASSWORD)] {
        for new in [None, Some(NEW), Some("short"), Some("a\0b"), Some(password)] {
            let before = app.countersign.hasher().stats().computed;
            let reply = match new {
                Some(new) => login_with(&app, name, password, new).await,
                None => app.login(name, password).await,
            };
            reply.assert_error(401, "invalid_credentials");
            assert_eq!(app.countersign.hasher().stats().computed - before, 1, "{name} {new:?}");
            answers.push(reply.but_its_name());
        }
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(app.audit(AuditKind::PasswordChanged).await.len(), 0);
}

/// PP-7, TH-1: who is told to choose another password has not guessed; a hash of the new one is computed when it is good.
#[tokio::test]
async fn being_told_is_no_failure_and_costs_no_hash_more() {
    let app = TestApp::new().await;
    require(&app, &app.sign_in("ada").await.user_id).await;
    let computed = || app.countersign.hasher().stats().computed;
    let before = computed();
    for _ in 0..10 {
        app.login("ada", PASSWORD).await.assert_error(403, "password_change_required");
    }
    login_with(&app, "ada", PASSWORD, "short").await.assert_error(422, "password_too_short");
    assert_eq!(computed() - before, 11);
    assert_eq!(login_with(&app, "ada", PASSWORD, NEW).await.status, StatusCode::OK);
    assert_eq!(computed() - before, 13);
}

/// TH-2: the owner's own device is not stopped by guesses elsewhere, here as at any login.
#[tokio::test]
async fn a_known_device_is_heard_while_others_guess() {
    let app = TestApp::new().await;
    let body = json!({ "username": "ada", "password": PASSWORD, "refreshTokenDelivery": "body" });
    let first = app.post("/api/login").json(&body).send().await.json();
    require(&app, first["user"]["userId"].as_str().unwrap()).await;
    for _ in 0..5 {
        app.login("ada", "wrong").await.assert_error(401, "invalid_credentials");
    }
    login_with(&app, "ada", PASSWORD, NEW).await.assert_error(429, "too_many_attempts");
    let known = json!({ "username": "ada", "password": PASSWORD, "newPassword": NEW, "deviceToken": first["deviceToken"] });
    assert_eq!(app.post("/api/login").json(&known).send().await.status, StatusCode::OK);
}

/// PP-7, OP-6: an administrator who makes an account knows its first password; its owner replaces it at once.
#[tokio::test]
async fn a_first_password_is_good_for_choosing_ones_own() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await.access_token;
    let new = json!({ "username": "dora", "password": PASSWORD, "passwordChangeRequired": true });
    let created = app.post("/api/admin/users").bearer(&root).json(&new).send().await;
    assert_eq!(created.json()["user"]["passwordChangeRequired"], true);
    app.login("dora", PASSWORD).await.assert_error(403, "password_change_required");
    let dora = Device::from(&login_with(&app, "dora", PASSWORD, NEW).await);
    let user = app.get("/api/user").bearer(&dora.access_token).send().await.json();
    assert_eq!(user["user"]["passwordChangeRequired"], false);
}

/// PP-8: a new password that nobody asked for is as good as one that is changed after the login.
#[tokio::test]
async fn a_login_may_bring_a_new_password_unasked() {
    let app = TestApp::new().await;
    let other = app.sign_in("ada").await;
    let ada = Device::from(&login_with(&app, "ada", PASSWORD, NEW).await);
    assert_eq!((app.profile(&ada.access_token).await, app.profile(&other.access_token).await), (200, 401));
    app.login("ada", PASSWORD).await.assert_error(401, "invalid_credentials");
}

/// CC-3: two who know the password choose another at once; one is in, the other is told nothing.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_new_passwords_at_once_one_counts() {
    let app = std::sync::Arc::new(TestApp::new().await);
    require(&app, &app.sign_in("ada").await.user_id).await;
    let choices = ["the first of two sentences", "the second of two sentences"];
    let tasks = choices.map(|new| {
        let app = std::sync::Arc::clone(&app);
        tokio::spawn(async move { login_with(&app, "ada", PASSWORD, new).await.status.as_u16() })
    });
    let mut winners = Vec::new();
    for (task, new) in tasks.into_iter().zip(choices) {
        match task.await.unwrap() {
            200 => winners.push(new),
            status => assert_eq!(status, 401),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(app.login("ada", winners[0]).await.status, StatusCode::OK);
    assert_eq!(app.audit(AuditKind::PasswordChanged).await.len(), 1);
}
