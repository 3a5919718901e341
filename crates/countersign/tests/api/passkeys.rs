//! Passkeys: alone, as the second step, and as what an account has. The authenticator is one in software; its keys and its CBOR are
//! those of the tests of `countersign-webauthn`.

use axum::http::{Method, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::outbox::MailTemplate;
use countersign::webauthn::Algorithm;
use countersign::{AccountChange, Options, Role, Username};
use serde_json::{Value, json};

use crate::address_change::taken_over;
use crate::app::{Device, ISSUER, PASSWORD, Reply, TestApp};
use crate::keyed;
use crate::mail::{self, NEW_PASSWORD};
use crate::passkey_keys::{Key, bytes, map, text};
use crate::second_factor::{
    Asked, WAYS, Way, asked, claims, cookies, first_step, how_it_began, methods, require_everybody, second,
    with_mail,
};

const RP_ID: &str = "auth.example";
pub(crate) const UP: u8 = 1;
pub(crate) const UV: u8 = 1 << 2;
const BE: u8 = 1 << 3;
const BS: u8 = 1 << 4;
const AT: u8 = 1 << 6;

/// An authenticator with one passkey, and the browser around it.
pub(crate) struct Passkey {
    key: Key,
    id: Vec<u8>,
    handle: String,
    rp_id: &'static str,
    origin: &'static str,
    /// Those that it says with each answer.
    pub(crate) flags: u8,
    /// None where there is no counter.
    count: u32,
}

impl Passkey {
    /// A new one, that stays on its device and checks who is there.
    pub(crate) fn new(id: u8) -> Self {
        Self {
            key: Key::new(Algorithm::Es256),
            id: vec![id; 20],
            handle: String::new(),
            rp_id: RP_ID,
            origin: ISSUER,
            flags: UP | UV,
            count: 0,
        }
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let challenge = &options["publicKey"]["challenge"];
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false })
            .to_string()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = countersign_jwt_sha256(self.rp_id.as_bytes());
        data.push(flags);
        data.extend(self.count.to_be_bytes());
        data
    }

    fn credential(&self, response: &Value) -> Value {
        let id = URL_SAFE_NO_PAD.encode(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {} })
    }

    /// `navigator.credentials.create()`.
    fn create(&mut self, options: &Value) -> Value {
        options["publicKey"]["user"]["id"].as_str().unwrap().clone_into(&mut self.handle);
        let client_data = self.client_data("webauthn.create", options);
        let mut data = self.data(self.flags | AT);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.key.cose());
        let attestation = map(&[
            (text("fmt"), text("none")),
            (text("attStmt"), vec![0xa0]),
            (text("authData"), bytes(&data)),
        ]);
        self.credential(&json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "attestationObject": URL_SAFE_NO_PAD.encode(attestation),
            "transports": ["internal", "hybrid"],
        }))
    }

    /// `navigator.credentials.get()`.
    fn get(&self, options: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", options);
        let data = self.data(self.flags);
        let signed = [data.clone(), countersign_jwt_sha256(client_data.as_bytes())].concat();
        self.credential(&json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(&client_data),
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(self.key.sign(&signed)),
            "userHandle": self.handle,
        }))
    }

    pub(crate) fn answer(&self, options: &Value) -> Value {
        json!({ "ticket": options["ticket"], "credential": self.get(options) })
    }
}

fn countersign_jwt_sha256(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref().to_vec()
}

/// What a browser got to ask for a passkey, and the cookie that it keeps.
struct Request {
    options: Value,
    step: Option<String>,
}

async fn ask(app: &TestApp) -> Request {
    let reply = app.post("/api/passkeys/options").json(&json!({})).send().await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let mut cookies = cookies(&reply);
    let step = cookies.remove("__Host-step");
    assert!(cookies.is_empty(), "{cookies:?}");
    Request { options: reply.json(), step }
}

async fn log_in(app: &TestApp, step: Option<&str>, body: &Value) -> Reply {
    let call = app.post("/api/login").json(body);
    match step {
        Some(step) => call.header("cookie", &format!("__Host-step={step}")).send().await,
        None => call.send().await,
    }
}

pub(crate) async fn sign_in(app: &TestApp, passkey: &Passkey) -> Reply {
    let request = ask(app).await;
    let body = json!({ "passkey": passkey.answer(&request.options) });
    log_in(app, request.step.as_deref(), &body).await
}

async fn add(app: &TestApp, device: &Device, passkey: &mut Passkey, proof: Value) -> Reply {
    let options = app.post("/api/account/passkeys/options").bearer(&device.access_token).send().await;
    assert_eq!(options.status, StatusCode::OK, "{}", options.text);
    let options = options.json();
    let mut body = json!({
        "ticket": options["ticket"], "credential": passkey.create(&options), "name": "Laptop",
    });
    body.as_object_mut().unwrap().extend(proof.as_object().unwrap().clone());
    app.post("/api/account/passkeys").bearer(&device.access_token).json(&body).send().await
}

