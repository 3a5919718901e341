//! What an application adds to sign-ins and to tokens, and what happens when its functions fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use countersign::internal::model::account::AccountChange;
use countersign::internal::model::audit::AuditKind;
use countersign::options::{HookFailure, Hooks, RegistrationMode, SignInVerdict};
use countersign::{Actor, CustomClaims, Options};
use serde_json::{Value, json};

use crate::app::{Device, PASSWORD, TestApp};
use crate::mail::{ask, confirm, last_mail};

async fn with(hooks: Hooks) -> TestApp {
    TestApp::with(|options| options.hooks = hooks, |_| {}).await
}

fn claims(claims: &Value) -> Result<CustomClaims, HookFailure> {
    Ok(CustomClaims::new(claims.as_object().unwrap().clone())?)
}

async fn profile(app: &TestApp, access_token: &str) -> Value {
    app.get("/api/profile").bearer(access_token).send().await.json()["user"].clone()
}

/// IN-2, EN-1: only who knows the password is asked about, and told.
#[tokio::test]
async fn a_sign_in_is_refused_only_after_the_password_was_right() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let app = with(Hooks::default().before_sign_in(move |sign_in| {
        count.fetch_add(1, Relaxed);
        let verdict = match sign_in.account.username.as_str() {
            "ada" => SignInVerdict::refuse("not_paid_for", "The bill is open"),
            _ => SignInVerdict::Allow,
        };
        async { Ok(verdict) }
    }))
    .await;
    for name in ["ada", "nobody"] {
        app.login(name, "wrong").await.assert_error(401, "invalid_credentials");
    }
    assert_eq!(asked.load(Relaxed), 0);
    let refused = app.login("ada", PASSWORD).await;
    refused.assert_error(403, "not_paid_for");
    assert_eq!(refused.json()["error"], "The bill is open");
    assert!(refused.cookie().is_none());
    let failed = app.audit(AuditKind::LoginFailed).await;
    assert_eq!(failed.last().unwrap().event.detail.as_deref(), Some("not_paid_for"));
    app.sign_in("root").await;
    assert_eq!((asked.load(Relaxed), app.audit(AuditKind::LoginSucceeded).await.len()), (2, 1));
}

/// IN-4: a hook that cannot say begins no session, whatever it fails by.
#[tokio::test]
async fn a_hook_before_that_fails_begins_no_session() {
    for way in 0..3 {
        let failing = Hooks::default().before_sign_in(move |_| async move {
            match way {
                0 => Err("the billing system is down".into()),
                1 => std::future::pending().await,
                _ => panic!("a fault of the application's"),
            }
        });
        let app = with(failing.timeout(std::time::Duration::from_millis(10))).await;
        let refused = app.login("ada", PASSWORD).await;
        refused.assert_error(503, "unavailable");
        assert!(!refused.text.contains("billing"), "HD-4");
        assert_eq!(app.audit(AuditKind::LoginSucceeded).await.len(), 0);
    }
}

#[tokio::test]
async fn a_hook_after_is_told_and_cannot_fail_the_sign_in() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&told);
    let app = with(Hooks::default().after_sign_in(move |sign_in| {
        let session = sign_in.session_id.to_string();
        let mut told = note.lock().unwrap_or_else(PoisonError::into_inner);
        told.push((sign_in.account.username.as_str().to_owned(), session));
        let count = told.len();
        drop(told);
        assert!(count < 3, "a fault before there is a future");
        async move { if count == 1 { Err("the queue is full".into()) } else { panic!("a fault") } }
    }))
    .await;
    for (name, count) in [("ada", 1), ("root", 2), ("ada", 3)] {
        let device = app.sign_in(name).await;
        let session = profile(&app, &device.access_token).await["sid"].as_str().unwrap().to_owned();
        let told = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert_eq!((told.len(), told.last().unwrap()), (count, &(name.to_owned(), session)));
    }
    app.login("ada", "wrong").await.assert_error(401, "invalid_credentials");
    assert_eq!(told.lock().unwrap_or_else(PoisonError::into_inner).len(), 3, "nothing has begun");
}

/// IN-4: an account that is made stays, whatever the hook does; one that is not made is not told of.
#[tokio::test]
async fn a_hook_after_an_account_was_made_is_told_and_undoes_nothing() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&told);
    let app = with(
        Hooks::default()
            .after_create(move |created| {
                let name = created.account.username.as_str().to_owned();
                let id = created.account.id.to_string();
                note.lock().unwrap_or_else(PoisonError::into_inner).push((
                    name.clone(),
                    id,
                    created.context.actor,
                ));
                async move {
                    match name.as_str() {
                        "eve" => Err("the mail server is down".into()),
                        "fay" => std::future::pending().await,
                        _ => panic!("a fault of the application's"),
                    }
                }
            })
            .timeout(std::time::Duration::from_millis(10)),
    )
    .await;
    let root = app.sign_in("root").await.access_token;
    let create = async |name: &str| {
        let body = json!({ "username": name, "password": PASSWORD });
        app.post("/api/admin/users").bearer(&root).json(&body).send().await
    };
    for name in ["eve", "fay", "gus"] {
        let made = create(name).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        let last = told.lock().unwrap_or_else(PoisonError::into_inner).last().unwrap().clone();
        let id = made.json()["user"]["userId"].as_str().unwrap().to_owned();
        assert!((&last.0, &last.1) == (&name.to_owned(), &id), "{last:?}");
        assert!(matches!(last.2, Actor::Account(_)), "{last:?}");
        app.sign_in(name).await;
    }
    let count = told.lock().unwrap_or_else(PoisonError::into_inner).len();
    create("EVE").await.assert_error(409, "username_taken");
    assert_eq!(told.lock().unwrap_or_else(PoisonError::into_inner).len(), count);
}

