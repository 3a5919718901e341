//! The base64 of crypt(3): another alphabet, and the lowest six bits first.

use zeroize::Zeroizing;

/// The number that a character stands for, 0 to 63.
pub(super) fn value(character: u8) -> Option<u32> {
    let at = ALPHABET.iter().position(|c| *c == character)?;
    u32::try_from(at).ok()
}

/// Appends so many characters, the lowest six bits first.
pub(super) fn push(text: &mut String, mut bits: u32, characters: usize) {
    for _ in 0..characters {
        text.push(char::from(ALPHABET[bits as usize & 63]));
        bits >>= 6;
    }
}

/// Three bytes at a time, the first of them the lowest: what phpass writes.
pub(super) fn encode_little_endian(bytes: &[u8]) -> String {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(3) * 4));
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().rev().fold(0, |bits, byte| bits << 8 | u32::from(*byte));
        push(&mut text, bits, chunk.len() + 1);
    }
    std::mem::take(&mut text)
}

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
