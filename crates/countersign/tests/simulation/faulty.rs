//! The real store, one call at a time, with room for one planted bug.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign::base::clock::Timestamp;
use countersign::base::id::{AccountId, SessionId};
use countersign::model::account::{Account, Username};
use countersign::model::audit::{AuditEvent, AuditQuery, AuditRecord, Context};
use countersign::model::session::refresh_token::PresentedToken;
use countersign::model::session::{EndReason, Session};
use countersign::password::PasswordHash;
use countersign::store::sqlite::SqliteStore;
use countersign::store::*;
use countersign::throttle::ThrottleRecord;

use crate::executor::{now, stop_before_store_call};

/// One thing that a store, or what is around it, does wrong. Each has to be found by the auditor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// A rotation is answered and not stored.
    RotationNotStored,
    /// A logout is answered and not stored.
    LogoutNotStored,
    /// A logout is stored, and nobody in this process is told.
    LogoutNotTold,
    /// Disabling an account is stored, and nobody in this process is told.
    DisableNotTold,
    /// A password change leaves the other sessions' access tokens working.
    PasswordChangeNotTold,
    /// The rotation rule sees a clock that is slow.
    SlowClock,
    /// A login does not look whether the password is still the one that was checked.
    LoginIgnoresPasswordVersion,
    /// A login without the new password that is required is let in.
    RequiredChangeIgnored,
    /// A login leaves the session that it replaces alive.
    LoginReplacesNothing,
    /// A refresh gives the account as it was when first seen.
    StaleAccount,
    /// A password change ends the session that makes it, too.
    PasswordChangeKeepsNothing,
    /// Failed logins are not written down.
    FailureNotRecorded,
    /// House-keeping deletes sessions that are alive.
    GreedySweep,
    /// A young token is answered with its cookie again.
    CookieOnFresh,
    /// What other processes end is not followed.
    RevocationsNotFollowed,
    /// A crash loses the last thing that was acknowledged.
    LastWriteLost,
    /// No minimum age: tabs that wake together race.
    NoMinimumAge,
    /// No grace: a lost answer is theft.
    NoGrace,
    /// A second use of an old token is let through.
    ReuseForgiven,
    /// The parent, used again in its grace, is not given its successor but the one after that.
    ReplayRotates,
    /// Failed sign-ins are not kept over a restart.
    GuessesForgotten,
}

#[derive(Debug)]
pub(crate) struct Faulty {
    pub(crate) inner: SqliteStore,
    pub(crate) bug: Option<Bug>,
    first_seen: std::sync::Mutex<BTreeMap<AccountId, Account>>,
}

