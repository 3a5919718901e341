//! Scopes (RFC 6749 §3.3): words without a meaning here, which services compare.

use std::collections::BTreeSet;
use std::fmt;

/// A set of scopes; it may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<String>);

/// The text is no list of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "scopes are words of visible ASCII without quotes and backslashes, with a space between them, of at most 512 bytes together"
)]
pub struct InvalidScopes;

impl Scopes {
    /// Takes scopes with one space between them. No text is no scope.
    ///
    /// # Errors
    /// [`InvalidScopes`] when a word is empty or has a character that RFC 6749 §3.3 does not allow, or all together have more
    /// than 512 bytes: a token has to fit into a header (TK-7).
    pub fn parse(text: &str) -> Result<Self, InvalidScopes> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let is_fine = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        let is_scope = |word: &str| !word.is_empty() && word.bytes().all(is_fine);
        let are_scopes = text.len() <= MAX_BYTES && text.split(' ').all(is_scope);
        if are_scopes { Ok(Self(text.split(' ').map(str::to_owned).collect())) } else { Err(InvalidScopes) }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of these are among the others.
    #[must_use]
    pub fn are_among(&self, others: &Self) -> bool {
        self.0.is_subset(&others.0)
    }

    /// Those that are among the others too.
    #[must_use]
    pub fn both(&self, others: &Self) -> Self {
        Self(self.0.intersection(&others.0).cloned().collect())
    }

    /// Those that are not among the others.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        Self(self.0.difference(&others.0).cloned().collect())
    }

    /// These and the others.
    #[must_use]
    pub fn and(&self, others: &Self) -> Self {
        Self(self.0.union(&others.0).cloned().collect())
    }

    /// Each of them, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// With one space between them, as in the `scope` claim (RFC 8693 §4.2).
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.iter().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope)?;
        }
        Ok(())
    }
}

const MAX_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_a_set_of_words() {
        let read = |text: &str| Scopes::parse(text).map(|scopes| scopes.to_string());
        assert_eq!(read("write read write"), Ok("read write".to_owned()));
        assert_eq!(
            (read(""), read("https://a.example/x!#~")),
            (Ok(String::new()), Ok("https://a.example/x!#~".to_owned()))
        );
        assert!(read(&"x".repeat(512)).is_ok());
        for bad in [" ", " a", "a ", "a  b", "a\tb", "a\"b", "a\\b", "ä", "a\n", &"x".repeat(513)] {
            assert_eq!(read(bad), Err(InvalidScopes), "{bad:?}");
        }
        let among = |a: &str, b: &str| Scopes::parse(a).unwrap().are_among(&Scopes::parse(b).unwrap());
        assert!(among("", "a") && among("a", "a b") && !among("a c", "a b") && !among("a", ""));
    }
}
