//! Whatever opens the links of a mail before its reader does, such as a scanner or a preview, uses nothing up (EM-2).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use countersign::internal::model::audit::AuditQuery;
use countersign::internal::model::email::AccountEmail;
use countersign::internal::model::outbox::MailTemplate;
use countersign::internal::model::ticket::Ticket;
use countersign::mail::{Mailer, OutgoingMail};
use countersign::options::{MailOptions, RegistrationMode};
use countersign::store::{AuditStore as _, TicketStore as _};
use serde_json::json;
use tokio::sync::mpsc;

use crate::app::{Device, ISSUER, PASSWORD, Reply, TestApp};
use crate::mail::{ADDRESS, NEW_PASSWORD, add, ask, owner};

/// What a scanner may not change.
#[derive(Debug, PartialEq)]
struct State {
    tickets: Vec<Ticket>,
    emails: Vec<AccountEmail>,
    events: usize,
    mails: usize,
}

struct Scene {
    app: TestApp,
    mails: mpsc::UnboundedReceiver<OutgoingMail>,
    ada: countersign::AccountId,
    /// The templates whose mails were scanned.
    scanned: Vec<MailTemplate>,
}

impl Scene {
    async fn new() -> Self {
        let (tell, mails) = mpsc::unbounded_channel();
        let mailer = Mailer::new(move |mail| {
            tell.send(mail).unwrap();
            std::future::ready(Ok(()))
        });
        let with_mails = |options: &mut countersign::Options| {
            (options.email.enabled, options.email.sign_in) = (true, true);
            options.registration.mode = RegistrationMode::Open;
            options.mail = Some(MailOptions::new(mailer, "Auth <no-reply@auth.example>"));
        };
        let app = TestApp::with(with_mails, |_| {}).await;
        let upkeep = Arc::clone(&app.countersign);
        tokio::spawn(async move { upkeep.run_upkeep().await });
        let ada = app.sign_in("ada").await.user_id.parse().unwrap();
        Self { app, mails, ada, scanned: Vec::new() }
    }

    async fn state(&self) -> State {
        let store = self.app.countersign.store();
        let waiting = self.app.countersign.waiting_mails().await.unwrap();
        let mut tickets = Vec::new();
        for (mail, _) in &waiting {
            if let Some(ticket) = mail.parameters.ticket {
                tickets.push(store.find_ticket(ticket.id).await.unwrap().unwrap());
            }
        }
        let query = AuditQuery { limit: 1_000, ..AuditQuery::default() };
        let events = store.audit_log(query).await.unwrap().lines.len();
        let emails = self.app.countersign.emails(self.ada).await.unwrap();
        State { tickets, emails, events, mails: waiting.len() }
    }

    /// The next mail, after a scanner has opened all its links in several ways; gives the paths of those that lead to pages of
    /// mails.
    async fn scanned(&mut self) -> Vec<String> {
        let mail = self.mails.recv().await.unwrap();
        let mut waiting = self.app.countersign.waiting_mails().await.unwrap().into_iter();
        self.scanned.push(waiting.rfind(|(waiting, _)| waiting.to == mail.to).unwrap().0.template);
        let parts = [Some(&mail.text), mail.html.as_ref()].into_iter().flatten();
        let paths: BTreeSet<_> = parts.flat_map(|part| paths(part)).collect();
        let before = self.state().await;
        for path in &paths {
            for method in [Method::GET, Method::HEAD, Method::GET] {
                let opened = self.app.call(method.clone(), path);
                let opened = opened.header("sec-purpose", "prefetch").header("accept-language", "de").send();
                let status = opened.await.status;
                let is_page = path.starts_with("/m/");
                assert!(status == StatusCode::OK || !is_page, "{method} {path}: {status}");
            }
        }
        assert_eq!(self.state().await, before, "{:?}", self.scanned.last());
        paths.into_iter().filter(|path| path.starts_with("/m/")).collect()
    }

    /// The one path of the next mail that leads to a page.
    async fn link(&mut self) -> String {
        let paths = self.scanned().await;
        let [path] = <[String; 1]>::try_from(paths).unwrap();
        path
    }

    /// Adds an address to ada's account, with the link of its mail.
    async fn verified(&mut self, address: &str) -> Device {
        let ada = self.app.sign_in("ada").await;
        assert_eq!(add(&self.app, &ada, address).await.status, StatusCode::ACCEPTED);
        let verify = self.link().await;
        assert_eq!(self.click(&verify, "").await, StatusCode::OK);
        self.app.wait(60);
        ada
    }

    async fn click(&self, path: &str, form: &str) -> StatusCode {
        self.click_with(path, form, None).await.status
    }

    /// In a browser that keeps this of the mail that it has asked for.
    async fn click_with(&self, path: &str, form: &str, flow: Option<&str>) -> Reply {
        let mut call = self.app.post(path).header("content-type", "application/x-www-form-urlencoded");
        if let Some(flow) = flow {
            call = call.header("cookie", &format!("__Host-flow={flow}"));
        }
        call.body(form.to_owned()).send().await
    }
}

fn new_password() -> String {
    format!("newPassword={}", NEW_PASSWORD.replace(' ', "+"))
}

