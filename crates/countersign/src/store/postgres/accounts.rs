//! Accounts.

use std::iter;

use super::apply::Transaction;
use super::engine::failure::Failure;
use super::load::{Lock, Whole};
use super::rows::{self, ACCOUNT_COLUMNS};
use super::{PostgresStore, load};
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
use crate::store::{AccountStore, StoreError};

impl AccountStore for PostgresStore {
    async fn create_account(
        &self,
        account: NewAccount,
        context: &Context,
    ) -> Result<CreateAccountOutcome, StoreError> {
        self.change("create_account", context, account, create).await
    }

    async fn import_accounts(
        &self,
        accounts: Vec<NewAccount>,
        context: &Context,
    ) -> Result<ImportAccountsOutcome, StoreError> {
        self.change("import_accounts", context, accounts, import).await
    }

    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.read("find_account", move |db| async move { load::account(&db, id, Lock::No).await }).await
    }

    async fn account_for_login(&self, username: &Username) -> Result<Option<Credentials>, StoreError> {
        let name = username.clone();
        self.read(
            "account_for_login",
            move |db| async move { load::credentials_of(&db, &name, Lock::No).await },
        )
        .await
    }

    async fn credentials(&self, id: AccountId) -> Result<Option<Credentials>, StoreError> {
        self.read("credentials", move |db| async move { load::credentials(&db, id, Lock::No).await }).await
    }

    async fn list_accounts(&self, query: AccountQuery) -> Result<Vec<Account>, StoreError> {
        let AccountQuery { filter, page, limit } = query;
        if !can_be_found(&filter) {
            return Ok(Vec::new());
        }
        self.read("list_accounts", move |db| async move {
            let AccountFilter { search, role, disabled, has_password } = filter;
            let (role, limit) = (role.as_ref().map(Role::as_str), i64::from(limit));
            let select = |order| format!("SELECT {ACCOUNT_COLUMNS} FROM accounts a WHERE {FILTER} AND {order} LIMIT $5");
            let found = match page {
                AccountPage::ByName { after } => {
                    let sql = select("a.canonical_name > $6 ORDER BY a.canonical_name");
                    // What is beyond a text with a NUL is what is beyond the text before it.
                    let after = after.as_deref().unwrap_or_default().split('\0').next();
                    db.query(&sql, &[&search, &role, &disabled, &has_password, &limit, &after]).await?
                }
                AccountPage::NewestFirst { before } => {
                    let sql = select(
                        "($6 IS NULL OR (a.created_at, a.id) < ($6, $7)) ORDER BY a.created_at DESC, a.id DESC",
                    );
                    let (at, id) = before.unzip();
                    db.query(&sql, &[&search, &role, &disabled, &has_password, &limit, &at, &id]).await?
                }
            };
            found.iter().map(rows::account).collect()
        })
        .await
    }

    async fn count_accounts(&self, filter: AccountFilter) -> Result<u64, StoreError> {
        if !can_be_found(&filter) {
            return Ok(0);
        }
        self.read("count_accounts", move |db| async move {
            let AccountFilter { search, role, disabled, has_password } = filter;
            let role = role.as_ref().map(Role::as_str);
            let sql = format!("SELECT count(*) FROM accounts a WHERE {FILTER}");
            let found = db.query(&sql, &[&search, &role, &disabled, &has_password]).await?;
            found.first().map_or(Ok(0), |row| rows::number(row, 0))
        })
        .await
    }

    async fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
        context: &Context,
    ) -> Result<ChangeAccountOutcome, StoreError> {
        self.change("change_account", context, change, move |tx, change: AccountChange| {
            let now = tx.at.now;
            change_or_delete(tx, id, move |found| {
                PendingChange::of(found.map(|found| found.account), change.clone(), now)
            })
        })
        .await
    }

    async fn delete_account(
        &self,
        id: AccountId,
        deletion: Deletion,
        context: &Context,
    ) -> Result<ChangeAccountOutcome, StoreError> {
        self.change("delete_account", context, deletion, move |tx, deletion: Deletion| {
            let now = tx.at.now;
            change_or_delete(tx, id, move |found| deletion.of(found, now))
        })
        .await
    }

    async fn accounts_to_delete(&self, now: Timestamp, limit: u32) -> Result<Vec<AccountId>, StoreError> {
        self.read("accounts_to_delete", move |db| async move {
            let sql = "SELECT id FROM accounts WHERE delete_at <= $1 AND deletion_asked_at = disabled_at
                       ORDER BY delete_at LIMIT $2";
            let found = db.query(sql, &[&now, &i64::from(limit)]).await?;
            found.iter().map(|row| Ok(row.try_get(0)?)).collect()
        })
        .await
    }

    async fn set_password(
        &self,
        change: PasswordChange,
        context: &Context,
    ) -> Result<SetPasswordOutcome, StoreError> {
        self.change("set_password", context, change, set_password).await
    }

    async fn take_over_password(
        &self,
        takeover: PasswordTakeover,
        context: &Context,
    ) -> Result<TakeoverOutcome, StoreError> {
        self.change("take_over_password", context, takeover, take_over).await
    }

    async fn rehash_password(
        &self,
        id: AccountId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let hashes = (old.clone(), new.clone());
        self.write("rehash_password", hashes, move |db, (old, new)| async move {
            let sql = "UPDATE accounts SET password_hash = $3 WHERE id = $1 AND password_hash = $2";
            Ok(db.execute(sql, &[&id, &old.as_str(), &new.as_str()]).await? == 1)
        })
        .await
    }

    async fn password_hashes(&self, limit: u32) -> Result<Vec<PasswordHash>, StoreError> {
        // IDs are random, so their order picks fairly.
        self.read("password_hashes", move |db| async move {
            let sql =
                "SELECT password_hash FROM accounts WHERE password_hash IS NOT NULL ORDER BY id LIMIT $1";
            let found = db.query(sql, &[&i64::from(limit)]).await?;
            Ok(rows::firsts(&found)?.into_iter().map(PasswordHash::from_stored).collect())
        })
        .await
    }
}

