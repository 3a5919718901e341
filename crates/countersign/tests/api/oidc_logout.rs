//! Applications sign people out: `OpenID` Connect RP-Initiated Logout 1.0, as a browser sees it (OI-15).

use axum::http::{StatusCode, header};
use countersign::internal::model::audit::AuditKind;

use crate::app::{Device, Reply, TestApp};
use crate::oidc::{Browser, between, parameter, query, redeem, with_clients};

const BYE: &str = "https://wiki.example/bye";

/// Signs somebody in to the wiki; its ID token.
async fn id_token(app: &TestApp, device: &Device) -> String {
    let wiki = [("client_id", "wiki"), ("redirect_uri", "https://wiki.example/cb")];
    let code = Browser::of(app, device).code(&wiki).await;
    let more =
        [("client_id", "wiki"), ("client_secret", "s:e+c%r&t"), ("redirect_uri", "https://wiki.example/cb")];
    redeem(app, &code, &more).await.json()["id_token"].as_str().unwrap().to_owned()
}

impl Browser<'_> {
    /// By a link of the application; what the page leads to.
    async fn ask_to_sign_out(&mut self, pairs: &[(&str, &str)]) -> Reply {
        let path = format!("/oauth2/logout?{}", query(pairs));
        let mut call = self.app.get(&path).header("sec-fetch-site", "cross-site");
        if let Some(cookie) = &self.authorize {
            call = call.header("cookie", &format!("__Host-authorize={cookie}"));
        }
        let reply = call.send().await;
        if reply.status != StatusCode::OK {
            return reply;
        }
        self.authorize = reply.cookie();
        self.sign_out_page(between(&reply.text, "url=sign-out?flow=", "\"")).await
    }

    async fn sign_out_page(&self, flow: &str) -> Reply {
        let path = format!("/oauth2/sign-out?flow={flow}");
        self.app.get(&path).header("cookie", &self.cookies()).send().await
    }

    async fn decide(&self, form: &str, decision: &str) -> Reply {
        let call = self.app.post("/oauth2/sign-out").header("cookie", &self.cookies());
        let call = call.header("sec-fetch-site", "same-origin");
        call.form(&query(&[("form", form), ("decision", decision)])).send().await
    }
}

fn form(reply: &Reply) -> &str {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert!(reply.header(header::CONTENT_SECURITY_POLICY).unwrap().contains("frame-ancestors 'none'"));
    between(&reply.text, "name=\"form\" value=\"", "\"")
}

async fn is_signed_in(app: &TestApp, device: &Device) -> bool {
    app.profile(&device.access_token).await == 200
}

/// OI-15: nobody is asked who is named by an ID token of ours, which may have expired (§4); and only they.
#[tokio::test]
async fn an_application_signs_out_whoever_it_names() {
    let app = with_clients().await;
    let (ada, root) = (app.sign_in("ada").await, app.sign_in("root").await);
    let hint = id_token(&app, &ada).await;
    app.wait(700);
    let ada = Device::from(&app.refresh(&ada.cookie).await);
    let with = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", BYE),
        ("state", "a&b"),
        ("ui_locales", "de"),
    ];
    // Somebody else is signed in here: they are asked.
    let reply = Browser::of(&app, &root).ask_to_sign_out(&with).await;
    assert!(reply.text.contains("root") && !form(&reply).is_empty(), "{}", reply.text);

    let reply = Browser::of(&app, &ada).ask_to_sign_out(&with).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    assert!(reply.header(header::LOCATION).unwrap().starts_with(BYE));
    assert_eq!(parameter(&reply, "state").as_deref(), Some("a&b"));
    assert_eq!(reply.cookie().as_deref(), Some(""), "the cookies go");
    assert!(
        !is_signed_in(&app, &ada).await && app.profile(&app.sign_in("root").await.access_token).await == 200
    );
    let ended = app.audit(AuditKind::SessionEnded).await;
    assert_eq!(ended.len(), 2, "that of the browser, and that of the application");

    // Nobody is signed in: back at once.
    let reply = Browser::new(&app).ask_to_sign_out(&with).await;
    assert_eq!((reply.status, reply.cookie()), (StatusCode::SEE_OTHER, None));
}

