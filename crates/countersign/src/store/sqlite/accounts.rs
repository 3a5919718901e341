//! Accounts, as changes inside a transaction and as look-ups.

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use super::change::Change;
use super::rows::{self, ACCOUNT_COLUMNS};
use crate::base::id::AccountId;
use crate::model::account::{Account, Role, Username};
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::session::EndReason;
use crate::password::PasswordHash;
use crate::store::{
    AccountChange, AccountQuery, ChangeAccount, CreateAccount, Credentials, EndedSession, ImportAccounts,
    NewAccount, PasswordChange, SetPassword,
};

/// The account with this id.
pub(super) fn credentials(db: &Connection, id: AccountId) -> rusqlite::Result<Option<Credentials>> {
    db.prepare_cached(&format!("SELECT {ACCOUNT_COLUMNS} FROM accounts a WHERE a.id = ?1"))?
        .query_row([id.as_bytes()], rows::credentials)
        .optional()
}

/// The account with this name in any spelling.
pub(super) fn credentials_by_name(db: &Connection, name: &Username) -> rusqlite::Result<Option<Credentials>> {
    db.prepare_cached(&format!("SELECT {ACCOUNT_COLUMNS} FROM accounts a WHERE a.canonical_name = ?1"))?
        .query_row([name.canonical()], rows::credentials)
        .optional()
}

/// A page of accounts.
pub(super) fn list(db: &Connection, query: &AccountQuery) -> rusqlite::Result<Vec<Account>> {
    db.prepare_cached(&format!(
        "SELECT {ACCOUNT_COLUMNS} FROM accounts a
         WHERE a.canonical_name > ?1 AND (?2 IS NULL OR instr(a.canonical_name, ?2) > 0)
         ORDER BY a.canonical_name LIMIT ?3"
    ))?
    .query_map(params![query.after.as_deref().unwrap_or_default(), query.search, query.limit], |row| {
        Ok(rows::credentials(row)?.account)
    })?
    .collect()
}

/// The hashes of some accounts that have one: ids are random, so their order picks fairly.
pub(super) fn password_hashes(db: &Connection, limit: u32) -> rusqlite::Result<Vec<PasswordHash>> {
    db.prepare_cached(
        "SELECT password_hash FROM accounts WHERE password_hash IS NOT NULL ORDER BY id LIMIT ?1",
    )?
    .query_map([limit], |row| rows::password_hash(row, 0))?
    .filter_map(Result::transpose)
    .collect()
}

/// Replaces a hash, if it is still the stored one.
pub(super) fn rehash_password(
    db: &Connection,
    id: AccountId,
    old: &PasswordHash,
    new: &PasswordHash,
) -> rusqlite::Result<bool> {
    let replaced = db
        .prepare_cached("UPDATE accounts SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2")?
        .execute(params![id.as_bytes(), old.as_str(), new.as_str()])?;
    Ok(replaced == 1)
}

