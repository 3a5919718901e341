//! Signing in by a mail: in the browser that asked, whatever the mail is opened in.

use axum::http::{Method, StatusCode, header};
use countersign::internal::model::account::AccountChange;
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::outbox::MailTemplate;
use countersign::options::{Hooks, SignInVerdict};
use countersign::{AccountId, FlowCookie, Options};
use serde_json::{Value, json};

use crate::app::{ISSUER, PASSWORD, Reply, TestApp};
use crate::keyed::Key;
use crate::mail::{ADDRESS, Mail, NEW_PASSWORD, ask, confirm, last_mail, mails, verified};

fn on(options: &mut Options) {
    (options.email.enabled, options.email.sign_in) = (true, true);
}

/// Ada has a verified address.
async fn app() -> TestApp {
    with(|_| {}).await
}

async fn with(more: impl FnOnce(&mut Options)) -> TestApp {
    let options = |options: &mut Options| {
        on(options);
        more(options);
    };
    let app = TestApp::with(options, |_| {}).await;
    verified(&app, "ada", ADDRESS).await;
    app
}

/// A browser that has asked, and the mail that it asked for.
struct Asked {
    flow: String,
    digits: String,
    mail: Mail,
}

impl Asked {
    fn code(&self) -> &str {
        self.mail.code.as_deref().unwrap()
    }

    fn path(&self) -> String {
        format!("/m/{}", self.mail.link.as_deref().unwrap())
    }

    fn wrong_digits(&self) -> &'static str {
        if self.digits == "17" { "18" } else { "17" }
    }
}

async fn asked(app: &TestApp) -> Asked {
    let reply = ask(app, "sign_in", ADDRESS).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.text);
    let digits = reply.json()["digits"].as_str().unwrap().to_owned();
    assert_eq!(reply.json()["expiresIn"], 600);
    let mail = last_mail(app).await;
    assert_eq!((mail.to.as_str(), mail.template), (ADDRESS, MailTemplate::SignIn));
    Asked { flow: reply.cookie().unwrap(), digits, mail }
}

async fn poll(app: &TestApp, flow: &str) -> Reply {
    app.post("/api/email/poll").header("cookie", &format!("__Host-flow={flow}")).send().await
}

async fn by_code(app: &TestApp, code: &str, flow: &str) -> Reply {
    confirm(app, &json!({ "code": code }), Some(flow)).await
}

/// Presses the button of the page of a link.
async fn press(app: &TestApp, path: &str, flow: Option<&str>, form: &str) -> Reply {
    let call = app.post(path).header("content-type", "application/x-www-form-urlencoded");
    let call = match flow {
        Some(flow) => call.header("cookie", &format!("__Host-flow={flow}")),
        None => call,
    };
    call.body(form.to_owned()).send().await
}

fn set_cookies(reply: &Reply) -> Vec<String> {
    let values = reply.headers.get_all(header::SET_COOKIE).iter();
    values.map(|value| value.to_str().unwrap().split('=').next().unwrap().to_owned()).collect()
}

fn assert_waits(reply: &Reply) {
    assert_eq!((reply.status, reply.header(header::RETRY_AFTER)), (StatusCode::ACCEPTED, Some("1")));
    assert_eq!((reply.json(), set_cookies(reply)), (json!({ "status": "waiting" }), Vec::new()));
}

async fn change(app: &TestApp, change: AccountChange) {
    let ada: AccountId = app.sign_in("ada").await.user_id.parse().unwrap();
    app.countersign.change_account(ada, change, &app.operator()).await.unwrap();
}

/// EM-1: as `/api/login` answers, once, in the browser that asked.
#[tokio::test]
async fn a_code_signs_in_in_the_browser_that_asked() {
    let app = app().await;
    let asked = asked(&app).await;
    let typed = json!({ "code": asked.code(), "refreshTokenDelivery": "cookie" });
    confirm(&app, &typed, None).await.assert_error(400, "ticket_invalid");
    let reply = confirm(&app, &typed, Some(&asked.flow)).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(set_cookies(&reply), ["__Host-refreshToken", "__Host-device"]);
    let login = app.login("ada", PASSWORD).await;
    let members = |reply: &Reply| reply.json().as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&reply), members(&login));
    let token = reply.json()["accessToken"].as_str().unwrap().to_owned();
    let claims = app.get("/api/profile").bearer(&token).send().await.json();
    assert_eq!(claims["user"]["amr"], json!([]), "{claims}");
    assert_eq!(app.refresh(&reply.cookie().unwrap()).await.status, StatusCode::OK);
    by_code(&app, asked.code(), &asked.flow).await.assert_error(400, "ticket_invalid");
    assert_waits(&poll(&app, &asked.flow).await);
    let signed_in = app.audit(AuditKind::LoginSucceeded).await;
    assert!(signed_in.iter().any(|record| record.event.detail.as_deref() == Some("mail")), "{signed_in:?}");
}

