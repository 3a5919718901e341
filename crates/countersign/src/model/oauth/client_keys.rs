//! The public keys by which a client shows who it is.

use countersign_jwt::{Algorithm, JwkSet};

/// The public keys of a client.
#[derive(Clone, Debug, Default)]
pub struct ClientKeys(JwkSet);

impl ClientKeys {
    /// Reads a JWK Set of public keys, each with its `alg`.
    ///
    /// # Errors
    /// What is wrong with it, for people: also if a single key cannot be used.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (keys, skipped) =
            JwkSet::parse_foreign(text, &algorithms()).map_err(|error| error.to_string())?;
        if let Some(key) = skipped.first() {
            return Err(format!("key {} cannot be used: {}", key.index, key.reason));
        }
        if keys.keys().is_empty() {
            return Err("it has no keys".to_owned());
        }
        Ok(Self(keys))
    }

    pub(super) const fn set(&self) -> &JwkSet {
        &self.0
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.keys().is_empty()
    }
}

impl PartialEq for ClientKeys {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_json() == other.0.to_json()
    }
}

impl Eq for ClientKeys {}

/// What an assertion may be signed with: no secrets, which other clients would have too.
pub(crate) fn algorithms() -> Vec<Algorithm> {
    let is_one = |algorithm: &Algorithm| !algorithm.is_symmetric() && !algorithm.is_post_quantum();
    Algorithm::ALL.into_iter().filter(is_one).collect()
}
