//! Public keys that are well-formed and must still not be trusted (VF-13).

use crate::error::KeyError;

/// 2048 to 8192 bits, odd, not from the flawed generator; an odd exponent from 3 to 32 bits.
pub(super) fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyError> {
    let bits = bit_length(modulus);
    if !(2048..=8192).contains(&bits) || !is_odd(modulus) {
        return Err(KeyError::RsaModulus { bits });
    }
    let exponent_bits = bit_length(exponent);
    // An even exponent has no inverse; with 1 the signature is the padded hash itself; longer ones only
    // serve to make verification slow.
    if !(2..=32).contains(&exponent_bits) || !is_odd(exponent) {
        return Err(KeyError::RsaExponent);
    }
    if has_roca_fingerprint(modulus) { Err(KeyError::RsaRoca) } else { Ok(()) }
}

fn bit_length(number: &[u8]) -> usize {
    match number {
        [] => 0,
        [first, rest @ ..] => rest.len() * 8 + (8 - first.leading_zeros() as usize),
    }
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte & 1 == 1)
}

/// The test of Nemec et al. (CVE-2017-15361): their primes have the form `k·M + (65537^a mod M)` with `M` a
/// product of small primes, so the modulus is a power of 65537 modulo each of them. A random modulus passes
/// for all of these with a chance of about 2⁻²⁸.
fn has_roca_fingerprint(modulus: &[u8]) -> bool {
    ROCA_PRIMES.into_iter().all(|prime| {
        let residue = modulus.iter().fold(0, |residue, byte| (residue * 256 + u32::from(*byte)) % prime);
        let mut power = 1;
        loop {
            if power == residue {
                return true;
            }
            power = power * (65_537 % prime) % prime;
            if power == 1 {
                return false;
            }
        }
    })
}

/// The primes of the published detection tool: those in which 65537 does not generate the whole group.
const ROCA_PRIMES: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/// Refuses points of small order, for which signatures exist that no private key has made, and encodings that
/// are not reduced modulo p, which are second spellings of a key (VF-13, RFC 8032 §5.1.3).
pub(super) fn check_ed25519(point: &[u8; 32]) -> Result<(), KeyError> {
    let mut y = *point;
    let [low, middle @ .., high] = &mut y;
    // The top bit is the sign of x; both signs are of small order together.
    *high &= 0x7f;
    let not_reduced = *low >= 0xed && *high == 0x7f && middle.iter().all(|byte| *byte == 0xff);
    if not_reduced || SMALL_ORDER_Y.contains(&y) { Err(KeyError::InvalidPoint) } else { Ok(()) }
}

/// Every encoding of `y` of a point whose order divides 8.
#[rustfmt::skip]
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    // 0: order 4
    [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
    // 1: order 1, the neutral element
    [0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
    // p - 1: order 2
    [0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    // order 8
    [0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05],
    // order 8
    [0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn modulus(bits: usize) -> Vec<u8> {
        let mut bytes = vec![0xa7; bits.div_ceil(8)];
        bytes[0] = 0xff >> (bytes.len() * 8 - bits);
        bytes
    }

    #[test]
    fn rsa_sizes_and_exponents_have_bounds() {
        for bits in [2048, 3072, 4096, 8192] {
            assert_eq!(check_rsa(&modulus(bits), &[1, 0, 1]), Ok(()), "{bits}");
        }
        for bits in [512, 1024, 2040, 2047, 8193] {
            assert_eq!(check_rsa(&modulus(bits), &[1, 0, 1]), Err(KeyError::RsaModulus { bits }));
        }
        let mut even = modulus(2048);
        even[255] = 0xa8;
        assert_eq!(check_rsa(&even, &[1, 0, 1]), Err(KeyError::RsaModulus { bits: 2048 }));
        for exponent in [&[][..], &[1], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1]] {
            assert_eq!(check_rsa(&modulus(2048), exponent), Err(KeyError::RsaExponent), "{exponent:?}");
        }
        assert_eq!(check_rsa(&modulus(2048), &[3]), Ok(()));
    }

    #[test]
    fn a_modulus_that_is_a_power_of_65537_modulo_the_small_primes_is_refused() {
        let mut roca = vec![0; 256];
        roca[253..].copy_from_slice(&[1, 0, 1]); // 65537 itself has the fingerprint, at any length
        assert!(has_roca_fingerprint(&roca));
        roca[255] = 3;
        assert!(!has_roca_fingerprint(&roca));
    }

    #[test]
    fn points_of_small_order_or_second_spelling_are_refused() {
        for y in SMALL_ORDER_Y {
            assert_eq!(check_ed25519(&y), Err(KeyError::InvalidPoint));
            let mut negative = y;
            negative[31] |= 0x80;
            assert_eq!(check_ed25519(&negative), Err(KeyError::InvalidPoint));
        }
        let mut not_reduced = [0xff; 32];
        for (first, last) in [(0xed, 0x7f), (0xee, 0x7f), (0xff, 0x7f), (0xf0, 0xff)] {
            (not_reduced[0], not_reduced[31]) = (first, last);
            assert_eq!(check_ed25519(&not_reduced), Err(KeyError::InvalidPoint));
        }
        assert_eq!(check_ed25519(&[0x66; 32]), Ok(()));
        // One byte less than p, or one byte that is not 0xff, and the number is reduced.
        for (byte, value) in [(0, 0xeb), (1, 0xfe), (30, 0xfe), (31, 0x7e)] {
            let mut reduced = [0xff; 32];
            (reduced[0], reduced[31]) = (0xed, 0x7f);
            reduced[byte] = value;
            assert_eq!(check_ed25519(&reduced), Ok(()), "{byte}");
        }
    }
}