/// RF-15: by a code, and by a poll.
#[tokio::test]
async fn a_sign_in_by_mail_binds_the_session() {
    let (app, key) = (app().await, Key::new());
    let asked = asked(&app).await;
    let call = app.post("/api/email/confirm").header("cookie", &format!("__Host-flow={}", asked.flow));
    let call = call.header("dpop", &key.proof(&app, "/api/email/confirm"));
    let reply = call.json(&json!({ "code": asked.code() })).send().await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    app.refresh(&reply.cookie().unwrap()).await.assert_error(401, "device_proof_required");
    assert_eq!(key.refresh(&app, &reply.cookie().unwrap()).await.status, StatusCode::OK);
}

/// EM-11: as after a password.
#[tokio::test]
async fn a_sign_in_by_mail_on_a_new_device_is_told_once() {
    let app = app().await;
    let told =
        async || mails(&app).await.iter().filter(|mail| mail.template == MailTemplate::NewDevice).count();
    for _ in 0..2 {
        app.wait(3_600);
        let asked = asked(&app).await;
        let call = app.post("/api/email/confirm").header("user-agent", "Firefox");
        let call = call.header("cookie", &format!("__Host-flow={}", asked.flow));
        let reply = call.json(&json!({ "code": asked.code() })).send().await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        assert_eq!(told().await, 1);
    }
}

/// SE-1, and what else may be said to `/api/login`.
#[tokio::test]
async fn a_sign_in_by_mail_replaces_the_session_of_the_browser_and_hears_what_is_wished() {
    let app = app().await;
    let before = app.sign_in("ada").await;
    let asked = asked(&app).await;
    let cookies = format!("__Host-flow={}; __Host-refreshToken={}", asked.flow, before.cookie);
    let call = |body: &Value| app.post("/api/email/confirm").header("cookie", &cookies).json(body).send();
    let code = asked.code();
    call(&json!({ "code": code, "audience": "nowhere" })).await.assert_error(400, "unknown_audience");
    let reply = call(&json!({ "code": code, "refreshTokenDelivery": "body" })).await;
    assert_eq!((reply.status, set_cookies(&reply)), (StatusCode::OK, Vec::new()));
    assert!(reply.json()["refreshToken"].is_string() && reply.json()["deviceToken"].is_string());
    assert_eq!(app.profile(&before.access_token).await, 401, "the session before has ended");
}

/// EM-2, EM-1: opening changes nothing; the button signs in where the mail was asked for.
#[tokio::test]
async fn a_link_in_the_browser_that_asked_signs_in() {
    let app = app().await;
    let asked = asked(&app).await;
    let flow = format!("__Host-flow={}", asked.flow);
    for method in [Method::GET, Method::HEAD] {
        let page = app.call(method, &asked.path()).header("cookie", &flow).send().await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.text.contains("digits") && set_cookies(&page).is_empty(), "{}", page.text);
    }
    let reply = press(&app, &asked.path(), Some(&asked.flow), "").await;
    assert_eq!((reply.status, reply.header(header::LOCATION)), (StatusCode::SEE_OTHER, Some("../login")));
    assert_eq!(set_cookies(&reply), ["__Host-refreshToken", "__Host-device"]);
    assert_eq!(app.refresh(&reply.cookie().unwrap()).await.status, StatusCode::OK);
    let again = press(&app, &asked.path(), Some(&asked.flow), "").await;
    assert_eq!((again.status, set_cookies(&again)), (StatusCode::BAD_REQUEST, Vec::new()));
}

