//! Signatures of another key, and signatures of none.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use countersign_jwt::VerifyError::{AlgorithmMismatch, BadSignature, KeyIdMissing};
use countersign_jwt::{JwkSet, VerifyError, VerifyingKey, verify_access_token};

use crate::fixture::{Corpus, NOW, b64, claims, policy};

/// A P-256, an Ed25519 and an RSA key, in a set under the key IDs `ec`, `ed` and `rsa`.
struct Keys {
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
    rsa: RsaKeyPair,
    set: JwkSet,
}

const RSA_PKCS1: &[u8] = include_bytes!("../data/rsa2048_test_key.der");

impl Keys {
    fn new() -> Self {
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let ed = Ed25519KeyPair::generate().unwrap();
        let rsa = RsaKeyPair::from_der(RSA_PKCS1).unwrap();
        let point = ec.public_key().as_ref();
        let jwks = [
            format!(
                r#"{{"kty":"EC","crv":"P-256","kid":"ec","x":"{}","y":"{}"}}"#,
                b64(&point[1..33]),
                b64(&point[33..])
            ),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"ed","x":"{}"}}"#, b64(ed.public_key())),
            format!(r#"{{"kty":"RSA","alg":"RS256","kid":"rsa","n":"{}","e":"AQAB"}}"#, b64(modulus(&rsa))),
        ];
        let keys = jwks.iter().map(|jwk| VerifyingKey::from_jwk(jwk).unwrap()).collect();
        Self { ec, ed, rsa, set: JwkSet::new(keys).unwrap() }
    }

    fn rsa_sign(&self, encoding: &'static dyn RsaEncoding, input: &str) -> Vec<u8> {
        let mut signature = vec![0; 256];
        self.rsa.sign(encoding, &SystemRandom::new(), input.as_bytes(), &mut signature).unwrap();
        signature
    }

    fn verify(&self, token: &str) -> Option<VerifyError> {
        verify_access_token(token, &self.set, &policy(), NOW).err()
    }
}

/// The 256 bytes of the modulus in `RSAPublicKey ::= SEQUENCE { INTEGER n, INTEGER e }`.
fn modulus(key: &RsaKeyPair) -> &[u8] {
    let der = key.public_key().as_ref();
    &der[der.len() - 5 - 256..der.len() - 5]
}

