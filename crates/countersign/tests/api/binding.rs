//! Sessions that only one device can refresh (RF-15): by DPoP proofs, RFC 9449.

use axum::http::{StatusCode, header};
use countersign::internal::base::master_key::MasterKeys;
use countersign::internal::base::random::Random;
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::session::refresh_token::RefreshTokenCodec;
use serde_json::json;

use crate::app::{FRONT_END, PASSWORD, TestApp};
use crate::keyed::{Key, refresh_with};

/// A copied cookie is worth nothing: it is refused, noticed, and ends nothing.
#[tokio::test]
async fn a_copied_cookie_is_refused_and_noticed_and_the_owner_stays() {
    let app = TestApp::new().await;
    let (key, thief) = (Key::new(), Key::new());
    let device = key.sign_in(&app, "ada").await;
    let bound = app.audit(AuditKind::DeviceBound).await;
    assert_eq!(bound.len(), 1);
    app.wait(20);
    for _ in 0..3 {
        for reply in [app.refresh(&device.cookie).await, thief.refresh(&app, &device.cookie).await] {
            reply.assert_error(401, "device_proof_required");
            assert_eq!(reply.header(header::SET_COOKIE), None, "RF-12: the jar may be the owner's");
            assert_eq!(reply.header(header::WWW_AUTHENTICATE), Some(r#"DPoP algs="ES256 EdDSA""#));
        }
    }
    let missing = app.audit(AuditKind::DeviceProofMissing).await;
    assert_eq!(missing.len(), 1, "once an hour");
    assert_eq!(missing[0].event.session_id, bound[0].event.session_id);
    app.wait(3_600);
    app.refresh(&device.cookie).await.assert_error(401, "device_proof_required");
    assert_eq!(app.audit(AuditKind::DeviceProofMissing).await.len(), 2);
    let advanced = key.refresh(&app, &device.cookie).await;
    assert_eq!(advanced.status, StatusCode::OK, "{}", advanced.text);
    let successor = advanced.cookie().unwrap();
    assert_ne!(successor, device.cookie);
    app.refresh(&successor).await.assert_error(401, "device_proof_required");
    assert_eq!(app.profile(advanced.json()["accessToken"].as_str().unwrap()).await, 200);
    assert_eq!(app.audit(AuditKind::SessionEnded).await.len(), 0);
}

/// The limit that the simulation showed: a response that is lost on a device that sleeps for hours, again and again.
#[tokio::test]
async fn the_parent_is_honoured_at_any_time_with_a_proof() {
    let app = TestApp::new().await;
    let key = Key::new();
    let mut cookie = key.sign_in(&app, "ada").await.cookie;
    for _ in 0..4 {
        app.wait(20);
        let lost = key.refresh(&app, &cookie).await.cookie().unwrap();
        for hours in [1, 9, 30] {
            app.wait(hours * 3_600);
            let repeated = key.refresh(&app, &cookie).await;
            assert_eq!((repeated.status, repeated.cookie()), (StatusCode::OK, Some(lost.clone())));
        }
        // RF-3b: the successor is as good as new.
        assert_eq!(key.refresh(&app, &lost).await.cookie(), None, "young");
        cookie = lost;
    }
    assert_eq!(app.audit(AuditKind::RefreshReuseDetected).await.len(), 0);
}

/// RF-2: with the key too, whatever is older than the parent is a copy.
#[tokio::test]
async fn a_grandparent_ends_the_session_even_with_a_proof() {
    let app = TestApp::new().await;
    let key = Key::new();
    let first = key.sign_in(&app, "ada").await.cookie;
    let mut cookie = first.clone();
    for _ in 0..2 {
        app.wait(20);
        cookie = key.refresh(&app, &cookie).await.cookie().unwrap();
    }
    app.refresh(&first).await.assert_error(401, "device_proof_required");
    key.refresh(&app, &first).await.assert_error(401, "refresh_token_reused");
    key.refresh(&app, &cookie).await.assert_error(401, "session_revoked");
}

/// RFC 9449 §4.3, §11.1: what is not a proof for this request, or was one before, is refused before anything is looked at.
#[tokio::test]
async fn a_proof_is_for_one_request() {
    let app = TestApp::new().await;
    let key = Key::new();
    let device = key.sign_in(&app, "ada").await;
    app.wait(20);
    let with = |change: fn(&mut serde_json::Value)| key.proof_with(&app, "/api/refresh", change);
    for proof in [
        key.proof(&app, "/api/login"),
        with(|payload| payload["htu"] = "https://evil.example/api/refresh".into()),
        with(|payload| payload["htm"] = "GET".into()),
        with(|payload| payload["jti"] = "".into()),
        "x".to_owned(),
        String::new(),
    ] {
        let reply = refresh_with(&app, &device.cookie, &proof).await;
        reply.assert_error(400, "invalid_dpop_proof");
        assert_eq!(reply.header(header::SET_COOKIE), None);
    }
    let two = app.post("/api/refresh").cookie(&device.cookie);
    let two =
        two.header("dpop", &key.proof(&app, "/api/refresh")).header("dpop", &key.proof(&app, "/api/refresh"));
    two.send().await.assert_error(400, "invalid_dpop_proof");
    let once = key.proof(&app, "/api/refresh");
    assert_eq!(refresh_with(&app, &device.cookie, &once).await.status, StatusCode::OK);
    refresh_with(&app, &device.cookie, &once).await.assert_error(400, "invalid_dpop_proof");
    assert_eq!(app.audit(AuditKind::DeviceProofMissing).await.len(), 0);
    let body = json!({ "username": "ada", "password": PASSWORD });
    let login = |proof: &str| app.post("/api/login").header("dpop", proof).json(&body);
    login(&key.proof(&app, "/api/refresh")).send().await.assert_error(400, "invalid_dpop_proof");
    let once = key.proof(&app, "/api/login");
    assert_eq!(login(&once).send().await.status, StatusCode::OK);
    login(&once).send().await.assert_error(400, "invalid_dpop_proof");
}

/// A guess is counted and not remembered as a proof, or whoever has no account could fill the memory.
#[tokio::test]
async fn a_wrong_password_uses_no_proof_up() {
    let app = TestApp::new().await;
    let (key, proof) = (Key::new(), None);
    let proof: Option<String> = proof.or(Some(key.proof(&app, "/api/login")));
    let login = |password: &str| {
        let body = json!({ "username": "ada", "password": password });
        app.post("/api/login").header("dpop", proof.as_deref().unwrap()).json(&body).send()
    };
    login("something else that is long").await.assert_error(401, "invalid_credentials");
    assert_eq!(login(PASSWORD).await.status, StatusCode::OK);
}

/// RFC 9449 §8: a clock that is off costs one request more, and nobody else is asked for a nonce.
#[tokio::test]
async fn a_client_whose_clock_is_off_gets_a_nonce() {
    let app = TestApp::new().await;
    let key = Key::new();
    let device = key.sign_in(&app, "ada").await;
    app.wait(20);
    for off in [-86_400, -61, 61, 86_400] {
        let at = app.clock.now().as_unix_seconds() + off;
        let asked = key.proof_with(&app, "/api/refresh", |payload| payload["iat"] = at.into());
        let asked = refresh_with(&app, &device.cookie, &asked).await;
        asked.assert_error(400, "use_dpop_nonce");
        let nonce = asked.header("dpop-nonce").unwrap().to_owned();
        let again = key.proof_with(&app, "/api/refresh", |payload| {
            payload["iat"] = at.into();
            payload["nonce"] = nonce.into();
        });
        let reply = refresh_with(&app, &device.cookie, &again).await;
        assert_eq!(reply.status, StatusCode::OK, "{off}: {}", reply.text);
    }
    for off in [-60, 60] {
        let at = app.clock.now().as_unix_seconds() + off;
        let proof = key.proof_with(&app, "/api/refresh", |payload| payload["iat"] = at.into());
        assert_eq!(refresh_with(&app, &device.cookie, &proof).await.status, StatusCode::OK, "{off}");
    }
}

/// Binding is for the sign-in: a proof that comes later binds nothing, neither the owner's nor a thief's.
#[tokio::test]
async fn a_session_is_bound_at_the_sign_in_or_never() {
    let app = TestApp::new().await;
    let (key, other) = (Key::new(), Key::new());
    let device = app.sign_in("ada").await;
    app.wait(20);
    let cookie = key.refresh(&app, &device.cookie).await.cookie().unwrap();
    app.wait(20);
    let cookie = other.refresh(&app, &cookie).await.cookie().unwrap();
    app.wait(20);
    assert_eq!(app.refresh(&cookie).await.status, StatusCode::OK);
    assert_eq!(app.audit(AuditKind::DeviceBound).await.len(), 0);
    let off = TestApp::with(|options| options.device_binding.dpop = false, |_| {}).await;
    let device = key.sign_in(&off, "ada").await;
    off.wait(20);
    assert_eq!(off.refresh(&device.cookie).await.status, StatusCode::OK, "as it always was");
}

/// RF-6: a database that was put back heals for the device, and for nobody else.
#[tokio::test]
async fn a_token_ahead_of_the_store_heals_with_a_proof() {
    let app = TestApp::new().await;
    let key = Key::new();
    let device = key.sign_in(&app, "ada").await;
    let keys = MasterKeys::generate(&Random::insecure_seeded(42));
    let codec = RefreshTokenCodec::new(&keys);
    let ahead = codec.encode(&codec.parse(&device.cookie).unwrap().with_generation(7));
    app.refresh(&ahead).await.assert_error(401, "device_proof_required");
    let healed = key.refresh(&app, &ahead).await;
    assert_eq!((healed.status, healed.cookie()), (StatusCode::OK, None));
    assert_eq!(app.audit(AuditKind::SessionHealed).await.len(), 1);
}

/// Native apps: the refresh token in the body.
#[tokio::test]
async fn a_native_app_is_bound_by_its_body() {
    let app = TestApp::new().await;
    let key = Key::new();
    let body = json!({ "username": "ada", "password": PASSWORD, "refreshTokenDelivery": "body" });
    let call = app.post("/api/login").header("dpop", &key.proof(&app, "/api/login"));
    let reply = call.json(&body).send().await.json();
    let body = json!({ "refreshToken": reply["refreshToken"] });
    app.wait(20);
    app.post("/api/refresh").json(&body).send().await.assert_error(401, "device_proof_required");
    let call = app.post("/api/refresh").header("dpop", &key.proof(&app, "/api/refresh"));
    let advanced = call.json(&body).send().await;
    assert!(advanced.json()["refreshToken"].is_string(), "{}", advanced.text);
}

/// SE-6: an owner sees which of their sessions are bound.
#[tokio::test]
async fn the_list_of_sessions_shows_what_is_bound() {
    let app = TestApp::new().await;
    let device = Key::new().sign_in(&app, "ada").await;
    app.sign_in("ada").await;
    let list = app.get("/api/sessions").bearer(&device.access_token).send().await.json();
    let mut bound: Vec<_> =
        list["sessions"].as_array().unwrap().iter().map(|it| it["bound"].clone()).collect();
    bound.sort_by_key(serde_json::Value::as_bool);
    assert_eq!(bound, [false, true]);
}

/// A log-out needs no proof: it is no gain for a thief that a session ends.
#[tokio::test]
async fn a_bound_session_is_logged_out_without_a_proof() {
    let app = TestApp::new().await;
    let key = Key::new();
    let device = key.sign_in(&app, "ada").await;
    assert_eq!(app.post("/api/logout").cookie(&device.cookie).send().await.status, StatusCode::NO_CONTENT);
    key.refresh(&app, &device.cookie).await.assert_error(401, "session_revoked");
}

/// CS-5: a front end on another origin may send proofs, and read nonces.
#[tokio::test]
async fn a_front_end_may_send_proofs() {
    let app = TestApp::new().await;
    let preflight = app.call(axum::http::Method::OPTIONS, "/api/refresh").header("origin", FRONT_END);
    let preflight = preflight.header("access-control-request-method", "POST").send().await;
    assert!(preflight.header("access-control-allow-headers").unwrap().contains("DPoP"));
    assert!(preflight.header("access-control-expose-headers").unwrap().contains("DPoP-Nonce"));
}
