//! What verifiers fetch, and what probes see.

use axum::http::{StatusCode, header};
use countersign::guard::jwt::{ClaimsPolicy, JwkSet, TokenType, verify_access_token};
use countersign::internal::flows::keys::Activation;

use crate::app::{ISSUER, TestApp};

/// KM-2, KM-7: public members only, cacheable, with an `ETag`; a key is named by its thumbprint; and the keys verify our
/// tokens.
#[tokio::test]
async fn the_published_keys_verify_our_tokens() {
    let app = TestApp::new().await;
    let reply = app.get("/.well-known/jwks.json").send().await;
    assert_eq!(reply.header(header::CACHE_CONTROL), Some("public, max-age=300"));
    assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), Some("*"));
    let keys = reply.json()["keys"].clone();
    let names: Vec<_> = keys[0].as_object().unwrap().keys().cloned().collect();
    assert!(["d", "p", "q", "k"].iter().all(|private| !names.contains(&(*private).to_owned())), "{names:?}");
    let etag = reply.header(header::ETAG).unwrap();
    let again = app.get("/.well-known/jwks.json").header("if-none-match", etag).send().await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));

    let token = app.sign_in("ada").await.access_token;
    let set = JwkSet::parse(&reply.text).unwrap();
    assert_eq!(keys[0]["kid"].as_str(), set.keys()[0].thumbprint().as_deref());
    let policy = ClaimsPolicy::new(ISSUER, "api", TokenType::AccessToken, std::time::Duration::ZERO);
    assert!(verify_access_token(&token, &set, &policy, app.clock.now().as_unix_seconds()).is_ok());
}

/// KM-1: the next key is published, takes over a day later, and old tokens stay good.
#[tokio::test]
async fn rotated_keys_switch_by_the_state_rules() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    let kid = |token: &str| {
        let token = countersign::guard::jwt::dangerous::decode_unverified(token).unwrap();
        token.header["kid"].as_str().unwrap().to_owned()
    };
    let next =
        app.countersign.rotate_keys(Activation::WhenPublished, &app.operator()).await.unwrap().remove(0);
    let again =
        app.countersign.rotate_keys(Activation::WhenPublished, &app.operator()).await.unwrap().remove(0);
    assert_eq!(next.kid, again.kid, "one next key at a time");
    let published = app.get("/.well-known/jwks.json").send().await.json();
    assert_eq!(published["keys"].as_array().unwrap().len(), 2);
    assert_eq!(published["keys"][0]["kid"], kid(&device.access_token), "the one that signs comes first");
    app.wait(24 * 60 * 60 - 1);
    let before = app.sign_in("ada").await.access_token;
    assert_ne!(kid(&before), next.kid);
    app.wait(1);
    let after = app.sign_in("ada").await.access_token;
    assert_eq!(kid(&after), next.kid);
    assert_eq!((app.profile(&before).await, app.profile(&after).await), (200, 200));
    app.wait(3 * 60 * 60);
    app.countersign.maintain_keys(app.clock.now()).await.unwrap();
    let published = app.get("/.well-known/jwks.json").send().await.json();
    assert_eq!(published["keys"].as_array().unwrap().len(), 1, "the old key is gone");
}

/// An emergency is an emergency each time, also while a next key waits.
#[tokio::test]
async fn a_rotation_at_once_makes_a_key_that_signs_every_time() {
    let app = TestApp::new().await;
    app.countersign.rotate_keys(Activation::WhenPublished, &app.operator()).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let made = app.countersign.rotate_keys(Activation::AtOnce, &app.operator()).await.unwrap().remove(0);
        assert_eq!(made.state.name(), "active");
        let token = app.sign_in("ada").await.access_token;
        let token = countersign::guard::jwt::dangerous::decode_unverified(&token).unwrap();
        assert_eq!(token.header["kid"], made.kid);
        assert!(!seen.contains(&made.kid));
        seen.push(made.kid);
        app.wait(1);
    }
}

/// A newly configured algorithm is a rotation like any other: published a day ahead, and back again.
#[tokio::test]
async fn another_algorithm_takes_over_by_the_state_rules() {
    use countersign::guard::jwt::Algorithm;
    use countersign::internal::base::clock::{Clock, Timestamp};
    use countersign::internal::base::master_key::MasterKeys;
    use countersign::internal::base::random::Random;
    use countersign::store::sqlite::{OpenMode, SqliteStore};
    use countersign::{Countersign, Options};
    let folder = tempfile::tempdir().unwrap();
    let random = Random::insecure_seeded(1);
    let clock = Clock::manual(Timestamp::from_unix_millis(1_800_000_000_000));
    for (algorithm, expected) in [
        (Algorithm::Es256, &["ES256 active"][..]),
        (Algorithm::EdDsa, &["ES256 active", "EdDSA next"]),
        (Algorithm::Es256, &["ES256 active", "EdDSA retired"]),
    ] {
        let mut options = Options::new(ISSUER, "api");
        options.audiences.default.algorithm = algorithm;
        let store =
            SqliteStore::open(folder.path().join("a.db"), OpenMode::Server, options.sessions).unwrap();
        let keys = MasterKeys::generate(&Random::insecure_seeded(2));
        let opened = Countersign::open(store, options, keys, clock.clone(), random.clone()).await.unwrap();
        let listed = opened.list_keys(clock.now());
        let listed: Vec<_> =
            listed.iter().map(|key| format!("{} {}", key.algorithm, key.state.name())).collect();
        assert_eq!(listed, expected);
    }
}

/// RFC 8414; TP-3: the issuer is the configured one, whatever the Host header says.
#[tokio::test]
async fn the_metadata_names_the_configured_issuer() {
    let app = TestApp::new().await;
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
        let call = app.get(path).header("host", "evil.example").header("x-forwarded-host", "evil.example");
        let reply = call.send().await;
        assert_eq!(reply.json()["issuer"], ISSUER);
        assert_eq!(reply.json()["jwks_uri"], format!("{ISSUER}/.well-known/jwks.json"));
        assert_eq!(reply.json()["id_token_signing_alg_values_supported"], serde_json::json!(["ES256"]));
        assert_eq!(reply.json()["introspection_endpoint"], format!("{ISSUER}/oauth2/introspect"));
        assert_eq!(reply.json()["revocation_endpoint"], format!("{ISSUER}/oauth2/revoke"));
        for endpoint in ["introspection", "revocation"] {
            let methods = &reply.json()[format!("{endpoint}_endpoint_auth_methods_supported")];
            assert_eq!(*methods, serde_json::json!(["client_secret_basic", "client_secret_post"]));
        }
        assert_eq!(reply.json()["scopes_supported"], serde_json::json!([]));
        assert!(!reply.text.contains("evil"));
    }
}

#[tokio::test]
async fn probes_answer_and_development_mode_shows() {
    let app = TestApp::with(|_| {}, |http| http.development = true).await;
    assert_eq!(app.get("/healthz").send().await.json()["mode"], "development");
    assert_eq!(app.get("/readyz").send().await.json()["status"], "ready");
    let app = TestApp::new().await;
    assert_eq!(app.get("/healthz").send().await.json()["mode"], "production");
}
