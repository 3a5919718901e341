//! Accounts.

use rusqlite::params;
use rusqlite::types::Value;

use super::rows::{self, ACCOUNT_COLUMNS};
use super::{SqliteStore, load};
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::model::account::{
    self, Account, AccountChange, AccountFilter, AccountPage, AccountQuery, ChangeAccountOutcome,
    CreateAccountOutcome, Credentials, Deletion, ImportAccountsOutcome, NameUse, NewAccount, PasswordChange,
    PasswordTakeover, PendingChange, Role, SetPasswordOutcome, TakeoverOutcome, Username,
};
use crate::model::context::Context;
use crate::model::password_hash::PasswordHash;
use crate::model::plan::Plan;
use crate::store::sqlite::apply::Transaction;
use crate::store::{AccountStore, StoreError};

impl AccountStore for SqliteStore {
    async fn create_account(
        &self,
        account: NewAccount,
        context: &Context,
    ) -> Result<CreateAccountOutcome, StoreError> {
        self.change("create_account", context, move |tx| {
            let name = load::name_use(tx.db, &account.username)?;
            tx.apply(account::create(account, name, tx.at.now))
        })
        .await
    }

    async fn import_accounts(
        &self,
        accounts: Vec<NewAccount>,
        context: &Context,
    ) -> Result<ImportAccountsOutcome, StoreError> {
        self.change("import_accounts", context, move |tx| {
            let name_use = |new: &NewAccount| load::name_use(tx.db, &new.username);
            let uses = accounts.iter().map(name_use).collect::<Result<Vec<_>, _>>()?;
            tx.apply(account::import(accounts, &uses, tx.at.now))
        })
        .await
    }

    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.read("find_account", move |db| load::account(db, id)).await
    }

    async fn account_for_login(&self, username: &Username) -> Result<Option<Credentials>, StoreError> {
        let username = username.clone();
        self.read("account_for_login", move |db| load::credentials_of(db, &username)).await
    }

    async fn credentials(&self, id: AccountId) -> Result<Option<Credentials>, StoreError> {
        self.read("credentials", move |db| load::credentials(db, id)).await
    }

    async fn list_accounts(&self, query: AccountQuery) -> Result<Vec<Account>, StoreError> {
        self.read("list_accounts", move |db| {
            let (after, order) = match query.page {
                AccountPage::ByName { after } => {
                    let after: [Value; 2] = [after.unwrap_or_default().into(), Value::Null];
                    (after, "a.canonical_name > ?6 AND ?7 IS NULL ORDER BY a.canonical_name")
                }
                AccountPage::NewestFirst { before } => {
                    let at = before.map(|(at, _)| at.as_unix_millis());
                    let id = before.map(|(_, id)| id.as_bytes().to_vec());
                    let before = "(?6 IS NULL OR (a.created_at, a.id) < (?6, ?7))
                                  ORDER BY a.created_at DESC, a.id DESC";
                    ([at.into(), id.into()], before)
                }
            };
            let AccountFilter { search, role, disabled, has_password } = query.filter;
            let (role, [after, id]) = (role.as_ref().map(Role::as_str), after);
            db.prepare_cached(&format!(
                "SELECT {ACCOUNT_COLUMNS} FROM accounts a WHERE {FILTER} AND {order} LIMIT ?5"
            ))?
            .query_map(params![search, role, disabled, has_password, query.limit, after, id], rows::account)?
            .collect()
        })
        .await
    }

    async fn count_accounts(&self, filter: AccountFilter) -> Result<u64, StoreError> {
        self.read("count_accounts", move |db| {
            let role = filter.role.as_ref().map(Role::as_str);
            db.prepare_cached(&format!("SELECT count(*) FROM accounts a WHERE {FILTER}"))?
                .query_row(params![filter.search, role, filter.disabled, filter.has_password], |row| {
                    Ok(row.get::<_, i64>(0)?.unsigned_abs())
                })
        })
        .await
    }

    async fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
        context: &Context,
    ) -> Result<ChangeAccountOutcome, StoreError> {
        self.change("change_account", context, move |tx| {
            let found = load::account(tx.db, id)?;
            change_or_delete(tx, id, PendingChange::of(found, change, tx.at.now))
        })
        .await
    }

    async fn delete_account(
        &self,
        id: AccountId,
        deletion: Deletion,
        context: &Context,
    ) -> Result<ChangeAccountOutcome, StoreError> {
        self.change("delete_account", context, move |tx| {
            change_or_delete(tx, id, deletion.of(load::credentials(tx.db, id)?, tx.at.now))
        })
        .await
    }

    async fn accounts_to_delete(&self, now: Timestamp, limit: u32) -> Result<Vec<AccountId>, StoreError> {
        self.read("accounts_to_delete", move |db| {
            db.prepare_cached(
                "SELECT id FROM accounts WHERE delete_at <= ?1 AND deletion_asked_at = disabled_at
                 ORDER BY delete_at LIMIT ?2",
            )?
            .query_map(params![now.as_unix_millis(), limit], |row| Ok(AccountId::from_bytes(row.get(0)?)))?
            .collect()
        })
        .await
    }

    async fn set_password(
        &self,
        change: PasswordChange,
        context: &Context,
    ) -> Result<SetPasswordOutcome, StoreError> {
        self.change("set_password", context, move |tx| {
            match change.admit(load::credentials(tx.db, change.account_id)?) {
                Ok(found) => {
                    let open = load::open_sessions_of(tx.db, found.account.id)?;
                    tx.apply(change.set(&found, &open, tx.at))
                }
                Err(refused) => tx.apply(refused),
            }
        })
        .await
    }

    async fn take_over_password(
        &self,
        takeover: PasswordTakeover,
        context: &Context,
    ) -> Result<TakeoverOutcome, StoreError> {
        self.change("take_over_password", context, move |tx| {
            let found = load::credentials_of(tx.db, &takeover.username)?;
            let name = load::name_use(tx.db, &takeover.username)?;
            tx.apply(takeover.decide(found, name, tx.at.now))
        })
        .await
    }

    async fn rehash_password(
        &self,
        id: AccountId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let (old, new) = (old.clone(), new.clone());
        self.write("rehash_password", move |db| {
            let replaced = db
                .prepare_cached(
                    "UPDATE accounts SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2",
                )?
                .execute(params![id.as_bytes(), old.as_str(), new.as_str()])?;
            Ok(replaced == 1)
        })
        .await
    }

    async fn password_hashes(&self, limit: u32) -> Result<Vec<PasswordHash>, StoreError> {
        // IDs are random, so their order picks fairly.
        self.read("password_hashes", move |db| {
            db.prepare_cached(
                "SELECT password_hash FROM accounts WHERE password_hash IS NOT NULL ORDER BY id LIMIT ?1",
            )?
            .query_map([limit], |row| rows::password_hash(row, 0))?
            .filter_map(Result::transpose)
            .collect()
        })
        .await
    }
}

