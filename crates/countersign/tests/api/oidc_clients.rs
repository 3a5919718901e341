//! What applications do without a browser: how they say who they are, and what they may ask and end.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::Scopes;
use countersign::options::{Audience, OauthClient};
use countersign::store::SessionStore as _;
use serde_json::{Value, json};

use crate::app::{Reply, TestApp};
use crate::oidc::{Browser, FILES, query, redeem};

/// With a confidential client whose secret is being replaced, a public one, and one that is a service.
pub(crate) async fn with_machines() -> TestApp {
    let options = |options: &mut countersign::Options| {
        options.audiences.others.push(Audience::new(FILES));
        options.audiences.others.push(Audience::new("https://reports.example"));
        let mut shop = OauthClient::new("shop", "The Shop");
        shop.redirect_uris = vec![crate::oidc::CALLBACK.to_owned()];
        shop.resources = vec![FILES.to_owned()];
        let mut wiki =
            OauthClient::new("wi-ki", "The Wiki").with_secret("the old+one").with_secret("the new%20");
        wiki.redirect_uris = vec!["https://wiki.example/cb".to_owned()];
        wiki.resources = vec!["https://reports.example".to_owned()];
        wiki.first_party = true;
        wiki.own_audiences = vec![FILES.to_owned()];
        let mut sync = OauthClient::new("sync", "Sync").with_secret("sync secret");
        sync.client_credentials_scopes = Scopes::parse("files:read files:write").unwrap();
        sync.resources = vec![FILES.to_owned(), "https://reports.example".to_owned()];
        options.oauth.clients = vec![shop, wiki, sync];
    };
    TestApp::with(options, |_| {}).await
}

/// What a client sends: in the form, or by Basic if that is given.
pub(crate) async fn ask(app: &TestApp, path: &str, basic: Option<&str>, pairs: &[(&str, &str)]) -> Reply {
    let mut call = app.post(path);
    if let Some(basic) = basic {
        call = call.header("authorization", &format!("Basic {}", STANDARD.encode(basic)));
    }
    call.form(&query(pairs)).send().await
}

pub(crate) const WIKI: &str = "wi-ki:the old+one";

/// The tokens of the wiki for somebody.
pub(crate) async fn wiki_tokens(app: &TestApp, resource: &str) -> Value {
    let ada = app.sign_in("ada").await;
    let wiki = [("client_id", "wi-ki"), ("redirect_uri", "https://wiki.example/cb"), ("resource", resource)];
    let code = Browser::of(app, &ada).code(&wiki).await;
    let with = [
        ("client_id", "wi-ki"),
        ("client_secret", "the old+one"),
        ("redirect_uri", "https://wiki.example/cb"),
    ];
    redeem(app, &code, &with).await.json()
}

pub(crate) fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}"))
}

/// OI-8, RFC 6749 §2.3.1: each of two secrets is good in the header, as it is or encoded as in a form, and in the form.
#[tokio::test]
async fn either_secret_of_a_client_is_good_in_every_way() {
    let app = with_machines().await;
    let status = async |basic: Option<&str>, pairs: &[(&str, &str)]| {
        let with = [&[("grant_type", "refresh_token"), ("refresh_token", "x")], pairs].concat();
        let reply = ask(&app, "/oauth2/token", basic, &with).await;
        (reply.status.as_u16(), text(&reply.json(), "error").to_owned())
    };
    let known = (400, "invalid_grant".to_owned());
    for basic in [
        "wi-ki:the old+one",
        "wi-ki:the%20old%2Bone",
        "wi-ki:the+old%2Bone",
        "wi%2Dki:the+old%2Bone",
        "wi-ki:the new%20",
        "wi%2dki:the+new%2520",
    ] {
        assert_eq!(status(Some(basic), &[]).await, known, "{basic}");
        assert_eq!(status(Some(basic), &[("client_id", "wi-ki")]).await, known, "{basic}");
        let empty = [("client_id", "wi-ki"), ("client_secret", "")];
        assert_eq!(status(Some(basic), &empty).await, known, "an empty parameter is none");
    }
    for secret in ["the old+one", "the new%20"] {
        assert_eq!(status(None, &[("client_id", "wi-ki"), ("client_secret", secret)]).await, known);
    }
    assert_eq!(status(None, &[("client_id", "shop")]).await, known, "a public client has none");
    let unknown = (401, "invalid_client".to_owned());
    for basic in ["wi-ki:the old one", "wi-ki:the+old+one", "wi-ki:", "wi-ki", "shop:", "shop:x", ":x"] {
        assert_eq!(status(Some(basic), &[]).await, unknown, "{basic}");
    }
    for pairs in [
        &[("client_id", "wi-ki"), ("client_secret", "the%20old%2Bone")][..],
        &[("client_id", "wi%2Dki"), ("client_secret", "the old+one")],
        &[("client_id", "wi-ki")],
        &[("client_id", "shop"), ("client_secret", "x")],
    ] {
        assert_eq!(status(None, pairs).await, unknown, "only Basic is encoded twice: {pairs:?}");
    }
    let two = (400, "invalid_request".to_owned());
    assert_eq!(status(Some(WIKI), &[("client_secret", "the old+one")]).await, two);
    assert_eq!(status(Some(WIKI), &[("client_id", "shop")]).await, two);
}

