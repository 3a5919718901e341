//! Sessions that a browser binds to a key of its own (RF-16): Device Bound Session Credentials.

use axum::http::{HeaderMap, StatusCode, header};
use countersign::internal::model::audit::AuditKind;
use serde_json::json;

use crate::app::{Device, FRONT_END, ISSUER, PASSWORD, Reply, TestApp};
use crate::keyed::{Key, refresh_with};
use crate::metrics::counted;

async fn app() -> TestApp {
    TestApp::with(|options| options.device_binding.dbsc = true, |_| {}).await
}

/// A browser that has signed in: what it keeps.
struct Browser {
    key: Key,
    refresh: String,
    registration: String,
    identifier: String,
    challenge: String,
    bound: Option<String>,
}

/// The first quoted text after this.
fn quoted(headers: &HeaderMap, name: &str, after: &str) -> String {
    let value = headers[name].to_str().unwrap();
    value.split_once(&format!("{after}\"")).unwrap().1.split('"').next().unwrap().to_owned()
}

impl Browser {
    async fn sign_in(app: &TestApp) -> Self {
        let reply = app.login("ada", PASSWORD).await;
        let registration = quoted(&reply.headers, "secure-session-registration", "challenge=");
        let refresh = Device::from(&reply).cookie;
        let [identifier, challenge] = [const { String::new() }; 2];
        Self { key: Key::new(), refresh, registration, identifier, challenge, bound: None }
    }

    async fn registered(app: &TestApp) -> Self {
        let mut browser = Self::sign_in(app).await;
        let reply = browser.register(app, &browser.key.registration(&browser.registration)).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        browser.identifier = reply.json()["session_identifier"].as_str().unwrap().into();
        browser.challenge = quoted(&reply.headers, "secure-session-challenge", "");
        browser
    }

    async fn bound(app: &TestApp) -> Self {
        let mut browser = Self::registered(app).await;
        browser.renew(app).await;
        browser
    }

    async fn register(&self, app: &TestApp, proof: &str) -> Reply {
        let call = app.post("/api/device/register").cookie(&self.refresh);
        call.header("secure-session-response", &format!("\"{proof}\"")).send().await
    }

    async fn prove(&self, app: &TestApp, proof: Option<&str>) -> Reply {
        let call = app.post("/api/device/refresh").cookie(&self.refresh);
        let call = call.header("sec-secure-session-id", &format!("\"{}\"", self.identifier));
        match proof {
            Some(proof) => call.header("secure-session-response", proof).send().await,
            None => call.send().await,
        }
    }

    async fn renew(&mut self, app: &TestApp) {
        let reply = self.prove(app, Some(&self.key.answer(&self.challenge))).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        self.bound = reply.cookie();
    }

    /// As browsers do it: it asks for the challenge first.
    async fn renew_anew(&mut self, app: &TestApp) {
        let asked = self.prove(app, None).await;
        asked.assert_error(403, "device_challenge");
        self.challenge = quoted(&asked.headers, "secure-session-challenge", "");
        assert_eq!(quoted(&asked.headers, "secure-session-challenge", "id="), self.identifier);
        self.renew(app).await;
    }

    async fn refresh(&self, app: &TestApp) -> Reply {
        refresh_with_bound(app, &self.refresh, self.bound.as_deref()).await
    }
}

async fn refresh_with_bound(app: &TestApp, refresh: &str, bound: Option<&str>) -> Reply {
    let bound = bound.map(|bound| format!("; __Host-bound={bound}")).unwrap_or_default();
    app.post("/api/refresh").cookie(&format!("{refresh}{bound}")).send().await
}

/// OI-2: an application's request is a page that the browser comes to, with its cookies: with the short one it gets a code, without it
/// nobody is signed in.
#[tokio::test]
async fn an_application_gets_a_code_for_the_cookie_of_the_key_and_for_no_copied_one() {
    let with_both = |options: &mut countersign::Options| {
        crate::oidc::clients(options);
        options.device_binding.dbsc = true;
    };
    let app = TestApp::with(with_both, |_| {}).await;
    let browser = Browser::bound(&app).await;
    let copied = browser.refresh.clone();
    let own = format!("{copied}; __Host-bound={}", browser.bound.as_deref().unwrap());
    for (cookies, leads_to) in [(copied, "../login?"), (own, "https://wiki.example/cb?code=")] {
        let mut browser = crate::oidc::Browser { refresh: Some(cookies), ..crate::oidc::Browser::new(&app) };
        let wiki = [("client_id", "wiki"), ("redirect_uri", "https://wiki.example/cb")];
        let flow = browser.begin(&crate::oidc::request(&wiki)).await;
        let reply = browser.go_on(&flow).await;
        let location = reply.header(header::LOCATION).unwrap_or_default();
        assert!(location.starts_with(leads_to), "{location} {}", reply.text);
    }
}

