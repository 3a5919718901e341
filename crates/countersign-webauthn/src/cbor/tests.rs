//! What is read, what is refused, and that nothing has two encodings.

use proptest::prelude::*;

use super::*;

/// The canonical encoding, to compare with.
fn encode(item: &Item<'_>) -> Vec<u8> {
    let head = |major: u8, value: u64| -> Vec<u8> {
        let with = |info: u8, bytes: &[u8]| [&[major << 5 | info], bytes].concat();
        match value {
            0..24 => with(u8::try_from(value).unwrap(), &[]),
            24..0x100 => with(24, &[u8::try_from(value).unwrap()]),
            0x100..0x1_0000 => with(25, &u16::try_from(value).unwrap().to_be_bytes()),
            0x1_0000..0x1_0000_0000 => with(26, &u32::try_from(value).unwrap().to_be_bytes()),
            _ => with(27, &value.to_be_bytes()),
        }
    };
    let length = |length: usize| u64::try_from(length).unwrap();
    match item {
        Item::Integer(value) if *value >= 0 => head(0, u64::try_from(*value).unwrap()),
        Item::Integer(value) => head(1, u64::try_from(-1 - value).unwrap()),
        Item::Bytes(bytes) => [head(2, length(bytes.len())), bytes.to_vec()].concat(),
        Item::Text(text) => [head(3, length(text.len())), text.as_bytes().to_vec()].concat(),
        Item::Array(elements) => {
            [vec![head(4, length(elements.len()))], elements.iter().map(encode).collect()].concat().concat()
        }
        Item::Map(entries) => {
            let entry = |(key, value): &(Item<'_>, Item<'_>)| [encode(key), encode(value)].concat();
            [vec![head(5, length(entries.len()))], entries.iter().map(entry).collect()].concat().concat()
        }
        Item::Bool(value) => vec![0xf4 + u8::from(*value)],
        Item::Null => vec![0xf6],
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Examples of RFC 8949 appendix A.
#[test]
fn examples_of_the_rfc_are_read() {
    for (text, item) in [
        ("00", Item::Integer(0)),
        ("17", Item::Integer(23)),
        ("1818", Item::Integer(24)),
        ("1903e8", Item::Integer(1000)),
        ("1a000f4240", Item::Integer(1_000_000)),
        ("1bffffffffffffffff", Item::Integer(u64::MAX.into())),
        ("20", Item::Integer(-1)),
        ("3903e7", Item::Integer(-1000)),
        ("3bffffffffffffffff", Item::Integer(-18_446_744_073_709_551_616)),
        ("f4", Item::Bool(false)),
        ("f5", Item::Bool(true)),
        ("f6", Item::Null),
        ("4401020304", Item::Bytes(&[1, 2, 3, 4])),
        ("62c3bc", Item::Text("ü")),
        ("80", Item::Array(Vec::new())),
        ("a0", Item::Map(Vec::new())),
    ] {
        assert_eq!(decode(&hex(text), KeyOrder::Canonical), Ok(item), "{text}");
    }
}

#[test]
fn what_is_not_canonical_is_refused_with_its_reason() {
    let deep = |levels: usize| format!("{}00", "81".repeat(levels));
    for (text, error) in [
        (String::new(), CborError::Truncated),
        ("18".to_owned(), CborError::Truncated),
        ("4102ff".to_owned(), CborError::TrailingBytes),
        ("4402".to_owned(), CborError::Truncated),
        ("5bffffffffffffffff00".to_owned(), CborError::Truncated),
        ("9a00100000".to_owned(), CborError::TooMany),
        (format!("9841{}", "00".repeat(65)), CborError::TooMany),
        ("8200".to_owned(), CborError::Truncated),
        ("1817".to_owned(), CborError::NotShortest),
        ("1900ff".to_owned(), CborError::NotShortest),
        ("1a0000ffff".to_owned(), CborError::NotShortest),
        ("1b00000000ffffffff".to_owned(), CborError::NotShortest),
        ("5800".to_owned(), CborError::NotShortest),
        ("5f4100ff".to_owned(), CborError::Indefinite),
        ("9f00ff".to_owned(), CborError::Indefinite),
        ("bf0000ff".to_owned(), CborError::Indefinite),
        ("ff".to_owned(), CborError::Indefinite),
        ("1c".to_owned(), CborError::Unsupported),
        ("c000".to_owned(), CborError::Unsupported),
        ("f93c00".to_owned(), CborError::Unsupported),
        ("f7".to_owned(), CborError::Unsupported),
        ("f820".to_owned(), CborError::Unsupported),
        ("a1400000".to_owned(), CborError::Unsupported),
        ("a1f500".to_owned(), CborError::Unsupported),
        ("61ff".to_owned(), CborError::NotUtf8),
        ("a2000000 00".to_owned(), CborError::DuplicateKey),
        ("a220000000".to_owned(), CborError::KeyOrder),
        ("a262616100616100".to_owned(), CborError::KeyOrder),
        (deep(MAX_DEPTH + 1), CborError::TooDeep),
    ] {
        assert_eq!(decode(&hex(&text), KeyOrder::Canonical), Err(error), "{text}");
    }
    assert!(decode(&hex(&deep(MAX_DEPTH)), KeyOrder::Canonical).is_ok());
    assert!(decode(&hex(&format!("9840{}", "00".repeat(64))), KeyOrder::Canonical).is_ok());
    assert!(decode(&hex("a220000000"), KeyOrder::Any).is_ok());
    assert_eq!(decode(&hex("a300002000 0001"), KeyOrder::Any), Err(CborError::DuplicateKey));
}

fn items() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(|value| encode(&Item::Integer(value.into()))),
        any::<u64>().prop_map(|value| encode(&Item::Integer(-1 - i128::from(value)))),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| encode(&Item::Bytes(&bytes))),
        ".{0,20}".prop_map(|text| encode(&Item::Text(&text))),
        Just(vec![0xf5]),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        let key = prop_oneof![
            any::<u64>().prop_map(|value| encode(&Item::Integer(value.into()))),
            ".{0,9}".prop_map(|text| encode(&Item::Text(&text))),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(|elements| {
                [vec![0x80 | u8::try_from(elements.len()).unwrap()], elements.concat()].concat()
            }),
            // A `BTreeMap` of encoded keys is in canonical order.
            prop::collection::btree_map(key, inner, 0..8).prop_map(|entries| {
                let body = entries.iter().flat_map(|(key, value)| [key.clone(), value.clone()]);
                [vec![0xa0 | u8::try_from(entries.len()).unwrap()], body.collect::<Vec<_>>().concat()]
                    .concat()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_read_is_written_as_the_same_bytes(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok((item, consumed)) = decode_first(&bytes, KeyOrder::Canonical) {
            prop_assert_eq!(encode(&item), &bytes[..consumed]);
        }
    }

    #[test]
    fn every_canonical_item_is_read(bytes in items()) {
        let item = decode(&bytes, KeyOrder::Canonical).unwrap();
        prop_assert_eq!(encode(&item), bytes.clone());
        prop_assert_eq!(decode(&bytes, KeyOrder::Any).unwrap(), item);
    }

    #[test]
    fn a_changed_byte_never_makes_a_second_encoding(bytes in items(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut changed = bytes.clone();
        changed[at.index(bytes.len())] = byte;
        if let Ok((item, consumed)) = decode_first(&changed, KeyOrder::Canonical) {
            prop_assert_eq!(encode(&item), &changed[..consumed]);
        }
        let _ = decode_first(&changed, KeyOrder::Any);
    }
}