/// The tokens of the shop for somebody, for the files.
async fn shop_tokens(app: &TestApp) -> Value {
    let ada = app.sign_in("ada").await;
    let code = Browser::of(app, &ada).code(&[("resource", FILES)]).await;
    redeem(app, &code, &[]).await.json()
}

async fn about(app: &TestApp, basic: &str, token: &str) -> Value {
    let reply = ask(app, "/oauth2/introspect", Some(basic), &[("token", token)]).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    reply.json()
}

/// OI-9, RFC 7662 §4: an application is told about its own tokens, and those for its own audience.
#[tokio::test]
async fn a_client_introspects_its_own_tokens_and_those_for_its_audience() {
    let app = with_machines().await;
    let inactive = json!({ "active": false });
    let wiki = wiki_tokens(&app, "-").await;
    let access = about(&app, WIKI, text(&wiki, "access_token")).await;
    assert_eq!((&access["active"], &access["client_id"]), (&json!(true), &json!("wi-ki")));
    let refresh = about(&app, WIKI, text(&wiki, "refresh_token")).await;
    assert_eq!((&refresh["active"], &refresh["client_id"]), (&json!(true), &json!("wi-ki")));
    assert_eq!((&refresh["scope"], &refresh["sid"]), (&json!("openid profile"), &access["sid"]));
    assert!(refresh.get("username").is_none() && access.get("username").is_none());
    // The shop's token for the files is for the wiki, which is their service; what the shop keeps is not.
    let shop = shop_tokens(&app).await;
    let files = about(&app, WIKI, text(&shop, "access_token")).await;
    assert_eq!(
        (&files["active"], &files["aud"], &files["client_id"]),
        (&json!(true), &json!(FILES), &json!("shop"))
    );
    let ada = app.sign_in("ada").await;
    for token in [text(&shop, "refresh_token"), &ada.access_token, &ada.cookie, text(&wiki, "id_token"), "x"]
    {
        assert_eq!(about(&app, WIKI, token).await, inactive, "{token}");
    }
    // Anybody can name a public client.
    let named = [("client_id", "shop"), ("token", text(&shop, "access_token"))];
    assert_eq!(ask(&app, "/oauth2/introspect", None, &named).await.status, StatusCode::UNAUTHORIZED);
    app.wait(900);
    assert_eq!(about(&app, WIKI, text(&wiki, "access_token")).await, inactive, "it has expired");
}

/// OI-9: a service and an application may have the same name; the secret says which of them asks.
#[tokio::test]
async fn a_service_and_an_application_are_told_apart_by_their_secrets() {
    let app = with_machines().await;
    let name = countersign::internal::model::client::ClientName::parse("wi-ki").unwrap();
    let (_, secret) = app.countersign.add_client(name, &app.operator()).await.unwrap();
    let service = format!("wi-ki:{}", secret.as_str());
    let shop = shop_tokens(&app).await;
    let held = text(&shop, "refresh_token");
    assert_eq!(about(&app, WIKI, held).await["active"], json!(false));
    assert_eq!(about(&app, &service, held).await["active"], json!(true));
    let ended = ask(&app, "/oauth2/revoke", Some(&service), &[("token", held)]).await;
    assert_eq!(ended.status, StatusCode::OK);
    assert_eq!(about(&app, &service, text(&shop, "access_token")).await["active"], json!(false));
}

