//! What holds for every token, every claims set and every text, not only for the ones we thought of.

#![cfg(feature = "aws-lc-rs")]
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_jwt::inspect::{Keys, inspect};
use countersign_jwt::{
    Algorithm, ClaimsPolicy, DpopPolicy, DpopRequest, JwkSet, JwkThumbprint, Limits, SigningKey, TargetUri,
    TokenType, UnverifiedJws, VerifyError, VerifyingKey, dbsc_proof_of_header, sign, verify_access_token,
    verify_dbsc_registration, verify_dpop_proof,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// One key for each algorithm, made once.
fn signing_keys() -> &'static [SigningKey] {
    static KEYS: OnceLock<Vec<SigningKey>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let rsa = STANDARD.encode(include_bytes!("data/rsa2048_test_key.der"));
        let rsa = format!("-----BEGIN RSA PRIVATE KEY-----\n{rsa}\n-----END RSA PRIVATE KEY-----\n");
        let supported = |algorithm: &Algorithm| cfg!(feature = "ml-dsa") || !algorithm.is_post_quantum();
        let key = |algorithm: Algorithm| match algorithm.name().get(..2) {
            Some("HS") => SigningKey::hmac(algorithm, &[7; 64]).unwrap(),
            Some("RS" | "PS") => SigningKey::from_pem(&rsa, algorithm).unwrap(),
            _ => SigningKey::generate(algorithm).unwrap(),
        };
        Algorithm::ALL.into_iter().filter(supported).map(key).collect()
    })
}

fn any_key() -> impl Strategy<Value = &'static SigningKey> {
    (0..signing_keys().len()).prop_map(|index| &signing_keys()[index])
}

/// Any JSON that the strict reader takes: depth at most 32, finite numbers.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn claims_set() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[a-z]{1,8}", json_value(), 0..6)
        .prop_map(|members| members.into_iter().collect())
}

const NOW: i64 = 1_800_000_000;

fn access_claims(custom: Map<String, Value>) -> Map<String, Value> {
    let mut claims = custom;
    for reserved in ["nbf", "auth_time", "sid", "client_id", "scope", "acr", "amr", "cnf"] {
        claims.remove(reserved);
    }
    let Value::Object(registered) = json!({
        "iss": "i", "aud": ["x", "api"], "sub": "s", "jti": "j", "iat": NOW, "exp": NOW + 60,
    }) else {
        return claims;
    };
    claims.extend(registered);
    claims
}

fn policy() -> ClaimsPolicy {
    ClaimsPolicy::new("i", "api", TokenType::AccessToken, Duration::ZERO).with_limits(Limits::ML_DSA)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_signed_is_what_is_verified(key in any_key(), claims in claims_set()) {
        let token = sign(&claims, key, "JWT").unwrap();
        let jws = UnverifiedJws::parse_with_limits(&token, Limits::ML_DSA).unwrap();
        let verified = jws.verify(&key.verifying_key()).unwrap();
        prop_assert_eq!(verified.claims_set().unwrap(), claims);
    }

    #[test]
    fn an_access_token_keeps_every_custom_claim(key in any_key(), custom in claims_set()) {
        let claims = access_claims(custom);
        let token = sign(&claims, key, "at+jwt").unwrap();
        let set = JwkSet::new(vec![key.verifying_key()]).unwrap();
        let accepted = verify_access_token(&token, &set, &policy(), NOW).unwrap();
        prop_assert_eq!(accepted.claims(), &claims);
    }

    /// A key that was published and read again decides as the one it came from, and so does a clone.
    #[test]
    fn a_cached_key_and_a_fresh_one_agree(key in any_key(), claims in claims_set(), flip in any::<Option<prop::sample::Index>>()) {
        let mut token = sign(&claims, key, "JWT").unwrap().into_bytes();
        if let Some(flip) = flip {
            let index = flip.index(token.len());
            token[index] ^= 1;
        }
        if let Ok(token) = String::from_utf8(token) {
            let cached = key.verifying_key();
            let fresh = match cached.to_jwk() {
                Some(jwk) => VerifyingKey::from_jwk(&jwk).unwrap(),
                None => VerifyingKey::hmac(key.algorithm(), &[7; 64]).unwrap(),
            };
            let verdict = |key: &VerifyingKey| {
                UnverifiedJws::parse_with_limits(&token, Limits::ML_DSA).and_then(|jws| jws.verify(key))
            };
            prop_assert_eq!(verdict(&cached), verdict(&fresh));
            prop_assert_eq!(verdict(&cached), verdict(&cached.clone()));
        }
    }

    /// One bit anywhere in the token's bytes. Flipping one may spell no text, another header, other claims:
    /// whatever it spells, nobody signed it.
    #[test]
    fn one_changed_bit_anywhere_is_fatal(key in any_key(), claims in claims_set(), index in any::<prop::sample::Index>(), bit in 0..8) {
        let token = sign(&claims, key, "at+jwt").unwrap();
        let mut bytes = token.into_bytes();
        let index = index.index(bytes.len());
        bytes[index] ^= 1_u8 << bit;
        if let Ok(token) = String::from_utf8(bytes) {
            let verdict = UnverifiedJws::parse_with_limits(&token, Limits::ML_DSA).and_then(|jws| jws.verify(&key.verifying_key()));
            prop_assert!(verdict.is_err(), "{token}");
        }
    }

    /// LB-2.
    #[test]
    fn no_text_makes_the_parsers_panic(text in any::<String>()) {
        parse_everything(&text);
    }

    /// Texts that get further: the right letters, the right dots, JSON inside.
    #[test]
    fn no_token_like_text_makes_the_parsers_panic(header in any::<String>(), value in json_value(), tail in "[A-Za-z0-9_.=-]{0,80}") {
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        for header in [header, value.to_string(), json!({"alg": "ES256", "kid": value}).to_string()] {
            parse_everything(&header);
            parse_everything(&format!("{}.{}.{tail}", encode(&header), encode(&value.to_string())));
        }
        parse_everything(&json!({"keys": [value, {"kty": "RSA", "n": tail, "e": "AQAB", "alg": "RS256"}]}).to_string());
        parse_everything(&format!("-----BEGIN PUBLIC KEY-----\n{tail}\n-----END PUBLIC KEY-----"));
    }

    /// URIs that get further.
    #[test]
    fn no_uri_like_text_makes_the_parsers_panic(text in "https?://[a-zA-Z.:@\\[\\]0-9]{0,12}(/[a-zA-Z%.0-9ef~?#]{0,8}){0,5}") {
        parse_everything(&text);
    }

    /// The texts that people read and the verdict that machines act on never disagree.
    #[test]
    fn inspection_and_verification_agree(
        key in any_key(), mut claims in claims_set(), replaced in prop::sample::select(&["iss", "aud", "sub", "exp", "iat", "jti", "nbf", "amr", "cnf", "scope", "scp", "role", "roles", "tenant", "none"][..]),
        value in json_value(), now in NOW - 2..NOW + 62, demanding in any::<bool>(),
    ) {
        claims = access_claims(claims);
        claims.insert(replaced.to_owned(), value);
        let token = sign(&claims, key, "at+jwt").unwrap();
        let set = JwkSet::new(vec![key.verifying_key()]).unwrap();
        let mut policy = policy();
        if demanding {
            policy = policy.dangerous_accept_missing_audience().or_issuer("").require_scope("a").require_role("a");
            policy = policy.require_claim("tenant", ["a"]);
        }
        let verdict = verify_access_token(&token, &set, &policy, now).err();
        let inspection = inspect(&token, Keys::Set(&set), Some(&policy), now);
        prop_assert_eq!(inspection.first_failure().map(|(_, error)| error), verdict);
        prop_assert_eq!(inspection.is_accepted(), verdict.is_none());
    }
}

