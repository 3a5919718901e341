//! What a store must be able to do: verbs, not tables. One method is one state transition in one transaction, with the
//! audit event that describes it; no transaction crosses this trait, and no use case sees a connection.
//!
//! What is settled inside a store's transaction, because a check before it could be overtaken (CC-2, CC-3, RF-7, TH-5):
//! whether the account may sign in, whether its password is still the one that was checked, what a refresh token means.
//! Outcomes that a caller must tell apart are values; an `Err` always means that nothing is known to have happened.

pub mod sqlite;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::account::{Account, CustomClaims, Role, Username};
use crate::model::audit::{AuditEvent, AuditQuery, AuditRecord, Context};
use crate::model::session::refresh_token::PresentedToken;
use crate::model::session::{EndReason, Session};
use crate::password::PasswordHash;
use crate::throttle::ThrottleRecord;

/// Where accounts, sessions, keys and the audit log are kept, durably: a method that has answered `Ok` survives
/// `kill -9` and power loss (DB-1).
///
/// A store is opened with the [`SessionPolicy`](crate::model::session::SessionPolicy) that it applies.
///
/// Every method fails with [`StoreError::Overloaded`] when its bounded queue is full or it is known to be stalled, and with
/// [`StoreError::Unavailable`] when the database cannot be reached, read or written.
pub trait Store: Send + Sync + 'static {
    // --- accounts ---

    /// Makes an account, unless its name (in any spelling) is taken.
    fn create_account(&self, account: NewAccount, context: &Context) -> impl Answer<CreateAccount>;

    /// Makes all of these accounts or, when a name is taken, none.
    fn import_accounts(&self, accounts: Vec<NewAccount>, context: &Context) -> impl Answer<ImportAccounts>;

    /// The account with this id.
    fn find_account(&self, id: AccountId) -> impl Answer<Option<Account>>;

    /// The account with this name, in any spelling, and what its password is checked against.
    fn account_for_login(&self, username: &Username) -> impl Answer<Option<Credentials>>;

    /// The account with this id, and what its password is checked against.
    fn credentials(&self, id: AccountId) -> impl Answer<Option<Credentials>>;

    /// Accounts in the order of their canonical names.
    fn list_accounts(&self, query: AccountQuery) -> impl Answer<Vec<Account>>;

    /// Changes role, claims, whether it may sign in, or whether its owner has to choose another password first. Disabling
    /// it or requiring another password ends all its sessions in the same transaction. Refuses to take the role or the
    /// access of the last enabled administrator.
    fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
        context: &Context,
    ) -> impl Answer<ChangeAccount>;

    /// Sets a password and ends the account's sessions except `keep`, in one transaction. With `checked` it is the owner's
    /// own: only if the password is still the one that was checked under that number
    /// ([`Credentials::password_version`]), and no other is required of him any more.
    fn set_password(&self, change: PasswordChange, context: &Context) -> impl Answer<SetPassword>;

    /// Replaces a hash by a better one of the same password, if it is still the stored one (PW-3). Sessions live on.
    fn rehash_password(&self, id: AccountId, old: &PasswordHash, new: &PasswordHash) -> impl Answer<bool>;

    /// The hashes of a fair sample of at most `limit` accounts that have one, the same accounts each time: what checking
    /// a password costs here (EN-2).
    fn password_hashes(&self, limit: u32) -> impl Answer<Vec<PasswordHash>>;

    /// Deletes an account with its sessions. Refuses the last enabled administrator.
    fn delete_account(&self, id: AccountId, context: &Context) -> impl Answer<ChangeAccount>;

    // --- sessions ---

    /// Begins a session, if the account is enabled, its password still the one that was checked, and a new one comes along
    /// if that is required; otherwise the audit log has a failed login. Ends the one it replaces, and the account's oldest
    /// while there are more than the policy allows (SE-8). A new password is set in the same transaction, as by
    /// [`set_password`](Self::set_password): all other sessions end.
    fn start_session(&self, session: NewSession, context: &Context) -> impl Answer<StartSession>;

    /// What a refresh token means, by [`decide`](crate::model::session::decide), and the change that follows from it, in one
    /// transaction. Nothing is written for `Fresh`, `Replayed`, `Expired`, `Revoked` and `Unknown`.
    fn rotate(&self, token: PresentedToken, context: &Context) -> impl Answer<Rotation>;

    /// The session with this id.
    fn find_session(&self, id: SessionId) -> impl Answer<Option<Session>>;

    /// Sessions that are alive at `now`, newest first: an account's, or everybody's; at most `limit`.
    fn list_sessions(&self, of: Option<AccountId>, now: Timestamp, limit: u32) -> impl Answer<Vec<Session>>;

    /// Ends sessions that are not ended yet; gives those that this call ended.
    fn end_sessions(
        &self,
        which: Which,
        reason: EndReason,
        context: &Context,
    ) -> impl Answer<Vec<EndedSession>>;

    /// Sessions ended after this place in the revocation log whose access tokens may still be running at `now`.
    fn revocations_after(&self, sequence: i64, now: Timestamp) -> impl Answer<Vec<Revocation>>;

    // --- keys ---

    /// All signing keys, in the order in which they were added.
    fn signing_keys(&self) -> impl Answer<Vec<StoredKey>>;

    /// Adds a signing key, if `newest` is still the last one that was added: of two nodes that rotate at once, one makes
    /// the key and the other is told `false` (KM-5).
    fn add_signing_key(&self, key: StoredKey, newest: Option<String>, context: &Context)
    -> impl Answer<bool>;

    /// Deletes signing keys by id; gives how many there were.
    fn remove_signing_keys(&self, kids: Vec<String>, context: &Context) -> impl Answer<usize>;

    /// The fingerprints of the master keys this store has been used with.
    fn master_key_fingerprints(&self) -> impl Answer<BTreeMap<u8, [u8; 32]>>;

    /// Remembers fingerprints of master keys that it does not have yet. Never changes one.
    fn remember_master_keys(&self, fingerprints: Vec<(u8, [u8; 32])>) -> impl Answer<()>;

    // --- failed sign-ins ---

    /// Keeps these counts; of two of one key, the one with the later last failure; none where there are no failures.
    fn save_throttle(&self, records: Vec<ThrottleRecord>) -> impl Answer<()>;

    /// Counts whose last failure is at or after `since`, the newest first, at most `limit`.
    fn throttle_records(&self, since: Timestamp, limit: u32) -> impl Answer<Vec<ThrottleRecord>>;

    // --- audit and upkeep ---

    /// Writes an event that goes with no change: a failed login.
    fn record(&self, event: AuditEvent, context: &Context) -> impl Answer<()>;

    /// Reads the audit log, oldest first.
    fn audit_log(&self, query: AuditQuery) -> impl Answer<Vec<AuditRecord>>;

    /// Deletes one small batch of what nothing needs any more, and goes on where the last call has stopped looking.
    fn sweep(&self, sweep: Sweep) -> impl Answer<Swept>;

    /// Whether it can be read, and written too if the last write failed: for the readiness probe.
    fn check(&self, now: Timestamp) -> impl Answer<()>;
}

