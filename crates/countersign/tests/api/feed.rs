//! The feed of ended sessions: who may follow it, and what it says. How it says it is tested beside it, in the guard.

use axum::http::header;
use countersign::FeedKeyName;
use countersign::internal::flows::logout::Scope;
use countersign::internal::model::session::SessionSelector;
use serde_json::{Value, json};

use crate::app::TestApp;

/// A feed key with this name.
async fn key(app: &TestApp, name: &str) -> String {
    let name = FeedKeyName::parse(name).unwrap();
    let (_, secret) = app.countersign.add_feed_key(name, &app.operator()).await.unwrap();
    secret.as_str().to_owned()
}

async fn feed(app: &TestApp, key: &str, after: Option<&Value>) -> Value {
    let after = after.map(|cursor| format!("?after={}", cursor.as_str().unwrap())).unwrap_or_default();
    let reply = app.get(&format!("/api/revocations{after}")).bearer(key).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

/// SE-4: a logout is in the feed when it is answered, whoever made it, and for as long as a token may be accepted.
#[tokio::test]
async fn an_ended_session_is_in_the_feed_until_its_last_token_has_expired() {
    let app = TestApp::new().await;
    let key = key(&app, "gateway").await;
    let before = feed(&app, &key, None).await;
    assert_eq!(
        (&before["iss"], &before["retain"], &before["revoked"]),
        (&json!("https://auth.example"), &json!(1200), &json!([]))
    );
    let keys = app.get("/.well-known/jwks.json").send().await;
    assert_eq!(before["keys"].as_str(), keys.header(header::ETAG));
    let (phone, laptop) = (app.sign_in("ada").await, app.sign_in("ada").await);
    app.countersign.logout(&phone.cookie, Scope::This, &app.operator()).await.unwrap();
    let all = feed(&app, &key, None).await;
    let ended = &all["revoked"][0];
    let claims = countersign::guard::jwt::dangerous::decode_unverified(&phone.access_token).unwrap().payload;
    assert_eq!(ended["sid"], json!([claims["sid"]]));
    // Fifteen minutes of life; a leeway of two, and three until the end was committed.
    assert_eq!(ended["until"], json!(app.clock.now().as_unix_seconds() + 20 * 60 + 1));
    assert_eq!(claims["exp"].as_i64().unwrap() + 5 * 60 + 1, ended["until"].as_i64().unwrap());
    assert_eq!(feed(&app, &key, Some(&all["cursor"])).await["mode"], "delta");
    // Another process: it is in the feed when this one has read its store.
    let id =
        countersign::guard::jwt::dangerous::decode_unverified(&laptop.access_token).unwrap().payload["sid"]
            .clone();
    let which = SessionSelector::One(id.as_str().unwrap().parse().unwrap());
    let store = app.countersign.store();
    let reason = countersign::internal::model::session::EndReason::Ended;
    countersign::store::SessionStore::end_sessions(store, which, reason, &app.operator()).await.unwrap();
    app.wait(1);
    app.countersign.follow_revocations(app.clock.now()).await.unwrap();
    let news = feed(&app, &key, None).await;
    assert_eq!(news["asOf"], json!(all["asOf"].as_i64().unwrap() + 1000));
    let ids: Vec<_> = news["revoked"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|event| event["sid"].as_array().unwrap())
        .collect();
    assert!(ids.len() == 2 && ids.contains(&&id), "{news}");
    app.wait(20 * 60 - 1);
    assert_eq!(feed(&app, &key, None).await["revoked"].as_array().unwrap().len(), 1);
    app.wait(11); // what followers begin with is shared for ten seconds
    assert_eq!(feed(&app, &key, None).await["revoked"], json!([]));
}

/// RFC 6750 §3.1.
#[tokio::test]
async fn a_key_opens_the_feed_and_nothing_else_until_it_is_removed() {
    let app = TestApp::new().await;
    let (gateway, reports) = (key(&app, "gateway").await, key(&app, "reports").await);
    for key in [&gateway, &reports] {
        feed(&app, key, None).await;
        app.get("/api/profile").bearer(key).send().await.assert_error(401, "invalid_token");
    }
    let ask = async |key: &str| app.get("/api/revocations").bearer(key).send().await;
    let root = app.sign_in("root").await.access_token;
    for wrong in [&root, "csf_", &gateway[..33], &gateway.to_lowercase(), &format!("{gateway}A")] {
        let reply = ask(wrong).await;
        reply.assert_error(401, "invalid_token");
        assert_eq!(
            reply.header(header::WWW_AUTHENTICATE),
            Some(r#"Bearer realm="api", error="invalid_token""#)
        );
    }
    let none = app.get("/api/revocations").send().await;
    none.assert_error(401, "token_required");
    assert_eq!(none.header(header::WWW_AUTHENTICATE), Some(r#"Bearer realm="api""#));
    let name = FeedKeyName::parse("gateway").unwrap();
    assert!(app.countersign.remove_feed_key(name, &app.operator()).await.unwrap());
    ask(&gateway).await.assert_error(401, "invalid_token");
    feed(&app, &reports, None).await;
    let again = key(&app, "gateway").await;
    assert_ne!(again, gateway, "another key of the same name");
    ask(&gateway).await.assert_error(401, "invalid_token");
    feed(&app, &again, None).await;
}

#[tokio::test]
async fn a_public_feed_asks_for_no_key() {
    let app = TestApp::with(|options| options.feed.public = true, |_| {}).await;
    let reply = app.get("/api/revocations").send().await;
    assert_eq!((reply.status.as_u16(), reply.header(header::CACHE_CONTROL)), (200, Some("max-age=1")));
    app.get("/api/revocations?wait=26").send().await.assert_error(422, "invalid_value");
    let metadata = app.get("/.well-known/oauth-authorization-server").send().await.json();
    assert_eq!(metadata["revocations_endpoint"], "https://auth.example/api/revocations");
}

/// The limit is for everybody, and administrators see who takes it up.
#[tokio::test]
async fn followers_are_bounded_and_seen_by_administrators() {
    let app = TestApp::with(|options| options.feed.max_followers = 1, |_| {}).await;
    let (root, key) = (app.sign_in("root").await.access_token, key(&app, "gateway").await);
    let followers =
        async || app.get("/api/admin/followers").bearer(&root).send().await.json()["followers"].clone();
    assert_eq!(followers().await, json!([]));
    let request = countersign::guard::feed::FeedRequest::parse(
        None,
        &[(header::ACCEPT, "text/event-stream".parse().unwrap())].into_iter().collect(),
    );
    let caller = app.countersign.feed_caller(&key, Some([192, 0, 2, 1].into())).unwrap();
    let stream = app.countersign.feed().respond(request.unwrap(), caller).await.unwrap();
    let seen = followers().await;
    let expected = json!([{
        "name": "gateway", "address": "192.0.2.1", "since": app.clock.now().to_string(),
        "stream": true, "behind": 0, "lag": 0,
    }]);
    assert_eq!(seen, expected);
    let full = app.get("/api/revocations").bearer(&key).send().await;
    full.assert_error(503, "overloaded");
    assert_eq!(full.header(header::RETRY_AFTER), Some("5"));
    drop(stream);
    feed(&app, &key, None).await;
    assert_eq!(followers().await, json!([]));
}
