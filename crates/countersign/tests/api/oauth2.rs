//! `/oauth2/introspect` (RFC 7662) and `/oauth2/revoke` (RFC 7009).

use axum::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::internal::model::account::AccountChange;
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::client::ClientName;
use countersign::internal::model::session::{EndReason, SessionSelector};
use countersign::options::Audience;
use countersign::store::SessionStore as _;
use serde_json::{Value, json};

use crate::app::{Call, Reply, TestApp};

fn name(text: &str) -> ClientName {
    ClientName::parse(text).unwrap()
}

async fn with_client() -> (TestApp, String) {
    let app = TestApp::with(|options| options.audiences.others.push(Audience::new("files")), |_| {}).await;
    let (_, secret) = app.countersign.add_client(name("gateway"), &app.operator()).await.unwrap();
    (app, secret.as_str().to_owned())
}

trait AsClient {
    fn basic(self, name: &str, secret: &str) -> Self;
}

impl AsClient for Call<'_> {
    fn basic(self, name: &str, secret: &str) -> Self {
        self.header("authorization", &format!("Basic {}", STANDARD.encode(format!("{name}:{secret}"))))
    }
}

pub(crate) async fn introspect(app: &TestApp, secret: &str, token: &str) -> Value {
    let call = app.post("/oauth2/introspect").basic("gateway", secret);
    let reply = call.form(&format!("token={token}&token_type_hint=whatever&more=1")).send().await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
    reply.json()
}