fn parse_everything(text: &str) {
    let _ = UnverifiedJws::parse(text);
    let _ = VerifyingKey::from_jwk(text);
    let _ = SigningKey::from_jwk(text);
    let _ = JwkSet::parse(text);
    let _ = JwkSet::parse_foreign(text, &Algorithm::ALL);
    let _ = countersign_jwt::dangerous::decode_unverified(text);
    let _ =
        (text.parse::<JwkThumbprint>(), dbsc_proof_of_header(text), verify_dbsc_registration(text, |_| true));
    for target in
        [TargetUri::parse(text), TargetUri::parse("https://a/b").and_then(|base| base.at_path(text))]
    {
        let Ok(target) = target else { continue };
        // One target has one spelling.
        assert_eq!(TargetUri::parse(target.as_str()).as_ref(), Ok(&target), "{text:?}");
        let _ = verify_dpop_proof(text, &DpopRequest::new("GET", &target), &DpopPolicy::default(), NOW);
    }
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa] {
        let _ = VerifyingKey::from_pem(text, algorithm);
        let _ = SigningKey::from_pem(text, algorithm);
        let _ = SigningKey::from_pkcs8_der(text.as_bytes(), algorithm);
    }
}

/// Not at random but all: every bit of one token of each algorithm.
#[test]
fn every_single_bit_of_a_token_matters() {
    for key in signing_keys() {
        let token = sign(&json!({"sub": "alice"}), key, "at+jwt").unwrap();
        let verifying_key = key.verifying_key();
        // The long signatures of ML-DSA are sampled: each bit is tried in one of eight bytes.
        let stride = if key.algorithm().is_post_quantum() { 8 } else { 1 };
        for index in (0..token.len()).step_by(stride) {
            for bit in 0..8 {
                let mut bytes = token.clone().into_bytes();
                bytes[index] ^= 1_u8 << bit;
                let Ok(altered) = String::from_utf8(bytes) else {
                    continue;
                };
                let verdict = UnverifiedJws::parse(&altered).and_then(|jws| jws.verify(&verifying_key));
                assert!(verdict.is_err(), "{}: bit {bit} of byte {index}", key.algorithm());
            }
        }
        let verdict = UnverifiedJws::parse(&token).and_then(|jws| jws.verify(&verifying_key));
        assert!(verdict.is_ok(), "{}", key.algorithm());
    }
    let unsigned = UnverifiedJws::parse("eyJhbGciOiJub25lIn0.e30.");
    assert_eq!(unsigned.err(), Some(VerifyError::AlgorithmNone));
}
