//! What rules look at: one statement each. Inside a transaction, what a plan may write is locked as it is loaded, so that
//! nobody changes it before the plan is carried out.

use std::collections::{HashMap, HashSet};
use std::iter;

use tokio_postgres::Row;

use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::rows::{
    self, ACCOUNT_COLUMNS, API_KEY_COLUMNS, CREDENTIALS_COLUMNS, EMAIL_COLUMNS, SESSION_COLUMNS,
    TICKET_COLUMNS,
};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId, TicketId};
use crate::model::account::{Account, Credentials, EmailAddress, NameUse, Role, Successor, Username};
use crate::model::api_key::ApiKey;
use crate::model::email::AccountEmail;
use crate::model::milestone::Milestone;
use crate::model::session::{Kept, LOOKED_AT, Session, StoredSession};
use crate::model::ticket::{PresentedTicket, Ticket};

/// What happens to the rows that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    /// Nothing: they are as they were at one moment.
    No,
    /// Nobody else changes them before this transaction ends.
    Rows,
}

impl Lock {
    const fn of(self, sql: &'static str) -> &'static str {
        match self {
            Self::No => "",
            Self::Rows => sql,
        }
    }
}

/// What a rule that looks at a whole table is serialised by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    Administrators,
    Keys,
    Audit,
}

/// Keeps others out until this transaction ends. To be taken before any other lock.
pub(super) async fn lock(db: &Connection, whole: Whole) -> Result<(), Failure> {
    let name = match whole {
        Whole::Administrators => "administrators",
        Whole::Keys => "keys",
        Whole::Audit => "audit",
    };
    db.query("SELECT name FROM locks WHERE name = $1 FOR UPDATE", &[&name]).await.map(drop)
}

/// The account with this ID.
pub(super) async fn account(db: &Connection, id: AccountId, lock: Lock) -> Result<Option<Account>, Failure> {
    let lock = lock.of("FOR UPDATE");
    let sql = format!("SELECT {ACCOUNT_COLUMNS} FROM accounts a WHERE a.id = $1 {lock}");
    db.optional(&sql, &[&id]).await?.as_ref().map(rows::account).transpose()
}

/// The account with this ID, and what its password is checked against.
pub(super) async fn credentials(
    db: &Connection,
    id: AccountId,
    lock: Lock,
) -> Result<Option<Credentials>, Failure> {
    let lock = lock.of("FOR UPDATE");
    let sql = format!("SELECT {CREDENTIALS_COLUMNS} FROM accounts a WHERE a.id = $1 {lock}");
    db.optional(&sql, &[&id]).await?.as_ref().map(rows::credentials).transpose()
}

/// The account with this name, in any spelling.
pub(super) async fn credentials_of(
    db: &Connection,
    name: &Username,
    lock: Lock,
) -> Result<Option<Credentials>, Failure> {
    let lock = lock.of("FOR UPDATE");
    let sql = format!("SELECT {CREDENTIALS_COLUMNS} FROM accounts a WHERE a.canonical_name = $1 {lock}");
    db.optional(&sql, &[&name.canonical()]).await?.as_ref().map(rows::credentials).transpose()
}

/// For each of these names, whether a new account can have it. Another transaction may take it next: then the insertion
/// fails, and this one is begun again.
pub(super) async fn name_uses<'a>(
    db: &Connection,
    names: impl Iterator<Item = &'a Username>,
) -> Result<Vec<NameUse>, Failure> {
    let asked: Vec<(&Username, Vec<Username>)> =
        names.map(|name| (name, name.plain_look_alikes().collect())).collect();
    let all = asked.iter().flat_map(|(name, alike)| iter::once(*name).chain(alike));
    let all: Vec<_> = all.map(Username::canonical).collect();
    let sql = "SELECT canonical_name FROM accounts WHERE canonical_name = ANY ($1)";
    let found = db.query(sql, &[&all]).await?;
    let taken: HashSet<&str> = rows::firsts(&found)?.into_iter().collect();
    let is_taken = |name: &Username| taken.contains(name.canonical());
    let name_use = |(name, alike): &(&Username, Vec<Username>)| {
        if is_taken(name) {
            NameUse::Taken
        } else if alike.iter().any(is_taken) {
            NameUse::LooksAlike
        } else {
            NameUse::Free
        }
    };
    Ok(asked.iter().map(name_use).collect())
}