/// The parameters are those of an [`AccountFilter`], in its order.
const FILTER: &str = "($1 IS NULL OR strpos(a.canonical_name, $1) > 0) AND ($2 IS NULL OR a.role = $2)
                      AND ($3 IS NULL OR (a.disabled_at IS NOT NULL) = $3)
                      AND ($4 IS NULL OR (a.password_hash IS NOT NULL) = $4)";

/// No name has a NUL, and PostgreSQL takes none.
fn can_be_found(filter: &AccountFilter) -> bool {
    !filter.search.as_ref().is_some_and(|search| search.contains('\0'))
}

async fn create(tx: Transaction, account: NewAccount) -> Result<CreateAccountOutcome, Failure> {
    let name = name_use(&tx, &account.username).await?;
    tx.apply(account::create(account, name, tx.at.now)).await
}

async fn import(tx: Transaction, accounts: Vec<NewAccount>) -> Result<ImportAccountsOutcome, Failure> {
    let uses = load::name_uses(&tx.db, accounts.iter().map(|new| &new.username)).await?;
    tx.apply(account::import(accounts, &uses, tx.at.now)).await
}

async fn take_over(tx: Transaction, takeover: PasswordTakeover) -> Result<TakeoverOutcome, Failure> {
    let found = load::credentials_of(&tx.db, &takeover.username, Lock::Rows).await?;
    let name = name_use(&tx, &takeover.username).await?;
    tx.apply(takeover.decide(found, name, tx.at.now)).await
}

async fn name_use(tx: &Transaction, name: &Username) -> Result<NameUse, Failure> {
    load::name_uses(&tx.db, iter::once(name)).await?.pop().ok_or(Failure::Crossed)
}

async fn set_password(tx: Transaction, change: PasswordChange) -> Result<SetPasswordOutcome, Failure> {
    match change.admit(load::credentials(&tx.db, change.account_id, Lock::Rows).await?) {
        Ok(found) => {
            let sessions = load::lock_sessions(&tx.db, found.account.id, None).await?;
            tx.apply(change.set(&found, &sessions.open, tx.at)).await
        }
        Err(refused) => tx.apply(refused).await,
    }
}

/// Of two administrators that disable each other at once, each sees the other enabled: whoever takes one away locks out
/// whoever else does, before the account.
async fn change_or_delete<P>(
    tx: Transaction,
    id: AccountId,
    pending: P,
) -> Result<ChangeAccountOutcome, Failure>
where
    P: Fn(Option<Credentials>) -> Result<PendingChange, Plan<ChangeAccountOutcome>>,
{
    let takes_an_administrator =
        |pending: &Result<PendingChange, _>| pending.as_ref().is_ok_and(|pending| pending.needs().is_some());
    let is_locked = takes_an_administrator(&pending(load::credentials(&tx.db, id, Lock::No).await?));
    if is_locked {
        load::lock(&tx.db, Whole::Administrators).await?;
    }
    let pending = pending(load::credentials(&tx.db, id, Lock::Rows).await?);
    if takes_an_administrator(&pending) && !is_locked {
        return Err(Failure::Crossed);
    }
    let pending = match pending {
        Ok(pending) => pending,
        Err(refused) => return tx.apply(refused).await,
    };
    let name = match pending.new_name() {
        Some(name) => name_use(&tx, name).await?,
        None => NameUse::Free,
    };
    let has_another = match pending.needs() {
        Some(needed) => load::has_another_administrator(&tx.db, id, needed).await?,
        None => false,
    };
    let (open, keys) = match pending.ends_sessions() {
        Some(_) => {
            let open = load::lock_sessions(&tx.db, id, None).await?.open;
            (open, load::lock_api_keys(&tx.db, id).await?)
        }
        None => (Vec::new(), Vec::new()),
    };
    tx.apply(pending.decide(name, has_another, (&open, &keys), tx.at)).await
}
