//! A password as somebody typed it: bounded before anything is done with it, normalised once, wiped when dropped.

use std::fmt;

use unicode_normalization::{UnicodeNormalization, is_nfc};
use zeroize::Zeroizing;

/// A password that somebody typed. Wiped from memory when dropped (PW-8); `Debug` shows nothing of it.
///
/// It has several readings. Our own hashes are computed over the NFC form, so that `é` is one password however a keyboard
/// composes it (PP-4). Hashes that come from other systems were computed over the bytes as typed.
#[derive(Clone)]
pub struct Password {
    typed: Zeroizing<String>,
    nfc: Option<Zeroizing<String>>, // only where it differs
}

impl Password {
    /// The most code points a password has (PP-2).
    pub const MAX_CHARS: usize = 256;
    /// The most bytes a password has in UTF-8.
    pub const MAX_BYTES: usize = 1024;

    /// Takes what was typed, and changes nothing of it but its normalisation: not its case, not a space at its end.
    ///
    /// # Errors
    /// [`InvalidPassword::TooLong`] over 256 code points or 1024 bytes: refused, never cut (PP-2, PW-5).
    /// [`InvalidPassword::Nul`] when it has a NUL character, at which some hash functions stop reading (PP-3).
    pub fn new(raw: &str) -> Result<Self, InvalidPassword> {
        if raw.len() > Self::MAX_BYTES || raw.chars().count() > Self::MAX_CHARS {
            return Err(InvalidPassword::TooLong);
        }
        if raw.contains('\0') {
            return Err(InvalidPassword::Nul);
        }
        let nfc = (!is_nfc(raw)).then(|| normalised(raw.nfc(), raw.len()));
        Ok(Self { typed: Zeroizing::new(raw.to_owned()), nfc })
    }

    /// The NFC form: what our own hashes are computed over and what the policy looks at.
    pub(crate) fn nfc(&self) -> &str {
        self.nfc.as_ref().unwrap_or(&self.typed)
    }

    /// The reading that a hash was computed over.
    pub(crate) fn read(&self, reading: Reading) -> Zeroizing<String> {
        match reading {
            Reading::Nfc => Zeroizing::new(self.nfc().to_owned()),
            Reading::Nfkc => normalised(self.typed.nfkc(), self.typed.len()),
            Reading::Typed => self.typed.clone(),
        }
    }
}

/// Which form of a password a hash was computed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Ours.
    Nfc,
    /// What some systems do (better-auth).
    Nfkc,
    /// Byte for byte: what most systems do.
    Typed,
}

/// Room for the whole result from the start: a string that grows leaves copies behind that nobody wipes. No
/// normalisation form makes UTF-8 text more than eleven times as long.
fn normalised(chars: impl Iterator<Item = char>, raw_len: usize) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(raw_len * 11));
    text.extend(chars);
    text
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([redacted])")
    }
}

/// Why a text cannot be a password, whatever the policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPassword {
    /// More than 256 code points or 1024 bytes.
    #[error("the password has more than {} characters", Password::MAX_CHARS)]
    TooLong,
    /// It has a NUL character.
    #[error("the password has a NUL character")]
    Nul,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PP-2: long passwords are refused, and never cut.
    #[test]
    fn up_to_256_code_points_and_1024_bytes_are_taken_whole() {
        for (text, fine) in [
            ("x".repeat(256), true),
            ("x".repeat(257), false),
            ("\u{1f600}".repeat(256), true), // 1024 bytes
            (format!("{}x", "\u{1f600}".repeat(256)), false),
            ("x".repeat(1_000_000), false),
            (String::new(), true),
        ] {
            let password = Password::new(&text);
            match password {
                Ok(password) => assert!(fine && *password.read(Reading::Typed) == text, "{}", text.len()),
                Err(error) => assert!(!fine && error == InvalidPassword::TooLong, "{}", text.len()),
            }
        }
    }

    /// PP-3: everything printable is taken as it is; NUL is refused with its reason.
    #[test]
    fn nothing_but_nul_is_refused_and_nothing_is_trimmed() {
        assert_eq!(Password::new("a\0b").unwrap_err(), InvalidPassword::Nul);
        for text in [" correct horse ", "\u{1f600}\t~", "ÀÉ"] {
            assert_eq!(Password::new(text).unwrap().nfc(), text);
        }
    }

    /// PP-4: one password, however it is composed; compatibility forms and case stay apart.
    #[test]
    fn composed_and_decomposed_are_one_password() {
        let nfc = |text| Password::new(text).unwrap().nfc().to_owned();
        assert_eq!(nfc("caf\u{e9}"), nfc("cafe\u{301}"));
        let typed = Password::new("cafe\u{301} ﬁ").unwrap();
        assert_eq!(*typed.read(Reading::Typed), "cafe\u{301} ﬁ");
        assert_eq!(*typed.read(Reading::Nfkc), "caf\u{e9} fi");
        assert_ne!(nfc("ﬁ"), nfc("fi"));
        assert_ne!(nfc("É"), nfc("é"));
    }

    /// LG-1: `Debug` tells nothing, not even the length.
    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Password::new("hunter2").unwrap()), "Password([redacted])");
    }
}
