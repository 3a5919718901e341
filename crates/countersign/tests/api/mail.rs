//! What is done by mail: verifying addresses, signing in by one, and setting another password.

use axum::http::{Method, StatusCode, header};
use countersign::internal::model::account::AccountChange;
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::outbox::MailTemplate;
use countersign::store::TicketStore as _;
use countersign::{AccountId, FlowCookie};
use serde_json::{Value, json};

use crate::app::{Device, PASSWORD, Reply, TestApp};

pub(crate) const ADDRESS: &str = "ada@example.org";
pub(crate) const NEW_PASSWORD: &str = "seven lamps above the harbour";

/// A mail as somebody reads it.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) template: MailTemplate,
    /// None where it would not be sent.
    pub(crate) link: Option<String>,
    pub(crate) code: Option<String>,
}

pub(crate) async fn app() -> TestApp {
    TestApp::with(|options| options.email.enabled = true, |_| {}).await
}

pub(crate) async fn mails(app: &TestApp) -> Vec<Mail> {
    let waiting = app.countersign.waiting_mails().await.unwrap();
    let read = waiting.into_iter().map(|(mail, secrets)| {
        let (link, code) = secrets.unzip();
        Mail { to: mail.to, template: mail.template, link, code }
    });
    read.collect()
}

pub(crate) async fn last_mail(app: &TestApp) -> Mail {
    mails(app).await.pop().unwrap()
}

pub(crate) async fn ask(app: &TestApp, purpose: &str, address: &str) -> Reply {
    app.post("/api/email/start").json(&json!({ "purpose": purpose, "address": address })).send().await
}

pub(crate) async fn confirm(app: &TestApp, body: &Value, flow: Option<&str>) -> Reply {
    let call = app.post("/api/email/confirm").json(body);
    match flow {
        Some(flow) => call.header("cookie", &format!("__Host-flow={flow}")).send().await,
        None => call.send().await,
    }
}

pub(crate) async fn reset(app: &TestApp, link: &str) -> Reply {
    confirm(app, &json!({ "token": link, "newPassword": NEW_PASSWORD }), None).await
}

pub(crate) async fn add(app: &TestApp, device: &Device, address: &str) -> Reply {
    let body = json!({ "address": address, "currentPassword": PASSWORD });
    app.post("/api/account/emails").bearer(&device.access_token).json(&body).send().await
}

/// What shows that the owner of an account is there.
pub(crate) fn owner() -> Value {
    json!({ "currentPassword": PASSWORD })
}

/// Adds an address to somebody's account, and verifies it by the link.
pub(crate) async fn verified(app: &TestApp, name: &str, address: &str) -> Device {
    let device = app.sign_in(name).await;
    assert_eq!(add(app, &device, address).await.status, StatusCode::ACCEPTED);
    let link = last_mail(app).await.link.unwrap();
    let reply = confirm(app, &json!({ "token": link }), None).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.text);
    app.wait(60);
    device
}

/// The link of a mail by which ada sets another password.
async fn reset_link(app: &TestApp) -> String {
    assert_eq!(ask(app, "reset", ADDRESS).await.status, StatusCode::ACCEPTED);
    let mail = last_mail(app).await;
    assert_eq!((mail.to.as_str(), mail.template), (ADDRESS, MailTemplate::Reset));
    mail.link.unwrap()
}

