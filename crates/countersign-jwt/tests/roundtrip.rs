//! Sign, verify and validate with every algorithm, and what each step refuses.

#![cfg(feature = "aws-lc-rs")]
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign_jwt::{
    AccessClaims, Algorithm, ClaimsPolicy, JwkSet, KeyError, KeySetError, Limits, SignError, SigningKey,
    TokenType, UnverifiedJws, VerifyError, VerifyingKey, sign, verify_access_token,
};
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;

fn key(algorithm: Algorithm) -> SigningKey {
    match algorithm {
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => {
            SigningKey::hmac(algorithm, &[7; 64]).unwrap()
        }
        Algorithm::Rs256
        | Algorithm::Rs384
        | Algorithm::Rs512
        | Algorithm::Ps256
        | Algorithm::Ps384
        | Algorithm::Ps512 => {
            // Making an RSA key takes seconds in an unoptimised build.
            let der = include_bytes!("data/rsa2048_test_key.der");
            let pem = format!(
                "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n",
                STANDARD.encode(der)
            );
            SigningKey::from_pem(&pem, algorithm).unwrap()
        }
        algorithm => SigningKey::generate(algorithm).unwrap(),
    }
}

fn claims() -> Value {
    json!({
        "iss": "https://auth.example", "aud": "api", "sub": "alice", "jti": "j1", "sid": "s1", "iat": NOW, "exp": NOW + 900,
        "auth_time": NOW - 60, "username": "Alice", "role": "admin", "client_id": "web", "scope": "a b", "tier": 3,
        "amr": ["pwd", "otp"], "acr": "urn:mfa",
    })
}

fn policy(token_type: TokenType, leeway_seconds: u64) -> ClaimsPolicy {
    ClaimsPolicy::new("https://auth.example", "api", token_type, Duration::from_secs(leeway_seconds))
}

fn verify_claims(claims: &Value, now: i64, leeway_seconds: u64) -> Result<AccessClaims, VerifyError> {
    let key = key(Algorithm::Hs256);
    let token = sign(claims, &key, "at+jwt").unwrap();
    let keys = JwkSet::new(vec![key.verifying_key()]).unwrap();
    verify_access_token(&token, &keys, &policy(TokenType::AccessToken, leeway_seconds), now)
}

fn supported() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.into_iter().filter(|algorithm| cfg!(feature = "ml-dsa") || !algorithm.is_post_quantum())
}

#[test]
fn every_algorithm_verifies_what_it_signed_and_no_other_key_does() {
    for algorithm in supported() {
        let (signer, stranger) = (key(algorithm), SigningKey::hmac(Algorithm::Hs256, &[8; 32]).unwrap());
        let token = sign(&claims(), &signer, "at+jwt").unwrap();
        let verified = UnverifiedJws::parse(&token).unwrap().verify(&signer.verifying_key()).unwrap();
        assert_eq!(verified.header().algorithm(), algorithm);
        assert_eq!(verified.header().key_id().unwrap_or_default(), signer.key_id());
        assert_eq!(serde_json::from_slice::<Value>(verified.payload()).unwrap(), claims());

        let refused = UnverifiedJws::parse(&token).unwrap().verify(&stranger.verifying_key());
        let expected = if algorithm == Algorithm::Hs256 {
            VerifyError::BadSignature
        } else {
            VerifyError::AlgorithmMismatch
        };
        assert_eq!(refused, Err(expected), "{algorithm}");
    }
}

#[test]
fn keys_survive_pkcs8_pem_and_jwk() {
    for algorithm in supported().filter(|algorithm| !algorithm.is_symmetric()) {
        let signer = key(algorithm);
        let token = sign(&claims(), &signer, "at+jwt").unwrap();
        let again = SigningKey::from_pkcs8_der(&signer.to_pkcs8_der().unwrap(), algorithm).unwrap();
        let from_pem = SigningKey::from_pem(&signer.to_pkcs8_pem().unwrap(), algorithm).unwrap();
        let public = VerifyingKey::from_jwk(&signer.verifying_key().to_jwk().unwrap()).unwrap();
        let public_pem =
            VerifyingKey::from_pem(&signer.verifying_key().to_pem().unwrap(), algorithm).unwrap();
        for key in [again.verifying_key(), from_pem.verifying_key(), public, public_pem] {
            assert_eq!(key.key_id(), signer.key_id());
            assert!(UnverifiedJws::parse(&token).unwrap().verify(&key).is_ok(), "{algorithm}");
        }
    }
}