/// Somebody with a passkey.
pub(crate) struct Enrolled {
    pub(crate) app: TestApp,
    pub(crate) device: Device,
    pub(crate) passkey: Passkey,
    pub(crate) recovery_codes: Vec<String>,
    id: String,
}

impl Enrolled {
    pub(crate) async fn new() -> Self {
        Self::named("ada", TestApp::new().await, Passkey::new(7)).await
    }

    async fn with(passkey: Passkey) -> Self {
        Self::named("ada", TestApp::new().await, passkey).await
    }

    pub(crate) async fn named(name: &str, app: TestApp, mut passkey: Passkey) -> Self {
        let device = app.sign_in(name).await;
        let reply = add(&app, &device, &mut passkey, json!({ "currentPassword": PASSWORD })).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
        let body = reply.json();
        let codes = body["recoveryCodes"].as_array().unwrap();
        let recovery_codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        let id = body["factor"]["id"].as_str().unwrap().to_owned();
        Self { app, device, passkey, recovery_codes, id }
    }

    pub(crate) async fn sign_in(&self) -> Reply {
        sign_in(&self.app, &self.passkey).await
    }

    /// The second step, whose passkey says this.
    async fn second(&self, first: &Asked, passkey: &Passkey) -> Reply {
        let options = second_options(&self.app, first).await.json();
        second(&self.app, first, json!({ "passkey": passkey.answer(&options) })).await
    }

    async fn factors(&self) -> Value {
        self.app.get("/api/account/factors").bearer(&self.device.access_token).send().await.json()
    }
}

async fn second_options(app: &TestApp, first: &Asked) -> Reply {
    let call = app.post("/api/login/factor/options").json(&json!({ "ticket": first.ticket }));
    match &first.step {
        Some(step) => call.header("cookie", &format!("__Host-step={step}")).send().await,
        None => call.send().await,
    }
}

/// MF-4, EN-1: two factors at once, and nobody is named before.
#[tokio::test]
async fn a_passkey_signs_in_alone() {
    let ada = Enrolled::new().await;
    assert_eq!(ada.recovery_codes.len(), 10);
    let Request { options, .. } = ask(&ada.app).await;
    assert_eq!(options["expiresIn"], 300);
    let asked_for = &options["publicKey"];
    assert_eq!(
        (&asked_for["rpId"], &asked_for["allowCredentials"], &asked_for["userVerification"]),
        (&json!(RP_ID), &json!([]), &json!("required"))
    );
    let reply = ada.sign_in().await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let names: Vec<_> = cookies(&reply).into_keys().collect();
    assert_eq!(names, ["__Host-device", "__Host-refreshToken", "__Host-step"]);
    let said = claims(reply.json()["accessToken"].as_str().unwrap());
    assert_eq!((methods(&said), &said["acr"]), (vec!["hwk", "user", "mfa"], &json!("aal2")));
    assert_eq!(how_it_began(&ada.app).await.as_deref(), Some("no_password passkey"));
    let refreshed = ada.app.refresh(&Device::from(&reply).cookie).await;
    assert_eq!(refreshed.status, StatusCode::OK);
}

/// RF-15: a proof of the device's key binds this session as any other.
#[tokio::test]
async fn a_session_that_a_passkey_begins_is_bound_by_a_proof() {
    let ada = Enrolled::new().await;
    let (app, key) = (&ada.app, keyed::Key::new());
    let Request { options, step } = ask(app).await;
    let body = json!({ "passkey": ada.passkey.answer(&options) });
    let call = app.post("/api/login").header("dpop", &key.proof(app, "/api/login")).json(&body);
    let reply = call.header("cookie", &format!("__Host-step={}", step.unwrap())).send().await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    app.wait(30);
    let cookie = Device::from(&reply).cookie;
    let refused = app.refresh(&cookie).await;
    assert_eq!(refused.json()["code"], "device_proof_required", "{}", refused.text);
    assert_eq!(key.refresh(app, &cookie).await.status, StatusCode::OK);
}

