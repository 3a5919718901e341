//! Another address for an account, what is said about it, and the way back (EM-4).

use axum::http::{Method, StatusCode, header};
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::outbox::MailTemplate;
use countersign::options::{Notice, Notices};
use countersign::{EmailAction, EmailAddress, EmailError, Random, SessionId};
use serde_json::{Value, json};

use crate::app::{Device, PASSWORD, Reply, TestApp};
use crate::mail::{ADDRESS, NEW_PASSWORD, add, app, ask, confirm, last_mail, mails, owner, reset, verified};

const EVIL: &str = "evil@example.net";

async fn id_of(app: &TestApp, device: &Device, address: &str) -> String {
    let listed = app.get("/api/account/emails").bearer(&device.access_token).send().await.json();
    let all = listed["emails"].as_array().unwrap();
    let found = all.iter().find(|email| email["address"] == address).unwrap_or_else(|| panic!("{listed}"));
    found["id"].as_str().unwrap().to_owned()
}

async fn make_primary(app: &TestApp, device: &Device, address: &str, body: &Value) -> Reply {
    let path = format!("/api/account/emails/{}/primary", id_of(app, device, address).await);
    app.post(&path).bearer(&device.access_token).json(body).send().await
}

async fn remove(app: &TestApp, device: &Device, address: &str, body: &Value) -> Reply {
    let path = format!("/api/account/emails/{}", id_of(app, device, address).await);
    app.call(Method::DELETE, &path).bearer(&device.access_token).json(body).send().await
}

