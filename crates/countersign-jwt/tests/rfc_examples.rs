//! The examples of RFC 7515, 7517, 7520 (signatures), 7638, 7797, 8037 and 9964.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use countersign_jwt::{Algorithm, JwkSet, KeyError, SkipReason, UnverifiedJws, VerifyError, VerifyingKey};
use serde_json::Value;

/// The name of the example, its key with the algorithm filled in where the RFC names it elsewhere, its token.
fn examples() -> Vec<(String, Value, String)> {
    let examples: Vec<Value> = serde_json::from_str(include_str!("data/rfc_examples.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let supported = |example: &Value| cfg!(feature = "ml-dsa") || !text(&example["name"]).contains("ML-DSA");
    examples
        .iter()
        .filter(|example| supported(example))
        .map(|example| {
            let mut jwk = example["jwk"].clone();
            jwk["alg"] = example["alg"].clone();
            (text(&example["name"]), jwk, text(&example["token"]))
        })
        .collect()
}

fn public(jwk: &Value) -> Value {
    let mut jwk = jwk.clone();
    let members = jwk.as_object_mut().unwrap();
    members.retain(|name, _| !["d", "p", "q", "dp", "dq", "qi", "priv"].contains(&name.as_str()));
    jwk
}

#[test]
fn every_signature_verifies_and_no_altered_one_does() {
    let examples = examples();
    for (name, jwk, token) in &examples {
        let key = VerifyingKey::from_jwk(&public(jwk).to_string()).unwrap();
        assert!(UnverifiedJws::parse(token).unwrap().verify(&key).is_ok(), "{name}");

        let (signed, signature) = token.rsplit_once('.').unwrap();
        let other_letter = if signature.starts_with('A') { "B" } else { "A" };
        let altered = format!("{signed}.{other_letter}{}", &signature[1..]);
        let verdict = UnverifiedJws::parse(&altered).unwrap().verify(&key);
        assert_eq!(verdict, Err(VerifyError::BadSignature), "{name}");

        if jwk["kty"] != "oct" && *jwk != public(jwk) {
            let refused = VerifyingKey::from_jwk(&jwk.to_string());
            assert_eq!(refused.err(), Some(KeyError::PrivateKey), "{name}");
        }
    }
    println!("{} examples", examples.len());
    assert_eq!(examples.len(), if cfg!(feature = "ml-dsa") { 12 } else { 9 });
}

#[test]
#[cfg(feature = "aws-lc-rs")]
fn every_private_key_signs_what_its_public_key_verifies() {
    let mut count = 0;
    for (name, jwk, token) in
        examples().into_iter().filter(|(_, jwk, _)| jwk["kty"] == "oct" || *jwk != public(jwk))
    {
        let signer = countersign_jwt::SigningKey::from_jwk(&jwk.to_string()).unwrap();
        assert!(UnverifiedJws::parse(&token).unwrap().verify(&signer.verifying_key()).is_ok(), "{name}");
        let own = countersign_jwt::sign(&serde_json::json!({"sub": "x"}), &signer, "JWT").unwrap();
        let key = VerifyingKey::from_jwk(&public(&jwk).to_string()).unwrap();
        assert!(UnverifiedJws::parse(&own).unwrap().verify(&key).is_ok(), "{name}");
        count += 1;
    }
    assert_eq!(count, if cfg!(feature = "ml-dsa") { 11 } else { 8 });
}

/// RFC 7638 §3.1, RFC 8037 A.3, and the `kid` of the examples of RFC 9964.
#[test]
fn thumbprints() {
    let rsa = JwkSet::parse_foreign(RFC_7517_A_1, &[Algorithm::Rs256]).unwrap().0;
    assert_eq!(rsa.keys()[0].thumbprint().as_deref(), Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));

    for (name, jwk, _) in examples() {
        let key = VerifyingKey::from_jwk(&public(&jwk).to_string()).unwrap();
        let expected = match name.as_str() {
            "RFC 8037 A.4" => "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            name if name.starts_with("RFC 9964") => jwk["kid"].as_str().unwrap(),
            _ => continue,
        };
        assert_eq!(key.thumbprint().as_deref(), Some(expected), "{name}");
    }
}

/// RFC 8017 §9.1.1: the encoding has one bit less than the modulus, and with 2049 bits one byte less.
#[test]
fn rsa_pss_with_moduli_that_are_no_whole_bytes() {
    for (n, token) in ODD_MODULI {
        let jwk = format!(r#"{{"kty":"RSA","alg":"PS256","e":"AQAB","n":"{n}"}}"#);
        let key = VerifyingKey::from_jwk(&jwk).unwrap();
        assert!(UnverifiedJws::parse(token).unwrap().verify(&key).is_ok(), "{n}");
        let altered = token.replacen(".e30.", ".e31.", 1);
        assert_eq!(UnverifiedJws::parse(&altered).unwrap().verify(&key), Err(VerifyError::BadSignature));
    }
}

/// RFC 7517 A.1: the EC key is for encryption.
#[test]
fn a_foreign_set_is_read_without_the_keys_that_are_not_for_signatures() {
    let (keys, skipped) = JwkSet::parse_foreign(RFC_7517_A_1, &[Algorithm::Es256, Algorithm::Rs256]).unwrap();
    assert_eq!(keys.keys().iter().map(VerifyingKey::key_id).collect::<Vec<_>>(), ["2011-04-29"]);
    assert_eq!(skipped.len(), 1);
    assert_eq!((skipped[0].index, skipped[0].key_id.as_deref()), (0, Some("1")));
    assert_eq!(skipped[0].reason, SkipReason::Key(KeyError::Purpose));
}

/// RFC 7797 §4.2: an unencoded payload, which this crate does not do.
#[test]
fn unencoded_payloads_are_refused() {
    let token = "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY";
    assert_eq!(UnverifiedJws::parse(token).err(), Some(VerifyError::CriticalHeader));
}

const RFC_7517_A_1: &str = r#"{"keys": [
  {"kty":"EC", "crv":"P-256", "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
   "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM", "use":"enc", "kid":"1"},
  {"kty":"RSA",
   "n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
   "e":"AQAB", "alg":"RS256", "kid":"2011-04-29"}]}"#;

