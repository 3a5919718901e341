//! What stands in for the current password: a passkey of the last five minutes, in the same session (SE-9, MF-5).

use axum::http::{Method, StatusCode};
use countersign::{AuthMethods, OutsideProof, Registration, Username};
use serde_json::{Value, json};

use crate::app::{PASSWORD, Reply, TestApp};
use crate::mail::{self, ADDRESS, NEW_PASSWORD, verified};
use crate::passkeys::{Enrolled, Passkey, UP, sign_in};
use crate::second_factor::{asked, claims};

/// Whatever takes the current password: method, path, and what else is in the body.
async fn changes(app: &TestApp, token: &str) -> Vec<(Method, String, Value)> {
    let listed = app.get("/api/account/emails").bearer(token).send().await.json();
    let ids: Vec<_> = listed["emails"].as_array().unwrap().iter().map(|email| email["id"].clone()).collect();
    let [first, second, ..] = ids.as_slice() else { panic!("{listed}") };
    let path = |id: &Value| format!("/api/account/emails/{}", id.as_str().unwrap());
    vec![
        (Method::POST, "/api/account/emails".to_owned(), json!({ "address": "three@example.org" })),
        (Method::POST, format!("{}/primary", path(second)), json!({})),
        (Method::DELETE, path(first), json!({})),
        (Method::PUT, "/api/password".to_owned(), json!({ "newPassword": NEW_PASSWORD })),
        (Method::DELETE, "/api/account".to_owned(), json!({})),
    ]
}

async fn call(app: &TestApp, token: &str, (method, path, body): &(Method, String, Value)) -> Reply {
    app.call(method.clone(), path).bearer(token).json(body).send().await
}

/// Ada, with two addresses and a passkey.
async fn enrolled() -> Enrolled {
    let app = mail::app().await;
    verified(&app, "ada", ADDRESS).await;
    verified(&app, "ada", "two@example.org").await;
    Enrolled::named("ada", app, Passkey::new(7)).await
}

fn token(reply: &Reply) -> String {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    reply.json()["accessToken"].as_str().unwrap().to_owned()
}

/// Shows it in this session.
async fn show(app: &TestApp, token: &str, passkey: &Passkey, password: Option<&str>) -> Reply {
    let path = "/api/account/reauthenticate";
    let options = app.post(&format!("{path}/options")).bearer(token).send().await.json();
    let mut body = json!({ "passkey": passkey.answer(&options) });
    if let Some(password) = password {
        body["currentPassword"] = password.into();
    }
    app.post(path).bearer(token).json(&body).send().await
}

#[tokio::test]
async fn a_passkey_of_the_last_minutes_stands_in_for_the_password() {
    let ada = enrolled().await;
    let app = &ada.app;
    let token = token(&ada.sign_in().await);
    let all = changes(app, &token).await;
    app.wait(301);
    for change in &all {
        call(app, &token, change).await.assert_error(422, "invalid_value");
    }
    assert_eq!(show(app, &token, &ada.passkey, None).await.status, StatusCode::NO_CONTENT);
    app.wait(299);
    for change in &all {
        let reply = call(app, &token, change).await;
        assert!(reply.status.is_success(), "{change:?}: {}", reply.text);
    }
    asked(&app.login("ada", NEW_PASSWORD).await);
}

/// Nothing else does: what a thief with the password has, a key that nobody verified, one that is for the second step alone, or a
/// passkey in another session.
#[tokio::test]
async fn nothing_but_a_verified_passkey_stands_in_for_the_password() {
    let ada = enrolled().await;
    let app = &ada.app;
    let mine = &ada.device.access_token;
    let all = changes(app, mine).await;
    let refused = async |token: &str| {
        for change in &all {
            call(app, token, change).await.assert_error(422, "invalid_value");
        }
    };
    // The session in which the passkey was made, with the password.
    refused(mine).await;
    token(&ada.sign_in().await);
    refused(mine).await;
    let mut unverified = ada.passkey;
    unverified.flags = UP;
    assert_eq!(show(app, mine, &unverified, Some(PASSWORD)).await.status, StatusCode::NO_CONTENT);
    refused(mine).await;
    let code = json!({ "recoveryCode": ada.recovery_codes[0], "currentPassword": PASSWORD });
    let shown = app.post("/api/account/reauthenticate").bearer(mine).json(&code).send().await;
    assert_eq!(shown.status, StatusCode::NO_CONTENT, "{}", shown.text);
    refused(mine).await;
}

/// CC-3: what was shown is worth nothing once another password is set.
#[tokio::test]
async fn a_new_password_overtakes_what_was_shown() {
    let ada = enrolled().await;
    let app = &ada.app;
    let (other, mine) = (token(&ada.sign_in().await), token(&ada.sign_in().await));
    let (id, context) = (ada.device.user_id.parse().unwrap(), app.operator());
    let session = claims(&mine)["sid"].as_str().unwrap().parse().unwrap();
    let checked =
        app.countersign.check_password_change((id, session), None, "another one that is long", &context);
    let checked = checked.await.unwrap();
    let deletion = app.countersign.check_own_deletion((id, session), None, &context).await.unwrap();
    let all = changes(app, &other).await;
    assert_eq!(call(app, &other, &all[3]).await.status, StatusCode::NO_CONTENT);
    let stored = app.countersign.store_password(checked, &context).await;
    assert!(matches!(stored, Err(countersign::PasswordChangeError::Overtaken)), "{stored:?}");
    let deleted = app.countersign.delete_own_account(deletion, &context).await;
    assert!(matches!(deleted, Err(countersign::DeleteOwnAccountError::Overtaken)), "{deleted:?}");
}

/// The new password is checked as any other.
#[tokio::test]
async fn a_password_that_is_set_after_a_passkey_is_good_enough() {
    let ada = Enrolled::new().await;
    let token = token(&sign_in(&ada.app, &ada.passkey).await);
    let weak = (Method::PUT, "/api/password".to_owned(), json!({ "newPassword": "short" }));
    call(&ada.app, &token, &weak).await.assert_error(422, "password_too_short");
}

/// A recent sign-in is enough for the rest of what they may change; a password that its owner has never chosen would be another way in.
#[tokio::test]
async fn an_account_without_a_password_gets_none_by_an_open_session() {
    let app = TestApp::new().await;
    let registration = Registration::new(Username::parse("vouched").unwrap());
    let account = app.countersign.create_service_account(registration, &app.operator()).await.unwrap();
    let proof = OutsideProof::new("own", AuthMethods::NONE);
    let vouched = app.countersign.vouch_for(account.id, proof, &app.operator()).await.unwrap();
    let signed_in = app.countersign.start_session(vouched, None, &app.operator()).await.unwrap();
    let change = (Method::PUT, "/api/password".to_owned(), json!({ "newPassword": NEW_PASSWORD }));
    call(&app, &signed_in.access.token, &change).await.assert_error(403, "wrong_password");
}
