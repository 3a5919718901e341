//! The second step of a sign-in, and what an account has beside its password.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::http::{Method, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::client::ClientName;
use countersign::internal::model::outbox::MailTemplate;
use countersign::options::SecondFactorPolicy;
use countersign::{Options, Role, Timestamp, Username};
use serde_json::{Value, json};

use crate::app::{Device, PASSWORD, Reply, START, TestApp};
use crate::keyed::Key;
use crate::mail::{ADDRESS, NEW_PASSWORD, ask, confirm, last_mail, verified};
use crate::oauth2::introspect;

/// An authenticator app, written here a second time (RFC 6238).
struct Authenticator(Vec<u8>);

impl Authenticator {
    fn of(base32: &str) -> Self {
        const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let number = |char| LETTERS.find(char).unwrap();
        let bits: Vec<_> =
            base32.chars().flat_map(|char| (0..5).rev().map(move |bit| number(char) >> bit & 1)).collect();
        let byte = |bits: &[usize]| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit == 1));
        Self(bits.chunks_exact(8).map(byte).collect())
    }

    fn code(&self, now: Timestamp) -> String {
        let step = u64::try_from(now.as_unix_seconds()).unwrap() / 30;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag[19] & 15);
        let number = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

/// Somebody with an authenticator.
struct Enrolled {
    app: TestApp,
    device: Device,
    authenticator: Authenticator,
    recovery_codes: Vec<String>,
    id: String,
}

impl Enrolled {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(options: impl FnOnce(&mut Options)) -> Self {
        Self::named("ada", TestApp::with(options, |_| {}).await).await
    }

    async fn named(name: &str, app: TestApp) -> Self {
        let device = app.sign_in(name).await;
        let offer = app.post("/api/account/factors/offer").bearer(&device.access_token).send().await.json();
        let authenticator = Authenticator::of(offer["secret"].as_str().unwrap());
        let body = json!({
            "enrolment": offer["enrolment"],
            "newCode": authenticator.code(app.clock.now()),
            "name": " Phone ",
            "currentPassword": PASSWORD,
        });
        let added = app.post("/api/account/factors").bearer(&device.access_token).json(&body).send().await;
        assert_eq!(added.status, StatusCode::CREATED, "{}", added.text);
        let added = added.json();
        assert_eq!((&added["factor"]["name"], &added["factor"]["kind"]), (&json!("Phone"), &json!("totp")));
        let codes = added["recoveryCodes"].as_array().unwrap();
        let recovery_codes: Vec<_> = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        assert_eq!(recovery_codes.len(), 10);
        let id = added["factor"]["id"].as_str().unwrap().to_owned();
        app.wait(30);
        Self { app, device, authenticator, recovery_codes, id }
    }

    fn code(&self) -> String {
        self.authenticator.code(self.app.clock.now())
    }

    /// A code that is wrong now, and in the steps beside it.
    fn wrong_code(&self) -> String {
        let near = [-30, 0, 30].map(|seconds: i64| {
            let now = self.app.clock.now();
            let at = if seconds < 0 {
                now.minus(Duration::from_secs(30))
            } else {
                now.plus(Duration::from_secs(seconds.unsigned_abs()))
            };
            self.authenticator.code(at)
        });
        (0..4).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
    }

    async fn second(&self, asked: &Asked, more: Value) -> Reply {
        second(&self.app, asked, more).await
    }
}

/// A browser between the two steps.
pub(crate) struct Asked {
    pub(crate) ticket: String,
    pub(crate) step: Option<String>,
    pub(crate) body: Value,
}

/// The cookies that a reply sets, by their names.
pub(crate) fn cookies(reply: &Reply) -> BTreeMap<String, String> {
    let all = reply.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    all.map(|text| {
        let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    })
    .collect()
}

/// MF-2: nothing else comes of a first step.
pub(crate) fn asked(reply: &Reply) -> Asked {
    assert_eq!(reply.status, StatusCode::FORBIDDEN, "{}", reply.text);
    let body = reply.json();
    assert_eq!((&body["code"], &body["expiresIn"]), (&json!("second_factor_required"), &json!(600)));
    assert!(body.get("accessToken").is_none() && body.get("refreshToken").is_none(), "{body}");
    let mut cookies = cookies(reply);
    let step = cookies.remove("__Host-step");
    assert!(cookies.is_empty(), "{cookies:?}");
    Asked { ticket: body["ticket"].as_str().unwrap().to_owned(), step, body }
}

pub(crate) async fn second(app: &TestApp, asked: &Asked, more: Value) -> Reply {
    let mut body = json!({ "ticket": asked.ticket });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let call = app.post("/api/login/factor").json(&body);
    match &asked.step {
        Some(step) => call.header("cookie", &format!("__Host-step={step}")).send().await,
        None => call.send().await,
    }
}

pub(crate) fn claims(token: &str) -> Value {
    let body = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}

pub(crate) fn methods(claims: &Value) -> Vec<&str> {
    claims["amr"].as_array().unwrap().iter().map(|method| method.as_str().unwrap()).collect()
}

/// What the audit log says of the last sign-in.
pub(crate) async fn how_it_began(app: &TestApp) -> Option<String> {
    app.audit(AuditKind::LoginSucceeded).await.pop().unwrap().event.detail
}