/// The addresses of an account, in the order in which they were added.
pub(super) async fn emails_of(
    db: &Connection,
    account: AccountId,
    lock: Lock,
) -> Result<Vec<AccountEmail>, Failure> {
    let lock = lock.of("FOR UPDATE");
    let sql = format!(
        "SELECT {EMAIL_COLUMNS} FROM email_addresses e WHERE e.account_id = $1 ORDER BY e.created_at, e.id {lock}"
    );
    db.query(&sql, &[&account]).await?.iter().map(rows::email).collect()
}

/// Whether another account than this has the address verified.
pub(super) async fn email_is_anothers(
    db: &Connection,
    address: &EmailAddress,
    account: AccountId,
) -> Result<bool, Failure> {
    let sql = "SELECT 1::bigint FROM email_addresses
               WHERE canonical = $1 AND verified_at IS NOT NULL AND account_id <> $2";
    Ok(db.optional(sql, &[&address.canonical(), &account]).await?.is_some())
}

/// The ticket that is shown.
pub(super) async fn ticket(
    db: &Connection,
    shown: &PresentedTicket,
    lock: Lock,
) -> Result<Option<Ticket>, Failure> {
    match shown {
        PresentedTicket::Link { secret_hash } | PresentedTicket::OwnLink { secret_hash, .. } => {
            let lock = lock.of("FOR UPDATE");
            let sql = format!("SELECT {TICKET_COLUMNS} FROM tickets t WHERE t.secret_hash = $1 {lock}");
            db.optional(&sql, &[&secret_hash.as_slice()]).await?.as_ref().map(rows::ticket).transpose()
        }
        PresentedTicket::Code { id, .. } | PresentedTicket::Browser { id, .. } => {
            ticket_by_id(db, *id, lock).await
        }
    }
}

/// The ticket with this ID.
pub(super) async fn ticket_by_id(
    db: &Connection,
    id: TicketId,
    lock: Lock,
) -> Result<Option<Ticket>, Failure> {
    let lock = lock.of("FOR UPDATE");
    let sql = format!("SELECT {TICKET_COLUMNS} FROM tickets t WHERE t.id = $1 {lock}");
    db.optional(&sql, &[&id]).await?.as_ref().map(rows::ticket).transpose()
}

/// The unused ways back of an account, locked in the order of their IDs.
pub(super) async fn lock_ways_back(db: &Connection, account: AccountId) -> Result<Vec<Ticket>, Failure> {
    let sql = format!(
        "SELECT {TICKET_COLUMNS} FROM tickets t
         WHERE t.account_id = $1 AND t.purpose = 'undo_address' AND t.consumed_at IS NULL ORDER BY t.id FOR UPDATE"
    );
    db.query(&sql, &[&account]).await?.iter().map(rows::ticket).collect()
}

/// Whether such an administrator is there besides this account.
pub(super) async fn has_another_administrator(
    db: &Connection,
    id: AccountId,
    needed: Successor,
) -> Result<bool, Failure> {
    debug_assert_eq!(Role::ADMIN, "admin", "the index and the statement spell it out");
    let sql = "SELECT 1::bigint FROM accounts WHERE role = 'admin' AND disabled_at IS NULL AND id <> $1
               AND (password_hash IS NOT NULL OR NOT $2) LIMIT 1";
    Ok(db.optional(sql, &[&id, &needed.has_password]).await?.is_some())
}

