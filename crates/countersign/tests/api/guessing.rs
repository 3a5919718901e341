//! Attacks on passwords, as a client sees them: how many guesses are looked at, and who is shut out.

use std::time::Duration;

use axum::http::header;
use countersign::internal::model::audit::AuditKind;
use countersign::internal::throttle::Rate;

use crate::app::{Call, PASSWORD, Reply, TestApp};

const WRONG: &str = "wrong horse battery staple";

fn login_call<'a>(app: &'a TestApp, name: &str, password: &str) -> Call<'a> {
    app.post("/api/login").json(&serde_json::json!({ "username": name, "password": password }))
}

/// The device cookie that a login sets.
fn device_cookie(reply: &Reply) -> String {
    let mut cookies = reply.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    let cookie = cookies.rfind(|cookie| cookie.starts_with("__Host-device=csd_")).unwrap();
    // CK-1, CK-6
    assert!(cookie.ends_with("; HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age=34560000"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

/// HD-5: every 429 has it.
fn retry_after(reply: &Reply) -> u64 {
    reply.header(header::RETRY_AFTER).unwrap().parse().unwrap()
}

/// TH-1: 150 guesses, each as soon as it is allowed: eighty are looked at, and the next is a day away. The rest of the
/// hundred is for known devices.
#[tokio::test]
async fn of_150_patient_guesses_80_are_looked_at() {
    let app = TestApp::new().await;
    let before = app.countersign.hasher().stats().computed;
    let mut longest = 0;
    for _ in 0..150 {
        let reply = app.login("ada", WRONG).await;
        if reply.status == 429 {
            reply.assert_error(429, "too_many_attempts");
            longest = retry_after(&reply);
            if longest > 900 {
                break;
            }
            app.wait(longest);
            app.login("ada", WRONG).await.assert_error(401, "invalid_credentials");
        }
    }
    assert_eq!((app.countersign.hasher().stats().computed - before, longest), (80, 86_400));
}

/// TH-2, TH-7: ten thousand guesses from elsewhere, with ever new forged addresses, and the owner signs in at the first
/// try on the device he has used before; TH-8: the right password from elsewhere is not even looked at.
#[tokio::test]
async fn ten_thousand_guesses_do_not_shut_out_a_known_device() {
    let app = TestApp::new().await;
    let device = device_cookie(&app.login("ada", PASSWORD).await);
    let before = app.countersign.hasher().stats().computed;
    for guess in 0..10_000_u32 {
        let [a, b, ..] = guess.to_le_bytes();
        let forged = format!("198.51.{a}.{b}");
        login_call(&app, "ada", WRONG).header("x-forwarded-for", &forged).send().await;
        app.clock.advance(Duration::from_millis(100));
    }
    let looked_at = app.countersign.hasher().stats().computed - before;
    assert!((5..=20).contains(&looked_at), "{looked_at} in 1,000 s");
    app.login("ada", PASSWORD).await.assert_error(429, "too_many_attempts");
    let owner = login_call(&app, "ADA", PASSWORD).header("cookie", &device).send().await;
    assert_eq!(owner.status, 200, "{}", owner.text);
    app.login("ada", PASSWORD).await.assert_error(429, "too_many_attempts");
}

/// TH-3: five hundred at once.
#[tokio::test]
async fn guesses_in_parallel_do_not_outrun_the_count() {
    let app = std::sync::Arc::new(TestApp::new().await);
    let before = app.countersign.hasher().stats().computed;
    let guesses: Vec<_> = (0..500)
        .map(|_| {
            let app = std::sync::Arc::clone(&app);
            tokio::spawn(async move { app.login("ada", WRONG).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for guess in guesses {
        statuses.push(guess.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 495);
    assert_eq!(app.countersign.hasher().stats().computed - before, 5);
}

/// Two hundred right sign-ins on one account at the same moment, from two hundred addresses: a robot's account, a test
/// suite. None is refused, because none has failed.
#[tokio::test]
async fn right_passwords_in_parallel_are_all_let_in() {
    let patient = |options: &mut countersign::Options| options.hashing.max_wait = Duration::from_mins(1);
    let behind_proxy = |http: &mut countersign::http::HttpOptions| {
        http.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    };
    let app = std::sync::Arc::new(TestApp::with(patient, behind_proxy).await);
    let sign_ins: Vec<_> = (0..200_u8)
        .map(|last| {
            let app = std::sync::Arc::clone(&app);
            tokio::spawn(async move {
                let address = format!("198.51.100.{last}");
                let call = login_call(&app, "ada", PASSWORD).header("x-forwarded-for", &address);
                call.send().await.status.as_u16()
            })
        })
        .collect();
    let mut refused: Vec<u16> = Vec::new();
    for sign_in in sign_ins {
        let status = sign_in.await.unwrap();
        refused.extend((status != 200).then_some(status));
    }
    assert!(refused.is_empty(), "{refused:?}");
}

/// EN-1, EN-3, TH-4, TH-8: thirty guesses at a name that exists (in two spellings) and at one that does not: the same
/// answers in the same order, byte for byte, and the right password changes nothing once it is throttled.
#[tokio::test]
async fn known_and_unknown_names_get_the_same_answers() {
    let app = TestApp::new().await;
    let mut answers = Vec::new();
    for names in [["ada", "ADA"], ["nobody", "NOBODY"]] {
        let mut sequence = Vec::new();
        for guess in 0..30 {
            let password = if guess < 10 { WRONG } else { PASSWORD };
            let reply = app.login(names[guess % 2], password).await;
            sequence.push(reply.but_its_name());
        }
        answers.push(sequence);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].iter().filter(|(status, ..)| *status == 429).count(), 25);
    app.countersign.record_throttled(app.clock.now()).await.unwrap();
    let refused = app.audit(AuditKind::LoginThrottled).await;
    assert_eq!((refused.len(), refused[0].event.detail.as_deref()), (1, Some("50 attempts")));
}

/// TH-1: the same count holds where a password is changed.
#[tokio::test]
async fn changing_the_password_is_a_pathway_like_any_other() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    let change = || {
        let body =
            serde_json::json!({ "currentPassword": WRONG, "newPassword": "another horse battery staple" });
        app.call(axum::http::Method::PUT, "/api/password").bearer(&device.access_token).json(&body).send()
    };
    for _ in 0..5 {
        change().await.assert_error(403, "wrong_password");
    }
    change().await.assert_error(429, "too_many_attempts");
    app.login("ada", PASSWORD).await.assert_error(429, "too_many_attempts");
}

/// TH-7, TH-9: one guess on each of many names from one address: its rate ends it, and strangers notice; known devices
/// do not.
#[tokio::test]
async fn spraying_from_one_address_is_ended_by_its_rate() {
    let rate = Rate { burst: 20, interval: Duration::from_secs(6) };
    let app = TestApp::with(|options| options.throttle.per_network = rate, |_| {}).await;
    let device = device_cookie(&app.login("ada", PASSWORD).await);
    let before = app.countersign.hasher().stats().computed;
    for name in 0..5_000 {
        app.login(&format!("name{name}"), WRONG).await;
    }
    assert_eq!(app.countersign.hasher().stats().computed - before, 20);
    app.login("root", PASSWORD).await.assert_error(429, "too_many_attempts");
    let owner = login_call(&app, "ada", PASSWORD).header("cookie", &device).send().await;
    assert_eq!(owner.status, 200);
}

/// TH-2 for native apps, which have no cookie jar: the body has it, both ways.
#[tokio::test]
async fn a_native_app_is_a_known_device_too() {
    let app = TestApp::new().await;
    let mut body =
        serde_json::json!({ "username": "ada", "password": PASSWORD, "refreshTokenDelivery": "body" });
    let first = app.post("/api/login").json(&body).send().await.json();
    for _ in 0..6 {
        app.login("ada", WRONG).await;
    }
    app.post("/api/login").json(&body).send().await.assert_error(429, "too_many_attempts");
    body["deviceToken"] = first["deviceToken"].clone();
    assert_eq!(app.post("/api/login").json(&body).send().await.status, 200);
}

/// CK-6: the device cookie is no credential, belongs to one account, and survives the logout.
#[tokio::test]
async fn a_device_cookie_opens_nothing() {
    let app = TestApp::new().await;
    let login = app.login("ada", PASSWORD).await;
    let device = device_cookie(&login);
    let token = device.split_once('=').unwrap().1;
    app.post("/api/refresh").header("cookie", &device).send().await.assert_error(401, "no_refresh_token");
    app.refresh(token).await.assert_error(401, "invalid_refresh_token");
    assert_eq!(app.profile(token).await, 401);
    let logout = app.post("/api/logout").cookie(&login.cookie().unwrap()).send().await;
    assert!(!logout.header(header::SET_COOKIE).unwrap().contains("device"));
    for _ in 0..5 {
        app.login("root", WRONG).await.assert_error(401, "invalid_credentials");
    }
    let other = login_call(&app, "root", PASSWORD).header("cookie", &device).send().await;
    other.assert_error(429, "too_many_attempts");
}

/// EN-2: for an unknown name, a wrong password and a disabled account one hash is computed, neither less nor more, and
/// for a throttled name, known or not, none.
#[tokio::test]
async fn every_answer_costs_one_hash_and_a_throttled_one_none() {
    let app = TestApp::new().await;
    let disabled = app.register("disabled", countersign::internal::model::account::Role::default()).await;
    let disable =
        countersign::internal::model::account::AccountChange { disabled: Some(true), ..Default::default() };
    app.countersign.change_account(disabled.id, disable, &app.operator()).await.unwrap();
    let computed = || app.countersign.hasher().stats().computed;
    for name in ["ada", "nobody", "disabled", "no name"] {
        for attempt in 0..8 {
            let before = computed();
            app.login(name, WRONG).await;
            assert_eq!(computed() - before, u64::from(attempt < 5), "{name}: attempt {attempt}");
        }
    }
}

/// TH-9, LG-4, LG-7: spraying is in the audit log, once.
#[tokio::test]
async fn spraying_is_written_down_once() {
    let rate = Rate { burst: 5, interval: Duration::from_mins(1) };
    let app = TestApp::with(|options| options.throttle.spray = rate, |_| {}).await;
    for name in 0..20 {
        app.login(&format!("name{name}"), WRONG).await;
        app.countersign.record_spraying(app.clock.now()).await.unwrap();
    }
    assert_eq!(app.audit(AuditKind::SpraySuspected).await.len(), 1);
}
