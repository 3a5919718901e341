//! Which passwords may be set (NIST SP 800-63B-4 §3.1.1.2). Applied when a password is set or changed, never at login.
//! Length and lists, no composition rules, no expiry (PP-3, PP-7).

use super::block_list;
use super::plain::Password;

/// What a new password must be.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PasswordPolicy {
    /// The fewest code points of its NFC form. Default 15: what NIST demands where the password is the only factor
    /// (PP-1).
    pub min_length: usize,
    /// Names of the service that nobody may use as a password: product, company, host. Case does not matter.
    pub service_names: Vec<String>,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { min_length: 15, service_names: vec!["countersign".to_owned()] }
    }
}

/// Why a password is not taken. [`PasswordPolicy`] gives the first reason that holds; `Display` is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyViolation {
    /// Fewer code points than the policy wants.
    #[error("the password must have at least {min_length} characters")]
    TooShort {
        /// The fewest that are taken.
        min_length: usize,
    },
    /// It is the user name, its local part, or that repeated.
    #[error("the password must not be made of the user name")]
    LikeUsername,
    /// It is a name of the service, or that repeated.
    #[error("the password must not be made of the name of this service")]
    LikeService,
    /// A few characters again and again, or characters in a row (`abcdefg…`, `98765…`).
    #[error("the password must not be a simple repetition or sequence")]
    Repetitive,
    /// It is on the list of common passwords, or is one of them repeated.
    #[error("the password is one of the most common ones, which are tried first")]
    Common,
    /// It is the current one.
    #[error("the new password must not be the current one")]
    Unchanged,
}

impl PolicyViolation {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "password_too_short",
            Self::LikeUsername => "password_like_username",
            Self::LikeService => "password_like_service",
            Self::Repetitive => "password_repetitive",
            Self::Common => "password_common",
            Self::Unchanged => "password_unchanged",
        }
    }
}

impl PasswordPolicy {
    /// Whether this password may be set for the account with this user name.
    ///
    /// # Errors
    /// Each variant of [`PolicyViolation`] but the last, in the order in which they are declared.
    pub fn check_new(&self, password: &Password, username: &str) -> Result<(), PolicyViolation> {
        let text = password.nfc();
        if text.chars().count() < self.min_length {
            return Err(PolicyViolation::TooShort { min_length: self.min_length });
        }
        let local_part = username.split('@').next().unwrap_or_default();
        if [username, local_part].into_iter().any(|name| is_made_of(text, name)) {
            return Err(PolicyViolation::LikeUsername);
        }
        if self.service_names.iter().any(|name| is_made_of(text, name)) {
            return Err(PolicyViolation::LikeService);
        }
        if (1..=4).any(|period| has_period(text, period)) || is_sequence(text) {
            return Err(PolicyViolation::Repetitive);
        }
        if block_list::contains(text) || repeated_part(text).is_some_and(block_list::contains) {
            return Err(PolicyViolation::Common);
        }
        Ok(())
    }

    /// Whether this password may take the place of the current one.
    ///
    /// # Errors
    /// Each variant of [`PolicyViolation`] in the order in which they are declared.
    pub fn check_change(
        &self,
        new: &Password,
        current: &Password,
        username: &str,
    ) -> Result<(), PolicyViolation> {
        self.check_new(new, username)?;
        if new.nfc() == current.nfc() { Err(PolicyViolation::Unchanged) } else { Ok(()) }
    }
}

/// Whether nothing is left when the name is taken out, apart from up to three characters that are no letters: `bobbobbob`,
/// `Bob-Bob1`. Case does not matter.
fn is_made_of(text: &str, name: &str) -> bool {
    let (text, name) = (zeroize::Zeroizing::new(text.to_lowercase()), name.to_lowercase());
    if name.is_empty() || !text.contains(&name) {
        return false;
    }
    let rest = zeroize::Zeroizing::new(text.replace(&name, ""));
    rest.chars().count() <= 3 && !rest.chars().any(char::is_alphabetic)
}

fn has_period(text: &str, period: usize) -> bool {
    text.chars().skip(period).zip(text.chars()).all(|(later, earlier)| later == earlier)
}

/// All characters one up or all one down, where 0 follows 9 and 9 precedes 0.
fn is_sequence(text: &str) -> bool {
    let runs = |step: fn(char) -> Option<char>| {
        text.chars().skip(1).zip(text.chars()).all(|(later, earlier)| step(earlier) == Some(later))
    };
    let up = |c| if c == '9' { Some('0') } else { char::from_u32(u32::from(c) + 1) };
    let down = |c| if c == '0' { Some('9') } else { char::from_u32(u32::from(c).checked_sub(1)?) };
    runs(up) || runs(down)
}

