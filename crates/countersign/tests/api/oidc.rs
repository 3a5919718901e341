//! Applications sign people in: the authorization code flow with PKCE, as a browser and an application see it.

use axum::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::internal::model::account::AccountChange;
use countersign::internal::model::audit::AuditKind;
use countersign::options::{Audience, OauthClient};
use serde_json::{Value, json};

use crate::app::{Device, ISSUER, Reply, TestApp};

/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const CALLBACK: &str = "https://shop.example/cb";
pub(crate) const FILES: &str = "https://files.example";

/// A server with two applications: a public one and a confidential one.
pub(crate) async fn with_clients() -> TestApp {
    TestApp::with(clients, |_| {}).await
}

/// The applications of [`with_clients`].
pub(crate) fn clients(options: &mut countersign::Options) {
    options.audiences.others.push(Audience::new(FILES));
    options.audiences.others.push(Audience::new("https://reports.example"));
    let mut shop = OauthClient::new("shop", "The Shop");
    shop.redirect_uris = vec![CALLBACK.to_owned(), "http://127.0.0.1/cb".to_owned()];
    shop.resources = vec![FILES.to_owned(), "https://reports.example".to_owned()];
    let mut wiki = OauthClient::new("wiki", "The Wiki").with_secret("s:e+c%r&t");
    wiki.redirect_uris = vec!["https://wiki.example/cb".to_owned()];
    wiki.post_logout_redirect_uris = vec!["https://wiki.example/bye".to_owned()];
    wiki.first_party = true;
    let mut old = OauthClient::new("old", "Old").with_secret("old secret");
    old.redirect_uris = vec!["https://old.example/cb".to_owned()];
    old.require_pkce = false;
    old.first_party = true;
    old.id_token_algorithm = countersign_jwt::Algorithm::Es256;
    options.oauth.clients = vec![shop, wiki, old];
}

/// Somebody's browser.
#[derive(Clone)]
pub(crate) struct Browser<'a> {
    pub(crate) app: &'a TestApp,
    pub(crate) refresh: Option<String>,
    pub(crate) authorize: Option<String>,
}

pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    let escaped = |text: &str| {
        let byte = |byte: u8| {
            if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
        };
        text.bytes().map(byte).collect::<String>()
    };
    pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}