/// OI-9, RFC 7009 §2.1: either token of an application ends its session, everywhere and at once; nobody else's does.
#[tokio::test]
async fn a_client_ends_its_own_sessions_only() {
    let app = with_machines().await;
    for by in ["refresh_token", "access_token"] {
        let wiki = wiki_tokens(&app, "-").await;
        let other = wiki_tokens(&app, "-").await;
        for _ in 0..2 {
            let reply = ask(&app, "/oauth2/revoke", Some(WIKI), &[("token", text(&wiki, by))]).await;
            assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, ""), "{by}");
        }
        let access = text(&wiki, "access_token");
        app.get("/oauth2/userinfo").bearer(access).send().await.assert_error(401, "token_revoked");
        let with = [("grant_type", "refresh_token"), ("refresh_token", text(&wiki, "refresh_token"))];
        let refused = ask(&app, "/oauth2/token", Some(WIKI), &with).await;
        crate::oidc::refused(&refused, "invalid_grant", "session_revoked");
        assert_eq!(about(&app, WIKI, text(&other, "access_token")).await["active"], json!(true), "{by}");
    }
    let shop = shop_tokens(&app).await;
    let ada = app.sign_in("ada").await;
    // Not even those for its own audience: they are the shop's.
    for token in [text(&shop, "refresh_token"), text(&shop, "access_token"), &ada.access_token, &ada.cookie] {
        let reply = ask(&app, "/oauth2/revoke", Some(WIKI), &[("token", token)]).await;
        crate::oidc::refused(&reply, "invalid_grant", "token_of_other_client");
    }
    assert_eq!(app.profile(&ada.access_token).await, 200);
    assert_eq!(about(&app, WIKI, text(&shop, "access_token")).await["active"], json!(true));
    for nothing in ["x", "", text(&shop, "id_token")] {
        let reply = ask(&app, "/oauth2/revoke", Some(WIKI), &[("token", nothing)]).await;
        assert_eq!(reply.status, StatusCode::OK, "{nothing}");
    }
    // A public one names itself: it has the token.
    let named = [("client_id", "shop"), ("token", text(&shop, "refresh_token"))];
    assert_eq!(ask(&app, "/oauth2/revoke", None, &named).await.status, StatusCode::OK);
    assert_eq!(about(&app, WIKI, text(&shop, "access_token")).await["active"], json!(false));
}

const SYNC: &str = "sync:sync secret";

async fn own_token(app: &TestApp, basic: &str, more: &[(&str, &str)]) -> Reply {
    ask(app, "/oauth2/token", Some(basic), &[&[("grant_type", "client_credentials")], more].concat()).await
}

