//! What [`KeySchedule`] may be, and which keys may only verify.

use std::time::Duration;

use crate::base::out_of_range::{Broken, OutOfRange};
use crate::model::key_ring::KeySchedule;
use crate::model::verify_only::{VerifyOnlyKey, is_key_id};

impl KeySchedule {
    /// Whether these times fit together.
    ///
    /// # Errors
    /// [`OutOfRange`] with the first field that is out of its range, or does not fit the others.
    pub fn check(&self) -> Result<(), OutOfRange> {
        self.broken().into_result()
    }

    pub(super) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        broken.unless(
            self.publish_ahead >= LONGEST_CACHED,
            "publish_ahead",
            "is less than 11 minutes: verifiers that cache the JWK Set would refuse the first tokens of a new key",
        );
        broken.unless(
            self.rotate_every > self.publish_ahead,
            "rotate_every",
            "must be longer than `publish_ahead`: a key is published that long before it signs",
        );
        broken
    }
}

/// Whether these keys can be published beside our own.
pub(super) fn verify_only(keys: &[VerifyOnlyKey]) -> Broken {
    let mut broken = Broken::default();
    broken.unless(keys.len() <= MOST, "keys", "are more than four: some verifiers take ten keys at most");
    for (index, VerifyOnlyKey { key, .. }) in keys.iter().enumerate() {
        let (kid, field) = (key.key_id(), format!("keys.{index}"));
        let is_public = !key.algorithm().is_symmetric();
        broken.unless(is_public, &field, "is a shared secret, and would be published");
        broken.unless(
            is_key_id(kid),
            &field,
            "has no key ID (`kid`) of 1 to 128 bytes without control characters",
        );
        let is_first = keys[..index].iter().all(|other| other.key.key_id() != kid);
        broken.unless(is_first, &field, "has the key ID of another one");
    }
    broken
}

/// Beside as many of our own as there ever are, with room for a rotation.
const MOST: usize = 4;

/// Twice the `max-age` of the published JWK Set, and a minute for clocks that differ.
const LONGEST_CACHED: Duration = Duration::from_mins(11);

#[cfg(test)]
mod tests {
    use countersign_jwt::{Algorithm, SigningKey, VerifyingKey};

    use super::*;
    use crate::base::clock::Timestamp;

    /// KM-11.
    #[test]
    fn a_key_that_only_verifies_is_a_public_key_with_an_id_of_its_own() {
        let key = |kid: &str| {
            let key = SigningKey::generate(Algorithm::EdDsa).unwrap().with_key_id(kid).verifying_key();
            VerifyOnlyKey { key, until: Timestamp::from_unix_millis(0) }
        };
        let secret = VerifyingKey::hmac(Algorithm::Hs256, &[7; 32]).unwrap().with_key_id("s");
        let secret = VerifyOnlyKey { key: secret, until: Timestamp::from_unix_millis(0) };
        let checked = |keys: &[_]| verify_only(keys).into_result().map_err(|error| error.field);
        assert_eq!(checked(&["a", "b", "c", &"d".repeat(128)].map(key)), Ok(()));
        for (keys, field) in [
            (["a", "b", "c", "d", "e"].map(key).to_vec(), "keys"),
            (["a", "b", "a"].map(key).to_vec(), "keys.2"),
            (vec![key("a"), key("")], "keys.1"),
            (vec![key(&"a".repeat(129))], "keys.0"),
            (vec![key("a\n")], "keys.0"),
            (vec![secret], "keys.0"),
        ] {
            assert_eq!(checked(&keys), Err(field.to_owned()));
        }
    }

    /// KM-1: a key is known to every verifier before it signs.
    #[test]
    fn a_key_is_published_before_it_signs_and_signs_before_the_next() {
        let minutes = |rotate_every, publish_ahead| {
            let (rotate_every, publish_ahead) =
                (Duration::from_mins(rotate_every), Duration::from_mins(publish_ahead));
            let schedule = KeySchedule { rotate_every, publish_ahead, ..KeySchedule::default() };
            schedule.check().map_err(|error| error.field)
        };
        assert_eq!(KeySchedule::default().check(), Ok(()));
        assert_eq!(minutes(12, 11), Ok(()));
        assert_eq!(minutes(12, 10), Err("publish_ahead".to_owned()));
        assert_eq!(minutes(12, 12), Err("rotate_every".to_owned()));
    }
}
