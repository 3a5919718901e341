//! The owner of an account takes a copy of what is kept about it, has it deleted, and takes it back.

use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use countersign::internal::base::id::EmailId;
use countersign::internal::base::random::Random;
use countersign::internal::model::account::{AccountChange, EmailAddress};
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::email::{AccountEmail, NewEmail};
use countersign::store::EmailStore as _;
use countersign::{
    Account, ApiKeyName, ApiKeySpec, AuthMethods, CustomClaims, LoginError, OutsideProof, Registration, Role,
    Scopes, Username,
};
use serde_json::{Value, json};

use crate::app::{Device, PASSWORD, Reply, START, TestApp};

const GRACE: u64 = 14 * 24 * 3600;

async fn delete(app: &TestApp, token: &str, body: &Value) -> Reply {
    app.call(Method::DELETE, "/api/account").bearer(token).json(body).send().await
}

async fn keep(app: &TestApp, password: &str) -> Reply {
    let body = json!({ "username": "ada", "password": password, "keepAccount": true });
    app.post("/api/login").json(&body).send().await
}

async fn upkeep(app: &TestApp) {
    app.countersign.delete_due_accounts(app.clock.now()).await.unwrap();
}

async fn account_of(app: &TestApp, device: &Device) -> Option<Account> {
    app.countersign.find_account(device.user_id.parse().unwrap()).await.unwrap()
}

fn my_password() -> Value {
    json!({ "currentPassword": PASSWORD })
}

/// AD-1, AD-2: from the owner's wish to the end, a second before it and at it. Nobody gets the name until then.
#[tokio::test]
async fn an_account_is_deleted_when_the_grace_is_over() {
    let app = TestApp::new().await;
    let (here, there) = (app.sign_in("ada").await, app.sign_in("ada").await);
    delete(&app, &here.access_token, &json!({ "currentPassword": "wrong" }))
        .await
        .assert_error(403, "wrong_password");
    delete(&app, &here.access_token, &json!({})).await.assert_error(422, "invalid_value");
    assert_eq!(app.profile(&here.access_token).await, 200, "nothing has happened");
    let asked = delete(&app, &here.access_token, &my_password()).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
    let end = START.plus(Duration::from_secs(GRACE)).to_string();
    assert_eq!(asked.json(), json!({ "deletionAt": end }));
    assert_eq!(asked.cookie().as_deref(), Some(""), "the cookie goes");
    for device in [&here, &there] {
        assert_eq!(app.profile(&device.access_token).await, 401, "SE-6: at once");
        app.refresh(&device.cookie).await.assert_error(401, "session_revoked");
    }
    let event = &app.audit(AuditKind::AccountDeletionRequested).await[0];
    assert_eq!(event.actor.account_id(), Some(here.user_id.parse().unwrap()));
    assert_eq!(event.event.detail.as_deref(), Some(end.as_str()));

    app.wait(GRACE - 1);
    upkeep(&app).await;
    assert!(account_of(&app, &here).await.is_some());
    let root = app.sign_in("root").await.access_token;
    let make = json!({ "username": "Ada", "password": "another long sentence" });
    let taken = app.post("/api/admin/users").bearer(&root).json(&make).send().await;
    taken.assert_error(409, "username_taken");
    app.wait(1);
    // Nobody gets in by being quicker than the upkeep.
    keep(&app, PASSWORD).await.assert_error(401, "invalid_credentials");
    upkeep(&app).await;
    assert!(account_of(&app, &here).await.is_none());
    let gone = &app.audit(AuditKind::AccountDeleted).await[0];
    assert_eq!((gone.actor.name(), gone.event.detail.as_deref()), ("system", Some("ada")));
    app.login("ada", PASSWORD).await.assert_error(401, "invalid_credentials");
}

/// AD-3, EN-1: only the right password learns of it, and only `keepAccount` takes it back.
#[tokio::test]
async fn its_owner_takes_it_back_by_signing_in_and_saying_so() {
    let app = TestApp::new().await;
    let ada = app.sign_in("ada").await;
    let id = ada.user_id.parse().unwrap();
    let scopes = Scopes::parse("").unwrap();
    let spec = ApiKeySpec { name: ApiKeyName::parse("k").unwrap(), audience: None, scopes, expires_at: None };
    let (_, key) = app.countersign.add_api_key(id, spec, &app.operator()).await.unwrap();
    let by_key = async || {
        let form = format!("grant_type=client_credentials&client_id=ada&client_secret={}", key.as_str());
        let call = app.post("/oauth2/token").header("content-type", "application/x-www-form-urlencoded");
        call.body(form).send().await.status
    };
    assert_eq!(by_key().await, StatusCode::OK);
    assert_eq!(delete(&app, &ada.access_token, &my_password()).await.status, StatusCode::ACCEPTED);
    assert_eq!(by_key().await, StatusCode::UNAUTHORIZED);
    keep(&app, "wrong").await.assert_error(401, "invalid_credentials");
    app.login("ada", "wrong").await.assert_error(401, "invalid_credentials");
    let told = app.login("ada", PASSWORD).await;
    assert_eq!((told.status.as_u16(), told.cookie()), (403, None), "{}", told.text);
    let end = START.plus(Duration::from_secs(GRACE)).to_string();
    assert_eq!((&told.json()["code"], &told.json()["deletionAt"]), (&json!("deletion_pending"), &json!(end)));
    assert_eq!(
        app.audit(AuditKind::LoginFailed).await.last().unwrap().event.detail.as_deref(),
        Some("deletion_pending")
    );

    app.wait(GRACE - 1);
    let kept = keep(&app, PASSWORD).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.text);
    assert_eq!(app.profile(&Device::from(&kept).access_token).await, 200);
    assert_eq!(app.audit(AuditKind::AccountDeletionCancelled).await.len(), 1);
    assert_eq!(by_key().await, StatusCode::OK, "its keys work again");
    app.refresh(&ada.cookie).await.assert_error(401, "session_revoked");
    app.wait(2);
    upkeep(&app).await;
    assert!(account_of(&app, &ada).await.is_some_and(|account| account.is_enabled()));
    assert_eq!(keep(&app, PASSWORD).await.status, StatusCode::OK, "of an account that stays it says nothing");
    assert_eq!(app.audit(AuditKind::AccountDeletionCancelled).await.len(), 1);
}

