//! API keys: how they are made and revoked, and what they are good for.

use axum::http::{Method, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::guard::jwt::dangerous::decode_unverified;
use countersign::internal::model::account::AccountChange;
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::client::ClientName;
use countersign::options::Audience;
use countersign::{ApiKey, ApiKeyName, ApiKeySpec, Scopes};
use serde_json::{Map, Value, json};

use crate::app::{Call, Device, PASSWORD, Reply, TestApp};

/// With two more audiences, of which one is for administrators.
async fn app() -> TestApp {
    TestApp::with(
        |options| {
            let mut ops = Audience::new("ops");
            ops.roles.push(countersign::Role::admin());
            options.audiences.others = vec![Audience::new("files"), ops];
        },
        |_| {},
    )
    .await
}

fn spec(audience: Option<&str>, scope: &str) -> ApiKeySpec {
    ApiKeySpec {
        name: ApiKeyName::parse("nightly").unwrap(),
        audience: audience.map(str::to_owned),
        scopes: Scopes::parse(scope).unwrap(),
        expires_at: None,
    }
}

/// A key of ada's.
async fn key_for(app: &TestApp, audience: Option<&str>, scope: &str) -> (ApiKey, String) {
    let ada = app.sign_in("ada").await.user_id.parse().unwrap();
    let made = app.countersign.add_api_key(ada, spec(audience, scope), &app.operator()).await;
    let (key, secret) = made.unwrap();
    (key, secret.as_str().to_owned())
}

trait Form {
    fn basic(self, name: &str, secret: &str) -> Self;
}

impl Form for Call<'_> {
    fn basic(self, name: &str, secret: &str) -> Self {
        self.header("authorization", &format!("Basic {}", STANDARD.encode(format!("{name}:{secret}"))))
    }
}

const GRANT: &str = "grant_type=client_credentials";

async fn exchange(app: &TestApp, secret: &str) -> Reply {
    app.post("/oauth2/token").basic("ada", secret).form(GRANT).send().await
}