/// PEM → JWK → PEM for every kind of private key, to the byte.
#[test]
fn private_keys_survive_a_jwk_and_go_back_to_the_same_pem() {
    for algorithm in supported().filter(|algorithm| !algorithm.is_symmetric()) {
        let signer = key(algorithm).with_key_id("a \"key\"");
        let jwk = signer.to_private_jwk().unwrap();
        let again = SigningKey::from_jwk(&jwk).unwrap();
        assert_eq!((again.algorithm(), again.key_id()), (algorithm, "a \"key\""));
        assert_eq!(again.to_pkcs8_pem(), signer.to_pkcs8_pem(), "{algorithm}");
        assert_eq!(again.to_private_jwk(), Ok(jwk.clone()));
        assert_eq!(VerifyingKey::from_jwk(&jwk).err(), Some(KeyError::PrivateKey), "{algorithm}");
        let token = sign(&claims(), &again, "at+jwt").unwrap();
        assert!(UnverifiedJws::parse(&token).unwrap().verify(&signer.verifying_key()).is_ok(), "{algorithm}");
    }
}

#[test]
fn the_claims_of_an_access_token_can_be_read() {
    let claims = verify_claims(&claims(), NOW, 0).unwrap();
    assert_eq!((claims.subject(), claims.issuer()), ("alice", "https://auth.example"));
    assert_eq!(claims.audience().collect::<Vec<_>>(), ["api"]);
    assert_eq!(
        (claims.issued_at(), claims.expires_at(), claims.auth_time()),
        (Some(NOW), NOW + 900, Some(NOW - 60))
    );
    assert_eq!((claims.jwt_id(), claims.session_id()), (Some("j1"), Some("s1")));
    assert_eq!((claims.client_id(), claims.scope()), (Some("web"), Some("a b")));
    assert_eq!((claims.username(), claims.role()), (Some("Alice"), Some("admin")));
    assert_eq!(claims.scopes().collect::<Vec<_>>(), ["a", "b"]);
    assert!(claims.has_scope("b") && !claims.has_scope("a b") && !claims.has_scope(""));
    assert!(claims.has_role("admin") && !claims.has_role("adm"));
    assert_eq!(claims.amr().collect::<Vec<_>>(), ["pwd", "otp"]);
    assert_eq!(claims.acr(), Some("urn:mfa"));
    assert_eq!(claims.claim("tier"), Some(&json!(3)));
    assert_eq!(claims.claims().len(), 15);
}

/// Claims that no rule has judged: of another shape they give nothing, and never more than the registered
/// one.
#[test]
fn scopes_and_roles_of_other_issuers_can_be_read() {
    let with = |changes: Value| {
        let mut claims = json!({"iss": "https://auth.example", "aud": "api", "sub": "s", "jti": "j", "iat": NOW, "exp": NOW + 9});
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        verify_claims(&claims, NOW, 0).unwrap()
    };
    for (changes, scopes, roles) in [
        (json!({}), &[][..], &[][..]),
        (json!({"scp": "a  b", "roles": ["x", "y"]}), &["a", "b"], &["x", "y"]),
        (json!({"scp": ["a", "b c"], "roles": "x"}), &["a", "b c"], &["x"]),
        (json!({"scp": ["a", 5], "roles": ["x", 5]}), &[], &[]),
        (json!({"scp": {"a": 1}, "roles": {"x": 1}}), &[], &[]),
        (json!({"scope": "", "scp": "a", "role": 5, "roles": "x"}), &[], &[]),
    ] {
        let claims = with(changes);
        assert_eq!(claims.scopes().collect::<Vec<_>>(), scopes, "{claims:?}");
        assert_eq!(claims.roles().collect::<Vec<_>>(), roles, "{claims:?}");
        assert_eq!(claims.amr().count(), 0);
    }
}

/// RFC 7519 §4.1.4 and §4.1.5 to the second, with and without leeway (VF-10).
#[test]
fn time_rules_hold_to_the_second() {
    let at = |name: &str, offset: i64| {
        let mut claims = claims();
        claims[name] = json!(NOW + offset);
        claims
    };
    for leeway in [0_u64, 30] {
        let l = leeway.cast_signed();
        let verdict = |claims: &Value| verify_claims(claims, NOW, leeway).err();
        assert_eq!(verdict(&at("exp", 1 - l)), None);
        assert_eq!(verdict(&at("exp", -l)), Some(VerifyError::Expired));
        assert_eq!(verdict(&at("exp", -1 - l)), Some(VerifyError::Expired));
        assert_eq!(verdict(&at("nbf", l)), None);
        assert_eq!(verdict(&at("nbf", l + 1)), Some(VerifyError::NotYetValid));
        assert_eq!(verdict(&at("iat", l)), None);
        assert_eq!(verdict(&at("iat", l + 1)), Some(VerifyError::IssuedInTheFuture));
    }
}