/// The request of the shop, with these in the place of its parameters of the same name; `-` leaves one out.
pub(crate) fn request(changes: &[(&str, &str)]) -> String {
    let good = [
        ("response_type", "code"),
        ("client_id", "shop"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile"),
        ("state", "st&te"),
        ("nonce", "n-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let is_changed = |name: &str| changes.iter().any(|(own, _)| *own == name);
    let kept = good.into_iter().filter(|(name, _)| !is_changed(name));
    let all: Vec<_> = kept.chain(changes.iter().copied().filter(|(_, value)| *value != "-")).collect();
    query(&all)
}

/// A parameter of the address that a response leads to.
pub(crate) fn parameter(reply: &Reply, name: &str) -> Option<String> {
    let location = reply.header(header::LOCATION)?;
    let (_, query) = location.split_once('?')?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    Some(String::from_utf8(bytes).unwrap())
}

pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {text}"));
    rest.split_once(after).unwrap().0
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a TestApp) -> Self {
        Self { app, refresh: None, authorize: None }
    }

    pub(crate) fn of(app: &'a TestApp, device: &Device) -> Self {
        Self { refresh: Some(device.cookie.clone()), ..Self::new(app) }
    }

    /// Follows the application's link; gives the flow that the page leads on with.
    pub(crate) async fn begin(&mut self, query: &str) -> String {
        let reply = self.arrive(query).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        between(&reply.text, "url=continue?flow=", "\"").to_owned()
    }

    /// A browser that comes from another site brings its Lax cookies, and no Strict ones.
    pub(crate) async fn arrive(&mut self, query: &str) -> Reply {
        let mut call =
            self.app.get(&format!("/oauth2/authorize?{query}")).header("sec-fetch-site", "cross-site");
        if let Some(cookie) = &self.authorize {
            call = call.header("cookie", &format!("__Host-authorize={cookie}"));
        }
        let reply = call.send().await;
        if reply.headers.contains_key(header::SET_COOKIE) {
            self.authorize = reply.cookie();
        }
        reply
    }

    pub(crate) fn cookies(&self) -> String {
        let refresh = self.refresh.as_ref().map(|value| format!("__Host-refreshToken={value}"));
        let authorize = self.authorize.as_ref().map(|value| format!("__Host-authorize={value}"));
        refresh.into_iter().chain(authorize).collect::<Vec<_>>().join("; ")
    }

    pub(crate) async fn go_on(&self, flow: &str) -> Reply {
        self.app.get(&format!("/oauth2/continue?flow={flow}")).header("cookie", &self.cookies()).send().await
    }

    pub(crate) async fn answer(&self, form: &str, decision: &str) -> Reply {
        let call = self.app.post("/oauth2/consent").header("cookie", &self.cookies());
        let call = call.header("sec-fetch-site", "same-origin");
        call.form(&query(&[("form", form), ("decision", decision)])).send().await
    }

    /// Up to the code: the request, the question if there is one, and yes.
    pub(crate) async fn code(&mut self, changes: &[(&str, &str)]) -> String {
        let flow = self.begin(&request(changes)).await;
        let mut reply = self.go_on(&flow).await;
        if reply.status == StatusCode::OK {
            reply = self.answer(between(&reply.text, "name=\"form\" value=\"", "\""), "allow").await;
        }
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
        parameter(&reply, "code").unwrap_or_else(|| panic!("{:?}", reply.header(header::LOCATION)))
    }
}

pub(crate) async fn token(app: &TestApp, pairs: &[(&str, &str)]) -> Reply {
    app.post("/oauth2/token").form(&query(pairs)).send().await
}

pub(crate) async fn redeem(app: &TestApp, code: &str, more: &[(&str, &str)]) -> Reply {
    let good = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("client_id", "shop"),
        ("code_verifier", VERIFIER),
    ];
    let kept = good.into_iter().filter(|(name, _)| more.iter().all(|(own, _)| own != name));
    let all: Vec<_> = kept.chain(more.iter().copied().filter(|(_, value)| *value != "-")).collect();
    token(app, &all).await
}

pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn head(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

pub(crate) fn refused(reply: &Reply, error: &str, code: &str) {
    let said = reply.json();
    assert_eq!(
        (reply.status, &said["error"], &said["code"]),
        (StatusCode::BAD_REQUEST, &json!(error), &json!(code)),
        "{said}"
    );
}

/// The whole of it: nobody is signed in, somebody signs in and allows it, and the application gets what was asked for.
#[tokio::test]
async fn somebody_signs_in_to_an_application() {
    let app = with_clients().await;
    let mut browser = Browser::new(&app);
    let flow = browser.begin(&request(&[])).await;
    let reply = browser.go_on(&flow).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    let location = reply.header(header::LOCATION).unwrap().to_owned();
    assert!(location.starts_with("../login?return_to=%2Foauth2%2Fcontinue%3Fflow%3D"), "{location}");
    let flow = parameter(&reply, "return_to").unwrap().split_once("flow=").unwrap().1.to_owned();

    app.wait(5);
    let ada = app.sign_in("ada").await;
    browser.refresh = Some(ada.cookie.clone());
    let reply = browser.go_on(&flow).await;
    assert_eq!(reply.status, StatusCode::OK, "the question");
    assert_eq!(reply.header(header::CONTENT_SECURITY_POLICY), Some(countersign::render::CONSENT_POLICY));
    for shown in ["The Shop", "shop.example", "ada", "Know who you are", "See your user name"] {
        assert!(reply.text.contains(shown), "{shown}: {}", reply.text);
    }
    let reply = browser.answer(between(&reply.text, "name=\"form\" value=\"", "\""), "allow").await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert!(reply.header(header::LOCATION).unwrap().starts_with("https://shop.example/cb?code=cso_"));
    assert_eq!(parameter(&reply, "state").as_deref(), Some("st&te"));
    assert_eq!(parameter(&reply, "iss").as_deref(), Some(ISSUER), "RFC 9207");

    app.wait(5);
    let reply = redeem(&app, &parameter(&reply, "code").unwrap(), &[]).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let body = reply.json();
    assert_eq!((&body["token_type"], &body["scope"]), (&json!("Bearer"), &json!("openid profile")));
    let (access, id) = (body["access_token"].as_str().unwrap(), body["id_token"].as_str().unwrap());
    let said = claims(access);
    assert_eq!(said["aud"], json!(format!("{ISSUER}/oauth2/userinfo")));
    assert_eq!(
        (&said["client_id"], &said["scope"], &said["sub"]),
        (&json!("shop"), &json!("openid profile"), &json!(ada.user_id))
    );
    assert!(said.get("role").is_none() && said.get("username").is_none(), "{said}");
    let about = claims(id);
    assert_eq!((head(id)["alg"].as_str(), head(id)["typ"].as_str()), (Some("RS256"), Some("JWT")));
    assert_eq!(
        (&about["iss"], &about["aud"], &about["sub"]),
        (&json!(ISSUER), &json!("shop"), &json!(ada.user_id))
    );
    assert_eq!((&about["nonce"], &about["sid"]), (&json!("n-1"), &said["sid"]));
    assert_eq!((&about["amr"], &about["acr"]), (&json!(["pwd"]), &json!("aal1")));
    let at = |name: &str| about[name].as_i64().unwrap();
    assert_eq!(
        (at("iat") - at("auth_time"), at("exp") - at("iat")),
        (5, 600),
        "auth_time is that of the sign-in"
    );

    let reply = app.get("/oauth2/userinfo").bearer(access).send().await;
    assert_eq!(reply.json(), json!({ "sub": ada.user_id, "preferred_username": "ada" }));
    assert_eq!(app.audit(AuditKind::AppConnected).await.len(), 1);
}

/// RFC 6750 §2.2, `OpenID` Connect Core §5.3.1: the token may be in a form, and in one place only.
#[tokio::test]
async fn who_somebody_is_can_be_asked_by_a_form() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let code = Browser::of(&app, &ada).code(&[]).await;
    let body = redeem(&app, &code, &[]).await.json();
    let access = body["access_token"].as_str().unwrap();
    let ask = |form: String| app.post("/oauth2/userinfo").form(&form);
    let reply = ask(format!("access_token={access}")).send().await;
    assert_eq!(reply.json(), json!({ "sub": ada.user_id, "preferred_username": "ada" }));
    let doubled = format!("access_token={access}&access_token={access}");
    for call in [
        ask(format!("access_token={access}")).bearer(access),
        ask(doubled),
        ask("access_token=x%0d%0ay".to_owned()),
    ] {
        let reply = call.send().await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.text);
        assert_eq!(reply.json()["error"], "invalid_request");
    }
    ask("access_token=wrong".to_owned()).send().await.assert_error(401, "invalid_token");
    ask(String::new()).send().await.assert_error(401, "token_required");
    let posted = app.post("/oauth2/userinfo").bearer(access).send().await;
    assert_eq!(posted.status, StatusCode::OK, "{}", posted.text);
    app.get(&format!("/oauth2/userinfo?access_token={access}"))
        .send()
        .await
        .assert_error(401, "token_required");
    app.post("/api/logout").form(&format!("access_token={access}")).send().await;
    assert_eq!(app.get("/oauth2/userinfo").bearer(access).send().await.status, StatusCode::OK);
}

/// OI-4, TK-4, TK-5: what an application holds does not manage the account, and is no other kind of token.
#[tokio::test]
async fn tokens_of_an_application_are_good_for_nothing_else() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let code = Browser::of(&app, &ada).code(&[]).await;
    let body = redeem(&app, &code, &[]).await.json();
    let token = |name: &str| body[name].as_str().unwrap().to_owned();
    for held in [token("access_token"), token("id_token"), token("refresh_token")] {
        assert_eq!(app.profile(&held).await, 401);
        app.get("/api/sessions").bearer(&held).send().await.assert_error(401, "invalid_token");
    }
    app.refresh(&token("refresh_token")).await.assert_error(401, "invalid_refresh_token");
    for other in [ada.access_token.clone(), token("id_token"), token("refresh_token")] {
        app.get("/oauth2/userinfo").bearer(&other).send().await.assert_error(401, "invalid_token");
    }
    let with =
        [("grant_type", "refresh_token"), ("client_id", "shop"), ("refresh_token", ada.cookie.as_str())];
    refused(&self::token(&app, &with).await, "invalid_grant", "invalid_refresh_token");
}

