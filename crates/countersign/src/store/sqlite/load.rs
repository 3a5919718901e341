//! What rules look at: one statement each, inside the transaction that carries the plan out.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{
    self, ACCOUNT_COLUMNS, API_KEY_COLUMNS, CREDENTIALS_COLUMNS, EMAIL_COLUMNS, SESSION_COLUMNS,
    TICKET_COLUMNS,
};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::account::{Account, Credentials, EmailAddress, NameUse, Role, Successor, Username};
use crate::model::api_key::ApiKey;
use crate::model::email::AccountEmail;
use crate::model::milestone::Milestone;
use crate::model::session::{Kept, LOOKED_AT, Session, StoredSession};
use crate::model::ticket::{PresentedTicket, Ticket};

/// The account with this ID.
pub(super) fn credentials(db: &Connection, id: AccountId) -> rusqlite::Result<Option<Credentials>> {
    db.prepare_cached(&format!("SELECT {CREDENTIALS_COLUMNS} FROM accounts a WHERE a.id = ?1"))?
        .query_row([id.as_bytes()], rows::credentials)
        .optional()
}

/// The account with this name, in any spelling.
pub(super) fn credentials_of(db: &Connection, name: &Username) -> rusqlite::Result<Option<Credentials>> {
    db.prepare_cached(&format!("SELECT {CREDENTIALS_COLUMNS} FROM accounts a WHERE a.canonical_name = ?1"))?
        .query_row([name.canonical()], rows::credentials)
        .optional()
}

/// The account with this ID, without its password.
pub(super) fn account(db: &Connection, id: AccountId) -> rusqlite::Result<Option<Account>> {
    db.prepare_cached(&format!("SELECT {ACCOUNT_COLUMNS} FROM accounts a WHERE a.id = ?1"))?
        .query_row([id.as_bytes()], rows::account)
        .optional()
}

/// Whether an account can have this new name.
pub(super) fn name_use(db: &Connection, name: &Username) -> rusqlite::Result<NameUse> {
    let mut statement =
        db.prepare_cached("SELECT EXISTS (SELECT 1 FROM accounts WHERE canonical_name = ?1)")?;
    let mut is_taken = |name: &Username| statement.query_row([name.canonical()], |row| row.get(0));
    if is_taken(name)? {
        return Ok(NameUse::Taken);
    }
    for other in name.plain_look_alikes() {
        if is_taken(&other)? {
            return Ok(NameUse::LooksAlike);
        }
    }
    Ok(NameUse::Free)
}

/// Whether such an administrator is there besides this account.
pub(super) fn has_another_administrator(
    db: &Connection,
    id: AccountId,
    needed: Successor,
) -> rusqlite::Result<bool> {
    debug_assert_eq!(Role::ADMIN, "admin", "the index and the statement spell it out");
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM accounts WHERE role = 'admin' AND disabled_at IS NULL AND id <> ?1
                        AND (password_hash IS NOT NULL OR NOT ?2))",
    )?
    .query_row(params![id.as_bytes(), needed.has_password], |row| row.get(0))
}

/// An instant that the store remembers of itself.
pub(super) fn milestone(db: &Connection, milestone: Milestone) -> rusqlite::Result<Option<Timestamp>> {
    db.prepare_cached("SELECT at FROM milestones WHERE name = ?1")?
        .query_row([milestone.name()], |row| Ok(Timestamp::from_unix_millis(row.get(0)?)))
        .optional()
}

/// The session with this ID.
pub(super) fn session(db: &Connection, id: SessionId) -> rusqlite::Result<Option<StoredSession>> {
    db.prepare_cached(&format!("SELECT {SESSION_COLUMNS} FROM sessions s WHERE s.id = ?1"))?
        .query_row([id.as_bytes()], rows::session)
        .optional()
}

/// The session with this ID, and its account.
pub(super) fn session_with_account(
    db: &Connection,
    id: SessionId,
) -> rusqlite::Result<Option<(Account, StoredSession)>> {
    db.prepare_cached(&format!(
        "SELECT {ACCOUNT_COLUMNS}, {SESSION_COLUMNS} FROM sessions s JOIN accounts a ON a.id = s.account_id
         WHERE s.id = ?1"
    ))?
    .query_row([id.as_bytes()], rows::account_and_session)
    .optional()
}

