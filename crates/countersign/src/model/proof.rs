//! What somebody has shown to prove who they are, and what is kept of it: the methods, by their names in RFC
//! 8176.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::model::account::Credentials;
use crate::model::named::named;

/// What was checked before a session begins or a password is set. A store looks in its transaction whether it
/// still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// The account's password, which had this number ([`Credentials::password_version`]).
    Password {
        /// The number.
        version: i64,
    },
}

impl Proof {
    /// The methods that it is worth.
    #[must_use]
    pub const fn methods(self) -> AuthMethods {
        match self {
            Self::Password { .. } => AuthMethods::of(AuthMethod::Password),
        }
    }

    /// Whether nothing has replaced in the meantime what was checked (CC-3).
    pub(in crate::model) const fn still_holds(self, found: &Credentials) -> bool {
        match self {
            Self::Password { version } => found.password_version == version,
        }
    }
}

named! {
    /// One way to prove who somebody is (RFC 8176 §2).
    pub enum AuthMethod {
        /// A password.
        Password = "pwd",
    }
}

/// The methods by which the owner of a session was authenticated: the `amr` claim. A set, because their order
/// says nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AuthMethods(u32);

impl AuthMethods {
    /// One method.
    #[must_use]
    pub const fn of(method: AuthMethod) -> Self {
        Self(1 << method as u32)
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = AuthMethod> {
        AuthMethod::ALL.iter().copied().filter(move |method| self.0 & Self::of(*method).0 != 0)
    }

    /// Takes what a store kept: names with spaces between them. A method that only a newer version knows is
    /// left out, so that nobody is taken for better authenticated than this version can tell.
    pub(crate) fn from_stored(names: &str) -> Self {
        let known = names.split(' ').filter_map(AuthMethod::from_name);
        Self(known.fold(0, |set, method| set | Self::of(method).0))
    }

    /// What a store keeps.
    pub(crate) fn to_stored(self) -> String {
        self.iter().map(AuthMethod::name).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Debug for AuthMethods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// An array of their names.
impl Serialize for AuthMethods {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(AuthMethod::name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_kept_by_name_and_shown_as_an_array() {
        let password = Proof::Password { version: 5 }.methods();
        assert_eq!((password.to_stored().as_str(), AuthMethods::from_stored("pwd")), ("pwd", password));
        assert_eq!(serde_json::to_string(&password).unwrap(), r#"["pwd"]"#);
        assert_eq!(AuthMethods::from_stored("mind_reading pwd"), password, "unknown to this version");
        assert_eq!(serde_json::to_string(&AuthMethods::from_stored("")).unwrap(), "[]");
    }
}
