//! The language of an account: who changes it, which mails are in it, and that nobody learns of it (EN-4, EM-11).

use axum::http::{Method, StatusCode, header};
use countersign::Options;
use countersign::guard::jwt::dangerous::decode_unverified;
use countersign::internal::model::account::{AccountChange, Locale, LocaleChange};
use countersign::internal::model::outbox::MailTemplate;
use countersign::options::{Audience, RegistrationMode};
use serde_json::{Value, json};

use crate::app::{Device, PASSWORD, Reply, TestApp};
use crate::mail::{ADDRESS, NEW_PASSWORD, last_mail, owner, verified};

const WEEK: u64 = 7 * 24 * 3_600;

async fn app() -> TestApp {
    let options = |options: &mut Options| {
        options.email.enabled = true;
        options.registration.mode = RegistrationMode::Open;
        let mut reports = Audience::new("reports");
        reports.claims.insert("locale".to_owned(), "$locale".into());
        options.audiences.others.push(reports);
    };
    TestApp::with(options, |_| {}).await
}

async fn say(app: &TestApp, device: &Device, body: &Value) -> Reply {
    app.call(Method::PATCH, "/api/user").bearer(&device.access_token).json(body).send().await
}

/// As `locale` in JSON.
async fn choose(app: &TestApp, device: &Device, locale: Value) {
    let reply = say(app, device, &json!({ "locale": locale })).await;
    assert_eq!((reply.status, &reply.json()["user"]["locale"]), (StatusCode::OK, &locale), "{}", reply.text);
}

async fn ask(app: &TestApp, (purpose, address): (&str, &str), languages: &str) -> Reply {
    let body = json!({ "purpose": purpose, "address": address });
    app.post("/api/email/start").header("accept-language", languages).json(&body).send().await
}

/// The languages of all mails of this kind, in their order.
async fn languages(app: &TestApp, template: MailTemplate) -> Vec<Option<String>> {
    let waiting = app.countersign.waiting_mails().await.unwrap();
    waiting.into_iter().filter(|(mail, _)| mail.template == template).map(|(mail, _)| mail.locale).collect()
}

async fn change_password(app: &TestApp, device: &Device, [from, to]: [&str; 2]) {
    let body = json!({ "currentPassword": from, "newPassword": to });
    let call = app.call(Method::PUT, "/api/password").bearer(&device.access_token);
    let reply = call.header("accept-language", "fr, en").json(&body).send().await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.text);
}

#[tokio::test]
async fn its_owner_chooses_one_of_those_that_are_offered() {
    let app = app().await;
    let ada = app.sign_in("ada").await;
    let user = async || app.get("/api/user").bearer(&ada.access_token).send().await.json()["user"].clone();
    assert_eq!(user().await["locale"], Value::Null, "a sign-in does not guess");
    for (said, stored) in [("de", "de"), ("EN", "en")] {
        let reply = say(&app, &ada, &json!({ "locale": said })).await;
        assert_eq!((reply.status, &reply.json()["user"]["locale"]), (StatusCode::OK, &json!(stored)));
        assert_eq!(
            say(&app, &ada, &json!({})).await.json()["user"]["locale"],
            stored,
            "what is absent stays"
        );
    }
    for refused in [json!("fr"), json!("de-AT"), json!(""), json!("<script>")] {
        say(&app, &ada, &json!({ "locale": refused })).await.assert_error(422, "invalid_value");
    }
    for wrong in [json!({ "locale": 7 }), json!({ "role": "admin" }), json!({ "disabled": false })] {
        say(&app, &ada, &wrong).await.assert_error(400, "invalid_request");
    }
    assert_eq!((&user().await["locale"], &user().await["role"]), (&json!("en"), &json!("user")));
    let export = app.get("/api/account/export").bearer(&ada.access_token).send().await;
    assert_eq!(export.json()["user"]["locale"], "en");
    choose(&app, &ada, Value::Null).await;
    app.call(Method::PATCH, "/api/user")
        .json(&json!({ "locale": "de" }))
        .send()
        .await
        .assert_error(401, "token_required");
}