/// RFC 8176: a passkey that can be copied to another device is no hardware.
#[tokio::test]
async fn a_synchronised_passkey_is_said_to_be_one_and_has_no_counter() {
    let synced = Passkey { flags: UP | UV | BE | BS, ..Passkey::new(7) };
    let ada = Enrolled::with(synced).await;
    for _ in 0..2 {
        let reply = ada.sign_in().await;
        assert_eq!(reply.status, StatusCode::OK, "no false alarm: {}", reply.text);
        let said = claims(reply.json()["accessToken"].as_str().unwrap());
        assert_eq!(methods(&said), ["swk", "user", "mfa"]);
    }
    assert!(ada.app.audit(AuditKind::PasskeyCounterFell).await.is_empty());
    let listed = ada.factors().await;
    let factor = &listed["factors"][0];
    assert_eq!((&factor["kind"], &factor["name"]), (&json!("passkey"), &json!("Laptop")));
    assert!(factor["lastUsedAt"].is_string(), "{listed}");
    assert_eq!(
        factor["passkey"],
        json!({
            "credentialId": URL_SAFE_NO_PAD.encode([7; 20]), "backupEligible": true, "backedUp": true, "signsIn": true,
            "transports": ["hybrid", "internal"], "aaguid": null,
        })
    );
    assert_eq!(listed["passkeys"], json!({ "rpId": RP_ID, "userHandle": ada.passkey.handle }));
    assert_eq!(URL_SAFE_NO_PAD.decode(&ada.passkey.handle).unwrap().len(), 32);
    assert!(!ada.passkey.handle.contains(&ada.device.user_id), "it is not the account's ID");
}

/// MF-4: a challenge is good once, for five minutes, in the browser that asked.
#[tokio::test]
async fn a_challenge_is_good_once_in_time_and_in_its_browser() {
    let ada = Enrolled::new().await;
    let app = &ada.app;
    let request = ask(app).await;
    let body = json!({ "passkey": ada.passkey.answer(&request.options) });
    let step = request.step.as_deref();
    log_in(app, None, &body).await.assert_error(401, "passkey_expired");
    let other = ask(app).await;
    log_in(app, other.step.as_deref(), &body).await.assert_error(401, "passkey_expired");
    let swapped = json!({ "passkey": { "ticket": request.options["ticket"], "credential": ada.passkey.get(&other.options) } });
    log_in(app, step, &swapped).await.assert_error(401, "invalid_passkey");
    app.wait(299);
    assert_eq!(log_in(app, step, &body).await.status, StatusCode::OK, "the last second");
    log_in(app, step, &body).await.assert_error(401, "passkey_expired");
    let late = json!({ "passkey": ada.passkey.answer(&other.options) });
    app.wait(1);
    log_in(app, other.step.as_deref(), &late).await.assert_error(401, "passkey_expired");
    let forged = json!({ "passkey": { "ticket": "AAAA", "credential": ada.passkey.get(&other.options) } });
    log_in(app, other.step.as_deref(), &forged).await.assert_error(401, "passkey_expired");
}

/// A native app has no cookie, and says so.
#[tokio::test]
async fn a_native_app_signs_in_without_a_cookie() {
    let ada = Enrolled::new().await;
    let by_body = json!({ "refreshTokenDelivery": "body" });
    let reply = ada.app.post("/api/passkeys/options").json(&by_body).send().await;
    assert!(cookies(&reply).is_empty());
    let body = json!({ "passkey": ada.passkey.answer(&reply.json()), "refreshTokenDelivery": "body" });
    let reply = log_in(&ada.app, None, &body).await;
    assert!(reply.json()["refreshToken"].is_string(), "{}", reply.text);
}

/// MF-4: each is refused with one answer, and counted.
#[tokio::test]
async fn what_is_not_right_is_refused_with_one_answer() {
    let ada = Enrolled::new().await;
    let app = &ada.app;
    let mut passkey = ada.passkey;
    passkey.origin = "https://auth.example.evil.example";
    sign_in(app, &passkey).await.assert_error(401, "invalid_passkey");
    passkey.origin = "https://app.auth.example";
    sign_in(app, &passkey).await.assert_error(401, "invalid_passkey");
    (passkey.origin, passkey.rp_id) = (ISSUER, "example");
    sign_in(app, &passkey).await.assert_error(401, "invalid_passkey");
    (passkey.rp_id, passkey.flags) = (RP_ID, UP);
    sign_in(app, &passkey).await.assert_error(401, "invalid_passkey");
    let log = app.audit(AuditKind::LoginFailed).await;
    assert_eq!(log.len(), 4);
    assert!(log.iter().all(|line| line.event.detail.as_deref() == Some("passkey")));
    assert!(log.iter().all(|line| line.event.account_id.is_some()), "whose passkey it is is known");

    passkey.flags = UP | UV;
    let request = ask(app).await;
    let body = json!({ "passkey": { "ticket": request.options["ticket"], "credential": { "id": "x" } } });
    log_in(app, request.step.as_deref(), &body).await.assert_error(401, "invalid_passkey");
    let strange = Passkey { handle: passkey.handle.clone(), ..Passkey::new(8) };
    sign_in(app, &strange).await.assert_error(401, "passkey_unknown");
    // The key of another authenticator, with the ID of this one.
    passkey.key = Key::new(Algorithm::EdDsa);
    sign_in(app, &passkey).await.assert_error(401, "invalid_passkey");
    sign_in(app, &passkey).await.assert_error(429, "too_many_attempts");
    assert_eq!(app.login("ada", PASSWORD).await.status, StatusCode::FORBIDDEN, "a password is counted apart");
}

