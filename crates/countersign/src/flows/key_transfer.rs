//! Bringing the signing key of another system, and taking one of ours along.

use countersign_jwt::{Algorithm, SigningKey};

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::flows::keys::{Activation, KeysError, MAX_PUBLISHED, last_added};
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::context::Context;
use crate::model::key_change::ImportKeyOutcome;
use crate::model::key_ring::{self, KeyInfo};
use crate::model::verify_only;
use crate::options::Signing;
use crate::store::Store;

/// Why a key was not imported. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportKeyError {
    /// Whoever checks with a shared secret can sign with it too, so it is never published.
    #[error("a shared secret cannot be imported: configure it, or let a key pair take its place")]
    Symmetric,
    /// No audience is signed with its algorithm.
    #[error("no audience is signed with {0}: set the algorithm of one first")]
    NotUsed(Algorithm),
    /// Its ID is empty, has more than 128 bytes, or has control characters.
    #[error("the key ID has to have 1 to 128 bytes without control characters")]
    KeyId,
    /// A key with its ID is there already.
    #[error("there is a signing key with this ID")]
    Taken,
    /// A key with its ID was withdrawn, and never comes back.
    #[error("the signing key with this ID was withdrawn")]
    Withdrawn,
    /// The keys cannot be read or written.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// Why a key was not exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportKeyError {
    /// No signing key has this ID.
    #[error("there is no signing key with this ID")]
    Unknown,
    /// The keys cannot be read, or it cannot be written down who took the copy.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl<S: Store> Countersign<S> {
    /// Adds a private key that was made elsewhere to the line of its algorithm, under the key ID that it has. It is published
    /// at once, signs as `activation` says, and rotates like any other. A token that it has signed before passes as far as it
    /// says what ours say: `iss`, `aud` and `typ` are checked as always.
    ///
    /// # Errors
    /// Every variant of [`ImportKeyError`].
    pub async fn import_key(
        &self,
        key: &SigningKey,
        activation: Activation,
        context: &Context,
    ) -> Result<KeyInfo, ImportKeyError> {
        self.check_import(key)?;
        let (kid, now) = (key.key_id(), context.now);
        loop {
            let stored = self.reload_keys(now).await?;
            if self.jwk_set(now).map_err(KeysError::from)?.keys().len() >= MAX_PUBLISHED {
                return Err(KeysError::TooMany.into());
            }
            let active_from = self.imported_key_signs_from(activation, now);
            let sealed = key_ring::seal(key, active_from, &self.master_keys, &self.random, now);
            let sealed = sealed.map_err(KeysError::from)?;
            let added = self.store.import_signing_key(sealed, last_added(&stored.keys), context).await;
            match added.map_err(KeysError::from)? {
                ImportKeyOutcome::Taken => return Err(ImportKeyError::Taken),
                ImportKeyOutcome::Withdrawn => return Err(ImportKeyError::Withdrawn),
                ImportKeyOutcome::Changed => {} // another node has made a key: look again
                ImportKeyOutcome::Imported => {
                    self.reload_keys(now).await?;
                    return Ok(self.key(kid, now)?);
                }
            }
        }
    }

    fn check_import(&self, key: &SigningKey) -> Result<(), ImportKeyError> {
        if matches!(self.options.signing, Signing::SharedSecret(_)) {
            return Err(KeysError::SharedSecret.into());
        }
        let (algorithm, kid) = (key.algorithm(), key.key_id());
        if algorithm.is_symmetric() {
            return Err(ImportKeyError::Symmetric);
        }
        if !verify_only::is_key_id(kid) {
            return Err(ImportKeyError::KeyId);
        }
        if !self.options.algorithms().contains(&algorithm) {
            return Err(ImportKeyError::NotUsed(algorithm));
        }
        Ok(())
    }

    fn imported_key_signs_from(&self, activation: Activation, now: Timestamp) -> Timestamp {
        match activation {
            Activation::AtOnce => now,
            Activation::WhenPublished => now.plus(self.options.keys.publish_ahead),
        }
    }

    /// The private key with this ID, for taking it along. Whoever has it can sign as this issuer: the audit log says that
    /// somebody took it, before it is given.
    ///
    /// # Errors
    /// Both variants of [`ExportKeyError`].
    pub async fn export_key(&self, kid: &str, context: &Context) -> Result<SigningKey, ExportKeyError> {
        if matches!(self.options.signing, Signing::SharedSecret(_)) {
            return Err(KeysError::SharedSecret.into());
        }
        self.reload_keys(context.now).await?;
        let key = self.key_ring.load().find(kid).cloned().ok_or(ExportKeyError::Unknown)?;
        let event = AuditEvent::new(AuditKind::KeyExported).with_detail(kid);
        self.store.record(event, context).await.map_err(KeysError::from)?;
        Ok(key)
    }
}
