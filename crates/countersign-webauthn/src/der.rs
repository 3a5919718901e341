//! An ECDSA signature as DER (RFC 3279 §2.2.3) → the two numbers side by side (RFC 7518 §3.4).
//!
//! Strictly: one SEQUENCE of two positive INTEGERs in their shortest form, and nothing after it. Other encodings of the
//! same numbers would be other signatures of the same message.

use crate::error::BadSignature;

/// The length of a number of P-256.
const NUMBER_BYTES: usize = 32;

/// `r ‖ s`, each of 32 bytes. Whether they are in range is for the backend.
pub(crate) fn p256_signature(der: &[u8]) -> Result<[u8; 2 * NUMBER_BYTES], BadSignature> {
    // At most 2 + 2 * (2 + 33) bytes, so every length is a single byte.
    let body = value(der, 0x30).filter(|(_, rest)| rest.is_empty()).ok_or(BadSignature)?.0;
    let (r, rest) = value(body, 0x02).ok_or(BadSignature)?;
    let (s, rest) = value(rest, 0x02).ok_or(BadSignature)?;
    if !rest.is_empty() {
        return Err(BadSignature);
    }
    let mut fixed = [0; 2 * NUMBER_BYTES];
    let (first, second) = fixed.split_at_mut(NUMBER_BYTES);
    copy_number(r, first)?;
    copy_number(s, second)?;
    Ok(fixed)
}

/// The value of the element of this tag at the start of `der`, and what follows it.
fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let ([found, length], rest) = der.split_first_chunk::<2>()?;
    if *found != tag || *length >= 0x80 {
        return None;
    }
    rest.split_at_checked(usize::from(*length))
}

fn copy_number(integer: &[u8], number: &mut [u8]) -> Result<(), BadSignature> {
    let magnitude = match integer {
        [0, second, ..] if *second < 0x80 => return Err(BadSignature), // a zero too many
        [0, rest @ ..] => rest,
        [first, ..] if *first < 0x80 => integer,
        _ => return Err(BadSignature), // empty or negative
    };
    let padding = number.len().checked_sub(magnitude.len()).ok_or(BadSignature)?;
    number.iter_mut().skip(padding).zip(magnitude).for_each(|(to, from)| *to = *from);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_form_only() {
        let mut expected = [0; 64];
        (expected[31], expected[63]) = (1, 0x80);
        assert_eq!(p256_signature(&[0x30, 7, 2, 1, 1, 2, 2, 0, 0x80]).ok(), Some(expected));
        for refused in [
            &[][..],
            &[0x30],
            &[0x30, 7, 2, 1, 1, 2, 2, 0, 0x80, 0], // something after it
            &[0x30, 8, 2, 1, 1, 2, 2, 0, 0x80, 0], // something after the numbers
            &[0x30, 0x81, 7, 2, 1, 1, 2, 2, 0, 0x80], // a length that is too long
            &[0x30, 8, 2, 2, 0, 1, 2, 2, 0, 0x80], // a zero too many
            &[0x30, 6, 2, 1, 1, 2, 1, 0x80],       // negative
            &[0x30, 5, 2, 0, 2, 1, 1],             // empty
            &[0x30, 3, 2, 1, 1],                   // one number
            &[0x31, 7, 2, 1, 1, 2, 2, 0, 0x80],    // a SET
            &[0x30, 7, 2, 1, 1, 3, 2, 0, 0x80],    // a BIT STRING
            &[0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0], // BER
        ] {
            assert!(p256_signature(refused).is_err(), "{refused:?}");
        }
    }

    #[test]
    fn a_number_has_at_most_32_bytes() {
        let with = |length: usize, first: u8| {
            let number = [vec![first], vec![0x11; length - 1]].concat();
            let number = [vec![2, u8::try_from(length).unwrap()], number].concat();
            let body = [number, vec![2, 1, 1]].concat();
            p256_signature(&[vec![0x30, u8::try_from(body.len()).unwrap()], body].concat())
        };
        assert!(with(32, 0x7f).is_ok());
        assert!(with(33, 0x7f).is_err());
        assert!(with(33, 0).is_err()); // the second byte is 0x11
    }
}
