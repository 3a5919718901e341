//! Changing the master key without a flag day: a key is added behind the others, then it is put first and makes new things,
//! in the end an old one is taken away. What each step needs before it, `model/master_key_use.rs` decides.

use zeroize::Zeroizing;

use crate::base::master_key::{MasterKey, MasterKeys};
use crate::base::random::Random;

/// Why a set of master keys cannot be changed so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeyChangeError {
    /// No key has this number.
    #[error("there is no master key with the number {0}")]
    Unknown(u8),
    /// The key with this number makes new things.
    #[error("the master key number {0} is in use: put another one in its place first")]
    Current(u8),
    /// 255 was given already.
    #[error("no number is left for another master key: the last is 255")]
    NoNumberLeft,
}

impl MasterKeys {
    /// The numbers of all keys, that of the key that makes new things first.
    #[must_use]
    pub fn numbers(&self) -> Vec<u8> {
        self.all().map(|key| key.id).collect()
    }

    /// The same with a fresh key behind the others. Its number is higher than theirs, and than `highest_ever`: a number never
    /// means two keys.
    ///
    /// # Errors
    /// [`MasterKeyChangeError::NoNumberLeft`].
    pub fn with_new(&self, highest_ever: u8, random: &Random) -> Result<Self, MasterKeyChangeError> {
        let highest = self.all().map(|key| key.id).fold(highest_ever, u8::max);
        let id = highest.checked_add(1).ok_or(MasterKeyChangeError::NoNumberLeft)?;
        let mut keys = self.clone();
        keys.older.push(MasterKey { id, bytes: Zeroizing::new(random.bytes()) });
        Ok(keys)
    }

    /// The same with this key first, so that it makes new things.
    ///
    /// # Errors
    /// [`MasterKeyChangeError::Unknown`].
    pub fn with_current(&self, number: u8) -> Result<Self, MasterKeyChangeError> {
        let (first, others): (Vec<_>, Vec<_>) = self.all().cloned().partition(|key| key.id == number);
        let current = first.into_iter().next().ok_or(MasterKeyChangeError::Unknown(number))?;
        Ok(Self { current, older: others })
    }

    /// The same without this key, and that key alone.
    ///
    /// # Errors
    /// [`MasterKeyChangeError::Unknown`] and [`MasterKeyChangeError::Current`].
    pub fn without(&self, number: u8) -> Result<(Self, Self), MasterKeyChangeError> {
        if number == self.current_id() {
            return Err(MasterKeyChangeError::Current(number));
        }
        let (gone, older): (Vec<_>, Vec<_>) = self.older.iter().cloned().partition(|key| key.id == number);
        let gone = gone.into_iter().next().ok_or(MasterKeyChangeError::Unknown(number))?;
        let left = Self { current: self.current.clone(), older };
        Ok((left, Self { current: gone, older: Vec::new() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::master_key::Purpose;

    #[test]
    fn a_key_is_added_used_and_taken_away() {
        let random = Random::insecure_seeded(1);
        let one = MasterKeys::generate(&random);
        let both = one.with_new(0, &random).unwrap();
        assert_eq!(both.numbers(), [1, 2]);
        assert_eq!(both.fingerprints()[0], one.fingerprints()[0]);
        let used = both.with_current(2).unwrap();
        assert_eq!((used.numbers(), used.current_id()), (vec![2, 1], 2));
        let (left, gone) = used.without(1).unwrap();
        assert_eq!((left.numbers(), gone.fingerprints()), (vec![2], one.fingerprints()));
        assert_eq!(left.fingerprints()[0], both.fingerprints()[1]);
        assert_eq!(used.without(2).unwrap_err(), MasterKeyChangeError::Current(2));
        assert_eq!(used.without(3).unwrap_err(), MasterKeyChangeError::Unknown(3));
        assert_eq!(left.with_current(1).unwrap_err(), MasterKeyChangeError::Unknown(1));
        // A number never comes back.
        assert_eq!(left.with_new(7, &random).unwrap().numbers(), [2, 8]);
        assert_eq!(left.with_new(255, &random).unwrap_err(), MasterKeyChangeError::NoNumberLeft);
    }

    /// TH-1: what counts by the key with the lowest number goes on through all steps but the last.
    #[test]
    fn the_lowest_number_stays_the_same_until_it_is_taken_away() {
        let random = Random::insecure_seeded(1);
        let one = MasterKeys::generate(&random);
        let used = one.with_new(0, &random).unwrap().with_current(2).unwrap();
        let tag = |keys: &MasterKeys| {
            let key = keys.oldest_mac_key(Purpose::AccountName);
            aws_lc_rs::hmac::sign(&key, b"ann").as_ref().to_vec()
        };
        assert_eq!(tag(&one), tag(&used));
        assert_ne!(tag(&one), tag(&used.without(1).unwrap().0));
    }
}