/// A copied jar is worth nothing after ten minutes, and without the short cookie at once: it is refused, noticed, and ends nothing.
#[tokio::test]
async fn a_copied_jar_dies_in_ten_minutes_and_the_owner_stays() {
    let app = app().await;
    let mut browser = Browser::bound(&app).await;
    let bound = app.audit(AuditKind::DeviceBound).await;
    assert_eq!(bound.len(), 1);
    app.wait(20);
    let refused = refresh_with_bound(&app, &browser.refresh, None).await;
    refused.assert_error(401, "device_proof_required");
    assert_eq!(refused.header(header::SET_COOKIE), None, "RF-12: the jar may be the owner's");
    let missing = app.audit(AuditKind::DeviceProofMissing).await;
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].event.session_id, bound[0].event.session_id);
    app.wait(579);
    let advanced = browser.refresh(&app).await;
    assert_eq!(advanced.status, StatusCode::OK, "{}", advanced.text);
    browser.refresh = advanced.cookie().unwrap();
    app.wait(1);
    browser.refresh(&app).await.assert_error(401, "device_proof_required");
    browser.renew_anew(&app).await;
    assert_eq!(browser.refresh(&app).await.status, StatusCode::OK);
    assert_eq!(app.audit(AuditKind::SessionEnded).await.len(), 0);
    assert_eq!(app.audit(AuditKind::DeviceBound).await.len(), 1);
}

/// The parent is honoured at any time: a device that slept, or whose server was down, is not taken for a thief.
#[tokio::test]
async fn lost_responses_sign_nobody_out() {
    let app = app().await;
    let mut browser = Browser::bound(&app).await;
    for _ in 0..3 {
        app.wait(20);
        let lost = browser.refresh(&app).await.cookie().unwrap();
        for hours in [1, 9, 30] {
            app.wait(hours * 3_600);
            browser.renew_anew(&app).await;
            let repeated = browser.refresh(&app).await;
            assert_eq!((repeated.status, repeated.cookie()), (StatusCode::OK, Some(lost.clone())));
        }
        app.wait(20);
        browser.renew_anew(&app).await;
        browser.refresh = lost;
    }
    assert_eq!(app.audit(AuditKind::RefreshReuseDetected).await.len(), 0);
}

/// A registration whose response was lost binds nothing; nor does one that is never proved. The session is as it always was.
#[tokio::test]
async fn a_registration_binds_when_it_is_proved() {
    let app = app().await;
    let lost = Browser::registered(&app).await;
    app.wait(86_400);
    assert_eq!(lost.refresh(&app).await.status, StatusCode::OK, "nothing is required");
    let mut late = Browser::registered(&app).await;
    app.wait(86_400);
    let successor = late.refresh(&app).await.cookie().unwrap();
    app.wait(86_400);
    // Its response was lost a day ago: the proof comes first, and with it the parent is good.
    late.renew_anew(&app).await;
    assert_eq!(late.refresh(&app).await.cookie(), Some(successor.clone()));
    late.refresh = successor;
    refresh_with_bound(&app, &late.refresh, None).await.assert_error(401, "device_proof_required");
}

/// Only the challenge of a sign-in makes an identifier, for five minutes, and only with its session. No refresh offers one.
#[tokio::test]
async fn a_key_is_registered_at_the_sign_in_or_never() {
    let app = app().await;
    let (browser, other) = (Browser::sign_in(&app).await, Browser::sign_in(&app).await);
    let good = browser.key.registration(&browser.registration);
    for proof in [
        browser.key.registration(&other.registration),
        browser.key.registration("x"),
        browser.key.answer(&browser.registration),
        "x".to_owned(),
        String::new(),
    ] {
        browser.register(&app, &proof).await.assert_error(400, "invalid_device_proof");
    }
    let call = || app.post("/api/device/register").header("secure-session-response", &good);
    call().send().await.assert_error(401, "device_session_required");
    call().cookie("csr_x").send().await.assert_error(401, "device_session_required");
    let none = app.post("/api/device/register").cookie(&browser.refresh).send().await;
    none.assert_error(400, "invalid_device_proof");
    let two = call().header("secure-session-response", &good).cookie(&browser.refresh);
    two.send().await.assert_error(400, "invalid_device_proof");
    app.wait(299);
    let reply = browser.register(&app, &good).await;
    assert_eq!(reply.status, StatusCode::OK);
    let cleared = reply.header(header::SET_COOKIE);
    assert_eq!(cleared, Some("__Host-bound=; HttpOnly; Secure; SameSite=Lax; Path=/; Max-Age=0"));
    app.wait(1);
    browser.register(&app, &good).await.assert_error(400, "invalid_device_proof");
    let refreshed = app.refresh(&browser.refresh).await;
    assert_eq!(refreshed.status, StatusCode::OK);
    assert!(!refreshed.headers.contains_key("secure-session-registration"));
}

