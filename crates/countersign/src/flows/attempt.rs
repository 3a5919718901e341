//! The only way to check a secret that can be guessed: [`Countersign::attempt`] counts the attempt as failed before
//! anything is looked at (TH-3), runs the check, and settles the count by its outcome. Nothing else reserves a guess, so
//! no pathway has a count of its own (TH-1), and a check that has no outcome does not compile.
//!
//! ```text
//! reserve ──► check ──► Right:  the failures so far are forgiven
//!    │                  Wrong:  stays counted, is stored and goes to the audit log
//!    │                  Err:    nothing was checked, the count is as before
//!    └► Throttled       dropped on the way: counts as failed (CC-6)
//! ```

use std::sync::atomic::Ordering;

use crate::Countersign;
use crate::base::id::AccountId;
use crate::base::requester::Requester;
use crate::hashing::HashingError;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::context::Context;
use crate::password::InvalidPassword;
use crate::store::{Store, StoreError};
use crate::throttle::{Guess, Reservation, Throttled};

/// The outcome of a check.
#[derive(Debug)]
pub(crate) enum Checked<T> {
    /// The secret was right and the account may sign in.
    Right(T),
    /// The secret was wrong, there is no such account, or the account may not sign in: one outcome for all (EN-1). The
    /// account is for the audit log.
    Wrong(Option<AccountId>),
}

/// Why a secret was not checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// Too many attempts on this account or from this network: nothing was looked at (TH-8).
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// No hash was computed: more passwords are being checked than the machine can take (LM-1).
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The password is over the size limits, or holds a NUL: no account has or can have such a password.
    #[error(transparent)]
    Password(#[from] InvalidPassword),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<S: Store> Countersign<S> {
    /// Checks a secret of the account with this canonical name, whether the account exists or not. `check` gets the
    /// requester to compute a hash for. Gives what `check` proved, or `None` when the secret was wrong.
    ///
    /// # Errors
    /// [`CheckError::Throttled`] when `check` was not run, [`CheckError::Store`] when a failure could not be stored, and
    /// the errors of `check`.
    pub(crate) async fn attempt<T>(
        &self,
        canonical_name: &str,
        context: &Context,
        check: impl AsyncFnOnce(Requester) -> Result<Checked<T>, CheckError>,
    ) -> Result<Option<T>, CheckError> {
        let (reservation, requester) = self.reserve_guess(canonical_name, context)?;
        match check(requester).await {
            Ok(Checked::Right(proved)) => {
                reservation.succeeded();
                Ok(Some(proved))
            }
            Ok(Checked::Wrong(account_id)) => {
                reservation.failed();
                self.save_guesses().await?;
                let event = AuditEvent { account_id, ..AuditEvent::new(AuditKind::LoginFailed) };
                self.store.record(event, context).await?;
                Ok(None)
            }
            Err(error) => {
                reservation.not_checked();
                Err(error)
            }
        }
    }

    /// Counts an attempt as failed. The reservation is settled afterwards; the requester is for the hash.
    fn reserve_guess(
        &self,
        canonical_name: &str,
        context: &Context,
    ) -> Result<(Reservation, Requester), Throttled> {
        let cookie = context.device_cookie.as_ref();
        let device = cookie.and_then(|cookie| self.devices.find(cookie, canonical_name, context.now));
        let account = self.account_key(canonical_name);
        let guess = Guess { account, client: context.address, device };
        match self.throttle.reserve(&guess, context.now) {
            Ok(reservation) => {
                let known_device = reservation.is_known_device();
                Ok((reservation, Requester { client: context.address, account, known_device }))
            }
            Err(throttled) => {
                // No write for it: a flood of refusals, which cost no hash, must not fill the store's queue (LM-2).
                self.throttled.fetch_add(1, Ordering::Relaxed);
                Err(throttled)
            }
        }
    }
}