/// EM-4, EM-5: the password is asked for, the mail is believed, and nothing before.
#[tokio::test]
async fn an_address_is_added_with_the_password_and_verified_by_mail() {
    let app = app().await;
    let ada = app.sign_in("ada").await;
    let wrong = json!({ "address": ADDRESS, "currentPassword": "wrong" });
    let call = || app.post("/api/account/emails").bearer(&ada.access_token);
    call().json(&wrong).send().await.assert_error(403, "wrong_password");
    let bad = json!({ "address": "ada@example.org\r\nBcc: eve@example.org", "currentPassword": PASSWORD });
    call().json(&bad).send().await.assert_error(422, "invalid_value");
    assert!(mails(&app).await.is_empty());

    let reply = add(&app, &ada, "Ada@Example.org").await;
    assert_eq!((reply.status, &reply.json()["verifiedAt"]), (StatusCode::ACCEPTED, &Value::Null));
    let id = reply.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/account/emails/{id}");
    let act = |method: Method, path: &str| {
        let call = app.call(method.clone(), path).bearer(&ada.access_token);
        if method == Method::GET { call.send() } else { call.json(&owner()).send() }
    };
    act(Method::POST, &format!("{path}/primary")).await.assert_error(409, "email_not_verified");
    let mail = last_mail(&app).await;
    assert_eq!((mail.to.as_str(), mail.template), ("Ada@example.org", MailTemplate::Verify));
    // In the browser that asked, by the code; with a space, as it is written.
    let (flow, code) = (reply.cookie().unwrap(), mail.code.unwrap());
    let typed = json!({ "code": format!("{} {}", &code[..4], &code[4..]) });
    confirm(&app, &typed, None).await.assert_error(400, "ticket_invalid");
    assert_eq!(confirm(&app, &typed, Some(&flow)).await.status, StatusCode::NO_CONTENT);
    confirm(&app, &typed, Some(&flow)).await.assert_error(400, "ticket_invalid");
    let listed = act(Method::GET, "/api/account/emails").await.json();
    let [email] = listed["emails"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!((&email["id"], &email["primary"]), (&json!(id), &json!(true)));
    assert!(email["verifiedAt"].is_string());
    assert_eq!(act(Method::POST, &format!("{path}/primary")).await.status, StatusCode::NO_CONTENT);

    let root = app.sign_in("root").await;
    let of_root = app.call(Method::DELETE, &path).bearer(&root.access_token).json(&owner()).send().await;
    of_root.assert_error(404, "not_found");
    assert_eq!(act(Method::DELETE, &path).await.status, StatusCode::NO_CONTENT);
    act(Method::DELETE, &path).await.assert_error(404, "not_found");
}

/// EM-1, EM-3, PP-8: by the link of the mail; nobody is signed in, and every session and its tokens end.
#[tokio::test]
async fn a_forgotten_password_is_set_by_mail() {
    let app = app().await;
    let device = verified(&app, "ada", ADDRESS).await;
    let other = app.sign_in("ada").await;
    let link = reset_link(&app).await;
    let weak = confirm(&app, &json!({ "token": link, "newPassword": "short" }), None).await;
    weak.assert_error(422, "password_too_short");
    let reply = reset(&app, &link).await;
    assert_eq!((reply.status, reply.header(header::SET_COOKIE)), (StatusCode::NO_CONTENT, None));
    for device in [&device, &other] {
        let call = app.get("/api/profile").bearer(&device.access_token);
        call.send().await.assert_error(401, "token_revoked");
        app.refresh(&device.cookie).await.assert_error(401, "session_revoked");
    }
    app.login("ada", PASSWORD).await.assert_error(401, "invalid_credentials");
    assert_eq!(app.login("ada", NEW_PASSWORD).await.status, StatusCode::OK);
    let notice = last_mail(&app).await;
    assert_eq!((notice.to.as_str(), notice.template), (ADDRESS, MailTemplate::PasswordResetDone));
    assert_eq!(app.audit(AuditKind::PasswordReset).await.len(), 1);
    reset(&app, &link).await.assert_error(400, "ticket_invalid");
}

/// EM-3: what a sign-in asks for stays, but for a change of password, which this was.
#[tokio::test]
async fn a_reset_lets_nobody_in_who_may_not_sign_in() {
    let app = app().await;
    let ada: AccountId = verified(&app, "ada", ADDRESS).await.user_id.parse().unwrap();
    let change = async |change: AccountChange| {
        app.countersign.change_account(ada, change, &app.operator()).await.unwrap();
    };
    change(AccountChange { password_change_required: Some(true), ..AccountChange::default() }).await;
    let link = reset_link(&app).await;
    assert_eq!(reset(&app, &link).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.login("ada", NEW_PASSWORD).await.status, StatusCode::OK);

    app.wait(60);
    let link = reset_link(&app).await;
    change(AccountChange { disabled: Some(true), ..AccountChange::default() }).await;
    reset(&app, &link).await.assert_error(400, "ticket_invalid");
    app.wait(60);
    assert_eq!(ask(&app, "reset", ADDRESS).await.status, StatusCode::ACCEPTED);
    assert!(last_mail(&app).await.link.is_none(), "it is not sent");
}

/// EM-2: whatever a mail scanner opens, the owner's click still works, without a script.
#[tokio::test]
async fn opening_a_link_uses_nothing_up() {
    let app = app().await;
    verified(&app, "ada", ADDRESS).await;
    let path = format!("/m/{}", reset_link(&app).await);
    for method in [Method::GET, Method::HEAD, Method::GET] {
        let page = app.call(method, &path).send().await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.header(header::CONTENT_TYPE), Some("text/html; charset=utf-8"));
        assert_eq!(page.header(header::REFERRER_POLICY), Some("strict-origin"));
        assert_eq!(page.header(header::CACHE_CONTROL), Some("no-store"));
        let policy = page.header(header::CONTENT_SECURITY_POLICY).unwrap();
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("script-src"), "{policy}");
        assert!(!page.text.contains(&path[3..]) && !page.text.contains("script"), "{}", page.text);
    }
    let submit = |form: &str| {
        let call = app.post(&path).header("content-type", "application/x-www-form-urlencoded");
        call.body(form.to_owned()).send()
    };
    let from_elsewhere = app.post(&path).header("sec-fetch-site", "cross-site").send().await;
    from_elsewhere.assert_error(403, "cross_origin");
    for (form, status) in [("", 422), ("newPassword=short", 422), ("other=x", 400)] {
        let page = submit(form).await;
        assert_eq!(page.status.as_u16(), status);
        assert!(page.text.contains("newPassword") && page.text.contains("role=\"alert\""), "{}", page.text);
    }
    let no_form = app.post(&path).json(&json!({ "newPassword": NEW_PASSWORD })).send().await;
    assert_eq!(no_form.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{}", no_form.text);
    let form = format!("username=ada%40example.org&newPassword={}", NEW_PASSWORD.replace(' ', "+"));
    assert_eq!(submit(&form).await.status, StatusCode::OK);
    assert_eq!(app.login("ada", NEW_PASSWORD).await.status, StatusCode::OK);
    for page in [submit(&form).await, app.get(&path).send().await, app.get("/m/%ff").send().await] {
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.text.contains("This link does not work"), "{}", page.text);
    }
}