/// IN-4: also of an account that somebody has made by a mail.
#[tokio::test]
async fn a_hook_after_is_told_of_a_registration() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&told);
    let options = move |options: &mut Options| {
        options.email.enabled = true;
        options.registration.mode = RegistrationMode::Open;
        options.hooks = Hooks::default().after_create(move |created| {
            let name = created.account.username.as_str().to_owned();
            note.lock().unwrap_or_else(PoisonError::into_inner).push((name, created.context.actor));
            std::future::ready(Ok(()))
        });
    };
    let app = TestApp::with(options, |_| {}).await;
    told.lock().unwrap().clear();
    ask(&app, "register", "carol@example.org").await;
    let link = last_mail(&app).await.link.unwrap();
    let body = |name: &str| json!({ "token": link, "username": name, "newPassword": PASSWORD });
    confirm(&app, &body("ada"), None).await.assert_error(409, "username_taken");
    assert!(told.lock().unwrap().is_empty(), "nothing was made");
    assert_eq!(confirm(&app, &body("carol"), None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(*told.lock().unwrap(), [("carol".to_owned(), Actor::Anonymous)]);
}

/// The claims are of this moment, for each token anew, and stand before the account's own.
#[tokio::test]
async fn claims_are_computed_for_every_token() {
    let seats = Arc::new(AtomicUsize::new(1));
    let now = Arc::clone(&seats);
    let app = with(Hooks::default().claims(move |request| {
        let seats = now.load(Relaxed);
        async move {
            assert_eq!(request.audience, "api");
            claims(&json!({ "seats": seats, "of": request.account.username.as_str(), "team": "computed" }))
        }
    }))
    .await;
    let own = CustomClaims::new(json!({ "team": "own", "floor": 3 }).as_object().unwrap().clone()).unwrap();
    let ada = app.sign_in("ada").await;
    let change = AccountChange { claims: Some(own), ..AccountChange::default() };
    app.countersign.change_account(ada.user_id.parse().unwrap(), change, &app.operator()).await.unwrap();
    seats.store(7, Relaxed);
    app.wait(30);
    let renewed = app.refresh(&ada.cookie).await;
    let user = profile(&app, renewed.json()["accessToken"].as_str().unwrap()).await;
    let shown = [&user["seats"], &user["of"], &user["team"], &user["floor"]];
    assert_eq!(shown, [&json!(7), &json!("ada"), &json!("computed"), &json!(3)], "{user}");
}

/// IN-3: no token without its claims, and no session lost for it: RF-2 would end one whose token was rotated in vain.
#[tokio::test]
async fn claims_that_cannot_be_computed_stop_the_token_and_not_the_session() {
    let state = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&state);
    let app = with(Hooks::default().claims(move |_| {
        let state = now.load(Relaxed);
        async move {
            match state {
                0 => claims(&json!({})),
                1 => Err("the database is down".into()),
                2 => claims(&json!({ "role": "admin" })),
                _ => claims(&json!({ "much": "x".repeat(1_500) })),
            }
        }
    }))
    .await;
    let ada = app.sign_in("ada").await;
    let own = CustomClaims::new(json!({ "own": "y".repeat(1_000) }).as_object().unwrap().clone()).unwrap();
    let change = AccountChange { claims: Some(own), ..AccountChange::default() };
    app.countersign.change_account(ada.user_id.parse().unwrap(), change, &app.operator()).await.unwrap();
    for failing in 1..=3 {
        state.store(failing, Relaxed);
        app.login("ada", PASSWORD).await.assert_error(503, "unavailable");
        app.wait(60); // longer than the minimum age and the grace
        let refused = app.refresh(&ada.cookie).await;
        refused.assert_error(503, "unavailable");
        assert!(refused.cookie().is_none(), "the client keeps its cookie");
    }
    assert_eq!(app.audit(AuditKind::LoginSucceeded).await.len(), 1);
    state.store(0, Relaxed);
    let renewed = app.refresh(&ada.cookie).await;
    assert_eq!(renewed.status, StatusCode::OK, "{}", renewed.text);
    assert_eq!(app.refresh(&Device::from(&renewed).cookie).await.status, StatusCode::OK);
}