pub(crate) fn require_everybody(options: &mut Options) {
    let mut policy = SecondFactorPolicy::default();
    policy.everybody = true;
    options.second_factor.policy = Arc::new(policy);
}

fn require_everybody_from(seconds: u64) -> impl FnOnce(&mut Options) {
    move |options| {
        let mut policy = SecondFactorPolicy::default();
        (policy.everybody, policy.from) = (true, Some(START.plus(Duration::from_secs(seconds))));
        options.second_factor.policy = Arc::new(policy);
    }
}

/// MF-1, MF-2, MF-5
#[tokio::test]
async fn whoever_has_an_authenticator_signs_in_in_two_steps() {
    let app = TestApp::new().await;
    let other = app.sign_in("ada").await;
    let ada = Enrolled::named("ada", app).await;
    let app = &ada.app;
    assert_eq!(app.profile(&other.access_token).await, 401, "other sessions have ended");
    assert_eq!(app.profile(&ada.device.access_token).await, 200);
    assert_eq!(app.login("ada", "wrong horse battery staple").await.status, 401);

    let first = asked(&app.login("ada", PASSWORD).await);
    assert_eq!(first.body["methods"], json!(["totp", "recovery_code"]));
    assert_eq!(first.body["mustEnrol"], false);
    ada.second(&first, json!({ "code": ada.wrong_code() })).await.assert_error(401, "invalid_second_factor");
    let code = ada.code();
    let reply = ada.second(&first, json!({ "code": code })).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let names: Vec<_> = cookies(&reply).into_keys().collect();
    assert_eq!(names, ["__Host-device", "__Host-refreshToken", "__Host-step"]);
    assert!(reply.json().get("recoveryCodes").is_none());
    let token = reply.json()["accessToken"].as_str().unwrap().to_owned();
    let said = claims(&token);
    assert_eq!((methods(&said), &said["acr"]), (vec!["pwd", "otp", "mfa"], &json!("aal2")));
    let listed = app.get("/api/account/factors").bearer(&token).send().await.json();
    assert_eq!(listed["factors"][0]["lastUsedAt"], app.clock.now().to_string());

    // MF-1: the same code is good for nobody, in whatever sign-in it is shown.
    let again = asked(&app.login("ada", PASSWORD).await);
    ada.second(&again, json!({ "code": code })).await.assert_error(401, "invalid_second_factor");
    app.wait(30);
    assert_eq!(ada.second(&again, json!({ "code": ada.code() })).await.status, StatusCode::OK);
    let events = app.audit(AuditKind::LoginFailed).await;
    let detail = |record: &countersign::AuditRecord| record.event.detail.clone();
    assert_eq!(events.iter().filter(|event| detail(event).as_deref() == Some("second_factor")).count(), 2);
    let succeeded = app.audit(AuditKind::LoginSucceeded).await;
    assert_eq!(detail(succeeded.last().unwrap()).as_deref(), Some("totp"));
}

/// RF-15: the request that begins the session binds it, and not the one that made the first step.
#[tokio::test]
async fn the_second_step_binds_the_session() {
    let ada = Enrolled::new().await;
    let (app, key) = (&ada.app, Key::new());
    for (binds, is_bound) in [(true, true), (false, false)] {
        let login = app.post("/api/login").header("dpop", &key.proof(app, "/api/login"));
        let login = login.json(&json!({ "username": "ada", "password": PASSWORD })).send().await;
        let first = asked(&login);
        let step = format!("__Host-step={}", first.step.as_ref().unwrap());
        let call = app.post("/api/login/factor").header("cookie", &step);
        let call = call.json(&json!({ "ticket": first.ticket, "code": ada.code() }));
        let proof = key.proof(app, "/api/login/factor");
        let reply = if binds { call.header("dpop", &proof) } else { call }.send().await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        app.wait(30);
        let refreshed = app.refresh(&cookies(&reply)["__Host-refreshToken"]).await;
        assert_eq!(refreshed.status == StatusCode::UNAUTHORIZED, is_bound, "{}", refreshed.text);
    }
}

/// MF-2: in the browser that made the first step, for ten minutes, and for what the password was then.
#[tokio::test]
async fn a_ticket_is_bound_to_its_browser_its_time_and_its_password() {
    let ada = Enrolled::new().await;
    let app = &ada.app;
    let first = asked(&app.login("ada", PASSWORD).await);
    let other = asked(&app.login("ada", PASSWORD).await);
    assert_ne!(first.step, other.step);
    // A browser that is between two sign-ins goes on with both.
    let body = json!({ "username": "ada", "password": PASSWORD });
    let jar = format!("__Host-step={}", first.step.as_deref().unwrap());
    let both = asked(&app.post("/api/login").header("cookie", &jar).json(&body).send().await);
    assert_eq!(both.step, first.step);
    for step in [None, other.step.clone(), Some("AAAA".to_owned())] {
        let elsewhere = Asked { ticket: first.ticket.clone(), step, body: Value::Null };
        let reply = ada.second(&elsewhere, json!({ "code": ada.code() })).await;
        reply.assert_error(401, "second_factor_expired");
    }
    let forged = Asked { ticket: format!("{}A", first.ticket), ..asked(&app.login("ada", PASSWORD).await) };
    ada.second(&forged, json!({ "code": ada.code() })).await.assert_error(401, "second_factor_expired");

    // A native app has no cookie jar.
    let body = json!({ "username": "ada", "password": PASSWORD, "refreshTokenDelivery": "body" });
    let native = asked(&app.post("/api/login").json(&body).send().await);
    assert_eq!(native.step, None);
    let reply = ada.second(&native, json!({ "code": ada.code(), "refreshTokenDelivery": "body" })).await;
    assert!(reply.json()["refreshToken"].is_string(), "{}", reply.text);

    app.wait(600);
    ada.second(&first, json!({ "code": ada.code() })).await.assert_error(401, "second_factor_expired");
    let late = asked(&app.login("ada", PASSWORD).await);
    let ada_account =
        app.countersign.find_account(ada.device.user_id.parse().unwrap()).await.unwrap().unwrap();
    app.countersign.set_password(&ada_account, NEW_PASSWORD, &app.operator()).await.unwrap();
    ada.second(&late, json!({ "code": ada.code() })).await.assert_error(401, "second_factor_expired");
}