/// AD-3: administrators see it, and decide.
#[tokio::test]
async fn an_administrator_cancels_or_hastens_it() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await.access_token;
    let ada = app.sign_in("ada").await;
    let path = format!("/api/admin/users/{}", ada.user_id);
    let change = async |disabled: bool| {
        let body = json!({ "disabled": disabled });
        app.call(Method::PATCH, &path).bearer(&root).json(&body).send().await.json()["user"].clone()
    };
    for disabled in [false, true] {
        change(false).await;
        let token = app.sign_in("ada").await.access_token;
        assert_eq!(delete(&app, &token, &my_password()).await.status, StatusCode::ACCEPTED);
        let seen =
            app.get("/api/admin/users?search=ada").bearer(&root).send().await.json()["users"][0].clone();
        let end = START.plus(Duration::from_secs(GRACE)).to_string();
        assert_eq!((&seen["disabled"], &seen["deletionAt"]), (&json!(true), &json!(end)));
        let user = change(disabled).await;
        assert_eq!((&user["disabled"], user.get("deletionAt")), (&json!(disabled), None));
    }
    keep(&app, PASSWORD).await.assert_error(401, "invalid_credentials");
    change(false).await;
    let token = app.sign_in("ada").await.access_token;
    assert_eq!(delete(&app, &token, &my_password()).await.status, StatusCode::ACCEPTED);
    let hastened = app.call(Method::DELETE, &path).bearer(&root).send().await;
    assert_eq!((hastened.status, account_of(&app, &ada).await), (StatusCode::NO_CONTENT, None));
}

/// AD-1: somebody who can administer is left; and what an operator has switched off stays off.
#[tokio::test]
async fn the_last_administrator_stays_and_so_does_everybody_where_it_is_off() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await;
    delete(&app, &root.access_token, &my_password()).await.assert_error(409, "last_administrator");
    assert_eq!(app.profile(&root.access_token).await, 200);
    app.register("second", Role::admin()).await;
    assert_eq!(delete(&app, &root.access_token, &my_password()).await.status, StatusCode::ACCEPTED);

    let app = TestApp::with(|options| options.account_deletion_grace = None, |_| {}).await;
    let ada = app.sign_in("ada").await;
    delete(&app, &ada.access_token, &my_password()).await.assert_error(403, "account_deletion_off");
    assert!(account_of(&app, &ada).await.is_some());

    let app = TestApp::with(|options| options.account_deletion_grace = Some(Duration::ZERO), |_| {}).await;
    let ada = app.sign_in("ada").await;
    let done = delete(&app, &ada.access_token, &my_password()).await;
    assert_eq!(done.json(), json!({ "deletionAt": START.to_string() }));
    assert_eq!(account_of(&app, &ada).await, None, "without a grace: at once");
}

/// AD-1, TH-1: a thief with an open session guesses no faster here than at the login.
#[tokio::test]
async fn guesses_of_the_password_are_counted() {
    let app = TestApp::new().await;
    let ada = app.sign_in("ada").await;
    let mut codes = Vec::new();
    for _ in 0..12 {
        let reply = delete(&app, &ada.access_token, &json!({ "currentPassword": "wrong" })).await;
        codes.push(reply.json()["code"].as_str().unwrap().to_owned());
    }
    assert!(codes.contains(&"too_many_attempts".to_owned()), "{codes:?}");
    delete(&app, &ada.access_token, &my_password()).await.assert_error(429, "too_many_attempts");
}

