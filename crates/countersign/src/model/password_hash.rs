//! Password hashes as a store keeps them: a text, of any system and any age, that is not trusted.

use std::fmt;

/// A password's hash, as the text that a store keeps. It may be anything: garbage in it hurts its own account
/// only, which nobody can then sign in to (PW-6).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes what a store kept, whatever it is. Never fails: it is looked at when a password is checked.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text that a store keeps.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash([redacted])")
    }
}