/// RFC 6749 §6, RF-1, RF-2: the rotation is that of every session.
#[tokio::test]
async fn an_application_refreshes_and_a_stolen_token_ends_its_session() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let code = Browser::of(&app, &ada).code(&[]).await;
    let first = redeem(&app, &code, &[]).await.json();
    let refresh = async |held: &str, more: &[(&str, &str)]| {
        let with = [("grant_type", "refresh_token"), ("client_id", "shop"), ("refresh_token", held)];
        self::token(&app, &[&with, more].concat()).await
    };
    let r0 = first["refresh_token"].as_str().unwrap();
    let reply = refresh(r0, &[]).await.json();
    assert_eq!(reply["refresh_token"], json!(r0), "young: the same again");
    app.wait(60);
    let reply = refresh(r0, &[("scope", "openid")]).await.json();
    let r1 = reply["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(r1, r0);
    assert_eq!(
        (&reply["scope"], &claims(reply["access_token"].as_str().unwrap())["scope"]),
        (&json!("openid"), &json!("openid"))
    );
    let about = claims(reply["id_token"].as_str().unwrap());
    let original = claims(first["id_token"].as_str().unwrap());
    assert_eq!(
        (&about["auth_time"], &about["sub"], &about["sid"]),
        (&original["auth_time"], &original["sub"], &original["sid"])
    );
    assert!(about.get("nonce").is_none());
    // More than was allowed is refused before the rotation.
    let wider = refresh(&r1, &[("scope", "openid email")]).await;
    assert_eq!((wider.status, &wider.json()["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_scope")));
    app.wait(60);
    assert_eq!(refresh(&r1, &[]).await.status, StatusCode::OK);
    let access = reply["access_token"].as_str().unwrap();
    refused(&refresh(r0, &[]).await, "invalid_grant", "refresh_token_reused");
    refused(&refresh(&r1, &[]).await, "invalid_grant", "session_revoked");
    app.get("/oauth2/userinfo").bearer(access).send().await.assert_error(401, "token_revoked");
    let refreshed = app.refresh(&ada.cookie).await.json();
    let own = refreshed["accessToken"].as_str().unwrap();
    assert_eq!(app.profile(own).await, 200, "its owner stays signed in");
}

/// OI-5, RFC 8707 §2.2: fixed at the request, and only ever narrowed.
#[tokio::test]
async fn a_resource_is_one_that_was_asked_for() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let mut browser = Browser::of(&app, &ada);
    let both = [("resource", FILES), ("resource", "https://reports.example")];
    let code = browser.code(&both).await;
    let body = redeem(&app, &code, &[]).await.json();
    let said = claims(body["access_token"].as_str().unwrap());
    assert_eq!(
        (&said["aud"], &said["username"], &said["role"]),
        (&json!(FILES), &json!("ada"), &json!("user"))
    );
    let access = body["access_token"].as_str().unwrap();
    app.get("/oauth2/userinfo").bearer(access).send().await.assert_error(401, "invalid_token");
    let held = body["refresh_token"].as_str().unwrap();
    for (resource, audience) in [
        ("https://reports.example", "https://reports.example"),
        ("https://auth.example/oauth2/userinfo", "https://auth.example/oauth2/userinfo"),
        (FILES, FILES),
    ] {
        let with = [
            ("grant_type", "refresh_token"),
            ("client_id", "shop"),
            ("refresh_token", held),
            ("resource", resource),
        ];
        let body = token(&app, &with).await.json();
        assert_eq!(claims(body["access_token"].as_str().unwrap())["aud"], json!(audience));
    }
    // Another one, by the code and by the refresh token; the code is as good as before.
    let code = browser.code(&[("resource", FILES)]).await;
    for resource in ["https://reports.example", "api", "https://evil.example"] {
        let reply = redeem(&app, &code, &[("resource", resource)]).await;
        assert_eq!(
            (reply.status, &reply.json()["error"]),
            (StatusCode::BAD_REQUEST, &json!("invalid_target"))
        );
    }
    assert_eq!(redeem(&app, &code, &[]).await.status, StatusCode::OK);
    let with = [
        ("grant_type", "refresh_token"),
        ("client_id", "shop"),
        ("refresh_token", held),
        ("resource", "api"),
    ];
    assert_eq!(token(&app, &with).await.json()["error"], json!("invalid_target"));
}

