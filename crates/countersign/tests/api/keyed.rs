//! A device that holds a key: its DPoP proofs (RFC 9449) and its proofs as a browser, made without the code that is tested.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::internal::base::random::Random;
use serde_json::{Value, json};

use crate::app::{Call, Device, ISSUER, PASSWORD, Reply, TestApp};

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) struct Key(EcdsaKeyPair);

impl Key {
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(crate) fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        json!({"kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..])})
    }

    /// By RFC 7638 §3.2, without the code that is tested.
    pub(crate) fn thumbprint(&self) -> String {
        let jwk = self.jwk();
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
        b64(digest(&SHA256, text.as_bytes()))
    }

    pub(crate) fn sign(&self, header: &Value, payload: &Value) -> String {
        let input = format!("{}.{}", b64(header.to_string()), b64(payload.to_string()));
        format!("{input}.{}", b64(self.0.sign(&SystemRandom::new(), input.as_bytes()).unwrap()))
    }

    /// A proof for `POST` to this path, made now, with a change.
    pub(crate) fn proof_with(&self, app: &TestApp, path: &str, change: impl FnOnce(&mut Value)) -> String {
        let jti = b64(Random::system().bytes::<16>());
        let now = app.clock.now().as_unix_seconds();
        let mut payload = json!({"jti": jti, "htm": "POST", "htu": format!("{ISSUER}{path}"), "iat": now});
        change(&mut payload);
        self.sign(&json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk()}), &payload)
    }

    pub(crate) fn proof(&self, app: &TestApp, path: &str) -> String {
        self.proof_with(app, path, |_| {})
    }

    /// As Chromium registers a key for a session.
    pub(crate) fn registration(&self, challenge: &str) -> String {
        self.sign(&json!({"typ": "dbsc+jwt", "alg": "ES256", "jwk": self.jwk()}), &json!({"jti": challenge}))
    }

    /// As it answers a challenge later.
    pub(crate) fn answer(&self, challenge: &str) -> String {
        self.sign(&json!({"typ": "dbsc+jwt", "alg": "ES256"}), &json!({"jti": challenge}))
    }

    /// A request with an access token and a proof for it (RFC 9449 §7.1), with a change.
    pub(crate) fn call_with<'a>(
        &self,
        app: &'a TestApp,
        (method, path): (Method, &str),
        token: &str,
        change: impl FnOnce(&mut Value),
    ) -> Call<'a> {
        let proof = self.proof_with(app, path.split('?').next().unwrap(), |payload| {
            payload["htm"] = method.as_str().into();
            payload["ath"] = b64(digest(&SHA256, token.as_bytes())).into();
            change(payload);
        });
        let authorization = format!("DPoP {token}");
        app.call(method, path).header("authorization", &authorization).header("dpop", &proof)
    }

    /// The same without a change, sent.
    pub(crate) async fn get(&self, app: &TestApp, path: &str, token: &str) -> Reply {
        self.call_with(app, (Method::GET, path), token, |_| {}).send().await
    }

    pub(crate) async fn sign_in(&self, app: &TestApp, name: &str) -> Device {
        let body = json!({ "username": name, "password": PASSWORD });
        let call = app.post("/api/login").header("dpop", &self.proof(app, "/api/login"));
        let reply = call.json(&body).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        Device::from(&reply)
    }

    pub(crate) async fn refresh(&self, app: &TestApp, cookie: &str) -> Reply {
        refresh_with(app, cookie, &self.proof(app, "/api/refresh")).await
    }
}

pub(crate) async fn refresh_with(app: &TestApp, cookie: &str, proof: &str) -> Reply {
    app.post("/api/refresh").cookie(cookie).header("dpop", proof).send().await
}