/// The sessions of an account that were not ended early, the oldest first; some may be past their end.
pub(super) fn open_sessions_of(db: &Connection, account: AccountId) -> rusqlite::Result<Vec<Session>> {
    db.prepare_cached(&format!(
        "SELECT {SESSION_COLUMNS} FROM sessions s WHERE s.account_id = ?1 AND s.revoked_at IS NULL
         ORDER BY s.created_at, s.rowid"
    ))?
    .query_map([account.as_bytes()], |row| Ok(rows::session(row)?.session))?
    .collect()
}

/// The last sessions of an account, ended ones too, the oldest first.
pub(super) fn last_sessions_of(db: &Connection, account: AccountId) -> rusqlite::Result<Vec<Session>> {
    let mut last: Vec<Session> = db
        .prepare_cached(&format!(
            "SELECT {SESSION_COLUMNS} FROM sessions s WHERE s.account_id = ?1
             ORDER BY s.created_at DESC, s.rowid DESC LIMIT {LOOKED_AT}"
        ))?
        .query_map([account.as_bytes()], |row| Ok(rows::session(row)?.session))?
        .collect::<rusqlite::Result<_>>()?;
    last.reverse();
    Ok(last)
}

/// The API keys of an account that were not revoked; some may have expired.
pub(super) fn api_keys_of(db: &Connection, account: AccountId) -> rusqlite::Result<Vec<ApiKey>> {
    db.prepare_cached(&format!(
        "SELECT {API_KEY_COLUMNS} FROM api_keys k WHERE k.account_id = ?1 AND k.revoked_at IS NULL"
    ))?
    .query_map([account.as_bytes()], rows::api_key)?
    .collect()
}

/// The addresses of an account, in the order in which they were added.
pub(super) fn emails_of(db: &Connection, account: AccountId) -> rusqlite::Result<Vec<AccountEmail>> {
    db.prepare_cached(&format!(
        "SELECT {EMAIL_COLUMNS} FROM email_addresses e WHERE e.account_id = ?1 ORDER BY e.created_at, e.rowid"
    ))?
    .query_map([account.as_bytes()], rows::email)?
    .collect()
}

/// Whether another account than this has the address verified.
pub(super) fn email_is_anothers(
    db: &Connection,
    address: &EmailAddress,
    account: AccountId,
) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM email_addresses
                        WHERE canonical = ?1 AND verified_at IS NOT NULL AND account_id <> ?2)",
    )?
    .query_row(params![address.canonical(), account.as_bytes()], |row| row.get(0))
}

/// The ticket that is shown.
pub(super) fn ticket(db: &Connection, shown: &PresentedTicket) -> rusqlite::Result<Option<Ticket>> {
    match shown {
        PresentedTicket::Link { secret_hash } | PresentedTicket::OwnLink { secret_hash, .. } => {
            ticket_by(db, "secret_hash", secret_hash)
        }
        PresentedTicket::Code { id, .. } | PresentedTicket::Browser { id, .. } => {
            ticket_by(db, "id", id.as_bytes())
        }
    }
}

/// The ticket with this value in a column.
pub(super) fn ticket_by(db: &Connection, column: &str, value: &[u8]) -> rusqlite::Result<Option<Ticket>> {
    db.prepare_cached(&format!("SELECT {TICKET_COLUMNS} FROM tickets t WHERE t.{column} = ?1"))?
        .query_row([value], rows::ticket)
        .optional()
}

/// The unused ways back of an account.
pub(super) fn ways_back_of(db: &Connection, account: AccountId) -> rusqlite::Result<Vec<Ticket>> {
    db.prepare_cached(&format!(
        "SELECT {TICKET_COLUMNS} FROM tickets t
         WHERE t.account_id = ?1 AND t.purpose = 'undo_address' AND t.consumed_at IS NULL"
    ))?
    .query_map([account.as_bytes()], rows::ticket)?
    .collect()
}

/// What there is of these sessions, which a node says have ended.
pub(super) fn ended(db: &Connection, ids: &HashSet<SessionId>) -> rusqlite::Result<Kept> {
    let mut kept = Kept { sessions: HashMap::new(), log: HashSet::new() };
    // No index leads to a session's entry, and this is rare: one look at the whole log.
    let mut log = db.prepare_cached("SELECT session_id FROM revocations")?;
    let mut rows = log.query([])?;
    while let Some(row) = rows.next()? {
        kept.log.extend(ids.get(&SessionId::from_bytes(row.get(0)?)));
    }
    for id in ids {
        kept.sessions.extend(session(db, *id)?.map(|stored| (*id, stored.session)));
    }
    Ok(kept)
}