/// OI-6: what was allowed is not asked again; a refusal is; whoever disconnects the application is.
#[tokio::test]
async fn consent_is_remembered_until_the_application_is_disconnected() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let mut browser = Browser::of(&app, &ada);
    let flow = browser.begin(&request(&[])).await;
    let reply = browser.go_on(&flow).await;
    let form = between(&reply.text, "name=\"form\" value=\"", "\"");
    let reply = browser.answer(form, "deny").await;
    assert_eq!(parameter(&reply, "error").as_deref(), Some("access_denied"));
    assert_eq!(
        (parameter(&reply, "state").as_deref(), parameter(&reply, "iss").as_deref()),
        (Some("st&te"), Some(ISSUER))
    );

    let status = async |browser: &mut Browser<'_>, changes: &[(&str, &str)]| {
        let flow = browser.begin(&request(changes)).await;
        browser.go_on(&flow).await.status.as_u16()
    };
    assert_eq!(status(&mut browser, &[]).await, 200, "asked again");
    let code = browser.code(&[]).await;
    assert_eq!(status(&mut browser, &[]).await, 303, "allowed before");
    assert_eq!(status(&mut browser, &[("scope", "openid")]).await, 303, "less than before");
    assert_eq!(status(&mut browser, &[("scope", "openid email")]).await, 200, "more than before");
    assert_eq!(status(&mut browser, &[("resource", FILES)]).await, 200, "for another service");
    assert_eq!(status(&mut browser, &[("prompt", "consent")]).await, 200);
    assert_eq!(
        status(&mut browser, &[("redirect_uri", "http://127.0.0.1:5000/cb")]).await,
        200,
        "RFC 8252 §8.6"
    );
    let wiki = [("client_id", "wiki"), ("redirect_uri", "https://wiki.example/cb")];
    assert_eq!(status(&mut browser, &wiki).await, 303, "a part of the same service");

    // It is listed, and ends as a session does.
    let body = redeem(&app, &code, &[]).await.json();
    let sessions = app.get("/api/sessions").bearer(&ada.access_token).send().await.json();
    let sessions = sessions["sessions"].as_array().unwrap().clone();
    let connected = sessions.iter().find(|session| session["clientId"] == json!("shop")).unwrap();
    assert_eq!((sessions.len(), &connected["scope"]), (2, &json!("openid profile")));
    let access = body["access_token"].as_str().unwrap();
    assert_eq!(connected["id"], claims(access)["sid"]);
    let path = format!("/api/sessions/{}", connected["id"].as_str().unwrap());
    let ended = app.call(axum::http::Method::DELETE, &path).bearer(&ada.access_token).send().await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    app.get("/oauth2/userinfo").bearer(access).send().await.assert_error(401, "token_revoked");
    assert_eq!(status(&mut browser, &[]).await, 200, "asked again");
}