/// Somebody who knows ada's password puts their address in the place of hers: gives their device, and the link that she got.
pub(crate) async fn taken_over(app: &TestApp) -> (Device, String) {
    verified(app, "ada", ADDRESS).await;
    let thief = verified(app, "ada", EVIL).await;
    assert_eq!(make_primary(app, &thief, EVIL, &owner()).await.status, StatusCode::NO_CONTENT);
    let all = mails(app).await;
    let [.., undo, told] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((undo.to.as_str(), undo.template), (ADDRESS, MailTemplate::AddressUndo));
    assert_eq!((told.to.as_str(), told.template), (EVIL, MailTemplate::AddressChanged));
    assert_eq!((told.link.as_ref(), undo.code.as_deref().map(str::is_empty)), (None, Some(false)));
    let link = undo.link.clone().unwrap();
    assert_eq!(remove(app, &thief, ADDRESS, &owner()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(mails(app).await.len(), all.len(), "one link does for both steps");
    (thief, link)
}

/// SE-9: an open session is not enough to change where the mails of an account go.
#[tokio::test]
async fn every_change_of_an_address_takes_the_password() {
    let app = app().await;
    verified(&app, "ada", ADDRESS).await;
    let ada = verified(&app, "ada", "two@example.org").await;
    for (body, status, code) in [
        (json!({}), 422, "invalid_value"),
        (json!({ "currentPassword": "wrong" }), 403, "wrong_password"),
        (json!({ "password": PASSWORD }), 400, "invalid_request"),
    ] {
        make_primary(&app, &ada, "two@example.org", &body).await.assert_error(status, code);
        remove(&app, &ada, ADDRESS, &body).await.assert_error(status, code);
    }
    assert_eq!(app.audit(AuditKind::EmailRemoved).await.len(), 0);
    assert_eq!(remove(&app, &ada, ADDRESS, &owner()).await.status, StatusCode::NO_CONTENT);
}

/// EM-2, EM-4: the owner of the old address gets back in by the link and a reset, without a script; whoever took the account over is
/// out, and stays out.
#[tokio::test]
async fn a_stolen_account_comes_back_by_the_old_address() {
    let app = app().await;
    let (thief, link) = taken_over(&app).await;
    assert_eq!(ask(&app, "reset", ADDRESS).await.status, StatusCode::ACCEPTED);
    assert!(last_mail(&app).await.link.is_none(), "it is not an address of the account");

    let path = format!("/m/{link}");
    for _ in 0..2 {
        let page = app.get(&path).send().await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains(ADDRESS) && !page.text.contains("<script"), "{}", page.text);
    }
    assert_eq!(app.profile(&thief.access_token).await, 200, "opening it changed nothing");
    let done =
        app.post(&path).header("content-type", "application/x-www-form-urlencoded").body(String::new());
    let done = done.send().await;
    assert_eq!((done.status, done.header(header::SET_COOKIE)), (StatusCode::OK, None), "{}", done.text);
    app.get("/api/profile").bearer(&thief.access_token).send().await.assert_error(401, "token_revoked");
    app.refresh(&thief.cookie).await.assert_error(401, "session_revoked");
    app.login("ada", PASSWORD).await.assert_error(401, "invalid_credentials");
    assert_eq!(app.post(&path).send().await.status, StatusCode::BAD_REQUEST, "once");

    app.wait(60);
    assert_eq!(ask(&app, "reset", EVIL).await.status, StatusCode::ACCEPTED);
    assert!(last_mail(&app).await.link.is_none(), "the thief's address is gone");
    assert_eq!(ask(&app, "reset", ADDRESS).await.status, StatusCode::ACCEPTED);
    let mail = last_mail(&app).await;
    assert_eq!(reset(&app, &mail.link.unwrap()).await.status, StatusCode::NO_CONTENT);
    let signed_in = app.login(ADDRESS, NEW_PASSWORD).await;
    assert_eq!(signed_in.json()["user"]["username"], "ada");
    assert_eq!(app.audit(AuditKind::EmailRestored).await.len(), 1);
}

/// SE-9, CC-3: whatever the thief has under way when the owner gets the account back adds no address, and sends no mail.
#[tokio::test]
async fn a_request_that_is_under_way_adds_no_address_after_the_way_back() {
    let app = app().await;
    let (thief, link) = taken_over(&app).await;
    let (ada, context) = (thief.user_id.parse().unwrap(), app.operator());
    let checked = async || app.countersign.check_owner(ada, PASSWORD, &context).await.unwrap();
    let under_way = [checked().await, checked().await];
    let action = EmailAction::Remove(id_of(&app, &thief, EVIL).await.parse().unwrap());
    let session = SessionId::random(&Random::system());
    let change = app.countersign.check_email_change((ada, session), action, Some(PASSWORD), &context).await;
    assert_eq!(app.post(&format!("/m/{link}")).send().await.status, StatusCode::OK);
    let before = mails(&app).await.len();
    for (owner, address) in under_way.into_iter().zip(["evil2@example.net", ADDRESS]) {
        let new = (EmailAddress::parse(address).unwrap(), None);
        let added = app.countersign.add_own_email(owner, new, &context).await;
        assert!(matches!(added, Err(EmailError::Overtaken)), "{added:?}");
    }
    let changed = app.countersign.change_own_email(change.unwrap(), &context).await;
    assert!(matches!(changed, Err(EmailError::Overtaken)), "{changed:?}");
    let emails = app.countersign.emails(ada).await.unwrap();
    assert_eq!((emails.len(), mails(&app).await.len()), (1, before), "{emails:?}");
}

/// EM-1, EM-4: also not by a mail that they had asked for before.
#[tokio::test]
async fn a_sign_in_by_mail_that_a_thief_asked_for_ends_with_the_way_back() {
    let on = |options: &mut countersign::Options| {
        (options.email.enabled, options.email.sign_in) = (true, true);
    };
    let app = TestApp::with(on, |_| {}).await;
    let (_, link) = taken_over(&app).await;
    let asked = ask(&app, "sign_in", EVIL).await.cookie().unwrap();
    let mail = last_mail(&app).await;
    assert_eq!((mail.to.as_str(), mail.template), (EVIL, MailTemplate::SignIn));
    assert_eq!(app.post(&format!("/m/{link}")).send().await.status, StatusCode::OK);
    let typed = json!({ "code": mail.code });
    confirm(&app, &typed, Some(&asked)).await.assert_error(400, "ticket_invalid");
    let asked = ask(&app, "sign_in", ADDRESS).await.cookie().unwrap();
    let typed = json!({ "code": last_mail(&app).await.code });
    assert_eq!(confirm(&app, &typed, Some(&asked)).await.status, StatusCode::OK, "the owner is back");
}

/// EM-4: until the last of seven days; not where somebody else has the address by now, and the link is not used up by trying.
#[tokio::test]
async fn a_link_back_ends_after_seven_days_and_takes_no_address_from_another() {
    let app = app().await;
    let (_, link) = taken_over(&app).await;
    let path = format!("/m/{link}");
    verified(&app, "root", ADDRESS).await;
    let refused = app.post(&path).send().await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(
        refused.text.contains("did not work") || refused.text.contains("does not work"),
        "{}",
        refused.text
    );
    let root = app.sign_in("root").await;
    assert_eq!(remove(&app, &root, ADDRESS, &owner()).await.status, StatusCode::NO_CONTENT);
    app.wait(7 * 24 * 3600 - 600);
    assert_eq!(app.get(&path).send().await.status, StatusCode::OK);
    app.wait(600);
    assert_eq!(app.get(&path).send().await.status, StatusCode::BAD_REQUEST);
    assert_eq!(app.post(&path).send().await.status, StatusCode::BAD_REQUEST);
}

/// EM-1: it is for this alone.
#[tokio::test]
async fn a_link_back_sets_no_password_and_verifies_nothing() {
    let app = app().await;
    let (thief, link) = taken_over(&app).await;
    reset(&app, &link).await.assert_error(400, "ticket_invalid");
    confirm(&app, &json!({ "token": link }), None).await.assert_error(400, "ticket_invalid");
    add(&app, &thief, ADDRESS).await;
    assert_eq!(
        app.get(&format!("/m/{link}")).send().await.status,
        StatusCode::OK,
        "and adding it again voids nothing"
    );
}

/// An operator can leave each of the notices out.
#[tokio::test]
async fn an_operator_can_do_without_the_notices() {
    for (notice, template) in [
        (Notice::AddressChanged, MailTemplate::AddressChanged),
        (Notice::AddressUndo, MailTemplate::AddressUndo),
    ] {
        let quiet = |options: &mut countersign::Options| {
            options.email.enabled = true;
            options.email.notices = Notices::NONE.and(notice);
        };
        let app = TestApp::with(quiet, |_| {}).await;
        verified(&app, "ada", ADDRESS).await;
        let ada = verified(&app, "ada", "two@example.org").await;
        let before = mails(&app).await.len();
        let made = make_primary(&app, &ada, "two@example.org", &owner()).await;
        assert_eq!(made.status, StatusCode::NO_CONTENT);
        let sent = mails(&app).await.split_off(before);
        let [told] = sent.as_slice() else { panic!("{sent:?}") };
        assert_eq!(told.template, template);
    }
}
