//! Signing keys, sealed, and the fingerprints of the master keys that seal them.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteStore, rows};
use crate::base::clock::Timestamp;
use crate::model::context::Context;
use crate::model::key_change::{self, ImportKeyOutcome};
use crate::model::key_withdrawal::{self, KeyWithdrawal, WithdrawOutcome};
use crate::model::master_key_use::{MasterKeyUse, REPORTED_EVERY, ResealedKey};
use crate::model::sealed_key::SealedKey;
use crate::model::stored_key::{KnownKeys, StoredKey, WithdrawnKey};
use crate::store::{KeyStore, StoreError};

impl KeyStore for SqliteStore {
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.read("signing_keys", signing_keys).await
    }

    async fn add_signing_key(
        &self,
        key: StoredKey,
        newest: Option<String>,
        context: &Context,
    ) -> Result<bool, StoreError> {
        self.change("add_signing_key", context, move |tx| {
            let found: Option<String> = tx
                .db
                .prepare_cached("SELECT kid FROM signing_keys ORDER BY number DESC LIMIT 1")?
                .query_row([], |row| row.get(0))
                .optional()?;
            tx.apply(key_change::add(found.as_deref(), newest.as_deref(), key))
        })
        .await
    }

    async fn withdrawn_keys(&self) -> Result<Vec<WithdrawnKey>, StoreError> {
        self.read("withdrawn_keys", withdrawn_keys).await
    }

    async fn withdraw_signing_key(
        &self,
        withdrawal: KeyWithdrawal,
        context: &Context,
    ) -> Result<WithdrawOutcome, StoreError> {
        self.change("withdraw_signing_key", context, move |tx| {
            let (stored, withdrawn) = (signing_keys(tx.db)?, withdrawn_keys(tx.db)?);
            tx.apply(key_withdrawal::withdraw(&stored, &withdrawn, withdrawal, tx.at.now))
        })
        .await
    }

    async fn import_signing_key(
        &self,
        key: StoredKey,
        newest: Option<String>,
        context: &Context,
    ) -> Result<ImportKeyOutcome, StoreError> {
        self.change("import_signing_key", context, move |tx| {
            let stored = KnownKeys { keys: signing_keys(tx.db)?, withdrawn: withdrawn_keys(tx.db)? };
            tx.apply(key_change::import(&stored, newest.as_deref(), key))
        })
        .await
    }

    async fn restore_signing_keys(&self, held: KnownKeys, context: &Context) -> Result<usize, StoreError> {
        self.change("restore_signing_keys", context, move |tx| {
            let stored = KnownKeys { keys: signing_keys(tx.db)?, withdrawn: withdrawn_keys(tx.db)? };
            tx.apply(key_change::restore(&stored, held))
        })
        .await
    }

    async fn remove_signing_keys(&self, kids: Vec<String>, context: &Context) -> Result<usize, StoreError> {
        self.change("remove_signing_keys", context, move |tx| {
            tx.apply(key_change::remove(&signing_keys(tx.db)?, &kids))
        })
        .await
    }

    async fn sealed_key(&self, key: SealedKey) -> Result<Option<Vec<u8>>, StoreError> {
        self.read("sealed_key", move |db| sealed_key(db, key)).await
    }

    async fn set_sealed_key(
        &self,
        key: SealedKey,
        before: Option<Vec<u8>>,
        after: Vec<u8>,
    ) -> Result<bool, StoreError> {
        self.write("set_sealed_key", move |db| {
            let sql = match before {
                None => "INSERT OR IGNORE INTO sealed_keys (name, sealed) SELECT ?1, ?2 WHERE ?3 IS NULL",
                Some(_) => "UPDATE sealed_keys SET sealed = ?2 WHERE name = ?1 AND sealed = ?3",
            };
            Ok(db.prepare_cached(sql)?.execute(params![key.name(), after, before])? == 1)
        })
        .await
    }

    async fn master_key_fingerprints(&self) -> Result<BTreeMap<u8, [u8; 32]>, StoreError> {
        self.read("master_key_fingerprints", |db| {
            db.prepare_cached("SELECT number, fingerprint FROM master_keys")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
        .await
    }

    async fn remember_master_keys(&self, fingerprints: Vec<(u8, [u8; 32])>) -> Result<(), StoreError> {
        self.write("remember_master_keys", move |db| {
            let mut insert =
                db.prepare_cached("INSERT OR IGNORE INTO master_keys (number, fingerprint) VALUES (?1, ?2)")?;
            for (number, fingerprint) in &fingerprints {
                insert.execute(params![number, fingerprint])?;
            }
            Ok(())
        })
        .await
    }

    async fn reseal_signing_keys(
        &self,
        resealed: Vec<ResealedKey>,
        context: &Context,
    ) -> Result<usize, StoreError> {
        self.change("reseal_signing_keys", context, move |tx| {
            tx.apply(key_change::reseal(&signing_keys(tx.db)?, resealed))
        })
        .await
    }

    async fn report_master_keys(&self, numbers: Vec<u8>, now: Timestamp) -> Result<(), StoreError> {
        let Some(current) = numbers.first().copied() else { return Ok(()) };
        let used_at = self.master_key_use().await?.used_at.get(&current).copied().flatten();
        if used_at.is_some_and(|at| now < at.plus(REPORTED_EVERY)) {
            return Ok(());
        }
        self.write("report_master_keys", move |db| {
            let sql = "UPDATE master_keys SET used_at = max(coalesce(used_at, ?2), ?2) WHERE number = ?1";
            db.prepare_cached(sql)?.execute(params![current, now.as_unix_millis()]).map(drop)
        })
        .await
    }

    async fn master_key_use(&self) -> Result<MasterKeyUse, StoreError> {
        self.read("master_key_use", |db| {
            let used_at = db
                .prepare_cached("SELECT number, used_at FROM master_keys")?
                .query_map([], |row| Ok((row.get(0)?, rows::instant(row, 1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(MasterKeyUse { used_at, nodes: Vec::new() })
        })
        .await
    }
}

/// Of a database that is open in another way too.
pub(super) fn sealed_key(db: &Connection, key: SealedKey) -> rusqlite::Result<Option<Vec<u8>>> {
    db.prepare_cached("SELECT sealed FROM sealed_keys WHERE name = ?1")?
        .query_row([key.name()], |row| row.get(0))
        .optional()
}

fn signing_keys(db: &Connection) -> rusqlite::Result<Vec<StoredKey>> {
    db.prepare_cached(
        "SELECT kid, algorithm, sealed, created_at, active_from FROM signing_keys ORDER BY number",
    )?
    .query_map([], rows::signing_key)?
    .collect()
}

fn withdrawn_keys(db: &Connection) -> rusqlite::Result<Vec<WithdrawnKey>> {
    db.prepare_cached("SELECT kid, withdrawn_at FROM withdrawn_keys ORDER BY withdrawn_at, kid")?
        .query_map([], rows::withdrawn_key)?
        .collect()
}
