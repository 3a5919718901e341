//! Access tokens for other services: in their form, for their roles, and for nobody else.

use axum::http::header;
use countersign::guard::jwt::dangerous::decode_unverified;
use countersign::guard::jwt::{Algorithm, ClaimsPolicy, JwkSet, TokenType, verify_access_token};
use countersign::internal::flows::keys::{Activation, KeysError};
use countersign::internal::model::account::{AccountChange, CustomClaims, Role};
use countersign::internal::model::audit::AuditKind;
use countersign::options::{Audience, Preset};
use serde_json::{Map, Value, json};

use crate::app::{Device, ISSUER, PASSWORD, Reply, TestApp};
use crate::mail::{ADDRESS, owner, verified};

/// One audience a preset, as an operator would configure it.
async fn app() -> TestApp {
    TestApp::with(
        |options| {
            let names = [("user", "app_user"), ("editor", "app_editor")];
            options.audiences.others = Preset::ALL.map(|preset| preset.audience(preset.name())).into();
            for audience in &mut options.audiences.others {
                if ["postgrest", "hasura"].contains(&audience.name.as_str()) {
                    audience.role_names =
                        names.map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned())).into();
                }
            }
            let mut edge = Audience::new("edge");
            edge.algorithm = Algorithm::EdDsa;
            edge.roles = vec!["editor".parse().unwrap()];
            edge.lifetime = Some(std::time::Duration::from_secs(120));
            options.audiences.others.push(edge);
        },
        |_| {},
    )
    .await
}

async fn login(app: &TestApp, name: &str, audience: &str) -> Reply {
    let body = json!({ "username": name, "password": PASSWORD, "audience": audience });
    app.post("/api/login").json(&body).send().await
}

async fn refresh(app: &TestApp, cookie: &str, audience: &str) -> Reply {
    app.post("/api/refresh").cookie(cookie).json(&json!({ "audience": audience })).send().await
}

fn token(reply: &Reply) -> String {
    reply.json()["accessToken"].as_str().unwrap_or_else(|| panic!("{}", reply.text)).to_owned()
}

fn without_ours(claims: &Map<String, Value>) -> Value {
    let ours =
        ["iss", "sub", "aud", "client_id", "iat", "exp", "jti", "sid", "auth_time", "amr", "acr", "username"];
    Value::Object(
        claims
            .iter()
            .filter(|(name, _)| !ours.contains(&name.as_str()))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect(),
    )
}

/// AU-1: each consumer gets what it needs, and the published keys verify it.
#[tokio::test]
async fn every_preset_gives_what_its_consumer_needs() {
    let app = app().await;
    let device = app.sign_in("ada").await;
    let claims =
        CustomClaims::new(json!({ "role2": "x", "groups": ["root"] }).as_object().unwrap().clone()).unwrap();
    let change = AccountChange { claims: Some(claims), ..AccountChange::default() };
    app.countersign.change_account(device.user_id.parse().unwrap(), change, &app.operator()).await.unwrap();
    let id = &device.user_id;
    let keys = JwkSet::parse(&app.get("/.well-known/jwks.json").send().await.text).unwrap();
    for (audience, algorithm, typ, expected) in [
        ("spring", "RS256", "JWT", json!({ "role": "user", "role2": "x", "groups": ["root"] })),
        ("aws-alb", "RS256", "JWT", json!({ "role": "user", "role2": "x", "groups": ["root"] })),
        ("haproxy", "RS256", "at+jwt", json!({ "role": "user", "role2": "x", "groups": ["root"] })),
        ("kubernetes", "RS256", "JWT", json!({ "role": "user", "role2": "x", "groups": ["user"] })),
        ("postgrest", "ES256", "JWT", json!({ "role": "app_user", "role2": "x", "groups": ["root"] })),
        (
            "hasura",
            "ES256",
            "JWT",
            json!({ "role": "app_user", "role2": "x", "groups": ["root"],
            "https://hasura.io/jwt/claims": { "x-hasura-user-id": id, "x-hasura-default-role": "app_user",
                "x-hasura-allowed-roles": ["app_user"] } }),
        ),
        (
            "supabase",
            "ES256",
            "JWT",
            json!({ "role": "authenticated", "user_role": "user", "role2": "x", "groups": ["root"] }),
        ),
    ] {
        for reply in [
            login(&app, "ada", audience).await,
            refresh(&app, &app.sign_in("ada").await.cookie, audience).await,
        ] {
            let token = token(&reply);
            let decoded = decode_unverified(&token).unwrap();
            assert_eq!(
                (&decoded.header["alg"], &decoded.header["typ"]),
                (&json!(algorithm), &json!(typ)),
                "{audience}"
            );
            assert_eq!(decoded.payload["aud"], audience, "a plain string");
            assert_eq!(without_ours(&decoded.payload), expected, "{audience}");
            let policy = ClaimsPolicy::new(
                ISSUER,
                audience,
                TokenType::Exactly(typ.into()),
                std::time::Duration::ZERO,
            );
            verify_access_token(&token, &keys, &policy, app.clock.now().as_unix_seconds()).unwrap();
            assert!(token.len() < 1_500 && reply.json()["expiresIn"] == 900);
        }
    }
}

