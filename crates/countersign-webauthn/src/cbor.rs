//! A decoder for the CBOR of authenticators (RFC 8949): the subset of CTAP2's canonical form, and nothing else.
//!
//! Integers and lengths in their shortest form, definite lengths, no tags, no floats, no `undefined`, keys that are
//! integers or texts and occur once. WebAuthn §2.1 wants decoders to refuse what is not canonical: two encodings of
//! one key are two credentials to whoever compares bytes. What the items mean is decided by other files.
//!
//! The input bounds the memory: nothing is reserved for a length that is only claimed, every item takes at least one
//! byte of input, and nesting and the size of containers are limited.

use crate::error::CborError;

/// CTAP2 nests four deep; the outermost map of a compound attestation object makes it five.
pub(crate) const MAX_DEPTH: usize = 5;
/// How many elements an array, or entries a map, may have.
pub(crate) const MAX_ELEMENTS: u64 = 64;

/// One data item. Texts and byte strings are borrowed from the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    /// From −2⁶⁴ to 2⁶⁴ − 1.
    Integer(i128),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Item<'a>>),
    Map(Vec<(Item<'a>, Item<'a>)>),
    Bool(bool),
    Null,
}

impl<'a> Item<'a> {
    /// The value of this text key, if this is a map that has it.
    pub(crate) fn member(&self, name: &str) -> Option<&Item<'a>> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(key, _)| *key == Item::Text(name)).map(|(_, value)| value)
    }
}

/// Whether the keys of maps must be in the order of CTAP2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyOrder {
    /// What an authenticator writes and signs.
    Canonical,
    /// What clients and password managers wrap around it: some write the three members in another order.
    Any,
}

/// Decodes exactly one item.
pub(crate) fn decode(bytes: &[u8], order: KeyOrder) -> Result<Item<'_>, CborError> {
    let (item, consumed) = decode_first(bytes, order)?;
    if consumed == bytes.len() { Ok(item) } else { Err(CborError::TrailingBytes) }
}

/// Decodes one item at the start of `bytes`, and says how many bytes it takes.
pub(crate) fn decode_first(bytes: &[u8], order: KeyOrder) -> Result<(Item<'_>, usize), CborError> {
    let mut reader = Reader { bytes, position: 0, order };
    let item = reader.item(0)?;
    Ok((item, reader.position))
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    order: KeyOrder,
}

impl<'a> Reader<'a> {
    /// `depth` is how many containers are around the item.
    fn item(&mut self, depth: usize) -> Result<Item<'a>, CborError> {
        let [first] = *self.take_array::<1>()?;
        let (major, info) = (first >> 5, first & 0x1f);
        if major == 7 {
            return simple_value(info);
        }
        let argument = self.argument(info)?;
        match major {
            0 => Ok(Item::Integer(argument.into())),
            1 => Ok(Item::Integer(-1 - i128::from(argument))),
            2 => Ok(Item::Bytes(self.take(argument)?)),
            3 => std::str::from_utf8(self.take(argument)?).map(Item::Text).map_err(|_| CborError::NotUtf8),
            4 => self.array(argument, depth),
            5 => self.map(argument, depth),
            _ => Err(CborError::Unsupported), // tags
        }
    }

    fn array(&mut self, length: u64, depth: usize) -> Result<Item<'a>, CborError> {
        check_container(length, depth)?;
        let mut elements = Vec::new();
        for _ in 0..length {
            elements.push(self.item(depth + 1)?);
        }
        Ok(Item::Array(elements))
    }

    fn map(&mut self, length: u64, depth: usize) -> Result<Item<'a>, CborError> {
        check_container(length, depth)?;
        let mut entries: Vec<(Item<'a>, Item<'a>)> = Vec::new();
        let mut previous: &[u8] = &[];
        for _ in 0..length {
            let start = self.position;
            let key = self.item(depth + 1)?;
            if !matches!(key, Item::Integer(_) | Item::Text(_)) {
                return Err(CborError::Unsupported);
            }
            let encoded = self.bytes.get(start..self.position).unwrap_or_default();
            if entries.iter().any(|(other, _)| *other == key) {
                return Err(CborError::DuplicateKey);
            }
            // For shortest encodings the order of CTAP2 (type, then length, then bytes) is that of the bytes.
            if self.order == KeyOrder::Canonical && encoded < previous {
                return Err(CborError::KeyOrder);
            }
            previous = encoded;
            entries.push((key, self.item(depth + 1)?));
        }
        Ok(Item::Map(entries))
    }

    /// The number that follows the first byte, in its shortest form (RFC 8949 §3, §4.2.1).
    fn argument(&mut self, info: u8) -> Result<u64, CborError> {
        let (value, least) = match info {
            0..24 => (info.into(), 0),
            24 => (u8::from_be_bytes(*self.take_array()?).into(), 24),
            25 => (u16::from_be_bytes(*self.take_array()?).into(), 1 << 8),
            26 => (u32::from_be_bytes(*self.take_array()?).into(), 1 << 16),
            27 => (u64::from_be_bytes(*self.take_array()?), 1 << 32),
            31 => return Err(CborError::Indefinite),
            _ => return Err(CborError::Unsupported),
        };
        if value < least { Err(CborError::NotShortest) } else { Ok(value) }
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], CborError> {
        let length = usize::try_from(length).map_err(|_| CborError::Truncated)?;
        let end = self.position.checked_add(length).ok_or(CborError::Truncated)?;
        let taken = self.bytes.get(self.position..end).ok_or(CborError::Truncated)?;
        self.position = end;
        Ok(taken)
    }

    fn take_array<const N: usize>(&mut self) -> Result<&'a [u8; N], CborError> {
        let rest = self.bytes.get(self.position..).and_then(|rest| rest.first_chunk());
        let taken = rest.ok_or(CborError::Truncated)?;
        self.position += N;
        Ok(taken)
    }
}

fn simple_value<'a>(info: u8) -> Result<Item<'a>, CborError> {
    match info {
        20 => Ok(Item::Bool(false)),
        21 => Ok(Item::Bool(true)),
        22 => Ok(Item::Null),
        31 => Err(CborError::Indefinite),
        _ => Err(CborError::Unsupported),
    }
}

fn check_container(length: u64, depth: usize) -> Result<(), CborError> {
    if depth >= MAX_DEPTH {
        Err(CborError::TooDeep)
    } else if length > MAX_ELEMENTS {
        Err(CborError::TooMany)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