/// MF-3
#[tokio::test]
async fn a_recovery_code_is_good_once() {
    let ada = Enrolled::new().await;
    let [one, two, ..] = &ada.recovery_codes[..] else { panic!() };
    let first = asked(&ada.app.login("ada", PASSWORD).await);
    let typed = one.to_uppercase().replace('-', " ");
    assert_eq!(ada.second(&first, json!({ "recoveryCode": typed })).await.status, StatusCode::OK);
    ada.second(&first, json!({ "recoveryCode": one })).await.assert_error(401, "invalid_second_factor");
    assert_eq!(ada.second(&first, json!({ "recoveryCode": two })).await.status, StatusCode::OK);
    let listed = ada.app.get("/api/account/factors").bearer(&ada.device.access_token).send().await.json();
    assert_eq!(listed["recoveryCodesLeft"], 8);
    let used = ada.app.audit(AuditKind::RecoveryCodeUsed).await;
    assert_eq!(
        used.iter().map(|event| event.event.detail.as_deref()).collect::<Vec<_>>(),
        [Some("9"), Some("8")]
    );
    assert_eq!(how_it_began(&ada.app).await.as_deref(), Some("recovery_code"));

    let owner = json!({ "currentPassword": PASSWORD, "code": ada.code() });
    let renewed = ada.app.post("/api/account/recovery-codes").bearer(&ada.device.access_token).json(&owner);
    let renewed = renewed.send().await.json();
    let third = &ada.recovery_codes[2];
    ada.second(&first, json!({ "recoveryCode": third })).await.assert_error(401, "invalid_second_factor");
    assert_eq!(ada.app.audit(AuditKind::RecoveryCodesMade).await.len(), 1);
    let new = &renewed["recoveryCodes"][0];
    assert_eq!(ada.second(&first, json!({ "recoveryCode": new })).await.status, StatusCode::OK);
}

/// MF-3: wrong ones are counted, with wrong codes; one that was used is a wrong one.
#[tokio::test]
async fn guesses_at_recovery_codes_are_counted() {
    let ada = Enrolled::new().await;
    let first = asked(&ada.app.login("ada", PASSWORD).await);
    let shown = json!({ "recoveryCode": ada.recovery_codes[0] });
    assert_eq!(ada.second(&first, shown.clone()).await.status, StatusCode::OK);
    for _ in 0..5 {
        ada.second(&first, shown.clone()).await.assert_error(401, "invalid_second_factor");
    }
    ada.second(&first, shown).await.assert_error(429, "too_many_attempts");
}

/// TH-2: a native app keeps its device in a token, which has guesses of its own when all others are used up.
#[tokio::test]
async fn a_native_app_says_which_device_it_is() {
    let ada = Enrolled::new().await;
    let app = &ada.app;
    let login = json!({ "username": "ada", "password": PASSWORD, "refreshTokenDelivery": "body" });
    let first = async || asked(&app.post("/api/login").json(&login).send().await);
    let with = |code: String| json!({ "code": code, "refreshTokenDelivery": "body" });
    let signed_in = ada.second(&first().await, with(ada.code())).await.json();
    app.wait(30);
    let asked = first().await;
    for _ in 0..5 {
        ada.second(&asked, with(ada.wrong_code())).await.assert_error(401, "invalid_second_factor");
    }
    ada.second(&asked, with(ada.code())).await.assert_error(429, "too_many_attempts");
    let mut known = with(ada.code());
    known["deviceToken"] = signed_in["deviceToken"].clone();
    let reply = ada.second(&asked, known).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
}

/// How the first step of a sign-in is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Password,
    PasswordAfterReset,
    PasswordSetByAdministrator,
    MailCode,
    MailLink,
    MailPage,
    MailPoll,
}

pub(crate) const WAYS: [Way; 7] = [
    Way::Password,
    Way::PasswordAfterReset,
    Way::PasswordSetByAdministrator,
    Way::MailCode,
    Way::MailLink,
    Way::MailPage,
    Way::MailPoll,
];