/// OI-10, RFC 6749 §4.4, RFC 9068 §2.2: a token for the client itself, at one of its resources; nothing else.
#[tokio::test]
async fn a_client_acts_for_itself() {
    let app = with_machines().await;
    let body = own_token(&app, SYNC, &[]).await.json();
    assert_eq!((&body["scope"], &body["expires_in"]), (&json!("files:read files:write"), &json!(900)));
    assert!(body.get("refresh_token").is_none() && body.get("id_token").is_none(), "{body}");
    let said = crate::oidc::claims(text(&body, "access_token"));
    assert_eq!(
        (&said["sub"], &said["client_id"], &said["aud"], &said["scope"]),
        (&json!("sync"), &json!("sync"), &json!(FILES), &json!("files:read files:write"))
    );
    for absent in ["username", "role", "auth_time", "amr", "acr"] {
        assert!(said.get(absent).is_none(), "{said}");
    }
    let narrow = [("scope", "files:read"), ("resource", "https://reports.example")];
    let narrow = own_token(&app, SYNC, &narrow).await.json();
    let said = crate::oidc::claims(text(&narrow, "access_token"));
    assert_eq!((&said["aud"], &said["scope"]), (&json!("https://reports.example"), &json!("files:read")));
    for (basic, more, error) in [
        (SYNC, &[("scope", "files:delete")][..], "invalid_scope"),
        (SYNC, &[("scope", "openid")], "invalid_scope"),
        (SYNC, &[("scope", "profile")], "invalid_scope"),
        (SYNC, &[("scope", "\"")], "invalid_scope"),
        (SYNC, &[("resource", "https://other.example")], "invalid_target"),
        (SYNC, &[("resource", "api")], "invalid_target"),
        (SYNC, &[("resource", "https://auth.example/oauth2/userinfo")], "invalid_target"),
        (WIKI, &[], "unauthorized_client"),
        (WIKI, &[("scope", "profile")], "unauthorized_client"),
    ] {
        let reply = own_token(&app, basic, more).await;
        let said = reply.json();
        assert_eq!(
            (reply.status, &said["error"]),
            (StatusCode::BAD_REQUEST, &json!(error)),
            "{basic} {more:?}"
        );
    }
    let public = [("grant_type", "client_credentials"), ("client_id", "shop")];
    let reply = ask(&app, "/oauth2/token", None, &public).await;
    assert_eq!(reply.json()["error"], json!("unauthorized_client"), "anybody can name a public client");
    assert_eq!(own_token(&app, "sync:wrong", &[]).await.status, StatusCode::UNAUTHORIZED);
    // It has no address for a code to go to.
    let there = [("client_id", "sync"), ("redirect_uri", "https://sync.example/cb")];
    let reply = Browser::new(&app).arrive(&crate::oidc::request(&there)).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
}

