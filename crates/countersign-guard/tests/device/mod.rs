//! A client with a key, which makes DPoP proofs.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) struct Device(EcdsaKeyPair);

impl Device {
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn coordinates(&self) -> (String, String) {
        let point = self.0.public_key().as_ref();
        (b64(&point[1..33]), b64(&point[33..]))
    }

    /// By RFC 7638 §3.2, without the code that is tested.
    pub(crate) fn thumbprint(&self) -> String {
        let (x, y) = self.coordinates();
        b64(digest(&SHA256, format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#).as_bytes()))
    }

    /// A proof for `GET https://api.example/mine` with this token at this time, with a change.
    pub(crate) fn proof(&self, jti: &str, token: &str, at: i64, change: impl FnOnce(&mut Value)) -> String {
        let (x, y) = self.coordinates();
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
        let mut payload = json!({
            "jti": jti, "htm": "GET", "htu": "https://api.example/mine", "iat": at,
            "ath": b64(digest(&SHA256, token.as_bytes())),
        });
        change(&mut payload);
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk});
        let input = format!("{}.{}", b64(header.to_string()), b64(payload.to_string()));
        format!("{input}.{}", b64(self.0.sign(&SystemRandom::new(), input.as_bytes()).unwrap()))
    }
}