/// OI-6: an application is one thing to the owner of an account, however it is connected, and is disconnected as a whole.
#[tokio::test]
async fn the_owner_of_an_account_sees_and_disconnects_its_applications() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let apps = async |token: &str| app.get("/api/account/apps").bearer(token).send().await.json();
    assert_eq!(apps(&ada.access_token).await, json!({ "apps": [] }));
    let mut browser = Browser::of(&app, &ada);
    let code = browser.code(&[]).await;
    let connected_at = app.clock.now().to_string();
    app.wait(5);
    let body = redeem(&app, &code, &[]).await.json();
    let used_at = app.clock.now().to_string();
    let under_way = browser.code(&[("resource", FILES), ("scope", "email")]).await;
    let other = app.sign_in("root").await;
    let shop = json!({
        "clientId": "shop", "name": "The Shop", "hosts": ["127.0.0.1", "shop.example"],
        "scope": "email openid profile", "resources": [FILES], "since": connected_at, "lastUsedAt": used_at,
    });
    assert_eq!(apps(&ada.access_token).await, json!({ "apps": [shop] }));
    assert_eq!(apps(&other.access_token).await, json!({ "apps": [] }), "of nobody else");

    let disconnect = async |client: &str, token: &str| {
        let path = format!("/api/account/apps/{client}");
        app.call(axum::http::Method::DELETE, &path).bearer(token).send().await
    };
    disconnect("shop", &other.access_token).await.assert_error(404, "not_found");
    disconnect("wiki", &ada.access_token).await.assert_error(404, "not_found");
    assert_eq!(disconnect("shop", &ada.access_token).await.status, StatusCode::NO_CONTENT);
    disconnect("shop", &ada.access_token).await.assert_error(404, "not_found");
    assert_eq!(apps(&ada.access_token).await, json!({ "apps": [] }));
    let access = body["access_token"].as_str().unwrap();
    app.get("/oauth2/userinfo").bearer(access).send().await.assert_error(401, "token_revoked");
    let held = body["refresh_token"].as_str().unwrap();
    let with = [("grant_type", "refresh_token"), ("client_id", "shop"), ("refresh_token", held)];
    refused(&token(&app, &with).await, "invalid_grant", "session_revoked");
    let reply = redeem(&app, &under_way, &[]).await;
    refused(&reply, "invalid_grant", "code_unknown");
    assert_eq!(app.profile(&ada.access_token).await, 200, "its owner stays signed in");
    let flow = browser.begin(&request(&[])).await;
    assert_eq!(browser.go_on(&flow).await.status, StatusCode::OK, "asked again");
    assert_eq!(app.audit(AuditKind::AppDisconnected).await.len(), 1);
}

/// OI-7, `OpenID` Connect Core §3.1.2.1 and §3.1.2.6: `prompt` and `max_age`, through the sign-in page and back.
#[tokio::test]
async fn a_sign_in_is_asked_for_anew_where_the_application_wants_it() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let wiki = [("client_id", "wiki"), ("redirect_uri", "https://wiki.example/cb")];
    let step = async |browser: &mut Browser<'_>, more: &[(&str, &str)]| {
        let flow = browser.begin(&request(&[&wiki[..], more].concat())).await;
        browser.go_on(&flow).await
    };
    app.wait(100);
    let mut browser = Browser::of(&app, &ada);
    for more in [
        ("prompt", "login"),
        ("prompt", "select_account"),
        ("max_age", "0"),
        ("max_age", "60"),
        ("acr_values", "aal2"),
    ] {
        let reply = step(&mut browser, &[more]).await;
        assert!(reply.header(header::LOCATION).unwrap().starts_with("../login?"), "{more:?}");
        assert_eq!(parameter(&reply, "anew").as_deref(), Some("1"), "{more:?}");
        let flow = parameter(&reply, "return_to").unwrap().split_once("flow=").unwrap().1.to_owned();
        app.wait(5);
        let again = Browser { refresh: Some(app.sign_in("ada").await.cookie), ..browser.clone() };
        let reply = again.go_on(&flow).await;
        let error = parameter(&reply, "error");
        let expected = (more.0 == "acr_values").then(|| "unmet_authentication_requirements".to_owned());
        assert_eq!(error, expected, "{more:?}");
        assert_eq!(parameter(&reply, "code").is_some(), expected.is_none(), "{more:?}");
    }
    for (more, error) in [
        (&[("prompt", "none"), ("max_age", "60")][..], Some("login_required")),
        (&[("prompt", "none")], None),
        (&[("max_age", "3600")], None),
        (&[("acr_values", "aal1")], None),
    ] {
        assert_eq!(parameter(&step(&mut browser, more).await, "error").as_deref(), error, "{more:?}");
    }
    let reply = step(&mut Browser::new(&app), &[("prompt", "none")]).await;
    assert_eq!(parameter(&reply, "error").as_deref(), Some("login_required"));
    let reply = step(&mut Browser::new(&app), &[("login_hint", "ada")]).await;
    assert_eq!(parameter(&reply, "login_hint").as_deref(), Some("ada"));
    let mut shop = Browser::of(&app, &ada);
    let flow = shop.begin(&request(&[("prompt", "none")])).await;
    assert_eq!(parameter(&shop.go_on(&flow).await, "error").as_deref(), Some("consent_required"));
}

