//! What [`KeySchedule`] may be, and which keys may only verify.

use std::time::Duration;

use crate::base::out_of_range::{Broken, OutOfRange};
use crate::model::key_ring::KeySchedule;
use crate::model::verify_only::VerifyOnlyKey;

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
        let has_id = (1..=MAX_KEY_ID_BYTES).contains(&kid.len()) && !kid.chars().any(char::is_control);
        broken.unless(has_id, &field, "has no key ID (`kid`) of 1 to 128 bytes without control characters");
        let is_first = keys[..index].iter().all(|other| other.key.key_id() != kid);
        broken.unless(is_first, &field, "has the key ID of another one");
    }
    broken
}

/// Beside as many of our own as there ever are, with room for a rotation.
const MOST: usize = 4;
/// RFC 7515 has no limit for `kid`; verifiers here have this one.
pub(crate) const MAX_KEY_ID_BYTES: usize = 128;

/// Twice the `max-age` of the published JWK Set, and a minute for clocks that differ.
const LONGEST_CACHED: Duration = Duration::from_mins(11);

#[cfg(test)]
mod tests {
    use super::*;

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
