//! Public keys of another system: published, good for its tokens until their time is over, and never used to sign.

use std::time::Duration;

use countersign::guard::jwt::dangerous::decode_unverified;
use countersign::guard::jwt::{Algorithm, SigningKey, sign};
use countersign::options::VerifyOnlyKey;
use countersign::{Activation, Context, WithdrawKeyError};
use serde_json::json;

use crate::app::{ISSUER, START, TestApp};

const HOUR: Duration = Duration::from_hours(1);

fn token(key: &SigningKey, issuer: &str) -> String {
    let now = START.as_unix_seconds();
    let claims = json!({
        "iss": issuer, "aud": "api", "sub": "7", "jti": "j", "role": "user", "iat": now, "exp": now + 2 * 3600,
    });
    sign(&claims, key, "at+jwt").unwrap()
}

async fn verify(app: &TestApp, token: &str) -> u16 {
    app.get("/api/verify").bearer(token).send().await.status.as_u16()
}

async fn published(app: &TestApp) -> Vec<String> {
    let keys = app.get("/.well-known/jwks.json").send().await.json();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// KM-11: also of an algorithm that no audience is signed with.
#[tokio::test]
async fn tokens_of_another_system_pass_until_its_time_is_over() {
    let old = SigningKey::generate(Algorithm::EdDsa).unwrap().with_key_id("old/1");
    let key = VerifyOnlyKey { key: old.verifying_key(), until: START.plus(HOUR) };
    let app = TestApp::with(|options| options.verify_only = vec![key], |_| {}).await;
    let (good, other) = (token(&old, ISSUER), token(&old, "https://old.example"));
    let renamed = token(&old.clone().with_key_id("old/2"), ISSUER);
    assert_eq!(
        [verify(&app, &good).await, verify(&app, &other).await, verify(&app, &renamed).await],
        [204, 401, 401]
    );
    let keys = published(&app).await;
    assert_eq!((keys.len(), keys[1].as_str()), (2, "old/1"), "ours is the first");

    // It is nothing that could be rotated, listed, withdrawn or sign.
    let now = app.clock.now();
    let operator: Context = app.operator();
    app.countersign.rotate_keys(Activation::AtOnce, &operator).await.unwrap();
    assert!(app.countersign.list_keys(now).iter().all(|key| key.kid != "old/1"));
    let withdrawn = app.countersign.withdraw_key("old/1", &operator).await;
    assert!(matches!(withdrawn, Err(WithdrawKeyError::Unknown)), "{withdrawn:?}");
    let ada = app.sign_in("ada").await.access_token;
    assert_ne!(decode_unverified(&ada).unwrap().header["kid"], "old/1");
    assert_eq!(verify(&app, &good).await, 204, "our new key changes nothing");

    app.wait(3599);
    app.countersign.maintain_keys(app.clock.now()).await.unwrap();
    assert_eq!((verify(&app, &good).await, published(&app).await.contains(&"old/1".to_owned())), (204, true));
    app.wait(1);
    assert!(!published(&app).await.contains(&"old/1".to_owned()));
    app.countersign.maintain_keys(app.clock.now()).await.unwrap();
    assert_eq!(verify(&app, &good).await, 401);
    // A change of the keys does not bring it back.
    app.countersign.rotate_keys(Activation::AtOnce, &app.operator()).await.unwrap();
    app.countersign.maintain_keys(app.clock.now()).await.unwrap();
    assert_eq!(verify(&app, &good).await, 401);
}