/// MF-4: whoever signs in by a passkey alone is named by it (WebAuthn §7.2, step 6).
#[tokio::test]
async fn a_passkey_that_signs_in_alone_says_whose_it_is() {
    let ada = Enrolled::new().await;
    for handle in [Value::Null, json!(URL_SAFE_NO_PAD.encode([9; 32]))] {
        let request = ask(&ada.app).await;
        let mut answer = ada.passkey.answer(&request.options);
        answer["credential"]["response"]["userHandle"] = handle;
        let body = json!({ "passkey": answer });
        log_in(&ada.app, request.step.as_deref(), &body).await.assert_error(401, "invalid_passkey");
    }
    // A browser that is between two sign-ins goes on with both.
    let jar = format!("__Host-step={}", ask(&ada.app).await.step.unwrap());
    let again = ada.app.post("/api/passkeys/options").header("cookie", &jar).json(&json!({})).send().await;
    assert_eq!(format!("__Host-step={}", cookies(&again)["__Host-step"]), jar);
}

/// MF-4: a copied key is noticed by its counter.
#[tokio::test]
async fn a_counter_that_does_not_rise_is_refused_and_noticed() {
    let mut ada = Enrolled::with(Passkey { count: 5, ..Passkey::new(7) }).await;
    // What it said when it was made counts too.
    ada.sign_in().await.assert_error(401, "invalid_passkey");
    ada.passkey.count = 6;
    assert_eq!(ada.sign_in().await.status, StatusCode::OK);
    for count in [6, 5, 0] {
        ada.passkey.count = count;
        ada.sign_in().await.assert_error(401, "invalid_passkey");
    }
    let alarms = ada.app.audit(AuditKind::PasskeyCounterFell).await;
    assert_eq!(alarms.len(), 4);
    assert_eq!(alarms[0].event.detail.as_deref(), Some(ada.id.as_str()));
    ada.passkey.count = 7;
    assert_eq!(ada.sign_in().await.status, StatusCode::OK);
}

/// TH-5, EN-1: as where a password is right.
#[tokio::test]
async fn a_disabled_account_has_the_answer_of_a_wrong_passkey() {
    let ada = Enrolled::new().await;
    let app = &ada.app;
    let account =
        app.countersign.find_account_by_name(&Username::parse("ada").unwrap()).await.unwrap().unwrap();
    let request = ask(app).await;
    let disabled = AccountChange { disabled: Some(true), ..AccountChange::default() };
    app.countersign.change_account(account.id, disabled, &app.operator()).await.unwrap();
    let body = json!({ "passkey": ada.passkey.answer(&request.options) });
    log_in(app, request.step.as_deref(), &body).await.assert_error(401, "invalid_passkey");
}

/// PP-7, AD-3: what can be made good uses nothing up.
#[tokio::test]
async fn a_required_password_is_chosen_with_the_same_answer() {
    let ada = Enrolled::new().await;
    let app = &ada.app;
    let request = ask(app).await;
    let mut body = json!({ "passkey": ada.passkey.answer(&request.options), "newPassword": NEW_PASSWORD });
    assert_eq!(log_in(app, request.step.as_deref(), &body).await.status, StatusCode::OK);
    asked(&app.login("ada", PASSWORD).await);
    let account =
        app.countersign.find_account_by_name(&Username::parse("ada").unwrap()).await.unwrap().unwrap();
    let required = AccountChange { password_change_required: Some(true), ..AccountChange::default() };
    app.countersign.change_account(account.id, required, &app.operator()).await.unwrap();
    let request = ask(app).await;
    body = json!({ "passkey": ada.passkey.answer(&request.options) });
    let step = request.step.as_deref();
    log_in(app, step, &body).await.assert_error(403, "password_change_required");
    body["newPassword"] = NEW_PASSWORD.into();
    let reply = log_in(app, step, &body).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    asked(&app.login("ada", NEW_PASSWORD).await);
    log_in(app, step, &body).await.assert_error(401, "passkey_expired");
}