/// EM-1: used, expired, for another purpose, voided by a newer one, by another password, by the removal of the address, or never
/// a ticket at all.
#[tokio::test]
async fn whatever_is_wrong_with_a_ticket_the_answer_is_the_same() {
    let app = app().await;
    let device = verified(&app, "ada", ADDRESS).await;
    let mut answers = vec![reset(&app, "x").await, reset(&app, &"A".repeat(43)).await];

    let for_another = reset_link(&app).await;
    answers.push(confirm(&app, &json!({ "token": for_another }), None).await);
    app.wait(60);
    let expired = reset_link(&app).await;
    answers.push(reset(&app, &for_another).await);
    app.wait(30 * 60);
    answers.push(reset(&app, &expired).await);

    let before = reset_link(&app).await;
    let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW_PASSWORD });
    let device =
        if app.profile(&device.access_token).await == 200 { device } else { app.sign_in("ada").await };
    let changed =
        app.call(Method::PUT, "/api/password").bearer(&device.access_token).json(&body).send().await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT);
    answers.push(reset(&app, &before).await);
    app.wait(60);
    let used = reset_link(&app).await;
    assert_eq!(confirm(&app, &json!({ "token": used, "newPassword": PASSWORD }), None).await.status, 204);
    answers.push(reset(&app, &used).await);

    app.wait(60);
    let removed = reset_link(&app).await;
    let ada = app.sign_in("ada").await;
    let listed = app.get("/api/account/emails").bearer(&ada.access_token).send().await.json();
    let path = format!("/api/account/emails/{}", listed["emails"][0]["id"].as_str().unwrap());
    let removal = app.call(Method::DELETE, &path).bearer(&ada.access_token).json(&owner());
    assert_eq!(removal.send().await.status, 204);
    answers.push(reset(&app, &removed).await);

    answers[0].assert_error(400, "ticket_invalid");
    let answers: Vec<_> = answers.into_iter().map(Reply::but_its_name).collect();
    assert_eq!(answers.len(), 8);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(app.login("ada", PASSWORD).await.status, StatusCode::OK);
}

