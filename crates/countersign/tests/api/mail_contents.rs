//! What is in a mail, and to whom it goes; what of a ticket is in the database.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{Method, StatusCode};
use countersign::FlowCookie;
use countersign::internal::model::outbox::{MailContents, MailTemplate};
use countersign::internal::model::ticket::Ticket;
use countersign::options::RegistrationMode;
use countersign::store::TicketStore as _;
use serde_json::{Value, json};

use crate::app::{Device, PASSWORD, TestApp};
use crate::mail::{ADDRESS, NEW_PASSWORD, add, app, ask, last_mail, owner, reset, verified};

const OTHER: &str = "other@example.org";
const BROWSER: &str = "Firefox on a train";

/// The last mail, as it waits.
async fn last(app: &TestApp) -> MailContents {
    app.countersign.waiting_mails().await.unwrap().pop().unwrap().0
}

async fn ticket_of(app: &TestApp, mail: &MailContents) -> Ticket {
    let id = mail.parameters.ticket.unwrap().id;
    app.countersign.store().find_ticket(id).await.unwrap().unwrap()
}

#[track_caller]
fn is_from_the_browser(mail: &MailContents, to: &str, template: MailTemplate) {
    assert_eq!((mail.to.as_str(), mail.template), (to, template));
    let said = &mail.parameters;
    assert_eq!((said.username.as_deref(), said.user_agent.as_deref()), (Some("ada"), Some(BROWSER)));
    assert_eq!(said.requester.map(|address| address.to_string()).as_deref(), Some("127.0.0.1"));
    assert!(said.at.is_some());
}

/// Ada has two addresses, and the one that she verified last is primary.
async fn with_two_addresses(app: &TestApp) -> Device {
    verified(app, "ada", ADDRESS).await;
    let ada = verified(app, "ada", OTHER).await;
    let listed = app.get("/api/account/emails").bearer(&ada.access_token).send().await.json();
    let all = listed["emails"].as_array().unwrap();
    let id = all.iter().find(|email| email["address"] == OTHER).unwrap()["id"].as_str().unwrap();
    let path = format!("/api/account/emails/{id}/primary");
    let made = app.post(&path).bearer(&ada.access_token).json(&owner()).send().await;
    assert_eq!(made.status, StatusCode::NO_CONTENT);
    ada
}

/// Its owner can tell whether it was they who asked, in the language that they read.
#[tokio::test]
async fn a_mail_says_from_where_it_was_asked_for() {
    let app = app().await;
    verified(&app, "ada", ADDRESS).await;
    let call = app.post("/api/email/start").header("user-agent", BROWSER).header("accept-language", "de");
    let asked = call.json(&json!({ "purpose": "reset", "address": ADDRESS })).send().await;
    assert_eq!(asked.status, StatusCode::ACCEPTED);
    let mail = last(&app).await;
    is_from_the_browser(&mail, ADDRESS, MailTemplate::Reset);
    assert_eq!(mail.locale.as_deref(), Some("de"));
    assert!(mail.parameters.ticket.unwrap().has_code);
}

/// No browser waits for a code, and nobody is told where administrators sit.
#[tokio::test]
async fn a_mail_that_an_administrator_sends_has_a_link_alone() {
    let options = |options: &mut countersign::Options| {
        options.email.enabled = true;
        options.registration.mode = RegistrationMode::Invite;
    };
    let app = TestApp::with(options, |_| {}).await;
    let ada = verified(&app, "ada", ADDRESS).await;
    let root = app.sign_in("root").await;
    for (path, body) in [
        ("/api/admin/invitations".to_owned(), Some(json!({ "address": "carol@example.org" }))),
        (format!("/api/admin/users/{}/reset-mail", ada.user_id), None),
    ] {
        let call = app.post(&path).bearer(&root.access_token).header("user-agent", BROWSER);
        let call = match &body {
            Some(body) => call.json(body),
            None => call,
        };
        let sent = call.send().await;
        assert!(sent.status.is_success(), "{}", sent.text);
        let mail = last(&app).await;
        let said = &mail.parameters;
        assert_eq!((said.requester, said.user_agent.as_ref()), (None, None), "{path}");
        assert!(!said.ticket.unwrap().has_code, "{path}");
        let kept = ticket_of(&app, &mail).await;
        assert_eq!((kept.code_hash, kept.browser_hash, kept.source), (None, None, None), "{path}");
    }
}

/// EM-11: notices go to the primary address, also if another one was asked at, and say what its owner has to know.
#[tokio::test]
async fn notices_go_to_the_primary_address_and_say_from_where() {
    let app = app().await;
    let ada = with_two_addresses(&app).await;
    let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW_PASSWORD });
    let call = app.call(Method::PUT, "/api/password").bearer(&ada.access_token);
    let changed = call.header("user-agent", BROWSER).json(&body).send().await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT);
    is_from_the_browser(&last(&app).await, OTHER, MailTemplate::PasswordChanged);

    ask(&app, "reset", ADDRESS).await;
    let mail = last_mail(&app).await;
    assert_eq!((mail.to.as_str(), mail.template), (ADDRESS, MailTemplate::Reset));
    let body = json!({ "token": mail.link, "newPassword": PASSWORD });
    let done = app.post("/api/email/confirm").header("user-agent", BROWSER).json(&body).send().await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    is_from_the_browser(&last(&app).await, OTHER, MailTemplate::PasswordResetDone);
}

