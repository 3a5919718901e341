//! One type per kind of identifier, so that an account's id cannot be passed where a session's is meant.
//! Ids are 128 random bits less the six that mark a UUID of version 4 (EN-5: not sequential, not guessable).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::base::random::Random;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh random id.
            #[must_use]
            pub fn random(random: &Random) -> Self {
                Self(uuid::Builder::from_random_bytes(random.bytes()).into_uuid())
            }

            /// The id with these 16 bytes, as a store keeps it.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes that a store keeps.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        /// The hyphenated lower-case form and no other, so that one id has one spelling (EN-5).
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let id = Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)?;
                if id.to_string() == text { Ok(id) } else { Err(InvalidId) }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

id! {
    /// Names an account for ever; never given to another person. The `sub` claim.
    AccountId
}
id! {
    /// Names one login on one device. The `sid` claim.
    SessionId
}
id! {
    /// Names one API key, for ever. The `client_id` claim of its tokens.
    ApiKeyId
}
id! {
    /// Names one thing that is delivered to somebody outside, such as a mail.
    DeliveryId
}
id! {
    /// Names one e-mail address of one account.
    EmailId
}
id! {
    /// Names one ticket, from which a one-time secret is derived.
    TicketId
}
id! {
    /// Names one authenticator of one account.
    FactorId
}
id! {
    /// Names one device that an account trusts.
    TrustedDeviceId
}
id! {
    /// Names one HTTP request, in its answer and in the logs.
    RequestId
}
id! {
    /// Names one node from its start to its end, among those that share a database.
    NodeId
}

/// The text is not an id in its one accepted spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct InvalidId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_read() {
        let id = AccountId::random(&Random::insecure_seeded(1));
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        for other in [
            text.to_uppercase(),
            text.replace('-', ""),
            format!("{{{text}}}"),
            "../".to_owned(),
            String::new(),
        ] {
            assert_eq!(other.parse::<AccountId>(), Err(InvalidId), "{other}");
        }
    }
}