fn assert_error(reply: &Reply, status: u16, error: &str) {
    assert_eq!((reply.status.as_u16(), &reply.json()["error"]), (status, &json!(error)), "{}", reply.text);
    assert_eq!(reply.json().as_object().unwrap().len(), 2);
    let challenge = reply.header(header::WWW_AUTHENTICATE);
    assert_eq!(challenge, (status == 401).then_some(r#"Basic realm="oauth2", charset="UTF-8""#));
}

fn inactive() -> Value {
    json!({ "active": false })
}

/// OA-1: both ways to authenticate, both kinds of body; and each way in which they can be wrong.
#[tokio::test]
async fn a_client_proves_who_it_is_in_one_way() {
    let (app, secret) = with_client().await;
    for path in ["/oauth2/introspect", "/oauth2/revoke"] {
        let post = || app.post(path);
        let wrong = secret.replace("csc_", "csd_");
        let both = format!("token=x&client_id=gateway&client_secret={secret}");
        for call in [
            post().basic("gateway", &secret).form("token=x"),
            post().basic("gateway", &secret).form("token=x&client_id=gateway"),
            post().form(&both),
            post().json(&json!({ "token": "x", "client_id": "gateway", "client_secret": secret, "more": 1 })),
            post().basic("gateway", &secret).json(&json!({ "token": "x" })),
        ] {
            assert_eq!(call.send().await.status, StatusCode::OK, "{path}");
        }
        for call in [
            post().form("token=x"),
            post().form("token=x&client_id=gateway"),
            post().form(&both.replace("csc_", "csd_")),
            post().form(&both.replace("gateway", "other")),
            post().basic("gateway", &wrong).form("token=x"),
            post().basic("gateway", "").form("token=x"),
            post().basic("other", &secret).form("token=x"),
            post().bearer(&secret).form("token=x"),
            post().header("authorization", "Basic ?").form("token=x"),
        ] {
            assert_error(&call.send().await, 401, "invalid_client");
        }
        for call in [
            post().basic("gateway", &secret).form(&both),
            post().basic("gateway", &secret).form("token=x&client_id=other"),
            post().basic("gateway", &secret).basic("gateway", &secret).form("token=x"),
            post().basic("gateway", &secret).form(""),
            post().basic("gateway", &secret).form("token=x&token=x"),
            post().basic("gateway", &secret).json(&json!(["x"])),
            post().basic("gateway", &secret).json(&json!({ "token": 1 })),
            post().basic("gateway", &secret).body("token=x"),
            post().basic("gateway", &secret).header("content-type", "text/plain").body("token=x"),
        ] {
            assert_error(&call.send().await, 400, "invalid_request");
        }
        let large =
            post().basic("gateway", &secret).form(&format!("token={}", "x".repeat(20_000))).send().await;
        assert_error(&large, 413, "invalid_request");
        let page = post().basic("gateway", &secret).header("origin", "https://evil.example").form("token=x");
        assert_eq!(page.send().await.status, StatusCode::FORBIDDEN, "CS-1");
    }
}

/// OA-2: what a token says while it is good, and nothing of any other.
#[tokio::test]
async fn introspection_says_what_a_good_token_says_and_nothing_of_others() {
    let (app, secret) = with_client().await;
    let device = app.sign_in("ada").await;
    let access = introspect(&app, &secret, &device.access_token).await;
    let claims = countersign::guard::jwt::dangerous::decode_unverified(&device.access_token).unwrap().payload;
    let mut expected = Value::Object(claims.clone());
    expected["active"] = true.into();
    assert_eq!(access, expected);
    let refresh = introspect(&app, &secret, &device.cookie).await;
    let names: Vec<_> = refresh.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names.len(), 8, "{names:?}");
    assert_eq!(
        (&refresh["active"], &refresh["sub"], &refresh["sid"]),
        (&json!(true), &claims["sub"], &claims["sid"])
    );
    assert_eq!(refresh["exp"].as_i64().unwrap() - app.clock.now().as_unix_seconds(), 604_800);
    let body = json!({ "username": "ada", "password": crate::app::PASSWORD, "audience": "files" });
    let files =
        app.post("/api/login").json(&body).send().await.json()["accessToken"].as_str().unwrap().to_owned();
    assert_eq!(introspect(&app, &secret, &files).await["aud"], "files");
    let verified = app.get("/api/verify").bearer(&device.access_token).send().await;
    let assertion = verified.header("x-auth-token").unwrap().to_owned();
    for token in ["x", "", &assertion, &device.cookie[..70], &format!("{}x", device.access_token), &secret] {
        assert_eq!(introspect(&app, &secret, token).await, inactive(), "{token}");
    }
    // A refresh changes nothing for the token that is asked about, and asking rotates nothing.
    app.wait(30);
    for _ in 0..3 {
        assert_eq!(introspect(&app, &secret, &device.cookie).await["active"], true);
        app.wait(20);
    }
    let next = app.refresh(&device.cookie).await.cookie().unwrap();
    app.wait(20);
    assert_eq!(introspect(&app, &secret, &device.cookie).await, inactive(), "past its grace");
    assert_eq!(introspect(&app, &secret, &next).await["active"], true, "and that ended no session");
    app.wait(900 - 110 - 1);
    assert_eq!(introspect(&app, &secret, &device.access_token).await["active"], true);
    app.wait(1);
    assert_eq!(
        introspect(&app, &secret, &device.access_token).await,
        inactive(),
        "to the second, without leeway"
    );
}

/// OA-2: the store is asked, so also what another process has just ended is not active.
#[tokio::test]
async fn introspection_is_exact() {
    let (app, secret) = with_client().await;
    let device = app.sign_in("ada").await;
    let id: countersign::AccountId = device.user_id.parse().unwrap();
    // Past this process, which therefore does not know.
    app.countersign
        .store()
        .end_sessions(SessionSelector::AllOf(id), EndReason::Ended, &app.operator())
        .await
        .unwrap();
    assert_eq!(app.profile(&device.access_token).await, 200);
    for token in [&device.access_token, &device.cookie] {
        assert_eq!(introspect(&app, &secret, token).await, inactive());
    }
    let device = app.sign_in("ada").await;
    let change = AccountChange { disabled: Some(true), ..AccountChange::default() };
    app.countersign.change_account(id, change, &app.operator()).await.unwrap();
    for token in [&device.access_token, &device.cookie] {
        assert_eq!(introspect(&app, &secret, token).await, inactive());
    }
}

/// OA-3: either token ends its session at once, and repeating that, or anything else, is no error.
#[tokio::test]
async fn revocation_ends_the_session_of_either_token() {
    let (app, secret) = with_client().await;
    let other = app.sign_in("ada").await;
    for by_refresh_token in [true, false] {
        let device = app.sign_in("ada").await;
        let token = if by_refresh_token { &device.cookie } else { &device.access_token };
        for _ in 0..2 {
            let call = app.post("/oauth2/revoke").basic("gateway", &secret).form(&format!("token={token}"));
            let reply = call.send().await;
            assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, ""));
            assert!(!reply.headers.contains_key(header::SET_COOKIE));
        }
        assert_eq!(app.profile(&device.access_token).await, 401);
        app.refresh(&device.cookie).await.assert_error(401, "session_revoked");
        assert_eq!(introspect(&app, &secret, &device.access_token).await, inactive());
    }
    assert_eq!(app.profile(&other.access_token).await, 200, "only that session");
}

/// OA-1: a client that was removed is refused, and the audit log knows both.
#[tokio::test]
async fn clients_come_and_go() {
    let (app, secret) = with_client().await;
    assert!(app.countersign.add_client(name("gateway"), &app.operator()).await.is_err());
    let (_, other) = app.countersign.add_client(name("billing"), &app.operator()).await.unwrap();
    let names = |clients: Vec<countersign::Client>| {
        clients.iter().map(|c| c.name.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(app.countersign.list_clients().await.unwrap()), ["billing", "gateway"]);
    assert!(app.countersign.remove_client(name("gateway"), &app.operator()).await.unwrap());
    assert!(!app.countersign.remove_client(name("gateway"), &app.operator()).await.unwrap());
    let ask =
        |name: &str, secret: &str| app.post("/oauth2/introspect").basic(name, secret).form("token=x").send();
    assert_error(&ask("gateway", &secret).await, 401, "invalid_client");
    assert_eq!(ask("billing", other.as_str()).await.status, StatusCode::OK);
    let recorded = async |kind| app.audit(kind).await.len();
    assert_eq!((recorded(AuditKind::ClientCreated).await, recorded(AuditKind::ClientRemoved).await), (2, 1));
}