/// EN-4: an address that somebody has, one that somebody only claims, and one that nobody has; also when there were enough mails.
#[tokio::test]
async fn asking_for_a_mail_tells_nothing_about_an_address() {
    let app = app().await;
    verified(&app, "ada", ADDRESS).await;
    let root = app.sign_in("root").await;
    add(&app, &root, "claimed@example.org").await;
    app.wait(60);
    for _ in 0..3 {
        let mut answers = Vec::new();
        for address in [ADDRESS, "claimed@example.org", "nobody@example.org"] {
            let (status, mut headers, text) = ask(&app, "reset", address).await.but_its_name();
            let cookie = headers.remove(header::SET_COOKIE).unwrap().to_str().unwrap().to_owned();
            let (value, rest) = cookie.strip_prefix("__Host-flow=").unwrap().split_at(64);
            assert!(FlowCookie::parse(value).is_some(), "{cookie}");
            answers.push((status, headers, text, rest.to_owned()));
        }
        assert_eq!(answers[0].0, StatusCode::ACCEPTED);
        assert_eq!(answers[0].3, "; HttpOnly; Secure; SameSite=Lax; Path=/; Max-Age=86400");
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
    let sent: Vec<_> = mails(&app).await.into_iter().filter(|mail| mail.link.is_some()).collect();
    let resets: Vec<_> = sent.iter().filter(|mail| mail.template == MailTemplate::Reset).collect();
    let [reset] = resets.as_slice() else { panic!("{sent:?}") };
    assert_eq!(reset.to, ADDRESS, "one mail: the others are neither made nor sent");
}

/// EM-1, TH-3: however many codes are tried, and whatever is waited for between, five are looked at.
#[tokio::test]
async fn few_of_many_guesses_at_a_code_are_looked_at() {
    let app = app().await;
    verified(&app, "ada", ADDRESS).await;
    let asked = ask(&app, "reset", ADDRESS).await;
    let (flow, right) = (asked.cookie().unwrap(), last_mail(&app).await.code.unwrap());
    let attempt = async |code: &str| {
        confirm(&app, &json!({ "code": code, "newPassword": NEW_PASSWORD }), Some(&flow)).await
    };
    let mut looked_at = 0;
    for guess in 0..10_000_u32 {
        let code = format!("{guess:08}");
        if code == right {
            continue;
        }
        match attempt(&code).await.status.as_u16() {
            400 => looked_at += 1,
            status => assert_eq!(status, 429),
        }
    }
    assert!(looked_at <= 5, "{looked_at}");
    app.wait(20 * 60);
    for _ in 0..10 {
        assert_ne!(attempt(&right).await.status, StatusCode::NO_CONTENT);
        app.wait(30);
    }
    let id = FlowCookie::parse(&flow).unwrap().ticket_id();
    let ticket = app.countersign.store().find_ticket(id).await.unwrap().unwrap();
    assert_eq!(ticket.consumed_at, None);
    app.login("ada", NEW_PASSWORD).await.assert_error(401, "invalid_credentials");
    let link = mails(&app).await.pop().unwrap().link;
    assert_eq!(link, None, "nor is the mail sent any more");
}

/// CC-5: of many that use it at once.
#[tokio::test]
async fn a_link_is_used_by_one_of_many() {
    let app = app().await;
    verified(&app, "ada", ADDRESS).await;
    let link = reset_link(&app).await;
    let replies = futures_util::future::join_all((0..8).map(|_| reset(&app, &link))).await;
    let done = replies.iter().filter(|reply| reply.status == StatusCode::NO_CONTENT).count();
    assert_eq!(done, 1, "{replies:?}");
}

/// TH-1, TH-4, EN-1: a verified address is another spelling of the name, and guesses by both are one count.
#[tokio::test]
async fn a_verified_address_signs_in_as_the_name_does() {
    let app = app().await;
    let device = app.sign_in("ada").await;
    add(&app, &device, ADDRESS).await;
    let unverified = app.login(ADDRESS, PASSWORD).await;
    let unknown = app.login("nobody@example.org", PASSWORD).await;
    assert_eq!(unverified.but_its_name(), unknown.but_its_name());
    let link = last_mail(&app).await.link.unwrap();
    assert_eq!(confirm(&app, &json!({ "token": link }), None).await.status, StatusCode::NO_CONTENT);
    let signed_in = app.login("ADA@Example.org", PASSWORD).await;
    assert_eq!(signed_in.json()["user"]["username"], "ada");
    app.login(ADDRESS, "wrong").await.assert_error(401, "invalid_credentials");
    for _ in 0..2 {
        app.login("ada", "wrong").await.assert_error(401, "invalid_credentials");
        app.login(ADDRESS, "wrong").await.assert_error(401, "invalid_credentials");
    }
    for name in ["ada", ADDRESS] {
        app.login(name, PASSWORD).await.assert_error(429, "too_many_attempts");
    }
}

/// EM-6: and the code of the mail that was sent stays good in the browser that asked again.
#[tokio::test]
async fn who_asks_again_too_soon_keeps_the_mail_that_was_sent() {
    let app = app().await;
    verified(&app, "ada", ADDRESS).await;
    let first = ask(&app, "reset", ADDRESS).await.cookie().unwrap();
    let body = json!({ "purpose": "reset", "address": ADDRESS });
    let again = app.post("/api/email/start").header("cookie", &format!("__Host-flow={first}")).json(&body);
    assert_eq!(again.send().await.cookie().unwrap(), first);
    let code = last_mail(&app).await.code.unwrap();
    let shown = json!({ "code": code, "newPassword": NEW_PASSWORD });
    let stranger = ask(&app, "reset", "nobody@example.org").await.cookie().unwrap();
    confirm(&app, &shown, Some(&stranger)).await.assert_error(400, "ticket_invalid");
    assert_eq!(confirm(&app, &shown, Some(&first)).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn nothing_is_done_by_mail_unless_it_is_turned_on() {
    let app = TestApp::new().await;
    let ada = app.sign_in("ada").await;
    ask(&app, "reset", ADDRESS).await.assert_error(404, "not_found");
    reset(&app, "x").await.assert_error(404, "not_found");
    add(&app, &ada, ADDRESS).await.assert_error(404, "not_found");
    assert_eq!(app.get("/m/x").send().await.status, StatusCode::NOT_FOUND);
}
