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

/// Whether a key of another system can have this ID here. RFC 7515 has no limit for `kid`; verifiers here have one.
pub(crate) fn is_key_id(kid: &str) -> bool {
    (1..=128).contains(&kid.len()) && !kid.chars().any(char::is_control)
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

#[cfg(test)]
mod tests {
    use countersign_jwt::{Algorithm, SigningKey};

    use super::*;

    /// KM-3, KM-11.
    #[test]
    fn an_id_that_is_ours_or_was_withdrawn_is_no_other_systems() {
        let at = Timestamp::from_unix_millis(0);
        let key = |kid: &str| {
            let key = SigningKey::generate(Algorithm::EdDsa).unwrap().with_key_id(kid).verifying_key();
            VerifyOnlyKey { key, until: at }
        };
        let ours = StoredKey {
            kid: "ours".to_owned(),
            algorithm: "ES256".to_owned(),
            sealed: Vec::new(),
            created_at: at,
            active_from: at,
        };
        let withdrawn = WithdrawnKey { kid: "withdrawn".to_owned(), withdrawn_at: at };
        let left = beside(&["ours", "withdrawn", "other"].map(key), &[ours], &[withdrawn]);
        assert_eq!(left.iter().map(|other| other.key.key_id()).collect::<Vec<_>>(), ["other"]);
    }
}
