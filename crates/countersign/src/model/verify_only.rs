//! The public keys of another system, whose tokens go on for a while: they are published and verify, and never sign.

use countersign_jwt::VerifyingKey;

use crate::base::clock::Timestamp;
use crate::model::stored_key::{StoredKey, WithdrawnKey};

/// A key that verifies until an instant. Whoever has its private half can make tokens of this issuer until then. The claims of
/// its tokens are checked as those of ours.
#[derive(Clone, Debug)]
pub struct VerifyOnlyKey {
    /// The public key, under the ID that the header of its tokens names.
    pub key: VerifyingKey,
    /// From when on it is neither published nor accepted.
    pub until: Timestamp,
}

/// Those of these keys that may verify beside the ones that are stored: an ID that was withdrawn never comes back (KM-3), and
/// one that we sign with is ours.
pub(crate) fn beside(
    keys: &[VerifyOnlyKey],
    stored: &[StoredKey],
    withdrawn: &[WithdrawnKey],
) -> Vec<VerifyOnlyKey> {
    let is_known =
        |kid: &str| stored.iter().any(|key| key.kid == kid) || withdrawn.iter().any(|key| key.kid == kid);
    keys.iter().filter(|other| !is_known(other.key.key_id())).cloned().collect()
}
