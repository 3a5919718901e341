//! Who may cause a mail: a proof of work while there are many requests, and the application's own say.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::StatusCode;
use countersign::Options;
use countersign::http::HttpOptions;
use countersign::options::{Hooks, MailVerdict};
use serde_json::{Value, json};

use crate::app::{PASSWORD, Reply, TestApp};

async fn app(change: impl FnOnce(&mut Options)) -> TestApp {
    let options = |options: &mut Options| {
        options.email.enabled = true;
        change(options);
    };
    let proxy = |http: &mut HttpOptions| http.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    TestApp::with(options, proxy).await
}

async fn ask(app: &TestApp, address: &str, more: &[(&str, Value)]) -> Reply {
    let mut body = json!({ "purpose": "reset", "address": address });
    for (name, value) in more {
        body[name] = value.clone();
    }
    app.post("/api/email/start").json(&body).send().await
}

async fn mails(app: &TestApp) -> usize {
    app.countersign.waiting_mails().await.unwrap().len()
}

#[track_caller]
fn is_demanded(refused: &Reply) {
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    assert_eq!(refused.json()["code"], "proof_required", "{}", refused.text);
}

/// What a page does with a challenge.
#[track_caller]
fn solved(refused: &Reply) -> Value {
    is_demanded(refused);
    let (challenge, difficulty) = (refused.json()["challenge"].clone(), refused.json()["difficulty"].clone());
    let (challenge, difficulty) = (challenge.as_str().unwrap(), difficulty.as_u64().unwrap());
    let fits = |proof: &String| {
        let hash = digest(&SHA256, proof.as_bytes());
        u64::from(u64::from_be_bytes(*hash.as_ref().first_chunk().unwrap()).leading_zeros()) >= difficulty
    };
    (0..100_000_000_u64).map(|number| format!("{challenge}.{number}")).find(fits).unwrap().into()
}

/// So many requests, each for another address.
async fn flood(app: &TestApp, count: usize) {
    for n in 0..count {
        ask(app, &format!("flood{n}@example.org"), &[]).await;
    }
}

/// EM-6, EN-4: for many requests from one network some work is demanded, then more; whatever the address is, and of nobody else.
#[tokio::test]
async fn many_requests_from_one_network_have_to_show_work() {
    let app = app(|_| {}).await;
    flood(&app, 9).await;
    assert_eq!(ask(&app, "ann@example.org", &[]).await.status, StatusCode::ACCEPTED, "the tenth");
    let before = mails(&app).await;
    let refused = ask(&app, "bob@example.org", &[]).await;
    assert_eq!((&refused.json()["difficulty"], refused.cookie()), (&json!(14), None));
    assert_eq!(mails(&app).await, before, "nothing was written");

    let proof = solved(&refused);
    let accepted = ask(&app, "bob@example.org", &[("proof", proof.clone())]).await;
    assert_eq!((accepted.status, mails(&app).await), (StatusCode::ACCEPTED, before + 1));
    assert!(accepted.cookie().is_some());

    // Once, and for this address alone.
    let again = ask(&app, "bob@example.org", &[("proof", proof.clone())]).await;
    is_demanded(&again);
    is_demanded(&ask(&app, "eve@example.org", &[("proof", solved(&again))]).await);
    for forged in [json!(""), json!("x.1"), json!(format!("{}1", proof.as_str().unwrap()))] {
        is_demanded(&ask(&app, "bob@example.org", &[("proof", forged)]).await);
    }
    ask(&app, "bob@example.org", &[("proof", json!(7))]).await.assert_error(400, "invalid_request");

    // What is refused counts too: the flood makes it harder for itself.
    flood(&app, 10).await;
    assert_eq!(ask(&app, "fay@example.org", &[]).await.json()["difficulty"], 16);
    flood(&app, 100).await;
    assert_eq!(ask(&app, "fay@example.org", &[]).await.json()["difficulty"], 18, "and no further");

    let elsewhere = app.post("/api/email/start").header("x-forwarded-for", "192.0.2.77");
    let reply = elsewhere.json(&json!({ "purpose": "reset", "address": "ann@example.org" })).send().await;
    is_demanded(&reply);
    assert_eq!(reply.json()["difficulty"], 14, "there are many in all, so there it is only a little");
    app.wait(20 * 60);
    assert_eq!(ask(&app, "fay@example.org", &[]).await.status, StatusCode::ACCEPTED, "it is over");
}

/// A challenge has its time, and is solved in it also when the address is spelt in another way.
#[tokio::test]
async fn a_challenge_is_good_for_five_minutes() {
    let app = app(|options| options.email.work.per_network = 1).await;
    flood(&app, 1).await;
    let proof = solved(&ask(&app, "Ann@Example.org", &[]).await);
    app.wait(5 * 60);
    let late = ask(&app, "ann@example.org", &[("proof", proof)]).await;
    let fresh = solved(&late);
    app.wait(5 * 60 - 1);
    let in_time = ask(&app, "ann@example.org", &[("proof", fresh)]).await;
    assert_eq!(in_time.status, StatusCode::ACCEPTED, "{}", in_time.text);
}

/// What was solved for a mail of one kind is worth nothing for another.
#[tokio::test]
async fn a_challenge_is_good_for_one_purpose() {
    let app = app(|options| options.email.work.per_network = 5).await;
    flood(&app, 5).await;
    let proof = solved(&ask(&app, "ann@example.org", &[]).await);
    let verify =
        ask(&app, "ann@example.org", &[("purpose", json!("verify")), ("proof", proof.clone())]).await;
    is_demanded(&verify);
    let reset = ask(&app, "ann@example.org", &[("proof", proof)]).await;
    assert_eq!(reset.status, StatusCode::ACCEPTED, "{}", reset.text);
}