/// MF-2, MF-4: a device whose owner it does not know is one factor of two.
#[tokio::test]
async fn a_passkey_is_the_second_step_of_a_password() {
    let mut ada = Enrolled::new().await;
    ada.passkey.flags = UP;
    let app = &ada.app;
    let first = asked(&app.login("ada", PASSWORD).await);
    assert_eq!(first.body["methods"], json!(["passkey", "recovery_code"]));
    let options = second_options(app, &first).await.json();
    let allowed = &options["publicKey"]["allowCredentials"];
    let id = URL_SAFE_NO_PAD.encode(&ada.passkey.id);
    assert_eq!(allowed, &json!([{ "type": "public-key", "id": id, "transports": ["hybrid", "internal"] }]));
    let shown = json!({ "passkey": ada.passkey.answer(&options) });
    let stolen = Asked { step: None, ..asked(&app.login("ada", PASSWORD).await) };
    second(app, &stolen, shown.clone()).await.assert_error(401, "second_factor_expired");
    let mut trusting = shown.clone();
    trusting["trustDevice"] = true.into();
    let reply = second(app, &first, trusting).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let said = claims(reply.json()["accessToken"].as_str().unwrap());
    assert_eq!((methods(&said), &said["acr"]), (vec!["pwd", "hwk", "user", "mfa"], &json!("aal2")));
    assert_eq!(how_it_began(app).await.as_deref(), Some("passkey"));
    second(app, &first, shown).await.assert_error(401, "passkey_expired");
    assert_eq!(ada.factors().await["trustedDevices"].as_array().unwrap().len(), 1);
    // Options of a sign-in are not those of the second step, nor the other way round.
    let alone = ask(app).await.options;
    let shown = json!({ "passkey": ada.passkey.answer(&alone) });
    second(app, &first, shown).await.assert_error(401, "passkey_expired");
    let both = json!({ "passkey": ada.passkey.answer(&alone), "recoveryCode": ada.recovery_codes[0] });
    second(app, &first, both).await.assert_error(422, "invalid_value");
}

/// MF-2: what another account has is worth nothing.
#[tokio::test]
async fn nobody_shows_the_passkey_of_another_account() {
    let root = Enrolled::named("root", TestApp::new().await, Passkey::new(8)).await;
    let ada = Enrolled::named("ada", root.app, Passkey::new(7)).await;
    let first = asked(&ada.app.login("ada", PASSWORD).await);
    ada.second(&first, &root.passkey).await.assert_error(401, "passkey_unknown");
    // Nor does one that says that it is hers.
    let posing = Passkey { handle: ada.passkey.handle.clone(), ..root.passkey };
    sign_in(&ada.app, &posing).await.assert_error(401, "invalid_passkey");
    // Nor is one credential of two accounts.
    let mut copied = Passkey::new(8);
    let reply = add(
        &ada.app,
        &ada.device,
        &mut copied,
        json!({ "recoveryCode": ada.recovery_codes[0], "currentPassword": PASSWORD }),
    );
    reply.await.assert_error(409, "passkey_exists");
}

/// MF-2: however the first step was made, no session begins without what the account has.
#[tokio::test]
async fn no_way_leads_past_a_passkey() {
    for way in WAYS {
        let ada = Enrolled::named("ada", with_mail(|_| {}).await, Passkey::new(7)).await;
        let app = &ada.app;
        let sessions = app.audit(AuditKind::LoginSucceeded).await.len();
        let reply = first_step(app, way).await;
        if way == Way::MailPage {
            assert!(reply.status == StatusCode::FORBIDDEN && cookies(&reply).is_empty(), "{}", reply.text);
            continue;
        }
        let first = asked(&reply);
        let wrong = Passkey { rp_id: "example", ..Passkey::new(7) };
        ada.second(&first, &wrong).await.assert_error(401, "invalid_passkey");
        assert_eq!(app.audit(AuditKind::LoginSucceeded).await.len(), sessions, "{way:?}");
        let reply = ada.second(&first, &ada.passkey).await;
        assert_eq!(reply.status, StatusCode::OK, "{way:?}: {}", reply.text);
        assert_eq!(claims(reply.json()["accessToken"].as_str().unwrap())["acr"], "aal2", "{way:?}");
    }
}

/// MF-2: where the policy asks for a second factor, a passkey is made on the way in.
#[tokio::test]
async fn a_policy_has_a_passkey_made_on_the_way_in() {
    let app = TestApp::with(require_everybody, |_| {}).await;
    let first = asked(&app.login("ada", PASSWORD).await);
    assert_eq!(first.body["mustEnrol"], true);
    second_options(&app, &first).await.assert_error(404, "not_found");
    let cookie = format!("__Host-step={}", first.step.as_deref().unwrap());
    let options = app.post("/api/login/factor/enrol/passkey").json(&json!({ "ticket": first.ticket }));
    let options = options.header("cookie", &cookie).send().await.json();
    let mut passkey = Passkey::new(7);
    let credential = passkey.create(&options);
    let made =
        json!({ "newPasskey": { "ticket": options["ticket"], "credential": credential }, "name": "Key" });
    let reply = second(&app, &first, made).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(reply.json()["recoveryCodes"].as_array().unwrap().len(), 10);
    let said = claims(reply.json()["accessToken"].as_str().unwrap());
    assert_eq!(methods(&said), ["pwd", "hwk", "user", "mfa"]);
    assert_eq!(sign_in(&app, &passkey).await.status, StatusCode::OK, "alone it is enough for the policy");
}

