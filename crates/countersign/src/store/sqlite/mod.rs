//! The embedded store: one SQLite file, one thread that writes, a few that read, one that copies the write-ahead log
//! back. Callers are async and never touch a connection; every queue between them and the threads is bounded.
//!
//! ```text
//! caller -> reads  (bounded) -> reader threads, a connection each
//!        -> writes (bounded) -> writer.rs: all that waits, one transaction, one fsync -> checkpoint.rs
//! ```
//!
//! What an operation does is in `accounts.rs`, `sessions.rs`, `keys.rs` and `upkeep.rs`, next to its SQL.

mod accounts;
mod change;
mod engine;
mod keys;
mod rows;
mod sessions;
mod throttle;
mod upkeep;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::Connection;

use self::change::Change;
use self::engine::open;
pub use self::engine::open::{OpenError, OpenMode};
use self::engine::threads::Threads;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::account::{Account, Username};
use crate::model::audit::{AuditEvent, AuditQuery, AuditRecord, Context};
use crate::model::session::refresh_token::PresentedToken;
use crate::model::session::{EndReason, Session, SessionPolicy};
use crate::password::PasswordHash;
use crate::store::{
    AccountChange, AccountQuery, ChangeAccount, CreateAccount, Credentials, EndedSession, ImportAccounts,
    NewAccount, NewSession, PasswordChange, Revocation, Rotation, SetPassword, StartSession, Store,
    StoreError, StoredKey, Sweep, Swept, Which,
};
use crate::throttle::ThrottleRecord;

/// A [`Store`] in one SQLite file, or in memory for tests.
///
/// Dropping it waits until everything that was accepted is committed.
#[derive(Debug)]
pub struct SqliteStore {
    threads: Threads,
    policy: SessionPolicy,
    /// Up to where the present sweep has looked for idle sessions.
    swept_to: AtomicI64,
}

impl SqliteStore {
    /// Opens a database file, makes it (mode 0600, its directory 0700) when it is not there, and brings its tables up
    /// to date.
    ///
    /// # Errors
    /// See the variants of [`OpenError`]; the database is as it was.
    pub fn open(path: impl AsRef<Path>, mode: OpenMode, policy: SessionPolicy) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let path = std::path::absolute(path).map_err(|error| open::other(path, error))?;
        let lock = open::prepare_file(&path, mode)?;
        let mut db = open::connect_writer(&path)?;
        open::migrate(&mut db, &path)?;
        open::check_for_damage(&db, &path)?;
        Ok(Self::with(Threads::for_file(db, lock, &path)?, policy))
    }

    /// A database in memory, real in everything but durability.
    ///
    /// # Errors
    /// [`OpenError::OldSqlite`], or [`OpenError::Other`] when no thread can be started.
    pub fn in_memory(policy: SessionPolicy) -> Result<Self, OpenError> {
        let mut db = open::connect_in_memory()?;
        open::migrate(&mut db, Path::new(":memory:"))?;
        Ok(Self::with(Threads::in_memory(db)?, policy))
    }

    const fn with(threads: Threads, policy: SessionPolicy) -> Self {
        Self { threads, policy, swept_to: AtomicI64::new(0) }
    }

    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.threads.read(work).await
    }

    async fn change<T, F>(&self, context: &Context, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Change<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let (policy, context) = (self.policy, context.clone());
        self.threads.write(move |db| work(&Change { db, policy: &policy, context: &context })).await
    }
}

impl Store for SqliteStore {
    async fn create_account(
        &self,
        account: NewAccount,
        context: &Context,
    ) -> Result<CreateAccount, StoreError> {
        self.change(context, move |change| change.create_account(account)).await
    }

