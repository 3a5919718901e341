//! Any signed payload under any policy: nothing panics, and what is accepted keeps every promise of `AccessClaims`.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use countersign_jwt::{Algorithm, ClaimsPolicy, JwkSet, SigningKey, TokenType, UnverifiedJws, sign, verify_access_token};
use libfuzzer_sys::fuzz_target;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::hmac(Algorithm::Hs256, &[0x5a; 32]).unwrap());
static KEYS: LazyLock<JwkSet> = LazyLock::new(|| JwkSet::new(vec![KEY.verifying_key()]).unwrap());

fuzz_target!(|input: (&str, i32, u8, u8)| {
    let (payload, now, leeway, variant) = input;
    let Ok(claims) = serde_json::from_str::<serde_json::Value>(payload) else { return };
    let typ = ["at+jwt", "JWT", "x"][usize::from(variant % 3)];
    let Ok(token) = sign(&claims, &KEY, typ) else { return };
    let token_type = match variant % 3 {
        0 => TokenType::AccessToken,
        1 => TokenType::JwtOrAbsent,
        _ => TokenType::Exactly("x".into()),
    };
    let mut policy = ClaimsPolicy::new("i", "a", token_type, Duration::from_secs(leeway.into()));
    let (is_relaxed, is_demanding) = (variant / 3 % 2 == 1, variant / 6 % 2 == 1);
    if is_relaxed {
        policy = policy.dangerous_accept_missing_audience().dangerous_accept_missing_issued_at();
    }
    if is_demanding {
        policy = policy.require_scope("s").require_role("r").require_claim("c", ["v"]);
    }
    let now = i64::from(now);
    if let Ok(accepted) = verify_access_token(&token, &KEYS, &policy, now) {
        let leeway = i64::try_from(policy.leeway().as_secs()).expect("at most 120");
        assert_eq!(accepted.issuer(), "i");
        assert!(accepted.audience().any(|audience| audience == "a") || is_relaxed && accepted.claim("aud").is_none());
        assert!(!accepted.subject().is_empty());
        assert!(now < accepted.expires_at() + leeway);
        assert!(accepted.issued_at().map_or(is_relaxed && typ != "at+jwt", |issued_at| issued_at <= now + leeway));
        assert!(!is_demanding || accepted.has_scope("s") && accepted.has_role("r") && accepted.claim("c").is_some());
        assert!(accepted.jwt_id().is_some() || typ != "at+jwt");
        assert_eq!(serde_json::Value::Object(accepted.claims().clone()), claims);
    } else if let Ok(verified) = UnverifiedJws::parse(&token).and_then(|jws| jws.verify(&KEY.verifying_key())) {
        let _ = verified.claims_set();
    }
});
