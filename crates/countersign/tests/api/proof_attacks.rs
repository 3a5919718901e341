//! Proofs of a device (RFC 9449) as somebody would send them who has none, or has read one of another's.

use axum::Router;
use axum::http::{Method, StatusCode};
use countersign::http::router;
use countersign::internal::model::audit::AuditKind;
use serde_json::{Value, json};

use crate::app::{ISSUER, PASSWORD, TestApp};
use crate::keyed::{Key, refresh_with};

/// What a proof says, and how it is changed.
type Change = fn(&mut Value, &mut Value);

/// What is wrong with a proof, and how it becomes that.
const CHANGES: [(&str, Change); 24] = [
    ("no signature", |head, _| head["alg"] = "none".into()),
    ("a keyed hash", |head, _| head["alg"] = "HS256".into()),
    ("a symmetric key", |head, _| {
        (head["alg"], head["jwk"]) = ("HS256".into(), json!({ "kty": "oct", "k": "c2VjcmV0" }));
    }),
    ("another algorithm", |head, _| head["alg"] = "ES384".into()),
    ("an RSA key", |head, _| {
        let jwk = json!({ "kty": "RSA", "n": "x".repeat(342), "e": "AQAB" });
        (head["alg"], head["jwk"]) = ("RS256".into(), jwk);
    }),
    ("an RSA key by another name", |head, _| {
        head["jwk"] = json!({ "kty": "RSA", "n": "x".repeat(342), "e": "AQAB" });
    }),
    ("no key", |head, _| drop(head.as_object_mut().unwrap().remove("jwk"))),
    ("a private key", |head, _| head["jwk"]["d"] = "AAAA".into()),
    ("a point that is on no curve", |head, _| head["jwk"]["x"] = head["jwk"]["y"].clone()),
    ("a type of other tokens", |head, _| head["typ"] = "JWT".into()),
    ("no type", |head, _| drop(head.as_object_mut().unwrap().remove("typ"))),
    ("something critical", |head, _| head["crit"] = json!(["x"])),
    ("another method", |_, it| it["htm"] = "GET".into()),
    ("the method in lower case", |_, it| it["htm"] = "post".into()),
    ("another host", |_, it| it["htu"] = "https://evil.example/api/refresh".into()),
    ("in clear", |_, it| it["htu"] = "http://auth.example/api/refresh".into()),
    ("another port", |_, it| it["htu"] = "https://auth.example:8443/api/refresh".into()),
    ("another case of the path", |_, it| it["htu"] = "https://auth.example/API/refresh".into()),
    ("a slash more", |_, it| it["htu"] = "https://auth.example/api/refresh/".into()),
    ("a user before the host", |_, it| it["htu"] = "https://a@auth.example/api/refresh".into()),
    ("the path alone", |_, it| it["htu"] = "/api/refresh".into()),
    ("no name", |_, it| drop(it.as_object_mut().unwrap().remove("jti"))),
    ("a very long name", |_, it| it["jti"] = "x".repeat(257).into()),
    ("a time that is a text", |_, it| it["iat"] = it["iat"].to_string().into()),
];

/// RFC 9449 §4.3: each of these is refused before anything is looked at, at a sign-in and at a refresh, and the session goes on.
#[tokio::test]
async fn what_is_no_proof_is_refused_everywhere() {
    let app = TestApp::new().await;
    let key = Key::new();
    let device = key.sign_in(&app, "ada").await;
    app.wait(20);
    let header = || json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": key.jwk() });
    let payload = |path: &str| {
        let now = app.clock.now().as_unix_seconds();
        json!({ "jti": "a proof of its own", "htm": "POST", "htu": format!("{ISSUER}{path}"), "iat": now })
    };
    for (what, change) in CHANGES {
        let (mut head, mut said) = (header(), payload("/api/refresh"));
        change(&mut head, &mut said);
        let reply = refresh_with(&app, &device.cookie, &key.sign(&head, &said)).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.json()["code"]),
            (400, &json!("invalid_dpop_proof")),
            "{what}"
        );
        let (mut head, mut said) = (header(), payload("/api/login"));
        change(&mut head, &mut said);
        let body = json!({ "username": "ada", "password": PASSWORD });
        let login = app.post("/api/login").header("dpop", &key.sign(&head, &said)).json(&body).send().await;
        assert_eq!(
            (login.status.as_u16(), &login.json()["code"]),
            (400, &json!("invalid_dpop_proof")),
            "{what}"
        );
    }
    let unsigned = key.sign(&header(), &payload("/api/refresh"));
    let unsigned = unsigned.rsplit_once('.').unwrap().0.to_owned();
    for text in
        [format!("{unsigned}."), unsigned.clone(), format!("{unsigned}.AAAA"), "x".repeat(20_000), ",".into()]
    {
        refresh_with(&app, &device.cookie, &text).await.assert_error(400, "invalid_dpop_proof");
    }
    assert_eq!(app.audit(AuditKind::LoginSucceeded).await.len(), 1);
    // None of them has used its name up.
    let good = key.sign(&header(), &payload("/api/refresh"));
    assert_eq!(refresh_with(&app, &device.cookie, &good).await.status, StatusCode::OK);
}