    async fn import_accounts(
        &self,
        accounts: Vec<NewAccount>,
        context: &Context,
    ) -> Result<ImportAccounts, StoreError> {
        self.change(context, move |change| change.import_accounts(accounts)).await
    }

    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        Ok(self.credentials(id).await?.map(|found| found.account))
    }

    async fn account_for_login(&self, username: &Username) -> Result<Option<Credentials>, StoreError> {
        let username = username.clone();
        self.read(move |db| accounts::credentials_by_name(db, &username)).await
    }

    async fn credentials(&self, id: AccountId) -> Result<Option<Credentials>, StoreError> {
        self.read(move |db| accounts::credentials(db, id)).await
    }

    async fn list_accounts(&self, query: AccountQuery) -> Result<Vec<Account>, StoreError> {
        self.read(move |db| accounts::list(db, &query)).await
    }

    async fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
        context: &Context,
    ) -> Result<ChangeAccount, StoreError> {
        self.change(context, move |tx| tx.change_account(id, change)).await
    }

    async fn set_password(
        &self,
        change: PasswordChange,
        context: &Context,
    ) -> Result<SetPassword, StoreError> {
        self.change(context, move |tx| tx.set_password(&change)).await
    }

    async fn rehash_password(
        &self,
        id: AccountId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let (old, new) = (old.clone(), new.clone());
        self.threads.write(move |db| accounts::rehash_password(db, id, &old, &new)).await
    }

    async fn delete_account(&self, id: AccountId, context: &Context) -> Result<ChangeAccount, StoreError> {
        self.change(context, move |change| change.delete_account(id)).await
    }

    async fn start_session(
        &self,
        session: NewSession,
        context: &Context,
    ) -> Result<StartSession, StoreError> {
        self.change(context, move |change| change.start_session(&session)).await
    }

    async fn rotate(&self, token: PresentedToken, context: &Context) -> Result<Rotation, StoreError> {
        // The writer decides without a reader before it: its page cache is warm, where a reader's is emptied by every
        // commit. A batch that only reads costs no write and no fsync.
        let (policy, change_context) = (self.policy, context.clone());
        let rotate =
            move |db: &Connection| Change { db, policy: &policy, context: &change_context }.rotate(&token);
        let error = match self.threads.write_or_catch_up(rotate, Some(sessions::begin_grace_anew)).await {
            Ok(rotation) => return Ok(rotation),
            Err(error) => error,
        };
        // What needs no write is answered while the disk takes none.
        let (policy, now) = (self.policy, context.now);
        let read = self.read(move |db| sessions::rotation_without_writing(db, &policy, &token, now)).await;
        read.ok().flatten().ok_or(error)
    }

    async fn find_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.read(move |db| Ok(rows::find_session(db, id)?.map(|row| row.session))).await
    }

    async fn list_sessions(
        &self,
        of: Option<AccountId>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        let policy = self.policy;
        self.read(move |db| sessions::list(db, &policy, of, now, limit)).await
    }

    async fn end_sessions(
        &self,
        which: Which,
        reason: EndReason,
        context: &Context,
    ) -> Result<Vec<EndedSession>, StoreError> {
        self.change(context, move |change| change.end_sessions(which, reason)).await
    }

    async fn revocations_after(&self, sequence: i64, now: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        self.read(move |db| sessions::revocations_after(db, sequence, now)).await
    }

    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.read(keys::signing_keys).await
    }

    async fn add_signing_key(
        &self,
        key: StoredKey,
        newest: Option<String>,
        context: &Context,
    ) -> Result<bool, StoreError> {
        self.change(context, move |change| change.add_signing_key(&key, newest.as_deref())).await
    }

    async fn remove_signing_keys(&self, kids: Vec<String>, context: &Context) -> Result<usize, StoreError> {
        self.change(context, move |change| change.remove_signing_keys(&kids)).await
    }

    async fn master_key_fingerprints(&self) -> Result<BTreeMap<u8, [u8; 32]>, StoreError> {
        self.read(keys::master_key_fingerprints).await
    }

    async fn remember_master_keys(&self, fingerprints: Vec<(u8, [u8; 32])>) -> Result<(), StoreError> {
        self.threads.write(move |db| keys::remember_master_keys(db, &fingerprints)).await
    }

    async fn record(&self, event: AuditEvent, context: &Context) -> Result<(), StoreError> {
        self.change(context, move |change| change.record(&event)).await
    }

    async fn password_hashes(&self, limit: u32) -> Result<Vec<PasswordHash>, StoreError> {
        self.read(move |db| accounts::password_hashes(db, limit)).await
    }

    async fn save_throttle(&self, records: Vec<ThrottleRecord>) -> Result<(), StoreError> {
        self.threads.write(move |db| throttle::save(db, &records)).await
    }

    async fn throttle_records(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<ThrottleRecord>, StoreError> {
        self.read(move |db| throttle::since(db, since, limit)).await
    }

    async fn audit_log(&self, query: AuditQuery) -> Result<Vec<AuditRecord>, StoreError> {
        self.read(move |db| upkeep::audit_log(db, &query)).await
    }

    async fn sweep(&self, sweep: Sweep) -> Result<Swept, StoreError> {
        let policy = self.policy;
        let deleted = self.threads.write(move |db| upkeep::sweep(db, &policy, &sweep)).await?;
        if deleted > 0 {
            return Ok(Swept { deleted, more: true });
        }
        let after = self.swept_to.load(Ordering::SeqCst);
        let scan = self.read(move |db| upkeep::scan_for_idle(db, &policy, &sweep, after)).await?;
        self.swept_to.store(scan.next.unwrap_or(0), Ordering::SeqCst);
        if scan.idle.is_empty() {
            return Ok(Swept { deleted: 0, more: scan.next.is_some() });
        }
        let delete = move |db: &Connection| upkeep::delete_idle(db, &policy, &sweep, &scan.idle);
        Ok(Swept { deleted: self.threads.write(delete).await?, more: scan.next.is_some() })
    }

    async fn check(&self, now: Timestamp) -> Result<(), StoreError> {
        self.read(upkeep::can_read).await?;
        if self.threads.last_write_failed() || self.threads.is_stalled() {
            self.threads.write(move |db| upkeep::can_write(db, now)).await?;
        }
        Ok(())
    }
}