/// RFC 6749 §2.3: a secret in the header, encoded or not, or in the form; and whoever has none says so.
#[tokio::test]
async fn a_confidential_client_authenticates() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let mut browser = Browser::of(&app, &ada);
    let wiki = [("client_id", "wiki"), ("redirect_uri", "https://wiki.example/cb")];
    let form =
        async |app: &TestApp, code: &str, id: Option<&str>, secret: Option<&str>, basic: Option<&str>| {
            let mut pairs = vec![
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", "https://wiki.example/cb"),
                ("code_verifier", VERIFIER),
            ];
            pairs.extend(id.map(|id| ("client_id", id)));
            pairs.extend(secret.map(|secret| ("client_secret", secret)));
            let mut call = app.post("/oauth2/token");
            if let Some(basic) = basic {
                call = call.header("authorization", &format!("Basic {}", STANDARD.encode(basic)));
            }
            call.form(&query(&pairs)).send().await
        };
    let code = browser.code(&wiki).await;
    for (id, secret, basic) in [
        (Some("wiki"), None, None),
        (Some("wiki"), Some(""), None),
        (Some("wiki"), Some("wrong"), None),
        (None, Some("s:e+c%r&t"), None),
        (None, None, None),
        (Some("nobody"), None, None),
        (None, None, Some("wiki:wrong")),
        (None, None, Some("wiki:")),
        (None, None, Some("wiki")),
        (None, None, Some("shop:")),
    ] {
        let reply = form(&app, &code, id, secret, basic).await;
        let said = reply.json();
        assert_eq!(
            (reply.status, &said["error"]),
            (StatusCode::UNAUTHORIZED, &json!("invalid_client")),
            "{id:?} {secret:?} {basic:?}"
        );
    }
    let two = form(&app, &code, Some("wiki"), Some("s:e+c%r&t"), Some("wiki:s:e+c%r&t")).await;
    assert_eq!((two.status, &two.json()["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")));
    let other = form(&app, &code, Some("shop"), None, Some("wiki:s:e+c%r&t")).await;
    assert_eq!(other.json()["error"], json!("invalid_request"));
    // None of that has used the code up.
    for (id, secret, basic) in [
        (Some("wiki"), Some("s:e+c%r&t"), None),
        (None, None, Some("wiki:s:e+c%r&t")),
        (Some("wiki"), None, Some("wiki:s%3Ae%2Bc%25r%26t")),
    ] {
        let code = browser.code(&wiki).await;
        let reply = form(&app, &code, id, secret, basic).await;
        assert_eq!(reply.status, StatusCode::OK, "{id:?} {secret:?} {basic:?} {}", reply.text);
    }
}

/// A client that knows nothing of PKCE, and wants another algorithm.
#[tokio::test]
async fn a_client_may_be_let_off_pkce_and_choose_its_algorithm() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let old = [
        ("client_id", "old"),
        ("redirect_uri", "https://old.example/cb"),
        ("code_challenge", "-"),
        ("code_challenge_method", "-"),
    ];
    let code = Browser::of(&app, &ada).code(&old).await;
    let with = |verifier| {
        [
            ("client_id", "old"),
            ("client_secret", "old secret"),
            ("redirect_uri", "https://old.example/cb"),
            ("code_verifier", verifier),
        ]
    };
    refused(&redeem(&app, &code, &with(VERIFIER)).await, "invalid_grant", "pkce_mismatch");
    let body = redeem(&app, &code, &with("-")).await.json();
    let id = body["id_token"].as_str().unwrap();
    assert_eq!((head(id)["alg"].as_str(), &claims(id)["nonce"]), (Some("ES256"), &json!("n-1")));
    let keys = app.get("/.well-known/jwks.json").send().await.json();
    let algorithms: Vec<_> =
        keys["keys"].as_array().unwrap().iter().map(|key| key["alg"].as_str().unwrap()).collect();
    assert!(algorithms.contains(&"RS256") && algorithms.contains(&"ES256"), "{algorithms:?}");
}

