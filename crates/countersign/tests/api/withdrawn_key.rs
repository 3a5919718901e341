//! A signing key that somebody else may have is withdrawn: nothing that it has signed counts any more, and nobody has to sign in
//! again.

use axum::http::Method;
use countersign::guard::jwt::dangerous::decode_unverified;
use countersign::{AuditKind, FeedKeyName, Role};
use serde_json::{Value, json};

use crate::app::{Reply, TestApp};

fn kid(token: &str) -> String {
    decode_unverified(token).unwrap().header["kid"].as_str().unwrap().to_owned()
}

async fn withdraw(app: &TestApp, token: &str, kid: &str) -> Reply {
    app.call(Method::POST, "/api/admin/keys/withdraw").bearer(token).json(&json!({ "kid": kid })).send().await
}

async fn published(app: &TestApp) -> Vec<String> {
    let keys = app.get("/.well-known/jwks.json").send().await.json();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// KM-3: refused here when it is answered, on every other node at its next turn; the sessions go on.
#[tokio::test]
async fn what_a_withdrawn_key_has_signed_is_refused_and_sessions_go_on() {
    let nodes = TestApp::nodes(2).await;
    let (here, there) = (&nodes[0], &nodes[1]);
    here.register("root", Role::admin()).await;
    let (root, ada) = (here.sign_in("root").await, there.sign_in("ada").await);
    let stolen = kid(&ada.access_token);
    assert_eq!(there.profile(&ada.access_token).await, 200, "it is in the cache");
    withdraw(here, &root.access_token, "unknown").await.assert_error(404, "not_found");
    withdraw(here, &ada.access_token, &stolen).await.assert_error(403, "forbidden");

    let made = withdraw(here, &root.access_token, &stolen).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let made = made.json()["keys"][0].clone();
    assert_eq!((&made["state"], &made["alg"]), (&json!("active"), &json!("ES256")));
    assert_eq!(published(here).await, [made["kid"].as_str().unwrap()]);
    assert_eq!(here.profile(&root.access_token).await, 401);
    there.countersign.follow_keys(there.clock.now()).await.unwrap();
    assert_eq!(there.profile(&ada.access_token).await, 401);
    for (app, device) in [(here, &root), (there, &ada)] {
        let token = app.refresh(&device.cookie).await.json()["accessToken"].as_str().unwrap().to_owned();
        assert_eq!(kid(&token), made["kid"]);
        assert_eq!((here.profile(&token).await, there.profile(&token).await), (200, 200));
    }
    let events = here.audit(AuditKind::KeyWithdrawn).await;
    assert_eq!((events.len(), events[0].event.detail.as_deref()), (1, Some(stolen.as_str())));

    let root = here.sign_in("root").await;
    let again = withdraw(here, &root.access_token, &stolen).await;
    assert_eq!((again.status.as_u16(), again.json()), (200, json!({ "keys": [] })), "once");
    assert_eq!(here.profile(&root.access_token).await, 200);
}

/// KM-3: every follower hears which keys are withdrawn, with the tag of the set without them, whenever it comes.
#[tokio::test]
async fn the_feed_names_withdrawn_keys() {
    let app = TestApp::new().await;
    let name = FeedKeyName::parse("gateway").unwrap();
    let (_, secret) = app.countersign.add_feed_key(name, &app.operator()).await.unwrap();
    let feed = async || {
        let reply = app.get("/api/revocations").bearer(secret.as_str()).send().await;
        reply.json()
    };
    let before: Value = feed().await;
    assert_eq!(before.get("withdrawn"), None);
    let stolen = published(&app).await.remove(0);
    app.countersign.withdraw_key(&stolen, &app.operator()).await.unwrap();
    app.countersign.follow_revocations(app.clock.now()).await.unwrap();
    let after = feed().await;
    assert_eq!(after["withdrawn"], json!([stolen]));
    assert_ne!(after["keys"], before["keys"]);
}

/// KM-1: a key that does not sign has no successor, and the next one still takes over when its time comes.
#[tokio::test]
async fn the_key_that_signs_is_replaced_and_no_other() {
    let app = TestApp::new().await;
    let rotate = async |activation| {
        app.countersign.rotate_keys(activation, &app.operator()).await.unwrap().remove(0).kid
    };
    let withdraw = async |kid: &str| app.countersign.withdraw_key(kid, &app.operator()).await.unwrap();
    let first = published(&app).await.remove(0);
    let second = rotate(countersign::Activation::AtOnce).await;
    let next = rotate(countersign::Activation::WhenPublished).await;
    assert_eq!(withdraw(&first).await, [], "it has signed, and does not any more");
    assert_eq!(published(&app).await, [second.clone(), next.clone()]);
    app.wait(1);
    let made = withdraw(&second).await.remove(0).kid;
    assert_eq!(published(&app).await, [made.clone(), next.clone()]);
    assert_eq!(kid(&app.sign_in("ada").await.access_token), made);
    app.wait(24 * 60 * 60);
    assert_eq!(kid(&app.sign_in("ada").await.access_token), next);
}