/// MF-5, SE-9: as for an authenticator.
#[tokio::test]
async fn passkeys_are_added_renamed_and_removed_by_who_shows_enough() {
    let ada = Enrolled::named("ada", with_mail(|_| {}).await, Passkey::new(7)).await;
    let app = &ada.app;
    let told = async || {
        let waiting = app.countersign.waiting_mails().await.unwrap();
        waiting.into_iter().filter(|(mail, _)| mail.template == MailTemplate::SecondFactorChanged).count()
    };
    assert_eq!(told().await, 1);
    let mut second_key = Passkey::new(9);
    add(app, &ada.device, &mut second_key, json!({})).await.assert_error(422, "invalid_value");
    let reply = add(app, &ada.device, &mut second_key, json!({ "currentPassword": PASSWORD })).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["code"]), (403, &json!("second_factor_required")));
    assert_eq!(reply.json()["methods"], json!(["passkey", "recovery_code"]));

    // A passkey whose device knows its owner stands for the password too.
    let proof = async |passkey: &Passkey| {
        let path = "/api/account/reauthenticate/options";
        let options = app.post(path).bearer(&ada.device.access_token).send().await.json();
        json!({ "passkey": passkey.answer(&options) })
    };
    let unverified = Passkey { flags: UP, key: Key::new(Algorithm::Es256), ..Passkey::new(7) };
    add(app, &ada.device, &mut second_key, proof(&unverified).await)
        .await
        .assert_error(401, "invalid_passkey");
    let reply = add(app, &ada.device, &mut second_key, proof(&ada.passkey).await).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    assert_eq!(reply.json()["recoveryCodes"], json!([]), "she has some");
    assert_eq!(told().await, 2);
    assert_eq!(sign_in(app, &second_key).await.status, StatusCode::OK);

    let path = format!("/api/account/factors/{}", ada.id);
    let rename = app.call(Method::PATCH, &path).bearer(&ada.device.access_token);
    let rename = rename.json(&json!({ "name": "Old laptop" })).send().await;
    assert_eq!(rename.status, StatusCode::NO_CONTENT);
    let remove = app.call(Method::DELETE, &path).bearer(&ada.device.access_token);
    let remove = remove.json(&proof(&second_key).await).send().await;
    assert_eq!(remove.status, StatusCode::NO_CONTENT, "{}", remove.text);
    ada.sign_in().await.assert_error(401, "passkey_unknown");
    let removed = app.audit(AuditKind::FactorRemoved).await;
    assert_eq!(removed[0].event.detail, Some(format!("passkey {}", ada.id)));
}

/// MF-5: possession alone does not stand for the password.
#[tokio::test]
async fn a_passkey_that_checks_nobody_needs_the_password_beside_it() {
    let mut ada = Enrolled::new().await;
    ada.passkey.flags = UP;
    let app = &ada.app;
    let show = async |password: Option<&str>| {
        let path = "/api/account/reauthenticate/options";
        let options = app.post(path).bearer(&ada.device.access_token).send().await.json();
        let mut body = json!({ "passkey": ada.passkey.answer(&options) });
        if let Some(password) = password {
            body["currentPassword"] = password.into();
        }
        app.post("/api/account/reauthenticate").bearer(&ada.device.access_token).json(&body).send().await
    };
    show(None).await.assert_error(422, "invalid_value");
    show(Some("wrong horse battery staple")).await.assert_error(403, "wrong_password");
    app.wait(60);
    assert_eq!(show(Some(PASSWORD)).await.status, StatusCode::NO_CONTENT);
    let path = "/api/account/reauthenticate";
    let options = app.post(&format!("{path}/options")).bearer(&ada.device.access_token).send().await.json();
    let body = json!({ "passkey": ada.passkey.answer(&options), "currentPassword": PASSWORD });
    let again = async || app.post(path).bearer(&ada.device.access_token).json(&body).send().await;
    assert_eq!(again().await.status, StatusCode::NO_CONTENT);
    again().await.assert_error(401, "passkey_expired");
    let after = claims(app.refresh(&ada.device.cookie).await.json()["accessToken"].as_str().unwrap());
    assert_eq!(methods(&after), ["pwd", "hwk", "user", "mfa"]);
    assert_eq!(after["auth_time"].as_i64().unwrap(), app.clock.now().as_unix_seconds());
}

