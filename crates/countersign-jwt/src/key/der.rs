//! The little DER (X.690) that public and private keys need: definite, minimal lengths and nothing else.

use crate::error::KeyError;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
#[cfg(feature = "aws-lc-rs")]
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
/// `[0] EXPLICIT`, as around the version of a certificate.
pub(super) const EXPLICIT_0: u8 = 0xa0;
/// `[0] IMPLICIT OCTET STRING` (RFC 9881 §6).
#[cfg(feature = "aws-lc-rs")]
pub(super) const ML_DSA_SEED: u8 = 0x80;

/// The content of the one element of `tag` that fills `bytes`.
pub(super) fn only(bytes: &[u8], tag: u8) -> Result<&[u8], KeyError> {
    let mut reader = Reader(bytes);
    let content = reader.element(tag)?;
    reader.finish()?;
    Ok(content)
}

/// Reads elements one after the other; [`finish`](Self::finish) refuses what is left over.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads what is in the one element of `tag` that fills `bytes`.
    pub(super) fn only(bytes: &'a [u8], tag: u8) -> Result<Self, KeyError> {
        only(bytes, tag).map(Self)
    }

    /// The content of the next element, which must have `tag`.
    pub(super) fn element(&mut self, tag: u8) -> Result<&'a [u8], KeyError> {
        let (&first, rest) = self.0.split_first().ok_or(KeyError::Der)?;
        if first != tag {
            return Err(KeyError::Der);
        }
        let (&length, rest) = rest.split_first().ok_or(KeyError::Der)?;
        let (length, rest) = match (length, rest) {
            (0..=0x7f, rest) => (usize::from(length), rest),
            (0x81, [a, rest @ ..]) if *a >= 0x80 => (usize::from(*a), rest),
            (0x82, [a, b, rest @ ..]) if *a != 0 => (usize::from(u16::from_be_bytes([*a, *b])), rest),
            _ => return Err(KeyError::Der),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(KeyError::Der)?;
        self.0 = rest;
        Ok(content)
    }

    /// Skips the next element if it has `tag`.
    pub(super) fn optional(&mut self, tag: u8) {
        let _absent = self.element(tag);
    }

    pub(super) fn sequence(&mut self) -> Result<Self, KeyError> {
        self.element(SEQUENCE).map(Self)
    }

    /// A positive INTEGER in big endian without leading zeros.
    pub(super) fn positive_integer(&mut self) -> Result<&'a [u8], KeyError> {
        match self.element(INTEGER)? {
            [0, rest @ ..] if rest.first().is_some_and(|first| *first >= 0x80) => Ok(rest),
            bytes @ [1..=0x7f, ..] => Ok(bytes),
            _ => Err(KeyError::Der),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn finish(&self) -> Result<(), KeyError> {
        if self.is_empty() { Ok(()) } else { Err(KeyError::Der) }
    }
}

/// Writes one element around `content`.
pub(super) fn write(tag: u8, content: &[u8]) -> Vec<u8> {
    let length: Vec<u8> = content.len().to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    let mut out = vec![tag];
    match length.as_slice() {
        [] => out.push(0),
        [short @ 0..=0x7f] => out.push(*short),
        // `usize` has at most eight bytes.
        long => out.push(long.iter().fold(0x80, |count, _| count + 1)),
    }
    if content.len() > 0x7f {
        out.extend(length);
    }
    out.extend(content);
    out
}

/// Writes a positive INTEGER; a zero byte goes before a leading one bit, which would mean "negative".
pub(super) fn write_positive_integer(big_endian: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if big_endian.first().is_some_and(|first| *first >= 0x80) { &[0] } else { &[] };
    write(INTEGER, &[sign, big_endian].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_minimal_definite_lengths_are_read() {
        for bytes in [
            &[0x02][..],
            &[0x02, 0x01],
            &[0x02, 0x80, 0, 0],
            &[0x02, 0x81, 0x01, 0x05],
            &[0x02, 0x82, 0x00, 0x01, 0x05],
            &[0x02, 0x83, 0, 0, 1, 5],
            &[0x02, 0xff],
            &[0x03, 0x01, 0x05],
        ] {
            assert_eq!(Reader(bytes).element(INTEGER), Err(KeyError::Der), "{bytes:x?}");
        }
        assert_eq!(Reader(&[0x02, 0x01, 0x05]).element(INTEGER), Ok(&[5][..]));
        assert!(Reader::only(&[0x30, 0x00, 0x00], SEQUENCE).is_err());
    }

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 65535] {
            let content = vec![0xa5; length];
            let element = write(BIT_STRING, &content);
            assert_eq!(Reader(&element).element(BIT_STRING), Ok(content.as_slice()), "{length}");
        }
        for number in [&[1][..], &[0x7f], &[0x80], &[0xff; 200]] {
            assert_eq!(Reader(&write_positive_integer(number)).positive_integer(), Ok(number));
        }
    }

    #[test]
    fn integers_are_positive_and_minimal() {
        for bytes in [&[0x02, 0x00][..], &[0x02, 0x01, 0x00], &[0x02, 0x01, 0x80], &[0x02, 0x02, 0x00, 0x7f]]
        {
            assert_eq!(Reader(bytes).positive_integer(), Err(KeyError::Der), "{bytes:x?}");
        }
        assert_eq!(Reader(&[0x02, 0x02, 0x00, 0x80]).positive_integer(), Ok(&[0x80][..]));
    }
}
