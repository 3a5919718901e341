//! Private and public keys in the forms that people have, and what is refused in each.

#![cfg(feature = "aws-lc-rs")]
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use aws_lc_rs::encoding::{AsDer as _, EcPrivateKeyRfc5915Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign_jwt::{Algorithm, KeyError, SigningKey, UnverifiedJws, VerifyingKey, sign};
use serde_json::{Value, json};

const RSA: &[u8] = include_bytes!("data/rsa2048_test_key.der");

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn der(pem: &str) -> Vec<u8> {
    STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
}

fn signs_and_verifies(key: &SigningKey) -> bool {
    let token = sign(&json!({}), key, "JWT").unwrap();
    UnverifiedJws::parse(&token).unwrap().verify(&key.verifying_key()).is_ok()
}

#[test]
fn sec1_keys_are_read_with_and_without_their_parameters() {
    for (signing, algorithm) in [
        (&ECDSA_P256_SHA256_FIXED_SIGNING, Algorithm::Es256),
        (&ECDSA_P384_SHA384_FIXED_SIGNING, Algorithm::Es384),
        (&ECDSA_P521_SHA512_FIXED_SIGNING, Algorithm::Es512),
    ] {
        let pair = EcdsaKeyPair::generate(signing).unwrap();
        let der: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().unwrap();
        let key = pem("EC PRIVATE KEY", der.as_ref());
        assert!(signs_and_verifies(&SigningKey::from_pem(&key, algorithm).unwrap()));
        let with_parameters = format!("{}{key}", pem("EC PARAMETERS", &[6, 1, 0]));
        assert!(signs_and_verifies(&SigningKey::from_pem(&with_parameters, algorithm).unwrap()));
    }
}

#[test]
fn a_private_key_is_for_the_algorithm_it_is_read_for_or_for_none() {
    let ec = SigningKey::generate(Algorithm::Es256).unwrap().to_pkcs8_pem().unwrap();
    let ed = SigningKey::generate(Algorithm::EdDsa).unwrap().to_pkcs8_pem().unwrap();
    let rsa = pem("RSA PRIVATE KEY", RSA);
    let verdict = |pem: &str, algorithm| SigningKey::from_pem(pem, algorithm).err();
    assert_eq!(verdict(&ec, Algorithm::Es256), None);
    assert_eq!(verdict(&rsa, Algorithm::Ps512), None);
    for algorithm in [Algorithm::Es384, Algorithm::EdDsa, Algorithm::Rs256] {
        assert_eq!(verdict(&ec, algorithm), Some(KeyError::Inconsistent), "{algorithm}");
    }
    assert_eq!(verdict(&ed, Algorithm::Es256), Some(KeyError::Inconsistent));
    assert_eq!(verdict(&rsa, Algorithm::Es256), Some(KeyError::Inconsistent));
    assert_eq!(verdict(&rsa, Algorithm::EdDsa), Some(KeyError::AlgorithmMismatch));
    for pem in [&*ec, &rsa] {
        assert!(matches!(
            verdict(pem, Algorithm::Hs256),
            Some(KeyError::Symmetric | KeyError::AlgorithmMismatch)
        ));
    }
}

#[test]
fn encrypted_public_and_other_blocks_are_told_apart() {
    let public = SigningKey::generate(Algorithm::Es256).unwrap().verifying_key().to_pem().unwrap();
    let verdict = |pem: &str| SigningKey::from_pem(pem, Algorithm::Rs256).err();
    assert_eq!(verdict(&pem("ENCRYPTED PRIVATE KEY", RSA)), Some(KeyError::Encrypted));
    let legacy = pem("RSA PRIVATE KEY", RSA).replacen(
        '\n',
        "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n",
        1,
    );
    assert_eq!(verdict(&legacy), Some(KeyError::Encrypted));
    assert_eq!(verdict(&public), Some(KeyError::PemLabel));
    assert_eq!(verdict(&pem("PRIVATE KEY", b"x")), Some(KeyError::Inconsistent));
    assert_eq!(verdict(&pem("RSA PRIVATE KEY", &RSA[..100])), Some(KeyError::Inconsistent));
}

/// The private JWKs of RFC 7520, RFC 8037 and RFC 9964 come out as they went in.
#[test]
fn private_jwks_of_the_rfcs_are_written_as_they_were_read() {
    let examples: Value = serde_json::from_str(include_str!("data/rfc_examples.json")).unwrap();
    let mut kinds = Vec::new();
    for example in examples.as_array().unwrap() {
        let mut jwk = example["jwk"].clone();
        jwk["alg"] = example["alg"].clone();
        let is_private = jwk.get("d").or_else(|| jwk.get("priv")).is_some();
        if !is_private || (jwk["kty"] == "AKP" && cfg!(not(feature = "ml-dsa"))) {
            continue;
        }
        let key = SigningKey::from_jwk(&jwk.to_string()).unwrap();
        let written: Value = serde_json::from_str(&key.to_private_jwk().unwrap()).unwrap();
        for name in ["d", "p", "q", "dp", "dq", "qi", "priv", "n", "x", "y", "pub"] {
            assert_eq!(written.get(name), jwk.get(name), "{name} of {}", example["name"]);
        }
        kinds.push(jwk["kty"].as_str().unwrap().to_owned());
    }
    kinds.sort_unstable();
    kinds.dedup();
    let expected: &[&str] =
        if cfg!(feature = "ml-dsa") { &["AKP", "EC", "OKP", "RSA"] } else { &["EC", "OKP", "RSA"] };
    assert_eq!(kinds, expected);
}

/// RFC 7518 §6.2.2.1: the scalar has the length of the curve's order, whatever its value. 1 times the
/// generator.
#[test]
fn a_small_scalar_keeps_its_leading_zeros() {
    let d = URL_SAFE_NO_PAD.encode([&[0; 31][..], &[1]].concat());
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
        "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU", "d": d,
    });
    let key = SigningKey::from_jwk(&jwk.to_string()).unwrap();
    let written: Value = serde_json::from_str(&key.to_private_jwk().unwrap()).unwrap();
    assert_eq!(written["d"], json!(d));
}