/// OI-10, OI-4: nobody has signed in, so there is nobody to know about, and no account to manage. It can be ended before its time.
#[tokio::test]
async fn the_token_of_a_client_is_nobodys_and_ends_like_a_session() {
    let app = with_machines().await;
    let body = own_token(&app, SYNC, &[]).await.json();
    let other = own_token(&app, SYNC, &[]).await.json();
    let (access, other) = (text(&body, "access_token"), text(&other, "access_token"));
    app.get("/oauth2/userinfo").bearer(access).send().await.assert_error(401, "invalid_token");
    for path in ["/api/sessions", "/api/user"] {
        let reply = app.get(path).bearer(access).send().await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let said = about(&app, SYNC, access).await;
    assert_eq!((&said["active"], &said["sub"]), (&json!(true), &json!("sync")));
    assert_eq!(about(&app, WIKI, access).await["sub"], json!("sync"), "the wiki is the service of the files");
    let refused = ask(&app, "/oauth2/revoke", Some(WIKI), &[("token", access)]).await;
    crate::oidc::refused(&refused, "invalid_grant", "token_of_other_client");
    for _ in 0..2 {
        let ended = ask(&app, "/oauth2/revoke", Some(SYNC), &[("token", access)]).await;
        assert_eq!(ended.status, StatusCode::OK);
    }
    assert_eq!(about(&app, SYNC, access).await, json!({ "active": false }));
    assert_eq!(about(&app, SYNC, other).await["active"], json!(true), "that one only");
    let ended = app.audit(countersign::internal::model::audit::AuditKind::SessionEnded).await;
    assert_eq!(ended.len(), 1);
    // Another process hears of it by the log.
    let log = app.countersign.store().revocations(None, app.clock.now()).await.unwrap().log;
    let ended = crate::oidc::claims(access)["sid"].as_str().unwrap().to_owned();
    assert_eq!(log.iter().map(|line| line.ended.id.to_string()).collect::<Vec<_>>(), [ended]);
    // A service ends it too.
    let name = countersign::internal::model::client::ClientName::parse("gateway").unwrap();
    let (_, secret) = app.countersign.add_client(name, &app.operator()).await.unwrap();
    let service = format!("gateway:{}", secret.as_str());
    assert_eq!(about(&app, &service, other).await["active"], json!(true));
    ask(&app, "/oauth2/revoke", Some(&service), &[("token", other)]).await;
    assert_eq!(about(&app, SYNC, other).await["active"], json!(false));
}

async fn push(app: &TestApp, basic: Option<&str>, more: &[(&str, &str)]) -> Reply {
    let mut call = app.post("/oauth2/par");
    if let Some(basic) = basic {
        call = call.header("authorization", &format!("Basic {}", STANDARD.encode(basic)));
    }
    call.form(&crate::oidc::request(more)).send().await
}

const FOR_WIKI: [(&str, &str); 2] = [("client_id", "wi-ki"), ("redirect_uri", "https://wiki.example/cb")];

/// OI-11, RFC 9126 §2 and §4: what was pushed counts, once, for a minute; what the browser's address says beside it does not.
#[tokio::test]
async fn a_pushed_request_is_good_once() {
    let app = with_machines().await;
    let ada = app.sign_in("ada").await;
    let pushed = async || {
        let reply = push(&app, Some(WIKI), &FOR_WIKI).await;
        assert_eq!((reply.status, &reply.json()["expires_in"]), (StatusCode::CREATED, &json!(60)));
        text(&reply.json(), "request_uri").to_owned()
    };
    let uri = pushed().await;
    assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:"), "{uri}");
    let with = |uri: &str, more: &[(&str, &str)]| {
        query(&[&[("client_id", "wi-ki"), ("request_uri", uri)], more].concat())
    };
    let mut browser = Browser::of(&app, &ada);
    let evil = [("redirect_uri", "https://evil.example/cb"), ("scope", "openid email"), ("state", "x")];
    let flow = browser.begin(&with(&uri, &evil)).await;
    let reply = browser.go_on(&flow).await;
    let location = reply.header(axum::http::header::LOCATION).unwrap();
    assert!(location.starts_with("https://wiki.example/cb?code="), "{location}");
    assert_eq!(crate::oidc::parameter(&reply, "state").as_deref(), Some("st&te"));
    let code = crate::oidc::parameter(&reply, "code").unwrap();
    let shown = [
        ("client_secret", "the old+one"),
        ("client_id", "wi-ki"),
        ("redirect_uri", "https://wiki.example/cb"),
    ];
    assert_eq!(redeem(&app, &code, &shown).await.json()["scope"], json!("openid profile"));
    // Once; of this client; within the minute; and sealed by us.
    let late = pushed().await;
    let (other, fresh) = (pushed().await, pushed().await);
    app.wait(59);
    browser.begin(&with(&fresh, &[])).await;
    app.wait(1);
    let named = |id: &str| query(&[("client_id", id), ("request_uri", &other)]);
    for query in [
        with(&uri, &[]),
        with(&late, &[]),
        with(&format!("{}x", &other[..other.len() - 1]), &[]),
        with("urn:ietf:params:oauth:request_uri:x", &[]),
        named("shop"),
        named("nobody"),
        with(&other, &[("request_uri", "urn:x")]),
        query(&[("request_uri", &other)]),
    ] {
        let reply = browser.arrive(&query).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(reply.header(axum::http::header::LOCATION), None);
    }
}

/// OI-11: of many browsers at once that bring one pushed request, one goes on.
#[tokio::test]
async fn of_many_uses_of_a_pushed_request_one_goes_on() {
    let app = with_machines().await;
    let uri = text(&push(&app, Some(WIKI), &FOR_WIKI).await.json(), "request_uri").to_owned();
    let query = query(&[("client_id", "wi-ki"), ("request_uri", &uri)]);
    let arrive = || async {
        let mut browser = Browser::new(&app);
        browser.arrive(&query).await.status
    };
    let all = futures_util::future::join_all((0..8).map(|_| arrive())).await;
    assert_eq!(all.iter().filter(|status| **status == StatusCode::OK).count(), 1, "{all:?}");
    assert!(all.iter().all(|status| status.as_u16() < 500), "{all:?}");
}

/// OI-11, RFC 9126 §2.1 and §2.3: who asks and what for is checked when it is pushed.
#[tokio::test]
async fn what_is_pushed_is_checked() {
    let app = with_machines().await;
    for (more, error) in [
        (&[("redirect_uri", "https://evil.example/cb")][..], "invalid_request"),
        (&[("redirect_uri", "-")], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("scope", "admin")], "invalid_scope"),
        (&[("resource", "https://evil.example")], "invalid_target"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("request_uri", "urn:ietf:params:oauth:request_uri:x")], "invalid_request"),
        (&[("request", "e30")], "request_not_supported"),
        (&[("nonce", "a"), ("nonce", "b")], "invalid_request"),
        (&[("id_token_hint", "x")], "invalid_request"),
        (&[("client_id", "shop")], "invalid_request"),
    ] {
        let changes: Vec<_> =
            FOR_WIKI.into_iter().filter(|(name, _)| more.iter().all(|(own, _)| own != name)).collect();
        let reply = push(&app, Some(WIKI), &[&changes, more].concat()).await;
        assert_eq!(
            (reply.status, text(&reply.json(), "error")),
            (StatusCode::BAD_REQUEST, error),
            "{more:?}"
        );
    }
    for basic in [None, Some("wi-ki:wrong"), Some("nobody:x")] {
        let changes: &[_] = if basic == Some("nobody:x") { &[("client_id", "-")] } else { &FOR_WIKI };
        assert_eq!(push(&app, basic, changes).await.status, StatusCode::UNAUTHORIZED, "{basic:?}");
    }
    // A public client pushes too, and nothing is kept of that.
    assert_eq!(push(&app, None, &[]).await.status, StatusCode::CREATED);
}

