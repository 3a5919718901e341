//! The only way to check a secret that can be guessed: `Countersign::attempt` counts the attempt as failed
//! before anything is looked at (TH-3), runs the check, and settles the count by its outcome. Nothing else
//! reserves a guess, so no pathway has a count of its own (TH-1), and a check that has no outcome does not
//! compile.
//!
//! ```text
//! reserve ──► check ──► Right:  the failures so far are forgiven, here and at the other nodes
//!    │                  Wrong:  stays counted, is stored and goes to the audit log
//!    │                  Err:    nothing was checked, the count is as before
//!    │                  dropped on the way: counts as failed (CC-6)
//!    ├► Throttled       enough have failed
//!    └► waits           enough would have failed if those did that are being checked: asks again as each is decided
//! ```

use std::borrow::Cow;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::Countersign;
use crate::base::id::AccountId;
use crate::base::requester::Requester;
use crate::hashing::HashingError;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::context::Context;
use crate::options::UpstreamError;
use crate::password::InvalidPassword;
use crate::store::{Store, StoreError};
use crate::throttle::{Guess, Refused, Reservation, Throttled, Turn};

/// The outcome of a check.
#[derive(Debug)]
pub(crate) enum Checked<T> {
    /// The secret was right and the account may sign in.
    Right(T),
    /// The secret was wrong, there is no such account, or the account may not sign in: one outcome for all
    /// (EN-1). The account is for the audit log.
    Wrong(Option<AccountId>),
}

/// What is guessed at: a secret of the account with this canonical name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guessed<'a> {
    name: &'a str,
    what: Secret,
}

#[derive(Clone, Copy, Debug)]
enum Secret {
    Password,
    SecondFactor,
    Passkey,
}

impl<'a> Guessed<'a> {
    pub(crate) const fn password(name: &'a str) -> Self {
        Self { name, what: Secret::Password }
    }

    pub(crate) const fn second_factor(name: &'a str) -> Self {
        Self { name, what: Secret::SecondFactor }
    }

    /// A passkey is found by the ID of its credential, before anybody has said who they are. Wrong answers keep nobody from the
    /// account's password, nor wrong passwords from its passkeys.
    pub(crate) const fn passkey(credential: &'a str) -> Self {
        Self { name: credential, what: Secret::Passkey }
    }

    /// SECURITY: a right password forgives no wrong code, or whoever knows the password could guess for ever (MF-1). No account has
    /// such a name.
    pub(crate) fn counted_name(self) -> Cow<'a, str> {
        match self.what {
            Secret::Password => self.name.into(),
            Secret::SecondFactor => format!("{}\0second factor", self.name).into(),
            Secret::Passkey => format!("{}\0passkey", self.name).into(),
        }
    }

    const fn detail(self) -> Option<&'static str> {
        match self.what {
            Secret::Password => None,
            Secret::SecondFactor => Some("second_factor"),
            Secret::Passkey => Some("passkey"),
        }
    }
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
    /// The system that the account may come from did not answer ([`Options::upstream`](crate::Options::upstream)).
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

impl<S: Store> Countersign<S> {
    /// Checks a secret of the account with this canonical name, whether the account exists or not. `check`
    /// gets the requester to compute a hash for. Gives what `check` proved, or `None` when the secret was
    /// wrong.
    ///
    /// # Errors
    /// [`CheckError::Throttled`] when `check` was not run, [`CheckError::Store`] when a failure could not be
    /// stored, and the errors of `check`.
    pub(crate) async fn attempt<T>(
        &self,
        canonical_name: &str,
        context: &Context,
        check: impl AsyncFnOnce(Requester) -> Result<Checked<T>, CheckError>,
    ) -> Result<Option<T>, CheckError> {
        self.attempt_at(Guessed::password(canonical_name), context, check).await
    }

