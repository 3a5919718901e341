//! Sealing the secret of an authenticator, so that a store has something to keep: new ones, and those of another system.

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, FactorId};
use crate::base::master_key::Purpose;
use crate::base::random::Random;
use crate::model::outbox::OutboxKey;
use crate::model::second_factor::{FactorKind, SecondFactor, TotpSecret};
use crate::store::{Store, StoreError};

/// Seals the secrets of authenticators under a key that is not in the database.
#[derive(Clone, Copy)]
pub struct FactorSealer<'a> {
    key: &'a OutboxKey,
    random: &'a Random,
}

impl std::fmt::Debug for FactorSealer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FactorSealer([redacted])")
    }
}

impl<'a> FactorSealer<'a> {
    pub(crate) const fn new(key: &'a OutboxKey, random: &'a Random) -> Self {
        Self { key, random }
    }

    /// An authenticator of this account, with its secret and its name; none of its codes was used yet. The secret is bound to the
    /// authenticator's ID, so that nobody gives it to another account.
    ///
    /// # Errors
    /// [`StoreError`], never in practice: it cannot be sealed.
    pub fn authenticator(
        &self,
        account_id: AccountId,
        (secret, name): (&TotpSecret, &str),
        now: Timestamp,
    ) -> Result<SecondFactor, StoreError> {
        let id = FactorId::random(self.random);
        let sealed = self.key.seal(Purpose::TotpSecret, secret.as_bytes(), id.as_bytes(), self.random);
        Ok(SecondFactor {
            id,
            account_id,
            kind: FactorKind::Totp,
            name: SecondFactor::name_of(name),
            sealed: sealed.map_err(|error| StoreError::Unavailable(Box::new(error)))?,
            last_step: 0,
            passkey: None,
            created_at: now,
            last_used_at: None,
        })
    }
}

impl<S: Store> Countersign<S> {
    /// What seals the secrets of authenticators that an [import](crate::import) brings.
    #[must_use]
    pub const fn factor_sealer(&self) -> FactorSealer<'_> {
        FactorSealer::new(&self.outbox_key, &self.random)
    }
}
