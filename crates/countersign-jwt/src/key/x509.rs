//! Public keys in DER: `Certificate` and `SubjectPublicKeyInfo` (RFC 5280 §4.1, RFC 8410, RFC 9881) and PKCS#1 (RFC 8017
//! A.1.1).

use super::der::{self, Reader};
use super::public::PublicNumbers;
use crate::algorithm::{Algorithm, Curve};
use crate::error::KeyError;

/// `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }`
pub(crate) fn rsa_public_from_pkcs1(bytes: &[u8]) -> Result<PublicNumbers, KeyError> {
    let mut key = Reader::only(bytes, der::SEQUENCE)?;
    let modulus = key.positive_integer()?.to_vec();
    let exponent = key.positive_integer()?.to_vec();
    key.finish()?;
    Ok(PublicNumbers::Rsa { modulus, exponent })
}

/// The key of a certificate, of which nothing is checked (RFC 5280 §4.1): `Certificate ::= SEQUENCE {
/// tbsCertificate SEQUENCE { version [0] OPTIONAL, serialNumber, signature, issuer, validity, subject, SPKI, … }, … }`
pub(super) fn public_from_certificate(bytes: &[u8]) -> Result<PublicNumbers, KeyError> {
    let mut certificate = Reader::only(bytes, der::SEQUENCE)?.sequence()?;
    certificate.optional(der::EXPLICIT_0);
    certificate.element(der::INTEGER)?;
    for _signature_issuer_validity_subject in 0..4 {
        certificate.element(der::SEQUENCE)?;
    }
    public_from_info(certificate.sequence()?)
}

/// `SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }`
pub(super) fn public_from_spki(bytes: &[u8]) -> Result<PublicNumbers, KeyError> {
    public_from_info(Reader::only(bytes, der::SEQUENCE)?)
}

fn public_from_info(mut info: Reader<'_>) -> Result<PublicNumbers, KeyError> {
    let mut identifier = info.sequence()?;
    let oid = identifier.element(der::OBJECT_IDENTIFIER)?;
    // No bit is unused: all these keys are whole bytes.
    let key = info.element(der::BIT_STRING)?.strip_prefix(&[0]).ok_or(KeyError::Der)?;
    info.finish()?;
    let numbers = match oid {
        OID_RSA => {
            // RFC 3279 §2.3.1 demands NULL; some writers leave it out.
            if !identifier.is_empty() {
                identifier.element(der::NULL)?;
            }
            rsa_public_from_pkcs1(key)?
        }
        OID_EC => {
            let curve = curve(identifier.element(der::OBJECT_IDENTIFIER)?)?;
            PublicNumbers::Ec { curve, point: key.to_vec() }
        }
        OID_ED25519 => PublicNumbers::Ed25519(key.try_into().map_err(|_| KeyError::Der)?),
        oid => {
            let known = OIDS_ML_DSA.iter().find(|(known, _)| *known == oid);
            let (_, algorithm) = known.ok_or(KeyError::Unsupported)?;
            // The numbers alone would tell the three apart by their length, whatever the identifier says.
            let numbers = PublicNumbers::MlDsa(key.to_vec());
            numbers.check(*algorithm)?;
            numbers
        }
    };
    identifier.finish()?;
    Ok(numbers)
}

/// Writes a `SubjectPublicKeyInfo`. `algorithm` tells the sizes of ML-DSA apart.
pub(super) fn public_to_spki(numbers: &PublicNumbers, algorithm: Algorithm) -> Vec<u8> {
    let oid = |bytes: &[u8]| der::write(der::OBJECT_IDENTIFIER, bytes);
    let (identifier, key) = match numbers {
        PublicNumbers::Rsa { modulus, exponent } => {
            let integers =
                [der::write_positive_integer(modulus), der::write_positive_integer(exponent)].concat();
            ([oid(OID_RSA), der::write(der::NULL, &[])].concat(), der::write(der::SEQUENCE, &integers))
        }
        PublicNumbers::Ec { curve, point } => ([oid(OID_EC), oid(curve_oid(*curve))].concat(), point.clone()),
        PublicNumbers::Ed25519(point) => (oid(OID_ED25519), point.to_vec()),
        PublicNumbers::MlDsa(key) => {
            let known = OIDS_ML_DSA.iter().find(|(_, known)| *known == algorithm);
            (known.map(|(bytes, _)| oid(bytes)).unwrap_or_default(), key.clone())
        }
    };
    let key = der::write(der::BIT_STRING, &[&[0], key.as_slice()].concat());
    der::write(der::SEQUENCE, &[der::write(der::SEQUENCE, &identifier), key].concat())
}

fn curve_oid(curve: Curve) -> &'static [u8] {
    match curve {
        Curve::P256 => OID_P256,
        Curve::P384 => OID_P384,
        Curve::P521 => OID_P521,
    }
}

fn curve(oid: &[u8]) -> Result<Curve, KeyError> {
    match oid {
        OID_P256 => Ok(Curve::P256),
        OID_P384 => Ok(Curve::P384),
        OID_P521 => Ok(Curve::P521),
        _ => Err(KeyError::Unsupported),
    }
}

/// 1.2.840.113549.1.1.1
const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1
const OID_EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7
const OID_P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.3.132.0.34
const OID_P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// 1.3.132.0.35
const OID_P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
/// 1.3.101.112
const OID_ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// 2.16.840.1.101.3.4.3.17, .18 and .19
const OIDS_ML_DSA: [(&[u8], Algorithm); 3] = [
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11], Algorithm::MlDsa44),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12], Algorithm::MlDsa65),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13], Algorithm::MlDsa87),
];
