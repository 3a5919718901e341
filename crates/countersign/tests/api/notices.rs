//! Mails that nobody asks for: another password, a device that was not known.

use axum::http::{Method, StatusCode};
use countersign::internal::model::account::AccountChange;
use countersign::internal::model::outbox::MailTemplate;
use countersign::options::{Notice, Notices};
use serde_json::json;

use crate::app::{PASSWORD, Reply, TestApp};
use crate::mail::{ADDRESS, NEW_PASSWORD, app, ask, last_mail, mails, reset, verified};

async fn from(app: &TestApp, browser: &str, cookie: Option<&str>) -> Reply {
    let body = json!({ "username": "ada", "password": PASSWORD });
    let call = app.post("/api/login").header("user-agent", browser).json(&body);
    let call = match cookie {
        Some(cookie) => call.header("cookie", cookie),
        None => call,
    };
    let reply = call.send().await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    reply
}

async fn count(app: &TestApp, template: MailTemplate) -> usize {
    let all = mails(app).await;
    let such: Vec<_> = all.iter().filter(|mail| mail.template == template).collect();
    assert!(such.iter().all(|mail| mail.to == ADDRESS), "{such:?}");
    such.len()
}

/// PP-8: by its owner, at a sign-in that asks for another one, and by somebody who administers.
#[tokio::test]
async fn whoever_sets_a_password_its_owner_is_told() {
    let app = app().await;
    let changed = async || count(&app, MailTemplate::PasswordChanged).await;
    let ada = verified(&app, "ada", ADDRESS).await;
    let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW_PASSWORD });
    let put = |body| app.call(Method::PUT, "/api/password").bearer(&ada.access_token).json(body).send();
    let wrong = json!({ "currentPassword": "wrong", "newPassword": NEW_PASSWORD });
    put(&wrong).await.assert_error(403, "wrong_password");
    assert_eq!(changed().await, 0);
    assert_eq!(put(&body).await.status, StatusCode::NO_CONTENT);
    assert_eq!(changed().await, 1);

    let account = app.countersign.find_account(ada.user_id.parse().unwrap()).await.unwrap().unwrap();
    app.countersign.set_password(&account, PASSWORD, &app.operator()).await.unwrap();
    assert_eq!(changed().await, 2);
    let require = AccountChange { password_change_required: Some(true), ..AccountChange::default() };
    app.countersign.change_account(account.id, require, &app.operator()).await.unwrap();
    let body = json!({ "username": "ada", "password": PASSWORD, "newPassword": NEW_PASSWORD });
    assert_eq!(app.post("/api/login").json(&body).send().await.status, StatusCode::OK);
    assert_eq!(changed().await, 3);
    let root = app.countersign.find_account(app.sign_in("root").await.user_id.parse().unwrap()).await;
    app.countersign.set_password(&root.unwrap().unwrap(), NEW_PASSWORD, &app.operator()).await.unwrap();
    assert_eq!(changed().await, 3, "without an address nobody is told");
}

/// Not the device that somebody makes the account with, not one with a cookie or that was there before, and one an hour.
#[tokio::test]
async fn a_sign_in_on_a_new_device_is_told() {
    let app = app().await;
    let told = async || count(&app, MailTemplate::NewDevice).await;
    verified(&app, "ada", ADDRESS).await;
    app.sign_in("ada").await;
    assert_eq!(told().await, 0, "the first one, and one like it");
    app.wait(3_600);
    let first = from(&app, "Firefox", None).await;
    assert_eq!(told().await, 1);
    app.wait(3_600);
    from(&app, "Firefox", None).await;
    assert_eq!(told().await, 1, "it was there before");
    let cookies: Vec<_> = first.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap()).collect();
    let device = cookies.iter().find(|it| it.contains("csd_")).unwrap().split(';').next().unwrap();
    from(&app, "Firefox, next version", Some(device)).await;
    assert_eq!(told().await, 1, "it has our cookie");
    app.wait(3_600);
    for program in ["one", "two", "three"] {
        from(&app, program, None).await;
        app.wait(10);
    }
    assert_eq!(told().await, 2);
    app.wait(3_600);
    from(&app, "four", None).await;
    assert_eq!(told().await, 3);
}

#[tokio::test]
async fn an_operator_can_leave_them_out() {
    let quiet = |options: &mut countersign::Options| {
        options.email.enabled = true;
        options.email.notices = Notices::NONE.and(Notice::AddressUndo);
    };
    let app = TestApp::with(quiet, |_| {}).await;
    verified(&app, "ada", ADDRESS).await;
    app.wait(3_600);
    from(&app, "Firefox", None).await;
    let account = app.countersign.find_account(app.sign_in("ada").await.user_id.parse().unwrap()).await;
    app.countersign.set_password(&account.unwrap().unwrap(), NEW_PASSWORD, &app.operator()).await.unwrap();
    ask(&app, "reset", ADDRESS).await;
    assert_eq!(reset(&app, &last_mail(&app).await.link.unwrap()).await.status, StatusCode::NO_CONTENT);
    let sent: Vec<_> = mails(&app).await.into_iter().map(|mail| mail.template).collect();
    assert_eq!(sent, [MailTemplate::Verify, MailTemplate::Reset]);
}