/// OI-11, RFC 9126 §5: whoever has to push does not get through in another way.
#[tokio::test]
async fn a_client_may_have_to_push() {
    let options = |options: &mut countersign::Options| {
        let mut bank = OauthClient::new("bank", "Bank").with_secret("s");
        bank.redirect_uris = vec!["https://bank.example/cb".to_owned()];
        bank.require_par = true;
        options.oauth.clients = vec![bank];
    };
    let app = TestApp::with(options, |_| {}).await;
    let bank = [("client_id", "bank"), ("redirect_uri", "https://bank.example/cb")];
    let mut browser = Browser::new(&app);
    let reply = browser.arrive(&crate::oidc::request(&bank)).await;
    assert_eq!(crate::oidc::parameter(&reply, "error").as_deref(), Some("invalid_request"));
    let uri = text(&push(&app, Some("bank:s"), &bank).await.json(), "request_uri").to_owned();
    browser.begin(&query(&[("client_id", "bank"), ("request_uri", &uri)])).await;
    let said = app.get("/.well-known/openid-configuration").send().await.json();
    assert_eq!(said["require_pushed_authorization_requests"], json!(true));
    assert_eq!(said["pushed_authorization_request_endpoint"], json!("https://auth.example/oauth2/par"));
}

/// With a client that signs who it is.
async fn with_a_bank() -> (TestApp, countersign_jwt::SigningKey) {
    use countersign_jwt::{Algorithm, JwkSet, SigningKey};
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let keys = JwkSet::new(vec![key.verifying_key().clone()]).unwrap().to_json();
    let options = move |options: &mut countersign::Options| {
        options.audiences.others.push(Audience::new(FILES));
        let mut bank = OauthClient::new("bank", "Bank");
        bank.redirect_uris = vec!["https://bank.example/cb".to_owned()];
        bank.keys = countersign::options::ClientKeys::parse(&keys).unwrap();
        bank.resources = vec![FILES.to_owned()];
        bank.client_credentials_scopes = Scopes::parse("files:read").unwrap();
        let mut other = OauthClient::new("other", "Other").with_secret("s");
        other.redirect_uris = vec!["https://other.example/cb".to_owned()];
        options.oauth.clients = vec![other, bank];
    };
    (TestApp::with(options, |_| {}).await, key)
}

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn assertion(app: &TestApp, key: &countersign_jwt::SigningKey, changes: &Value) -> String {
    let exp = app.clock.now().as_unix_seconds() + 60;
    let mut claims =
        json!({ "iss": "bank", "sub": "bank", "aud": crate::app::ISSUER, "exp": exp, "jti": "1" });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    countersign_jwt::sign(&claims, key, "JWT").unwrap()
}

