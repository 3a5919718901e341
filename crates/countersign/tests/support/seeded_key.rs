//! A device whose key comes from a seed, so that its DPoP proofs (RFC 9449) are the same in every run.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::BoundKey;
use countersign::guard::jwt::VerifyingKey;
use serde_json::{Value, json};

pub(crate) struct SeededKey(Ed25519KeyPair);

impl SeededKey {
    pub(crate) fn new(seed: &[u8; 32]) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(seed).unwrap())
    }

    fn jwk(&self) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(self.0.public_key())})
    }

    /// What a session is bound to.
    pub(crate) fn bound_key(&self) -> BoundKey {
        BoundKey::new(&VerifyingKey::from_jwk(&self.jwk().to_string()).unwrap()).unwrap()
    }

    /// A proof for `POST` to this URI, made at this second.
    pub(crate) fn proof(&self, uri: &str, jti: &str, at: i64) -> String {
        let payload = json!({"jti": jti, "htm": "POST", "htu": uri, "iat": at});
        let header = json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": self.jwk()});
        let [header, payload] = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let input = format!("{header}.{payload}");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(self.0.sign(input.as_bytes())))
    }
}