/// The reply to the first step.
pub(crate) async fn first_step(app: &TestApp, way: Way) -> Reply {
    match way {
        Way::Password => app.login("ada", PASSWORD).await,
        Way::PasswordAfterReset => {
            ask(app, "reset", ADDRESS).await;
            let link = last_mail(app).await.link.unwrap();
            let body = json!({ "token": link, "newPassword": NEW_PASSWORD });
            let reset = confirm(app, &body, None).await;
            assert!(cookies(&reset).is_empty() && reset.status.is_success(), "{}", reset.text);
            app.login("ada", NEW_PASSWORD).await
        }
        Way::PasswordSetByAdministrator => {
            let ada = app
                .countersign
                .find_account_by_name(&Username::parse("ada").unwrap())
                .await
                .unwrap()
                .unwrap();
            app.countersign.set_password(&ada, NEW_PASSWORD, &app.operator()).await.unwrap();
            app.login("ada", NEW_PASSWORD).await
        }
        Way::MailCode | Way::MailLink | Way::MailPage | Way::MailPoll => {
            let started = ask(app, "sign_in", ADDRESS).await;
            let (flow, digits) = (started.cookie().unwrap(), started.json()["digits"].clone());
            let mail = last_mail(app).await;
            assert_eq!(mail.template, MailTemplate::SignIn);
            let flow_cookie = format!("__Host-flow={flow}");
            let page = |form: String| {
                let call = app.post(&format!("/m/{}", mail.link.as_deref().unwrap()));
                call.header("content-type", "application/x-www-form-urlencoded").body(form)
            };
            match way {
                Way::MailCode => confirm(app, &json!({ "code": mail.code }), Some(&flow)).await,
                Way::MailLink => confirm(app, &json!({ "token": mail.link }), Some(&flow)).await,
                Way::MailPage => page(String::new()).header("cookie", &flow_cookie).send().await,
                _ => {
                    let digits = digits.as_str().unwrap();
                    assert_eq!(page(format!("digits={digits}")).send().await.status, StatusCode::OK);
                    app.post("/api/email/poll").header("cookie", &flow_cookie).send().await
                }
            }
        }
    }
}

pub(crate) async fn with_mail(options: impl FnOnce(&mut Options)) -> TestApp {
    let more = |all: &mut Options| {
        (all.email.enabled, all.email.sign_in) = (true, true);
        options(all);
    };
    let app = TestApp::with(more, |_| {}).await;
    verified(&app, "ada", ADDRESS).await;
    app
}

/// MF-2: however the first step was made, no session begins without what the account has.
#[tokio::test]
async fn no_way_leads_past_an_authenticator() {
    for way in WAYS {
        let ada = Enrolled::named("ada", with_mail(|_| {}).await).await;
        let app = &ada.app;
        let sessions = app.audit(AuditKind::LoginSucceeded).await.len();
        let reply = first_step(app, way).await;
        if way == Way::MailPage {
            // It needs no script: the page asks for the code, and nothing is set.
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{}", reply.text);
            assert!(cookies(&reply).is_empty() && reply.text.contains("name=\"code\""), "{}", reply.text);
        } else {
            let first = asked(&reply);
            ada.second(&first, json!({ "code": ada.wrong_code() }))
                .await
                .assert_error(401, "invalid_second_factor");
            assert_eq!(app.audit(AuditKind::LoginSucceeded).await.len(), sessions, "{way:?}");
            let reply = ada.second(&first, json!({ "code": ada.code() })).await;
            assert_eq!(reply.status, StatusCode::OK, "{way:?}: {}", reply.text);
            let said = claims(reply.json()["accessToken"].as_str().unwrap());
            assert_eq!(said["acr"], "aal2", "{way:?}");
        }
    }
}

/// MF-2: the link of a mail, in the browser that asked, without a script.
#[tokio::test]
async fn a_page_without_a_script_asks_for_the_code() {
    let ada = Enrolled::named("ada", with_mail(|_| {}).await).await;
    let app = &ada.app;
    let flow = ask(app, "sign_in", ADDRESS).await.cookie().unwrap();
    let link = last_mail(app).await.link.unwrap();
    let press = async |form: String| {
        let call = app.post(&format!("/m/{link}")).header("cookie", &format!("__Host-flow={flow}"));
        call.header("content-type", "application/x-www-form-urlencoded").body(form).send().await
    };
    let wrong = press(format!("code={}", ada.wrong_code())).await;
    assert!(wrong.status == 401 && wrong.text.contains("role=\"alert\""), "{} {}", wrong.status, wrong.text);
    assert!(cookies(&wrong).is_empty());
    let right = press(format!("code={}", ada.code())).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER, "{}", right.text);
    assert!(cookies(&right).contains_key("__Host-refreshToken"));
    let code = &ada.recovery_codes[0];
    let spent = press(format!("code={code}")).await;
    assert!(!cookies(&spent).contains_key("__Host-refreshToken"), "the link is used up");
}

