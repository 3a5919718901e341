//! Who can sign in: the account, and the rules for names, roles and custom claims. Everything here is normalised once,
//! when it is parsed; nothing downstream compares raw text (EM-7, TH-4, CC-4).

use std::fmt;

use caseless::Caseless;
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::model::session::EndReason;

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Its id; the `sub` claim.
    pub id: AccountId,
    /// Its name, in the form its owner writes it.
    pub username: Username,
    /// Its role; the `role` claim.
    pub role: Role,
    /// Claims of the application's own that go into every access token.
    pub claims: CustomClaims,
    /// Since when it may not sign in.
    pub disabled_at: Option<Timestamp>,
    /// Whether its owner has to choose another password before a session begins (PP-7).
    pub password_change_required: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Account {
    /// Whether it may sign in and refresh.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }

    /// Why no session of it may live, if so.
    pub(crate) const fn refuses_sessions(&self) -> Option<EndReason> {
        if !self.is_enabled() {
            Some(EndReason::AccountDisabled)
        } else if self.password_change_required {
            Some(EndReason::PasswordChangeRequired)
        } else {
            None
        }
    }
}

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

/// One role: 1 to 64 of the letters, digits and `_ - . :`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role(String);

impl Role {
    /// The role that may administer.
    pub const ADMIN: &'static str = "admin";
    /// The role of an account that was given none.
    pub const USER: &'static str = "user";

    /// Checks a role's spelling.
    ///
    /// # Errors
    /// [`InvalidRole`] when it is empty, longer than 64 bytes, or has another character.
    pub fn parse(text: &str) -> Result<Self, InvalidRole> {
        let fine = |b: u8| b.is_ascii_alphanumeric() || b"_-.:".contains(&b);
        if text.is_empty() || text.len() > 64 || !text.bytes().all(fine) {
            return Err(InvalidRole);
        }
        Ok(Self(text.to_owned()))
    }

    /// The role as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The role that may administer.
    #[must_use]
    pub fn admin() -> Self {
        Self(Self::ADMIN.to_owned())
    }

    /// Whether it may administer.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.0 == Self::ADMIN
    }
}

impl Default for Role {
    fn default() -> Self {
        Self(Self::USER.to_owned())
    }
}

impl std::str::FromStr for Role {
    type Err = InvalidRole;
    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        Self::parse(text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is 1 to 64 letters, digits or any of _ - . :")]
pub struct InvalidRole;

/// Claims of the application's own: a JSON object that can never override a claim that we set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomClaims(Map<String, Value>);

impl CustomClaims {
    /// The most bytes they may take as JSON, so that the header they travel in fits every proxy (TK-7).
    pub const MAX_BYTES: usize = 2048;

    /// How deep objects and arrays may nest, the outermost included: verifiers stop at 32.
    pub const MAX_DEPTH: usize = 16;

    /// The names that are ours: those of RFC 7519 §4.1, RFC 9068 §2.2 and our own.
    pub const RESERVED: [&'static str; 21] = [
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "sid",
        "auth_time",
        "client_id",
        "scope",
        "username",
        "role",
        "userId",
        "acr",
        "amr",
        "azp",
        "cnf",
        "act",
        "may_act",
        "events",
    ];

    /// Checks that no name is reserved and that they are not too large.
    ///
    /// # Errors
    /// [`ClaimsError::Reserved`] with the name, [`ClaimsError::TooLarge`] over 2048 bytes of JSON, and
    /// [`ClaimsError::TooDeep`] when they nest deeper than 16.
    pub fn new(claims: Map<String, Value>) -> Result<Self, ClaimsError> {
        if let Some(name) = claims.keys().find(|name| Self::RESERVED.contains(&name.as_str())) {
            return Err(ClaimsError::Reserved(name.clone()));
        }
        if claims.values().any(|value| depth(value) >= Self::MAX_DEPTH) {
            return Err(ClaimsError::TooDeep);
        }
        let claims = Self(claims);
        if claims.to_json().len() > Self::MAX_BYTES { Err(ClaimsError::TooLarge) } else { Ok(claims) }
    }

    /// The claims by name.
    #[must_use]
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The claims as a JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}

/// Why an object cannot be an account's claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// The name is one that the server sets.
    #[error("the claim {0:?} is set by the server and cannot be chosen")]
    Reserved(String),
    /// More than 2048 bytes.
    #[error("the claims take more than 2048 bytes")]
    TooLarge,
    /// Nested deeper than 16.
    #[error("the claims are nested deeper than 16")]
    TooDeep,
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
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

    #[test]
    fn custom_claims_never_override_ours() {
        let one = |name: &str, value: Value| Map::from_iter([(name.to_owned(), value)]);
        for name in CustomClaims::RESERVED {
            let claims = CustomClaims::new(one(name, Value::Bool(true)));
            assert_eq!(claims, Err(ClaimsError::Reserved(name.to_owned())));
        }
        assert!(CustomClaims::new(one("team", "blue".into())).is_ok());
        assert_eq!(CustomClaims::new(one("x", "y".repeat(2048).into())), Err(ClaimsError::TooLarge));
        let nested = |levels: usize| (1..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        assert!(CustomClaims::new(one("x", nested(16))).is_ok());
        assert_eq!(CustomClaims::new(one("x", nested(17))), Err(ClaimsError::TooDeep));
    }

    #[test]
    fn a_role_is_a_plain_word() {
        assert!(Role::parse("billing:read-only").is_ok());
        for bad in ["", "a b", "é", &"r".repeat(65)] {
            assert_eq!(Role::parse(bad), Err(InvalidRole), "{bad:?}");
        }
        assert!(Role::admin().is_admin() && !Role::default().is_admin());
    }
}