/// RFC 7517 §9.2 and RFC 7518 §6: the halves of a private JWK must belong together.
#[test]
fn a_private_jwk_whose_halves_do_not_match_is_refused() {
    let jwk = |x: &str, d: &str| json!({"kty": "OKP", "crv": "Ed25519", "x": x, "d": d});
    let (x, d) =
        ("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    let verdict = |jwk: &Value| SigningKey::from_jwk(&jwk.to_string()).err();
    assert_eq!(verdict(&jwk(x, d)), None);
    assert_eq!(verdict(&jwk(x, &URL_SAFE_NO_PAD.encode([7; 32]))), Some(KeyError::Inconsistent));

    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref();
    let coordinate = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let ec = json!({
        "kty": "EC", "crv": "P-256", "x": coordinate(&point[1..33]), "y": coordinate(&point[33..]), "d": coordinate(&[7; 32]),
    });
    assert_eq!(verdict(&ec), Some(KeyError::Inconsistent));

    let examples: Value = serde_json::from_str(include_str!("data/rfc_examples.json")).unwrap();
    let example = |name: &str| {
        let example = examples.as_array().unwrap().iter().find(|example| example["name"] == name).unwrap();
        let mut jwk = example["jwk"].clone();
        jwk["alg"] = example["alg"].clone();
        jwk
    };
    let mut rsa = example("RFC 7520 4.1");
    assert_eq!(verdict(&rsa), None);
    rsa["dp"] = rsa["dq"].clone();
    assert_eq!(verdict(&rsa), Some(KeyError::Inconsistent));
    rsa.as_object_mut().unwrap().remove("dp");
    assert_eq!(verdict(&rsa), Some(KeyError::MissingMember { name: "dp" }));
    if cfg!(feature = "ml-dsa") {
        let mut ml_dsa = example("RFC 9964 ML-DSA-44");
        assert_eq!(verdict(&ml_dsa), None);
        ml_dsa["priv"] = json!(URL_SAFE_NO_PAD.encode([7; 32]));
        assert_eq!(verdict(&ml_dsa), Some(KeyError::Inconsistent));
    }
}

/// RFC 5915 §3: the public key stands beside the scalar, and must be its own.
#[test]
fn a_private_key_with_the_public_key_of_another_is_refused() {
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512] {
        let [one, other] = [(); 2].map(|()| SigningKey::generate(algorithm).unwrap().to_pkcs8_der().unwrap());
        // Both end with the public point; its first quarter is enough to tell them apart.
        let middle = one.len() - one.len() / 4;
        let mixed = [&one[..middle], &other[middle..]].concat();
        assert_eq!(SigningKey::from_pkcs8_der(&one, algorithm).err(), None);
        assert_eq!(SigningKey::from_pkcs8_der(&mixed, algorithm).err(), Some(KeyError::Inconsistent));
    }
}