/// MF-2: where the policy asks for one, an authenticator is set up on the way in, whatever the way.
#[tokio::test]
async fn a_policy_has_an_authenticator_set_up_on_the_way_in() {
    for way in WAYS {
        let app = with_mail(require_everybody_from(1_000)).await;
        app.wait(1_000);
        let reply = first_step(&app, way).await;
        if way == Way::MailPage {
            assert!(reply.status == StatusCode::FORBIDDEN && cookies(&reply).is_empty(), "{}", reply.text);
            continue;
        }
        let first = asked(&reply);
        assert_eq!((&first.body["mustEnrol"], &first.body["methods"]), (&json!(true), &json!([])), "{way:?}");
        let call = app.post("/api/login/factor/enrol").json(&json!({ "ticket": first.ticket }));
        let offer = call.header("cookie", &format!("__Host-step={}", first.step.as_deref().unwrap()));
        let offer = offer.send().await.json();
        assert!(offer["qr"].as_str().unwrap().starts_with("<svg"), "{offer}");
        let authenticator = Authenticator::of(offer["secret"].as_str().unwrap());
        let code = authenticator.code(app.clock.now());
        let without = second(&app, &first, json!({ "code": code })).await;
        without.assert_error(401, "invalid_second_factor");
        let body = json!({ "code": code, "enrolment": offer["enrolment"], "name": "Phone" });
        let reply = second(&app, &first, body).await;
        assert_eq!(reply.status, StatusCode::OK, "{way:?}: {}", reply.text);
        assert_eq!(reply.json()["recoveryCodes"].as_array().unwrap().len(), 10);
        assert!(how_it_began(&app).await.unwrap().ends_with("totp"), "{way:?}");
        let device = Device::from(&reply);
        let listed = app.get("/api/account/factors").bearer(&device.access_token).send().await.json();
        assert_eq!((&listed["factors"][0]["name"], &listed["required"]), (&json!("Phone"), &json!(true)));
        let id = listed["factors"][0]["id"].as_str().unwrap();
        app.wait(30);
        let password = if matches!(way, Way::PasswordAfterReset | Way::PasswordSetByAdministrator) {
            NEW_PASSWORD
        } else {
            PASSWORD
        };
        let owner = json!({ "currentPassword": password, "code": authenticator.code(app.clock.now()) });
        let remove = app.call(Method::DELETE, &format!("/api/account/factors/{id}"));
        let remove = remove.bearer(&device.access_token).json(&owner).send().await;
        remove.assert_error(409, "second_factor_needed");
    }
}

/// MF-2: a session from before the policy asked goes no further, and is not over either.
#[tokio::test]
async fn a_session_from_before_the_policy_is_not_refreshed() {
    let app = TestApp::with(
        |options| {
            let mut policy = SecondFactorPolicy::default();
            (policy.roles, policy.from) = (vec![Role::default()], Some(START.plus(Duration::from_secs(600))));
            options.second_factor.policy = Arc::new(policy);
            options.session_cookie = true;
        },
        |_| {},
    )
    .await;
    let (ada, root) = (app.sign_in("ada").await, app.sign_in("root").await);
    app.wait(599);
    assert_eq!(app.refresh(&ada.cookie).await.status, StatusCode::OK);
    app.wait(1);
    let reply = app.refresh(&ada.cookie).await;
    reply.assert_error(401, "reauthentication_required");
    assert!(cookies(&reply).is_empty(), "the cookie stays");
    assert_eq!(app.refresh(&root.cookie).await.status, StatusCode::OK, "another role");
    assert!(app.audit(AuditKind::SessionEnded).await.is_empty());
}

/// MF-2: nor is it vouched for, by its cookie or by either of its tokens.
#[tokio::test]
async fn a_session_from_before_the_policy_is_not_vouched_for() {
    let app = TestApp::with(
        |options| {
            require_everybody_from(60)(options);
            options.session_cookie = true;
        },
        |_| {},
    )
    .await;
    let name = ClientName::parse("gateway").unwrap();
    let (_, secret) = app.countersign.add_client(name, &app.operator()).await.unwrap();
    let reply = app.login("ada", PASSWORD).await;
    let (device, cookie) = (Device::from(&reply), cookies(&reply)["__Host-session"].clone());
    let vouched = async || {
        let verify = app.get("/api/verify").header("x-forwarded-method", "GET");
        let verify = verify.header("cookie", &format!("__Host-session={cookie}")).send().await;
        let is_active = async |token: &str| introspect(&app, secret.as_str(), token).await["active"] == true;
        let (access, refresh) = (is_active(&device.access_token).await, is_active(&device.cookie).await);
        [verify.status == StatusCode::NO_CONTENT, access, refresh]
    };
    app.wait(59);
    assert_eq!(vouched().await, [true; 3]);
    app.wait(1);
    assert_eq!(vouched().await, [false; 3]);
}

/// MF-2: a session goes on in which an authenticator was added, and one on a trusted device.
#[tokio::test]
async fn a_session_that_has_shown_enough_goes_on_under_the_policy() {
    let ada = Enrolled::with(require_everybody_from(30)).await;
    let app = &ada.app;
    assert_eq!(app.refresh(&ada.device.cookie).await.status, StatusCode::OK);
    let first = asked(&app.login("ada", PASSWORD).await);
    let reply = ada.second(&first, json!({ "code": ada.code(), "trustDevice": true })).await;
    let trusted = format!("__Host-device={}", cookies(&reply)["__Host-device"]);
    let body = json!({ "username": "ada", "password": PASSWORD });
    let reply = app.post("/api/login").json(&body).header("cookie", &trusted).send().await;
    let device = Device::from(&reply);
    assert_eq!(app.refresh(&device.cookie).await.status, StatusCode::OK);
}

