//! Clients that hang up: axum drops a handler's future then, at whatever await it stands (CC-6).

use std::future::Future;
use std::pin::pin;

use axum::http::StatusCode;
use futures_util::poll;
use serde_json::json;

use crate::app::{Device, PASSWORD, TestApp};
use crate::database;

/// Polls a request so many times, giving the store and the hashing pool room to answer in between, and drops it.
async fn abandon(request: impl Future, polls: usize) -> bool {
    let mut request = pin!(request);
    for _ in 0..polls {
        if poll!(request.as_mut()).is_ready() {
            return false;
        }
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
    }
    true
}

/// Waits until what the abandoned requests had begun has run to its end: a request that is still under way minutes later
/// is another story.
async fn settle() {
    // A connection to PostgreSQL has two tasks for as long as it lasts, that of the bell too.
    let own = if database::is_wanted() { 2 * 7 } else { 0 };
    while tokio::runtime::Handle::current().metrics().num_alive_tasks() > own {
        tokio::task::yield_now().await;
    }
}

/// Whatever was abandoned wherever, the next request finds the old state or the new one, and the pool is free.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_request_leaves_the_old_state_or_the_new_one() {
    let app = TestApp::new().await;
    // Of somebody else: each login that was started may be a session, and of too many the oldest ends.
    let credentials = json!({ "username": "root", "password": PASSWORD });
    let mut device = app.sign_in("ada").await;
    let mut abandoned = 0;
    for polls in (0..8).cycle().take(200) {
        app.wait(20);
        let refresh = app.post("/api/refresh").cookie(&device.cookie).send();
        abandoned += usize::from(abandon(refresh, polls).await);
        // Rotated or not, the token that the client still has is answered, and the session lives.
        let reply = app.refresh(&device.cookie).await;
        assert_eq!(reply.status, StatusCode::OK, "after {polls} polls: {}", reply.text);
        if reply.cookie().is_some() {
            device = Device::from(&reply);
        }
        if polls % 4 == 0 {
            abandoned += usize::from(abandon(app.post("/api/login").json(&credentials).send(), polls).await);
        }
        settle().await;
    }
    // Those that were not polled at all, and the logins: a hash takes longer than four polls.
    assert!(abandoned >= 75, "{abandoned}");

    for polls in 0..8 {
        let device = app.sign_in("ada").await;
        let was_abandoned = abandon(app.post("/api/logout").cookie(&device.cookie).send(), polls).await;
        let profile = app.profile(&device.access_token).await;
        let refreshed = app.refresh(&device.cookie).await.status;
        // A logout that was answered holds; one that was not either happened wholly or may still be on its way.
        assert!(was_abandoned || (profile == 401 && refreshed == StatusCode::UNAUTHORIZED));
    }
    assert_eq!(app.login("ada", PASSWORD).await.status, StatusCode::OK, "no permit was lost");
}