/// An instant that the store remembers of itself.
pub(super) async fn milestone(db: &Connection, milestone: Milestone) -> Result<Option<Timestamp>, Failure> {
    let found = db.optional("SELECT at FROM milestones WHERE name = $1", &[&milestone.name()]).await?;
    found.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// The session with this ID.
pub(super) async fn session(
    db: &Connection,
    id: SessionId,
    lock: Lock,
) -> Result<Option<StoredSession>, Failure> {
    let lock = lock.of("FOR UPDATE");
    let sql = format!("SELECT {SESSION_COLUMNS} FROM sessions s WHERE s.id = $1 {lock}");
    db.optional(&sql, &[&id]).await?.as_ref().map(rows::session).transpose()
}

/// The session with this ID, and its account. Only the session is locked: what takes an account its access ends its
/// sessions too, in the same transaction.
pub(super) async fn lock_session_with_account(
    db: &Connection,
    id: SessionId,
) -> Result<Option<(Account, StoredSession)>, Failure> {
    let sql = format!(
        "SELECT {ACCOUNT_COLUMNS}, {SESSION_COLUMNS} FROM sessions s JOIN accounts a ON a.id = s.account_id
         WHERE s.id = $1 FOR UPDATE OF s"
    );
    db.optional(&sql, &[&id]).await?.as_ref().map(rows::account_and_session).transpose()
}

/// These sessions, with their accounts, as they are at one moment.
pub(super) async fn sessions_with_accounts(
    db: &Connection,
    ids: &Vec<SessionId>,
) -> Result<HashMap<SessionId, (Account, StoredSession)>, Failure> {
    let sql = format!(
        "SELECT {ACCOUNT_COLUMNS}, {SESSION_COLUMNS} FROM sessions s JOIN accounts a ON a.id = s.account_id
         WHERE s.id = ANY ($1)"
    );
    let found = db.query(&sql, &[ids]).await?;
    found
        .iter()
        .map(|row| {
            let (account, stored) = rows::account_and_session(row)?;
            Ok((stored.session.id, (account, stored)))
        })
        .collect()
}

/// What there is of these sessions, which a node says have ended; all locked, in the order of their ids.
pub(super) async fn lock_ended(db: &Connection, ids: &Vec<SessionId>) -> Result<Kept, Failure> {
    let sql =
        format!("SELECT {SESSION_COLUMNS} FROM sessions s WHERE s.id = ANY ($1) ORDER BY s.id FOR UPDATE");
    let sessions = db.query(&sql, &[ids]).await?;
    let sessions = sessions.iter().map(|row| {
        let session = rows::session(row)?.session;
        Ok((session.id, session))
    });
    let sessions = sessions.collect::<Result<_, Failure>>()?;
    let log = db.query("SELECT session_id FROM revocations WHERE session_id = ANY ($1)", &[ids]).await?;
    Ok(Kept { sessions, log: rows::firsts(&log)?.into_iter().collect() })
}

/// The API keys of an account that were not revoked; some may have expired. All are locked, in the order of their ids.
pub(super) async fn lock_api_keys(db: &Connection, account: AccountId) -> Result<Vec<ApiKey>, Failure> {
    let sql = format!(
        "SELECT {API_KEY_COLUMNS} FROM api_keys k
         WHERE k.account_id = $1 AND k.revoked_at IS NULL
         ORDER BY k.id FOR UPDATE"
    );
    db.query(&sql, &[&account]).await?.iter().map(rows::api_key).collect()
}

/// The last sessions of an account, ended ones too, the oldest first.
pub(super) async fn last_sessions_of(db: &Connection, account: AccountId) -> Result<Vec<Session>, Failure> {
    let sql = format!(
        "SELECT {SESSION_COLUMNS} FROM sessions s WHERE s.account_id = $1
         ORDER BY s.created_at DESC, s.id DESC LIMIT {LOOKED_AT}"
    );
    let found: Vec<Row> = db.query(&sql, &[&account]).await?;
    found.iter().rev().map(|row| Ok(rows::session(row)?.session)).collect()
}

/// Sessions of an account, and one more.
#[derive(Debug)]
pub(super) struct Sessions {
    /// The one more, whoever's it is.
    pub(super) one: Option<StoredSession>,
    /// The sessions of the account that were not ended early, the oldest first; some may be past their end.
    pub(super) open: Vec<Session>,
}

/// The open sessions of an account and the session `one`, all locked, in the order of their ids.
pub(super) async fn lock_sessions(
    db: &Connection,
    account: AccountId,
    one: Option<SessionId>,
) -> Result<Sessions, Failure> {
    let sql = format!(
        "SELECT {SESSION_COLUMNS} FROM sessions s WHERE s.id = $2 OR (s.account_id = $1 AND s.revoked_at IS NULL)
         ORDER BY s.id FOR UPDATE"
    );
    let found: Vec<Row> = db.query(&sql, &[&account, &one]).await?;
    let found = found.iter().map(rows::session).collect::<Result<Vec<_>, _>>()?;
    let is_open =
        |stored: &&StoredSession| stored.session.account_id == account && stored.session.revoked.is_none();
    let mut open: Vec<_> = found.iter().filter(is_open).map(|stored| stored.session.clone()).collect();
    open.sort_by_key(|session| (session.created_at, session.id));
    Ok(Sessions { one: found.into_iter().find(|stored| Some(stored.session.id) == one), open })
}