/// The shortest part that the whole text is made of by repeating it, if there is one.
fn repeated_part(text: &str) -> Option<&str> {
    let lengths = (1..=text.len() / 2).filter(|&length| text.len().is_multiple_of(length));
    lengths.filter_map(|length| text.get(..length)).find(|part| text.replace(part, "").is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, username: &str) -> Result<(), PolicyViolation> {
        let policy =
            PasswordPolicy { service_names: vec!["Example Bank".to_owned()], ..PasswordPolicy::default() };
        policy.check_new(&Password::new(text).unwrap(), username)
    }

    /// PP-1: 15 code points, whatever they take in bytes.
    #[test]
    fn length_is_counted_in_code_points() {
        let too_short = Err(PolicyViolation::TooShort { min_length: 15 });
        assert_eq!(check("abcdefghijklmx", "bob"), too_short);
        assert_eq!(check("abcdefghijklmxx", "bob"), Ok(()));
        let faces: String = ('\u{1f600}'..).step_by(3).take(15).collect();
        assert_eq!(check(&faces, "bob"), Ok(()));
        assert_eq!(check(&faces.chars().take(14).collect::<String>(), "bob"), too_short);
        let decomposed = "abcdefghijklme\u{301}"; // 14 in NFC
        assert_eq!(check(decomposed, "bob"), too_short);
    }

    /// PP-3: no composition rules.
    #[test]
    fn words_spaces_and_single_classes_are_fine() {
        for text in [
            "correct horse battery staple",
            "abcdefghijklmnopqr stuv",
            "        a        ",
            "ヤギさんと私はお茶を飲みます。",
        ] {
            assert_eq!(check(text, "bob"), Ok(()), "{text}");
        }
    }

    /// PP-5: one's own name and the service's, repeated and decorated.
    #[test]
    fn names_repeated_are_refused_with_their_reason() {
        for text in ["bobbobbobbobbobbob", "Bob-BobBobBobBob1", "alice.liddell@example.org"] {
            let username = if text.starts_with('a') { "alice.liddell@example.org" } else { "BOB" };
            assert_eq!(check(text, username), Err(PolicyViolation::LikeUsername), "{text}");
        }
        assert_eq!(check("alice.liddell!!", "alice.liddell@example.org"), Err(PolicyViolation::LikeUsername));
        assert_eq!(check("example bank2026", "bob"), Ok(()), "more than three characters left");
        assert_eq!(check("EXAMPLE BANK123", "bob"), Err(PolicyViolation::LikeService));
        assert_eq!(check("bob likes long walks", "bob"), Ok(()), "a name within a sentence is fine");
    }

    #[test]
    fn a_few_characters_again_and_again_are_refused() {
        assert_eq!(check("aaaaaaaaaaaaaaaa", "bob"), Err(PolicyViolation::Repetitive));
        assert_eq!(check("abababababababab", "bob"), Err(PolicyViolation::Repetitive));
        assert_eq!(check("1234123412341234", "bob"), Err(PolicyViolation::Repetitive));
        for row in ["abcdefghijklmnop", "9876543210987654", "4567890123456789"] {
            assert_eq!(check(row, "bob"), Err(PolicyViolation::Repetitive), "{row}");
        }
        assert_eq!(check("1234512345123451", "bob"), Ok(()));
    }

    /// PP-5: from the list, in any case, or one of the list repeated; as part of a longer text it is fine.
    #[test]
    fn common_passwords_are_refused_whole_or_repeated() {
        for text in ["iloveyouforever", "IloveyouForever", "sunshinesunshine", "dragondragondragon"] {
            assert_eq!(check(text, "bob"), Err(PolicyViolation::Common), "{text}");
        }
        assert_eq!(check("iloveyouforever and a day", "bob"), Ok(()));
        let codes: std::collections::BTreeSet<_> = [
            PolicyViolation::TooShort { min_length: 15 },
            PolicyViolation::LikeUsername,
            PolicyViolation::LikeService,
            PolicyViolation::Repetitive,
            PolicyViolation::Common,
        ]
        .iter()
        .map(PolicyViolation::code)
        .collect();
        assert_eq!(codes.len(), 5);
    }
}
