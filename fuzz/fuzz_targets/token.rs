//! Any text as a token: nothing panics, nothing unsigned is verified, and what people are told is what was decided.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use countersign_jwt::dangerous::decode_unverified;
use countersign_jwt::inspect::{Keys, inspect};
use countersign_jwt::{Algorithm, ClaimsPolicy, JwkSet, TokenType, UnverifiedJws, VerifyingKey, verify_access_token};
use libfuzzer_sys::fuzz_target;

static KEYS: LazyLock<JwkSet> = LazyLock::new(|| {
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    JwkSet::new(vec![VerifyingKey::from_jwk(jwk).unwrap()]).unwrap()
});
static SECRET: LazyLock<VerifyingKey> = LazyLock::new(|| VerifyingKey::hmac(Algorithm::Hs256, &[0x5a; 32]).unwrap());
static POLICY: LazyLock<ClaimsPolicy> =
    LazyLock::new(|| ClaimsPolicy::new("i", "a", TokenType::JwtOrAbsent, Duration::from_secs(30)));

fuzz_target!(|text: &str| {
    let now = 1_800_000_000;
    let verdict = verify_access_token(text, &KEYS, &POLICY, now);
    let inspection = inspect(text, Keys::Set(&KEYS), Some(&POLICY), now);
    assert_eq!(inspection.first_failure().map(|(_, error)| error), verdict.err());
    // Nobody has the private key, so no text can be a signed one.
    assert!(!inspection.is_verified());
    if let Ok(jws) = UnverifiedJws::parse(text) {
        let _ = (jws.header().key_id(), jws.header().token_type(), jws.header().parameter("jwk"));
        let _ = jws.verify(&SECRET);
    }
    let _ = decode_unverified(text);
});