/// MF-4: a security key without a PIN is made for the second step, and is nothing alone.
#[tokio::test]
async fn a_security_key_is_for_the_second_step_alone() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    let only = json!({ "secondStepOnly": true });
    let options = app.post("/api/account/passkeys/options").bearer(&device.access_token).json(&only);
    let options = options.send().await.json();
    assert_eq!(
        options["publicKey"]["authenticatorSelection"],
        json!({ "residentKey": "discouraged", "requireResidentKey": false, "userVerification": "discouraged" })
    );
    let mut key = Passkey { flags: UP, ..Passkey::new(7) };
    let credential = key.create(&options);
    let body = json!({ "ticket": options["ticket"], "credential": credential, "currentPassword": PASSWORD });
    let reply = app.post("/api/account/passkeys").bearer(&device.access_token).json(&body).send().await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    key.flags = UP | UV;
    sign_in(&app, &key).await.assert_error(401, "invalid_passkey");
    // Nor does it stand in for the password of whoever is signed in.
    let again = "/api/account/reauthenticate";
    let options = app.post(&format!("{again}/options")).bearer(&device.access_token).send().await.json();
    let shown = json!({ "passkey": key.answer(&options) });
    let alone = app.post(again).bearer(&device.access_token).json(&shown).send().await;
    alone.assert_error(422, "invalid_value");
    key.flags = UP;
    let first = asked(&app.login("ada", PASSWORD).await);
    let options = second_options(&app, &first).await.json();
    let mut answer = key.answer(&options);
    // Such a key does not know whose it is.
    answer["credential"]["response"].as_object_mut().unwrap().remove("userHandle");
    let reply = second(&app, &first, json!({ "passkey": answer })).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
}

/// EM-4: whoever had taken the account over is out when its owner gets it back, with a passkey too.
#[tokio::test]
async fn the_passkey_of_a_thief_signs_nobody_in_after_the_way_back() {
    let app = mail::app().await;
    let (thief, link) = taken_over(&app).await;
    let mut passkey = Passkey::new(7);
    let added = add(&app, &thief, &mut passkey, json!({ "currentPassword": PASSWORD })).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text);
    assert_eq!(sign_in(&app, &passkey).await.status, StatusCode::OK);
    let request = ask(&app).await;
    let under_way = json!({ "passkey": passkey.answer(&request.options) });
    let undo = app.post(&format!("/m/{link}")).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(undo.body(String::new()).send().await.status, StatusCode::OK);
    log_in(&app, request.step.as_deref(), &under_way).await.assert_error(401, "invalid_passkey");
    sign_in(&app, &passkey).await.assert_error(401, "invalid_passkey");
}

/// Ten, counted apart from authenticator apps.
#[tokio::test]
async fn an_account_has_ten_passkeys_at_most() {
    let ada = Enrolled::new().await;
    let app = &ada.app;
    for n in 0..10 {
        let options = app.post("/api/account/reauthenticate/options").bearer(&ada.device.access_token);
        let proof = json!({ "passkey": ada.passkey.answer(&options.send().await.json()) });
        let reply = add(app, &ada.device, &mut Passkey::new(100 + n), proof).await;
        if n < 9 {
            assert_eq!(reply.status, StatusCode::CREATED, "{n}: {}", reply.text);
        } else {
            reply.assert_error(409, "too_many_factors");
        }
    }
    let options =
        app.post("/api/account/passkeys/options").bearer(&ada.device.access_token).send().await.json();
    assert_eq!(options["publicKey"]["excludeCredentials"].as_array().unwrap().len(), 10);
}

/// MF-4: a registration is good for the account and the origin that it was made for.
#[tokio::test]
async fn a_passkey_is_made_for_one_account_and_here() {
    let app = TestApp::new().await;
    let (ada, root) = (app.sign_in("ada").await, app.sign_in("root").await);
    let proof = json!({ "currentPassword": PASSWORD });
    let mut wrong = Passkey { origin: "https://evil.example", ..Passkey::new(7) };
    add(&app, &ada, &mut wrong, proof.clone()).await.assert_error(401, "invalid_passkey");
    let mut unverified = Passkey { flags: UP, ..Passkey::new(7) };
    add(&app, &ada, &mut unverified, proof).await.assert_error(401, "invalid_passkey");
    let options = app.post("/api/account/passkeys/options").bearer(&ada.access_token).send().await.json();
    let credential = Passkey::new(7).create(&options);
    let body = json!({ "ticket": options["ticket"], "credential": credential, "currentPassword": PASSWORD });
    let by_root = app.post("/api/account/passkeys").bearer(&root.access_token).json(&body).send().await;
    by_root.assert_error(401, "passkey_expired");
    app.wait(300);
    let late = app.post("/api/account/passkeys").bearer(&ada.access_token).json(&body).send().await;
    late.assert_error(401, "passkey_expired");
}

