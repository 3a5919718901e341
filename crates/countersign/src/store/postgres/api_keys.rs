//! API keys.

use super::apply::Transaction;
use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::load::Lock;
use super::rows::{self, ACCOUNT_COLUMNS, API_KEY_COLUMNS};
use super::{PostgresStore, load};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, ApiKeyId};
use crate::model::account::Account;
use crate::model::api_key::{self, AddApiKeyOutcome, ApiKey, ApiKeyProof, KeyGrant, NewApiKey};
use crate::model::context::Context;
use crate::model::session::EndedSession;
use crate::store::{ApiKeyStore, StoreError};

impl ApiKeyStore for PostgresStore {
    async fn add_api_key(&self, key: NewApiKey, context: &Context) -> Result<AddApiKeyOutcome, StoreError> {
        self.change("add_api_key", context, key, add).await
    }

    async fn admit_api_key(
        &self,
        proof: ApiKeyProof,
        now: Timestamp,
    ) -> Result<Option<KeyGrant>, StoreError> {
        self.read("admit_api_key", move |db| async move {
            Ok(api_key::admit(with_account(&db, proof).await?, proof, now).carried_out())
        })
        .await
    }

    async fn list_api_keys(&self, of: Option<AccountId>, limit: u32) -> Result<Vec<ApiKey>, StoreError> {
        self.read("list_api_keys", move |db| async move {
            let sql = format!(
                "SELECT {API_KEY_COLUMNS} FROM api_keys k WHERE $1 IS NULL OR k.account_id = $1
                 ORDER BY k.created_at DESC, k.id DESC LIMIT $2"
            );
            db.query(&sql, &[&of, &i64::from(limit)]).await?.iter().map(rows::api_key).collect()
        })
        .await
    }

    async fn revoke_api_key(
        &self,
        id: ApiKeyId,
        of: Option<AccountId>,
        context: &Context,
    ) -> Result<Option<EndedSession>, StoreError> {
        self.change("revoke_api_key", context, (id, of), revoke).await
    }

    async fn record_api_key_use(&self, id: ApiKeyId, context: &Context) -> Result<(), StoreError> {
        self.change("record_api_key_use", context, id, used).await
    }
}

/// The account is locked: of two that add the last key that there is room for, one comes later.
async fn add(tx: Transaction, key: NewApiKey) -> Result<AddApiKeyOutcome, Failure> {
    let account = key.key.account_id;
    let found = load::credentials(&tx.db, account, Lock::Rows).await?;
    let keys = load::lock_api_keys(&tx.db, account).await?;
    tx.apply(api_key::add(found.as_ref(), &keys, (key, tx.at.now))).await
}

async fn revoke(
    tx: Transaction,
    (id, of): (ApiKeyId, Option<AccountId>),
) -> Result<Option<EndedSession>, Failure> {
    let found = lock(&tx.db, id).await?;
    tx.apply(api_key::revoke(found, of, tx.at)).await
}

async fn used(tx: Transaction, id: ApiKeyId) -> Result<(), Failure> {
    let found = lock(&tx.db, id).await?;
    tx.apply(api_key::used(found, tx.at.now)).await
}

async fn lock(db: &Connection, id: ApiKeyId) -> Result<Option<ApiKey>, Failure> {
    let sql = format!("SELECT {API_KEY_COLUMNS} FROM api_keys k WHERE k.id = $1 FOR UPDATE");
    db.optional(&sql, &[&id]).await?.as_ref().map(rows::api_key).transpose()
}

async fn with_account(db: &Connection, proof: ApiKeyProof) -> Result<Option<(Account, ApiKey)>, Failure> {
    let sql = |column| {
        format!(
            "SELECT {ACCOUNT_COLUMNS}, {API_KEY_COLUMNS} FROM api_keys k JOIN accounts a ON a.id = k.account_id
             WHERE k.{column} = $1"
        )
    };
    let found = match proof {
        ApiKeyProof::Secret(hash) => db.optional(&sql("secret_hash"), &[&hash.as_slice()]).await?,
        ApiKeyProof::Token(id, _) => db.optional(&sql("id"), &[&id]).await?,
    };
    found.as_ref().map(rows::account_and_api_key).transpose()
}
