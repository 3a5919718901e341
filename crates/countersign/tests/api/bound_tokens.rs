//! Access tokens that are bound to the key of their session (`cnf.jkt`, RFC 9449 §6): who gets them, and what they are good for.

use axum::http::{Method, StatusCode, header};
use countersign::Options;
use countersign::guard::jwt::dangerous::decode_unverified;
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::client::ClientName;
use countersign::options::Audience;
use countersign::{ApiKeyName, ApiKeySpec, Scopes};
use serde_json::{Value, json};

use crate::app::{Device, PASSWORD, Reply, TestApp};
use crate::keyed::Key;
use crate::oauth2::introspect;
use crate::second_factor::require_everybody;

/// The default audience binds its tokens.
async fn bound() -> TestApp {
    TestApp::with(|options| options.audiences.default.dpop_bound = true, |_| {}).await
}

/// A further audience does.
async fn vault() -> TestApp {
    let options = |options: &mut Options| {
        let mut vault = Audience::new("vault");
        vault.dpop_bound = true;
        options.session_cookie = true;
        options.audiences.others = vec![vault, Audience::new("plain")];
    };
    TestApp::with(options, |_| {}).await
}

fn confirmation(token: &str) -> Value {
    decode_unverified(token).unwrap().payload.get("cnf").cloned().unwrap_or_default()
}

async fn refresh_for(app: &TestApp, cookie: &str, audience: &str, key: Option<&Key>) -> Reply {
    let mut call = app.post("/api/refresh").cookie(cookie);
    if let Some(key) = key {
        call = call.header("dpop", &key.proof(app, "/api/refresh"));
    }
    call.json(&json!({ "audience": audience })).send().await
}