#[test]
fn a_leeway_is_cut_to_two_minutes() {
    assert_eq!(policy(TokenType::AccessToken, 3600).leeway(), ClaimsPolicy::MAX_LEEWAY);
    assert!(verify_claims(&claims(), NOW + 900 + 119, 3600).is_ok());
    assert_eq!(verify_claims(&claims(), NOW + 900 + 120, 3600), Err(VerifyError::Expired));
}

/// What a cache of verified tokens asks: RFC 7519 §4.1.4 to the second.
#[test]
fn accepted_claims_are_current_until_they_expire() {
    let accepted = verify_claims(&claims(), NOW, 0).unwrap();
    for leeway in [0_u64, 30] {
        let expires = NOW + 900 + leeway.cast_signed();
        let policy = policy(TokenType::AccessToken, leeway);
        for (now, is_current) in [(NOW, true), (expires - 1, true), (expires, false), (expires + 1, false)] {
            assert_eq!(policy.is_current(&accepted, now), is_current, "{leeway} {now}");
        }
    }
}

#[test]
fn a_policy_sets_the_limits_of_its_tokens() {
    let key = key(Algorithm::Hs256);
    let token = sign(&claims(), &key, "at+jwt").unwrap();
    let keys = JwkSet::new(vec![key.verifying_key()]).unwrap();
    let verdict = |max_token_bytes| {
        let limits = Limits::new(max_token_bytes, 4096);
        let policy = policy(TokenType::AccessToken, 0).with_limits(limits);
        assert_eq!(policy.limits(), limits);
        verify_access_token(&token, &keys, &policy, NOW).err()
    };
    assert_eq!(verdict(token.len()), None);
    assert_eq!(verdict(token.len() - 1), Some(VerifyError::TokenTooLong));
}

#[test]
fn what_no_verifier_would_take_is_not_signed() {
    let key = key(Algorithm::Hs256);
    for claims in [json!([1]), json!("x"), json!(null)] {
        assert!(matches!(sign(&claims, &key, "JWT"), Err(SignError::NotAnObject)), "{claims}");
    }
    let long = |length: usize| sign(&json!({ "x": "x".repeat(length) }), &key, "JWT");
    assert!(matches!(long(6200), Err(SignError::TokenTooLong)));
    let longest = (6000..6200).filter_map(|length| long(length).ok()).map(|token| token.len()).max();
    assert_eq!(longest, Some(8192));
    let named = |length: usize| sign(&json!({}), &key.clone().with_key_id("x".repeat(length)), "JWT");
    assert!(named(128).is_ok() && matches!(named(129), Err(SignError::KeyIdTooLong)));
}

#[test]
fn a_key_without_an_id_is_found_by_its_algorithm_only() {
    let secret = key(Algorithm::Hs256);
    let set = JwkSet::new(vec![secret.verifying_key()]).unwrap();
    assert!(set.find("").is_none());
    let token = sign(&claims(), &secret, "at+jwt").unwrap();
    let jws = UnverifiedJws::parse(&token).unwrap();
    assert_eq!(jws.header().key_id(), None);
    assert!(jws.verify_with_set(&set).is_ok());
    let other = key(Algorithm::Hs512).verifying_key().with_key_id("other");
    let both = JwkSet::new(vec![secret.verifying_key(), other]).unwrap();
    assert!(UnverifiedJws::parse(&token).unwrap().verify_with_set(&both).is_ok());
    let again = secret.verifying_key().with_key_id("again");
    let ambiguous = JwkSet::new(vec![secret.verifying_key(), again]).unwrap();
    let verdict = UnverifiedJws::parse(&token).unwrap().verify_with_set(&ambiguous);
    assert_eq!(verdict, Err(VerifyError::KeyIdMissing));
}