async fn token(app: &TestApp, secret: &str) -> String {
    let reply = exchange(app, secret).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

fn claims(token: &str) -> Map<String, Value> {
    decode_unverified(token).unwrap().payload
}

fn assert_oauth_error(reply: &Reply, status: u16, error: &str) {
    assert_eq!((reply.status.as_u16(), &reply.json()["error"]), (status, &json!(error)), "{}", reply.text);
    assert_eq!(reply.headers.contains_key(header::WWW_AUTHENTICATE), status == 401);
}

async fn is_active(app: &TestApp, client: &str, token: &str) -> Value {
    let call = app.post("/oauth2/introspect").basic("gateway", client);
    call.form(&format!("token={token}")).send().await.json()
}

async fn client(app: &TestApp) -> String {
    let name = ClientName::parse("gateway").unwrap();
    app.countersign.add_client(name, &app.operator()).await.unwrap().1.as_str().to_owned()
}

async fn change(app: &TestApp, device: &Device, change: AccountChange) {
    app.countersign.change_account(device.user_id.parse().unwrap(), change, &app.operator()).await.unwrap();
}

/// AK-1, RFC 6749 §4.4, RFC 9068 §2.2: in every way in which a client can say who it is, and with every name.
#[tokio::test]
async fn a_key_is_exchanged_for_an_access_token() {
    let app = app().await;
    let (key, secret) = key_for(&app, Some("files"), "write read").await;
    let (id, account) = (key.id.to_string(), key.account_id.to_string());
    let post = || app.post("/oauth2/token");
    let as_json = json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": secret });
    for call in [
        post().basic("ada", &secret).form(GRANT),
        post().basic("ADA", &secret).form(&format!("{GRANT}&scope=&resource=x")),
        post().basic(&id, &secret).form(&format!("{GRANT}&client_id={id}")),
        post().form(&format!("{GRANT}&client_id={account}&client_secret={secret}")),
        post().json(&as_json),
    ] {
        let reply = call.send().await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
        let body = reply.json();
        assert_eq!(
            (&body["token_type"], &body["expires_in"], &body["scope"]),
            (&json!("Bearer"), &json!(900), &json!("read write"))
        );
        assert_eq!(body.as_object().unwrap().len(), 4, "no refresh token: {body}");
        let claims = claims(body["access_token"].as_str().unwrap());
        let said = ["aud", "sub", "client_id", "scope", "username", "role"].map(|name| claims[name].clone());
        assert_eq!(said, ["files", &*account, &*id, "read write", "ada", "user"].map(Value::from));
        assert!(!claims.contains_key("auth_time") && !claims.contains_key("amr"), "nobody has signed in");
    }
    let narrowed = post().basic("ada", &secret).form(&format!("{GRANT}&scope=read")).send().await;
    assert_eq!(narrowed.json()["scope"], "read");
    assert_eq!(claims(narrowed.json()["access_token"].as_str().unwrap())["scope"], "read");
    let grant = app.countersign.find_by_api_key(&secret, &app.operator()).await.unwrap().unwrap();
    let none =
        app.countersign.exchange_api_key(&grant, Some(Scopes::default()), app.clock.now()).await.unwrap();
    assert_eq!(none.1.to_string(), "read write", "a token without a scope would not be limited");
    let (_, plain) = key_for(&app, None, "").await;
    let plain = exchange(&app, &plain).await.json();
    assert!(
        plain.get("scope").is_none()
            && claims(plain["access_token"].as_str().unwrap()).get("scope").is_none()
    );
}

/// RFC 6749 §5.2: each error, and none of them says more than another about a key that does not work.
#[tokio::test]
async fn what_is_no_key_is_refused() {
    let app = app().await;
    let (key, secret) = key_for(&app, None, "read").await;
    let post = || app.post("/oauth2/token");
    let (client, device) = (client(&app).await, app.sign_in("ada").await);
    let other = format!("{}{}", &secret[..51], if secret.ends_with('A') { "B" } else { "A" });
    // Whole, and made by another system. Its first is the same: both have the randomness of tests.
    let elsewhere = self::app().await;
    key_for(&elsewhere, None, "").await;
    let (_, never_made) = key_for(&elsewhere, None, "").await;
    assert_ne!(never_made, secret);
    for call in [
        post().form(GRANT),
        post().basic("ada", &other).form(GRANT),
        post().basic("ada", &never_made).form(GRANT),
        post().basic("ada", "").form(GRANT),
        post().basic("root", &secret).form(GRANT),
        post().basic("", &secret).form(GRANT),
        post().basic("gateway", &client).form(GRANT),
        post().basic("ada", PASSWORD).form("grant_type=password"),
        post().bearer(&secret).form(GRANT),
        post().bearer(&device.access_token).form(GRANT),
    ] {
        assert_oauth_error(&call.send().await, 401, "invalid_client");
    }
    let good = || post().basic("ada", &secret);
    for (call, error) in [
        (good().form(""), "invalid_request"),
        (good().form(&format!("{GRANT}&{GRANT}")), "invalid_request"),
        (good().form("grant_type=password&username=ada"), "unsupported_grant_type"),
        (good().form("grant_type=refresh_token"), "unsupported_grant_type"),
        (good().form(&format!("{GRANT}&scope=write")), "invalid_scope"),
        (good().form(&format!("{GRANT}&scope=read+write")), "invalid_scope"),
        (good().form(&format!("{GRANT}&scope=read++read")), "invalid_scope"),
    ] {
        assert_oauth_error(&call.send().await, 400, error);
    }
    let as_client = app.post("/oauth2/introspect").basic(&key.id.to_string(), &secret).form("token=x");
    assert_oauth_error(&as_client.send().await, 401, "invalid_client");
    let (_, ops) = {
        let root = app.sign_in("root").await.user_id.parse().unwrap();
        app.countersign.add_api_key(root, spec(Some("ops"), ""), &app.operator()).await.unwrap()
    };
    let as_root = || post().basic("root", ops.as_str()).form(GRANT);
    assert_eq!(as_root().send().await.status, StatusCode::OK);
    app.register("second", countersign::Role::admin()).await;
    let demoted = AccountChange { role: Some(countersign::Role::default()), ..AccountChange::default() };
    change(&app, &app.sign_in("root").await, demoted).await;
    assert_oauth_error(&as_root().send().await, 400, "unauthorized_client");
}

/// AK-3, AK-4: at once, for exchange, forward authentication and introspection alike; and its tokens fail with it.
#[tokio::test]
async fn a_key_that_ends_ends_everything_it_gave() {
    let app = app().await;
    let (root, client) = (app.sign_in("root").await, client(&app).await);
    let disabled = |on| AccountChange { disabled: Some(on), ..AccountChange::default() };
    for end in ["revoked", "revoked by its owner", "revoked by an administrator", "disabled", "deleted"] {
        let (key, secret) = key_for(&app, None, "").await;
        let access = token(&app, &secret).await;
        let verify = async |bearer: &str| app.get("/api/verify").bearer(bearer).send().await.status.as_u16();
        assert_eq!(
            (verify(&secret).await, verify(&access).await, app.profile(&access).await),
            (204, 204, 200)
        );
        for good in [&secret, &access] {
            assert_eq!(is_active(&app, &client, good).await["active"], true);
        }
        let ada = app.sign_in("ada").await;
        let admin = format!("/api/admin/users/{}/keys/{}", ada.user_id, key.id);
        match end {
            "revoked" => {
                assert!(app.countersign.revoke_api_key(key.id, None, &app.operator()).await.unwrap());
            }
            "revoked by its owner" => {
                let delete = app.call(Method::DELETE, &format!("/api/keys/{}", key.id));
                assert_eq!(delete.bearer(&ada.access_token).send().await.status, StatusCode::NO_CONTENT);
            }
            "revoked by an administrator" => {
                let delete = || app.call(Method::DELETE, &admin).bearer(&root.access_token);
                assert_eq!(delete().send().await.status, StatusCode::NO_CONTENT);
                delete().send().await.assert_error(404, "not_found");
            }
            "disabled" => change(&app, &ada, disabled(true)).await,
            _ => {
                let id = ada.user_id.parse().unwrap();
                app.countersign.delete_account(id, &app.operator()).await.unwrap();
            }
        }
        assert_oauth_error(&exchange(&app, &secret).await, 401, "invalid_client");
        assert_eq!((verify(&secret).await, verify(&access).await), (401, 401), "{end}");
        app.get("/api/profile").bearer(&access).send().await.assert_error(401, "token_revoked");
        for bad in [&secret, &access] {
            assert_eq!(is_active(&app, &client, bad).await, json!({ "active": false }), "{end}");
        }
        if end == "disabled" {
            change(&app, &ada, disabled(false)).await;
            let again = token(&app, &secret).await;
            assert_eq!((app.profile(&access).await, app.profile(&again).await), (401, 200));
        }
    }
}

/// AK-3: a token never outlives its key.
#[tokio::test]
async fn a_key_expires_and_its_tokens_with_it() {
    let app = app().await;
    let ada = app.sign_in("ada").await.user_id.parse().unwrap();
    let end = app.clock.now().plus(std::time::Duration::from_secs(1_000));
    let spec = ApiKeySpec { expires_at: Some(end), ..spec(None, "") };
    let (_, secret) = app.countersign.add_api_key(ada, spec, &app.operator()).await.unwrap();
    assert_eq!(exchange(&app, secret.as_str()).await.json()["expires_in"], 900);
    app.wait(999);
    assert_eq!(exchange(&app, secret.as_str()).await.json()["expires_in"], 1);
    app.wait(1);
    assert_oauth_error(&exchange(&app, secret.as_str()).await, 401, "invalid_client");
}

/// AK-2, SE-9: with the password, whose guesses are counted with all others of the account.
#[tokio::test]
async fn an_owner_makes_a_key_with_their_password() {
    let app = app().await;
    let ada = app.sign_in("ada").await;
    let post = |body: Value| app.post("/api/keys").bearer(&ada.access_token).json(&body);
    let good = json!({
        "name": "ci", "audience": "files", "scope": "b a", "expiresAt": "2100-01-01T00:00:00Z",
        "currentPassword": PASSWORD,
    });
    let reply = post(good.clone()).send().await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
    let made = reply.json();
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(claims(&token(&app, secret).await)["aud"], "files");
    let listed = app.get("/api/keys").bearer(&ada.access_token).send().await;
    assert_eq!(listed.json(), json!({ "keys": [made["key"]] }));
    assert!(!listed.text.contains(&secret[4..]));
    let expected = json!({
        "id": made["key"]["id"], "accountId": ada.user_id, "name": "ci", "audience": "files", "scope": "a b",
        "createdAt": made["key"]["createdAt"], "expiresAt": "2100-01-01T00:00:00.000Z", "lastUsedAt": null,
        "revokedAt": null, "live": true,
    });
    assert_eq!(made["key"], expected);
    for (field, value, status, code) in [
        ("currentPassword", Value::Null, 422, "invalid_value"),
        ("currentPassword", json!("another one entirely"), 403, "wrong_password"),
        ("name", json!("two words"), 422, "invalid_value"),
        ("scope", json!("a  b"), 422, "invalid_value"),
        ("audience", json!("none"), 400, "unknown_audience"),
        ("audience", json!("ops"), 403, "audience_not_permitted"),
        ("expiresAt", json!("tomorrow"), 422, "invalid_value"),
        ("expiresAt", json!("2001-01-01T00:00:00Z"), 422, "invalid_value"),
        ("more", json!(1), 400, "invalid_request"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        post(body).send().await.assert_error(status, code);
    }
    let mut wrong = good.clone();
    wrong["currentPassword"] = json!("another one entirely");
    for _ in 0..5 {
        post(wrong.clone()).send().await;
    }
    post(good).send().await.assert_error(429, "too_many_attempts");
    assert_eq!(app.login("ada", "wrong as well").await.status, StatusCode::TOO_MANY_REQUESTS, "TH-1");
    let made = app.audit(AuditKind::ApiKeyCreated).await;
    assert_eq!(made.len(), 1);
}

/// AK-2: by administrators for anybody, without a password; nobody sees or revokes another account's keys.
#[tokio::test]
async fn administrators_manage_the_keys_of_all() {
    let app = app().await;
    let (ada, root) = (app.sign_in("ada").await, app.sign_in("root").await);
    let path = format!("/api/admin/users/{}/keys", ada.user_id);
    let reply = app.post(&path).bearer(&root.access_token).json(&json!({ "name": "ci" })).send().await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    let id = reply.json()["key"]["id"].as_str().unwrap().to_owned();
    let listed = app.get(&path).bearer(&root.access_token).send().await.json();
    assert_eq!(listed, json!({ "keys": [reply.json()["key"]] }));
    let own = app.get("/api/keys").bearer(&root.access_token).send().await.json();
    assert_eq!(own, json!({ "keys": [] }));
    let delete = |path: &str| app.call(Method::DELETE, path).bearer(&root.access_token);
    delete(&format!("/api/keys/{id}")).send().await.assert_error(404, "not_found");
    delete(&format!("/api/admin/users/{}/keys/{id}", root.user_id))
        .send()
        .await
        .assert_error(404, "not_found");
    let body = json!({ "name": "ci", "currentPassword": PASSWORD });
    app.post(&path).bearer(&root.access_token).json(&body).send().await.assert_error(422, "invalid_value");
    let nobody = "/api/admin/users/00000000-0000-4000-8000-000000000000/keys";
    let make = app.post(nobody).bearer(&root.access_token).json(&json!({ "name": "ci" }));
    make.send().await.assert_error(404, "not_found");
    assert_eq!(exchange(&app, reply.json()["secret"].as_str().unwrap()).await.status, StatusCode::OK);
}

/// AK-6: an account may be an administrator's, its key is none: it does not manage what it belongs to, whatever its scopes.
#[tokio::test]
async fn a_key_does_not_manage_accounts() {
    let app = app().await;
    let root = app.sign_in("root").await;
    let (_, secret) = {
        let id = root.user_id.parse().unwrap();
        app.countersign.add_api_key(id, spec(None, "admin"), &app.operator()).await.unwrap()
    };
    let reply = app.post("/oauth2/token").basic("root", secret.as_str()).form(GRANT).send().await;
    let token = reply.json()["access_token"].as_str().unwrap().to_owned();
    for (method, path) in [
        (Method::GET, "/api/admin/users"),
        (Method::GET, "/api/keys"),
        (Method::POST, "/api/keys"),
        (Method::GET, "/api/sessions"),
        (Method::DELETE, "/api/sessions"),
        (Method::PUT, "/api/password"),
        (Method::GET, "/api/user"),
    ] {
        app.call(method, path)
            .bearer(&token)
            .json(&json!({}))
            .send()
            .await
            .assert_error(403, "insufficient_scope");
    }
    let everywhere = app.post("/api/logout").bearer(&token).json(&json!({ "everywhere": true })).send().await;
    assert_eq!(everywhere.status, StatusCode::NO_CONTENT);
    assert_eq!(app.profile(&root.access_token).await, 200, "it signs nobody out");
    let profile = app.get("/api/profile").bearer(&token).send().await.json();
    assert_eq!((&profile["user"]["scope"], &profile["user"]["role"]), (&json!("admin"), &json!("admin")));
    app.get("/api/profile").bearer(secret.as_str()).send().await.assert_error(401, "invalid_token");
}

/// AK-7: a reverse proxy gets the same of a key as of a token, for its audience alone.
#[tokio::test]
async fn forward_authentication_takes_a_key() {
    let app = app().await;
    let (key, secret) = key_for(&app, Some("files"), "read").await;
    let reply = app.get("/api/verify?audience=files&role=user").bearer(&secret).send().await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.text);
    let said = ["user-id", "username", "role", "session", "audience"]
        .map(|name| reply.header(format!("x-auth-{name}")).unwrap().to_owned());
    let (id, session) = (key.account_id.to_string(), key.session_id.to_string());
    assert_eq!(said, [&*id, "ada", "user", &*session, "files"]);
    let assertion = claims(reply.header("x-auth-token").unwrap());
    let lives = assertion["exp"].as_i64().unwrap() - assertion["iat"].as_i64().unwrap();
    assert_eq!((&assertion["scope"], &assertion["client_id"], lives), (&json!("read"), &json!(key.id), 60));
    for (path, status, code) in [
        ("/api/verify", 401, "invalid_token"),
        ("/api/verify?audience=none", 401, "invalid_token"),
        ("/api/verify?audience=files&role=admin", 403, "forbidden"),
    ] {
        let reply = app.get(path).bearer(&secret).send().await;
        reply.assert_error(status, code);
        assert_eq!(reply.header("x-auth-user-id"), Some(""), "FA-1");
    }
    let (_, plain) = key_for(&app, None, "").await;
    assert_eq!(app.post("/api/verify/some/path").bearer(&plain).send().await.status, StatusCode::OK);
    let twice = app.get("/api/verify").bearer(&plain).bearer(&plain).send().await;
    twice.assert_error(401, "invalid_token");
}

/// AK-5: written down behind the request, with who it was.
#[tokio::test]
async fn the_use_of_a_key_is_written_down_later() {
    let app = app().await;
    let (key, secret) = key_for(&app, None, "").await;
    let last_used = async || {
        let keys = app.countersign.list_api_keys(Some(key.account_id), 10).await.unwrap();
        keys[0].last_used_at
    };
    let first = app.clock.now();
    for _ in 0..3 {
        token(&app, &secret).await;
        app.wait(1);
    }
    assert_eq!(last_used().await, None, "no request waits for it");
    app.countersign.record_key_uses().await.unwrap();
    assert_eq!(last_used().await, Some(first));
    app.wait(3_600);
    app.get("/api/verify").bearer(&secret).send().await;
    app.countersign.record_key_uses().await.unwrap();
    assert_eq!(last_used().await, Some(app.clock.now()));
    let used = app.audit(AuditKind::ApiKeyUsed).await;
    let [line] = &used[..] else { panic!("{used:?}") };
    assert_eq!((line.at, line.actor.account_id()), (first, Some(key.account_id)));
    assert!(line.address.is_some() && line.request_id.is_some());
    exchange(&app, &format!("{secret}A")).await;
    app.countersign.record_key_uses().await.unwrap();
}
