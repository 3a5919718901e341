//! Keys that must be refused.

use countersign_jwt::{Algorithm, JsonError, JwkSet, KeyError, KeySetError, SkipReason, VerifyingKey};

use crate::fixture::{Corpus, b64};

const EC_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const EC_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const ED_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn ec(extra: &str) -> String {
    format!(r#"{{"kty":"EC","crv":"P-256","x":"{EC_X}","y":"{EC_Y}"{extra}}}"#)
}

fn ed(extra: &str) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{ED_X}"{extra}}}"#)
}

/// An RSA key whose modulus is `bits` long, odd and otherwise arbitrary.
fn rsa(bits: usize, e: &str, extra: &str) -> String {
    let mut modulus = vec![0xa7; bits.div_ceil(8)];
    modulus[0] = 0xff >> (modulus.len() * 8 - bits);
    format!(r#"{{"kty":"RSA","n":"{}","e":"{e}"{extra}}}"#, b64(modulus))
}

/// VF-13, RFC 7517 §4, RFC 7518 §6.
pub(crate) fn weak_and_contradictory(corpus: &mut Corpus) {
    const CLASS: &str = "weak and contradictory keys";
    use KeyError::{
        AlgorithmMismatch, AmbiguousAlgorithm, InvalidPoint, Json, MemberFormat, MissingMember, PrivateKey,
        Purpose, RsaExponent, RsaModulus, Unsupported,
    };
    let rs256 = r#","alg":"RS256""#;
    let cases: Vec<(String, Option<KeyError>)> = vec![
        (ec(""), None),
        (ed(""), None),
        (ec(r#","alg":"ES256","use":"sig","key_ops":["verify"],"kid":"1""#), None),
        (ed(r#","alg":"Ed25519""#), None),
        (rsa(2048, "AQAB", rs256), None),
        (rsa(2048, "Aw", rs256), None),
        (rsa(2048, "AAEAAQ", rs256), None), // one leading zero, as a large issuer publishes it
        (rsa(8192, "AQAB", rs256), None),
        (rsa(512, "AQAB", rs256), Some(RsaModulus { bits: 512 })),
        (rsa(1024, "AQAB", rs256), Some(RsaModulus { bits: 1024 })),
        (rsa(2047, "AQAB", rs256), Some(RsaModulus { bits: 2047 })),
        (rsa(8193, "AQAB", rs256), Some(RsaModulus { bits: 8193 })),
        (rsa(2048, "AQ", rs256), Some(RsaExponent)),
        (rsa(2048, "Ag", rs256), Some(RsaExponent)),
        (rsa(2048, "AQAA", rs256), Some(RsaExponent)),
        (rsa(2048, "AQAAAAE", rs256), Some(RsaExponent)),
        (rsa(2048, "AA", rs256), Some(MemberFormat { name: "e" })),
        (rsa(2048, "", rs256), Some(MemberFormat { name: "e" })),
        (rsa(2048, "AAABAAE", rs256), Some(MemberFormat { name: "e" })),
        (rsa(2048, "AQAB", ""), Some(AmbiguousAlgorithm)),
        (rsa(2048, "AQAB", r#","alg":"ES256""#), Some(AlgorithmMismatch)),
        (rsa(2048, "AQAB", r#","alg":"HS256""#), Some(AlgorithmMismatch)),
        (rsa(2048, "AQAB", r#","alg":"RSA-OAEP""#), Some(Unsupported)),
        (rsa(2048, "AQAB", r#","alg":"none""#), Some(Unsupported)),
        (rsa(2048, "AQAB", r#","alg":5"#), Some(MemberFormat { name: "alg" })),
        (rsa(2048, "AQAB", r#","alg":"RS256","d":"AQAB""#), Some(PrivateKey)),
        (r#"{"kty":"RSA","alg":"RS256","e":"AQAB"}"#.into(), Some(MissingMember { name: "n" })),
        (r#"{"kty":"RSA","alg":"RS256","n":"AQAB"}"#.into(), Some(MissingMember { name: "e" })),
        (ec(r#","alg":"ES384""#), Some(AlgorithmMismatch)),
        (ec(r#","alg":"ES256K""#), Some(Unsupported)),
        (ec(r#","alg":"EdDSA""#), Some(AlgorithmMismatch)),
        (ec(r#","alg":"es256""#), Some(Unsupported)),
        (ec(r#","alg":null"#), Some(MemberFormat { name: "alg" })),
        (ec(r#","use":"enc""#), Some(Purpose)),
        (ec(r#","use":"SIG""#), Some(Purpose)),
        (ec(r#","use":["sig"]"#), Some(MemberFormat { name: "use" })),
        (ec(r#","key_ops":[]"#), Some(Purpose)),
        (ec(r#","key_ops":["sign"]"#), Some(Purpose)),
        (ec(r#","key_ops":["verify","encrypt"]"#), Some(Purpose)),
        (ec(r#","key_ops":["deriveKey"]"#), Some(Purpose)),
        (ec(r#","key_ops":"verify""#), Some(MemberFormat { name: "key_ops" })),
        (ec(r#","key_ops":["verify",5]"#), Some(MemberFormat { name: "key_ops" })),
        (ec(r#","key_ops":["verify","verify"]"#), Some(MemberFormat { name: "key_ops" })),
        (ec(r#","key_ops":["verify","sign"]"#), None),
        (ec(r#","key_ops":["sign","verify","sign"]"#), Some(MemberFormat { name: "key_ops" })),
        (ec(r#","kid":5"#), Some(MemberFormat { name: "kid" })),
        (ec(r#","kid":"""#), Some(MemberFormat { name: "kid" })),
        (ec(&format!(r#","kid":"{}""#, "k".repeat(128))), None),
        (ec(&format!(r#","kid":"{}""#, "k".repeat(129))), Some(MemberFormat { name: "kid" })),
        (ec(r#","d":"AQAB""#), Some(PrivateKey)),
        (ec(r#","kty":"EC""#), Some(Json(JsonError::DuplicateName))),
        (ec("").replace("P-256", "P-384"), Some(MemberFormat { name: "x" })),
        (ec("").replace("P-256", "secp256k1"), Some(Unsupported)),
        (ec("").replace("P-256", "p-256"), Some(Unsupported)),
        (ec("").replace("P-256", ""), Some(Unsupported)),
        (ec("").replace("\"EC\"", "\"ec\""), Some(Unsupported)),
        (ec("").replace("\"EC\"", "\"RSA\""), Some(AmbiguousAlgorithm)),
        (ec("").replace(EC_Y, EC_X), Some(InvalidPoint)),
        (ec("").replace(EC_Y, &b64([0; 32])).replace(EC_X, &b64([0; 32])), Some(InvalidPoint)),
        (ec("").replace(EC_Y, &b64([0xff; 32])), Some(InvalidPoint)),
        (ec("").replace(EC_Y, &EC_Y[..42]), Some(MemberFormat { name: "y" })),
        (ec("").replace(EC_Y, &format!("{EC_Y}=")), Some(MemberFormat { name: "y" })),
        (ec("").replace(EC_X, &b64([&[0][..], &[7; 32]].concat())), Some(MemberFormat { name: "x" })),
        (r#"{"kty":"EC","crv":"P-256","x":"AQ"}"#.into(), Some(MemberFormat { name: "x" })),
        (format!(r#"{{"kty":"EC","x":"{EC_X}","y":"{EC_Y}"}}"#), Some(Unsupported)),
        (ed("").replace("Ed25519", "X25519"), Some(Unsupported)),
        (ed("").replace("Ed25519", "Ed448"), Some(Unsupported)),
        (ed("").replace(ED_X, &b64([0; 32])), Some(InvalidPoint)),
        (ed("").replace(ED_X, &b64([&[1][..], &[0; 31]].concat())), Some(InvalidPoint)),
        (ed("").replace(ED_X, &b64([&[0xec][..], &[0xff; 30], &[0x7f]].concat())), Some(InvalidPoint)),
        (ed("").replace(ED_X, &b64([7; 31])), Some(MemberFormat { name: "x" })),
        (ed("").replace(ED_X, &b64([7; 33])), Some(MemberFormat { name: "x" })),
        (ed(r#","d":"AQAB""#), Some(PrivateKey)),
        (ed(r#","alg":"ES256""#), Some(AlgorithmMismatch)),
        (r#"{"kty":"AKP","pub":"AQAB"}"#.into(), Some(MissingMember { name: "alg" })),
        (r#"{"kty":"AKP","alg":"ML-DSA-44","pub":"AQAB"}"#.into(), Some(AlgorithmMismatch)),
        (r#"{"kty":"AKP","alg":"ES256","pub":"AQAB"}"#.into(), Some(AlgorithmMismatch)),
        (r#"{"kty":5}"#.into(), Some(MemberFormat { name: "kty" })),
        ("{}".into(), Some(MissingMember { name: "kty" })),
        ("[]".into(), Some(Json(JsonError::NotAnObject))),
        (String::new(), Some(Json(JsonError::NotAnObject))),
        ("{\"kty\"".into(), Some(Json(JsonError::Syntax))),
    ];
    for (jwk, expected) in cases {
        corpus.case(CLASS, &jwk, VerifyingKey::from_jwk(&jwk).err(), expected);
    }
    for (pem, expected) in [
        ("", KeyError::Pem),
        ("not a key", KeyError::Pem),
        ("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----", KeyError::PemLabel),
        ("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----", KeyError::PemLabel),
        ("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----", KeyError::Der),
        ("-----BEGIN PUBLIC KEY-----\n\n-----END PUBLIC KEY-----", KeyError::Der),
        (ED25519_SPKI, KeyError::AlgorithmMismatch),
    ] {
        corpus.case(CLASS, pem, VerifyingKey::from_pem(pem, Algorithm::Es256).err(), Some(expected));
    }
    corpus.case(CLASS, "Ed25519 in PEM", VerifyingKey::from_pem(ED25519_SPKI, Algorithm::EdDsa).err(), None);
}

const ED25519_SPKI: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";

/// VF-1, RFC 7518 §3.2.
pub(crate) fn secrets(corpus: &mut Corpus) {
    const CLASS: &str = "HMAC secrets";
    for (algorithm, needed) in [(Algorithm::Hs256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)] {
        for bytes in [0, 1, 8, 16, 31, needed - 1] {
            let expected = Some(KeyError::SecretTooShort { bytes, needed });
            let met = VerifyingKey::hmac(algorithm, &vec![7; bytes]).err();
            corpus.case(CLASS, &format!("{algorithm} with {bytes} bytes"), met, expected);
            let jwk = format!(r#"{{"kty":"oct","alg":"{algorithm}","k":"{}"}}"#, b64(vec![7; bytes]));
            corpus.case(CLASS, &jwk, VerifyingKey::from_jwk(&jwk).err(), expected);
        }
        corpus.case(CLASS, "long enough", VerifyingKey::hmac(algorithm, &vec![7; needed]).err(), None);
    }
    for secret in [
        ED25519_SPKI,
        &format!("  {ED25519_SPKI}"),
        &format!("\u{feff}{ED25519_SPKI}"),
        &ec(""),
        &rsa(2048, "AQAB", ""),
    ] {
        let met = VerifyingKey::hmac(Algorithm::Hs256, secret.as_bytes()).err();
        corpus.case(CLASS, secret, met, Some(KeyError::SecretLooksLikeKey));
    }
    let without_algorithm = format!(r#"{{"kty":"oct","k":"{}"}}"#, b64([7; 64]));
    let met = VerifyingKey::from_jwk(&without_algorithm).err();
    corpus.case(CLASS, "oct without alg", met, Some(KeyError::AmbiguousAlgorithm));
}

/// RFC 7517 §5; ours strictly, others' with the bad keys left out.
pub(crate) fn sets(corpus: &mut Corpus) {
    const CLASS: &str = "key sets";
    let secret = format!(r#"{{"kty":"oct","alg":"HS256","kid":"s","k":"{}"}}"#, b64([7; 32]));
    let (ec1, ed1) = (ec(r#","kid":"1""#), ed(r#","kid":"1""#));
    let weak = rsa(1024, "AQAB", r#","alg":"RS256""#);
    let (small, weak_error) = (KeyError::RsaModulus { bits: 1024 }, KeyError::RsaModulus { bits: 1024 });
    for (case, text, expected) in [
        ("empty", r#"{"keys":[]}"#.to_owned(), None),
        ("two", format!(r#"{{"keys":[{},{}]}}"#, ec(""), ed("")), None),
        ("other members", format!(r#"{{"keys":[{}],"x":1}}"#, ec("")), None),
        ("no keys", "{}".into(), Some(KeySetError::NoKeys)),
        ("keys is an object", r#"{"keys":{}}"#.into(), Some(KeySetError::NoKeys)),
        ("an array", "[]".into(), Some(KeySetError::Json(JsonError::NotAnObject))),
        ("one key", ec(""), Some(KeySetError::NoKeys)),
        ("keys twice", r#"{"keys":[],"keys":[]}"#.into(), Some(KeySetError::Json(JsonError::DuplicateName))),
        ("too long", format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(65536)), Some(KeySetError::TooLong)),
        ("one kid twice", format!(r#"{{"keys":[{ec1},{ed1}]}}"#), Some(KeySetError::DuplicateKeyId)),
        (
            "one key twice",
            format!(r#"{{"keys":[{},{}]}}"#, ec(""), ec("")),
            Some(KeySetError::DuplicateKeyId),
        ),
        ("secret and public", format!(r#"{{"keys":[{secret},{ec1}]}}"#), Some(KeySetError::MixedSymmetry)),
        (
            "a weak key",
            format!(r#"{{"keys":[{ec1},{weak}]}}"#),
            Some(KeySetError::Key { index: 1, error: small }),
        ),
    ] {
        corpus.case(CLASS, case, JwkSet::parse(&text).err(), expected);
    }
    let all = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];
    let text = format!(r#"{{"keys":[{weak},{ec1},{ed1},{secret},5,{}]}}"#, ec(r#","use":"enc","kid":"2""#));
    let (keys, skipped) = JwkSet::parse_foreign(&text, &all).unwrap();
    corpus.case(CLASS, "foreign: usable keys", Some(keys.keys().len()), Some(1));
    let reasons: Vec<SkipReason> = skipped.iter().map(|skipped| skipped.reason).collect();
    let expected = vec![
        SkipReason::Key(weak_error),
        SkipReason::DuplicateKeyId,
        SkipReason::Key(KeyError::AlgorithmMismatch),
        SkipReason::Key(KeyError::Json(JsonError::NotAnObject)),
        SkipReason::Key(KeyError::Purpose),
    ];
    corpus.case(CLASS, "foreign: reasons", Some(reasons), Some(expected));
    let text = format!(r#"{{"keys":[{}]}}"#, rsa(2048, "AQAB", ""));
    for (allowed, usable) in
        [(&all[..], 1), (&[Algorithm::Rs256, Algorithm::Ps256], 0), (&[Algorithm::Es256], 0), (&[], 0)]
    {
        let (keys, _) = JwkSet::parse_foreign(&text, allowed).unwrap();
        corpus.case(
            CLASS,
            &format!("foreign without alg, {allowed:?}"),
            Some(keys.keys().len()),
            Some(usable),
        );
    }
    let (keys, skipped) =
        JwkSet::parse_foreign(&format!(r#"{{"keys":[{secret}]}}"#), &[Algorithm::Hs256]).unwrap();
    let met = (keys.keys().len(), skipped[0].reason);
    corpus.case(CLASS, "foreign secret", Some(met), Some((0, SkipReason::Secret)));
}