/// OI-12, RFC 7523 §3: an assertion says who a client is, at every endpoint, once.
#[tokio::test]
async fn a_client_may_sign_who_it_is() {
    let (app, key) = with_a_bank().await;
    let with = |signed: &str, more: &[(&'static str, &'static str)]| {
        let own = [("client_assertion_type", JWT_BEARER.to_owned()), ("client_assertion", signed.to_owned())];
        let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
        own.into_iter().chain(more).collect::<Vec<_>>()
    };
    let send = async |path: &str, pairs: Vec<(&'static str, String)>| {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = ask(&app, path, None, &pairs).await;
        (reply.status.as_u16(), reply)
    };
    let own = [("grant_type", "client_credentials")];
    let signed = assertion(&app, &key, &json!({}));
    let (status, reply) = send("/oauth2/token", with(&signed, &own)).await;
    assert_eq!(status, 200, "{}", reply.text);
    let token = text(&reply.json(), "access_token").to_owned();
    let unknown = async |signed: &str, more: &[(&'static str, &'static str)]| {
        let (status, reply) = send("/oauth2/token", with(signed, &[&own, more].concat())).await;
        assert_eq!((status, text(&reply.json(), "error")), (401, "invalid_client"), "{signed} {more:?}");
    };
    unknown(&signed, &[]).await;
    unknown(
        &assertion(&app, &key, &json!({ "jti": "1", "exp": app.clock.now().as_unix_seconds() + 61 })),
        &[],
    )
    .await;
    let now = app.clock.now().as_unix_seconds();
    for changes in [
        json!({ "jti": "2", "aud": "https://auth.example/oauth2/token" }),
        json!({ "jti": "2", "aud": [crate::app::ISSUER] }),
        json!({ "jti": "2", "exp": now + 301 }),
        json!({ "jti": "2", "exp": now }),
        json!({ "jti": "2", "sub": "other" }),
        json!({ "jti": "2", "iss": "other", "sub": "other" }),
        json!({ "jti": "" }),
    ] {
        unknown(&assertion(&app, &key, &changes), &[]).await;
    }
    let stranger = countersign_jwt::SigningKey::generate(countersign_jwt::Algorithm::Es256).unwrap();
    unknown(&assertion(&app, &stranger, &json!({ "jti": "2" })), &[]).await;
    unknown(&assertion(&app, &key, &json!({ "jti": "2" })), &[("client_id", "other")]).await;
    unknown(&token, &[]).await;
    let plain = [("grant_type", "client_credentials"), ("client_id", "bank")];
    assert_eq!(ask(&app, "/oauth2/token", None, &plain).await.status, StatusCode::UNAUTHORIZED, "not public");
    // None of that has used the second one up; and it says who is there at every endpoint.
    let next = assertion(&app, &key, &json!({ "jti": "2" }));
    let (status, reply) =
        send("/oauth2/introspect", [with(&next, &[]), vec![("token", token.clone())]].concat()).await;
    assert_eq!((status, &reply.json()["active"]), (200, &json!(true)));
    let next = assertion(&app, &key, &json!({ "jti": "3" }));
    let (status, _) =
        send("/oauth2/revoke", [with(&next, &[("client_id", "bank")]), vec![("token", token)]].concat())
            .await;
    assert_eq!(status, 200);
    let next = assertion(&app, &key, &json!({ "jti": "4" }));
    let bank = [("client_id", "bank"), ("redirect_uri", "https://bank.example/cb")];
    let more = [("client_assertion_type", JWT_BEARER), ("client_assertion", next.as_str())];
    assert_eq!(push(&app, None, &[&bank[..], &more].concat()).await.status, StatusCode::CREATED);
}

