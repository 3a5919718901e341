//! Keys of authenticators, and the CBOR that they write: for the tests of this crate, and for those of the server.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use countersign_webauthn::Algorithm;

pub(crate) enum Key {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Key {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::EdDsa => Self::Ed25519(Ed25519KeyPair::generate().unwrap()),
            Algorithm::Es256 => Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
            Algorithm::Rs256 => Self::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())),
        }
    }

    /// The labels and values of the COSE key, in canonical order.
    pub(crate) fn parameters(&self) -> Vec<(i8, Vec<u8>)> {
        match self {
            Self::Ed25519(pair) => {
                vec![(1, int(1)), (3, int(-8)), (-1, int(6)), (-2, bytes(pair.public_key().as_ref()))]
            }
            Self::P256(pair) => {
                let point = pair.public_key().as_ref();
                vec![
                    (1, int(2)),
                    (3, int(-7)),
                    (-1, int(1)),
                    (-2, bytes(&point[1..33])),
                    (-3, bytes(&point[33..])),
                ]
            }
            Self::Rsa(pair) => {
                // An RSAPublicKey (RFC 8017 A.1.1): nine bytes of DER, the modulus, then the exponent 65537.
                let modulus = &pair.public_key().as_ref()[9..9 + 256];
                vec![(1, int(3)), (3, int(-257)), (-1, bytes(modulus)), (-2, bytes(&[1, 0, 1]))]
            }
        }
    }

    pub(crate) fn cose(&self) -> Vec<u8> {
        cose(&self.parameters())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }
}

pub(crate) fn cose(parameters: &[(i8, Vec<u8>)]) -> Vec<u8> {
    map(&parameters.iter().map(|(label, value)| (int((*label).into()), value.clone())).collect::<Vec<_>>())
}

pub(crate) fn map(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let body: Vec<u8> =
        entries.iter().flat_map(|(key, value)| [key.clone(), value.clone()]).flatten().collect();
    [head(5, entries.len()), body].concat()
}

pub(crate) fn array(elements: &[Vec<u8>]) -> Vec<u8> {
    [head(4, elements.len()), elements.concat()].concat()
}

pub(crate) fn int(value: i64) -> Vec<u8> {
    if value >= 0 {
        head(0, usize::try_from(value).unwrap())
    } else {
        head(1, usize::try_from(-1 - value).unwrap())
    }
}

pub(crate) fn bytes(value: &[u8]) -> Vec<u8> {
    [head(2, value.len()), value.to_vec()].concat()
}

pub(crate) fn text(value: &str) -> Vec<u8> {
    [head(3, value.len()), value.as_bytes().to_vec()].concat()
}

fn head(major: u8, value: usize) -> Vec<u8> {
    let major = major << 5;
    match value {
        0..24 => vec![major | u8::try_from(value).unwrap()],
        24..256 => vec![major | 0x18, u8::try_from(value).unwrap()],
        _ => [vec![major | 0x19], u16::try_from(value).unwrap().to_be_bytes().to_vec()].concat(),
    }
}
