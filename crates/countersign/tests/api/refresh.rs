//! Rotation as a client sees it.

use axum::http::{StatusCode, header};
use countersign::internal::model::account::AccountChange;
use countersign::internal::model::audit::AuditKind;

use crate::app::{Device, TestApp};

/// RF-3b: a young token gives an access token and leaves the jar alone.
#[tokio::test]
async fn a_young_token_is_not_rotated_and_sets_no_cookie() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    app.wait(19);
    let reply = app.refresh(&device.cookie).await;
    assert_eq!((reply.status, reply.header(header::SET_COOKIE)), (StatusCode::OK, None));
    assert_eq!(app.profile(reply.json()["accessToken"].as_str().unwrap()).await, 200);
}

/// RF-1, RF-3: rotation; the parent gets the same successor with a full cookie for fifteen seconds, then it is reuse.
#[tokio::test]
async fn the_parent_gets_the_same_successor_again_and_later_ends_the_session() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    app.wait(20);
    let advanced = app.refresh(&device.cookie).await;
    let successor = advanced.cookie().unwrap();
    assert_ne!(successor, device.cookie);
    for _ in 0..3 {
        app.wait(4);
        let replay = app.refresh(&device.cookie).await;
        assert_eq!((replay.status, replay.cookie()), (StatusCode::OK, Some(successor.clone())));
    }
    app.wait(3);
    app.refresh(&device.cookie).await.assert_error(401, "refresh_token_reused");
    app.refresh(&successor).await.assert_error(401, "session_revoked");
    assert_eq!(app.profile(advanced.json()["accessToken"].as_str().unwrap()).await, 401, "access tokens too");
    assert_eq!(app.audit(AuditKind::RefreshReuseDetected).await.len(), 1);
}

/// RF-2: a grandparent ends its session, and only that one.
#[tokio::test]
async fn a_reused_refresh_token_ends_its_session_only() {
    let app = TestApp::new().await;
    let (stolen, phone) = (app.sign_in("ada").await, app.sign_in("ada").await);
    let mut cookie = stolen.cookie.clone();
    for _ in 0..2 {
        app.wait(20);
        cookie = app.refresh(&cookie).await.cookie().unwrap();
    }
    let reply = app.refresh(&stolen.cookie).await;
    reply.assert_error(401, "refresh_token_reused");
    assert_eq!(reply.cookie().as_deref(), Some(""), "the session is over: the cookie goes");
    assert_eq!(app.refresh(&phone.cookie).await.status, StatusCode::OK);
    assert_eq!(app.profile(&phone.access_token).await, 200);
}

/// CC-1: twenty at once with one cookie: twenty answers, one successor, a living session.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_parallel_refreshes_give_one_successor() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    app.wait(20);
    let calls = (0..20).map(|_| app.refresh(&device.cookie));
    let replies = futures_util::future::join_all(calls).await;
    assert!(replies.iter().all(|reply| reply.status == StatusCode::OK));
    let mut successors: Vec<_> = replies.iter().filter_map(crate::app::Reply::cookie).collect();
    assert_eq!(successors.len(), 20);
    successors.dedup();
    assert_eq!(successors.len(), 1);
    app.wait(20);
    assert_eq!(app.refresh(&successors[0]).await.status, StatusCode::OK);
}

/// RF-7: a refresh re-reads the account.
#[tokio::test]
async fn a_changed_role_shows_at_the_next_refresh_and_a_disabled_account_is_refused() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    let id = device.user_id.parse().unwrap();
    let promote = AccountChange { role: Some("editor".parse().unwrap()), ..AccountChange::default() };
    app.countersign.change_account(id, promote, &app.operator()).await.unwrap();
    assert_eq!(app.refresh(&device.cookie).await.json()["user"]["role"], "editor");
    let disable = AccountChange { disabled: Some(true), ..AccountChange::default() };
    app.countersign.change_account(id, disable, &app.operator()).await.unwrap();
    assert_eq!(app.profile(&device.access_token).await, 401, "TH-5, SE-4: at once");
    app.refresh(&device.cookie).await.assert_error(401, "session_revoked");
}

/// TK-6: a rotation renews a token, not what its owner has proved.
#[tokio::test]
async fn a_refresh_keeps_when_and_how_the_owner_signed_in() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    app.wait(20);
    let reply = app.refresh(&device.cookie).await;
    let proved = |token: &str| {
        let payload = countersign::guard::jwt::dangerous::decode_unverified(token).unwrap().payload;
        (payload["auth_time"].clone(), payload["amr"].clone(), payload["iat"].as_i64().unwrap())
    };
    let (before, after) =
        (proved(&device.access_token), proved(reply.json()["accessToken"].as_str().unwrap()));
    assert_eq!((&after.0, &after.1), (&before.0, &before.1));
    assert_eq!(after.2 - before.2, 20);
}

