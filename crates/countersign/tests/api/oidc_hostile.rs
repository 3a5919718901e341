//! What hostile requests of applications, browsers and thieves come to.

use axum::http::{StatusCode, header};
use countersign::internal::model::audit::AuditKind;
use serde_json::json;

use crate::app::TestApp;
use crate::oidc::{
    Browser, CALLBACK, CHALLENGE, between, claims, parameter, query, redeem, refused, request, token,
    with_clients,
};

/// OI-1, CS-8, RFC 9700 §4.11.2: an address that is not registered gets nothing, not even an error.
#[tokio::test]
async fn no_browser_is_sent_to_an_address_that_is_not_registered() {
    let app = with_clients().await;
    let mut browser = Browser::new(&app);
    for hostile in [
        "https://evil.example/cb",
        "https://shop.example/cb/../evil",
        "https://shop.example/cb/",
        "https://shop.example/cb?x=1",
        "https://shop.example/cb#x",
        "https://shop.example/cbx",
        "https://shop.example/c",
        "https://shop.example.evil.example/cb",
        "https://shop.example@evil.example/cb",
        "https://evil.example\\@shop.example/cb",
        "https://shop.example\\.evil.example/cb",
        "https://shop.example:443/cb",
        "https://shop.example:8443/cb",
        "https://SHOP.example/cb",
        "http://shop.example/cb",
        "//shop.example/cb",
        "/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        " https://shop.example/cb",
        "https://shop.example/cb\r\nX: y",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:1@evil.example/cb",
        "http://127.0.0.1/other",
        "http://localhost/cb",
        "",
    ] {
        for more in [&[][..], &[("scope", "-")], &[("prompt", "none")]] {
            let changes = [&[("redirect_uri", hostile)], more].concat();
            let reply = browser.arrive(&request(&changes)).await;
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{hostile:?}");
            assert_eq!(reply.header(header::LOCATION), None, "{hostile:?}");
            assert!(!reply.text.contains("evil.example") && !reply.headers.contains_key(header::SET_COOKIE));
        }
    }
    for changes in [
        &[("client_id", "-")][..],
        &[("client_id", "nobody")],
        &[("client_id", "shop"), ("client_id", "wiki")],
        &[("redirect_uri", CALLBACK), ("redirect_uri", "https://evil.example/cb")],
        &[("redirect_uri", "https://wiki.example/cb")],
    ] {
        let reply = browser.arrive(&request(changes)).await;
        assert_eq!(
            (reply.status, reply.header(header::LOCATION)),
            (StatusCode::BAD_REQUEST, None),
            "{changes:?}"
        );
    }
}

/// RFC 6749 §4.1.2.1, RFC 9207: everything else is said to the application, by 303, with its state and our name.
#[tokio::test]
async fn what_is_wrong_otherwise_is_said_to_the_application() {
    let app = with_clients().await;
    let mut browser = Browser::new(&app);
    for (changes, error) in [
        (&[("response_type", "token")][..], "unsupported_response_type"),
        (&[("scope", "openid admin")], "invalid_scope"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "-")], "invalid_request"),
        (&[("code_challenge", "-"), ("code_challenge_method", "-")], "invalid_request"),
        (&[("nonce", "a"), ("nonce", "b")], "invalid_request"),
        (&[("request_uri", "https://evil.example/r")], "request_uri_not_supported"),
        (&[("resource", "https://evil.example")], "invalid_target"),
        (&[("prompt", "none login")], "invalid_request"),
    ] {
        let reply = browser.arrive(&request(changes)).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{changes:?}");
        assert!(
            reply.header(header::LOCATION).unwrap().starts_with("https://shop.example/cb?error="),
            "{changes:?}"
        );
        let said = ["error", "state", "iss"].map(|name| parameter(&reply, name));
        assert_eq!(
            said.each_ref().map(Option::as_deref),
            [Some(error), Some("st&te"), Some("https://auth.example")]
        );
        assert!(!reply.headers.contains_key(header::SET_COOKIE));
    }
}

