//! The rules for user names. A name is normalised once, when it is parsed; nothing downstream compares raw text
//! (EM-7, TH-4, CC-4).

use std::fmt;

use caseless::Caseless;
use unicode_normalization::{UnicodeNormalization, is_nfkc};
use unicode_security::mixed_script::AugmentedScriptSet;

/// A user name: as written (NFC), and the folded form that is unique.
#[derive(Clone, PartialEq, Eq)]
pub struct Username {
    written: String,
    canonical: String,
}

impl Username {
    /// The most code points a name has: an e-mail address, which is a name like any other, has at most 254 (RFC 5321
    /// §4.5.3.1.3, less the angle brackets).
    pub const MAX_CHARS: usize = 254;

    /// Normalises and checks a name. Two names that differ in case, composition or compatibility forms (`Ｂob`, `bob`)
    /// are one name.
    ///
    /// # Errors
    /// [`UsernameError::Empty`]; [`UsernameError::TooLong`], over 254 code points before or after folding;
    /// [`UsernameError::Space`], white space at either end; [`UsernameError::Control`], which breaks a log line;
    /// [`UsernameError::Direction`] and [`UsernameError::Unprintable`], which make two names look alike;
    /// [`UsernameError::MixedScripts`], a word whose letters are of scripts that no language mixes (UTS 39 §5.2, highly
    /// restrictive), as in `pаypal` with a Cyrillic `а`.
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
        let mut characters = written.chars().chain(canonical.chars());
        if let Some(error) = characters.find_map(unusable) {
            return Err(error);
        }
        if !written.split(|c: char| !c.is_alphanumeric()).all(is_of_one_script) {
            return Err(UsernameError::MixedScripts);
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

    /// Whether it is written with forms that are another character's in a different shape (`Ｂ`, `ﬁ`).
    pub(crate) fn has_compatibility_forms(&self) -> bool {
        !is_nfkc(&self.written)
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

/// Why no name has this character.
fn unusable(c: char) -> Option<UsernameError> {
    match c {
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' => {
            Some(UsernameError::Direction)
        }
        '\u{2028}' | '\u{2029}' => Some(UsernameError::Control),
        '\u{00ad}'
        | '\u{034f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2060}'..='\u{2065}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => Some(UsernameError::Unprintable),
        c if c.is_control() => Some(UsernameError::Control),
        _ => None,
    }
}

/// Whether a word is written in one script, or in Latin and those of Chinese, Japanese or Korean. An address in Latin
/// letters has words of its own, so that `иван@example.org` is a name.
fn is_of_one_script(word: &str) -> bool {
    let of = |word: &mut dyn Iterator<Item = char>| {
        let mut scripts = AugmentedScriptSet::default();
        for c in word {
            scripts.intersect_with(AugmentedScriptSet::for_char(c));
        }
        scripts
    };
    if !of(&mut word.chars()).is_empty() {
        return true;
    }
    let others = of(&mut word.chars().filter(|c| !is_latin(*c)));
    others.hanb || others.jpan || others.kore
}

fn is_latin(c: char) -> bool {
    let mut both = AugmentedScriptSet::for_char(c);
    both.intersect_with(AugmentedScriptSet::for_char('a'));
    !both.is_empty()
}

/// Why a text is not a user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UsernameError {
    /// Nothing is left.
    #[error("the user name is empty")]
    Empty,
    /// More than 254 code points.
    #[error("the user name has more than {} characters", Username::MAX_CHARS)]
    TooLong,
    /// White space at either end.
    #[error("the user name begins or ends with white space")]
    Space,
    /// A control character, or the end of a line.
    #[error("the user name has control characters")]
    Control,
    /// A character that changes the direction of text.
    #[error("the user name has characters that change the direction of text")]
    Direction,
    /// A character that cannot be seen.
    #[error("the user name has characters that cannot be seen")]
    Unprintable,
    /// A word with letters of scripts that no language mixes.
    #[error("the user name mixes letters of several scripts in one word")]
    MixedScripts,
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
            ("a\u{1b}]0;x", UsernameError::Control),
            ("a\u{2028}b", UsernameError::Control),
            ("a\u{202e}b", UsernameError::Direction),
            ("a\u{200f}b", UsernameError::Direction),
            ("a\u{3164}b", UsernameError::Unprintable),
            ("a\u{fe0f}b", UsernameError::Unprintable),
            ("p\u{430}ypal", UsernameError::MixedScripts),
            ("user.\u{3b1}dmin", UsernameError::MixedScripts),
            (&"é".repeat(255), UsernameError::TooLong),
            (&"x".repeat(10_000), UsernameError::TooLong),
        ] {
            assert_eq!(Username::parse(raw), Err(error), "{raw:?}");
        }
        assert!(Username::parse(&"é".repeat(254)).is_ok());
    }
    /// What people are called and where they get mail; each with the whole length of an address.
    #[test]
    fn addresses_and_names_of_all_scripts_are_names() {
        let long = format!("{}@{}.example.org", "a".repeat(64), "b".repeat(177));
        assert_eq!(long.len(), 254);
        for name in [
            long.as_str(),
            "firstname.lastname_partner.example#EXT#@contoso.onmicrosoft.example",
            "o'neil+tag@example.org",
            "иван@example.org",
            "Иван Smith",
            "山田太郎さん",
            "LINEユーザー",
            "김철수abc",
            "王小明2",
            "Ελένη7",
            "עדה",
            "Nguyễn Văn A",
            "ǅemal",
            "x_1-2.3",
        ] {
            assert!(Username::parse(name).is_ok(), "{name}");
        }
    }
}