/// MF-2: what somebody else has is worth nothing.
#[tokio::test]
async fn nobody_shows_or_changes_what_another_account_has() {
    let Enrolled { app, authenticator, recovery_codes, id, device: root } =
        Enrolled::named("root", TestApp::new().await).await;
    let ada = Enrolled::named("ada", app).await;
    let app = &ada.app;
    let first = asked(&app.login("ada", PASSWORD).await);
    let code = authenticator.code(app.clock.now());
    for shown in [json!({ "code": code }), json!({ "recoveryCode": recovery_codes[0] })] {
        ada.second(&first, shown).await.assert_error(401, "invalid_second_factor");
    }
    let trusts = json!({ "recoveryCode": ada.recovery_codes[0], "trustDevice": true });
    assert_eq!(ada.second(&first, trusts).await.status, StatusCode::OK);
    let listed = app.get("/api/account/factors").bearer(&ada.device.access_token).send().await.json();
    let trusted = listed["trustedDevices"][0]["id"].as_str().unwrap();

    let factor = format!("/api/account/factors/{id}");
    let name = json!({ "name": "Mine" });
    let rename = app.call(Method::PATCH, &factor).bearer(&ada.device.access_token).json(&name);
    rename.send().await.assert_error(404, "not_found");
    let owner = json!({ "currentPassword": PASSWORD, "code": ada.code() });
    let remove = app.call(Method::DELETE, &factor).bearer(&ada.device.access_token).json(&owner);
    remove.send().await.assert_error(404, "not_found");
    let forget = app.call(Method::DELETE, &format!("/api/account/trusted-devices/{trusted}"));
    forget.bearer(&root.access_token).send().await.assert_error(404, "not_found");
}

/// MF-2
#[tokio::test]
async fn a_trusted_device_is_not_asked_for_a_while() {
    let ada = Enrolled::new().await;
    let app = &ada.app;
    // What somebody may have copied before.
    let first = asked(&app.login("ada", PASSWORD).await);
    let known = cookies(&ada.second(&first, json!({ "code": ada.code() })).await)["__Host-device"].clone();
    app.wait(30);
    let login = async |device: &str| {
        let body = json!({ "username": "ada", "password": PASSWORD });
        app.post("/api/login").json(&body).header("cookie", &format!("__Host-device={device}")).send().await
    };
    let first = asked(&login(&known).await);
    assert_eq!(first.body["trustFor"], 30 * 24 * 3_600);
    let body = json!({ "ticket": first.ticket, "code": ada.code(), "trustDevice": true });
    let jar = format!("__Host-step={}; __Host-device={known}", first.step.as_deref().unwrap());
    let reply = app.post("/api/login/factor").json(&body).header("cookie", &jar).send().await;
    let trusted = cookies(&reply)["__Host-device"].clone();
    asked(&login(&known).await);
    let reply = login(&trusted).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let said = claims(reply.json()["accessToken"].as_str().unwrap());
    assert_eq!((methods(&said), &said["acr"]), (vec!["pwd", "rba"], &json!("aal1")));
    assert_eq!(how_it_began(app).await.as_deref(), Some("trusted_device"));
    let device = Device::from(&reply);

    // It is no factor: what asks for one asks here too.
    let listed = app.get("/api/account/factors").bearer(&device.access_token).send().await.json();
    let id = listed["trustedDevices"][0]["id"].as_str().unwrap().to_owned();
    let renew = app.post("/api/account/recovery-codes").bearer(&device.access_token);
    let renew = renew.json(&json!({ "currentPassword": PASSWORD })).send().await;
    assert_eq!((renew.status.as_u16(), &renew.json()["code"]), (403, &json!("second_factor_required")));

    app.wait(30 * 24 * 3_600);
    asked(&login(&trusted).await);
    let first = asked(&login(&trusted).await);
    let jar = format!("__Host-step={}", first.step.as_deref().unwrap());
    let body = json!({ "ticket": first.ticket, "code": ada.code(), "trustDevice": true });
    let reply = app.post("/api/login/factor").json(&body).header("cookie", &jar).send().await;
    let trusted = cookies(&reply)["__Host-device"].clone();
    let device = Device::from(&login(&trusted).await);
    let listed = app.get("/api/account/factors").bearer(&device.access_token).send().await.json();
    let id_now = listed["trustedDevices"][0]["id"].as_str().unwrap();
    assert_ne!(id, id_now);
    let forget = app.call(Method::DELETE, &format!("/api/account/trusted-devices/{id_now}"));
    assert_eq!(forget.bearer(&device.access_token).send().await.status, StatusCode::NO_CONTENT);
    asked(&login(&trusted).await);
}

/// Administrators are asked each time.
#[tokio::test]
async fn no_device_of_an_administrator_is_trusted() {
    let root = Enrolled::named("root", TestApp::new().await).await;
    let first = asked(&root.app.login("root", PASSWORD).await);
    assert!(first.body.get("trustFor").is_none(), "{}", first.body);
    let reply = root.second(&first, json!({ "code": root.code(), "trustDevice": true })).await;
    let device = cookies(&reply)["__Host-device"].clone();
    let body = json!({ "username": "root", "password": PASSWORD });
    let call = root.app.post("/api/login").json(&body).header("cookie", &format!("__Host-device={device}"));
    asked(&call.send().await);
    assert!(root.app.audit(AuditKind::DeviceTrusted).await.is_empty());
}