/// OI-2: a request that one browser has brought is nothing in another one; nor is the answer of one for another's.
#[tokio::test]
async fn another_browsers_request_goes_on_nowhere() {
    let app = with_clients().await;
    let (ada, root) = (app.sign_in("ada").await, app.sign_in("root").await);
    let mut attacker = Browser::of(&app, &root);
    let flow = attacker.begin(&request(&[])).await;
    let mut victim = Browser::of(&app, &ada);
    assert_eq!(victim.go_on(&flow).await.status, StatusCode::BAD_REQUEST, "without a cookie");
    victim.begin(&request(&[])).await;
    assert_eq!(victim.go_on(&flow).await.status, StatusCode::BAD_REQUEST, "with a cookie of its own");
    let reply = attacker.go_on(&flow).await;
    let form = between(&reply.text, "name=\"form\" value=\"", "\"").to_owned();
    let reply = victim.answer(&form, "allow").await;
    assert_eq!((reply.status, reply.header(header::LOCATION)), (StatusCode::BAD_REQUEST, None));
    // Another account in the same browser is asked for itself.
    let switched = Browser { refresh: Some(ada.cookie.clone()), ..attacker.clone() };
    let reply = switched.answer(&form, "allow").await;
    assert_eq!(reply.status, StatusCode::OK);
    assert!(reply.text.contains("signed in as ada"), "{}", reply.text);
    // A page of another site cannot press the button.
    let call = app.post("/oauth2/consent").header("sec-fetch-site", "cross-site");
    call.form(&query(&[("form", &form), ("decision", "allow")]))
        .send()
        .await
        .assert_error(403, "cross_origin");
    // A form is no request, a request no form, and nothing else is either.
    for text in [form.as_str(), "x", ""] {
        assert_eq!(attacker.go_on(text).await.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(attacker.answer(&flow, "allow").await.status, StatusCode::BAD_REQUEST);
    app.wait(601);
    assert_eq!(attacker.go_on(&flow).await.status, StatusCode::BAD_REQUEST, "over");
    assert_eq!(attacker.answer(&form, "allow").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(app.audit(AuditKind::AppAllowed).await.len(), 0);
}

/// OI-3, RFC 6749 §4.1.3, RFC 7636 §4.6: who cannot use a code, and what they cannot do to it.
#[tokio::test]
async fn a_code_is_good_for_its_client_its_address_and_its_verifier() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let code = Browser::of(&app, &ada).code(&[]).await;
    let wiki = [("client_id", "wiki"), ("client_secret", "s:e+c%r&t")];
    for (changes, why) in [
        (&wiki[..], "code_of_other_client"),
        (&[("redirect_uri", "http://127.0.0.1/cb")], "redirect_uri_mismatch"),
        (&[("code_verifier", "-")], "pkce_mismatch"),
        (&[("code_verifier", CHALLENGE)], "pkce_mismatch"),
        (&[("code_verifier", "x")], "pkce_mismatch"),
        (&[("code", "cso_x")], "code_unknown"),
    ] {
        refused(&redeem(&app, &code, changes).await, "invalid_grant", why);
    }
    for missing in ["code", "redirect_uri"] {
        let reply = redeem(&app, &code, &[(missing, "-")]).await;
        assert_eq!(reply.json()["error"], json!("invalid_request"), "{missing}");
    }
    assert_eq!(redeem(&app, &code, &[]).await.status, StatusCode::OK, "none of that has used it up");
    let code = Browser::of(&app, &ada).code(&[]).await;
    app.wait(60);
    refused(&redeem(&app, &code, &[]).await, "invalid_grant", "code_expired");
}

/// OI-3, RFC 6749 §4.1.2: a late second use ends what the first has begun. One at the same time, and one without the verifier, does not.
#[tokio::test]
async fn a_code_that_comes_twice_ends_the_session() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let code = Browser::of(&app, &ada).code(&[]).await;
    let body = redeem(&app, &code, &[]).await.json();
    let access = body["access_token"].as_str().unwrap();
    assert_eq!(app.get("/oauth2/userinfo").bearer(access).send().await.status, StatusCode::OK);
    refused(&redeem(&app, &code, &[]).await, "invalid_grant", "code_used");
    app.wait(300);
    refused(&redeem(&app, &code, &[("code_verifier", "-")]).await, "invalid_grant", "pkce_mismatch");
    assert_eq!(app.get("/oauth2/userinfo").bearer(access).send().await.status, StatusCode::OK);
    refused(&redeem(&app, &code, &[]).await, "invalid_grant", "code_used");
    app.get("/oauth2/userinfo").bearer(access).send().await.assert_error(401, "token_revoked");
    assert_eq!(app.audit(AuditKind::RefreshReuseDetected).await.len(), 1);
    assert_eq!(app.refresh(&ada.cookie).await.status, StatusCode::OK, "its owner stays signed in");
}

/// OI-4, RF-9: a refresh token of a confidential client is nothing without its secret, and nothing for another client.
#[tokio::test]
async fn a_refresh_token_is_good_for_its_client() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let at = ("redirect_uri", "https://wiki.example/cb");
    let secret = [("client_id", "wiki"), ("client_secret", "s:e+c%r&t")];
    let code = Browser::of(&app, &ada).code(&[("client_id", "wiki"), at]).await;
    let body = redeem(&app, &code, &[&secret[..], &[at]].concat()).await.json();
    let held = [("grant_type", "refresh_token"), ("refresh_token", body["refresh_token"].as_str().unwrap())];
    let with = async |more: &[(&str, &str)]| token(&app, &[&held, more].concat()).await;
    assert_eq!(with(&[("client_id", "wiki")]).await.json()["error"], json!("invalid_client"));
    refused(&with(&[("client_id", "shop")]).await, "invalid_grant", "refresh_token_of_other_client");
    assert_eq!(with(&secret).await.status, StatusCode::OK);
}

