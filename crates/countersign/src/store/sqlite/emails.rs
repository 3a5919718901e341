//! E-mail addresses of accounts.

use rusqlite::{OptionalExtension, params};

use super::rows::{self, CREDENTIALS_COLUMN_COUNT, CREDENTIALS_COLUMNS};
use super::{SqliteStore, load};
use crate::base::id::AccountId;
use crate::model::account::{Credentials, EmailAddress, Username};
use crate::model::context::Context;
use crate::model::email::{
    self, AccountEmail, AddEmailOutcome, ChangeEmailOutcome, EmailChange, EmailClaim, NewEmail,
};
use crate::store::{EmailStore, StoreError};

impl EmailStore for SqliteStore {
    async fn emails(&self, account: AccountId) -> Result<Vec<AccountEmail>, StoreError> {
        self.read("emails", move |db| load::emails_of(db, account)).await
    }

    async fn account_of_address(
        &self,
        address: &EmailAddress,
        claim: EmailClaim,
    ) -> Result<Option<Credentials>, StoreError> {
        let canonical = address.canonical().to_owned();
        self.read("account_of_address", move |db| {
            // SECURITY: where nobody has the address, somebody else's row is read, and thrown away (EN-4).
            let row = db
                .prepare_cached(&format!(
                    "SELECT * FROM (
                       SELECT {CREDENTIALS_COLUMNS}, 1 AS is_theirs FROM email_addresses e JOIN accounts a ON a.id = e.account_id
                       WHERE e.canonical = ?1 AND (e.verified_at IS NOT NULL) = ?2
                       ORDER BY e.created_at DESC, e.rowid DESC LIMIT 1)
                     UNION ALL
                     SELECT * FROM (SELECT {CREDENTIALS_COLUMNS}, 0 FROM accounts a ORDER BY a.id LIMIT 1)
                     ORDER BY is_theirs DESC LIMIT 1"
                ))?
                .query_row(params![canonical, claim == EmailClaim::Verified], |row| {
                    Ok((rows::credentials(row)?, row.get::<_, bool>(CREDENTIALS_COLUMN_COUNT)?))
                })
                .optional()?;
            Ok(row.and_then(|(found, is_theirs)| is_theirs.then_some(found)))
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
        self.read("sign_in_name", move |db| {
            db.prepare_cached(
                "SELECT username, canonical_name, 0 AS rank FROM accounts WHERE canonical_name = ?1
                 UNION ALL
                 SELECT a.username, a.canonical_name, 1 FROM email_addresses e JOIN accounts a ON a.id = e.account_id
                 WHERE e.canonical = ?2 AND e.verified_at IS NOT NULL
                 ORDER BY rank LIMIT 1",
            )?
            .query_row(params![name, address], |row| Ok(Username::from_stored(row.get(0)?, row.get(1)?)))
            .optional()
        })
        .await
    }

    async fn add_email(&self, new: NewEmail, context: &Context) -> Result<AddEmailOutcome, StoreError> {
        self.change("add_email", context, move |tx| {
            let id = new.email.account_id;
            let (found, own) = (load::credentials(tx.db, id)?, load::emails_of(tx.db, id)?);
            tx.apply(email::add(found.as_ref(), &own, new))
        })
        .await
    }

    async fn change_email(
        &self,
        change: EmailChange,
        context: &Context,
    ) -> Result<ChangeEmailOutcome, StoreError> {
        self.change("change_email", context, move |tx| {
            let id = change.account_id;
            let found = load::credentials(tx.db, id)?;
            let (own, ways) = (load::emails_of(tx.db, id)?, load::ways_back_of(tx.db, id)?);
            tx.apply(change.decide(found.as_ref(), &own, &ways, tx.at.now))
        })
        .await
    }
}