/// TK-4, TK-5: this server's own routes are for its own audience, also where the form is the same.
#[tokio::test]
async fn a_token_for_another_audience_opens_nothing_here() {
    let app = app().await;
    app.register("eve", "editor".parse().unwrap()).await;
    for audience in ["spring", "haproxy", "edge"] {
        let token = token(&login(&app, "eve", audience).await);
        for path in
            ["/api/user", "/api/profile", "/api/sessions", "/api/verify", "/api/verify?audience=kubernetes"]
        {
            app.get(path).bearer(&token).send().await.assert_error(401, "invalid_token");
        }
        let here = app.get(&format!("/api/verify?audience={audience}")).bearer(&token).send().await;
        assert_eq!((here.status.as_u16(), here.header("x-auth-audience")), (204, Some(audience)));
        let assertion = decode_unverified(here.header("x-auth-token").unwrap()).unwrap();
        let original = decode_unverified(&token).unwrap();
        assert_eq!(
            (&assertion.payload["aud"], &assertion.header["kid"]),
            (&json!(audience), &original.header["kid"])
        );
        app.post("/api/logout")
            .bearer(&app.sign_in("eve").await.access_token)
            .json(&json!({ "everywhere": true }))
            .send()
            .await;
        app.get(&format!("/api/verify?audience={audience}"))
            .bearer(&token)
            .send()
            .await
            .assert_error(401, "token_revoked");
    }
    let default = app.sign_in("eve").await.access_token;
    app.get("/api/verify?audience=haproxy").bearer(&default).send().await.assert_error(401, "invalid_token");
}

/// AU-2: a refused audience ends no session, begins none, and uses up no refresh token.
#[tokio::test]
async fn a_refused_audience_changes_nothing() {
    let app = app().await;
    let mut device = app.sign_in("ada").await;
    let count = app.audit(AuditKind::LoginSucceeded).await.len();
    for (audience, status, code) in [
        ("nowhere", 400, "unknown_audience"),
        ("", 400, "unknown_audience"),
        ("edge", 403, "audience_not_permitted"),
    ] {
        let body = json!({ "username": "ada", "password": PASSWORD, "audience": audience });
        let reply = app.post("/api/login").cookie(&device.cookie).json(&body).send().await;
        reply.assert_error(status, code);
        assert!(!reply.headers.contains_key(header::SET_COOKIE));
        // Old enough to be rotated, and tried more often than a rotation would forgive.
        app.wait(30);
        for _ in 0..3 {
            let reply = refresh(&app, &device.cookie, audience).await;
            reply.assert_error(status, code);
            assert!(!reply.headers.contains_key(header::SET_COOKIE));
            app.wait(20);
        }
        assert_eq!(app.profile(&device.access_token).await, 200);
        device = Device::from(&app.refresh(&device.cookie).await);
    }
    assert_eq!(app.audit(AuditKind::LoginSucceeded).await.len(), count);
    assert_eq!(app.audit(AuditKind::RefreshReuseDetected).await.len(), 0);
    let wrong = json!({ "username": "ada", "password": "wrong", "audience": "edge" });
    app.post("/api/login").json(&wrong).send().await.assert_error(401, "invalid_credentials");
}

/// RF-2: an old token is a reuse, whatever it asks for.
#[tokio::test]
async fn a_reused_token_ends_its_session_for_any_audience() {
    let app = app().await;
    let old = app.sign_in("ada").await;
    app.wait(30);
    let reply = refresh(&app, &old.cookie, "spring").await;
    assert!(reply.cookie().is_some(), "it was rotated");
    app.wait(30);
    refresh(&app, &old.cookie, "spring").await.assert_error(401, "refresh_token_reused");
    refresh(&app, &reply.cookie().unwrap(), "spring").await.assert_error(401, "session_revoked");
}