/// AD-1: an account that others vouch for has no password to ask for; its last sign-in is what counts, to the second.
#[tokio::test]
async fn without_a_password_a_recent_sign_in_counts() {
    for (seconds, status) in [(300, 202), (301, 403)] {
        let app = TestApp::new().await;
        let registration = Registration::new(Username::parse("vouched").unwrap());
        let account = app.countersign.create_service_account(registration, &app.operator()).await.unwrap();
        let vouch = async || {
            let proof = OutsideProof::new("magic_link", AuthMethods::NONE);
            app.countersign.vouch_for(account.id, proof, &app.operator()).await.unwrap()
        };
        let vouched = vouch().await;
        let signed_in = app.countersign.start_session(vouched, None, &app.operator()).await.unwrap();
        app.wait(seconds);
        let reply = delete(&app, &signed_in.access.token, &json!({})).await;
        assert_eq!(reply.status.as_u16(), status, "{}", reply.text);
        if status == 403 {
            reply.assert_error(403, "sign_in_too_old");
            continue;
        }
        let vouched = vouch().await;
        let pending = app.countersign.start_session(vouched, None, &app.operator()).await.unwrap_err();
        assert!(matches!(pending, LoginError::DeletionPending(_)), "{pending}");
        let back = vouch().await.take_back_account();
        app.countersign.start_session(back, None, &app.operator()).await.unwrap();
    }
}

/// AD-4: everything, also what is over and what was done to others; nothing of anybody else, and no secret.
#[tokio::test]
async fn an_export_has_all_that_is_kept_about_the_account() {
    let app = TestApp::new().await;
    let root = app.sign_in("root").await;
    let over = app.sign_in("root").await;
    app.post("/api/logout").cookie(&over.cookie).send().await;
    let id = root.user_id.parse().unwrap();
    let claims = json!({ "plan": "pro" }).as_object().unwrap().clone();
    let change =
        AccountChange { claims: Some(CustomClaims::new(claims).unwrap()), ..AccountChange::default() };
    app.countersign.change_account(id, change, &app.operator()).await.unwrap();
    let made = json!({ "name": "nightly", "currentPassword": PASSWORD });
    let secret =
        app.post("/api/keys").bearer(&root.access_token).json(&made).send().await.json()["secret"].clone();
    let email = AccountEmail {
        id: EmailId::random(&Random::insecure_seeded(1)),
        account_id: id,
        address: EmailAddress::parse("root@example.org").unwrap(),
        verified_at: None,
        is_primary: false,
        created_at: START,
    };
    app.countersign.store().add_email(NewEmail { email, checked: None }, &app.operator()).await.unwrap();
    let ada = app.sign_in("ada").await;
    let path = format!("/api/admin/users/{}", ada.user_id);
    app.call(Method::PATCH, &path).bearer(&root.access_token).json(&json!({ "disabled": true })).send().await;

    let reply = app.get("/api/account/export").bearer(&root.access_token).send().await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let name = "attachment; filename=\"account-2023-11-14.json\"";
    assert_eq!(reply.header(header::CONTENT_DISPOSITION), Some(name));
    assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
    let document = reply.json();
    assert_eq!(document["user"]["claims"], json!({ "plan": "pro" }));
    let sessions = document["sessions"].as_array().unwrap();
    let logged_out = sessions.iter().filter(|session| session["endReason"] == "logout").count();
    assert_eq!((sessions.len(), logged_out), (2, 1));
    assert_eq!(document["apiKeys"][0]["name"], "nightly");
    assert_eq!(document["emails"][0]["address"], "root@example.org");
    let kinds = |part: &str| -> Vec<String> {
        let all = document[part].as_array().unwrap();
        all.iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect()
    };
    for kind in ["account_created", "login_succeeded", "account_changed", "session_ended", "api_key_created"]
    {
        assert!(kinds("auditEvents").contains(&kind.to_owned()), "{kind}: {:?}", kinds("auditEvents"));
    }
    assert_eq!(kinds("actions"), ["session_ended", "account_disabled"], "to ada");
    for secret in [secret.as_str().unwrap(), &root.cookie, "$argon2", "secretHash"] {
        assert!(!reply.text.contains(secret), "{secret}");
    }

    app.register("zoe", Role::default()).await;
    let hers = app.sign_in("zoe").await;
    let document = app.get("/api/account/export").bearer(&hers.access_token).send().await.json();
    assert_eq!(document["actions"], json!([]));
}

/// AD-4: more than a page of each, once each and in order.
#[tokio::test]
async fn a_long_history_is_exported_whole() {
    let app = TestApp::new().await;
    let ada = app.sign_in("ada").await;
    let id = ada.user_id.parse().unwrap();
    for n in 0..1_010_u32 {
        let required = Some(n % 2 == 0);
        let change = AccountChange { password_change_required: required, ..AccountChange::default() };
        app.countersign.change_account(id, change, &app.operator()).await.unwrap();
    }
    let ada = app.sign_in("ada").await;
    let document = app.get("/api/account/export").bearer(&ada.access_token).send().await.json();
    let numbers =
        document["auditEvents"].as_array().unwrap().iter().map(|event| event["sequence"].as_i64().unwrap());
    let numbers: Vec<i64> = numbers.collect();
    assert!(numbers.len() > 1_010 && numbers.is_sorted_by(|a, b| a > b), "{}", numbers.len());
}
