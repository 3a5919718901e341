//! PEM (RFC 7468): label and bytes of the one key in a text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::KeyError;

/// A decoded block. Private keys come through here, so the bytes are wiped when dropped.
pub(super) struct Pem<'a> {
    pub(super) label: &'a str,
    pub(super) der: Zeroizing<Vec<u8>>,
}

/// The one block of `text`. Whitespace may be around it, and an `EC PARAMETERS` block before it, as
/// `openssl ecparam` writes it; anything else is refused rather than guessed at.
pub(super) fn parse(text: &str) -> Result<Pem<'_>, KeyError> {
    let (block, rest) = next_block(text)?;
    let (block, rest) = if block.label == "EC PARAMETERS" { next_block(rest)? } else { (block, rest) };
    if rest.trim().is_empty() { Ok(block) } else { Err(KeyError::Pem) }
}

/// As [`parse`], but a block of this label may be followed by more of them.
pub(super) fn parse_first<'a>(text: &'a str, label: &str) -> Result<Pem<'a>, KeyError> {
    match next_block(text)? {
        (block, _) if block.label == label => Ok(block),
        _ => parse(text),
    }
}

fn next_block(text: &str) -> Result<(Pem<'_>, &str), KeyError> {
    let after_begin = text.trim_start().strip_prefix("-----BEGIN ").ok_or(KeyError::Pem)?;
    let (label, rest) = after_begin.split_once("-----").ok_or(KeyError::Pem)?;
    let (body, rest) = rest.split_once("-----END ").ok_or(KeyError::Pem)?;
    let rest = rest.strip_prefix(label).and_then(|rest| rest.strip_prefix("-----")).ok_or(KeyError::Pem)?;
    if body.contains("ENCRYPTED") {
        return Err(KeyError::Encrypted); // "Proc-Type: 4,ENCRYPTED" of the old OpenSSL forms
    }
    // Room for all of it at once: a string that grows leaves its old bytes behind in memory.
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    base64.extend(body.chars().filter(|c| !c.is_ascii_whitespace()));
    let der = Zeroizing::new(STANDARD.decode(base64.as_bytes()).map_err(|_| KeyError::Pem)?);
    Ok((Pem { label, der }, rest))
}

/// One PEM block with lines of 64 characters.
pub(super) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(STANDARD.encode(der));
    let mut out = Zeroizing::new(String::with_capacity(base64.len() + base64.len() / 64 + 80));
    out.push_str("-----BEGIN ");
    out.push_str(label);
    out.push_str("-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, next) = rest.split_at_checked(64).unwrap_or((rest, ""));
        out.push_str(line);
        out.push('\n');
        rest = next;
    }
    out.push_str("-----END ");
    out.push_str(label);
    out.push_str("-----\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_back() {
        let der = [0xa5; 100];
        let text = encode("PUBLIC KEY", &der);
        assert!(text.lines().all(|line| line.len() <= 64));
        let block = parse(&text).unwrap();
        assert_eq!((block.label, block.der.as_slice()), ("PUBLIC KEY", der.as_slice()));
    }

    #[test]
    fn other_texts_are_refused() {
        let block = encode("PUBLIC KEY", &[1, 2, 3]);
        for text in [
            "",
            "AQID",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\nAQID\n-----END PRIVATE KEY-----",
            "-----BEGIN PUBLIC KEY-----\nAQ!D\n-----END PUBLIC KEY-----",
            &format!("{}{}", *block, *block),
            &format!("x{}", *block),
            &format!("{}x", *block),
        ] {
            assert_eq!(parse(text).err(), Some(KeyError::Pem), "{text}");
        }
    }
}