/// Nodes share the master key and nothing else of this.
#[tokio::test]
async fn a_challenge_of_one_node_is_solved_for_another() {
    let busy = |options: &mut Options| options.email.work.per_network = 1;
    let (one, other) = (app(busy).await, app(busy).await);
    for node in [&one, &other] {
        flood(node, 1).await;
    }
    let proof = solved(&ask(&one, "ann@example.org", &[]).await);
    let elsewhere = ask(&other, "ann@example.org", &[("proof", proof)]).await;
    assert_eq!(elsewhere.status, StatusCode::ACCEPTED, "{}", elsewhere.text);
}

/// EN-4: nothing tells whether an account has the address, in the refusal or after it.
#[tokio::test]
async fn a_demand_tells_nothing_about_an_address() {
    let app = app(|options| options.email.work.overall = 2).await;
    let ada = app.sign_in("ada").await;
    let body = json!({ "address": "ada@example.org", "currentPassword": PASSWORD });
    let added = app.post("/api/account/emails").bearer(&ada.access_token).json(&body).send().await;
    assert_eq!(added.status, StatusCode::ACCEPTED, "whoever has signed in has to show nothing");
    flood(&app, 2).await;
    for address in ["ada@example.org", "nobody@example.org"] {
        let refused = ask(&app, address, &[]).await;
        let text = refused.text.replace(refused.json()["challenge"].as_str().unwrap(), "");
        assert_eq!(
            text,
            r#"{"challenge":"","code":"proof_required","difficulty":14,"error":"Many mails are asked for now: solve the challenge, and ask again with the proof"}"#
        );
        let accepted = ask(&app, address, &[("proof", solved(&refused))]).await;
        assert_eq!(accepted.status, StatusCode::ACCEPTED);
    }
}

/// TH-10: none is demanded where an operator has said so, or where no mails are sent.
#[tokio::test]
async fn no_work_is_demanded_where_that_is_off() {
    let off = app(|options| (options.email.work.per_network, options.email.work.overall) = (0, 0)).await;
    flood(&off, 150).await;
    assert_eq!(ask(&off, "ann@example.org", &[]).await.status, StatusCode::ACCEPTED);
    let without = app(|options| options.email.enabled = false).await;
    flood(&without, 20).await;
    ask(&without, "ann@example.org", &[]).await.assert_error(404, "not_found");
}

/// EN-4: the application sees what the request carries, after the work and before anything else.
#[tokio::test]
async fn the_application_has_a_say_before_a_mail() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&asked);
    let hooks = Hooks::default().before_mail(move |mail| {
        let seen = (mail.purpose.name(), mail.to.as_str().to_owned(), mail.captcha.clone());
        assert!(mail.context.address.is_some() && !format!("{mail:?}").contains("example"));
        note.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        async move {
            Ok(match mail.captcha.as_deref() {
                Some("7 bicycles") => MailVerdict::Allow,
                Some("down") => return Err("the service for captchas is down".into()),
                Some("panic") => panic!("a fault of the application's"),
                _ => MailVerdict::refuse("captcha_failed", "Solve the captcha again"),
            })
        }
    });
    let app = app(|options| {
        options.hooks = hooks;
        options.email.work.overall = 2;
    })
    .await;
    let refused = ask(&app, "ann@example.org", &[]).await;
    refused.assert_error(403, "captcha_failed");
    assert_eq!((&refused.json()["error"], refused.cookie()), (&json!("Solve the captcha again"), None));
    let allowed = ask(&app, "ann@example.org", &[("captcha", json!("7 bicycles"))]).await;
    assert_eq!((allowed.status, mails(&app).await), (StatusCode::ACCEPTED, 1));
    let solve = async |captcha: &str| {
        let proof = solved(&ask(&app, "bob@example.org", &[("captcha", json!(captcha))]).await);
        ask(&app, "bob@example.org", &[("captcha", json!(captcha)), ("proof", proof)]).await
    };
    for captcha in ["down", "panic"] {
        let failed = solve(captcha).await;
        failed.assert_error(503, "unavailable");
        assert!(!failed.text.contains("captchas"), "HD-4");
    }
    assert_eq!((solve("7 bicycles").await.status, mails(&app).await), (StatusCode::ACCEPTED, 2));
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let captchas: Vec<_> = asked.iter().map(|(_, _, captcha)| captcha.as_deref()).collect();
    let expected = [None, Some("7 bicycles"), Some("down"), Some("panic"), Some("7 bicycles")];
    assert_eq!(captchas, expected, "not before the work was done, and once for each");
    assert_eq!((asked[0].0, asked[0].1.as_str()), ("reset", "ann@example.org"));
}

/// EM-6: an IPv6 network is a /64, and whoever has one has many addresses.
#[tokio::test]
async fn one_network_gets_so_many_mails() {
    let app = app(|options| {
        options.email.limits.per_source = 2;
        (options.email.work.per_network, options.email.work.overall) = (0, 0);
    })
    .await;
    let from = async |source: &str, address: &str| {
        let call = app.post("/api/email/start").header("x-forwarded-for", source);
        let reply = call.json(&json!({ "purpose": "reset", "address": address })).send().await;
        assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.text);
        mails(&app).await
    };
    let counts = [
        from("2001:db8::1", "one@example.org").await,
        from("2001:db8::2", "two@example.org").await,
        from("2001:db8::3", "three@example.org").await,
        from("2001:db8:0:1::1", "four@example.org").await,
    ];
    assert_eq!(counts, [1, 2, 2, 3]);
}