impl Faulty {
    pub(crate) fn new(inner: SqliteStore, bug: Option<Bug>) -> Self {
        Self { inner, bug, first_seen: std::sync::Mutex::default() }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn rotation(&self, token: PresentedToken, context: &Context) -> Result<Rotation, StoreError> {
        let mut context = context.clone();
        if self.has(Bug::SlowClock) {
            context.now = context.now.minus(Duration::from_secs(120));
        }
        if self.has(Bug::RotationNotStored)
            && let (Some(mut session), Some(account)) =
                (now(self.inner.find_session(token.session_id))?, self.find_account_of(token.session_id)?)
            && session.revoked.is_none()
            && session.generation == token.generation
            && context.now >= session.rotated_at.plus(Duration::from_secs(20))
        {
            session.generation += 1;
            return Ok(Rotation::Advanced(Box::new(Grant { account, session })));
        }
        let rotation = now(self.inner.rotate(token, &context))?;
        Ok(match rotation {
            Rotation::Fresh(grant) if self.has(Bug::CookieOnFresh) => Rotation::Replayed(grant),
            Rotation::Replayed(grant) if self.has(Bug::ReplayRotates) => {
                let newest = PresentedToken { generation: grant.session.generation, ..token };
                context.now = context.now.plus(Duration::from_secs(20));
                now(self.inner.rotate(newest, &context))?
            }
            Rotation::Reused(_) if self.has(Bug::ReuseForgiven) => {
                let session = now(self.inner.find_session(token.session_id))?.unwrap();
                let account = now(self.inner.find_account(session.account_id))?.unwrap();
                Rotation::Replayed(Box::new(Grant { account, session }))
            }
            rotation => rotation,
        })
    }

    fn find_account_of(&self, session: SessionId) -> Result<Option<Account>, StoreError> {
        match now(self.inner.find_session(session))? {
            Some(session) => now(self.inner.find_account(session.account_id)),
            None => Ok(None),
        }
    }

    fn stale(&self, rotation: Rotation) -> Rotation {
        if !self.has(Bug::StaleAccount) {
            return rotation;
        }
        let old = |mut grant: Box<Grant>| {
            let mut seen = self.first_seen.lock().unwrap();
            grant.account = seen.entry(grant.account.id).or_insert(grant.account).clone();
            grant
        };
        match rotation {
            Rotation::Fresh(grant) => Rotation::Fresh(old(grant)),
            Rotation::Advanced(grant) => Rotation::Advanced(old(grant)),
            Rotation::Replayed(grant) => Rotation::Replayed(old(grant)),
            rotation => rotation,
        }
    }
}

impl Store for Faulty {
    async fn create_account(
        &self,
        account: NewAccount,
        context: &Context,
    ) -> Result<CreateAccount, StoreError> {
        stop_before_store_call().await;
        now(self.inner.create_account(account, context))
    }

    async fn import_accounts(
        &self,
        accounts: Vec<NewAccount>,
        context: &Context,
    ) -> Result<ImportAccounts, StoreError> {
        stop_before_store_call().await;
        now(self.inner.import_accounts(accounts, context))
    }

    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        stop_before_store_call().await;
        now(self.inner.find_account(id))
    }

    async fn account_for_login(&self, username: &Username) -> Result<Option<Credentials>, StoreError> {
        stop_before_store_call().await;
        now(self.inner.account_for_login(username))
    }

    async fn credentials(&self, id: AccountId) -> Result<Option<Credentials>, StoreError> {
        stop_before_store_call().await;
        now(self.inner.credentials(id))
    }

    async fn list_accounts(&self, query: AccountQuery) -> Result<Vec<Account>, StoreError> {
        stop_before_store_call().await;
        now(self.inner.list_accounts(query))
    }