/// The parameters are those of an [`AccountFilter`], in its order.
const FILTER: &str = "(?1 IS NULL OR instr(a.canonical_name, ?1) > 0) AND (?2 IS NULL OR a.role = ?2)
                      AND (?3 IS NULL OR (a.disabled_at IS NOT NULL) = ?3)
                      AND (?4 IS NULL OR (a.password_hash IS NOT NULL) = ?4)";

fn change_or_delete(
    tx: &Transaction<'_>,
    id: AccountId,
    pending: Result<PendingChange, Plan<ChangeAccountOutcome>>,
) -> rusqlite::Result<ChangeAccountOutcome> {
    let pending = match pending {
        Ok(pending) => pending,
        Err(refused) => return tx.apply(refused),
    };
    let name = pending.new_name().map_or(Ok(NameUse::Free), |name| load::name_use(tx.db, name))?;
    let has_another = match pending.needs() {
        Some(needed) => load::has_another_administrator(tx.db, id, needed)?,
        None => false,
    };
    let (open, keys) = match pending.ends_sessions() {
        Some(_) => (load::open_sessions_of(tx.db, id)?, load::api_keys_of(tx.db, id)?),
        None => (Vec::new(), Vec::new()),
    };
    tx.apply(pending.decide(name, has_another, (&open, &keys), tx.at))
}
