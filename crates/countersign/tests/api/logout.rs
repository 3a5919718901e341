//! Logging out works at once, in every form, and is no error the second time.

use axum::http::StatusCode;
use countersign::internal::model::audit::AuditKind;
use serde_json::json;

use crate::app::TestApp;

/// SE-3, SE-4: the session and its access tokens are dead when the answer is there; again is fine.
#[tokio::test]
async fn a_logout_works_at_once_and_twice() {
    let app = TestApp::new().await;
    let (device, phone) = (app.sign_in("ada").await, app.sign_in("ada").await);
    for _ in 0..2 {
        let reply = app.post("/api/logout").cookie(&device.cookie).send().await;
        assert_eq!((reply.status, reply.cookie().as_deref()), (StatusCode::NO_CONTENT, Some("")));
        assert_eq!(app.profile(&device.access_token).await, 401);
    }
    app.refresh(&device.cookie).await.assert_error(401, "session_revoked");
    assert_eq!(app.profile(&phone.access_token).await, 200);
    assert_eq!(app.audit(AuditKind::SessionEnded).await.len(), 1);
}

#[tokio::test]
async fn a_logout_everywhere_ends_every_session() {
    let app = TestApp::new().await;
    let (device, phone, other) =
        (app.sign_in("ada").await, app.sign_in("ada").await, app.sign_in("root").await);
    let reply =
        app.post("/api/logout").cookie(&device.cookie).json(&json!({ "everywhere": true })).send().await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT);
    for ended in [&device, &phone] {
        assert_eq!(app.profile(&ended.access_token).await, 401);
    }
    assert_eq!(app.profile(&other.access_token).await, 200);
}

/// An old copy of a token must not log out other devices; it ends its own session.
#[tokio::test]
async fn an_old_token_logs_out_its_own_session_only() {
    let app = TestApp::new().await;
    let (device, phone) = (app.sign_in("ada").await, app.sign_in("ada").await);
    let mut cookie = device.cookie.clone();
    for _ in 0..2 {
        app.wait(20);
        cookie = app.refresh(&cookie).await.cookie().unwrap();
    }
    app.post("/api/logout").cookie(&device.cookie).json(&json!({ "everywhere": true })).send().await;
    app.refresh(&cookie).await.assert_error(401, "session_revoked");
    assert_eq!(app.profile(&phone.access_token).await, 200);
}

/// Clients without a cookie log out by their access token, or by a refresh token in the body.
#[tokio::test]
async fn a_logout_by_bearer_or_body_works_too() {
    let app = TestApp::new().await;
    let (a, b) = (app.sign_in("ada").await, app.sign_in("ada").await);
    assert_eq!(app.post("/api/logout").bearer(&a.access_token).send().await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.profile(&a.access_token).await, 401);
    let body = json!({ "refreshToken": b.cookie });
    assert_eq!(app.post("/api/logout").json(&body).send().await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.profile(&b.access_token).await, 401);
}

/// SE-5: a cookie of a session that is over does not make a logout with a good access token a silent nothing.
#[tokio::test]
async fn a_stale_cookie_does_not_keep_a_bearer_from_logging_out() {
    let app = TestApp::new().await;
    let (old, new) = (app.sign_in("ada").await, app.sign_in("ada").await);
    app.post("/api/logout").cookie(&old.cookie).send().await;
    let reply = app.post("/api/logout").cookie(&old.cookie).bearer(&new.access_token).send().await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT);
    assert_eq!(app.profile(&new.access_token).await, 401);
}

/// SE-10: the cookie alone suffices when the access token has expired; SE-3: nothing at all is fine too.
#[tokio::test]
async fn a_logout_needs_no_good_access_token() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    app.wait(24 * 60 * 60);
    let reply = app.post("/api/logout").cookie(&device.cookie).bearer(&device.access_token).send().await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT);
    app.refresh(&device.cookie).await.assert_error(401, "session_revoked");
    assert_eq!(app.post("/api/logout").send().await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.post("/api/logout").cookie("nonsense").send().await.status, StatusCode::NO_CONTENT);
    app.post("/api/logout").bearer("nonsense").send().await.assert_error(401, "invalid_token");
}

/// CC-2: whatever the order, after the logout has answered nothing of the session works.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refresh_in_flight_does_not_survive_the_logout() {
    let app = TestApp::new().await;
    for _ in 0..50 {
        let device = app.sign_in("ada").await;
        app.wait(20);
        let (refreshed, _) =
            tokio::join!(app.refresh(&device.cookie), app.post("/api/logout").cookie(&device.cookie).send());
        if refreshed.status == StatusCode::OK {
            let body = refreshed.json();
            assert_eq!(app.profile(body["accessToken"].as_str().unwrap()).await, 401);
        }
        app.refresh(&device.cookie).await.assert_error(401, "session_revoked");
    }
}