#[test]
fn a_jwk_that_is_not_for_signing_does_not_sign() {
    let (x, d) =
        ("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    let verdict = |extra: Value| {
        let mut jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "d": d});
        jwk.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        SigningKey::from_jwk(&jwk.to_string()).err()
    };
    assert_eq!(verdict(json!({"key_ops": ["sign"], "use": "sig"})), None);
    assert_eq!(verdict(json!({"key_ops": ["verify"]})), Some(KeyError::Purpose));
    assert_eq!(verdict(json!({"use": "enc"})), Some(KeyError::Purpose));
    assert_eq!(verdict(json!({"d": "AQAB"})), Some(KeyError::MemberFormat { name: "d" }));
    let public = json!({"kty": "OKP", "crv": "Ed25519", "x": x}).to_string();
    assert_eq!(SigningKey::from_jwk(&public).err(), Some(KeyError::MissingMember { name: "d" }));
    let secret = SigningKey::hmac(Algorithm::Hs256, &[7; 32]).unwrap();
    assert_eq!(secret.to_private_jwk().err(), Some(KeyError::Symmetric));
    assert_eq!(secret.to_pkcs8_der().err(), Some(KeyError::Symmetric));
    assert_eq!((secret.verifying_key().to_jwk(), secret.verifying_key().to_pem()), (None, None));
}

/// RFC 8017 A.1.1: what stands in the SPKI of an RSA key, by itself.
#[test]
fn an_rsa_public_key_is_read_without_its_spki() {
    let key = SigningKey::from_pem(&pem("RSA PRIVATE KEY", RSA), Algorithm::Rs256).unwrap().verifying_key();
    let pkcs1 = &der(&key.to_pem().unwrap())[24..];
    let read = |der: &[u8], algorithm| VerifyingKey::from_pem(&pem("RSA PUBLIC KEY", der), algorithm);
    assert_eq!(read(pkcs1, Algorithm::Rs256).map(|read| read.to_jwk()), Ok(key.to_jwk()));
    assert_eq!(read(pkcs1, Algorithm::Es256).err(), Some(KeyError::AlgorithmMismatch));
    assert_eq!(read(&[pkcs1, &[0]].concat(), Algorithm::Rs256).err(), Some(KeyError::Der));
}

/// RFC 7518 §3.4: each algorithm has its one curve.
#[test]
fn a_key_of_another_curve_is_not_for_the_algorithm() {
    let algorithms = [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512];
    for made_for in algorithms {
        let text = SigningKey::generate(made_for).unwrap().verifying_key().to_pem().unwrap();
        for read_for in algorithms {
            let expected = (made_for != read_for).then_some(KeyError::AlgorithmMismatch);
            assert_eq!(VerifyingKey::from_pem(&text, read_for).err(), expected, "{made_for} as {read_for}");
        }
    }
}

/// RFC 9881 §2: the identifier says which of the three it is.
#[test]
#[cfg(feature = "ml-dsa")]
fn the_identifier_of_an_ml_dsa_key_is_written_and_read() {
    let algorithms = [Algorithm::MlDsa44, Algorithm::MlDsa65, Algorithm::MlDsa87];
    for (algorithm, last) in algorithms.into_iter().zip(0x11_u8..) {
        let text = SigningKey::generate(algorithm).unwrap().verifying_key().to_pem().unwrap();
        let mut der = der(&text);
        assert_eq!(der[8..17], [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, last], "{algorithm}");
        for said in (0x11..0x14).filter(|said| *said != last) {
            der[16] = said;
            for read_for in algorithms {
                let verdict = VerifyingKey::from_pem(&pem("PUBLIC KEY", &der), read_for);
                assert_eq!(verdict.err(), Some(KeyError::AlgorithmMismatch), "{algorithm} as {said:#x}");
            }
        }
    }
}

/// RFC 5280 §4.1: one strict structure, a supported algorithm, an uncompressed point.
#[test]
fn public_keys_in_der_are_read_strictly() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap().verifying_key();
    let text = key.to_pem().unwrap();
    let der = der(&text);
    let verdict = |der: &[u8]| VerifyingKey::from_pem(&pem("PUBLIC KEY", der), Algorithm::Es256).err();
    let edit = |index: usize, value: u8| {
        let mut der = der.clone();
        der[index] = value;
        der
    };
    assert_eq!(verdict(&der), None);
    assert_eq!(verdict(&[&der[..], &[0]].concat()), Some(KeyError::Der));
    assert_eq!(verdict(&der[..der.len() - 1]), Some(KeyError::Der));
    assert_eq!(verdict(&edit(25, 1)), Some(KeyError::Der), "an unused bit");
    assert_eq!(verdict(&edit(26, 3)), Some(KeyError::InvalidPoint), "another form of point");
    assert_eq!(verdict(&edit(12, 0x02)), Some(KeyError::Unsupported), "another key type");
    assert_eq!(verdict(&edit(22, 0x08)), Some(KeyError::Unsupported), "another curve");
    let last = der.len() - 1;
    assert_eq!(verdict(&edit(last, der[last] ^ 1)), Some(KeyError::InvalidPoint), "not on the curve");
}
