//! Any text as a key: nothing panics, and a key that is taken survives being written and read again.

#![no_main]

use countersign_jwt::{Algorithm, SigningKey, VerifyingKey, sign};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(key) = VerifyingKey::from_jwk(text) {
        // A key ID may spell anything, so it is taken out before looking for a secret.
        let shown = format!("{:?}", key.clone().with_key_id(""));
        assert_eq!(shown, format!("VerifyingKey {{ algorithm: {:?}, key_id: \"\", .. }}", key.algorithm()));
        if let (Some(jwk), Some(pem)) = (key.to_jwk(), key.to_pem()) {
            let again = VerifyingKey::from_jwk(&jwk).expect("a key that was written is read");
            assert_eq!((again.key_id(), again.thumbprint()), (key.key_id(), key.thumbprint()));
            let from_pem = VerifyingKey::from_pem(&pem, key.algorithm()).expect("a key that was written is read");
            assert_eq!(from_pem.thumbprint(), key.thumbprint());
        }
    }
    if let Ok(key) = SigningKey::from_jwk(text) {
        let token = sign(&serde_json::json!({}), &key, "JWT").expect("a key that was taken signs");
        let jws = countersign_jwt::UnverifiedJws::parse(&token).expect("what was signed is parsed");
        assert!(jws.verify(&key.verifying_key()).is_ok());
        if let Ok(jwk) = key.to_private_jwk() {
            let again = SigningKey::from_jwk(&jwk).expect("a private key that was written is read");
            assert_eq!(again.to_pkcs8_der(), key.to_pkcs8_der());
            assert_eq!(again.key_id(), key.key_id());
        }
    }
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::MlDsa44] {
        let _ = VerifyingKey::from_pem(text, algorithm);
        let _ = SigningKey::from_pem(text, algorithm);
        let _ = SigningKey::from_pkcs8_der(text.as_bytes(), algorithm);
    }
});