/// EM-1, EM-2: whoever opens the link elsewhere, and a scanner that presses buttons, gets nothing. The right digits let the browser go
/// on that asked, once.
#[tokio::test]
async fn a_link_that_is_opened_elsewhere_lets_the_asking_browser_go_on() {
    let app = app().await;
    let asked = asked(&app).await;
    assert_waits(&poll(&app, &asked.flow).await);
    let page = app.get(&asked.path()).send().await;
    assert!(page.text.contains("name=\"digits\"") && page.text.contains("127.0.0.1"), "{}", page.text);
    for form in ["", "digits=", "digits=1", "digits=123", "digits=ab", "keepAccount=true"] {
        let page = press(&app, &asked.path(), None, form).await;
        assert_eq!((page.status.as_u16(), set_cookies(&page)), (422, Vec::new()), "{form}");
        assert!(page.text.contains("name=\"digits\""), "what is no try costs none: {}", page.text);
    }
    confirm(&app, &json!({ "token": &asked.path()[3..] }), None).await.assert_error(400, "ticket_invalid");
    assert_waits(&poll(&app, &asked.flow).await);

    // Some other browser that has asked for a mail is another one, too.
    let other = ask(&app, "sign_in", "nobody@example.org").await.cookie().unwrap();
    let token = json!({ "token": &asked.path()[3..] });
    confirm(&app, &token, Some(&other)).await.assert_error(400, "ticket_invalid");
    let page = press(&app, &asked.path(), Some(&other), &format!("digits={}", asked.digits)).await;
    assert_eq!((page.status, set_cookies(&page)), (StatusCode::OK, Vec::new()), "{}", page.text);
    assert_eq!(app.audit(AuditKind::SignInApproved).await.len(), 1);
    let again = press(&app, &asked.path(), None, &format!("digits={}", asked.digits)).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert_eq!(app.get(&asked.path()).send().await.status, StatusCode::BAD_REQUEST);

    assert_waits(&poll(&app, &other).await);
    let polls = futures_util::future::join_all((0..8).map(|_| poll(&app, &asked.flow))).await;
    let (signed_in, waiting): (Vec<_>, Vec<_>) =
        polls.iter().partition(|reply| reply.status == StatusCode::OK);
    assert_eq!(signed_in.len(), 1, "{polls:?}");
    waiting.into_iter().for_each(assert_waits);
    assert_eq!(set_cookies(signed_in[0]), ["__Host-refreshToken", "__Host-device"]);
    assert_eq!(app.refresh(&signed_in[0].cookie().unwrap()).await.status, StatusCode::OK);
    assert_waits(&poll(&app, &asked.flow).await);
}

/// EM-1: one try.
#[tokio::test]
async fn wrong_digits_end_the_ticket() {
    let app = app().await;
    let asked = asked(&app).await;
    let page = press(&app, &asked.path(), None, &format!("digits={}", asked.wrong_digits())).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    let page = press(&app, &asked.path(), None, &format!("digits={}", asked.digits)).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert_waits(&poll(&app, &asked.flow).await);
    by_code(&app, asked.code(), &asked.flow).await.assert_error(400, "ticket_invalid");
    let own = press(&app, &asked.path(), Some(&asked.flow), "").await;
    assert_eq!((own.status, set_cookies(&own)), (StatusCode::BAD_REQUEST, Vec::new()));
    let failed = app.audit(AuditKind::LoginFailed).await;
    assert!(failed.iter().any(|record| record.event.detail.as_deref() == Some("mail_digits")), "{failed:?}");
}

