//! The list of devices, and ending one of them from another.

use axum::http::{Method, StatusCode};

use crate::app::TestApp;

/// SE-7: what the list says.
#[tokio::test]
async fn the_list_shows_live_sessions_with_this_one_marked() {
    let app = TestApp::new().await;
    let body = serde_json::json!({ "username": "ada", "password": crate::app::PASSWORD });
    let phone = app.post("/api/login").header("user-agent", "Phone/1.0").json(&body).send().await;
    app.wait(60);
    let device = app.sign_in("ada").await;
    app.sign_in("root").await;
    app.post("/api/refresh").cookie(&phone.cookie().unwrap()).send().await;
    let list = app.get("/api/sessions").bearer(&device.access_token).send().await.json();
    let sessions = list["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| session["current"] == false).unwrap();
    assert_eq!((&other["userAgent"], &other["address"]), (&"Phone/1.0".into(), &"127.0.0.1".into()));
    assert_eq!(other["createdAt"], "2023-11-14T22:13:20.000Z");
    assert_eq!(other["lastUsedAt"], "2023-11-14T22:14:20.000Z");
    assert_eq!(other["expiresAt"], "2023-11-21T22:14:20.000Z");
    assert_eq!(sessions.iter().filter(|session| session["current"] == true).count(), 1);
}

/// SE-6, EN-5: one, and all others; somebody else's cannot be ended, and cannot be told from none.
#[tokio::test]
async fn sessions_are_ended_by_their_owner_only() {
    let app = TestApp::new().await;
    let mut devices = Vec::new();
    for _ in 0..4 {
        devices.push(app.sign_in("ada").await);
    }
    let root = app.sign_in("root").await;
    let id = |access_token: &str| {
        let token = countersign::guard::jwt::dangerous::decode_unverified(access_token).unwrap();
        token.payload["sid"].as_str().unwrap().to_owned()
    };
    let end = |target: &str, by: &str| {
        app.call(Method::DELETE, &format!("/api/sessions/{target}")).bearer(by).send()
    };

    end(&id(&devices[1].access_token), &root.access_token).await.assert_error(404, "not_found");
    for nonsense in ["x", "..", "%FF", "00000000-0000-4000-8000-000000000000"] {
        end(nonsense, &devices[0].access_token).await.assert_error(404, "not_found");
    }
    let reply = end(&id(&devices[1].access_token), &devices[0].access_token).await;
    assert_eq!((reply.status, reply.cookie()), (StatusCode::NO_CONTENT, None));
    assert_eq!(app.profile(&devices[1].access_token).await, 401);
    end(&id(&devices[1].access_token), &devices[0].access_token).await.assert_error(404, "not_found");

    let others = app.call(Method::DELETE, "/api/sessions").bearer(&devices[0].access_token).send().await;
    assert_eq!(others.status, StatusCode::NO_CONTENT);
    assert_eq!(app.profile(&devices[0].access_token).await, 200);
    for device in &devices[2..] {
        assert_eq!(app.profile(&device.access_token).await, 401);
        app.refresh(&device.cookie).await.assert_error(401, "session_revoked");
    }
    let own = end(&id(&devices[0].access_token), &devices[0].access_token).await;
    assert_eq!(own.cookie().as_deref(), Some(""), "this session is over: the cookie goes");
    assert_eq!(app.profile(&root.access_token).await, 200);
}
