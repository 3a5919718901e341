//! The spelling of roles, and the one role that may administer.

use std::fmt;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_a_plain_word() {
        assert!(Role::parse("billing:read-only").is_ok());
        for bad in ["", "a b", "é", &"r".repeat(65)] {
            assert_eq!(Role::parse(bad), Err(InvalidRole), "{bad:?}");
        }
        assert!(Role::admin().is_admin() && !Role::default().is_admin());
    }
}