/// RFC 9449 §4.3 check 9: the same URI in another spelling, and nothing that a proxy or a client says of the host.
#[tokio::test]
async fn the_address_is_the_issuers_whatever_the_request_says() {
    let app = TestApp::new().await;
    let key = Key::new();
    let mut cookie = key.sign_in(&app, "ada").await.cookie;
    for htu in [
        "https://auth.example/api/refresh",
        "HTTPS://AUTH.EXAMPLE:443/api/refresh",
        "https://auth.example/api/refresh?if-any#x",
        "https://auth.example/api/%72efresh",
        "https://auth.example/x/../api/./refresh",
    ] {
        app.wait(20);
        let proof = key.proof_with(&app, "/api/refresh", |it| it["htu"] = htu.into());
        let call = app.post("/api/refresh?if-any").cookie(&cookie).header("dpop", &proof);
        let call = call.header("host", "evil.example").header("x-forwarded-host", "evil.example");
        let reply =
            call.header("x-forwarded-proto", "http").header("forwarded", "host=evil.example").send().await;
        assert_eq!(reply.status, StatusCode::OK, "{htu}: {}", reply.text);
        cookie = reply.cookie().unwrap();
    }
    app.wait(20);
    let proof =
        key.proof_with(&app, "/api/refresh", |it| it["htu"] = "https://evil.example/api/refresh".into());
    let call = app.post("/api/refresh").cookie(&cookie).header("dpop", &proof).header("host", "evil.example");
    call.header("x-forwarded-host", "evil.example").send().await.assert_error(400, "invalid_dpop_proof");
}

/// The issuer has the path that an application has mounted us under; proofs and bound tokens are for that.
#[tokio::test]
async fn below_a_path_the_proof_is_for_the_whole_path() {
    let options = |options: &mut countersign::Options| {
        options.issuer = format!("{ISSUER}/auth");
        options.audiences.default.dpop_bound = true;
    };
    let mut app = TestApp::with(options, |_| {}).await;
    app.mount(|auth| Router::new().nest("/auth", router(auth)));
    let key = Key::new();
    let body = json!({ "username": "ada", "password": PASSWORD });
    let login = async |path: &str| {
        let proof = key.proof(&app, path);
        app.post("/auth/api/login").header("dpop", &proof).json(&body).send().await
    };
    login("/api/login").await.assert_error(400, "invalid_dpop_proof");
    let reply = login("/auth/api/login").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let token = reply.json()["accessToken"].as_str().unwrap().to_owned();
    let profile = key.get(&app, "/auth/api/profile", &token).await;
    assert_eq!(profile.status, StatusCode::OK, "{}", profile.text);
    let short = |it: &mut Value| it["htu"] = format!("{ISSUER}/api/profile").into();
    let call = key.call_with(&app, (Method::GET, "/auth/api/profile"), &token, short);
    call.send().await.assert_error(401, "invalid_dpop_proof");
    app.wait(20);
    let proof = key.proof(&app, "/auth/api/refresh");
    let refreshed = app.post("/auth/api/refresh").cookie(&reply.cookie().unwrap()).header("dpop", &proof);
    assert_eq!(refreshed.send().await.status, StatusCode::OK);
}

/// 0055: each node remembers for itself. Whoever has read a whole request can repeat it once at each other node, within the minute.
#[tokio::test]
async fn a_proof_that_was_read_is_good_once_at_another_node() {
    let nodes = TestApp::nodes(2).await;
    let key = Key::new();
    let device = key.sign_in(&nodes[0], "ada").await;
    nodes[0].wait(20);
    let proof = key.proof(&nodes[0], "/api/refresh");
    let advanced = refresh_with(&nodes[0], &device.cookie, &proof).await;
    let repeated = refresh_with(&nodes[1], &device.cookie, &proof).await;
    assert_eq!(
        (repeated.status, repeated.cookie()),
        (StatusCode::OK, advanced.cookie()),
        "the same successor"
    );
    for node in &nodes {
        refresh_with(node, &device.cookie, &proof).await.assert_error(400, "invalid_dpop_proof");
    }
    nodes[0].wait(61);
    refresh_with(&nodes[1], &device.cookie, &proof).await.assert_error(400, "use_dpop_nonce");
}

/// The memory of used proofs is for those that count: whoever has an old refresh token, or an unbound session, cannot fill it.
#[tokio::test]
async fn a_proof_that_changes_nothing_is_not_remembered() {
    let app = TestApp::new().await;
    let (key, thief) = (Key::new(), Key::new());
    let unbound = app.sign_in("ada").await;
    app.wait(20);
    let once = key.proof(&app, "/api/refresh");
    for _ in 0..3 {
        assert_eq!(refresh_with(&app, &unbound.cookie, &once).await.status, StatusCode::OK);
    }
    let bound = key.sign_in(&app, "ada").await;
    app.wait(20);
    let once = thief.proof(&app, "/api/refresh");
    for _ in 0..3 {
        refresh_with(&app, &bound.cookie, &once).await.assert_error(401, "device_proof_required");
    }
    let once = key.proof(&app, "/api/refresh");
    app.post("/api/logout").cookie(&bound.cookie).send().await;
    for _ in 0..3 {
        refresh_with(&app, &bound.cookie, &once).await.assert_error(401, "session_revoked");
    }
}

/// RF-15: a request that somebody has read ends nothing, though its token is older than the parent by now.
#[tokio::test]
async fn an_old_request_that_was_read_does_not_end_the_session() {
    let app = TestApp::new().await;
    let key = Key::new();
    let first = key.sign_in(&app, "ada").await.cookie;
    app.wait(20);
    let read = key.proof(&app, "/api/refresh");
    let second = refresh_with(&app, &first, &read).await.cookie().unwrap();
    app.wait(20);
    let third = key.refresh(&app, &second).await.cookie().unwrap();
    for _ in 0..2 {
        refresh_with(&app, &first, &read).await.assert_error(400, "invalid_dpop_proof");
    }
    assert_eq!(app.audit(AuditKind::RefreshReuseDetected).await.len(), 0);
    assert_eq!(key.refresh(&app, &third).await.status, StatusCode::OK);
}
