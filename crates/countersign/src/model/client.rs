//! Clients: services that may ask about tokens (RFC 7662) and revoke them (RFC 7009). Each has a name and a secret.
//!
//! ```text
//! csc_ base64url( 256 random bits )     only its SHA-256 is stored: nothing so long needs a salt or stretching
//! ```

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::base::clock::Timestamp;
use crate::base::digest::sha256;
use crate::base::random::Random;

/// What a client is called, its `client_id`: 1 to 64 letters, digits, `.`, `_` and `-` of ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientName(String);

/// The text is no name of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a client has 1 to 64 letters, digits, dots, hyphens and underscores")]
pub struct InvalidClientName;

impl ClientName {
    /// Takes a name.
    ///
    /// # Errors
    /// [`InvalidClientName`] when it is empty, longer, or has another character.
    pub fn parse(text: &str) -> Result<Self, InvalidClientName> {
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_name = (1..=64).contains(&text.len()) && text.bytes().all(is_fine);
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidClientName) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A client, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct Client {
    /// Its name; no other client has it.
    pub name: ClientName,
    /// When it was added.
    pub created_at: Timestamp,
}

/// A client as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredClient {
    /// The client.
    pub client: Client,
    /// SHA-256 of its secret.
    pub secret_hash: [u8; 32],
}

impl StoredClient {
    /// Whether this is the client's secret, in constant time.
    pub(crate) fn fits(&self, secret: &str) -> bool {
        self.secret_hash.ct_eq(&sha256(secret.as_bytes())).into()
    }
}

/// The secret of a client.
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    pub(crate) fn random(random: &Random) -> Self {
        let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(random.bytes());
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + 43));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        Self(text)
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }

    /// The secret as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret([redacted])")
    }
}

/// Lets secret scanners find a leaked secret.
const PREFIX: &str = "csc_";

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(secret: &ClientSecret) -> StoredClient {
        let name = ClientName::parse("gateway").unwrap();
        let client = Client { name, created_at: Timestamp::from_unix_millis(0) };
        StoredClient { client, secret_hash: secret.hash() }
    }

    #[test]
    fn a_name_is_short_and_plain() {
        for good in ["a", "gateway-1", "eu.west_2", &"x".repeat(64)] {
            assert_eq!(ClientName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "ü", "a:b", "a\n", &"x".repeat(65)] {
            assert_eq!(ClientName::parse(bad), Err(InvalidClientName), "{bad:?}");
        }
    }

    /// LG-1: and nothing prints it.
    #[test]
    fn a_secret_fits_its_client_alone() {
        let random = Random::insecure_seeded(1);
        let (one, other) = (ClientSecret::random(&random), ClientSecret::random(&random));
        assert_eq!((one.as_str().len(), &one.as_str()[..4]), (47, "csc_"));
        assert!(stored(&one).fits(one.as_str()) && !stored(&one).fits(other.as_str()));
        assert!(!stored(&one).fits(&one.as_str()[..46]) && !stored(&one).fits(""));
        assert_eq!(format!("{one:?}"), "ClientSecret([redacted])");
    }
}