/// OI-8, RFC 6749 §2.3: not in two ways, and in no way that is not known.
#[tokio::test]
async fn an_assertion_stands_alone() {
    let (app, key) = with_a_bank().await;
    let signed = assertion(&app, &key, &json!({}));
    let own = [("grant_type", "client_credentials"), ("client_assertion", signed.as_str())];
    for (basic, more) in [
        (Some("bank:x"), &[("client_assertion_type", JWT_BEARER)][..]),
        (None, &[("client_assertion_type", JWT_BEARER), ("client_id", "bank"), ("client_secret", "x")]),
        (None, &[("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")]),
        (None, &[]),
    ] {
        let reply = ask(&app, "/oauth2/token", basic, &[&own, more].concat()).await;
        assert_eq!(
            (reply.status, text(&reply.json(), "error")),
            (StatusCode::BAD_REQUEST, "invalid_request"),
            "{more:?}"
        );
    }
    let without = [("grant_type", "client_credentials"), ("client_assertion_type", JWT_BEARER)];
    assert_eq!(ask(&app, "/oauth2/token", None, &without).await.status, StatusCode::BAD_REQUEST);
    let good = [&own[..], &[("client_assertion_type", JWT_BEARER)]].concat();
    assert_eq!(ask(&app, "/oauth2/token", None, &good).await.status, StatusCode::OK, "it was not used up");
    let said = app.get("/.well-known/openid-configuration").send().await.json();
    for endpoint in ["token", "introspection", "revocation"] {
        let methods = said[format!("{endpoint}_endpoint_auth_methods_supported")].as_array().unwrap().clone();
        assert!(
            methods.contains(&json!("private_key_jwt")) && !methods.contains(&json!("none")),
            "{methods:?}"
        );
        let signed_with = &said[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
        assert!(signed_with.as_array().unwrap().contains(&json!("ES256")), "{signed_with}");
    }
}

/// OI-12: of many requests at once with one assertion, one is let through.
#[tokio::test]
async fn of_many_uses_of_an_assertion_one_counts() {
    let (app, key) = with_a_bank().await;
    let signed = assertion(&app, &key, &json!({}));
    let own = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", signed.as_str()),
    ];
    let all = futures_util::future::join_all((0..8).map(|_| ask(&app, "/oauth2/token", None, &own))).await;
    let mut all: Vec<_> = all.iter().map(|reply| reply.status.as_u16()).collect();
    all.sort_unstable();
    assert_eq!(all, [200, 401, 401, 401, 401, 401, 401, 401]);
}

/// OI-13: the answer in a form goes where one in the address would, and nothing in it is markup.
#[tokio::test]
async fn an_answer_may_come_in_a_form() {
    use axum::http::header;
    let app = with_machines().await;
    let ada = app.sign_in("ada").await;
    let mut browser = Browser::of(&app, &ada);
    let state = "\"><script>alert(1)</script>";
    let in_a_form = [&FOR_WIKI[..], &[("response_mode", "form_post"), ("state", state)]].concat();
    let flow = browser.begin(&crate::oidc::request(&in_a_form)).await;
    let reply = browser.go_on(&flow).await;
    assert_eq!((reply.status, reply.header(header::LOCATION)), (StatusCode::OK, None));
    assert_eq!(reply.header(header::CONTENT_SECURITY_POLICY), Some(countersign::render::FORM_POST_POLICY));
    let page = &reply.text;
    let action = crate::oidc::between(page, "<form method=\"post\" action=\"", "\"");
    assert_eq!(action.replace("&#x2f;", "/"), "https://wiki.example/cb");
    assert!(!page.contains("alert(1)</script>"), "{page}");
    // The one line that the policy lets run is the one that is there.
    let script = crate::oidc::between(page, "<script>", "</script>");
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, script.as_bytes());
    let hash = format!("'sha256-{}'", STANDARD.encode(hash));
    assert!(countersign::render::FORM_POST_POLICY.contains(&hash), "{hash}");
    let field = |name: &str| crate::oidc::between(page, &format!("name=\"{name}\" value=\""), "\"");
    assert_eq!(field("iss").replace("&#x2f;", "/"), crate::app::ISSUER);
    assert!(field("state").starts_with("&quot;&gt;&lt;script"), "{}", field("state"));
    let shown = [
        ("client_secret", "the old+one"),
        ("client_id", "wi-ki"),
        ("redirect_uri", "https://wiki.example/cb"),
    ];
    assert_eq!(redeem(&app, field("code"), &shown).await.status, StatusCode::OK);
    // What is wrong comes in the same way, and never to an address that is not registered.
    let wrong = [&in_a_form[..], &[("scope", "admin")]].concat();
    let reply = browser.arrive(&crate::oidc::request(&wrong)).await;
    assert!(reply.text.contains("name=\"error\" value=\"invalid_scope\""), "{}", reply.text);
    let evil = [("redirect_uri", "https://evil.example/cb"), ("response_mode", "form_post")];
    let reply = browser.arrive(&crate::oidc::request(&evil)).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(!reply.text.contains("evil.example") && !reply.text.contains("<form"), "{}", reply.text);
}