/// OI-15: without such a token people are asked, by a form that is good for their session in their browser.
#[tokio::test]
async fn whoever_is_not_named_is_asked() {
    let app = with_clients().await;
    let (ada, root) = (app.sign_in("ada").await, app.sign_in("root").await);
    let with = [("client_id", "wiki"), ("post_logout_redirect_uri", BYE)];
    let mut browser = Browser::of(&app, &ada);
    let reply = browser.ask_to_sign_out(&with).await;
    for shown in ["The Wiki", "ada"] {
        assert!(reply.text.contains(shown), "{shown}: {}", reply.text);
    }
    let form = form(&reply);
    let stranger = Browser { authorize: None, ..browser.clone() };
    assert_eq!(stranger.decide(form, "sign_out").await.status, StatusCode::BAD_REQUEST);
    let another = Browser { refresh: Some(root.cookie.clone()), ..browser.clone() };
    assert_eq!(another.decide(form, "sign_out").await.status, StatusCode::BAD_REQUEST);
    let stays = browser.decide(form, "stay").await;
    assert!(stays.text.contains("You are still signed in"), "{}", stays.text);
    assert!(is_signed_in(&app, &ada).await && is_signed_in(&app, &root).await);
    let reply = browser.decide(form, "sign_out").await;
    assert_eq!((reply.status, reply.header(header::LOCATION)), (StatusCode::SEE_OTHER, Some(BYE)));
    assert!(!is_signed_in(&app, &ada).await && is_signed_in(&app, &root).await);

    // Without an address to go back to, the browser stays.
    let mut browser = Browser::of(&app, &root);
    let reply = browser.ask_to_sign_out(&[]).await;
    let done = browser.decide(self::form(&reply), "sign_out").await;
    assert!(done.text.contains("You are signed out"), "{}", done.text);
    assert!(!is_signed_in(&app, &root).await);
    app.wait(601);
    let over = browser.decide(self::form(&reply), "sign_out").await;
    assert_eq!(over.status, StatusCode::BAD_REQUEST, "it is over");
}

/// RF-15, OI-15: a browser that only follows links proves no key. With the cookie alone it gets no code, and can still be signed out.
#[tokio::test]
async fn a_bound_session_gives_no_code_without_its_key_and_can_be_ended() {
    let app = with_clients().await;
    let ada = crate::keyed::Key::new().sign_in(&app, "ada").await;
    let mut browser = Browser::of(&app, &ada);
    let flow = browser.begin(&crate::oidc::request(&[])).await;
    let reply = browser.go_on(&flow).await;
    let location = reply.header(header::LOCATION).unwrap_or_default();
    assert!(location.starts_with("../login?"), "{location} {}", reply.text);
    let reply = browser.ask_to_sign_out(&[("client_id", "wiki")]).await;
    browser.decide(form(&reply), "sign_out").await;
    assert!(!is_signed_in(&app, &ada).await);
}

/// OI-15: what is no ID token of ours names nobody, and no browser is sent to an address that is not the client's.
#[tokio::test]
async fn hostile_requests_sign_nobody_out_and_lead_nowhere() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let hint = id_token(&app, &ada).await;
    let (head, rest) = hint.split_once('.').unwrap();
    let forged = format!("{head}.{}", rest.replace(|c: char| c.is_ascii_uppercase(), "x"));
    for wrong in [forged.as_str(), ada.access_token.as_str(), "x", ""] {
        let reply = Browser::of(&app, &ada).ask_to_sign_out(&[("id_token_hint", wrong)]).await;
        form(&reply);
    }
    let bad = [("post_logout_redirect_uri", "https://evil.example/")];
    for with in [
        vec![bad[0]],
        vec![bad[0], ("client_id", "wiki")],
        vec![bad[0], ("id_token_hint", hint.as_str())],
        vec![("client_id", "nobody")],
        vec![("client_id", "shop"), ("id_token_hint", hint.as_str())],
        vec![("post_logout_redirect_uri", BYE), ("client_id", "shop")],
    ] {
        let reply = Browser::of(&app, &ada).ask_to_sign_out(&with).await;
        assert_eq!(
            (reply.status, reply.header(header::LOCATION)),
            (StatusCode::BAD_REQUEST, None),
            "{with:?}"
        );
    }
    assert!(is_signed_in(&app, &ada).await);
    let call = app.post("/oauth2/sign-out").header("sec-fetch-site", "cross-site");
    call.form("form=x&decision=sign_out").send().await.assert_error(403, "cross_origin");
}
