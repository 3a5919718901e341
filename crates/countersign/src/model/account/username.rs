//! The rules for user names. A name is normalised once, when it is parsed; nothing downstream compares raw text
//! (EM-7, TH-4, CC-4).

use std::fmt;

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

/// A user name: as written (NFC), and the folded form that is unique.
#[derive(Clone, PartialEq, Eq)]
pub struct Username {
    written: String,
    canonical: String,
}

impl Username {
    /// The most code points a name has.
    pub const MAX_CHARS: usize = 64;

    /// Normalises and checks a name. Two names that differ in case, composition or compatibility forms (`Ｂob`, `bob`)
    /// are one name.
    ///
    /// # Errors
    /// [`UsernameError::Empty`], [`UsernameError::TooLong`] (over 64 code points, before or after folding),
    /// [`UsernameError::Space`] (white space at either end) and [`UsernameError::Unprintable`] (control, direction and
    /// zero-width characters, which make two names look alike or break a log line).
    pub fn parse(raw: &str) -> Result<Self, UsernameError> {
        // Before normalising: nothing may cost more than the name's own length (LM-6).
        if raw.len() > Self::MAX_CHARS * 4 {
            return Err(UsernameError::TooLong);
        }
        let written: String = raw.nfc().collect();
        let canonical: String = raw.nfd().default_case_fold().nfkd().default_case_fold().nfkc().collect();
        if canonical.is_empty() {
            return Err(UsernameError::Empty);
        }
        if written.chars().count().max(canonical.chars().count()) > Self::MAX_CHARS {
            return Err(UsernameError::TooLong);
        }
        if canonical.trim() != canonical || written.trim() != written {
            return Err(UsernameError::Space);
        }
        if written.chars().chain(canonical.chars()).any(is_unprintable) {
            return Err(UsernameError::Unprintable);
        }
        Ok(Self { written, canonical })
    }

    /// Takes what a store kept of a name that was parsed once.
    pub(crate) const fn from_stored(written: String, canonical: String) -> Self {
        Self { written, canonical }
    }

    /// The name as its owner writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The folded form, for look-up and uniqueness only.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.written)
    }
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Why a text is not a user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UsernameError {
    /// Nothing is left.
    #[error("the user name is empty")]
    Empty,
    /// More than 64 code points.
    #[error("the user name has more than 64 characters")]
    TooLong,
    /// White space at either end.
    #[error("the user name begins or ends with white space")]
    Space,
    /// Control, direction or zero-width characters.
    #[error("the user name has characters that cannot be seen")]
    Unprintable,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TH-4, CC-4, EM-7: all spellings of a name are one name, and the written form is kept.
    #[test]
    fn spellings_of_a_name_share_one_canonical_form() {
        let name = Username::parse("Zoë").unwrap();
        assert_eq!(name.as_str(), "Zoë");
        for variant in ["ZOË", "zoe\u{308}", "Ｚoë", "zoë"] {
            assert_eq!(Username::parse(variant).unwrap().canonical(), name.canonical(), "{variant}");
        }
        assert_eq!(
            Username::parse("a＠example.org").unwrap().canonical(),
            Username::parse("a@example.org").unwrap().canonical()
        );
        assert_eq!(
            Username::parse("Straße").unwrap().canonical(),
            Username::parse("STRASSE").unwrap().canonical()
        );
        assert_ne!(Username::parse("zoe").unwrap().canonical(), name.canonical());
    }

    /// LG-3 begins here: a name that cannot be seen is not a name.
    #[test]
    fn names_that_cannot_be_told_apart_are_refused() {
        for (raw, error) in [
            ("", UsernameError::Empty),
            (" bob", UsernameError::Space),
            ("bob\u{a0}", UsernameError::Space),
            ("bo\u{200b}b", UsernameError::Unprintable),
            ("a\u{1b}]0;x\r\n", UsernameError::Space),
            ("a\u{1b}]0;x", UsernameError::Unprintable),
            ("a\u{202e}b", UsernameError::Unprintable),
            (&"é".repeat(65), UsernameError::TooLong),
            (&"x".repeat(10_000), UsernameError::TooLong),
        ] {
            assert_eq!(Username::parse(raw), Err(error), "{raw:?}");
        }
        assert!(Username::parse(&"é".repeat(64)).is_ok());
    }
}