/// A renewal takes an answer of the registered key to a challenge for this session, once, within five minutes.
#[tokio::test]
async fn a_renewal_takes_the_answer_of_the_registered_key() {
    let app = app().await;
    let (mut browser, other) = (Browser::registered(&app).await, Browser::registered(&app).await);
    let answer = browser.key.answer(&browser.challenge);
    for proof in
        [other.key.answer(&browser.challenge), browser.key.registration(&browser.challenge), "x".to_owned()]
    {
        browser.prove(&app, Some(&proof)).await.assert_error(400, "invalid_device_proof");
    }
    for proof in [browser.key.answer(&other.challenge), browser.key.answer(&browser.registration)] {
        browser.prove(&app, Some(&proof)).await.assert_error(403, "device_challenge");
    }
    let mine = std::mem::replace(&mut browser.identifier, other.identifier.clone());
    browser.prove(&app, Some(&answer)).await.assert_error(401, "device_session_required");
    browser.prove(&app, None).await.assert_error(401, "device_session_required");
    browser.identifier = "x".to_owned();
    browser.prove(&app, None).await.assert_error(401, "device_session_required");
    browser.identifier = mine;
    assert_eq!(app.audit(AuditKind::DeviceBound).await.len(), 0);
    let reply = browser.prove(&app, Some(&answer)).await;
    assert_eq!(reply.status, StatusCode::OK);
    let cookie = reply.header(header::SET_COOKIE).unwrap();
    assert!(cookie.starts_with("__Host-bound=csb_"));
    assert!(cookie.ends_with("; HttpOnly; Secure; SameSite=Lax; Path=/; Max-Age=600"), "{cookie}");
    browser.prove(&app, Some(&answer)).await.assert_error(403, "device_challenge");
    let asked = browser.prove(&app, None).await;
    let challenge = quoted(&asked.headers, "secure-session-challenge", "");
    app.wait(300);
    browser.prove(&app, Some(&browser.key.answer(&challenge))).await.assert_error(403, "device_challenge");
    // Two keys have answered the challenge of one sign-in: the first that is proved stays.
    let (browser, second) = (Browser::sign_in(&app).await, Key::new());
    let register = async |key: &Key| {
        let reply = browser.register(&app, &key.registration(&browser.registration)).await;
        reply.json()["session_identifier"].as_str().unwrap().to_owned()
    };
    let (first_name, second_name) = (register(&browser.key).await, register(&second).await);
    let prove = async |key: &Key, identifier: &str| {
        let call = || {
            let call = app.post("/api/device/refresh").cookie(&browser.refresh);
            call.header("sec-secure-session-id", identifier)
        };
        let asked = call().send().await;
        let challenge = quoted(&asked.headers, "secure-session-challenge", "");
        call().header("secure-session-response", &key.answer(&challenge)).send().await
    };
    assert_eq!(prove(&browser.key, &first_name).await.status, StatusCode::OK);
    prove(&second, &second_name).await.assert_error(401, "device_session_required");
}

/// An ended session ends what the browser knows of it: 401, and never a challenge without end.
#[tokio::test]
async fn a_session_that_is_over_renews_nothing() {
    let app = app().await;
    let browser = Browser::bound(&app).await;
    app.post("/api/logout").cookie(&browser.refresh).send().await;
    let asked = browser.prove(&app, None).await;
    let challenge = quoted(&asked.headers, "secure-session-challenge", "");
    browser
        .prove(&app, Some(&browser.key.answer(&challenge)))
        .await
        .assert_error(401, "device_session_required");
    let without = app.post("/api/device/refresh").header("sec-secure-session-id", &browser.identifier);
    without.send().await.assert_error(401, "device_session_required");
}