/// A store's answer: a future that can be sent between threads.
pub trait Answer<T>: Future<Output = Result<T, StoreError>> + Send {}
impl<T, F: Future<Output = Result<T, StoreError>> + Send> Answer<T> for F {}

/// Why a store did not answer. Nothing is known to have happened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Too many operations are waiting; try again a little later.
    #[error("the store takes nothing more for now: too many operations wait, or its disk does not answer")]
    Overloaded,
    /// The database cannot be reached, read or written.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An account to make.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub username: Username,
    /// Its role.
    pub role: Role,
    /// Its claims.
    pub claims: CustomClaims,
    /// Its password's hash; without one it cannot sign in.
    pub password_hash: Option<PasswordHash>,
    /// Whether it may not sign in yet.
    pub disabled: bool,
    /// Whether its owner has to choose another password before a session begins.
    pub password_change_required: bool,
}

/// What came of making an account.
#[derive(Clone, Debug, PartialEq)]
pub enum CreateAccount {
    /// It is made.
    Created(Box<Account>),
    /// Another account has this name, perhaps in another spelling.
    NameTaken,
}

/// What came of making many accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportAccounts {
    /// All of them are made.
    Imported,
    /// None is made: the name of the account at this index is taken, by an account or by an earlier one of the list.
    NameTaken(usize),
}

/// An account and what its password is checked against.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// The hash; without one no password is right.
    pub password_hash: Option<PasswordHash>,
    /// Grows by one with every change of the password (not with a re-hash).
    pub password_version: i64,
}

/// Which accounts to list.
#[derive(Clone, Debug, Default)]
pub struct AccountQuery {
    /// Only names whose canonical form contains this canonical text.
    pub search: Option<String>,
    /// Only names whose canonical form sorts after this one: the last of the page before.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// What to change of an account; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// The new role.
    pub role: Option<Role>,
    /// The new claims, in place of the old.
    pub claims: Option<CustomClaims>,
    /// Whether it may not sign in any more.
    pub disabled: Option<bool>,
    /// Whether its owner has to choose another password before a session begins.
    pub password_change_required: Option<bool>,
}

