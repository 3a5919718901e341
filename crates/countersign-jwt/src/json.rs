//! Strict JSON (RFC 8259): one object, no duplicate member name at any level, depth at most 32.
//!
//! Duplicate names are how two readers of one token see two different tokens (RFC 7515 §4, RFC 8725 §3.7),
//! so they are refused everywhere and not only where this crate looks. The reader is our own because a
//! generic one keeps the last duplicate, and because features that another crate switches on in a shared
//! JSON library (arbitrary precision, for one) must not change what this crate accepts.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use crate::error::JsonError;

/// How deep objects and arrays may nest; the outermost object is at depth 1.
pub(crate) const MAX_DEPTH: usize = 32;

/// Reads `bytes` as exactly one JSON object, with nothing but whitespace around it.
pub(crate) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    let mut members = Map::new();
    parse_members(bytes, |name, value| members.insert(name.into_owned(), value).is_none())?;
    Ok(members)
}

/// As [`parse_object`], handing each outer member to `is_new`, which says whether its name is new.
pub(crate) fn parse_members<'a>(
    bytes: &'a [u8],
    is_new: impl FnMut(Cow<'a, str>, Value) -> bool,
) -> Result<(), JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    let mut reader = Reader { text, position: 0 };
    reader.skip_whitespace();
    if reader.peek() != Some(b'{') {
        return Err(JsonError::NotAnObject);
    }
    reader.members(1, is_new)?;
    reader.skip_whitespace();
    if reader.position == text.len() { Ok(()) } else { Err(JsonError::Syntax) }
}

struct Reader<'a> {
    text: &'a str,
    /// A byte offset into `text`, always at a character boundary: only ASCII bytes are stepped over singly.
    position: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        match self.peek() {
            Some(b'"') => Ok(Value::String(self.string()?.into_owned())),
            Some(b'{') => self.object(depth).map(Value::Object),
            Some(b'[') => self.array(depth).map(Value::Array),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Null),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            _ => Err(JsonError::Syntax),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Map<String, Value>, JsonError> {
        let mut members = Map::new();
        self.members(depth, |name, value| members.insert(name.into_owned(), value).is_none())?;
        Ok(members)
    }

    fn members(
        &mut self,
        depth: usize,
        mut is_new: impl FnMut(Cow<'a, str>, Value) -> bool,
    ) -> Result<(), JsonError> {
        let mut more = self.open(b'}', depth)?;
        while more {
            let name = self.string()?;
            self.skip_whitespace();
            self.expect(b':')?;
            self.skip_whitespace();
            let value = self.value(depth + 1)?;
            if !is_new(name, value) {
                return Err(JsonError::DuplicateName);
            }
            more = self.separator(b'}')?;
        }
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Value>, JsonError> {
        let mut elements = Vec::new();
        let mut more = self.open(b']', depth)?;
        while more {
            elements.push(self.value(depth + 1)?);
            more = self.separator(b']')?;
        }
        Ok(elements)
    }

    /// Steps over the opening bracket; `false` when the closing one follows at once.
    fn open(&mut self, close: u8, depth: usize) -> Result<bool, JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        self.position += 1;
        self.skip_whitespace();
        Ok(!self.take(close))
    }

    /// Steps over `,` (`true`: another element must follow) or the closing bracket (`false`).
    fn separator(&mut self, close: u8) -> Result<bool, JsonError> {
        self.skip_whitespace();
        if self.take(close) {
            return Ok(false);
        }
        self.expect(b',')?;
        self.skip_whitespace();
        Ok(true)
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.expect(b'"')?;
        let plain = self.plain_run()?;
        if self.take(b'"') {
            return Ok(Cow::Borrowed(plain)); // no escape: almost every string
        }
        let mut out = plain.to_owned();
        while !self.take(b'"') {
            self.expect(b'\\')?;
            out.push(self.escape()?);
            out.push_str(self.plain_run()?);
        }
        Ok(Cow::Owned(out))
    }

    /// Steps over the characters up to the next quote, backslash or control character.
    fn plain_run(&mut self) -> Result<&'a str, JsonError> {
        let rest = self.text.as_bytes().get(self.position..).unwrap_or_default();
        let length = rest.iter().position(|byte| ends_plain_run(*byte)).ok_or(JsonError::Syntax)?;
        let run = self.text.get(self.position..self.position + length).ok_or(JsonError::Syntax)?;
        self.position += length;
        Ok(run)
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let kind = self.peek().ok_or(JsonError::Syntax)?;
        self.position += usize::from(kind.is_ascii());
        Ok(match kind {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(JsonError::Syntax),
        })
    }

    /// `\uXXXX`, or a surrogate pair of two; a lone surrogate is no character and is refused.
    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let first = self.hex4()?;
        let code_point = if (0xD800..0xDC00).contains(&first) {
            self.expect(b'\\').and_then(|()| self.expect(b'u')).map_err(|_| JsonError::LoneSurrogate)?;
            let second = self.hex4()?;
            let low =
                second.checked_sub(0xDC00).filter(|low| *low < 0x400).ok_or(JsonError::LoneSurrogate)?;
            0x1_0000 + ((first - 0xD800) << 10) + low
        } else {
            first
        };
        char::from_u32(code_point).ok_or(JsonError::LoneSurrogate)
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let digits =
            self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let digits = digits.ok_or(JsonError::Syntax)?;
        let value = u32::from_str_radix(digits, 16).map_err(|_| JsonError::Syntax)?;
        self.position += 4;
        Ok(value)
    }

    /// The grammar of RFC 8259 §6; a number too large for a double is refused, not made infinite.
    fn number(&mut self) -> Result<Number, JsonError> {
        let start = self.position;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        let mut is_integer = true;
        if self.take(b'.') {
            is_integer = false;
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            is_integer = false;
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        let text = self.text.get(start..self.position).ok_or(JsonError::Syntax)?;
        if is_integer {
            if let Ok(value) = text.parse::<u64>() {
                return Ok(value.into());
            }
            if let Ok(value) = text.parse::<i64>() {
                return Ok(value.into());
            }
        }
        let value = text.parse::<f64>().map_err(|_| JsonError::Syntax)?;
        Number::from_f64(value).ok_or(JsonError::NumberOutOfRange)
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.position += count;
        if count == 0 { Err(JsonError::Syntax) } else { Ok(()) }
    }

    fn literal(&mut self, text: &str, value: Value) -> Result<Value, JsonError> {
        if !self.rest().starts_with(text) {
            return Err(JsonError::Syntax);
        }
        self.position += text.len();
        Ok(value)
    }

    fn skip_whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.take(byte) { Ok(()) } else { Err(JsonError::Syntax) }
    }

    /// Steps over `byte` if it is next. Only called with ASCII.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }
}