/// `OpenID` Connect Core 1.0 §5.1: where the audience says so, and only if there is one.
#[tokio::test]
async fn a_service_is_told_by_a_claim_where_its_audience_says_so() {
    let app = app().await;
    let ada = app.sign_in("ada").await;
    let claims = async |audience: Option<&str>| {
        let body = json!({ "username": "ada", "password": PASSWORD, "audience": audience });
        let reply = app.post("/api/login").json(&body).send().await.json();
        decode_unverified(reply["accessToken"].as_str().unwrap()).unwrap().payload
    };
    assert_eq!(claims(Some("reports")).await.get("locale"), None);
    choose(&app, &ada, json!("de")).await;
    assert_eq!(claims(Some("reports")).await["locale"], "de");
    assert_eq!(claims(None).await.get("locale"), None);
}

/// A mail that somebody asks for is in the account's language, whatever the stranger's browser says; without one, as that says.
#[tokio::test]
async fn a_mail_is_in_the_language_of_the_account() {
    let app = app().await;
    let ada = verified(&app, "ada", ADDRESS).await;
    let mut expected = Vec::new();
    let asked = [
        (Value::Null, "fr, de;q=0.5", Some("de")),
        (Value::Null, "fr", None),
        (json!("de"), "en", Some("de")),
        (json!("en"), "de", Some("en")),
    ];
    for (own, browser, language) in asked {
        choose(&app, &ada, own).await;
        app.wait(120);
        assert_eq!(ask(&app, ("reset", ADDRESS), browser).await.status, StatusCode::ACCEPTED);
        expected.push(language.map(str::to_owned));
        assert_eq!(languages(&app, MailTemplate::Reset).await, expected);
    }
    app.wait(3_600);
    let (root, ada) = (app.sign_in("root").await, app.sign_in("ada").await);
    let path = format!("/api/admin/users/{}/reset-mail", ada.user_id);
    let sent = app.post(&path).bearer(&root.access_token).header("accept-language", "de").send().await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.text);
    assert_eq!(languages(&app, MailTemplate::Reset).await.pop().unwrap().as_deref(), Some("en"));
    choose(&app, &ada, Value::Null).await;
    app.wait(120);
    assert_eq!(
        app.post(&path).bearer(&root.access_token).header("accept-language", "de").send().await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(
        languages(&app, MailTemplate::Reset).await.pop().unwrap(),
        None,
        "the browser is another person's"
    );
}

