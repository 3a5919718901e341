//! A device with a key, whose proofs are put together by hand.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_jwt::{JwkThumbprint, VerifyingKey};
use serde_json::{Value, json};

pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) enum Device {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Device {
    pub(crate) fn new() -> Self {
        Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(crate) fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().unwrap())
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    pub(crate) fn jwk(&self) -> Value {
        match self {
            Self::P256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..])})
            }
            Self::Ed25519(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": b64(pair.public_key())}),
        }
    }

    pub(crate) fn key(&self) -> VerifyingKey {
        VerifyingKey::from_jwk(&self.jwk().to_string()).unwrap()
    }

    pub(crate) fn thumbprint(&self) -> JwkThumbprint {
        self.key().jwk_thumbprint().unwrap()
    }

    /// Signs two texts, whatever they are.
    pub(crate) fn sign(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        let input = format!("{}.{}", b64(header), b64(payload));
        let signature = match self {
            Self::P256(pair) => pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(input.as_bytes()).as_ref().to_vec(),
        };
        format!("{input}.{}", b64(signature))
    }

    /// A header of this type that passes, with a change.
    pub(crate) fn header(&self, typ: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut header = json!({"typ": typ, "alg": self.algorithm(), "jwk": self.jwk()});
        change(&mut header);
        header.to_string()
    }
}

pub(crate) fn remove(value: &mut Value, name: &str) {
    value.as_object_mut().unwrap().remove(name);
}
