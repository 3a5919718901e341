//! Signing in, and what the access token says.

use axum::http::{StatusCode, header};
use countersign::internal::model::account::AccountChange;
use countersign::internal::model::audit::AuditKind;
use serde_json::json;

use crate::app::{Device, ISSUER, PASSWORD, TestApp};

#[tokio::test]
async fn a_login_gives_an_access_token_and_a_refresh_cookie() {
    let app = TestApp::new().await;
    let reply = app.login("ada", PASSWORD).await;
    assert_eq!(reply.status, StatusCode::OK);
    let body = reply.json();
    assert_eq!(body["accessToken"], body["token"], "the guide's simple client reads `token`");
    assert_eq!((&body["tokenType"], &body["expiresIn"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(body["user"]["username"], "ada");
    assert!(body.get("refreshToken").is_none(), "CK-2: only in the cookie");
    // CK-1, CK-3
    let cookie = reply.header(header::SET_COOKIE).unwrap();
    assert!(cookie.starts_with("__Host-refreshToken=csr_"), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age=604800"), "{cookie}");
    assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
    assert_eq!(app.audit(AuditKind::LoginSucceeded).await.len(), 1);
}

/// TK-1, TK-2: header and claims, exactly.
#[tokio::test]
async fn the_access_token_has_all_claims_and_no_more() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    let token = countersign::guard::jwt::dangerous::decode_unverified(&device.access_token).unwrap();
    let names = |value: &serde_json::Map<String, serde_json::Value>| {
        let mut names: Vec<_> = value.keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(&token.header), ["alg", "kid", "typ"]);
    assert_eq!((&token.header["alg"], &token.header["typ"]), (&json!("ES256"), &json!("at+jwt")));
    let claims = &token.payload;
    assert_eq!(
        names(claims),
        [
            "acr",
            "amr",
            "aud",
            "auth_time",
            "client_id",
            "exp",
            "iat",
            "iss",
            "jti",
            "role",
            "sid",
            "sub",
            "username"
        ]
    );
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ISSUER), &json!("api")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    assert_eq!(claims["sub"], device.user_id);
    assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["pwd"]), &json!("aal1")));
}

#[tokio::test]
async fn the_profile_comes_from_the_token_and_the_user_from_the_store() {
    let app = TestApp::new().await;
    let device = app.sign_in("ADA").await;
    let profile = app.get("/api/profile").bearer(&device.access_token).send().await.json();
    assert_eq!(profile["user"]["userId"], device.user_id);
    assert_eq!((&profile["user"]["username"], &profile["user"]["role"]), (&json!("ada"), &json!("user")));
    let change = AccountChange { role: Some("editor".parse().unwrap()), ..AccountChange::default() };
    app.countersign.change_account(device.user_id.parse().unwrap(), change, &app.operator()).await.unwrap();
    let user = app.get("/api/user").bearer(&device.access_token).send().await.json();
    let profile = app.get("/api/profile").bearer(&device.access_token).send().await.json();
    assert_eq!((&user["user"]["role"], &profile["user"]["role"]), (&json!("editor"), &json!("user")));
}

/// EN-1: unknown, wrong password, disabled: same status, headers and bytes.
#[tokio::test]
async fn every_failed_login_gets_the_same_answer() {
    let app = TestApp::new().await;
    let account = app.register("carol", "user".parse().unwrap()).await;
    let disable = AccountChange { disabled: Some(true), ..AccountChange::default() };
    app.countersign.change_account(account.id, disable, &app.operator()).await.unwrap();
    let mut answers = Vec::new();
    for (name, password) in [
        ("nobody", PASSWORD),
        ("ada", "wrong"),
        ("carol", PASSWORD),
        ("carol", "wrong"),
        ("", "x"),
        ("a\0b", "x"),
    ] {
        let reply = app.login(name, password).await;
        reply.assert_error(401, "invalid_credentials");
        assert_eq!(reply.json()["error"], "Invalid credentials");
        answers.push(reply.but_its_name());
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(app.audit(AuditKind::LoginFailed).await.len(), 6);
}

/// SE-1: a login makes a new session and ends the one whose cookie came along.
#[tokio::test]
async fn a_login_replaces_the_session_of_its_browser() {
    let app = TestApp::new().await;
    let first = app.sign_in("ada").await;
    let body = json!({ "username": "ada", "password": PASSWORD });
    let second = app.post("/api/login").cookie(&first.cookie).json(&body).send().await;
    assert_eq!(second.status, StatusCode::OK);
    assert_eq!(app.profile(&first.access_token).await, 401);
    let late = app.refresh(&first.cookie).await;
    late.assert_error(401, "session_revoked");
    assert_eq!(late.cookie(), None, "RF-12: the jar holds the new login's cookie by now");
    assert_eq!(app.profile(&Device::from(&second).access_token).await, 200);
}

#[tokio::test]
async fn a_native_app_gets_its_refresh_token_in_the_body() {
    let app = TestApp::new().await;
    let body = json!({ "username": "ada", "password": PASSWORD, "refreshTokenDelivery": "body" });
    let reply = app.post("/api/login").json(&body).send().await;
    assert!(reply.header(header::SET_COOKIE).is_none());
    let first = reply.json()["refreshToken"].as_str().unwrap().to_owned();
    let fresh = app.post("/api/refresh").json(&json!({ "refreshToken": first })).send().await;
    assert_eq!((fresh.status, fresh.json().get("refreshToken")), (StatusCode::OK, None), "young: keep yours");
    app.wait(20);
    let advanced = app.post("/api/refresh").json(&json!({ "refreshToken": first })).send().await;
    assert_ne!(advanced.json()["refreshToken"].as_str().unwrap(), first);
    assert!(advanced.header(header::SET_COOKIE).is_none());
}

/// SE-8: fifty sessions by default; the oldest ends.
#[tokio::test]
async fn the_oldest_session_ends_when_there_are_too_many() {
    let app = TestApp::with(|options| options.sessions.max_sessions = 3, |_| {}).await;
    let mut devices = Vec::new();
    for _ in 0..4 {
        devices.push(app.sign_in("ada").await);
        app.wait(1);
    }
    assert_eq!(app.profile(&devices[0].access_token).await, 401);
    for device in &devices[1..] {
        assert_eq!(app.profile(&device.access_token).await, 200);
    }
}

/// J7: no access token outlives its session.
#[tokio::test]
async fn an_access_token_ends_with_its_session() {
    let minute = std::time::Duration::from_secs(60);
    let an_hour = |options: &mut countersign::Options| {
        (options.sessions.idle_ttl, options.sessions.absolute_ttl) = (60 * minute, 60 * minute);
    };
    let app = TestApp::with(an_hour, |_| {}).await;
    let login = app.login("ada", PASSWORD).await;
    assert_eq!(login.json()["expiresIn"], 15 * 60);
    app.wait(59 * 60);
    assert_eq!(app.refresh(&login.cookie().unwrap()).await.json()["expiresIn"], 60);
}
