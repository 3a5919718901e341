//! Changing a password.

use axum::http::{Method, StatusCode};
use countersign::internal::model::audit::AuditKind;
use serde_json::json;

use crate::app::{PASSWORD, Reply, TestApp};

const NEW: &str = "a wholly different sentence";

async fn change(app: &TestApp, access_token: &str, current: &str, new: &str) -> Reply {
    let body = json!({ "currentPassword": current, "newPassword": new });
    app.call(Method::PUT, "/api/password").bearer(access_token).json(&body).send().await
}

/// PP-8: the current one is needed; the other sessions end; this one lives on.
#[tokio::test]
async fn a_password_change_ends_the_other_sessions() {
    let app = TestApp::new().await;
    let (device, other) = (app.sign_in("ada").await, app.sign_in("ada").await);
    change(&app, &device.access_token, "wrong", NEW).await.assert_error(403, "wrong_password");
    assert_eq!(app.profile(&other.access_token).await, 200);
    assert_eq!(change(&app, &device.access_token, PASSWORD, NEW).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.profile(&device.access_token).await, 200);
    assert_eq!(app.refresh(&device.cookie).await.status, StatusCode::OK);
    assert_eq!(app.profile(&other.access_token).await, 401);
    app.refresh(&other.cookie).await.assert_error(401, "session_revoked");
    app.login("ada", PASSWORD).await.assert_error(401, "invalid_credentials");
    assert_eq!(app.login("ada", NEW).await.status, StatusCode::OK);
    assert_eq!(app.audit(AuditKind::PasswordChanged).await.len(), 1);
}

/// PP-1, PP-2, PP-3: the policy says why.
#[tokio::test]
async fn a_weak_new_password_is_refused_with_the_reason() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    for (new, code) in [
        ("fourteen chars", "password_too_short"),
        (&*"x".repeat(257), "invalid_password"),
        (PASSWORD, "password_unchanged"),
    ] {
        let reply = change(&app, &device.access_token, PASSWORD, new).await;
        reply.assert_error(422, code);
    }
    assert_eq!(app.login("ada", PASSWORD).await.status, StatusCode::OK);
}

/// PP-4: composed and decomposed are one password; case and spaces are not touched.
#[tokio::test]
async fn passwords_are_normalised_and_nothing_else() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    let composed = " p\u{e9}rsonne ne le devine";
    assert_eq!(change(&app, &device.access_token, PASSWORD, composed).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.login("ada", " pe\u{301}rsonne ne le devine").await.status, StatusCode::OK);
    for other in [composed.trim(), &composed.to_uppercase()] {
        app.login("ada", other).await.assert_error(401, "invalid_credentials");
    }
}

/// PW-3: an imported bcrypt hash verifies and is replaced at the login.
#[tokio::test]
async fn an_imported_hash_is_renewed_at_the_next_good_login() {
    use countersign::internal::model::account::{ImportAccountsOutcome, NewAccount};
    use countersign::internal::password::PasswordHash;
    use countersign::store::AccountStore as _;
    let app = TestApp::new().await;
    let id = countersign::internal::base::id::AccountId::random(
        &countersign::internal::base::random::Random::system(),
    );
    let imported = bcrypt::hash(PASSWORD, 10).unwrap();
    let account = NewAccount {
        id,
        username: countersign::internal::model::account::Username::parse("imported").unwrap(),
        role: countersign::internal::model::account::Role::default(),
        claims: countersign::internal::model::account::CustomClaims::default(),
        password_hash: Some(PasswordHash::from_stored(imported)),
        disabled: false,
        password_change_required: false,
        locale: None,
        factors: Vec::new(),
    };
    let store = app.countersign.store();
    assert_eq!(
        store.import_accounts(vec![account], &app.operator()).await.unwrap(),
        ImportAccountsOutcome::Imported
    );
    app.login("imported", "wrong").await.assert_error(401, "invalid_credentials");
    for _ in 0..2 {
        assert_eq!(app.login("imported", PASSWORD).await.status, StatusCode::OK);
        let stored = store.credentials(id).await.unwrap().unwrap().password_hash.unwrap();
        assert!(stored.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", stored.as_str());
    }
}
