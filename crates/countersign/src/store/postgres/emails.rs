//! E-mail addresses of accounts.

use super::apply::Transaction;
use super::engine::failure::Failure;
use super::load::Lock;
use super::rows::{self, CREDENTIALS_COLUMN_COUNT, CREDENTIALS_COLUMNS};
use super::{PostgresStore, load};
use crate::base::id::AccountId;
use crate::model::account::{Credentials, EmailAddress, Username};
use crate::model::context::Context;
use crate::model::email::{
    self, AccountEmail, AddEmailOutcome, ChangeEmailOutcome, EmailChange, EmailClaim, NewEmail,
};
use crate::store::{EmailStore, StoreError};

impl EmailStore for PostgresStore {
    async fn emails(&self, account: AccountId) -> Result<Vec<AccountEmail>, StoreError> {
        self.read("emails", move |db| async move { load::emails_of(&db, account, Lock::No).await }).await
    }

    async fn account_of_address(
        &self,
        address: &EmailAddress,
        claim: EmailClaim,
    ) -> Result<Option<Credentials>, StoreError> {
        let canonical = address.canonical().to_owned();
        self.read("account_of_address", move |db| async move {
            // SECURITY: where nobody has the address, somebody else's row is read, and thrown away (EN-4).
            let sql = format!(
                "(SELECT {CREDENTIALS_COLUMNS}, true AS is_theirs FROM email_addresses e JOIN accounts a ON a.id = e.account_id
                  WHERE e.canonical = $1 AND (e.verified_at IS NOT NULL) = $2
                  ORDER BY e.created_at DESC, e.id DESC LIMIT 1)
                 UNION ALL
                 (SELECT {CREDENTIALS_COLUMNS}, false FROM accounts a ORDER BY a.id LIMIT 1)
                 ORDER BY is_theirs DESC LIMIT 1"
            );
            let row = db.optional(&sql, &[&canonical, &(claim == EmailClaim::Verified)]).await?;
            let Some(row) = row else { return Ok(None) };
            let (found, is_theirs) = (rows::credentials(&row)?, row.try_get(CREDENTIALS_COLUMN_COUNT)?);
            Ok(Some(found).filter(|_| is_theirs))
        })
        .await
    }

    async fn sign_in_name(
        &self,
        name: Option<&Username>,
        address: &EmailAddress,
    ) -> Result<Option<Username>, StoreError> {
        let name = name.map(|name| name.canonical().to_owned());
        let address = address.canonical().to_owned();
        self.read("sign_in_name", move |db| async move {
            let sql =
                "SELECT username, canonical_name, 0::bigint AS rank FROM accounts WHERE canonical_name = $1
                 UNION ALL
                 SELECT a.username, a.canonical_name, 1 FROM email_addresses e JOIN accounts a ON a.id = e.account_id
                 WHERE e.canonical = $2 AND e.verified_at IS NOT NULL
                 ORDER BY rank LIMIT 1";
            let found = db.optional(sql, &[&name, &address]).await?;
            found.map(|row| Ok(Username::from_stored(row.try_get(0)?, row.try_get(1)?))).transpose()
        })
        .await
    }

    async fn add_email(&self, new: NewEmail, context: &Context) -> Result<AddEmailOutcome, StoreError> {
        self.change("add_email", context, new, add).await
    }

    async fn change_email(
        &self,
        email: EmailChange,
        context: &Context,
    ) -> Result<ChangeEmailOutcome, StoreError> {
        self.change("change_email", context, email, change).await
    }
}

/// The account is locked by whoever changes its addresses: of two that add the last one that there is room for, one comes later.
async fn add(tx: Transaction, new: NewEmail) -> Result<AddEmailOutcome, Failure> {
    let id = new.email.account_id;
    let found = load::credentials(&tx.db, id, Lock::Rows).await?;
    let own = load::emails_of(&tx.db, id, Lock::Rows).await?;
    tx.apply(email::add(found.as_ref(), &own, new)).await
}

async fn change(tx: Transaction, change: EmailChange) -> Result<ChangeEmailOutcome, Failure> {
    let id = change.account_id;
    let found = load::credentials(&tx.db, id, Lock::Rows).await?;
    let own = load::emails_of(&tx.db, id, Lock::Rows).await?;
    let ways = load::lock_ways_back(&tx.db, id).await?;
    tx.apply(change.decide(found.as_ref(), &own, &ways, tx.at.now)).await
}