#[test]
fn typ_tells_kinds_of_token_apart() {
    let key = key(Algorithm::Hs256);
    let keys = JwkSet::new(vec![key.verifying_key()]).unwrap();
    let other = || TokenType::Exactly("logout+jwt".into());
    let verdict = |typ: &str, token_type: TokenType| {
        let token = sign(&claims(), &key, typ).unwrap();
        verify_access_token(&token, &keys, &policy(token_type, 0), NOW).err()
    };
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        assert_eq!(verdict(typ, TokenType::AccessToken), None, "{typ}");
        assert_eq!(verdict(typ, TokenType::JwtOrAbsent), Some(VerifyError::WrongType), "{typ}");
        assert_eq!(verdict(typ, other()), Some(VerifyError::WrongType), "{typ}");
    }
    for typ in ["JWT", "jwt", "application/jwt"] {
        assert_eq!(verdict(typ, TokenType::AccessToken), Some(VerifyError::WrongType), "{typ}");
        assert_eq!(verdict(typ, TokenType::JwtOrAbsent), None, "{typ}");
    }
    for typ in
        ["", "at+jwt ", "text/at+jwt", "application/application/at+jwt", "at+jwt;x=1", "twelve bytesat+jwt"]
    {
        assert_eq!(verdict(typ, TokenType::AccessToken), Some(VerifyError::WrongType), "{typ}");
    }
    assert_eq!(verdict("logout+jwt", other()), None);
    // RFC 7515 §4.1.9: the prefix goes without saying only before a name without a slash.
    assert!(!TokenType::Exactly("a/b".into()).accepts(Some("application/a/b")));
    for token_type in [TokenType::AccessToken, TokenType::JwtOrAbsent, other()] {
        assert_eq!(verdict(token_type.header_value(), token_type.clone()), None, "{token_type:?}");
    }
}

/// RFC 7519 §4.1.7 leaves `jti` to the issuer; RFC 9068 §2.2 demands it of an access token.
#[test]
fn a_token_id_is_demanded_of_access_tokens_only() {
    let key = key(Algorithm::Hs256);
    let keys = JwkSet::new(vec![key.verifying_key()]).unwrap();
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove("jti");
    for (token_type, error) in [
        (TokenType::AccessToken, Some(VerifyError::MissingClaim { claim: "jti" })),
        (TokenType::JwtOrAbsent, None),
        (TokenType::Exactly("x".into()), None),
    ] {
        let token = sign(&claims, &key, token_type.header_value()).unwrap();
        assert_eq!(verify_access_token(&token, &keys, &policy(token_type, 0), NOW).err(), error);
    }
}

/// A caller that shows its policy shows all of it.
#[test]
fn a_policy_tells_what_it_demands() {
    let strict = policy(TokenType::AccessToken, 0);
    let demands = |policy: &ClaimsPolicy| {
        let lists =
            [policy.issuers().map(str::to_owned).collect(), policy.audiences().map(str::to_owned).collect()];
        let [issuers, audiences]: [Vec<String>; 2] = lists;
        let relaxed = (policy.accepts_missing_audience(), policy.accepts_missing_issued_at());
        (issuers, audiences, relaxed, policy.required_scopes().to_vec(), policy.required_roles().to_vec())
    };
    let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let auth = "https://auth.example";
    assert_eq!(demands(&strict), (texts(&[auth]), texts(&["api"]), (false, false), vec![], vec![]));
    let relax = |policy: ClaimsPolicy| {
        policy.dangerous_accept_missing_audience().dangerous_accept_missing_issued_at()
    };
    let wide = relax(strict.or_issuer("i").or_audience("a")).require_scope("s").require_role("r");
    let (s, r) = (texts(&["s"]), texts(&["r"]));
    assert_eq!(demands(&wide), (texts(&[auth, "i"]), texts(&["api", "a"]), (true, false), s, r));
    assert!(relax(policy(TokenType::JwtOrAbsent, 0)).accepts_missing_issued_at());
}

