//! Accounts that people make themselves: registration, invitations, and the mails that an administrator has sent.

use axum::http::{Method, StatusCode, header};
use countersign::internal::model::account::AccountChange;
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::outbox::MailTemplate;
use countersign::options::RegistrationMode;
use countersign::{EmailDomain, FlowCookie, Role};
use serde_json::{Value, json};

use crate::app::{Device, PASSWORD, Reply, TestApp};
use crate::mail::{ask, confirm, last_mail, mails, verified};

const ADDRESS: &str = "carol@example.org";
const OF_ADA: &str = "ada@example.org";

async fn app(mode: RegistrationMode) -> TestApp {
    let options = |options: &mut countersign::Options| {
        options.email.enabled = true;
        options.registration.mode = mode;
    };
    TestApp::with(options, |_| {}).await
}

async fn open() -> TestApp {
    app(RegistrationMode::Open).await
}

/// The link of a mail with which carol makes an account.
async fn link(app: &TestApp) -> String {
    assert_eq!(ask(app, "register", ADDRESS).await.status, StatusCode::ACCEPTED);
    let mail = last_mail(app).await;
    assert_eq!((mail.to.as_str(), mail.template), (ADDRESS, MailTemplate::Register));
    mail.link.unwrap()
}

fn body(token: &str, name: &str, password: &str) -> Value {
    json!({ "token": token, "username": name, "newPassword": password })
}

async fn register(app: &TestApp, token: &str, name: &str) -> Reply {
    confirm(app, &body(token, name, PASSWORD), None).await
}

async fn as_root(app: &TestApp, root: &Device, method: Method, path: &str) -> Reply {
    app.call(method, path).bearer(&root.access_token).send().await
}

async fn invite(app: &TestApp, root: &Device, body: &Value) -> Reply {
    app.post("/api/admin/invitations").bearer(&root.access_token).json(body).send().await
}

