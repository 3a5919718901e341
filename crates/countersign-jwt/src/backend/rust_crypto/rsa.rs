//! RSA verification (RFC 8017 §8.1.2, §8.2.2): one modular power of public numbers and the check of the
//! padding.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};

use super::digest::Hash;
use crate::backend::bad_signature::BadSignature;
use crate::error::KeyError;

/// How the hash is wrapped before the power.
#[derive(Clone, Copy)]
pub(crate) enum Padding {
    /// EMSA-PKCS1-v1_5, RFC 8017 §9.2.
    Pkcs1v15,
    /// EMSA-PSS, RFC 8017 §9.1, with MGF1 of the same hash and a salt of its length (RFC 7518 §3.5).
    Pss,
}

pub(crate) struct PublicKey {
    modulus: BoxedMontyParams,
    exponent: BoxedUint,
    modulus_bits: usize,
}

impl PublicKey {
    pub(crate) fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let modulus = BoxedUint::from_be_slice_vartime(modulus);
        let modulus_bits = modulus.bit_width_vartime() as usize;
        let modulus = Option::from(Odd::new(modulus)).ok_or(KeyError::RsaModulus { bits: modulus_bits })?;
        let exponent = BoxedUint::from_be_slice_vartime(exponent);
        Ok(Self { modulus: BoxedMontyParams::new_vartime(modulus), exponent, modulus_bits })
    }

    pub(crate) fn verify(
        &self,
        padding: Padding,
        hash: Hash,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        let encoded = self.power(signature)?;
        let digest = hash.digest(&[message]);
        match padding {
            Padding::Pkcs1v15 if encoded == pkcs1v15_encoding(hash, &digest, encoded.len()) => Ok(()),
            Padding::Pkcs1v15 => Err(BadSignature),
            Padding::Pss => verify_pss(hash, &digest, &encoded, self.modulus_bits - 1),
        }
    }

    /// `signature ^ exponent mod modulus`, in as many bytes as the modulus has. The signature must have
    /// exactly that many and be smaller than the modulus.
    fn power(&self, signature: &[u8]) -> Result<Vec<u8>, BadSignature> {
        let length = self.modulus_bits.div_ceil(8);
        if signature.len() != length {
            return Err(BadSignature);
        }
        let base =
            BoxedUint::from_be_slice(signature, self.modulus.bits_precision()).map_err(|_| BadSignature)?;
        if base >= *self.modulus.modulus().as_ref() {
            return Err(BadSignature);
        }
        let power = BoxedMontyForm::new(base, &self.modulus);
        let power =
            power.pow_bounded_exp(&self.exponent, self.exponent.bit_width_vartime()).retrieve().to_be_bytes();
        let excess = power.len().saturating_sub(length);
        power.get(excess..).map(<[u8]>::to_vec).ok_or(BadSignature)
    }
}

/// `0x00 0x01 0xFF… 0x00 DigestInfo`. The whole encoding is made and compared: nothing is parsed out of the
/// signature, so there is nothing for a forger to hide in (Bleichenbacher's e = 3 attack).
fn pkcs1v15_encoding(hash: Hash, digest: &[u8], length: usize) -> Vec<u8> {
    let prefix = match hash {
        Hash::Sha256 => DIGEST_INFO_SHA256,
        Hash::Sha384 => DIGEST_INFO_SHA384,
        Hash::Sha512 => DIGEST_INFO_SHA512,
    };
    // A modulus has at least 2048 bits, so the padding is never shorter than the eight bytes it must have.
    let padding = vec![0xff; length.saturating_sub(3 + prefix.len() + digest.len())];
    [&[0, 1], padding.as_slice(), &[0], prefix, digest].concat()
}

/// RFC 8017 §9.1.2, with the salt as long as the hash.
fn verify_pss(hash: Hash, digest: &[u8], encoded: &[u8], encoded_bits: usize) -> Result<(), BadSignature> {
    let encoded = match encoded_bits % 8 {
        // The encoding is one byte shorter than the modulus then, and that byte must be zero.
        0 => encoded.strip_prefix(&[0]).ok_or(BadSignature)?,
        _ => encoded,
    };
    let hash_length = digest.len();
    let (rest, trailer) = encoded.split_last_chunk::<1>().ok_or(BadSignature)?;
    let mask_length = rest.len().checked_sub(hash_length).ok_or(BadSignature)?;
    let (masked, check) = rest.split_at_checked(mask_length).ok_or(BadSignature)?;
    let mut block: Vec<u8> = masked.iter().zip(mgf1(hash, check, mask_length)).map(|(a, b)| a ^ b).collect();
    let unused_bits = 8 * encoded.len() - encoded_bits;
    let top_bits = 0xff_u8.checked_shr(unused_bits.try_into().map_err(|_| BadSignature)?).unwrap_or(0);
    let top_is_clear = masked.first().is_some_and(|first| first & !top_bits == 0);
    if let Some(first) = block.first_mut() {
        *first &= top_bits;
    }
    let salt_start = mask_length.checked_sub(hash_length).ok_or(BadSignature)?;
    let (zeros, salt) = block.split_at_checked(salt_start).ok_or(BadSignature)?;
    let one_after_zeros =
        zeros.split_last().is_some_and(|(one, zeros)| *one == 1 && zeros.iter().all(|byte| *byte == 0));
    let matches = check == hash.digest(&[&[0; 8], digest, salt]);
    if *trailer == [0xbc] && top_is_clear && one_after_zeros && matches { Ok(()) } else { Err(BadSignature) }
}

/// RFC 8017 appendix B.2.1.
fn mgf1(hash: Hash, seed: &[u8], length: usize) -> Vec<u8> {
    let blocks = (0_u32..).flat_map(|counter| hash.digest(&[seed, &counter.to_be_bytes()]));
    blocks.take(length).collect()
}

// `DigestInfo` without the digest, RFC 8017 §9.2 note 1.
const DIGEST_INFO_SHA256: &[u8] = &[
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];
const DIGEST_INFO_SHA384: &[u8] = &[
    0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00,
    0x04, 0x30,
];
const DIGEST_INFO_SHA512: &[u8] = &[
    0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00,
    0x04, 0x40,
];