/// What is wrong with a proof, and how it becomes that.
type Change = (&'static str, fn(&mut Value));

/// RF-15: a stolen access token is worth nothing without the key.
#[tokio::test]
async fn a_token_is_good_with_a_proof_by_the_key_of_its_session_alone() {
    let app = bound().await;
    let (key, thief) = (Key::new(), Key::new());
    let body = json!({ "username": "ada", "password": PASSWORD });
    let login = app.post("/api/login").header("dpop", &key.proof(&app, "/api/login"));
    let login = login.json(&body).send().await;
    assert_eq!(login.json()["tokenType"], "DPoP", "RFC 9449 §5");
    let device = Device::from(&login);
    let token = &device.access_token;
    assert_eq!(confirmation(token), json!({ "jkt": key.thumbprint() }));
    for path in ["/api/profile", "/api/user", "/api/sessions"] {
        assert_eq!(key.get(&app, path, token).await.status, StatusCode::OK, "{path}");
        let by_thief = thief.get(&app, path, token).await;
        by_thief.assert_error(401, "invalid_dpop_proof");
        let challenge = by_thief.header(header::WWW_AUTHENTICATE).unwrap();
        assert!(challenge.starts_with(r#"DPoP realm="api", error="invalid_dpop_proof""#), "{challenge}");
        let as_bearer = app.get(path).bearer(token).header("dpop", &key.proof(&app, path)).send().await;
        as_bearer.assert_error(401, "token_bound");
        let without = app.get(path).header("authorization", &format!("DPoP {token}")).send().await;
        without.assert_error(401, "invalid_dpop_proof");
    }
    let other = key.sign_in(&app, "ada").await.access_token;
    let refused: [Change; 5] = [
        ("another method", |it| it["htm"] = "POST".into()),
        ("another path", |it| it["htu"] = "https://auth.example/api/user".into()),
        ("another host", |it| it["htu"] = "https://evil.example/api/profile".into()),
        ("no token", |it| drop(it.as_object_mut().unwrap().remove("ath"))),
        ("another token", |it| it["ath"] = "x".into()),
    ];
    for (what, change) in refused {
        let reply = key.call_with(&app, (Method::GET, "/api/profile"), token, change).send().await;
        assert_eq!(
            (reply.status.as_u16(), &reply.json()["code"]),
            (401, &json!("invalid_dpop_proof")),
            "{what}"
        );
    }
    let proof = key.proof_with(&app, "/api/profile", |it| it["htm"] = "GET".into());
    let call = app.get("/api/profile").header("authorization", &format!("DPoP {other}"));
    call.header("dpop", &proof).send().await.assert_error(401, "invalid_dpop_proof");
    app.wait(20);
    let advanced = key.refresh(&app, &device.cookie).await;
    assert_eq!(advanced.json()["tokenType"], "DPoP");
    let renewed = advanced.json()["accessToken"].as_str().unwrap().to_owned();
    assert_eq!(confirmation(&renewed), json!({ "jkt": key.thumbprint() }));
    assert_eq!(key.get(&app, "/api/profile", &renewed).await.status, StatusCode::OK);
}

/// RFC 9449 §11.1: a proof that somebody has read is good for nothing any more.
#[tokio::test]
async fn a_proof_for_a_route_of_ours_passes_once() {
    let app = bound().await;
    let key = Key::new();
    let token = key.sign_in(&app, "ada").await.access_token;
    let fixed = |it: &mut Value| it["jti"] = "the same".into();
    let again = || key.call_with(&app, (Method::GET, "/api/profile"), &token, fixed).send();
    assert_eq!(again().await.status, StatusCode::OK);
    again().await.assert_error(401, "invalid_dpop_proof");
}

/// RFC 9449 §9: as at a refresh, a nonce is for clocks that are off; every node takes those of the others.
#[tokio::test]
async fn a_route_of_ours_asks_for_a_nonce_if_the_clock_is_off() {
    let app = bound().await;
    let key = Key::new();
    let token = key.sign_in(&app, "ada").await.access_token;
    for off in [-86_400, -61, 61, 86_400] {
        let at = app.clock.now().as_unix_seconds() + off;
        let with = |nonce: Option<&str>| {
            let change = |it: &mut Value| {
                it["iat"] = at.into();
                if let Some(nonce) = nonce {
                    it["nonce"] = nonce.into();
                }
            };
            key.call_with(&app, (Method::GET, "/api/profile"), &token, change).send()
        };
        let asked = with(None).await;
        asked.assert_error(401, "use_dpop_nonce");
        let nonce = asked.header("dpop-nonce").unwrap().to_owned();
        assert_eq!(with(Some(&nonce)).await.status, StatusCode::OK, "{off}");
        with(Some("x")).await.assert_error(401, "use_dpop_nonce");
    }
}

/// AU-2: without a key nobody is signed in unbound instead, and nothing has happened.
#[tokio::test]
async fn a_sign_in_without_a_key_is_refused_and_changes_nothing() {
    let app = bound().await;
    let reply = app.login("ada", PASSWORD).await;
    reply.assert_error(400, "dpop_proof_required");
    assert_eq!(reply.header(header::SET_COOKIE), None);
    app.login("ada", "something else that is long").await.assert_error(401, "invalid_credentials");
    assert_eq!(app.audit(AuditKind::LoginSucceeded).await.len(), 0);
    let app = vault().await;
    let body = json!({ "username": "ada", "password": PASSWORD, "audience": "vault" });
    app.post("/api/login").json(&body).send().await.assert_error(400, "dpop_proof_required");
    assert_eq!(app.audit(AuditKind::LoginSucceeded).await.len(), 0);
    app.sign_in("ada").await;
}

/// Nobody types a code for a sign-in that comes to nothing.
#[tokio::test]
async fn the_key_is_asked_for_before_the_second_factor() {
    let options = |options: &mut Options| {
        require_everybody(options);
        options.audiences.default.dpop_bound = true;
    };
    let app = TestApp::with(options, |_| {}).await;
    app.login("ada", PASSWORD).await.assert_error(400, "dpop_proof_required");
    let key = Key::new();
    let call = app.post("/api/login").header("dpop", &key.proof(&app, "/api/login"));
    let reply = call.json(&json!({ "username": "ada", "password": PASSWORD })).send().await;
    assert_eq!((reply.status.as_u16(), &reply.json()["code"]), (403, &json!("second_factor_required")));
}

/// AU-2, RF-15: whoever has copied the refresh token of an unbound session cannot bind tokens to a key of his own.
#[tokio::test]
async fn a_session_without_a_key_gets_no_bound_tokens() {
    let app = vault().await;
    let mut device = app.sign_in("ada").await;
    let key = Key::new();
    for _ in 0..3 {
        app.wait(30);
        for key in [None, Some(&key)] {
            let reply = refresh_for(&app, &device.cookie, "vault", key).await;
            reply.assert_error(401, "device_proof_required");
            assert_eq!(reply.header(header::SET_COOKIE), None);
            assert_eq!(reply.header(header::WWW_AUTHENTICATE), Some(r#"DPoP algs="ES256 EdDSA""#));
        }
        device = Device::from(&app.refresh(&device.cookie).await);
    }
    assert_eq!(app.audit(AuditKind::RefreshReuseDetected).await.len(), 0);
    assert_eq!(app.audit(AuditKind::DeviceProofMissing).await.len(), 0);
}

/// One session has tokens of both kinds.
#[tokio::test]
async fn an_audience_that_binds_is_beside_others_that_do_not() {
    let app = vault().await;
    let key = Key::new();
    let mut cookie = key.sign_in(&app, "ada").await.cookie;
    for (audience, kind) in [("vault", "DPoP"), ("plain", "Bearer"), ("api", "Bearer"), ("vault", "DPoP")] {
        app.wait(20);
        refresh_for(&app, &cookie, audience, None).await.assert_error(401, "device_proof_required");
        let reply = refresh_for(&app, &cookie, audience, Some(&key)).await;
        let body = reply.json();
        let token = body["accessToken"].as_str().unwrap();
        let expected = if kind == "DPoP" { json!({ "jkt": key.thumbprint() }) } else { Value::Null };
        assert_eq!((&body["tokenType"], confirmation(token)), (&json!(kind), expected), "{audience}");
        cookie = reply.cookie().unwrap();
    }
    assert_eq!(app.audit(AuditKind::DeviceProofMissing).await.len(), 1, "once an hour");
}

/// SE-10: by the access token, with its proof; by the cookie, without.
#[tokio::test]
async fn a_bound_token_logs_out_with_its_proof() {
    let app = bound().await;
    let key = Key::new();
    let device = key.sign_in(&app, "ada").await;
    let logout = (Method::POST, "/api/logout");
    let token = &device.access_token;
    app.post("/api/logout").bearer(token).send().await.assert_error(401, "token_bound");
    let by_thief = Key::new().call_with(&app, logout.clone(), token, |_| {}).send().await;
    by_thief.assert_error(401, "invalid_dpop_proof");
    let by_owner = key.call_with(&app, logout, token, |_| {}).send().await;
    assert_eq!(by_owner.status, StatusCode::NO_CONTENT);
    key.get(&app, "/api/profile", token).await.assert_error(401, "token_revoked");
    let device = key.sign_in(&app, "ada").await;
    assert_eq!(app.post("/api/logout").cookie(&device.cookie).send().await.status, StatusCode::NO_CONTENT);
}

/// An API key is a bearer secret, and a reverse proxy shows no proof that could be checked here.
#[tokio::test]
async fn neither_api_keys_nor_reverse_proxies_get_around_the_key() {
    let app = vault().await;
    let key = Key::new();
    let body = json!({ "username": "ada", "password": PASSWORD, "audience": "vault" });
    let login = app.post("/api/login").header("dpop", &key.proof(&app, "/api/login")).json(&body);
    let login = login.send().await;
    let token = login.json()["accessToken"].as_str().unwrap().to_owned();
    let cookies: Vec<_> = login.headers.get_all(header::SET_COOKIE).iter().collect();
    let session = cookies.iter().find_map(|it| it.to_str().ok()?.strip_prefix("__Host-session="));
    let session = session.unwrap().split(';').next().unwrap();
    let verify = |audience: &str| app.get(&format!("/api/verify?audience={audience}"));
    verify("vault").bearer(&token).send().await.assert_error(401, "token_bound");
    let with_proof = key.get(&app, "/api/verify?audience=vault", &token).await;
    with_proof.assert_error(401, "token_bound");
    let by_cookie = |audience: &str| verify(audience).header("cookie", &format!("__Host-session={session}"));
    by_cookie("vault").send().await.assert_error(401, "token_bound");
    assert_eq!(by_cookie("plain").send().await.status, StatusCode::NO_CONTENT);

    let spec = |audience: &str| ApiKeySpec {
        name: ApiKeyName::parse("nightly").unwrap(),
        audience: Some(audience.to_owned()),
        scopes: Scopes::parse("").unwrap(),
        expires_at: None,
    };
    let ada = login.json()["user"]["userId"].as_str().unwrap().parse().unwrap();
    assert!(app.countersign.add_api_key(ada, spec("vault"), &app.operator()).await.is_err());
    assert!(app.countersign.add_api_key(ada, spec("plain"), &app.operator()).await.is_ok());
}

/// RFC 9449 §6.2: a service that asks is told what the token is bound to.
#[tokio::test]
async fn introspection_says_what_a_token_is_bound_to() {
    for app in [bound().await, vault().await] {
        let client = ClientName::parse("gateway").unwrap();
        let (_, secret) = app.countersign.add_client(client, &app.operator()).await.unwrap();
        let key = Key::new();
        let audience = app.countersign.options().audiences.iter().find(|it| it.dpop_bound).unwrap();
        let body = json!({ "username": "ada", "password": PASSWORD, "audience": audience.name });
        let login = app.post("/api/login").header("dpop", &key.proof(&app, "/api/login"));
        let token = login.json(&body).send().await.json()["accessToken"].as_str().unwrap().to_owned();
        let said = introspect(&app, secret.as_str(), &token).await;
        assert_eq!((&said["active"], &said["cnf"]["jkt"]), (&json!(true), &json!(key.thumbprint())));
    }
}

/// A token from before its audience was one that binds is not good any more.
#[tokio::test]
async fn a_token_from_before_is_refused_by_our_own_routes() {
    let nodes = TestApp::nodes_with(2, |n, options| options.audiences.default.dpop_bound = n == 1).await;
    let [before, app] = &nodes[..] else { unreachable!() };
    let device = before.sign_in("ada").await;
    assert_eq!(before.profile(&device.access_token).await, 200);
    app.get("/api/profile").bearer(&device.access_token).send().await.assert_error(401, "invalid_token");
    app.wait(20);
    app.refresh(&device.cookie).await.assert_error(401, "device_proof_required");
}