/// OI-3, CC-5: of fifty at once, one gets tokens, and nothing breaks.
#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_redemptions_at_once_one_wins() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let code = Browser::of(&app, &ada).code(&[]).await;
    let all = futures_util::future::join_all((0..50).map(|_| redeem(&app, &code, &[]))).await;
    let won = all.iter().filter(|reply| reply.status == StatusCode::OK).count();
    let used = all.iter().filter(|reply| {
        reply.status == StatusCode::BAD_REQUEST && reply.json()["code"] == json!("code_used")
    });
    assert_eq!((won, used.count()), (1, 49));
    assert_eq!(app.audit(AuditKind::AppConnected).await.len(), 1);
    assert_eq!(app.refresh(&ada.cookie).await.status, StatusCode::OK, "nobody is signed out");
}

/// RF-3b: of fifty refreshes at once, all get the same successor.
#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_refreshes_at_once_all_go_on() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let code = Browser::of(&app, &ada).code(&[]).await;
    let body = redeem(&app, &code, &[]).await.json();
    app.wait(60);
    let held = body["refresh_token"].as_str().unwrap();
    let with = [("grant_type", "refresh_token"), ("client_id", "shop"), ("refresh_token", held)];
    let all = futures_util::future::join_all((0..50).map(|_| token(&app, &with))).await;
    let next: std::collections::BTreeSet<_> =
        all.iter().map(|reply| reply.json()["refresh_token"].as_str().unwrap().to_owned()).collect();
    assert_eq!(next.len(), 1);
    assert_eq!(app.refresh(&ada.cookie).await.status, StatusCode::OK);
}

/// SE-8: an application takes the room of nobody but itself.
#[tokio::test]
async fn an_application_has_room_of_its_own() {
    let app = with_limit(2).await;
    let ada = app.sign_in("ada").await;
    let mut sids = Vec::new();
    for _ in 0..3 {
        let code = Browser::of(&app, &ada).code(&[]).await;
        let body = redeem(&app, &code, &[]).await.json();
        sids.push(claims(body["access_token"].as_str().unwrap())["sid"].clone());
        app.wait(1);
    }
    let sessions = app.get("/api/sessions").bearer(&ada.access_token).send().await.json();
    let listed: Vec<_> =
        sessions["sessions"].as_array().unwrap().iter().map(|session| session["id"].clone()).collect();
    assert_eq!(listed.len(), 3, "the sign-in, and two of the application's");
    assert!(!listed.contains(&sids[0]) && listed.contains(&sids[1]) && listed.contains(&sids[2]));
}

async fn with_limit(max_sessions: u32) -> TestApp {
    let options = |options: &mut countersign::Options| {
        options.sessions.max_sessions = max_sessions;
        let mut shop = countersign::options::OauthClient::new("shop", "The Shop");
        shop.redirect_uris = vec![CALLBACK.to_owned()];
        options.oauth.clients = vec![shop];
    };
    TestApp::with(options, |_| {}).await
}

/// A page of any origin may bring its code here, and read what it gets, even with a library that sends cookies along: none counts.
#[tokio::test]
async fn applications_in_browsers_reach_the_token_endpoint() {
    let app = with_clients().await;
    let ada = app.sign_in("ada").await;
    let code = Browser::of(&app, &ada).code(&[]).await;
    let preflight =
        app.call(axum::http::Method::OPTIONS, "/oauth2/token").header("origin", "https://shop.example");
    let preflight = preflight.header("access-control-request-method", "POST").send().await;
    assert_eq!(preflight.status, StatusCode::NO_CONTENT);
    assert_eq!(preflight.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), Some("https://shop.example"));
    let form = query(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("client_id", "shop"),
        ("code_verifier", crate::oidc::VERIFIER),
    ]);
    let call = app
        .post("/oauth2/token")
        .header("origin", "https://shop.example")
        .header("sec-fetch-site", "cross-site");
    let reply = call.form(&form).send().await;
    assert_eq!(
        (reply.status, reply.header(header::ACCESS_CONTROL_ALLOW_ORIGIN)),
        (StatusCode::OK, Some("https://shop.example"))
    );
    assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), Some("true"));
    assert_eq!(reply.cookie(), None);
    assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
    // SECURITY: with the cookie alone nobody learns anything.
    let call = app.get("/oauth2/userinfo").header("origin", "https://shop.example").cookie(&ada.cookie);
    call.send().await.assert_error(401, "token_required");
    // Everywhere else nothing has changed.
    let call = app
        .post("/api/login")
        .header("origin", "https://shop.example")
        .header("sec-fetch-site", "cross-site");
    call.json(&json!({ "username": "ada", "password": "x" })).send().await.assert_error(403, "cross_origin");
}
