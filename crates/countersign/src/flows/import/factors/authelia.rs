//! What `authelia storage user totp export` writes: YAML, a list of URIs, or CSV. Only these shapes are read, not all of YAML.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::flows::import::rows::Row;

type Rows = Vec<(u64, Option<Row>)>;

/// The rows of a file, if it is one of Authelia's that is neither CSV nor JSON.
pub(super) fn read(text: &str) -> Option<Rows> {
    let is_said = |line: &&str| !line.is_empty() && !line.starts_with('#') && *line != "---";
    let first = text.lines().map(str::trim).find(is_said)?;
    match first {
        _ if first.starts_with("otpauth://") => Some(uris(text)),
        "totp_configurations:" => Some(yaml(text)),
        _ => None,
    }
}

/// A list of flat maps, as Authelia's encoder writes it.
fn yaml(text: &str) -> Rows {
    let mut rows: Rows = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let said = line.trim();
        if said.is_empty() || said.starts_with('#') || said == "---" || said == "totp_configurations:" {
            continue;
        }
        let (begins, member) = said.strip_prefix("- ").map_or((false, said), |member| (true, member.trim()));
        if begins || rows.is_empty() {
            rows.push((number, begins.then(Row::new)));
        }
        let Some((_, row)) = rows.last_mut() else { continue };
        let read = member.split_once(':').and_then(|(name, value)| Some((name, scalar(value.trim())?)));
        match (row.as_mut(), read) {
            (Some(row), Some((name, value))) => {
                row.insert(name.to_owned(), value);
            }
            _ => *row = None,
        }
    }
    for row in rows.iter_mut().filter_map(|(_, row)| row.as_mut()) {
        decode_secret(row);
    }
    rows
}

/// In YAML, the text of the secret is in Base64. One that is not is left, and no Base32 either.
fn decode_secret(row: &mut Row) {
    if let Some(Value::String(secret)) = row.get_mut("secret")
        && let Ok(bytes) = BASE64_STANDARD.decode(secret.as_bytes()).map(Zeroizing::new)
    {
        str::from_utf8(&bytes).unwrap_or_default().clone_into(secret);
    }
}

/// A plain scalar, or one in quotes.
fn scalar(text: &str) -> Option<Value> {
    let text = match text.as_bytes() {
        [b'\'', .., b'\''] if text.len() > 1 => text.get(1..text.len() - 1)?.replace("''", "'"),
        // The escapes of YAML that Authelia's encoder uses are those of JSON.
        [b'"', ..] => serde_json::from_str(text).ok()?,
        [b'\'' | b'|' | b'>' | b'&' | b'*' | b'!' | b'{' | b'[', ..] => return None,
        _ if matches!(text, "null" | "~" | "") => return Some(Value::Null),
        _ => text.to_owned(),
    };
    Some(Value::String(text))
}

/// One a line (the Key Uri Format of Google Authenticator). The command ends with a sentence, which is none.
fn uris(text: &str) -> Rows {
    let lines = (1..).zip(text.lines().map(str::trim));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with("Successfully exported"));
    lines.map(|(number, line)| (number, uri(line))).collect()
}

fn uri(line: &str) -> Option<Row> {
    let (kind, rest) = line.strip_prefix("otpauth://")?.split_once('/')?;
    let (label, query) = rest.split_once('?')?;
    let mut row = Row::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=')?;
        row.insert(name.to_ascii_lowercase(), Value::String(decoded(&value.replace('+', " "))?));
    }
    let label = decoded(label)?;
    let issuer = row.get("issuer").and_then(Value::as_str).unwrap_or_default();
    let name = match label.strip_prefix(issuer).and_then(|rest| rest.strip_prefix(':')) {
        Some(name) if !issuer.is_empty() => name,
        _ => label.split_once(':').map_or(label.as_str(), |(_, name)| name),
    };
    row.insert("username".to_owned(), Value::String(name.trim().to_owned()));
    row.insert("type".to_owned(), Value::String(kind.to_owned()));
    Some(row)
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|d| u8::try_from(d).ok());
            bytes.push(digit(rest.next())? << 4 | digit(rest.next())?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_read_as_far_as_authelia_writes_it() {
        let text = "# yaml-language-server: $schema=https://…\ntotp_configurations:\n    - created_at: 2026-05-02T10:00:00Z\n      \
                    last_used_at: null\n      username: 'o''hara'\n      issuer: \"a \\\"b\\\"\"\n      digits: 6\n      \
                    secret: R0VaREdOQlY=\n    - username: *alias\n    - username: bob\n      secret: GEZD\n";
        let rows = read(text).unwrap();
        assert_eq!(
            rows.iter().map(|(line, row)| (*line, row.is_some())).collect::<Vec<_>>(),
            [(3, true), (9, false), (10, true)]
        );
        let first = rows[0].1.as_ref().unwrap();
        let said = ["username", "issuer", "digits", "secret"].map(|name| first[name].as_str().unwrap());
        assert_eq!(said, ["o'hara", "a \"b\"", "6", "GEZDGNBV"]);
        assert_eq!(first["last_used_at"], Value::Null);
        assert!(read("username,secret\n").is_none());
    }

    #[test]
    fn the_owner_of_a_uri_is_behind_the_issuer() {
        for (line, name) in [
            ("otpauth://totp/Authelia:john?secret=AB&issuer=Authelia", "john"),
            ("otpauth://totp/a:b:j%40example.org?issuer=a%3Ab&secret=AB", "j@example.org"),
            ("otpauth://totp/john?secret=AB", "john"),
            ("otpauth://totp/My%20Co:%20john?issuer=My+Co&secret=AB", "john"),
        ] {
            let row = uri(line).unwrap();
            assert_eq!(
                (row["username"].as_str(), row["type"].as_str()),
                (Some(name), Some("totp")),
                "{line}"
            );
        }
        for wrong in ["https://x/y?z=1", "otpauth://totp/john", "otpauth://totp/j%4?secret=AB"] {
            assert!(uri(wrong).is_none(), "{wrong}");
        }
    }
}