    /// The same for whatever is guessed at.
    pub(crate) async fn attempt_at<T>(
        &self,
        guessed: Guessed<'_>,
        context: &Context,
        check: impl AsyncFnOnce(Requester) -> Result<Checked<T>, CheckError>,
    ) -> Result<Option<T>, CheckError> {
        let (reservation, requester) = self.reserve_guess(guessed, context).await?;
        match check(requester).await {
            Ok(Checked::Right(proved)) => {
                // If the store does not take it, the upkeep tells it again: the password was right all the same.
                if reservation.succeeded()
                    && let Err(error) = self.exchange_guesses().await
                {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a pardon is not stored yet");
                }
                Ok(Some(proved))
            }
            Ok(Checked::Wrong(account_id)) => {
                reservation.failed();
                self.exchange_guesses().await?;
                let detail = guessed.detail().map(str::to_owned);
                let event = AuditEvent { account_id, detail, ..AuditEvent::new(AuditKind::LoginFailed) };
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
    async fn reserve_guess(
        &self,
        guessed: Guessed<'_>,
        context: &Context,
    ) -> Result<(Reservation, Requester), CheckError> {
        let cookie = context.device_cookie.as_ref();
        let device = cookie.and_then(|cookie| self.devices.find(cookie, guessed.name, context.now));
        let account = self.account_key(&guessed.counted_name());
        let guess = Guess { account, client: context.address, device };
        let reservation = match self.throttle.reserve(&guess, context.now) {
            Ok(reservation) => reservation,
            Err(Refused { turn: Some(turn), .. }) => self.wait_for_others(turn, &guess).await?,
            Err(Refused { retry_after, turn: None }) => return Err(self.refuse(retry_after)),
        };
        let known_device = reservation.is_known_device();
        Ok((reservation, Requester { client: context.address, account, known_device }))
    }

    /// Waits until enough attempts on the same account have turned out not to fail, or to fail. All of them wait
    /// for the pool, so the deadline is that of the pool.
    async fn wait_for_others(&self, mut turn: Turn, guess: &Guess) -> Result<Reservation, CheckError> {
        let deadline = self.clock.monotonic().saturating_add(self.options.hashing.max_wait);
        loop {
            let left = deadline.saturating_sub(self.clock.monotonic());
            if left.is_zero() {
                return Err(self.hasher.refuse().into());
            }
            // The timer only says when to look at the clock again.
            if tokio::time::timeout(left, turn.wait()).await.is_err() {
                continue;
            }
            match self.throttle.reserve(guess, self.clock.now()) {
                Ok(reservation) => return Ok(reservation),
                Err(Refused { turn: Some(next), .. }) => turn = next,
                Err(Refused { retry_after, turn: None }) => return Err(self.refuse(retry_after)),
            }
        }
    }

    fn refuse(&self, retry_after: Duration) -> CheckError {
        // No write for it: a flood of refusals, which cost no hash, must not fill the store's queue (LM-2).
        self.throttled.fetch_add(1, Ordering::Relaxed);
        Throttled { retry_after }.into()
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::FutureExt as _;
    use futures_util::future::join_all;

    use super::*;
    use crate::Options;
    use crate::base::clock::{Clock, Timestamp};
    use crate::base::master_key::MasterKeys;
    use crate::base::random::Random;
    use crate::model::audit::AuditQuery;
    use crate::model::context::Actor;
    use crate::store::sqlite::SqliteStore;

    type Outcome = Result<Checked<()>, CheckError>;

    async fn system() -> Countersign<SqliteStore> {
        let options = Options::new("https://auth.example", "api");
        let store = SqliteStore::in_memory(options.sessions).unwrap();
        let (random, clock) = (Random::insecure_seeded(1), Clock::manual(Timestamp::from_unix_millis(0)));
        let keys = MasterKeys::generate(&random);
        Countersign::open(store, options, keys, clock, random).await.unwrap()
    }

    fn context() -> Context {
        Context::local(Actor::Anonymous, Timestamp::from_unix_millis(0))
    }

    async fn attempt(system: &Countersign<SqliteStore>, outcome: Checked<()>) -> Option<bool> {
        match system.attempt("ada", &context(), async |_| Ok(outcome)).await {
            Ok(proved) => Some(proved.is_some()),
            Err(CheckError::Throttled(_)) => None,
            Err(error) => panic!("{error}"),
        }
    }

    const RIGHT: Checked<()> = Checked::Right(());
    const WRONG: Checked<()> = Checked::Wrong(None);

    /// MF-1, MF-4: each secret has a count of its own.
    #[test]
    fn no_secret_shares_the_count_of_another() {
        let names = [Guessed::password("ada"), Guessed::second_factor("ada"), Guessed::passkey("ada")]
            .map(Guessed::counted_name);
        assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2], "{names:?}");
    }

    /// TH-1, TH-3, CC-6: each outcome settles the count.
    #[tokio::test]
    async fn every_outcome_is_counted_as_what_it_is() {
        let system = system().await;
        for _ in 0..2 {
            for _ in 0..4 {
                assert_eq!(attempt(&system, WRONG).await, Some(false));
            }
            assert_eq!(attempt(&system, RIGHT).await, Some(true), "and the four are forgiven");
        }
        let overloaded = async |_| Err(HashingError::Stopped.into());
        for _ in 0..9 {
            let outcome: Result<Option<()>, _> = system.attempt("ada", &context(), overloaded).await;
            assert!(matches!(outcome, Err(CheckError::Hashing(_))));
        }
        for _ in 0..4 {
            assert_eq!(attempt(&system, WRONG).await, Some(false));
        }
        let never = async |_| pending::<Outcome>().await;
        assert!(system.attempt("ada", &context(), never).now_or_never().is_none(), "the client hangs up");
        assert_eq!(attempt(&system, RIGHT).await, None, "the fifth failure");
        let log = system.audit_log(AuditQuery { limit: 100, ..AuditQuery::default() }).await.unwrap().lines;
        let failures =
            log.iter().filter(|record| record.event.kind.known() == Some(AuditKind::LoginFailed)).count();
        assert_eq!(failures, 12);
    }

    /// All five outcomes are open when the sixth asks: it waits for as long as one may wait for a hash, and
    /// no longer.
    #[tokio::test(start_paused = true)]
    async fn an_attempt_waits_for_others_no_longer_than_for_a_hash() {
        let system = system().await;
        let context = context();
        let mut others: Vec<_> = (0..5)
            .map(|_| Box::pin(system.attempt("ada", &context, async |_| pending::<Outcome>().await)))
            .collect();
        assert!(join_all(&mut others).now_or_never().is_none());
        let mut sixth = Box::pin(system.attempt("ada", &context, async |_| Ok(RIGHT)));
        let (longest, instant) = (system.options.hashing.max_wait, Duration::from_millis(1));
        assert!(sixth.as_mut().now_or_never().is_none());
        system.clock.advance(longest.saturating_sub(instant));
        tokio::time::advance(longest).await;
        assert!(sixth.as_mut().now_or_never().is_none(), "the last millisecond");
        system.clock.advance(instant);
        let sixth = sixth.await;
        assert!(matches!(sixth, Err(CheckError::Hashing(HashingError::Overloaded { .. }))), "{sixth:?}");
        assert_eq!(system.hasher.stats().refused, 1);
        drop(others);
        assert_eq!(attempt(&system, RIGHT).await, None, "they have failed");
    }

    /// And it is looked at as soon as one of them has turned out to be right.
    #[tokio::test]
    async fn a_sixth_attempt_at_the_same_moment_is_looked_at() {
        let system = system().await;
        let context = context();
        let (decide, decided) = tokio::sync::oneshot::channel::<()>();
        let mut first = Box::pin(system.attempt("ada", &context, async |_| {
            decided.await.ok();
            Ok(RIGHT)
        }));
        let mut others: Vec<_> = (0..4)
            .map(|_| Box::pin(system.attempt("ada", &context, async |_| pending::<Outcome>().await)))
            .collect();
        let mut sixth = Box::pin(system.attempt("ada", &context, async |_| Ok(RIGHT)));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(join_all(&mut others).now_or_never().is_none());
        assert!(sixth.as_mut().now_or_never().is_none());
        decide.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Some(()));
        assert_eq!(sixth.await.unwrap(), Some(()));
    }
}
