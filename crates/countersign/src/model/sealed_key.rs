//! Random keys that are kept in the store, sealed under the master key: another master key takes over without changing them.

use zeroize::Zeroizing;

use crate::base::master_key::{MasterKeys, Purpose, SealError};
use crate::base::random::Random;
use crate::model::named::named;

named! {
    /// Which of them.
    pub enum SealedKey {
        /// Signs the audit log.
        Audit = "audit",
        /// Seals what is in the outbox, and makes the secrets that it sends.
        Outbox = "outbox",
    }
}

impl SealedKey {
    /// The secret of the key, sealed for the store.
    pub(crate) fn seal(
        self,
        secret: &[u8],
        keys: &MasterKeys,
        random: &Random,
    ) -> Result<Vec<u8>, SealError> {
        keys.seal(self.purpose(), secret, self.name().as_bytes(), random)
    }

    /// The secret that is sealed so.
    pub(crate) fn open(self, sealed: &[u8], keys: &MasterKeys) -> Result<Zeroizing<Vec<u8>>, SealError> {
        keys.open(self.purpose(), sealed, self.name().as_bytes())
    }

    const fn purpose(self) -> Purpose {
        match self {
            Self::Audit => Purpose::SealAuditKey,
            Self::Outbox => Purpose::SealOutboxKey,
        }
    }
}
