//! COSE keys: exactly the parameters of their kind, and good numbers.

use countersign_webauthn::{Algorithm, CborError, PublicKey, PublicKeyError};

use crate::authenticator::{Key, bytes, cose, int, text};

/// The key with one parameter put in, or replaced, at its canonical place.
fn with(key: &Key, label: i8, value: Vec<u8>) -> Vec<u8> {
    let mut parameters = key.parameters();
    parameters.retain(|(other, _)| *other != label);
    parameters.push((label, value));
    parameters.sort_by_key(|(label, _)| int((*label).into()));
    cose(&parameters)
}

fn without(key: &Key, label: i8) -> Vec<u8> {
    let mut parameters = key.parameters();
    parameters.retain(|(other, _)| *other != label);
    cose(&parameters)
}

fn error(cose: &[u8]) -> PublicKeyError {
    PublicKey::from_cose(cose).unwrap_err()
}

#[test]
fn a_key_has_exactly_its_parameters() {
    for algorithm in Algorithm::ALL {
        let key = Key::new(algorithm);
        let read = PublicKey::from_cose(&key.cose()).unwrap();
        assert_eq!(read.algorithm(), algorithm);
        assert_eq!(read, PublicKey::from_cose(read.as_cose()).unwrap());
        for (label, _) in key.parameters() {
            assert_eq!(
                error(&without(&key, label)),
                PublicKeyError::MissingParameter { label },
                "{algorithm:?}"
            );
        }
        // A key ID, an operation, a private key.
        for label in [2, 4, 5, -4, -5] {
            assert_eq!(
                error(&with(&key, label, bytes(&[1]))),
                PublicKeyError::UnknownParameter,
                "{algorithm:?} {label}"
            );
        }
    }
    assert_eq!(error(&[]), PublicKeyError::Cbor(CborError::Truncated));
    assert_eq!(error(&[0x80]), PublicKeyError::Cbor(CborError::NotAMap));
    assert_eq!(error(&[0xa2, 3, 0x27, 1, 1]), PublicKeyError::Cbor(CborError::KeyOrder));
}

#[test]
fn algorithm_type_and_curve_belong_together() {
    let (ed25519, p256, rsa) =
        (Key::new(Algorithm::EdDsa), Key::new(Algorithm::Es256), Key::new(Algorithm::Rs256));
    for number in [-9, -35, -36, -37, -47, -65535, 0, 7] {
        assert_eq!(error(&with(&p256, 3, int(number))), PublicKeyError::Algorithm, "{number}");
    }
    assert_eq!(error(&with(&p256, 3, text("ES256"))), PublicKeyError::Algorithm);
    assert_eq!(error(&with(&p256, 3, int(-8))), PublicKeyError::AlgorithmMismatch);
    assert_eq!(error(&with(&p256, 3, int(-257))), PublicKeyError::AlgorithmMismatch);
    assert_eq!(error(&with(&rsa, 3, int(-7))), PublicKeyError::AlgorithmMismatch);
    assert_eq!(error(&with(&ed25519, 3, int(-7))), PublicKeyError::AlgorithmMismatch);
    assert_eq!(error(&with(&p256, 1, int(1))), PublicKeyError::AlgorithmMismatch);
    assert_eq!(error(&with(&p256, 1, text("EC2"))), PublicKeyError::AlgorithmMismatch);
    for curve in [0, 2, 3, 6, 8] {
        assert_eq!(error(&with(&p256, -1, int(curve))), PublicKeyError::AlgorithmMismatch, "{curve}");
    }
    for curve in [1, 4, 5, 7] {
        assert_eq!(error(&with(&ed25519, -1, int(curve))), PublicKeyError::AlgorithmMismatch, "{curve}");
    }
}

#[test]
fn points_are_whole_and_on_their_curve() {
    use countersign_jwt::KeyError::InvalidPoint;
    let (ed25519, p256) = (Key::new(Algorithm::EdDsa), Key::new(Algorithm::Es256));
    for length in [0, 31, 33] {
        let format = |label| PublicKeyError::ParameterFormat { label };
        assert_eq!(error(&with(&p256, -2, bytes(&vec![1; length]))), format(-2));
        assert_eq!(error(&with(&p256, -3, bytes(&vec![1; length]))), format(-3));
        assert_eq!(error(&with(&ed25519, -2, bytes(&vec![1; length]))), format(-2));
    }
    // A compressed point has a boolean in place of y.
    assert_eq!(error(&with(&p256, -3, vec![0xf5])), PublicKeyError::ParameterFormat { label: -3 });
    assert_eq!(error(&with(&p256, -3, bytes(&[1; 32]))), PublicKeyError::Key(InvalidPoint));
    assert_eq!(error(&with(&p256, -2, bytes(&[0xff; 32]))), PublicKeyError::Key(InvalidPoint));
    // Of small order: the neutral point, for which some signatures hold whatever the message is.
    let neutral = [vec![1], vec![0; 31]].concat();
    assert_eq!(error(&with(&ed25519, -2, bytes(&neutral))), PublicKeyError::Key(InvalidPoint));
    assert_eq!(error(&with(&ed25519, -2, bytes(&[0; 32]))), PublicKeyError::Key(InvalidPoint));
}

#[test]
fn rsa_has_2048_to_4096_bits_and_an_odd_exponent() {
    use countersign_jwt::KeyError::{RsaExponent, RsaModulus};
    let rsa = Key::new(Algorithm::Rs256);
    let modulus = |length: usize, first: u8| bytes(&[vec![first], vec![0xff; length - 1]].concat());
    assert!(PublicKey::from_cose(&with(&rsa, -1, modulus(512, 0xff))).is_ok());
    assert_eq!(error(&with(&rsa, -1, modulus(513, 1))), PublicKeyError::RsaTooLong);
    assert!(PublicKey::from_cose(&with(&rsa, -1, modulus(256, 0x80))).is_ok());
    assert_eq!(error(&with(&rsa, -1, modulus(256, 0x7f))), PublicKeyError::Key(RsaModulus { bits: 2047 }));
    assert_eq!(error(&with(&rsa, -1, modulus(128, 0xff))), PublicKeyError::Key(RsaModulus { bits: 1024 }));
    for (exponent, label) in [(vec![], -2), (vec![0, 3], -2), (vec![0], -2)] {
        assert_eq!(error(&with(&rsa, -2, bytes(&exponent))), PublicKeyError::ParameterFormat { label });
    }
    assert_eq!(error(&with(&rsa, -1, modulus(257, 0))), PublicKeyError::ParameterFormat { label: -1 });
    for exponent in [vec![1], vec![2], vec![1, 0], vec![1, 0, 0, 0, 1]] {
        assert_eq!(
            error(&with(&rsa, -2, bytes(&exponent))),
            PublicKeyError::Key(RsaExponent),
            "{exponent:?}"
        );
    }
    assert!(PublicKey::from_cose(&with(&rsa, -2, bytes(&[3]))).is_ok());
}