/// MF-1: ten thousand guesses, with the right password before each, and as soon as they are allowed.
#[tokio::test]
async fn codes_cannot_be_guessed_by_whoever_knows_the_password() {
    let ada = Enrolled::new().await;
    let app = &ada.app;
    let mut first = asked(&app.login("ada", PASSWORD).await);
    let mut looked_at = 0;
    for _ in 0..10_000 {
        let reply = ada.second(&first, json!({ "code": ada.wrong_code() })).await;
        match reply.status.as_u16() {
            401 if reply.json()["code"] == "invalid_second_factor" => looked_at += 1,
            401 => first = asked(&app.login("ada", PASSWORD).await),
            429 => {
                let wait: u64 = reply.header(header::RETRY_AFTER).unwrap().parse().unwrap();
                if wait > 900 {
                    break;
                }
                app.wait(wait);
            }
            other => panic!("{other} {}", reply.text),
        }
    }
    assert_eq!(looked_at, 80, "as many as guesses at a password");
    first = asked(&app.login("ada", PASSWORD).await);
    let reply = ada.second(&first, json!({ "code": ada.code() })).await;
    reply.assert_error(429, "too_many_attempts");
    assert_eq!(app.profile(&ada.device.access_token).await, 401, "by now it has expired");
}

/// MF-5, SE-9
#[tokio::test]
async fn whoever_changes_factors_shows_the_password_and_a_code() {
    let ada = Enrolled::with(|options| options.email.enabled = true).await;
    let app = &ada.app;
    let remove = async |body: Value| {
        let path = format!("/api/account/factors/{}", ada.id);
        app.call(Method::DELETE, &path).bearer(&ada.device.access_token).json(&body).send().await
    };
    remove(json!({ "currentPassword": "wrong horse battery staple" }))
        .await
        .assert_error(403, "wrong_password");
    let reply = remove(json!({ "currentPassword": PASSWORD })).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["code"]), (403, &json!("second_factor_required")));
    let wrong = json!({ "currentPassword": PASSWORD, "code": ada.wrong_code() });
    remove(wrong).await.assert_error(401, "invalid_second_factor");
    let rename = app.call(Method::PATCH, &format!("/api/account/factors/{}", ada.id));
    let rename = rename.bearer(&ada.device.access_token).json(&json!({ "name": "Work" })).send().await;
    assert_eq!(rename.status, StatusCode::NO_CONTENT);
    let right = json!({ "currentPassword": PASSWORD, "recoveryCode": ada.recovery_codes[0] });
    assert_eq!(remove(right).await.status, StatusCode::NO_CONTENT);
    for kind in [AuditKind::FactorAdded, AuditKind::FactorRemoved] {
        let details: Vec<_> = app.audit(kind).await.into_iter().map(|record| record.event.detail).collect();
        assert_eq!(details, [Some(format!("totp {}", ada.id))], "{kind:?}");
    }
    assert_eq!(app.login("ada", PASSWORD).await.status, StatusCode::OK, "there is none any more");
    let listed = app.get("/api/account/factors").bearer(&ada.device.access_token).send().await.json();
    let passkeys = &listed["passkeys"];
    assert_eq!(
        listed,
        json!({
            "factors": [], "recoveryCodesLeft": 0, "trustedDevices": [], "required": false, "passkeys": passkeys,
        })
    );
}

/// MF-5: the owner is told by mail.
#[tokio::test]
async fn the_owner_is_told_of_another_factor() {
    let ada = Enrolled::named("ada", with_mail(|_| {}).await).await;
    let app = &ada.app;
    let told = async || {
        let waiting = app.countersign.waiting_mails().await.unwrap().into_iter().map(|(mail, _)| mail);
        let of_factors = waiting.filter(|mail| mail.template == MailTemplate::SecondFactorChanged);
        of_factors.map(|mail| mail.parameters.user_agent).collect::<Vec<_>>()
    };
    assert_eq!(told().await, [None]);
    let owner = json!({ "currentPassword": PASSWORD, "code": ada.code() });
    let renew = app.post("/api/account/recovery-codes").bearer(&ada.device.access_token).json(&owner);
    renew.header("user-agent", "Her browser").send().await;
    let browser = Some("Her browser".to_owned());
    assert_eq!(told().await, [None, browser.clone()]);
    let root = app.sign_in("root").await;
    let path = format!("/api/admin/users/{}/factors", ada.device.user_id);
    let reset = app.call(Method::DELETE, &path).bearer(&root.access_token);
    reset.header("user-agent", "An administrator's").send().await;
    assert_eq!(told().await, [None, browser, None], "not where an administrator is");
}

