//! After another copy of the database took over, which may lack the last writes: what this node remembers and the store
//! does not goes back into it. So one node that lives through a failover is enough, also where the standby was behind.

use std::collections::HashSet;
use std::sync::{MutexGuard, PoisonError};

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::flows::keys::KeysError;
use crate::model::context::{Actor, Context};
use crate::model::session::{EndedSession, forgotten};
use crate::model::stored_key::KnownKeys;
use crate::store::{Store, StoreError};
use crate::system::Owed;

impl<S: Store> Countersign<S> {
    /// Another copy of the database is there, with these sessions in its log.
    pub(super) fn owe_what_is_not_in(&self, log: &HashSet<SessionId>, now: Timestamp) {
        let remembered = self.guard.revocations().uuids().into_iter().map(|(id, until)| EndedSession {
            id: SessionId::from_bytes(id),
            until: Timestamp::from_unix_millis(until.saturating_mul(1_000)).minus(self.options.leeway),
        });
        let sessions = forgotten(remembered, log, now);
        *self.owed() = Owed { sessions, keys: self.known_keys.load().as_ref().clone() };
    }

    /// Gives the store what it is to get back.
    ///
    /// # Errors
    /// [`StoreError`] when it did not answer: to be tried again.
    pub(super) async fn write_back(&self, now: Timestamp) -> Result<(), StoreError> {
        let context = Context::local(Actor::System, now);
        loop {
            let some: Vec<_> = self.owed().sessions.iter().take(AT_ONCE).copied().collect();
            if some.is_empty() {
                break;
            }
            let restored = self.store.restore_revocations(some.clone(), &context).await?;
            if !restored.is_empty() {
                tracing::warn!(sessions = restored.len(), "ended again what the database had forgotten");
            }
            self.owed().sessions.retain(|ended| !some.contains(ended));
        }
        let keys = self.owed().keys.clone();
        if keys != KnownKeys::default() {
            match self.restore_keys(keys, &context).await {
                Ok(()) => {}
                Err(KeysError::Store(error)) => return Err(error),
                // Another try would end in the same way.
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "signing keys that the database has forgotten are lost");
                }
            }
            self.owed().keys = KnownKeys::default();
        }
        Ok(())
    }

    fn owed(&self) -> MutexGuard<'_, Owed> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Few enough that no other change waits long.
const AT_ONCE: usize = 500;