/// MF-4: of two accounts that get one passkey at once, one does (WebAuthn §7.1, step 26).
#[tokio::test]
async fn of_two_that_make_one_passkey_at_once_one_has_it() {
    for app in [TestApp::new().await, TestApp::nodes(1).await.remove(0)] {
        for id in 0..5 {
            let mut made = Vec::new();
            for name in [format!("one{id}"), format!("two{id}")] {
                app.register(&name, Role::default()).await;
                made.push((app.sign_in(&name).await, Passkey::new(id)));
            }
            let [(one, its), (two, same)] = made.as_mut_slice() else { panic!() };
            let proof = || json!({ "currentPassword": PASSWORD });
            let (one, two) = tokio::join!(add(&app, one, its, proof()), add(&app, two, same, proof()));
            let (first, second) = if one.status == StatusCode::CREATED { (one, two) } else { (two, one) };
            assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
            second.assert_error(409, "passkey_exists");
        }
    }
}

/// An administrator sees and resets them.
#[tokio::test]
async fn an_administrator_resets_passkeys() {
    let ada = Enrolled::new().await;
    let app = &ada.app;
    let root = app.sign_in("root").await;
    let path = format!("/api/admin/users/{}/factors", ada.device.user_id);
    let listed = app.get(&path).bearer(&root.access_token).send().await.json();
    assert_eq!(listed["factors"][0]["kind"], "passkey");
    let reset = app.call(Method::DELETE, &path).bearer(&root.access_token).send().await;
    assert_eq!(reset.status, StatusCode::NO_CONTENT);
    ada.sign_in().await.assert_error(401, "passkey_unknown");
    // The place of the old one on the device is taken by the next.
    let device = app.sign_in("ada").await;
    let options = app.post("/api/account/passkeys/options").bearer(&device.access_token).send().await.json();
    assert_eq!(options["publicKey"]["user"]["id"], ada.passkey.handle.as_str());
}

/// MF-4: of one answer at two nodes in the same moment, one is accepted.
#[tokio::test]
async fn an_answer_is_accepted_once_over_two_nodes() {
    let mut nodes = TestApp::nodes(2).await;
    let other = nodes.pop().unwrap();
    let ada = Enrolled::named("ada", nodes.pop().unwrap(), Passkey::new(7)).await;
    for _ in 0..5 {
        let request = ask(&ada.app).await;
        let body = json!({ "passkey": ada.passkey.answer(&request.options) });
        let step = request.step.as_deref();
        let (one, two) = tokio::join!(log_in(&ada.app, step, &body), log_in(&other, step, &body));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{} {}", one.text, two.text);
        log_in(&other, step, &body).await.assert_error(401, "passkey_expired");
    }
}

/// Where browsers have none, none is offered.
#[tokio::test]
async fn passkeys_are_not_offered_where_they_are_off() {
    let off = |options: &mut Options| options.passkeys.enabled = false;
    let app = TestApp::with(off, |_| {}).await;
    let ada = app.sign_in("ada").await;
    app.post("/api/passkeys/options").json(&json!({})).send().await.assert_error(404, "not_found");
    let own = app.post("/api/account/passkeys/options").bearer(&ada.access_token).send().await;
    own.assert_error(404, "not_found");
    let body = json!({ "ticket": "x", "credential": {}, "currentPassword": "wrong horse battery staple" });
    let made = app.post("/api/account/passkeys").bearer(&ada.access_token).json(&body).send().await;
    made.assert_error(404, "not_found");
    let listed = app.get("/api/account/factors").bearer(&ada.access_token).send().await.json();
    assert!(listed.get("passkeys").is_none());
}

/// WebAuthn §5.11
#[tokio::test]
async fn related_origins_are_published_and_accepted() {
    const RELATED: &str = "https://auth.example.de";
    let app = TestApp::new().await;
    app.get("/.well-known/webauthn").send().await.assert_error(404, "not_found");
    let related = |options: &mut Options| {
        options.passkeys.related_origins = vec![RELATED.to_owned()];
        options.passkeys.rp_id = Some("example".to_owned());
    };
    let app = TestApp::with(related, |_| {}).await;
    let reply = app.get("/.well-known/webauthn").send().await;
    assert_eq!(reply.json(), json!({ "origins": [ISSUER, RELATED] }));
    assert_eq!(reply.header(header::CONTENT_TYPE), Some("application/json"));
    let ada = Enrolled::named("ada", app, Passkey { rp_id: "example", ..Passkey::new(7) }).await;
    assert_eq!(ada.sign_in().await.status, StatusCode::OK);
    let there = Passkey { origin: RELATED, ..ada.passkey };
    assert_eq!(sign_in(&ada.app, &there).await.status, StatusCode::OK);
}
