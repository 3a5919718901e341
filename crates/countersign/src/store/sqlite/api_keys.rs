//! API keys.

use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{self, ACCOUNT_COLUMNS, API_KEY_COLUMNS};
use super::{SqliteStore, load};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, ApiKeyId};
use crate::model::account::Account;
use crate::model::api_key::{self, AddApiKeyOutcome, ApiKey, ApiKeyProof, KeyGrant, NewApiKey};
use crate::model::context::Context;
use crate::model::session::EndedSession;
use crate::store::{ApiKeyStore, StoreError};

impl ApiKeyStore for SqliteStore {
    async fn add_api_key(&self, key: NewApiKey, context: &Context) -> Result<AddApiKeyOutcome, StoreError> {
        self.change("add_api_key", context, move |tx| {
            let found = load::credentials(tx.db, key.key.account_id)?;
            let keys = load::api_keys_of(tx.db, key.key.account_id)?;
            tx.apply(api_key::add(found.as_ref(), &keys, (key, tx.at.now)))
        })
        .await
    }

    async fn admit_api_key(
        &self,
        proof: ApiKeyProof,
        now: Timestamp,
    ) -> Result<Option<KeyGrant>, StoreError> {
        self.read("admit_api_key", move |db| {
            Ok(api_key::admit(with_account(db, proof)?, proof, now).carried_out())
        })
        .await
    }

    async fn list_api_keys(&self, of: Option<AccountId>, limit: u32) -> Result<Vec<ApiKey>, StoreError> {
        self.read("list_api_keys", move |db| {
            db.prepare_cached(&format!(
                "SELECT {API_KEY_COLUMNS} FROM api_keys k WHERE ?1 IS NULL OR k.account_id = ?1
                 ORDER BY k.created_at DESC, k.rowid DESC LIMIT ?2"
            ))?
            .query_map(params![of.as_ref().map(AccountId::as_bytes), limit], rows::api_key)?
            .collect()
        })
        .await
    }

    async fn revoke_api_key(
        &self,
        id: ApiKeyId,
        of: Option<AccountId>,
        context: &Context,
    ) -> Result<Option<EndedSession>, StoreError> {
        self.change("revoke_api_key", context, move |tx| {
            tx.apply(api_key::revoke(find(tx.db, id)?, of, tx.at))
        })
        .await
    }

    async fn record_api_key_use(&self, id: ApiKeyId, context: &Context) -> Result<(), StoreError> {
        self.change("record_api_key_use", context, move |tx| {
            tx.apply(api_key::used(find(tx.db, id)?, tx.at.now))
        })
        .await
    }
}

fn find(db: &Connection, id: ApiKeyId) -> rusqlite::Result<Option<ApiKey>> {
    db.prepare_cached(&format!("SELECT {API_KEY_COLUMNS} FROM api_keys k WHERE k.id = ?1"))?
        .query_row([id.as_bytes()], rows::api_key)
        .optional()
}

fn with_account(db: &Connection, proof: ApiKeyProof) -> rusqlite::Result<Option<(Account, ApiKey)>> {
    let (column, value): (_, &[u8]) = match &proof {
        ApiKeyProof::Secret(hash) => ("secret_hash", hash),
        ApiKeyProof::Token(id, _) => ("id", id.as_bytes()),
    };
    db.prepare_cached(&format!(
        "SELECT {ACCOUNT_COLUMNS}, {API_KEY_COLUMNS} FROM api_keys k JOIN accounts a ON a.id = k.account_id
         WHERE k.{column} = ?1"
    ))?
    .query_row([value], rows::account_and_api_key)
    .optional()
}
