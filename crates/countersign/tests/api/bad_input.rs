//! Bad input gets a clear answer at once and changes nothing.

use axum::body::{Body, Bytes};
use axum::http::{Method, header};
use countersign::internal::model::audit::AuditKind;

use crate::app::{PASSWORD, TestApp};

/// LM-5, CS-3: missing, malformed, wrong types, unknown and duplicate fields, wrong shape.
#[tokio::test]
async fn a_body_that_is_not_what_we_expect_is_refused_without_an_echo() {
    let app = TestApp::new().await;
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    for body in [
        "",
        "{",
        "null",
        "[]",
        r#"["ada", "canary-password"]"#,
        "{}",
        r#"{"username": "ada"}"#,
        r#"{"username": "ada", "password": 12345}"#,
        r#"{"username": null, "password": "canary-password"}"#,
        r#"{"username": "ada", "password": "canary-password", "is_admin": true}"#,
        r#"{"username": "ada", "username": "root", "password": "canary-password"}"#,
        r#"{"username": "ada", "password": "canary-password"} x"#,
        r#"{"username": "ada", "password": "canary-password", "refreshTokenDelivery": "smoke"}"#,
        "\u{feff}{}",
        &format!(r#"{{"username": {deep}, "password": "x"}}"#),
    ] {
        let call = app.post("/api/login").header("content-type", "application/json");
        let reply = call.body(body.to_owned()).send().await;
        reply.assert_error(400, "invalid_request");
        assert!(!reply.text.contains("canary"), "{}", reply.text);
    }
    for bytes in [&b"\xff\xfe"[..], b"{\"username\": \"\xff\", \"password\": \"x\"}"] {
        let call = app.post("/api/login").header("content-type", "application/json");
        call.body(Body::from(bytes.to_vec())).send().await.assert_error(400, "invalid_request");
    }
    assert!(app.audit(AuditKind::LoginFailed).await.is_empty(), "nothing was tried");
}

/// CS-3: what a form can post without a preflight is not read, and neither is a compressed body.
#[tokio::test]
async fn only_plain_json_is_read() {
    let app = TestApp::new().await;
    let body = format!(r#"{{"username": "ada", "password": "{PASSWORD}"}}"#);
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=latin1",
    ] {
        for path in ["/api/login", "/api/refresh", "/api/logout"] {
            let call = app.post(path).header("content-type", content_type);
            call.body(body.clone()).send().await.assert_error(415, "unsupported_media_type");
        }
    }
    app.post("/api/login").body(body.clone()).send().await.assert_error(415, "unsupported_media_type");
    let call =
        app.post("/api/login").header("content-type", "application/json").header("content-encoding", "gzip");
    call.body(body.clone()).send().await.assert_error(415, "unsupported_media_type");
    let call = app.post("/api/login").header("content-type", "Application/JSON; charset=UTF-8");
    assert_eq!(call.body(body).send().await.status.as_u16(), 200);
}

/// LM-5: 16 KiB is the limit, announced or not.
#[tokio::test]
async fn a_large_body_is_refused() {
    let app = TestApp::new().await;
    let body = |len: usize| {
        let shell = r#"{"username": "ada", "password": ""}"#.len();
        format!(r#"{{"username": "ada", "password": "{}"}}"#, "x".repeat(len - shell))
    };
    let post =
        |body: Body| app.post("/api/login").header("content-type", "application/json").body(body).send();
    post(body(16 * 1024).into()).await.assert_error(422, "invalid_password");
    post(body(16 * 1024 + 1).into()).await.assert_error(413, "body_too_large");
    let chunks = futures_util::stream::iter(
        (0..1000).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 1024]))),
    );
    post(Body::from_stream(chunks)).await.assert_error(413, "body_too_large");
    let announced = app.post("/api/login").header("content-type", "application/json");
    let announced = announced.header("content-length", "1000000000").body("{}");
    announced.send().await.assert_error(413, "body_too_large");
}

/// PP-2: an over-long password is refused and never cut. LM-6: an over-long name is refused before it is normalised.
#[tokio::test]
async fn an_over_long_password_is_refused() {
    let app = TestApp::new().await;
    app.login("ada", &"x".repeat(257)).await.assert_error(422, "invalid_password");
    app.login("ada", "nul\0byte").await.assert_error(422, "invalid_password");
    app.login("ada", &"x".repeat(256)).await.assert_error(401, "invalid_credentials");
    app.login(&"x".repeat(5000), PASSWORD).await.assert_error(401, "invalid_credentials");
}

/// CS-4: what is not served says so, in the one error shape, with the methods that are.
#[tokio::test]
async fn other_methods_are_refused() {
    let app = TestApp::new().await;
    for (method, path) in [
        (Method::GET, "/api/login"),
        (Method::GET, "/api/logout"),
        (Method::PUT, "/api/refresh"),
        (Method::TRACE, "/api/profile"),
        (Method::OPTIONS, "/api/profile"),
        (Method::POST, "/.well-known/jwks.json"),
    ] {
        let reply = app.call(method, path).send().await;
        reply.assert_error(405, "method_not_allowed");
        assert!(reply.headers.contains_key(header::ALLOW));
    }
}

/// VF-12: hostile tokens; none is let through, none breaks anything.
#[tokio::test]
async fn hostile_access_tokens_are_refused() {
    let app = TestApp::new().await;
    let token = app.sign_in("ada").await.access_token;
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let none = "eyJhbGciOiJub25lIn0"; // {"alg":"none"}
    let hs256 = "eyJhbGciOiJIUzI1NiJ9"; // {"alg":"HS256"}
    for hostile in [
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{hs256}.{payload}.{signature}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}.x"),
        format!("{header}..{signature}"),
        format!("{header}.{payload}.{signature}="),
        "...".to_owned(),
        "x".repeat(8000),
    ] {
        let reply = app.get("/api/profile").bearer(&hostile).send().await;
        reply.assert_error(401, "invalid_token");
    }
    app.get("/api/profile").bearer(&"x".repeat(8193)).send().await.assert_error(413, "token_too_large");
    // HD-3: no other place is looked at.
    let elsewhere = app.get(&format!("/api/profile?access_token={token}")).send().await;
    elsewhere.assert_error(401, "token_required");
    assert!(!elsewhere.text.contains(&token));
}