impl Change<'_> {
    pub(super) fn create_account(&self, new: NewAccount) -> rusqlite::Result<CreateAccount> {
        let inserted = self.execute(
            "INSERT INTO accounts (id, username, canonical_name, role, claims, password_hash, password_version,
                                   disabled_at, created_at, password_change_required)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9)",
            params![
                new.id.as_bytes(),
                new.username.as_str(),
                new.username.canonical(),
                new.role.as_str(),
                new.claims.to_json(),
                new.password_hash.as_ref().map(PasswordHash::as_str),
                new.disabled.then(|| self.now().as_unix_millis()),
                self.now().as_unix_millis(),
                new.password_change_required,
            ],
        );
        match inserted {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                return if credentials_by_name(self.db, &new.username)?.is_some() {
                    Ok(CreateAccount::NameTaken)
                } else {
                    Err(error)
                };
            }
            outcome => outcome?,
        };
        let event = AuditEvent::new(AuditKind::AccountCreated).of_account(new.id);
        self.record(&event.with_detail(new.role.as_str()))?;
        if new.password_change_required {
            self.record(&AuditEvent::new(AuditKind::PasswordChangeRequired).of_account(new.id))?;
        }
        Ok(CreateAccount::Created(Box::new(Account {
            id: new.id,
            username: new.username,
            role: new.role,
            claims: new.claims,
            disabled_at: new.disabled.then_some(self.now()),
            password_change_required: new.password_change_required,
            created_at: self.now(),
        })))
    }

    /// All or none: the names are looked at before anything is written.
    pub(super) fn import_accounts(&self, accounts: Vec<NewAccount>) -> rusqlite::Result<ImportAccounts> {
        let mut names = std::collections::HashSet::new();
        for (index, new) in accounts.iter().enumerate() {
            let repeated = !names.insert(new.username.canonical());
            if repeated || credentials_by_name(self.db, &new.username)?.is_some() {
                return Ok(ImportAccounts::NameTaken(index));
            }
        }
        for new in accounts {
            self.create_account(new)?;
        }
        Ok(ImportAccounts::Imported)
    }

    pub(super) fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
    ) -> rusqlite::Result<ChangeAccount> {
        let Some(before) = credentials(self.db, id)?.map(|found| found.account) else {
            return Ok(ChangeAccount::NotFound);
        };
        let mut account = before.clone();
        account.role = change.role.unwrap_or(account.role);
        account.claims = change.claims.unwrap_or(account.claims);
        account.disabled_at = match change.disabled {
            Some(true) => account.disabled_at.or(Some(self.now())),
            Some(false) => None,
            None => account.disabled_at,
        };
        account.password_change_required =
            change.password_change_required.unwrap_or(account.password_change_required);
        let may_administer = account.role.is_admin() && account.is_enabled();
        if !may_administer && self.is_last_administrator(&before)? {
            return Ok(ChangeAccount::LastAdministrator);
        }
        self.execute(
            "UPDATE accounts SET role = ?2, claims = ?3, disabled_at = ?4, password_change_required = ?5 WHERE id = ?1",
            params![
                id.as_bytes(),
                account.role.as_str(),
                account.claims.to_json(),
                account.disabled_at.map(crate::base::clock::Timestamp::as_unix_millis),
                account.password_change_required,
            ],
        )?;
        self.record_account_change(&before, &account)?;
        let ended = match account.refuses_sessions() {
            Some(reason) => self.end_all_of(id, reason, |_| true)?,
            None => Vec::new(),
        };
        Ok(ChangeAccount::Done(Box::new(account), ended))
    }

    fn record_account_change(&self, before: &Account, after: &Account) -> rusqlite::Result<()> {
        if before.role != after.role || before.claims != after.claims {
            let event = AuditEvent::new(AuditKind::AccountChanged).of_account(after.id);
            self.record(&event.with_detail(after.role.as_str()))?;
        }
        let enabled = match (before.is_enabled(), after.is_enabled()) {
            (true, false) => Some(AuditKind::AccountDisabled),
            (false, true) => Some(AuditKind::AccountEnabled),
            _ => None,
        };
        let required = match (before.password_change_required, after.password_change_required) {
            (false, true) => Some(AuditKind::PasswordChangeRequired),
            (true, false) => Some(AuditKind::PasswordChangeWaived),
            _ => None,
        };
        for kind in [enabled, required].into_iter().flatten() {
            self.record(&AuditEvent::new(kind).of_account(after.id))?;
        }
        Ok(())
    }

    pub(super) fn set_password(&self, change: &PasswordChange) -> rusqlite::Result<SetPassword> {
        let id = change.account_id;
        let Some(found) = credentials(self.db, id)? else {
            return Ok(SetPassword::NotFound);
        };
        if let Some(checked) = change.checked {
            if !found.account.is_enabled() {
                return Ok(SetPassword::NotFound);
            }
            if checked != found.password_version {
                return Ok(SetPassword::Overtaken);
            }
        }
        Ok(SetPassword::Done(self.write_password(change)?))
    }

    /// What was checked against the current password is its owner's own choice, and meets a required change.
    pub(super) fn write_password(&self, change: &PasswordChange) -> rusqlite::Result<Vec<EndedSession>> {
        let id = change.account_id;
        self.execute(
            "UPDATE accounts SET password_hash = ?2, password_version = password_version + 1,
                                 password_change_required = password_change_required AND ?3
             WHERE id = ?1",
            params![id.as_bytes(), change.new.as_str(), change.checked.is_none()],
        )?;
        self.record(&AuditEvent::new(AuditKind::PasswordChanged).of_account(id))?;
        self.end_all_of(id, EndReason::PasswordChanged, |session| Some(session.id) != change.keep)
    }

    pub(super) fn delete_account(&self, id: AccountId) -> rusqlite::Result<ChangeAccount> {
        let Some(account) = credentials(self.db, id)?.map(|found| found.account) else {
            return Ok(ChangeAccount::NotFound);
        };
        if self.is_last_administrator(&account)? {
            return Ok(ChangeAccount::LastAdministrator);
        }
        let ended = self.end_all_of(id, EndReason::AccountDisabled, |_| true)?;
        self.execute("DELETE FROM accounts WHERE id = ?1", [id.as_bytes()])?;
        self.record(&AuditEvent::new(AuditKind::AccountDeleted).of_account(id))?;
        Ok(ChangeAccount::Done(Box::new(account), ended))
    }

    /// Whether nobody else could administer.
    fn is_last_administrator(&self, account: &Account) -> rusqlite::Result<bool> {
        if !account.role.is_admin() || !account.is_enabled() {
            return Ok(false);
        }
        debug_assert_eq!(Role::ADMIN, "admin", "the index and the statement spell it out");
        self.db
            .prepare_cached(
                "SELECT NOT EXISTS (SELECT 1 FROM accounts
                                    WHERE role = 'admin' AND disabled_at IS NULL AND id <> ?1)",
            )?
            .query_row([account.id.as_bytes()], |row| row.get(0))
    }
}