/// MF-5
#[tokio::test]
async fn an_administrator_lets_somebody_in_again_that_has_lost_everything() {
    let ada = Enrolled::new().await;
    let app = &ada.app;
    let root = app.sign_in("root").await;
    let first = asked(&app.login("ada", PASSWORD).await);
    for _ in 0..5 {
        let wrong = ada.second(&first, json!({ "code": ada.wrong_code() })).await;
        wrong.assert_error(401, "invalid_second_factor");
    }
    let path = format!("/api/admin/users/{}/factors", ada.device.user_id);
    let listed = app.get(&path).bearer(&root.access_token).send().await.json();
    assert_eq!((listed["factors"].as_array().unwrap().len(), &listed["recoveryCodesLeft"]), (1, &json!(10)));
    app.call(Method::DELETE, &path)
        .bearer(&ada.device.access_token)
        .send()
        .await
        .assert_error(403, "forbidden");
    let reset = app.call(Method::DELETE, &path).bearer(&root.access_token).send().await;
    assert_eq!(reset.status, StatusCode::NO_CONTENT);
    assert_eq!(app.profile(&ada.device.access_token).await, 401);
    // Nor do wrong codes keep anybody from another authenticator.
    Enrolled::named("ada", ada.app).await;
}

/// SE-9: the tokens of the next refresh say when and by what the owner was there.
#[tokio::test]
async fn whoever_shows_again_who_they_are_gets_tokens_that_say_so() {
    let app = TestApp::new().await;
    let ada = app.sign_in("ada").await;
    app.wait(500);
    let before = claims(&ada.access_token);
    let show = async |device: &Device, body: Value| {
        app.post("/api/account/reauthenticate").bearer(&device.access_token).json(&body).send().await
    };
    show(&ada, json!({ "currentPassword": "wrong horse battery staple" }))
        .await
        .assert_error(403, "wrong_password");
    assert_eq!(show(&ada, json!({ "currentPassword": PASSWORD })).await.status, StatusCode::NO_CONTENT);
    let after = claims(app.refresh(&ada.cookie).await.json()["accessToken"].as_str().unwrap());
    let seconds = |claims: &Value| claims["auth_time"].as_i64().unwrap();
    assert_eq!(seconds(&after) - seconds(&before), 500);
    assert_eq!(after["acr"], "aal1");
    assert_eq!(app.audit(AuditKind::Reauthenticated).await.len(), 1);
}

/// MF-1: of one code at two nodes in the same moment, one is accepted.
#[tokio::test]
async fn a_code_is_accepted_once_over_two_nodes() {
    let mut nodes = TestApp::nodes(2).await;
    let other = nodes.pop().unwrap();
    let ada = Enrolled::named("ada", nodes.pop().unwrap()).await;
    for _ in 0..5 {
        let here = asked(&ada.app.login("ada", PASSWORD).await);
        let there = asked(&other.login("ada", PASSWORD).await);
        let code = json!({ "code": ada.code() });
        let (one, two) =
            tokio::join!(second(&ada.app, &here, code.clone()), second(&other, &there, code.clone()));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{} {}", one.text, two.text);
        ada.app.wait(30);
    }
}

/// A body that says nothing, or too much.
#[tokio::test]
async fn exactly_one_thing_is_shown() {
    let ada = Enrolled::new().await;
    let first = asked(&ada.app.login("ada", PASSWORD).await);
    assert_eq!(ada.second(&first, json!({})).await.status, StatusCode::BAD_REQUEST);
    let both = json!({ "code": ada.code(), "recoveryCode": ada.recovery_codes[0] });
    ada.second(&first, both).await.assert_error(422, "invalid_value");
    let app = TestApp::with(require_everybody, |_| {}).await;
    let first = asked(&app.login("ada", PASSWORD).await);
    let nothing = second(&app, &first, json!({ "code": "000000" })).await;
    nothing.assert_error(401, "invalid_second_factor");
}

/// MF-1, MF-5: nothing is set up before the first code is right, and that one is used up.
#[tokio::test]
async fn an_authenticator_is_set_up_by_a_right_code() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    let offer = app.post("/api/account/factors/offer").bearer(&device.access_token).send().await.json();
    let authenticator = Authenticator::of(offer["secret"].as_str().unwrap());
    let now = app.clock.now();
    let code = authenticator.code(now);
    let add = async |new_code: &str| {
        let body =
            json!({ "enrolment": offer["enrolment"], "newCode": new_code, "currentPassword": PASSWORD });
        app.post("/api/account/factors").bearer(&device.access_token).json(&body).send().await
    };
    let far = authenticator.code(now.plus(Duration::from_secs(3_000)));
    add(&far).await.assert_error(401, "invalid_second_factor");
    assert_eq!(app.login("ada", PASSWORD).await.status, StatusCode::OK, "there is none yet");
    assert_eq!(add(&code).await.status, StatusCode::CREATED);
    let first = asked(&app.login("ada", PASSWORD).await);
    second(&app, &first, json!({ "code": code })).await.assert_error(401, "invalid_second_factor");
}

/// EM-1, MF-2: the mail of a sign-in is used up by its second step.
#[tokio::test]
async fn a_mail_signs_in_once_in_two_steps_too() {
    let ada = Enrolled::named("ada", with_mail(|_| {}).await).await;
    let first = asked(&first_step(&ada.app, Way::MailCode).await);
    let reply = ada.second(&first, json!({ "code": ada.code() })).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    // TH-2: without the password, no device is known.
    let names: Vec<_> = cookies(&reply).into_keys().collect();
    assert_eq!(names, ["__Host-refreshToken", "__Host-step"]);
    ada.app.wait(30);
    ada.second(&first, json!({ "code": ada.code() })).await.assert_error(401, "second_factor_expired");
}
