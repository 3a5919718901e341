//! A server that starts again with less than it did before: what was sent until then is good for nothing any more.

use std::path::Path;

use axum::http::StatusCode;
use countersign::Options;
use countersign::http::HttpOptions;
use countersign::internal::base::clock::Clock;
use countersign::internal::model::outbox::MailTemplate;
use countersign::options::RegistrationMode;
use countersign::store::AnyStore;
use countersign::store::sqlite::{OpenMode, SqliteStore};
use serde_json::json;

use crate::app::{ISSUER, PASSWORD, START, TestApp};
use crate::mail::{ADDRESS, ask, confirm, last_mail, verified};

async fn open(folder: &Path, clock: &Clock, change: impl FnOnce(&mut Options)) -> TestApp {
    let mut options = Options::new(ISSUER, "api");
    (options.email.enabled, options.email.sign_in) = (true, true);
    options.registration.mode = RegistrationMode::Open;
    change(&mut options);
    let store = SqliteStore::open(folder.join("db"), OpenMode::Server, options.sessions).unwrap();
    let app = TestApp::open(AnyStore::Sqlite(store), (options, HttpOptions::default()), clock.clone(), 1);
    app.await
}

/// Who may make an account is asked again when a link is used, and when its page is shown.
#[tokio::test]
async fn a_link_makes_no_account_after_registration_was_turned_off() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::manual(START));
    let app = open(folder.path(), &clock, |_| {}).await;
    ask(&app, "register", ADDRESS).await;
    let mail = last_mail(&app).await;
    assert_eq!(mail.template, MailTemplate::Register);
    let link = mail.link.unwrap();
    drop(app);
    for mode in [RegistrationMode::Invite, RegistrationMode::Off] {
        let app = open(folder.path(), &clock, |options| options.registration.mode = mode).await;
        assert_eq!(app.get(&format!("/m/{link}")).send().await.status, StatusCode::BAD_REQUEST);
        let body = json!({ "token": link, "username": "carol", "newPassword": PASSWORD });
        confirm(&app, &body, None).await.assert_error(400, "ticket_invalid");
        app.login("carol", PASSWORD).await.assert_error(401, "invalid_credentials");
    }
    let app = open(folder.path(), &clock, |_| {}).await;
    let body = json!({ "token": link, "username": "carol", "newPassword": PASSWORD });
    assert_eq!(confirm(&app, &body, None).await.status, StatusCode::NO_CONTENT, "it was not used up");
}

/// By the code, by the link, and by the digits.
#[tokio::test]
async fn a_mail_signs_nobody_in_after_that_was_turned_off() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::manual(START));
    let app = open(folder.path(), &clock, |_| {}).await;
    app.register("ada", countersign::Role::default()).await;
    verified(&app, "ada", ADDRESS).await;
    let asked = ask(&app, "sign_in", ADDRESS).await;
    let (flow, digits) = (asked.cookie().unwrap(), asked.json()["digits"].as_str().unwrap().to_owned());
    let mail = last_mail(&app).await;
    let path = format!("/m/{}", mail.link.unwrap());
    drop(app);
    let off = open(folder.path(), &clock, |options| options.email.sign_in = false).await;
    let cookie = format!("__Host-flow={flow}");
    confirm(&off, &json!({ "code": mail.code }), Some(&flow)).await.assert_error(404, "not_found");
    for own in [true, false] {
        let call = || if own { off.get(&path).header("cookie", &cookie) } else { off.get(&path) };
        assert_eq!(call().send().await.status, StatusCode::NOT_FOUND);
        let call = off.post(&path).header("content-type", "application/x-www-form-urlencoded");
        let call = if own { call.header("cookie", &cookie) } else { call };
        assert_eq!(call.body(format!("digits={digits}")).send().await.status, StatusCode::NOT_FOUND);
    }
    let token = path.strip_prefix("/m/").unwrap();
    let approved = off.countersign.approve_sign_in(token, &digits, &off.operator()).await;
    assert!(approved.is_err(), "{approved:?}");
}