/// EN-4: the same bytes, from the first question to the last.
#[tokio::test]
async fn asking_and_polling_tell_nothing_about_an_address() {
    let app = app().await;
    let (mut answers, mut flows) = (Vec::new(), Vec::new());
    for address in [ADDRESS, "nobody@example.org", ADDRESS, "nobody@example.org"] {
        let reply = ask(&app, "sign_in", address).await;
        flows.push(reply.cookie().unwrap());
        let (status, mut headers, text) = reply.but_its_name();
        let cookie = headers.remove(header::SET_COOKIE).unwrap().to_str().unwrap().to_owned();
        let (value, rest) = cookie.strip_prefix("__Host-flow=").unwrap().split_at(64);
        assert!(FlowCookie::parse(value).is_some());
        let (start, digits) = text.split_at(text.len() - 4);
        assert!(digits[..2].bytes().all(|byte| byte.is_ascii_digit()), "{text}");
        answers.push((status, headers, start.to_owned(), text.len(), rest.to_owned()));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(mails(&app).await.iter().filter(|mail| mail.template == MailTemplate::SignIn).count(), 2);
    for seconds in [0, 599, 1, 7_200] {
        app.wait(seconds);
        let mut polls = Vec::new();
        for flow in &flows {
            polls.push(poll(&app, flow).await.but_its_name());
            let typed = by_code(&app, "00000000", flow).await;
            typed.assert_error(400, "ticket_invalid");
        }
        assert!(polls.iter().all(|reply| *reply == polls[0]), "{polls:?}");
    }
}

/// EM-6: the digits stay those of the mail that was sent.
#[tokio::test]
async fn who_asks_again_too_soon_sees_the_digits_of_the_mail_that_was_sent() {
    let app = app().await;
    let asked = asked(&app).await;
    let again = app.post("/api/email/start").header("cookie", &format!("__Host-flow={}", asked.flow));
    let again = again.json(&json!({ "purpose": "sign_in", "address": ADDRESS })).send().await;
    assert_eq!(again.json()["digits"], asked.digits);
    assert_eq!(again.cookie().as_deref(), Some(asked.flow.as_str()));
}

/// EM-1: expired, after another password, of a disabled account, after its approval too.
#[tokio::test]
async fn what_was_approved_is_worth_nothing_when_the_ticket_is_dead() {
    let app = app().await;
    for fault in ["expired", "password", "disabled"] {
        let asked = asked(&app).await;
        let page = press(&app, &asked.path(), None, &format!("digits={}", asked.digits)).await;
        assert_eq!(page.status, StatusCode::OK);
        match fault {
            "expired" => app.wait(600),
            "password" => {
                let device = app.sign_in("ada").await;
                let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW_PASSWORD });
                let call = app.call(Method::PUT, "/api/password").bearer(&device.access_token).json(&body);
                assert_eq!(call.send().await.status, StatusCode::NO_CONTENT);
                let body = json!({ "currentPassword": NEW_PASSWORD, "newPassword": PASSWORD });
                let call = app.call(Method::PUT, "/api/password").bearer(&device.access_token).json(&body);
                assert_eq!(call.send().await.status, StatusCode::NO_CONTENT);
            }
            _ => change(&app, AccountChange { disabled: Some(true), ..AccountChange::default() }).await,
        }
        assert_waits(&poll(&app, &asked.flow).await);
        by_code(&app, asked.code(), &asked.flow).await.assert_error(400, "ticket_invalid");
        assert_eq!(press(&app, &asked.path(), Some(&asked.flow), "").await.status, StatusCode::BAD_REQUEST);
        app.wait(60);
    }
    assert_eq!(ask(&app, "sign_in", ADDRESS).await.status, StatusCode::ACCEPTED);
    assert!(last_mail(&app).await.link.is_none(), "a disabled account gets no mail");
}

/// PP-7: as a password does. The ticket stays good for a new one; nobody who need not choose one sets it so.
#[tokio::test]
async fn a_required_change_of_password_is_required_here_too() {
    let app = app().await;
    let asked_once = asked(&app).await;
    let typed = json!({ "code": asked_once.code(), "newPassword": NEW_PASSWORD });
    assert_eq!(confirm(&app, &typed, Some(&asked_once.flow)).await.status, StatusCode::OK);
    assert_eq!(app.login("ada", PASSWORD).await.status, StatusCode::OK, "it was not required");

    app.wait(60);
    change(&app, AccountChange { password_change_required: Some(true), ..AccountChange::default() }).await;
    let asked = asked(&app).await;
    by_code(&app, asked.code(), &asked.flow).await.assert_error(403, "password_change_required");
    let page = press(&app, &asked.path(), Some(&asked.flow), "").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text.contains("newPassword") && set_cookies(&page).is_empty(), "{}", page.text);
    let page = press(&app, &asked.path(), Some(&asked.flow), "newPassword=short").await;
    assert!(page.status == 422 && page.text.contains("newPassword"), "{}", page.text);
    let typed = json!({ "code": asked.code(), "newPassword": "short" });
    confirm(&app, &typed, Some(&asked.flow)).await.assert_error(422, "password_too_short");
    let page = press(&app, &asked.path(), None, &format!("digits={}", asked.digits)).await;
    assert_eq!(page.status, StatusCode::OK);
    poll(&app, &asked.flow).await.assert_error(403, "password_change_required");
    let call = app.post("/api/email/poll").header("cookie", &format!("__Host-flow={}", asked.flow));
    assert_eq!(call.json(&json!({ "newPassword": NEW_PASSWORD })).send().await.status, StatusCode::OK);
    assert_eq!(app.login("ada", NEW_PASSWORD).await.status, StatusCode::OK);
}

