//! Whatever opens the links of a mail before its reader does, such as a scanner or a preview, uses nothing up (EM-2).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use countersign::internal::model::audit::AuditQuery;
use countersign::internal::model::email::AccountEmail;
use countersign::internal::model::outbox::MailTemplate;
use countersign::internal::model::ticket::Ticket;
use countersign::mail::{Mailer, OutgoingMail};
use countersign::options::MailOptions;
use countersign::store::{AuditStore as _, TicketStore as _};
use tokio::sync::mpsc;

use crate::app::{ISSUER, TestApp};
use crate::mail::{ADDRESS, NEW_PASSWORD, add, ask};

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
            options.email.enabled = true;
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
        let waiting = self.app.countersign.waiting_mails().await.unwrap();
        self.scanned.push(waiting.last().unwrap().0.template);
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

    async fn click(&self, path: &str, form: &str) -> StatusCode {
        let call = self.app.post(path).header("content-type", "application/x-www-form-urlencoded");
        call.body(form.to_owned()).send().await.status
    }
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
    let ada = scene.app.sign_in("ada").await;
    assert_eq!(add(&scene.app, &ada, ADDRESS).await.status, StatusCode::ACCEPTED);
    let verify = scene.scanned().await;
    assert_eq!(verify.len(), 1, "{verify:?}");
    assert_eq!(scene.click(&verify[0], "").await, StatusCode::OK);

    scene.app.wait(60);
    ask(&scene.app, "reset", ADDRESS).await;
    let reset = scene.scanned().await;
    assert_eq!(reset.len(), 1, "{reset:?}");
    let form = format!("newPassword={}", NEW_PASSWORD.replace(' ', "+"));
    assert_eq!(scene.click(&reset[0], &form).await, StatusCode::OK);
    assert_eq!(scene.scanned().await, [""; 0], "a notice leads to nothing that could be used");
    assert_eq!(scene.scanned, [MailTemplate::Verify, MailTemplate::Reset, MailTemplate::PasswordResetDone]);
    assert_eq!(scene.app.login("ada", NEW_PASSWORD).await.status, StatusCode::OK);
}