/// EM-4: the former address hears which one is in its place.
#[tokio::test]
async fn the_former_address_hears_of_the_other_one() {
    let app = app().await;
    with_two_addresses(&app).await;
    let all = app.countersign.waiting_mails().await.unwrap();
    let (undo, _) = all.iter().find(|(mail, _)| mail.template == MailTemplate::AddressUndo).unwrap();
    assert_eq!((undo.to.as_str(), undo.parameters.other_address.as_deref()), (ADDRESS, Some(OTHER)));
}

/// An administrator sends the mail of a reset where the notices go, and not more often than the account may have mails.
#[tokio::test]
async fn an_administrator_sends_a_reset_to_the_primary_address() {
    let app = TestApp::with(|options| options.email.enabled = true, |_| {}).await;
    let ada = with_two_addresses(&app).await;
    let root = app.sign_in("root").await;
    let path = format!("/api/admin/users/{}/reset-mail", ada.user_id);
    let send = || app.post(&path).bearer(&root.access_token).send();
    assert_eq!(send().await.status, StatusCode::ACCEPTED);
    let mail = last_mail(&app).await;
    assert_eq!((mail.to.as_str(), mail.template), (OTHER, MailTemplate::Reset));
}

#[tokio::test]
async fn an_administrator_is_told_that_an_account_has_had_enough_mails() {
    let few = |options: &mut countersign::Options| {
        options.email.enabled = true;
        options.email.limits.per_account = 1;
    };
    let app = TestApp::with(few, |_| {}).await;
    let ada = verified(&app, "ada", ADDRESS).await;
    let root = app.sign_in("root").await;
    let path = format!("/api/admin/users/{}/reset-mail", ada.user_id);
    let sent = app.post(&path).bearer(&root.access_token).send().await;
    sent.assert_error(429, "too_many_mails");
    let off = TestApp::new().await;
    let root = off.sign_in("root").await;
    let path = format!("/api/admin/users/{}/reset-mail", off.sign_in("ada").await.user_id);
    off.post(&path).bearer(&root.access_token).send().await.assert_error(404, "not_found");
}

/// Whoever opens the mail elsewhere sees which browser wants to go on.
#[tokio::test]
async fn the_page_of_a_sign_in_says_which_browser_asked() {
    let on = |options: &mut countersign::Options| {
        (options.email.enabled, options.email.sign_in) = (true, true);
    };
    let app = TestApp::with(on, |_| {}).await;
    verified(&app, "ada", ADDRESS).await;
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let call = app.post("/api/email/start").header("user-agent", firefox);
    call.json(&json!({ "purpose": "sign_in", "address": ADDRESS })).send().await;
    let page = app.get(&format!("/m/{}", last_mail(&app).await.link.unwrap())).send().await;
    assert!(page.text.contains("Firefox") && page.text.contains("127.0.0.1"), "{}", page.text);
}

/// TH-3: whoever reads the database reads no code, though there are so few that each could be tried.
#[tokio::test]
async fn codes_differ_and_are_not_in_the_database() {
    let app = app().await;
    verified(&app, "ada", ADDRESS).await;
    let (mut codes, mut digits) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        let flow = ask(&app, "reset", ADDRESS).await.cookie().unwrap();
        digits.push(app.countersign.sign_in_digits(&FlowCookie::parse(&flow).unwrap()));
        let code = last_mail(&app).await.code.unwrap();
        let kept = ticket_of(&app, &last(&app).await).await.code_hash.unwrap();
        assert_ne!(kept.as_slice(), digest(&SHA256, code.as_bytes()).as_ref());
        assert!(!codes.contains(&code), "{codes:?}");
        codes.push(code);
        app.wait(60);
    }
    assert!(digits.iter().any(|its| *its != digits[0]), "{digits:?}");
}

/// Nothing is left to verify, so nothing is sent; whoever adds it again is not told.
#[tokio::test]
async fn an_address_that_is_verified_is_not_verified_again() {
    let app = app().await;
    let ada = verified(&app, "ada", ADDRESS).await;
    let again = add(&app, &ada, ADDRESS).await;
    assert_eq!((again.status, again.json()["verifiedAt"].is_string()), (StatusCode::ACCEPTED, true));
    let mail = last_mail(&app).await;
    assert_eq!((mail.template, mail.link), (MailTemplate::Verify, None));
    let listed: Value = app.get("/api/account/emails").bearer(&ada.access_token).send().await.json();
    assert_eq!(listed["emails"].as_array().unwrap().len(), 1);
}

/// TH-6: what a stranger has guessed keeps nobody out who has just set another password.
#[tokio::test]
async fn a_reset_forgives_what_was_guessed() {
    let app = app().await;
    verified(&app, "ada", ADDRESS).await;
    for _ in 0..6 {
        app.login("ada", "wrong").await;
    }
    app.login("ada", PASSWORD).await.assert_error(429, "too_many_attempts");
    ask(&app, "reset", ADDRESS).await;
    let link = last_mail(&app).await.link.unwrap();
    assert_eq!(reset(&app, &link).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.login("ada", NEW_PASSWORD).await.status, StatusCode::OK);
}