fn input(alg: &str, kid: &str) -> String {
    let kid = if kid.is_empty() { String::new() } else { format!(r#","kid":"{kid}""#) };
    format!("{}.{}", b64(format!(r#"{{"alg":"{alg}","typ":"at+jwt"{kid}}}"#)), b64(claims()))
}

fn token(input: &str, signature: impl AsRef<[u8]>) -> String {
    format!("{input}.{}", b64(signature))
}

/// VF-1: what a public key is must never become an HMAC secret, nor one algorithm another.
pub(crate) fn algorithm_confusion(corpus: &mut Corpus) {
    const CLASS: &str = "algorithm confusion";
    let keys = Keys::new();
    let n = modulus(&keys.rsa);
    let jwk = keys.set.find("rsa").and_then(VerifyingKey::to_jwk).unwrap();
    let point = keys.ec.public_key().as_ref();
    for (what, secret) in [
        ("modulus", n),
        ("PKCS#1 DER", keys.rsa.public_key().as_ref()),
        ("JWK", jwk.as_bytes()),
        ("EC point", point),
        ("EC point without 04", &point[1..]),
        ("Ed25519 point", keys.ed.public_key().as_ref()),
        ("nothing", b""),
        ("AA==", b"AA=="),
    ] {
        let mac = |input: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
        for kid in ["rsa", "ec", "ed"] {
            let input = input("HS256", kid);
            corpus.case(CLASS, what, keys.verify(&token(&input, mac(&input))), Some(AlgorithmMismatch));
        }
        let input = input("HS256", "");
        corpus.case(CLASS, what, keys.verify(&token(&input, mac(&input))), Some(KeyIdMissing));
    }
    for (alg, kid) in [
        ("PS256", "rsa"),
        ("RS384", "rsa"),
        ("ES256", "rsa"),
        ("ES384", "ec"),
        ("EdDSA", "ec"),
        ("ES256", "ed"),
        ("RS256", "ec"),
        ("ML-DSA-44", "ed"),
    ] {
        let input = input(alg, kid);
        let signature = match kid {
            "rsa" => keys.rsa_sign(&RSA_PKCS1_SHA256, &input),
            "ec" => keys.ec.sign(&SystemRandom::new(), input.as_bytes()).unwrap().as_ref().to_vec(),
            _ => keys.ed.sign(input.as_bytes()).as_ref().to_vec(),
        };
        let met = keys.verify(&token(&input, signature));
        corpus.case(CLASS, &format!("{alg} with key {kid}"), met, Some(AlgorithmMismatch));
    }
}

/// VF-13: one form of signature, and numbers in their ranges.
pub(crate) fn encodings(corpus: &mut Corpus) {
    const CLASS: &str = "signature encodings";
    let keys = Keys::new();

    let ec_input = input("ES256", "ec");
    let good = keys.ec.sign(&SystemRandom::new(), ec_input.as_bytes()).unwrap().as_ref().to_vec();
    let (r, s) = good.split_at(32);
    let (zero, one) = ([0; 32], [&[0; 31][..], &[1]].concat());
    let high_s = subtract(&ORDER_P256, s);
    for (case, signature, expected) in [
        ("as it should be", good.clone(), None),
        ("s replaced by n - s, which is as valid (VF-7)", [r, &high_s].concat(), None),
        ("r = s = 0", [zero, zero].concat(), Some(BadSignature)),
        ("r = 0", [&zero, s].concat(), Some(BadSignature)),
        ("s = 0", [r, &zero].concat(), Some(BadSignature)),
        ("r = s = 1", [&one[..], &one].concat(), Some(BadSignature)),
        ("r = n", [&ORDER_P256, s].concat(), Some(BadSignature)),
        ("s = n", [r, &ORDER_P256].concat(), Some(BadSignature)),
        ("r = s = n", [ORDER_P256, ORDER_P256].concat(), Some(BadSignature)),
        ("r = s = 2^256 - 1", vec![0xff; 64], Some(BadSignature)),
        ("DER", [&[0x30, 0x44, 0x02, 0x20][..], r, &[0x02, 0x20], s].concat(), Some(BadSignature)),
        ("a zero before", [&[0][..], &good].concat(), Some(BadSignature)),
        ("a zero after", [&good[..], &[0]].concat(), Some(BadSignature)),
        ("zeros before both", [&[0][..], r, &[0], s].concat(), Some(BadSignature)),
        ("cut by one", good[..63].to_vec(), Some(BadSignature)),
        ("r only", r.to_vec(), Some(BadSignature)),
        ("twice", [&good[..], &good].concat(), Some(BadSignature)),
        ("swapped", [s, r].concat(), Some(BadSignature)),
        ("nothing", vec![], Some(BadSignature)),
        ("the format of P-384", [&[0; 16][..], r, &[0; 16], s].concat(), Some(BadSignature)),
    ] {
        corpus.case(CLASS, &format!("ES256: {case}"), keys.verify(&token(&ec_input, signature)), expected);
    }

    let edwards_input = input("EdDSA", "ed");
    let good = keys.ed.sign(edwards_input.as_bytes()).as_ref().to_vec();
    let (point, s) = good.split_at(32);
    for (case, signature, expected) in [
        ("as it should be", good.clone(), None),
        ("S + L", [point, &add_little_endian(s, &ORDER_ED25519)].concat(), Some(BadSignature)),
        ("all zero", vec![0; 64], Some(BadSignature)),
        ("S = 0", [point, &[0; 32]].concat(), Some(BadSignature)),
        ("R of small order, S = 0", [&[1][..], &[0; 63]].concat(), Some(BadSignature)),
        ("cut by one", good[..63].to_vec(), Some(BadSignature)),
        ("a zero after", [&good[..], &[0]].concat(), Some(BadSignature)),
        ("reversed", good.iter().rev().copied().collect(), Some(BadSignature)),
        ("nothing", vec![], Some(BadSignature)),
    ] {
        corpus.case(
            CLASS,
            &format!("EdDSA: {case}"),
            keys.verify(&token(&edwards_input, signature)),
            expected,
        );
    }
    let new_name = input("Ed25519", "ed");
    let met = keys.verify(&token(&new_name, keys.ed.sign(new_name.as_bytes())));
    corpus.case(CLASS, "Ed25519, the name of RFC 9864", met, None);

    let rsa_input = input("RS256", "rsa");
    let good = keys.rsa_sign(&RSA_PKCS1_SHA256, &rsa_input);
    for (case, signature, expected) in [
        ("as it should be", good.clone(), None),
        ("PSS", keys.rsa_sign(&RSA_PSS_SHA256, &rsa_input), Some(BadSignature)),
        ("of another text", keys.rsa_sign(&RSA_PKCS1_SHA256, "x"), Some(BadSignature)),
        ("a zero before", [&[0][..], &good].concat(), Some(BadSignature)),
        ("cut by one", good[..255].to_vec(), Some(BadSignature)),
        ("all zero", vec![0; 256], Some(BadSignature)),
        ("one", [&[0; 255][..], &[1]].concat(), Some(BadSignature)),
        ("the modulus", modulus(&keys.rsa).to_vec(), Some(BadSignature)),
        ("nothing", vec![], Some(BadSignature)),
    ] {
        corpus.case(CLASS, &format!("RS256: {case}"), keys.verify(&token(&rsa_input, signature)), expected);
    }
}

const ORDER_P256: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// L of RFC 8032 §5.1, little endian.
const ORDER_ED25519: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// `a - b` for big-endian numbers with `a > b`.
fn subtract(a: &[u8; 32], b: &[u8]) -> [u8; 32] {
    let (mut out, mut borrow) = ([0; 32], false);
    for index in (0..32).rev() {
        let (first, below) = a[index].overflowing_sub(b[index]);
        let (second, again) = first.overflowing_sub(u8::from(borrow));
        (out[index], borrow) = (second, below || again);
    }
    out
}

/// `a + b` for little-endian numbers without a carry out.
fn add_little_endian(a: &[u8], b: &[u8; 32]) -> Vec<u8> {
    let mut carry = 0;
    a.iter()
        .zip(b)
        .map(|(a, b)| {
            let sum = u16::from(*a) + u16::from(*b) + carry;
            carry = sum >> 8;
            sum.to_le_bytes()[0]
        })
        .collect()
}
