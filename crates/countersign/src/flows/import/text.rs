//! The text of a file: UTF-8 with or without a byte order mark, and UTF-16 with one.

use zeroize::Zeroizing;

/// Why a file is not text that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotText {
    /// Bytes that are not UTF-8.
    #[error("line {line}: this is not UTF-8; convert the file, for example with iconv")]
    Utf8 {
        /// The line that they are in.
        line: usize,
    },
    /// UTF-16 that is cut off or has half a character.
    #[error("this begins like UTF-16, but is not; convert the file, for example with iconv")]
    Utf16,
    /// Every other byte is zero, as in UTF-16, and nothing says in which order.
    #[error("this looks like UTF-16 without a byte order mark; convert the file: iconv -f UTF-16LE -t UTF-8")]
    Utf16WithoutMark,
}

/// Decodes a file. The text is wiped when dropped: it holds hashes.
pub(super) fn decode(bytes: &[u8]) -> Result<Zeroizing<String>, NotText> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [_, 0, ..] | [0, _, ..] => Err(NotText::Utf16WithoutMark),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let text = std::str::from_utf8(bytes).map_err(|error| {
                let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
                NotText::Utf8 { line: before.split(|byte| *byte == b'\n').count() }
            })?;
            Ok(Zeroizing::new(text.to_owned()))
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Zeroizing<String>, NotText> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        text.push(character.map_err(|_| NotText::Utf16)?);
    }
    if rest.is_empty() { Ok(text) } else { Err(NotText::Utf16) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_of_one_text_is_that_text() {
        let text = "näme\n\u{1f40e}";
        let units: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe", little.as_slice()].concat(),
            [b"\xfe\xff", big.as_slice()].concat(),
        ] {
            assert_eq!(decode(&bytes).unwrap().as_str(), text);
        }
        assert_eq!(decode(b"ab\nb\xf6b").unwrap_err(), NotText::Utf8 { line: 2 });
        assert_eq!(decode(b"\xff\xfea\0b").unwrap_err(), NotText::Utf16);
        assert_eq!(decode(&little).unwrap_err(), NotText::Utf16WithoutMark);
    }
}