fn ends_plain_run(byte: u8) -> bool {
    ENDS_PLAIN_RUN.get(usize::from(byte)).copied().unwrap_or(true)
}

/// Bytes that a string cannot hold as they are: the quote, the backslash, control characters (RFC 8259 §7).
#[expect(clippy::indexing_slicing, reason = "evaluated at compile time, where a bad index does not compile")]
static ENDS_PLAIN_RUN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte < 0x20 || byte == b'"' as usize || byte == b'\\' as usize;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> Option<JsonError> {
        parse_object(text.as_bytes()).err()
    }

    #[test]
    fn what_it_reads_is_what_serde_json_reads() {
        let text = r#" { "a" : [1, -2, 0, 1.5, 1e3, -0.25E-2, 18446744073709551615, -9223372036854775808, 1e20],
            "é\u00e9\ud83d\ude00": {"x": [[], {}], "n": null}, "t": true, "f": false, "\"\\\/\b\f\n\r\t": "\u0000" } "#;
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(parse_object(text.as_bytes()).map(Value::Object), Ok(expected));
        assert_eq!(parse_object(b"{}"), Ok(Map::new()));
    }

    #[test]
    fn duplicate_names_are_refused_at_every_level() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":[[{"a":1,"b":2,"a":3}]]}"#,
            r#"{"":1,"":2}"#,
        ] {
            assert_eq!(error(text), Some(JsonError::DuplicateName), "{text}");
        }
        assert_eq!(error(r#"{"a":{"a":1},"b":[{"a":1},{"a":1}]}"#), None);
    }

    #[test]
    fn only_an_object_will_do() {
        for text in ["[]", "5", "\"x\"", "null", "", "   ", "\u{feff}{}", "true"] {
            assert_eq!(error(text), Some(JsonError::NotAnObject), "{text:?}");
        }
    }

    #[test]
    fn malformed_texts_are_refused() {
        for text in [
            "{",
            "{}{}",
            "{} x",
            "{}\0",
            "{a:1}",
            "{'a':1}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{,"a":1}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":[,1]}"#,
            r#"{"a":[1 2]}"#,
            r#"{"a":01}"#,
            r#"{"a":+1}"#,
            r#"{"a":1.}"#,
            r#"{"a":.5}"#,
            r#"{"a":1e}"#,
            r#"{"a":-}"#,
            r#"{"a":0x1}"#,
            r#"{"a":NaN}"#,
            r#"{"a":Infinity}"#,
            r#"{"a":tru}"#,
            r#"{"a":True}"#,
            r#"{"a":"x}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\u12g4"}"#,
            r#"{"a":"\u12"}"#,
            "{\"a\":\"\n\"}",
            "{\"a\":\"\t\"}",
            r#"{"a":1 "b":2}"#,
            r#"{"a":1}// c"#,
            r#"{/**/"a":1}"#,
            "{\u{a0}}",
            r#"{"a":"\é"}"#,
            r#"{"a":"\u+123"}"#,
            "{1:2}",
        ] {
            assert_eq!(error(text), Some(JsonError::Syntax), "{text}");
        }
    }

    #[test]
    fn surrogates_come_in_pairs() {
        for text in [
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\udc00"}"#,
            r#"{"a":"\ud800\u0041"}"#,
            r#"{"a":"\ud800\ue000"}"#,
            r#"{"a":"\ud800x"}"#,
            r#"{"\udfff":1}"#,
        ] {
            assert_eq!(error(text), Some(JsonError::LoneSurrogate), "{text}");
        }
    }

    #[test]
    fn numbers_no_double_can_hold_and_bytes_that_are_no_text() {
        assert_eq!(error(r#"{"a":1e400}"#), Some(JsonError::NumberOutOfRange));
        assert_eq!(error(r#"{"a":-1e400}"#), Some(JsonError::NumberOutOfRange));
        assert_eq!(parse_object(b"{\"a\":\"\xff\"}"), Err(JsonError::NotUtf8));
        assert_eq!(parse_object(b"{\"a\":\"\xed\xa0\x80\"}"), Err(JsonError::NotUtf8));
    }

    #[test]
    fn depth_32_is_read_and_33_is_not() {
        let nested = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert_eq!(error(&nested(32)), None);
        assert_eq!(error(&nested(33)), Some(JsonError::TooDeep));
        assert_eq!(error(&nested(100_000)), Some(JsonError::TooDeep));
        assert_eq!(error(&"{\"a\":".repeat(33)), Some(JsonError::TooDeep));
    }
}