#[test]
fn a_set_selects_by_key_id_and_publishes_no_secret() {
    let (first, second) = (key(Algorithm::Es256), key(Algorithm::EdDsa));
    let secret = key(Algorithm::Hs256);
    let set = JwkSet::new(vec![first.verifying_key(), second.verifying_key()]).unwrap();
    let token = sign(&claims(), &second, "at+jwt").unwrap();
    assert!(UnverifiedJws::parse(&token).unwrap().verify_with_set(&set).is_ok());

    let unknown = sign(&claims(), &second.clone().with_key_id("other"), "at+jwt").unwrap();
    let verdict = UnverifiedJws::parse(&unknown).unwrap().verify_with_set(&set);
    assert_eq!(verdict, Err(VerifyError::UnknownKeyId));
    let borrowed_id = sign(&claims(), &second.clone().with_key_id(first.key_id()), "at+jwt").unwrap();
    let verdict = UnverifiedJws::parse(&borrowed_id).unwrap().verify_with_set(&set);
    assert_eq!(verdict, Err(VerifyError::AlgorithmMismatch));

    let published = JwkSet::parse(&set.to_json()).unwrap();
    assert_eq!(published.keys().len(), 2);
    assert!(published.find(first.key_id()).is_some());
    assert_eq!(JwkSet::new(vec![secret.verifying_key()]).unwrap().to_json(), r#"{"keys":[]}"#);
    let mixed = JwkSet::new(vec![first.verifying_key(), secret.verifying_key()]);
    assert_eq!(mixed.err(), Some(KeySetError::MixedSymmetry));
    let twice = JwkSet::new(vec![first.verifying_key(), first.verifying_key()]);
    assert_eq!(twice.err(), Some(KeySetError::DuplicateKeyId));
}

#[test]
fn a_set_has_at_most_64_kib() {
    let set = JwkSet::new(vec![key(Algorithm::EdDsa).verifying_key()]).unwrap().to_json();
    let padded = |bytes: usize| format!("{set}{}", " ".repeat(bytes - set.len()));
    for (bytes, error) in [(65_536, None), (65_537, Some(KeySetError::TooLong))] {
        assert_eq!(JwkSet::parse(&padded(bytes)).err(), error);
        assert_eq!(JwkSet::parse_foreign(&padded(bytes), &Algorithm::ALL).err(), error);
    }
}

/// RFC 7515 §4.2: header parameters of the application's own are handed on, and decide nothing.
#[test]
fn other_header_parameters_can_be_read() {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","nonce":"n1","jwk":{"kty":"oct"}}"#);
    let token = format!("{header}.e30.AAAA");
    let jws = UnverifiedJws::parse(&token).unwrap();
    assert_eq!(jws.header().parameter("nonce"), Some(&json!("n1")));
    assert_eq!(jws.header().parameter("jwk"), Some(&json!({"kty": "oct"})));
    assert_eq!((jws.header().parameter("alg"), jws.header().parameter("x")), (None, None));
}

#[test]
fn an_rsa_key_can_be_made() {
    let made = SigningKey::generate(Algorithm::Rs256).unwrap();
    let token = sign(&claims(), &made, "at+jwt").unwrap();
    assert!(UnverifiedJws::parse(&token).unwrap().verify(&made.verifying_key()).is_ok());
    assert_eq!(token.rsplit('.').next().unwrap().len(), 512, "3072 bits");
}

#[test]
fn no_secret_is_in_debug_output() {
    let key = SigningKey::hmac(Algorithm::Hs256, b"canary-canary-canary-canary-canary").unwrap();
    let shown = format!("{key:?} {:?}", key.verifying_key());
    assert!(!shown.contains("canary") && !shown.contains("99, 97"), "{shown}");
    assert!(shown.contains("[redacted]") && shown.contains("VerifyingKey { algorithm: Hs256"), "{shown}");
    // Nor a token that could be used, nor whom it is about.
    let token = sign(&claims(), &key, "at+jwt").unwrap();
    let jws = UnverifiedJws::parse(&token).unwrap();
    let shown = format!("{jws:?}");
    assert!(shown.contains("at+jwt") && !shown.contains("eyJ") && !shown.contains("signature"), "{shown}");
    let shown = format!("{:?}", jws.verify(&key.verifying_key()).unwrap());
    assert!(shown.contains("at+jwt") && !shown.contains("alice") && !shown.contains("97, 108"), "{shown}");
    assert_eq!(SigningKey::generate(Algorithm::Hs256).err(), Some(KeyError::Symmetric));
}

#[test]
fn only_ml_dsa_withstands_quantum_computers() {
    let names =
        Algorithm::ALL.into_iter().filter(|algorithm| algorithm.is_post_quantum()).map(Algorithm::name);
    assert_eq!(names.collect::<Vec<_>>(), ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"]);
}

/// What other protocols sign is no JWS: the same keys and signatures, over any bytes.
#[test]
fn a_message_that_is_no_token_verifies_with_its_signature_alone() {
    for algorithm in supported() {
        let key = key(algorithm);
        let token = sign(&claims(), &key, "at+jwt").unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let verifying_key = key.verifying_key();
        assert_eq!(verifying_key.verify_message(message.as_bytes(), &signature), Ok(()), "{algorithm}");
        let longer = [message.as_bytes(), b"x"].concat();
        let refused = verifying_key.verify_message(&longer, &signature);
        assert_eq!(refused, Err(VerifyError::BadSignature), "{algorithm}");
        let refused = verifying_key.verify_message(message.as_bytes(), &signature[1..]);
        assert_eq!(refused, Err(VerifyError::BadSignature), "{algorithm}");
    }
    // FIPS 180-4: the message "abc".
    assert_eq!(countersign_jwt::sha256(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
}
