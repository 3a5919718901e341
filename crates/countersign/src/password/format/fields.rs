//! The parts of a stored hash as text: fields, parameters, numbers, and the two ways of writing bytes.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::scheme::UnreadableHash;

/// Exactly so many fields between `$`; the name of the scheme is the first.
pub(super) fn fields<const N: usize>(text: &str) -> Result<[&str; N], UnreadableHash> {
    let fields: Vec<&str> = text.strip_prefix('$').unwrap_or(text).splitn(N + 1, '$').collect();
    fields.try_into().map_err(|_| UnreadableHash::Malformed)
}

/// `name=value` pairs in exactly this order, as the PHC form demands.
pub(super) fn values<'a, const N: usize>(
    field: &'a str,
    names: [&str; N],
) -> Result<[&'a str; N], UnreadableHash> {
    let parts: Vec<&str> = field.splitn(N + 1, ',').collect();
    let parts: [&str; N] = parts.try_into().map_err(|_| UnreadableHash::Malformed)?;
    let mut values = [""; N];
    for ((value, part), name) in values.iter_mut().zip(parts).zip(names) {
        let after = part.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
        *value = after.ok_or(UnreadableHash::Malformed)?;
    }
    Ok(values)
}

/// A decimal number without sign or leading zero.
pub(super) fn number(text: &str) -> Result<u32, UnreadableHash> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| canonical).ok_or(UnreadableHash::Malformed)
}

/// Base64 with or without padding, and with passlib's `.` for `+`.
pub(super) fn decode(text: &str) -> Result<Bytes, UnreadableHash> {
    let text = text.replace('.', "+");
    BASE64.decode(text).map(Zeroizing::new).map_err(|_| UnreadableHash::Malformed)
}

/// Hexadecimal, in either case.
pub(super) fn hex(text: &str) -> Result<Bytes, UnreadableHash> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
    bytes.map(Zeroizing::new).ok_or(UnreadableHash::Malformed)
}

/// A salt and a tag of lengths that make sense: an empty tag would be equal to an empty tag.
pub(super) fn checked(salt: Bytes, tag: Bytes) -> Result<(Bytes, Bytes), UnreadableHash> {
    let fine = (1..=128).contains(&salt.len()) && (16..=128).contains(&tag.len());
    if fine { Ok((salt, tag)) } else { Err(UnreadableHash::Malformed) }
}

/// A decoded field; wiped, because a tag together with its salt is what an attacker would try passwords against.
pub(super) type Bytes = Zeroizing<Vec<u8>>;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