/// EM-1, EM-5, CC-5: the address is verified before a name is asked for; then the account is there, and nobody is signed in.
#[tokio::test]
async fn an_account_is_made_by_whoever_reads_the_mail() {
    let app = open().await;
    let link = link(&app).await;
    assert!(app.audit(AuditKind::AccountCreated).await.len() == 2, "nothing is made yet");
    let reply = register(&app, &link, "carol").await;
    assert_eq!(
        (reply.status, reply.header(header::SET_COOKIE)),
        (StatusCode::NO_CONTENT, None),
        "{}",
        reply.text
    );
    let device = Device::from(&app.login("carol", PASSWORD).await);
    let listed = app.get("/api/account/emails").bearer(&device.access_token).send().await.json();
    let [email] = listed["emails"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!((&email["address"], &email["primary"]), (&json!(ADDRESS), &json!(true)));
    assert!(email["verifiedAt"].is_string());
    assert_eq!(app.login(ADDRESS, PASSWORD).await.json()["user"]["role"], "user");
    let [event] = app.audit(AuditKind::AccountRegistered).await.try_into().unwrap();
    assert!(event.event.detail.unwrap().starts_with("register "));
    register(&app, &link, "dave").await.assert_error(400, "ticket_invalid");
}

/// EM-1: in the browser that asked, and five wrong codes at most.
#[tokio::test]
async fn an_account_is_made_by_the_code() {
    let app = open().await;
    let asked = ask(&app, "register", ADDRESS).await;
    let (flow, code) = (asked.cookie().unwrap(), last_mail(&app).await.code.unwrap());
    let typed = |code: &str| json!({ "code": code, "username": "carol", "newPassword": PASSWORD });
    confirm(&app, &typed(&code), None).await.assert_error(400, "ticket_invalid");
    let wrong = if code == "00000000" { "00000001" } else { "00000000" };
    confirm(&app, &typed(wrong), Some(&flow)).await.assert_error(400, "ticket_invalid");
    let no_password = json!({ "code": code, "username": "carol" });
    confirm(&app, &no_password, Some(&flow)).await.assert_error(400, "invalid_request");
    assert_eq!(confirm(&app, &typed(&code), Some(&flow)).await.status, StatusCode::NO_CONTENT);
    confirm(&app, &typed(&code), Some(&flow)).await.assert_error(400, "ticket_invalid");
    assert_eq!(app.login("carol", PASSWORD).await.status, StatusCode::OK);
}

/// EN-4: the same bytes and the same rows; the owner learns of it by mail, and the link that nobody was sent does nothing.
#[tokio::test]
async fn asking_to_register_tells_nothing_about_an_address() {
    let app = open().await;
    verified(&app, "ada", OF_ADA).await;
    for _ in 0..3 {
        let mut answers = Vec::new();
        for address in [OF_ADA, ADDRESS] {
            let (status, mut headers, text) = ask(&app, "register", address).await.but_its_name();
            let cookie = headers.remove(header::SET_COOKIE).unwrap().to_str().unwrap().to_owned();
            let (value, rest) = cookie.strip_prefix("__Host-flow=").unwrap().split_at(64);
            assert!(FlowCookie::parse(value).is_some(), "{cookie}");
            answers.push((status, headers, text, rest.to_owned()));
        }
        assert_eq!(answers[0].0, StatusCode::ACCEPTED);
        assert_eq!(answers[0], answers[1]);
    }
    let sent = mails(&app).await;
    let of =
        |to: &str| sent.iter().find(|mail| mail.to == to && mail.template != MailTemplate::Verify).unwrap();
    let templates = [OF_ADA, ADDRESS].map(|to| of(to).template);
    assert_eq!(templates, [MailTemplate::AlreadyRegistered, MailTemplate::Register]);
    assert_eq!(sent.len(), 3);
    assert_eq!(app.audit(AuditKind::TicketIssued).await.len(), 3, "each is a ticket, and each is counted");
    // What would be in the link, if the mail had one.
    let secret = of(OF_ADA).link.clone().unwrap();
    register(&app, &secret, "eve").await.assert_error(400, "ticket_invalid");
    assert_eq!(app.get(&format!("/m/{secret}")).send().await.status, StatusCode::BAD_REQUEST);
}

/// CC-4, PP-2: with the reason, and the link is still good.
#[tokio::test]
async fn a_name_or_a_password_that_is_refused_uses_no_ticket_up() {
    let app = open().await;
    app.register("coco", Role::default()).await;
    let link = link(&app).await;
    register(&app, &link, "ADA").await.assert_error(409, "username_taken");
    register(&app, &link, "сосо").await.assert_error(409, "username_looks_alike");
    register(&app, &link, "").await.assert_error(422, "username_invalid");
    register(&app, &link, "a\u{202e}b").await.assert_error(422, "username_invalid");
    confirm(&app, &body(&link, "carol", "short"), None).await.assert_error(422, "password_too_short");
    assert_eq!(register(&app, &link, "carol").await.status, StatusCode::NO_CONTENT);
}

/// TH-3: whoever reads one mail must not read every name off its link.
#[tokio::test]
async fn names_are_not_read_off_a_ticket() {
    let app = open().await;
    let link = link(&app).await;
    let mut answers = Vec::new();
    for _ in 0..30 {
        answers.push(register(&app, &link, "ada").await.status.as_u16());
    }
    let told = answers.iter().filter(|status| **status == 409).count();
    assert!(told <= 5 && answers[29] == 429, "{answers:?}");
}

/// EM-1, CC-5: for another purpose, expired, voided by a newer one, or because somebody else has verified the address.
#[tokio::test]
async fn whatever_is_wrong_with_a_ticket_no_account_is_made() {
    let app = open().await;
    verified(&app, "ada", OF_ADA).await;
    ask(&app, "reset", OF_ADA).await;
    let of_a_reset = last_mail(&app).await.link.unwrap();
    let mut answers = vec![register(&app, "x", "carol").await, register(&app, &of_a_reset, "carol").await];

    let voided = link(&app).await;
    confirm(&app, &json!({ "token": voided }), None).await.assert_error(400, "ticket_invalid");
    let reset = json!({ "token": voided, "newPassword": PASSWORD });
    confirm(&app, &reset, None).await.assert_error(400, "ticket_invalid");
    app.wait(60);
    let expired = link(&app).await;
    answers.push(register(&app, &voided, "carol").await);
    app.wait(24 * 60 * 60);
    answers.push(register(&app, &expired, "carol").await);

    let overtaken = link(&app).await;
    verified(&app, "root", ADDRESS).await;
    assert_eq!(app.get(&format!("/m/{overtaken}")).send().await.status, StatusCode::BAD_REQUEST);
    answers.push(register(&app, &overtaken, "carol").await);

    answers[0].assert_error(400, "ticket_invalid");
    let answers: Vec<_> = answers.into_iter().map(Reply::but_its_name).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    app.login("carol", PASSWORD).await.assert_error(401, "invalid_credentials");
}

/// CC-5: of many that use one link at once, one account comes.
#[tokio::test]
async fn one_link_makes_one_account() {
    let app = open().await;
    let link = link(&app).await;
    let names: Vec<_> = (0..8).map(|number| format!("carol{number}")).collect();
    let replies = futures_util::future::join_all(names.iter().map(|name| register(&app, &link, name))).await;
    let done = replies.iter().filter(|reply| reply.status == StatusCode::NO_CONTENT).count();
    assert_eq!(done, 1, "{replies:?}");
    assert_eq!(app.audit(AuditKind::AccountCreated).await.len(), 3);
}

/// EM-2: the page of the link works without a script, keeps what was typed, and a GET makes nothing.
#[tokio::test]
async fn the_page_of_the_link_asks_for_name_and_password() {
    let app = open().await;
    let path = format!("/m/{}", link(&app).await);
    for method in [Method::GET, Method::HEAD, Method::GET] {
        let page = app.call(method.clone(), &path).send().await;
        assert_eq!(page.status, StatusCode::OK);
        if method == Method::GET {
            assert!(
                page.text.contains("autocomplete=\"username\"") && page.text.contains(ADDRESS),
                "{}",
                page.text
            );
            assert!(page.text.contains("autocomplete=\"new-password\"") && !page.text.contains("script"));
        }
    }
    let submit = |name: &str, password: &str| {
        let call = app.post(&path).header("content-type", "application/x-www-form-urlencoded");
        call.body(format!("username={name}&newPassword={}", password.replace(' ', "+"))).send()
    };
    for (name, password, status, said) in [
        ("ada", PASSWORD, 409, "This user name is taken"),
        ("carol", "short", 422, "at least 15 characters"),
        ("", PASSWORD, 422, "This user name cannot be used"),
    ] {
        let page = submit(name, password).await;
        assert_eq!(page.status.as_u16(), status, "{}", page.text);
        assert!(page.text.contains(said) && page.text.contains("role=\"alert\""), "{}", page.text);
        assert!(page.text.contains(&format!("value=\"{name}\"")), "{}", page.text);
    }
    let page = submit("carol", PASSWORD).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(page.text.contains("Your account is ready"), "{}", page.text);
    assert_eq!(page.header(header::SET_COOKIE), None);
    assert_eq!(app.login("carol", PASSWORD).await.status, StatusCode::OK);
    assert_eq!(submit("dave", PASSWORD).await.status, StatusCode::BAD_REQUEST);
}

/// EN-4: which domains may register says nothing about people, so it is told; domains are compared exactly (EM-7).
#[tokio::test]
async fn only_addresses_of_the_allowed_domains_register() {
    let options = |options: &mut countersign::Options| {
        options.email.enabled = true;
        options.registration.mode = RegistrationMode::Open;
        options.registration.domains = vec![EmailDomain::parse("Bücher.example").unwrap()];
    };
    let app = TestApp::with(options, |_| {}).await;
    for address in [ADDRESS, "carol@sub.bücher.example", "carol@xbücher.example"] {
        ask(&app, "register", address).await.assert_error(422, "domain_not_allowed");
    }
    assert!(mails(&app).await.is_empty());
    for address in ["carol@BÜCHER.example", "dave@xn--bcher-kva.example"] {
        assert_eq!(ask(&app, "register", address).await.status, StatusCode::ACCEPTED);
    }
    // An administrator knows whom they invite.
    let root = app.sign_in("root").await;
    assert_eq!(invite(&app, &root, &json!({ "address": ADDRESS })).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn nobody_registers_where_it_is_not_open() {
    for (mode, invites) in [(RegistrationMode::Off, false), (RegistrationMode::Invite, true)] {
        let app = app(mode).await;
        ask(&app, "register", ADDRESS).await.assert_error(403, "registration_off");
        let root = app.sign_in("root").await;
        let invited = invite(&app, &root, &json!({ "address": ADDRESS })).await;
        if invites {
            assert_eq!(invited.status, StatusCode::CREATED, "{}", invited.text);
        } else {
            invited.assert_error(403, "registration_off");
        }
        assert_eq!(mails(&app).await.len(), usize::from(invites));
    }
    let options = |options: &mut countersign::Options| options.registration.mode = RegistrationMode::Open;
    let without_mail = TestApp::with(options, |_| {}).await;
    ask(&without_mail, "register", ADDRESS).await.assert_error(404, "not_found");
    let root = without_mail.sign_in("root").await;
    invite(&without_mail, &root, &json!({ "address": ADDRESS })).await.assert_error(404, "not_found");
}

/// The role that the administrator gives; by the link alone, for seven days; a newer one voids the older.
#[tokio::test]
async fn an_administrator_invites_somebody() {
    let app = app(RegistrationMode::Invite).await;
    let root = app.sign_in("root").await;
    let body = json!({ "address": "Carol@example.org", "role": "editor" });
    let first = invite(&app, &root, &body).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    assert_eq!(first.header(header::SET_COOKIE), None);
    let old = last_mail(&app).await;
    assert_eq!((old.to.as_str(), old.template), ("Carol@example.org", MailTemplate::Invite));
    invite(&app, &root, &body).await.assert_error(429, "too_many_mails");
    app.wait(60);
    let second = invite(&app, &root, &body).await.json();
    assert_eq!((&second["address"], &second["role"]), (&json!("Carol@example.org"), &json!("editor")));
    let listed = as_root(&app, &root, Method::GET, "/api/admin/invitations").await.json();
    assert_eq!(listed, json!({ "invitations": [second] }));

    let link = last_mail(&app).await.link.unwrap();
    register(&app, &old.link.unwrap(), "carol").await.assert_error(400, "ticket_invalid");
    app.wait(7 * 24 * 60 * 60 - 1);
    assert_eq!(register(&app, &link, "carol").await.status, StatusCode::NO_CONTENT);
    let signed_in = app.login(ADDRESS, PASSWORD).await.json();
    assert_eq!(
        (&signed_in["user"]["username"], &signed_in["user"]["role"]),
        (&json!("carol"), &json!("editor"))
    );
    let root = app.sign_in("root").await;
    invite(&app, &root, &body).await.assert_error(409, "address_taken");
    let issued = app.audit(AuditKind::TicketIssued).await;
    let named = format!("invite {}", second["id"].as_str().unwrap());
    assert!(issued.iter().any(|line| line.event.detail.as_deref() == Some(&named)), "{issued:?}");
    let [made] = app.audit(AuditKind::AccountRegistered).await.try_into().unwrap();
    assert_eq!(made.event.detail, Some(named));
}

/// EM-1: whatever else was offered to the address is void when an account is made with it, also when the address is free again.
#[tokio::test]
async fn an_address_makes_one_account_however_many_offers_it_has() {
    let app = open().await;
    let root = app.sign_in("root").await;
    invite(&app, &root, &json!({ "address": ADDRESS })).await;
    let invited = last_mail(&app).await.link.unwrap();
    assert_eq!(register(&app, &link(&app).await, "carol").await.status, StatusCode::NO_CONTENT);
    let carol = app.sign_in("carol").await;
    let listed = app.get("/api/account/emails").bearer(&carol.access_token).send().await.json();
    let path = format!("/api/account/emails/{}", listed["emails"][0]["id"].as_str().unwrap());
    let removal = app.call(Method::DELETE, &path).bearer(&carol.access_token);
    let removal = removal.json(&json!({ "currentPassword": PASSWORD })).send().await;
    assert_eq!(removal.status, StatusCode::NO_CONTENT);
    register(&app, &invited, "dave").await.assert_error(400, "ticket_invalid");
}

#[tokio::test]
async fn an_invitation_is_taken_back() {
    let app = open().await;
    let root = app.sign_in("root").await;
    let made = invite(&app, &root, &json!({ "address": ADDRESS })).await.json();
    let link = last_mail(&app).await.link.unwrap();
    let path = format!("/api/admin/invitations/{}", made["id"].as_str().unwrap());
    assert_eq!(as_root(&app, &root, Method::DELETE, &path).await.status, StatusCode::NO_CONTENT);
    as_root(&app, &root, Method::DELETE, &path).await.assert_error(404, "not_found");
    register(&app, &link, "carol").await.assert_error(400, "ticket_invalid");
    let listed = as_root(&app, &root, Method::GET, "/api/admin/invitations").await.json();
    assert_eq!(listed, json!({ "invitations": [] }));
    assert_eq!(app.audit(AuditKind::InvitationWithdrawn).await.len(), 1);
    assert_eq!(last_mail(&app).await.link, None, "nor is it sent any more");
    for bad in [json!({ "address": "x" }), json!({ "address": ADDRESS, "role": "a b" })] {
        invite(&app, &root, &bad).await.assert_error(422, "invalid_value");
    }
}

/// EM-6: an administrator who invites a whole team is not stopped by what a stranger on their network may do.
#[tokio::test]
async fn an_administrator_invites_many_people_from_one_network() {
    let app = open().await;
    let root = app.sign_in("root").await;
    for number in 0..40 {
        let body = json!({ "address": format!("person{number}@example.org") });
        assert_eq!(invite(&app, &root, &body).await.status, StatusCode::CREATED, "{number}");
    }
    assert_eq!(ask(&app, "register", ADDRESS).await.status, StatusCode::ACCEPTED);
    assert_eq!(last_mail(&app).await.template, MailTemplate::Register, "nor is a stranger by theirs");
}

/// Unlike a stranger, an administrator is told what becomes of a mail; the mail has a link and no code.
#[tokio::test]
async fn an_administrator_sends_mails_to_the_addresses_of_an_account() {
    let app = open().await;
    let root = app.sign_in("root").await;
    let ada = app.sign_in("ada").await;
    let of_ada = format!("/api/admin/users/{}", ada.user_id);
    let act = |method: Method, path: String| as_root_at(&app, &root, method, path);
    act(Method::POST, format!("{of_ada}/reset-mail")).await.assert_error(409, "no_verified_email");
    let add = json!({ "address": OF_ADA, "currentPassword": PASSWORD });
    app.post("/api/account/emails").bearer(&ada.access_token).json(&add).send().await;
    let listed = act(Method::GET, format!("{of_ada}/emails")).await.json();
    let email = listed["emails"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (&listed["emails"][0]["address"], &listed["emails"][0]["verifiedAt"]),
        (&json!(OF_ADA), &Value::Null)
    );
    let verify = format!("{of_ada}/emails/{email}/verify-mail");
    act(Method::POST, verify.clone()).await.assert_error(429, "too_many_mails");
    app.wait(60);
    assert_eq!(act(Method::POST, verify.clone()).await.status, StatusCode::ACCEPTED);
    let mail = last_mail(&app).await;
    assert_eq!((mail.to.as_str(), mail.template), (OF_ADA, MailTemplate::Verify));
    assert_eq!(confirm(&app, &json!({ "token": mail.link }), None).await.status, StatusCode::NO_CONTENT);
    act(Method::POST, verify).await.assert_error(409, "email_verified");

    assert_eq!(act(Method::POST, format!("{of_ada}/reset-mail")).await.status, StatusCode::ACCEPTED);
    let mail = last_mail(&app).await;
    assert_eq!((mail.to.as_str(), mail.template), (OF_ADA, MailTemplate::Reset));
    let reset = json!({ "token": mail.link, "newPassword": "seven lamps above the harbour" });
    assert_eq!(confirm(&app, &reset, None).await.status, StatusCode::NO_CONTENT);

    let change = AccountChange { disabled: Some(true), ..AccountChange::default() };
    app.countersign.change_account(ada.user_id.parse().unwrap(), change, &app.operator()).await.unwrap();
    act(Method::POST, format!("{of_ada}/reset-mail")).await.assert_error(409, "account_disabled");
    let nobody = "/api/admin/users/00000000-0000-4000-8000-000000000000";
    for (method, path) in [(Method::GET, "emails"), (Method::POST, "reset-mail")] {
        act(method, format!("{nobody}/{path}")).await.assert_error(404, "not_found");
    }
}

async fn as_root_at(app: &TestApp, root: &Device, method: Method, path: String) -> Reply {
    as_root(app, root, method, &path).await
}