/// What came of changing or deleting an account.
#[derive(Clone, Debug, PartialEq)]
pub enum ChangeAccount {
    /// It is done: the account as it is now (or was, when deleted), and the sessions that this ended.
    Done(Box<Account>, Vec<EndedSession>),
    /// There is no such account.
    NotFound,
    /// Refused: nobody could administer any more.
    LastAdministrator,
}

/// A password to set.
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// Whose.
    pub account_id: AccountId,
    /// The new hash.
    pub new: PasswordHash,
    /// Only if the password is still the one with this number.
    pub checked: Option<i64>,
    /// The session that lives on.
    pub keep: Option<SessionId>,
}

/// What came of setting a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetPassword {
    /// It is set, and these sessions are ended.
    Done(Vec<EndedSession>),
    /// There is no such account, or it is disabled and the owner himself asks.
    NotFound,
    /// The password was changed by somebody else in the meantime.
    Overtaken,
}

/// A session to begin.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub account_id: AccountId,
    /// The password that was checked ([`Credentials::password_version`]).
    pub password_version: i64,
    /// SHA-256 of its session secret.
    pub secret_hash: [u8; 32],
    /// The session whose cookie the browser sent along: it ends (SE-1), if the secret fits.
    pub replaces: Option<PresentedToken>,
    /// The hash of the password that its owner wants from now on.
    pub new_password: Option<PasswordHash>,
}

/// An account and its session as one transaction saw them: what an access token is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// The account, enabled.
    pub account: Account,
    /// The session, alive.
    pub session: Session,
}

/// What came of beginning a session.
#[derive(Clone, Debug, PartialEq)]
pub enum StartSession {
    /// It has begun, and these sessions ended for it.
    Started(Box<Grant>, Vec<EndedSession>),
    /// The account was disabled, deleted, or given another password since it was looked up.
    Refused,
    /// The password is right, and its owner has to choose another one first.
    PasswordChangeRequired,
}

/// What a refresh token came to. All but the first four say why there is nothing; `Reused` has *already* ended the
/// session and committed: it is a value and not an error, so that no rollback can undo it.
#[derive(Clone, Debug, PartialEq)]
pub enum Rotation {
    /// Young: nothing was written, and no cookie is to be set.
    Fresh(Box<Grant>),
    /// Rotated; the session is at its new generation.
    Advanced(Box<Grant>),
    /// The parent again, in time: the session is at the generation to give out again.
    Replayed(Box<Grant>),
    /// Ahead of the store, which had lost writes: the session is at the token's generation again, as if just made.
    Healed(Box<Grant>),
    /// Used again too late: the session is ended.
    Reused(EndedSession),
    /// Past its end.
    Expired,
    /// Ended early, and why.
    Revoked(EndReason),
    /// No session with this id and secret.
    Unknown,
}

/// Which sessions to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// This one.
    One(SessionId),
    /// This one, if it is this account's.
    OneOf(AccountId, SessionId),
    /// The one of this token, if the secret fits and whatever its generation.
    OfToken(PresentedToken),
    /// All sessions of the account of this token, if the secret fits and the token is its newest or the parent of
    /// that; otherwise its session only: an old copy must not log out other devices.
    EverywhereOfToken(PresentedToken),
    /// All of this account.
    AllOf(AccountId),
    /// All of this account but one.
    OthersOf(AccountId, SessionId),
}

/// A session that a call has just ended; its access tokens must stop working at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedSession {
    /// The session.
    pub id: SessionId,
    /// Until when access tokens of it may run.
    pub until: Timestamp,
}

/// One line of the revocation log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Its place; grows, never given twice.
    pub sequence: i64,
    /// The session that ended, and until when that matters.
    pub ended: EndedSession,
}

/// A signing key as it is kept. States follow from the times alone (see [`key_ring`](crate::model::key_ring)), so nothing has
/// to be switched at a moment at which nobody may be running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// The JWS algorithm's name.
    pub algorithm: String,
    /// The private key, sealed under the master key.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs.
    pub active_from: Timestamp,
}

/// What house-keeping deletes, a batch at a time.
#[derive(Clone, Copy, Debug)]
pub struct Sweep {
    /// The instant the rules are applied at.
    pub now: Timestamp,
    /// Sessions whose idle or absolute end, or early end, is longer ago than this are deleted.
    pub keep_sessions: Duration,
    /// Audit events older than this are deleted.
    pub keep_audit: Duration,
    /// Counts of fewer failed sign-ins than this are deleted after a day.
    pub few_failures: u32,
    /// The most rows that one call deletes; it looks at ten times as many at most.
    pub batch: u32,
}

/// What one call of [`Store::sweep`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    /// How many rows went.
    pub deleted: usize,
    /// Whether there may be more to delete: call again, but not at once.
    pub more: bool,
}