/// The paths of all addresses of this server in a text.
fn paths(text: &str) -> Vec<String> {
    let ends = |c: char| c.is_whitespace() || "\"'<>)".contains(c);
    let rest = text.split(ISSUER).skip(1);
    let paths = rest.map(|rest| rest.split(ends).next().unwrap().to_owned());
    paths.map(|path| if path.starts_with('/') { path } else { format!("/{path}") }).collect()
}

/// EM-2: all mails of adding an address and of a forgotten password.
#[tokio::test]
async fn a_scanner_of_links_uses_nothing_up() {
    let mut scene = Scene::new().await;
    scene.verified(ADDRESS).await;
    ask(&scene.app, "reset", ADDRESS).await;
    let reset = scene.link().await;
    assert_eq!(scene.click(&reset, &new_password()).await, StatusCode::OK);
    assert_eq!(scene.scanned().await, [""; 0], "a notice leads to nothing that could be used");
    assert_eq!(scene.scanned, [MailTemplate::Verify, MailTemplate::Reset, MailTemplate::PasswordResetDone]);
    assert_eq!(scene.app.login("ada", NEW_PASSWORD).await.status, StatusCode::OK);
}

/// EM-2: all mails with which somebody gets an account, and the one that says that they have one.
#[tokio::test]
async fn a_scanner_of_links_makes_no_account() {
    let mut scene = Scene::new().await;
    let (carol, dave) = ("carol@example.org", "dave@example.org");
    ask(&scene.app, "register", carol).await;
    let register = scene.link().await;
    let form = format!("username=carol&{}", new_password());
    assert_eq!(scene.click(&register, &form).await, StatusCode::OK);
    assert_eq!(scene.app.login(carol, NEW_PASSWORD).await.json()["user"]["username"], "carol");
    scene.app.wait(60);
    ask(&scene.app, "register", carol).await;
    assert_eq!(scene.scanned().await, [""; 0], "whoever is there needs no link");

    let root = scene.app.sign_in("root").await;
    let call = scene.app.post("/api/admin/invitations").bearer(&root.access_token);
    let invited = call.json(&json!({ "address": dave, "role": "editor" })).send().await;
    assert_eq!(invited.status, StatusCode::CREATED, "{}", invited.text);
    let invite = scene.link().await;
    let form = format!("username=dave&{}", new_password());
    assert_eq!(scene.click(&invite, &form).await, StatusCode::OK);
    assert_eq!(scene.app.login(dave, NEW_PASSWORD).await.json()["user"]["role"], "editor");
    let expected = [MailTemplate::Register, MailTemplate::AlreadyRegistered, MailTemplate::Invite];
    assert_eq!(scene.scanned, expected);
}

/// EM-2: it neither signs in nor lets another browser go on, whether the owner opens the link in the one or in the other.
#[tokio::test]
async fn a_scanner_of_links_signs_nobody_in() {
    let mut scene = Scene::new().await;
    scene.verified(ADDRESS).await;
    let asked = ask(&scene.app, "sign_in", ADDRESS).await.cookie().unwrap();
    let own = scene.link().await;
    let signed_in = scene.click_with(&own, "", Some(&asked)).await;
    assert_eq!(signed_in.status, StatusCode::SEE_OTHER, "{}", signed_in.text);

    scene.app.wait(60);
    let reply = ask(&scene.app, "sign_in", ADDRESS).await;
    let (asked, digits) = (reply.cookie().unwrap(), reply.json()["digits"].as_str().unwrap().to_owned());
    let elsewhere = scene.link().await;
    let poll = || scene.app.post("/api/email/poll").header("cookie", &format!("__Host-flow={asked}")).send();
    assert_eq!(poll().await.status, StatusCode::ACCEPTED, "it waits");
    assert_eq!(scene.click(&elsewhere, &format!("digits={digits}")).await, StatusCode::OK);
    assert_eq!(poll().await.status, StatusCode::OK);
    assert_eq!(scene.scanned, [MailTemplate::Verify, MailTemplate::SignIn, MailTemplate::SignIn]);
}

/// EM-2, EM-4: the link that locks everybody out waits for its button.
#[tokio::test]
async fn a_scanner_of_links_brings_no_address_back() {
    let mut scene = Scene::new().await;
    let other = "evil@example.net";
    scene.verified(ADDRESS).await;
    let thief = scene.verified(other).await;
    let emails = scene.app.countersign.emails(scene.ada).await.unwrap();
    let id = emails.iter().find(|email| email.address.as_str() == other).unwrap().id;
    let call = scene.app.post(&format!("/api/account/emails/{id}/primary")).bearer(&thief.access_token);
    assert_eq!(call.json(&owner()).send().await.status, StatusCode::NO_CONTENT);
    // Each goes to another address, so either may come first.
    let paths = [scene.scanned().await, scene.scanned().await].concat();
    let [undo] = <[String; 1]>::try_from(paths).unwrap();
    for template in [MailTemplate::AddressUndo, MailTemplate::AddressChanged] {
        assert!(scene.scanned.contains(&template), "{:?}", scene.scanned);
    }
    assert_eq!(scene.app.login("ada", PASSWORD).await.status, StatusCode::OK);
    assert_eq!(scene.click(&undo, "").await, StatusCode::OK);
    let emails = scene.app.countersign.emails(scene.ada).await.unwrap();
    let [email] = emails.as_slice() else { panic!("{emails:?}") };
    assert_eq!((email.address.as_str(), email.is_primary), (ADDRESS, true));
    scene.app.login("ada", PASSWORD).await.assert_error(401, "invalid_credentials");
}