/// `OpenID` Connect Core §5.4, and an ID token as a hint (§3.1.2.1).
#[tokio::test]
async fn a_hint_names_the_account_that_is_expected() {
    let app = with_clients().await;
    let (ada, root) = (app.sign_in("ada").await, app.sign_in("root").await);
    let wiki = [("client_id", "wiki"), ("redirect_uri", "https://wiki.example/cb")];
    let code = Browser::of(&app, &ada).code(&wiki).await;
    let body = redeem(
        &app,
        &code,
        &[("client_id", "wiki"), ("client_secret", "s:e+c%r&t"), ("redirect_uri", "https://wiki.example/cb")],
    )
    .await
    .json();
    let hint = body["id_token"].as_str().unwrap();
    app.wait(3600);
    let with = |hint| [&wiki[..], &[("id_token_hint", hint), ("prompt", "none")]].concat();
    let mut browser = Browser::of(&app, &ada);
    let flow = browser.begin(&request(&with(hint))).await;
    assert!(parameter(&browser.go_on(&flow).await, "code").is_some(), "it may have expired");
    let mut browser = Browser::of(&app, &root);
    let flow = browser.begin(&request(&with(hint))).await;
    assert_eq!(parameter(&browser.go_on(&flow).await, "error").as_deref(), Some("login_required"));
    for wrong in [body["access_token"].as_str().unwrap(), "x"] {
        assert_eq!(
            parameter(&browser.arrive(&request(&with(wrong))).await, "error").as_deref(),
            Some("invalid_request")
        );
    }
}

/// RFC 8414, `OpenID` Connect Discovery: what is enabled, and nothing else.
#[tokio::test]
async fn the_metadata_is_true() {
    let app = with_clients().await;
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        let said = app.get(path).send().await.json();
        assert_eq!(said["issuer"], json!(ISSUER));
        assert_eq!(said["authorization_endpoint"], json!(format!("{ISSUER}/oauth2/authorize")));
        assert_eq!(said["end_session_endpoint"], json!(format!("{ISSUER}/oauth2/logout")));
        assert_eq!(said["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(said["authorization_response_iss_parameter_supported"], json!(true));
        assert_eq!(said["scopes_supported"], json!(["email", "offline_access", "openid", "profile"]));
        assert_eq!(said["id_token_signing_alg_values_supported"], json!(["ES256", "RS256"]));
    }
    let without = TestApp::new().await.get("/.well-known/openid-configuration").send().await.json();
    assert!(
        without.get("authorization_endpoint").is_none() && without["response_types_supported"] == json!([])
    );
}

/// TH-5, RF-7: whoever may not sign in any more, for them no application goes on.
#[tokio::test]
async fn a_disabled_account_disconnects_its_applications() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let mut browser = Browser::of(&app, &ada);
    let body = redeem(&app, &browser.code(&[]).await, &[]).await.json();
    let late = browser.code(&[]).await;
    let change = AccountChange { disabled: Some(true), ..AccountChange::default() };
    app.countersign.change_account(ada.user_id.parse().unwrap(), change, &app.operator()).await.unwrap();
    refused(&redeem(&app, &late, &[]).await, "invalid_grant", "session_revoked");
    let held = body["refresh_token"].as_str().unwrap();
    let with = [("grant_type", "refresh_token"), ("client_id", "shop"), ("refresh_token", held)];
    refused(&token(&app, &with).await, "invalid_grant", "session_revoked");
    let access = body["access_token"].as_str().unwrap();
    app.get("/oauth2/userinfo").bearer(access).send().await.assert_error(401, "token_revoked");
}