/// One key a session; and the cookie of one session proves nothing for another.
#[tokio::test]
async fn a_sign_in_with_a_dpop_proof_is_offered_no_other() {
    let app = app().await;
    let key = Key::new();
    let body = json!({ "username": "ada", "password": PASSWORD });
    let login = || app.post("/api/login").json(&body);
    let with = login().header("dpop", &key.proof(&app, "/api/login")).send().await;
    assert!(!with.headers.contains_key("secure-session-registration"));
    let body = json!({ "username": "ada", "password": PASSWORD, "refreshTokenDelivery": "body" });
    let native = app.post("/api/login").json(&body).send().await;
    assert!(!native.headers.contains_key("secure-session-registration"), "it has no cookie jar");
    let off = TestApp::new().await.login("ada", PASSWORD).await;
    assert!(!off.headers.contains_key("secure-session-registration"));
    let plain = |options: &mut countersign::Options| {
        options.device_binding.dbsc = true;
        options.issuer = "http://localhost:3000".to_owned();
    };
    let plain = TestApp::with(plain, |_| {}).await.login("ada", PASSWORD).await;
    assert!(!plain.headers.contains_key("secure-session-registration"), "no browser does it over plain HTTP");
    let (browser, other) = (Browser::bound(&app).await, Browser::bound(&app).await);
    app.wait(20);
    let swapped = refresh_with_bound(&app, &browser.refresh, other.bound.as_deref()).await;
    swapped.assert_error(401, "device_proof_required");
    // A page may send proofs of its own with every request.
    let jar = format!("{}; __Host-bound={}", browser.refresh, browser.bound.as_deref().unwrap());
    assert_eq!(refresh_with(&app, &jar, &key.proof(&app, "/api/refresh")).await.status, StatusCode::OK);
}

/// A browser that does not renew, and says so, gets what an outage gets: its user stays, and waits. It is counted.
#[tokio::test]
async fn a_skipped_renewal_signs_nobody_out() {
    let app = app().await;
    let browser = Browser::bound(&app).await;
    let skipped = |reason: &str| {
        let value = format!("{reason};session_identifier=\"{}\"", browser.identifier);
        app.post("/api/refresh").cookie(&browser.refresh).header("secure-session-skipped", &value).send()
    };
    for reason in ["quota_exceeded", "unreachable", "server_error", "x"] {
        let reply = skipped(reason).await;
        reply.assert_error(503, "unavailable");
        assert_eq!(reply.header(header::RETRY_AFTER), Some("5"));
        assert_eq!(reply.header(header::SET_COOKIE), None);
    }
    assert_eq!(app.audit(AuditKind::DeviceProofMissing).await.len(), 1, "a thief can say it too");
    let unbound = app.sign_in("ada").await;
    let reply =
        app.post("/api/refresh").cookie(&unbound.cookie).header("secure-session-skipped", "unreachable");
    assert_eq!(reply.send().await.status, StatusCode::OK);
    let counts = ["quota_exceeded 1", "unreachable 2", "server_error 1", "other 1"];
    assert_eq!(counted(&app, "countersign_device_skipped_total"), counts);
    assert_eq!(counted(&app, "countersign_device_bindings_total"), ["dbsc 1"]);
    browser.prove(&app, None).await;
    browser.prove(&app, Some("x")).await;
    assert_eq!(
        counted(&app, "countersign_device_renewals_total"),
        ["challenged 1", "renewed 1", "refused 1"]
    );
    Key::new().sign_in(&app, "ada").await;
    assert_eq!(counted(&app, "countersign_device_bindings_total"), ["dpop 1", "dbsc 1"]);
    assert!(counted(&app, "countersign_refreshes_total").contains(&"proof_required 4".to_owned()));
}

/// What browsers are told: our own path alone, and the front ends, whose requests would be sent without the cookie otherwise.
#[tokio::test]
async fn browsers_renew_for_our_path_and_for_front_ends() {
    let app = app().await;
    let browser = Browser::sign_in(&app).await;
    let reply = browser.register(&app, &browser.key.registration(&browser.registration)).await.json();
    let credential = json!({ "type": "cookie", "name": "__Host-bound", "attributes": "Path=/; Secure; HttpOnly; SameSite=Lax" });
    let expected = json!({
        "session_identifier": reply["session_identifier"],
        "refresh_url": "/api/device/refresh",
        "scope": { "origin": ISSUER, "include_site": false, "scope_specification": [] },
        "credentials": [credential],
        "allowed_refresh_initiators": [FRONT_END.trim_start_matches("https://")],
    });
    assert_eq!(reply, expected);
    let below = |options: &mut countersign::Options| {
        options.device_binding.dbsc = true;
        options.issuer = format!("{ISSUER}/auth");
    };
    let app = TestApp::with(below, |_| {}).await;
    let signed_in = app.login("ada", PASSWORD).await;
    assert_eq!(
        quoted(&signed_in.headers, "secure-session-registration", "path="),
        "/auth/api/device/register"
    );
    let browser = Browser::sign_in(&app).await;
    let reply = browser.register(&app, &browser.key.registration(&browser.registration)).await.json();
    assert_eq!(reply["refresh_url"], "/auth/api/device/refresh");
    let rules = reply["scope"]["scope_specification"].as_array().unwrap();
    let rules: Vec<_> =
        rules.iter().map(|rule| (rule["type"].as_str().unwrap(), rule["path"].as_str().unwrap())).collect();
    assert_eq!(rules, [("include", "/auth"), ("exclude", "/"), ("include", "/auth")]);
}