/// A modulus of 2049 and one of 2050 bits, made for this, each with a token that its owner signed.
const ODD_MODULI: [(&str, &str); 2] = [
    (
        "ARtxKmDz_HvMbudyRXoNwPI7Alzu_x1fHXs4JklUJRJ4y4zyYAqOdY5eVs9hvkVaqgR7DbBZWUCvoJAE3IfLnpXc7JNhd7UpwNDdNHSSoWCtjyKtn7J2hjRkyN6f-NuxCXKGHNjOoCfDZQ_UT1Jpc2OXKoa2HX-1b2PS-4cVO_cqIi_YQovBApdPuVL5fmFbDJk8ErAPtBvuVS1NuL4k_EOP1J6yr5i8UVxeZKgjtEjjiack28eBd26-cbvzHbpw9I5n5ua0AaVoTlCKJKAbGPB0Re-6j-pr9y-AatnJhSq5LTUSteG4XlbXQMVwLLO_jJD2lnE_i_-5dH8onuHEZRE",
        "eyJhbGciOiJQUzI1NiJ9.e30.AL03oAWRF0yaH9agXrUASZAh21q_wfnOvlhncI8eCDBn_7pcPtD1pBYr7Hb0K60fuxB79cSBdGp56iVkBXS4taX6cyRXVmhNNLVoTbpCZbpb_sAVd0cSshe-ecAthuhQ3irPrsTXA-NBJTv0zwLUNj9wQbmEealpErocjuAWBsafACzVOlZzWre_i6Rpny3JVCBOI1jnA8izd4yKvQ4cdyWmG2rXJLjlyAGrWbH623gYGYw1mBqviQPNI2lPlJwokHPO4bRFjAGTgv4y6S7zEQ--CF8eug--mkSnmcUI8GIPL2DnPZGBxAOY8kY2TnAlwRjeZmrYs7TGBOdC6JaGsgk",
    ),
    (
        "A6zgUTyLrZbO70rMcZ8aFp_e8ZON8nIU2ZKofgIrt9qGm7VriygDotVqmkv27ntR41VcvLPe1H-Is50pPi5YjY5FOi0K-Rb3CTIqLr9R3-6pBMzvAqqctV0ViqpnEj1Z7btMECGGVDZhYB2IKSNgTV6KeqaVanBP3pOjXMmv7bdwyWQT5ce-wrILRaG767KZXY-EmPHZoFbD8FAxfa325Wp64LTZZLVDqkiOlRdyqKgzUFORIktPhjHRrnD84O--v13azZ38lr6YqA6RqqZ68EeNn7st15rZV6y3_kpzWRutrt7N8AOTBFhajGxtBUn8mqei0lmsK_AFfYk2Nl5zTp0",
        "eyJhbGciOiJQUzI1NiJ9.e30.AXHk2tDNJSLOyybYEn6KsIOi6IRpoDNyRqgFuop-AS-fz-Hpb1vNaKzbgz4joZg0Wxj6PMgp2EHcc4ew0oQ-IJsG8_59KEzciIKWutMDdX2uwgWHicISqGtIrdesLMj0RQ6WxsPIPmCJlGPZEyWk-ApSkG1Ve2MVuBrVSFRhqiSbA9FRB7Q0Y0-ltZ5QoA1V1_1tNNCFtR_wGisPHzS41Og36Pjso5qzKnpzUhFga3yYO2rL1iIzNyVsgLrgEw35O9S-Yx2KuW3amQGT9l5NdpFgDA_GZpz50145UetDWmyTeTtI-lSfvWshksDfxV2fqyoAuQQIEwvSsBEpyzLdwyg",
    ),
];