/// SE-2, RF-8: idle and absolute end, to the second; Max-Age follows.
#[tokio::test]
async fn a_session_ends_by_idling_and_by_age() {
    const DAY: u64 = 24 * 60 * 60;
    let app = TestApp::new().await;
    let idle = app.sign_in("ada").await;
    app.wait(7 * DAY);
    let reply = app.refresh(&idle.cookie).await;
    reply.assert_error(401, "session_expired");
    assert_eq!(reply.cookie().as_deref(), Some(""));

    let mut cookie = app.sign_in("ada").await.cookie;
    for day in 1..30 {
        app.wait(DAY);
        let reply = app.refresh(&cookie).await;
        let max_age = reply.header(header::SET_COOKIE).unwrap().rsplit('=').next().unwrap().to_owned();
        assert_eq!(max_age, ((30 - day).min(7) * DAY).to_string(), "day {day}");
        cookie = reply.cookie().unwrap();
    }
    app.wait(DAY - 1);
    cookie = app.refresh(&cookie).await.cookie().unwrap();
    app.wait(1);
    app.refresh(&cookie).await.assert_error(401, "session_expired");
}

/// RF-11, RF-12: what is not ours is refused without a store, and the jar is left alone.
#[tokio::test]
async fn a_token_that_is_not_ours_changes_nothing() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    let mut forged = device.cookie.clone();
    let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
    forged.push(last);
    for cookie in [forged.as_str(), "x", "csr_", &device.access_token, &"y".repeat(4000)] {
        let reply = app.refresh(cookie).await;
        reply.assert_error(401, "invalid_refresh_token");
        assert_eq!(reply.header(header::SET_COOKIE), None);
    }
    let refused = app.post("/api/refresh").send().await;
    refused.assert_error(401, "no_refresh_token");
    // Whoever asks whether there is a session gets an answer, in the same words; whoever has shown something wrong does not.
    let asked = app.post("/api/refresh?if-any").send().await;
    assert_eq!((asked.status, &asked.text), (StatusCode::OK, &refused.text));
    assert_eq!(asked.header(header::WWW_AUTHENTICATE), None);
    app.post("/api/refresh?if-any").cookie(&forged).send().await.assert_error(401, "invalid_refresh_token");
    assert_eq!(
        app.post("/api/refresh?if-any").cookie(&device.cookie).send().await.json()["user"]["username"],
        "ada"
    );
    assert_eq!(app.refresh(&device.cookie).await.status, StatusCode::OK);
    // RF-10: a refresh token is no access token.
    assert_eq!(app.profile(&device.cookie).await, 401);
}

/// CK-4: two cookies, or a cookie and a body, are ambiguous and change nothing.
#[tokio::test]
async fn two_refresh_tokens_are_refused() {
    let app = TestApp::new().await;
    let (a, b) = (app.sign_in("ada").await, app.sign_in("ada").await);
    app.wait(20);
    let both = format!("__Host-refreshToken={}; __Host-refreshToken={}", a.cookie, b.cookie);
    for path in ["/api/refresh", "/api/logout"] {
        let reply = app.post(path).header("cookie", &both).send().await;
        reply.assert_error(400, "ambiguous_refresh_token");
    }
    let body = serde_json::json!({ "refreshToken": b.cookie });
    let reply = app.post("/api/refresh").cookie(&a.cookie).json(&body).send().await;
    reply.assert_error(400, "ambiguous_refresh_token");
    for device in [a, b] {
        let advanced = app.refresh(&device.cookie).await;
        assert_eq!(advanced.status, StatusCode::OK);
        assert_ne!(Device::from(&advanced).cookie, device.cookie, "still unused until now");
    }
}

/// RF-6: the store lost writes; an honest client survives it.
#[tokio::test]
async fn a_token_ahead_of_the_store_heals() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    let codec = countersign::internal::model::session::refresh_token::RefreshTokenCodec::new(
        &countersign::internal::base::master_key::MasterKeys::generate(
            &countersign::internal::base::random::Random::insecure_seeded(42),
        ),
    );
    let ahead = codec.encode(&codec.parse(&device.cookie).unwrap().with_generation(7));
    let healed = app.refresh(&ahead).await;
    assert_eq!((healed.status, healed.cookie()), (StatusCode::OK, None), "it is the newest again");
    app.wait(20);
    let advanced = app.refresh(&ahead).await;
    assert_eq!(codec.parse(&advanced.cookie().unwrap()).unwrap().presented().generation, 8);
    assert_eq!(app.audit(AuditKind::SessionHealed).await.len(), 1);
}
