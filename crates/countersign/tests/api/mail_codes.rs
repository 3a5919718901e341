//! Guessing at the codes of mails: few are looked at, however many browsers guess, and one browser's guesses cost another nothing.

use axum::http::StatusCode;
use countersign::FlowCookie;
use countersign::internal::model::ticket::{CODE_TRIES, MailLimits, Ticket};
use countersign::store::TicketStore as _;
use serde_json::json;

use crate::app::{Reply, TestApp};
use crate::mail::{ADDRESS, NEW_PASSWORD, add, app, ask, confirm, last_mail, verified};

/// The purposes whose mail has a code to type.
const TYPED: [&str; 2] = ["reset", "verify"];

/// Somebody for whose address a mail can be asked for.
async fn ready(app: &TestApp, purpose: &str) {
    if purpose == "verify" {
        let ada = app.sign_in("ada").await;
        assert_eq!(add(app, &ada, ADDRESS).await.status, StatusCode::ACCEPTED);
        app.wait(60);
    } else {
        verified(app, "ada", ADDRESS).await;
    }
}

async fn type_code(app: &TestApp, purpose: &str, code: &str, flow: &str) -> Reply {
    let new_password = (purpose == "reset").then_some(NEW_PASSWORD);
    let mut body = json!({ "code": code });
    if let Some(new) = new_password {
        body["newPassword"] = new.into();
    }
    confirm(app, &body, Some(flow)).await
}

async fn ticket(app: &TestApp, flow: &str) -> Option<Ticket> {
    let id = FlowCookie::parse(flow).unwrap().ticket_id();
    app.countersign.store().find_ticket(id).await.unwrap()
}

/// EM-1, EM-6, TH-3: ten thousand guesses in most of an hour, with a new cookie every minute: five mails are sent, and of each
/// so many guesses are looked at as it has tries.
#[tokio::test]
async fn many_browsers_guess_no_more_than_the_mails_allow() {
    for purpose in TYPED {
        let app = app().await;
        ready(&app, purpose).await;
        let mut cookies: Vec<String> = Vec::new();
        for minute in 0..50_usize {
            cookies.push(ask(&app, purpose, ADDRESS).await.cookie().unwrap());
            for guess in 0..200_usize {
                let code = format!("{:08}", 200 * minute + guess);
                let flow = &cookies[guess % cookies.len()];
                let reply = type_code(&app, purpose, &code, flow).await;
                assert!([400, 429].contains(&reply.status.as_u16()), "{purpose}: {}", reply.text);
            }
            app.wait(60);
        }
        let (mut mails, mut looked_at) = (0, 0);
        for flow in &cookies {
            if let Some(ticket) = ticket(&app, flow).await {
                assert!(ticket.tries_left == 0 || ticket.consumed_at.is_some(), "{ticket:?}");
                mails += 1;
                looked_at += CODE_TRIES - ticket.tries_left;
            }
        }
        // The mail of the scene is one of those that are counted for verifying.
        assert!((4..=MailLimits::default().per_address).contains(&mails), "{purpose}: {mails} mails");
        assert!((5..=mails * CODE_TRIES).contains(&looked_at), "{purpose}: {looked_at} guesses");
    }
}

/// EM-1: ten thousand guesses at one ticket by others that know which it is, as whoever has seen the cookie of another mail may:
/// none is looked at, and the owner's tries are all there.
#[tokio::test]
async fn guesses_of_other_browsers_cost_the_owner_no_try() {
    for purpose in TYPED {
        let app = app().await;
        ready(&app, purpose).await;
        let flow = ask(&app, purpose, ADDRESS).await.cookie().unwrap();
        let code = last_mail(&app).await.code.unwrap();
        for guess in 0..10_000_usize {
            // Sixteen bytes of ID are 22 characters; behind them is the secret of that browser.
            let forged = format!("{}{guess:042}", &flow[..22]);
            let is_right = guess % 100 == 99;
            let typed = if is_right { code.clone() } else { format!("{guess:08}") };
            assert_ne!(type_code(&app, purpose, &typed, &forged).await.status, StatusCode::NO_CONTENT);
        }
        assert_eq!(ticket(&app, &flow).await.unwrap().tries_left, CODE_TRIES, "{purpose}");
        let link = last_mail(&app).await.link.expect("the mail is as good as before");
        let mut body = json!({ "token": link });
        if purpose == "reset" {
            body["newPassword"] = NEW_PASSWORD.into();
        }
        assert_eq!(confirm(&app, &body, None).await.status, StatusCode::NO_CONTENT, "{purpose}");
    }
}