/// EN-4: for an address that nobody has, one of an account without a language, and one with: the same bytes.
#[tokio::test]
async fn asking_tells_nothing_about_a_language() {
    let app = app().await;
    verified(&app, "ada", ADDRESS).await;
    let root = verified(&app, "root", "root@example.org").await;
    choose(&app, &root, json!("de")).await;
    for purpose in ["reset", "verify", "register"] {
        let mut answers = Vec::new();
        for address in ["nobody@example.org", ADDRESS, "root@example.org"] {
            let (status, mut headers, text) = ask(&app, (purpose, address), "en").await.but_its_name();
            let cookie = headers.remove(header::SET_COOKIE).unwrap();
            answers.push((status, headers, text, cookie.len()));
        }
        assert_eq!(answers[0].0, StatusCode::ACCEPTED);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
    let told = languages(&app, MailTemplate::AlreadyRegistered).await;
    assert_eq!(told, [Some("en".to_owned()), Some("de".to_owned())]);
}

/// EM-11: a thief chooses another language before the addresses are changed; the owner reads of it, for as long as they can act.
#[tokio::test]
async fn a_thief_does_not_choose_the_language_of_notices() {
    let app = app().await;
    let ada = verified(&app, "ada", ADDRESS).await;
    let changed = async || languages(&app, MailTemplate::PasswordChanged).await;
    change_password(&app, &ada, [PASSWORD, NEW_PASSWORD]).await;
    assert_eq!(changed().await, [None], "not as the browser says that did it");
    choose(&app, &ada, json!("de")).await;
    app.wait(WEEK - 1);
    let ada = Device::from(&app.login("ada", NEW_PASSWORD).await);
    change_password(&app, &ada, [NEW_PASSWORD, PASSWORD]).await;
    assert_eq!(changed().await.last().unwrap(), &None);
    app.wait(1);
    change_password(&app, &ada, [PASSWORD, NEW_PASSWORD]).await;
    let german = Some("de".to_owned());
    assert_eq!(changed().await.last().unwrap(), &german);
    choose(&app, &ada, json!("en")).await;
    choose(&app, &ada, Value::Null).await;
    choose(&app, &ada, json!("en")).await;
    change_password(&app, &ada, [NEW_PASSWORD, PASSWORD]).await;
    assert_eq!(changed().await.last().unwrap(), &german);

    let thief = "eve@example.org";
    let added = crate::mail::add(&app, &ada, thief).await.json();
    let link = last_mail(&app).await.link.unwrap();
    crate::mail::confirm(&app, &json!({ "token": link }), None).await;
    let path = format!("/api/account/emails/{}/primary", added["id"].as_str().unwrap());
    let made =
        app.post(&path).bearer(&ada.access_token).header("accept-language", "en").json(&owner()).send().await;
    assert_eq!(made.status, StatusCode::NO_CONTENT, "{}", made.text);
    assert_eq!(languages(&app, MailTemplate::AddressUndo).await, [german]);
}

/// The language of the page on which somebody has chosen their name, if it is offered.
#[tokio::test]
async fn who_registers_has_the_language_of_their_browser() {
    let app = app().await;
    for (name, browser, locale) in [
        ("carol", Some("fr, de-AT;q=0.7"), json!("de")),
        ("dave", Some("fr"), Value::Null),
        ("erin", None, Value::Null),
    ] {
        let address = format!("{name}@example.org");
        assert_eq!(ask(&app, ("register", &address), "en").await.status, StatusCode::ACCEPTED);
        let link = last_mail(&app).await.link.unwrap();
        let body = json!({ "token": link, "username": name, "newPassword": PASSWORD });
        let call = app.post("/api/email/confirm").json(&body);
        let call = match browser {
            Some(browser) => call.header("accept-language", browser),
            None => call,
        };
        assert_eq!(call.send().await.status, StatusCode::NO_CONTENT);
        let device = Device::from(&app.login(name, PASSWORD).await);
        let user = app.get("/api/user").bearer(&device.access_token).send().await.json();
        assert_eq!(user["user"]["locale"], locale, "{name}");
    }
}

#[tokio::test]
async fn an_administrator_makes_and_changes_accounts_with_a_language() {
    let app = app().await;
    let root = app.sign_in("root").await;
    let new = json!({ "username": "dora", "password": PASSWORD, "locale": "de" });
    let made = app.post("/api/admin/users").bearer(&root.access_token).json(&new).send().await;
    assert_eq!((made.status, &made.json()["user"]["locale"]), (StatusCode::CREATED, &json!("de")));
    let path = format!("/api/admin/users/{}", made.json()["user"]["userId"].as_str().unwrap());
    let change = |body: Value| app.call(Method::PATCH, &path).bearer(&root.access_token).json(&body).send();
    assert_eq!(change(json!({ "role": "editor" })).await.json()["user"]["locale"], "de");
    assert_eq!(change(json!({ "locale": null })).await.json()["user"]["locale"], Value::Null);
    change(json!({ "locale": "tlh" })).await.assert_error(422, "invalid_value");
    let new = json!({ "username": "finn", "password": PASSWORD, "locale": "tlh" });
    let refused = app.post("/api/admin/users").bearer(&root.access_token).json(&new).send().await;
    refused.assert_error(422, "invalid_value");
}

/// An account that came from somewhere else keeps a language that is not offered here; its mails go by the browser.
#[tokio::test]
async fn a_language_that_is_not_offered_any_more_harms_nobody() {
    let app = app().await;
    let ada = verified(&app, "ada", ADDRESS).await;
    let change =
        AccountChange { locale: LocaleChange::To(Locale::parse("nl").unwrap()), ..AccountChange::default() };
    app.countersign.change_account(ada.user_id.parse().unwrap(), change, &app.operator()).await.unwrap();
    app.wait(600);
    ask(&app, ("reset", ADDRESS), "de").await;
    assert_eq!(languages(&app, MailTemplate::Reset).await, [Some("de".to_owned())]);
}