    async fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
        context: &Context,
    ) -> Result<ChangeAccount, StoreError> {
        stop_before_store_call().await;
        Ok(match now(self.inner.change_account(id, change, context))? {
            ChangeAccount::Done(account, _) if self.has(Bug::DisableNotTold) => {
                ChangeAccount::Done(account, Vec::new())
            }
            outcome => outcome,
        })
    }

    async fn set_password(
        &self,
        mut change: PasswordChange,
        context: &Context,
    ) -> Result<SetPassword, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::PasswordChangeKeepsNothing) {
            change.keep = None;
        }
        Ok(match now(self.inner.set_password(change, context))? {
            SetPassword::Done(_) if self.has(Bug::PasswordChangeNotTold) => SetPassword::Done(Vec::new()),
            outcome => outcome,
        })
    }

    async fn rehash_password(
        &self,
        id: AccountId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<bool, StoreError> {
        stop_before_store_call().await;
        now(self.inner.rehash_password(id, old, new))
    }

    async fn delete_account(&self, id: AccountId, context: &Context) -> Result<ChangeAccount, StoreError> {
        stop_before_store_call().await;
        now(self.inner.delete_account(id, context))
    }

    async fn start_session(
        &self,
        mut session: NewSession,
        context: &Context,
    ) -> Result<StartSession, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::LoginIgnoresPasswordVersion)
            && let Some(found) = now(self.inner.credentials(session.account_id))?
        {
            session.password_version = found.password_version;
        }
        if self.has(Bug::LoginReplacesNothing) {
            session.replaces = None;
        }
        if self.has(Bug::RequiredChangeIgnored) {
            let waived = AccountChange { password_change_required: Some(false), ..AccountChange::default() };
            now(self.inner.change_account(session.account_id, waived, context))?;
        }
        now(self.inner.start_session(session, context))
    }

    async fn rotate(&self, token: PresentedToken, context: &Context) -> Result<Rotation, StoreError> {
        stop_before_store_call().await;
        Ok(self.stale(self.rotation(token, context)?))
    }

    async fn find_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        stop_before_store_call().await;
        now(self.inner.find_session(id))
    }

    async fn list_sessions(
        &self,
        of: Option<AccountId>,
        at: Timestamp,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        stop_before_store_call().await;
        now(self.inner.list_sessions(of, at, limit))
    }

    async fn end_sessions(
        &self,
        which: Which,
        reason: EndReason,
        context: &Context,
    ) -> Result<Vec<EndedSession>, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::LogoutNotStored) {
            return Ok(Vec::new());
        }
        let ended = now(self.inner.end_sessions(which, reason, context))?;
        Ok(if self.has(Bug::LogoutNotTold) { Vec::new() } else { ended })
    }

    async fn revocations_after(&self, sequence: i64, at: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        stop_before_store_call().await;
        let revocations = now(self.inner.revocations_after(sequence, at))?;
        Ok(if self.has(Bug::RevocationsNotFollowed) { Vec::new() } else { revocations })
    }

    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        stop_before_store_call().await;
        now(self.inner.signing_keys())
    }

    async fn add_signing_key(
        &self,
        key: StoredKey,
        newest: Option<String>,
        context: &Context,
    ) -> Result<bool, StoreError> {
        stop_before_store_call().await;
        now(self.inner.add_signing_key(key, newest, context))
    }

    async fn remove_signing_keys(&self, kids: Vec<String>, context: &Context) -> Result<usize, StoreError> {
        stop_before_store_call().await;
        now(self.inner.remove_signing_keys(kids, context))
    }

    async fn master_key_fingerprints(&self) -> Result<BTreeMap<u8, [u8; 32]>, StoreError> {
        stop_before_store_call().await;
        now(self.inner.master_key_fingerprints())
    }

    async fn remember_master_keys(&self, fingerprints: Vec<(u8, [u8; 32])>) -> Result<(), StoreError> {
        stop_before_store_call().await;
        now(self.inner.remember_master_keys(fingerprints))
    }

    async fn password_hashes(&self, limit: u32) -> Result<Vec<PasswordHash>, StoreError> {
        stop_before_store_call().await;
        now(self.inner.password_hashes(limit))
    }

    async fn save_throttle(&self, records: Vec<ThrottleRecord>) -> Result<(), StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::GuessesForgotten) { Ok(()) } else { now(self.inner.save_throttle(records)) }
    }

    async fn throttle_records(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<ThrottleRecord>, StoreError> {
        stop_before_store_call().await;
        now(self.inner.throttle_records(since, limit))
    }

    async fn record(&self, event: AuditEvent, context: &Context) -> Result<(), StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::FailureNotRecorded) { Ok(()) } else { now(self.inner.record(event, context)) }
    }

    async fn audit_log(&self, query: AuditQuery) -> Result<Vec<AuditRecord>, StoreError> {
        stop_before_store_call().await;
        now(self.inner.audit_log(query))
    }

    async fn sweep(&self, mut sweep: Sweep) -> Result<Swept, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::GreedySweep) {
            sweep.now = sweep.now.plus(Duration::from_secs(37 * 24 * 3600 + 1800));
            sweep.keep_audit = Duration::from_secs(500 * 24 * 3600);
        }
        now(self.inner.sweep(sweep))
    }

    async fn check(&self, at: Timestamp) -> Result<(), StoreError> {
        stop_before_store_call().await;
        now(self.inner.check(at))
    }
}