/// AU-3: no role of ours gets a meaning in a database that nobody gave it.
#[tokio::test]
async fn a_role_without_a_name_there_gets_no_token() {
    let app = app().await;
    for audience in ["postgrest", "hasura"] {
        login(&app, "root", audience).await.assert_error(403, "audience_not_permitted");
    }
    app.register("eve", "editor".parse().unwrap()).await;
    let edge = login(&app, "eve", "edge").await;
    assert_eq!(
        (edge.json()["expiresIn"].as_i64(), decode_unverified(&token(&edge)).unwrap().header["alg"].as_str()),
        (Some(120), Some("EdDSA"))
    );
    let id = edge.json()["user"]["userId"].as_str().unwrap().parse().unwrap();
    let change = AccountChange { role: Some(Role::default()), ..AccountChange::default() };
    app.countersign.change_account(id, change, &app.operator()).await.unwrap();
    refresh(&app, &edge.cookie().unwrap(), "edge").await.assert_error(403, "audience_not_permitted");
    assert_eq!(app.refresh(&edge.cookie().unwrap()).await.status.as_u16(), 200);
}

/// KM-1, KM-2: keys of each algorithm rotate, are listed, published and retired for themselves, and are never over ten.
#[tokio::test]
async fn keys_of_three_algorithms_rotate_side_by_side() {
    let app = app().await;
    let published = async || {
        let set = app.get("/.well-known/jwks.json").send().await.json();
        let of = |key: &Value| key["alg"].as_str().unwrap().to_owned();
        set["keys"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(published().await, ["ES256", "RS256", "EdDSA"], "the default audience's first");
    let kid = |token: &str| decode_unverified(token).unwrap().header["kid"].as_str().unwrap().to_owned();
    let before = token(&login(&app, "ada", "spring").await);
    let next = app.countersign.rotate_keys(Activation::WhenPublished, &app.operator()).await.unwrap();
    assert_eq!(
        next.iter().map(|key| key.algorithm.as_str()).collect::<Vec<_>>(),
        ["ES256", "RS256", "EdDSA"]
    );
    assert!(next.iter().all(|key| key.state.name() == "next") && published().await.len() == 6);
    let metadata = app.get("/.well-known/openid-configuration").send().await.json();
    assert_eq!(metadata["id_token_signing_alg_values_supported"], json!(["ES256", "RS256", "EdDSA"]));
    app.wait(24 * 60 * 60 - 1);
    assert_eq!(kid(&token(&login(&app, "ada", "spring").await)), kid(&before));
    app.wait(1);
    assert_eq!(kid(&token(&login(&app, "ada", "spring").await)), next[1].kid);
    app.wait(3 * 60 * 60);
    app.countersign.maintain_keys(app.clock.now()).await.unwrap();
    assert_eq!((published().await.len(), app.countersign.list_keys(app.clock.now()).len()), (3, 3));
    app.wait(90 * 24 * 60 * 60);
    app.countersign.maintain_keys(app.clock.now()).await.unwrap();
    assert_eq!(published().await.len(), 6, "each line makes its next key");
    let mut last = Ok(Vec::new());
    while last.is_ok() {
        app.wait(1);
        last = app.countersign.rotate_keys(Activation::AtOnce, &app.operator()).await;
    }
    assert!(matches!(last, Err(KeysError::TooMany)), "{last:?}");
    assert_eq!(published().await.len(), 10);
}

/// EM-5: the primary address, if it is verified; another one at the next refresh.
#[tokio::test]
async fn a_service_gets_the_verified_address_if_its_audience_says_so() {
    let named = |options: &mut countersign::Options| {
        options.email.enabled = true;
        let mut crm = Audience::new("crm");
        crm.claims =
            json!({ "email": "$email", "email_verified": "$email_verified" }).as_object().unwrap().clone();
        options.audiences.others = vec![crm, Audience::new("plain")];
    };
    let app = TestApp::with(named, |_| {}).await;
    let address = |reply: &Reply| {
        let token = token(reply);
        let claims = without_ours(&decode_unverified(&token).unwrap().payload);
        (claims["email"].clone(), claims["email_verified"].clone())
    };
    let none = (Value::Null, Value::Null);
    assert_eq!(address(&login(&app, "ada", "crm").await), none);
    let ada = verified(&app, "ada", ADDRESS).await;
    let proved = (json!(ADDRESS), json!(true));
    let crm = login(&app, "ada", "crm").await;
    assert_eq!((address(&crm), address(&login(&app, "ada", "plain").await)), (proved.clone(), none.clone()));
    assert_eq!(address(&refresh(&app, &ada.cookie, "crm").await), proved);
    let listed = app.get("/api/account/emails").bearer(&ada.access_token).send().await.json();
    let path = format!("/api/account/emails/{}", listed["emails"][0]["id"].as_str().unwrap());
    let removal = app.call(axum::http::Method::DELETE, &path).bearer(&ada.access_token).json(&owner());
    assert_eq!(removal.send().await.status, 204);
    let cookie = crm.cookie().unwrap();
    assert_eq!(address(&refresh(&app, &cookie, "crm").await), none);
}
