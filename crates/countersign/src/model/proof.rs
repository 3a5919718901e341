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
    /// A mail that was sent to a verified address of the account, whose password had this number then.
    Mail {
        /// The number.
        version: i64,
    },
    /// What was shown in the same session a moment ago, of an account whose password has this number.
    Recent {
        /// The number.
        version: i64,
    },
    /// Nothing beside the passkey that is shown in the second step: it is both.
    Passkey,
    /// What the application around us has checked.
    Outside(OutsideProof),
}

/// What an application has checked by its own means: a link in an e-mail, another service's word, an
/// administrator who acts for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutsideProof {
    name: &'static str,
    methods: AuthMethods,
}

impl OutsideProof {
    /// A proof that the audit log calls `name`, such as `magic_link`, and that is worth these methods.
    #[must_use]
    pub const fn new(name: &'static str, methods: AuthMethods) -> Self {
        Self { name, methods }
    }
}

impl Proof {
    /// The methods that it is worth.
    #[must_use]
    pub const fn methods(self) -> AuthMethods {
        match self {
            Self::Password { .. } => AuthMethods::of(AuthMethod::Password),
            // RFC 8176 has no name for it. `otp` would pass for a device that makes one-time passwords (RFC 4226, RFC 6238).
            // A passkey counts where it is shown.
            // What was shown a moment ago counted then.
            Self::Mail { .. } | Self::Recent { .. } | Self::Passkey => AuthMethods::NONE,
            Self::Outside(proof) => proof.methods,
        }
    }

    /// The detail of the event in the audit log; a password needs none.
    pub(in crate::model) const fn detail(self) -> Option<&'static str> {
        match self {
            Self::Password { .. } => None,
            Self::Mail { .. } => Some("mail"),
            Self::Recent { .. } => Some("recent_sign_in"),
            Self::Passkey => Some("no_password"),
            Self::Outside(proof) => Some(proof.name),
        }
    }

    /// Whether nothing has replaced in the meantime what was checked (CC-3).
    pub(in crate::model) const fn still_holds(self, found: &Credentials) -> bool {
        match self {
            Self::Password { version } | Self::Mail { version } | Self::Recent { version } => {
                found.password_version == version
            }
            // No password was looked at, so a new one makes no difference. Whether the passkey is there still, the gate looks.
            Self::Passkey | Self::Outside(_) => true,
        }
    }
}

named! {
    /// One way to prove who somebody is (RFC 8176 §2).
    pub enum AuthMethod {
        /// A password.
        Password = "pwd",
        /// A one-time password.
        OneTimePassword = "otp",
        /// A key in hardware, such as a passkey on a security key.
        HardwareKey = "hwk",
        /// A key in software, such as a passkey that is synchronised.
        SoftwareKey = "swk",
        /// Somebody was there, and touched the device.
        UserPresence = "user",
        /// A text message to a known number.
        TextMessage = "sms",
        /// More than one factor; the methods say which.
        MultipleFactors = "mfa",
        /// The device is trusted, on which a second factor was shown before.
        RiskBased = "rba",
        /// The authenticator of a passkey has checked who is in front of it. RFC 8176 has no name for it, since it may be a PIN, a finger
        /// or a face: it is kept, and in no token.
        UserVerified = "uv",
    }
}

impl AuthMethod {
    /// Whether tokens and hooks say it.
    const fn is_said(self) -> bool {
        !matches!(self, Self::UserVerified)
    }
}

/// The methods by which the owner of a session was authenticated: the `amr` claim. A set, because their order
/// says nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AuthMethods(u32);

impl AuthMethods {
    /// None that RFC 8176 has a name for, such as a link in an e-mail.
    pub const NONE: Self = Self(0);

    /// One method.
    #[must_use]
    pub const fn of(method: AuthMethod) -> Self {
        Self(1 << method as u32)
    }

    /// These, and one more.
    #[must_use]
    pub const fn and(self, method: AuthMethod) -> Self {
        Self(self.0 | Self::of(method).0)
    }

    /// Whether this is one of them.
    #[must_use]
    pub const fn has(self, method: AuthMethod) -> bool {
        self.0 & Self::of(method).0 != 0
    }

    /// The `acr` claim (`OpenID` Connect Core §2): `aal2` where more than one factor was shown, `aal1` otherwise; the levels of NIST SP
    /// 800-63B §4. A trusted device is no factor.
    #[must_use]
    pub const fn context_class(self) -> &'static str {
        if self.has(AuthMethod::MultipleFactors) { "aal2" } else { "aal1" }
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = AuthMethod> {
        AuthMethod::ALL.iter().copied().filter(move |method| self.has(*method))
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

/// An array of their names, of those that RFC 8176 has.
impl Serialize for AuthMethods {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().filter(|method| method.is_said()).map(AuthMethod::name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EM-1, CC-3: as a password is, it is worth nothing once there is another password.
    #[test]
    fn a_proof_without_a_password_holds_as_long_as_the_password_does() {
        use crate::model::session::testing::account;
        for (version, holds) in [(4, false), (5, true), (6, false)] {
            let found = Credentials { account: account(), password_hash: None, password_version: 5 };
            for proof in [Proof::Mail { version }, Proof::Recent { version }] {
                assert_eq!(proof.still_holds(&found), holds, "{proof:?}");
                assert_eq!(proof.methods(), AuthMethods::NONE);
            }
        }
    }

    #[test]
    fn methods_are_kept_by_name_and_shown_as_an_array() {
        let password = Proof::Password { version: 5 }.methods();
        assert_eq!((password.to_stored().as_str(), AuthMethods::from_stored("pwd")), ("pwd", password));
        assert_eq!(serde_json::to_string(&password).unwrap(), r#"["pwd"]"#);
        assert_eq!(AuthMethods::from_stored("mind_reading pwd"), password, "unknown to this version");
        assert_eq!(serde_json::to_string(&AuthMethods::from_stored("")).unwrap(), "[]");
        let passkey = AuthMethods::of(AuthMethod::HardwareKey).and(AuthMethod::MultipleFactors);
        assert_eq!((passkey.to_stored().as_str(), AuthMethods::from_stored("mfa hwk")), ("hwk mfa", passkey));
        let verified = passkey.and(AuthMethod::UserVerified);
        assert_eq!(AuthMethods::from_stored(&verified.to_stored()), verified);
        assert_eq!(serde_json::to_string(&verified).unwrap(), r#"["hwk","mfa"]"#);
    }
}
