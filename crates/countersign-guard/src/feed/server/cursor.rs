//! How far a follower has come. Followers give it back and do not read it.

use std::fmt;

/// A place in the log of one process, and a time that says something to every other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The log: random, another one for each start.
    pub(super) epoch: u64,
    /// The last event that the follower has.
    pub(super) number: u64,
    /// Up to when the follower has everything, in Unix milliseconds.
    pub(super) as_of: i64,
}

impl Cursor {
    /// Reads the one form that [`Display`](fmt::Display) writes. Anything else is no cursor, and its follower
    /// gets everything.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("1.")?.split('.');
        let epoch = u64::from_str_radix(parts.next()?, 16).ok()?;
        let cursor = Self { epoch, number: parts.next()?.parse().ok()?, as_of: parts.next()?.parse().ok()? };
        (cursor.to_string() == text).then_some(cursor)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{:016x}.{}.{}", self.epoch, self.number, self.as_of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_has_one_spelling() {
        let cursor = Cursor { epoch: 0x9f3c, number: 4711, as_of: 1_795_470_372_123 };
        let text = cursor.to_string();
        assert_eq!(text, "1.0000000000009f3c.4711.1795470372123");
        assert_eq!(Cursor::parse(&text), Some(cursor));
        for other in [
            "",
            "1",
            "1.",
            "1.9f3c.4711.1795470372123",
            "2.0000000000009f3c.4711.1795470372123",
            "1.0000000000009F3C.4711.1795470372123",
            "1.0000000000009f3c.+4711.1795470372123",
            "1.0000000000009f3c.4711.1795470372123.",
            "1.0000000000009f3c.4711.99999999999999999999",
            "1.0000000000009f3c.4711",
        ] {
            assert_eq!(Cursor::parse(other), None, "{other:?}");
        }
    }
}