/// AD-3: its owner hears of the date, and says whether the account is kept.
#[tokio::test]
async fn an_account_that_is_to_be_deleted_is_taken_back_by_mail() {
    let app = app().await;
    let ada = app.sign_in("ada").await;
    let call = app.call(Method::DELETE, "/api/account").bearer(&ada.access_token);
    let deleted = call.json(&json!({ "currentPassword": PASSWORD })).send().await;
    assert!(deleted.status.is_success(), "{}", deleted.text);
    let asked = asked(&app).await;
    let refused = by_code(&app, asked.code(), &asked.flow).await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (StatusCode::FORBIDDEN, &json!("deletion_pending"))
    );
    let page = press(&app, &asked.path(), Some(&asked.flow), "").await;
    assert!(page.status == 403 && page.text.contains("name=\"keepAccount\""), "{}", page.text);
    let reply = press(&app, &asked.path(), Some(&asked.flow), "keepAccount=true").await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert_eq!(app.login("ada", PASSWORD).await.status, StatusCode::OK);
}

/// IN-4: the application is asked, and a refusal leaves nothing behind.
#[tokio::test]
async fn a_hook_refuses_a_sign_in_by_mail() {
    let app = with(|options| {
        options.hooks = Hooks::default().before_sign_in(|sign_in| async move {
            // A password has a method, a mail has none.
            Ok(if sign_in.amr.iter().next().is_none() {
                SignInVerdict::refuse("not_today", "Not by mail today")
            } else {
                SignInVerdict::Allow
            })
        });
    })
    .await;
    let asked = asked(&app).await;
    let refused = by_code(&app, asked.code(), &asked.flow).await;
    assert_eq!((refused.status, &refused.json()["code"]), (StatusCode::FORBIDDEN, &json!("not_today")));
    let page = press(&app, &asked.path(), Some(&asked.flow), "").await;
    assert_eq!((page.status, set_cookies(&page)), (StatusCode::FORBIDDEN, Vec::new()));
}

#[tokio::test]
async fn no_other_browser_lets_one_go_on_where_that_is_so_configured() {
    let app = with(|options| options.email.same_browser_only = true).await;
    let asked = asked(&app).await;
    let page = app.get(&asked.path()).send().await;
    assert!(page.status == 200 && !page.text.contains("<form"), "{}", page.text);
    let page = press(&app, &asked.path(), None, &format!("digits={}", asked.digits)).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert_waits(&poll(&app, &asked.flow).await);
    assert_eq!(press(&app, &asked.path(), Some(&asked.flow), "").await.status, StatusCode::SEE_OTHER);
}

/// TH-1, TH-3: a code is guessed at as in any other mail, and the count stops it before the tries do.
#[tokio::test]
async fn few_of_many_guesses_at_the_code_of_a_sign_in_are_looked_at() {
    let app = app().await;
    let asked = asked(&app).await;
    let mut looked_at = 0;
    for guess in (0..1_000_u32).map(|guess| format!("{guess:08}")).filter(|guess| guess != asked.code()) {
        match by_code(&app, &guess, &asked.flow).await.status.as_u16() {
            400 => looked_at += 1,
            status => assert_eq!(status, 429),
        }
    }
    assert!(looked_at <= 5, "{looked_at}");
    app.wait(300);
    assert_ne!(by_code(&app, asked.code(), &asked.flow).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_signs_in_by_mail_unless_it_is_turned_on() {
    let app = TestApp::with(|options| options.email.enabled = true, |_| {}).await;
    ask(&app, "sign_in", ADDRESS).await.assert_error(404, "not_found");
    let flow = ask(&app, "reset", ADDRESS).await.cookie().unwrap();
    poll(&app, &flow).await.assert_error(404, "not_found");
    let on = TestApp::with(on, |_| {}).await;
    on.post("/api/email/poll").send().await.assert_error(400, "ticket_invalid");
}

/// CS-6, EM-2: a browser of before `Sec-Fetch-Site` says where its form is from by `Origin`, which the policy of the page lets through.
#[tokio::test]
async fn the_button_works_in_a_browser_that_says_no_more_than_its_origin() {
    let app = app().await;
    let asked = asked(&app).await;
    let page = app.get(&asked.path()).send().await;
    assert_eq!(page.header(header::REFERRER_POLICY), Some("strict-origin"));
    assert!(page.text.contains("content=\"strict-origin\"") && !page.text.contains("//"), "{}", page.text);
    let submit = |origin: &str| {
        let call = app.post(&asked.path()).header("cookie", &format!("__Host-flow={}", asked.flow));
        call.header("origin", origin).send()
    };
    for origin in ["null", "https://evil.example"] {
        submit(origin).await.assert_error(403, "cross_origin");
    }
    assert_eq!(submit(ISSUER).await.status, StatusCode::SEE_OTHER);
}
