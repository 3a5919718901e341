//! Signing keys, sealed, and the fingerprints of the master keys that seal them.

use std::collections::BTreeMap;

use super::apply::Transaction;
use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::load::Whole;
use super::{PostgresStore, load, rows};
use crate::model::context::Context;
use crate::model::key_change::{self, ImportKeyOutcome};
use crate::model::key_withdrawal::{self, KeyWithdrawal, WithdrawOutcome};
use crate::model::stored_key::{KnownKeys, StoredKey, WithdrawnKey};
use crate::store::{KeyStore, StoreError};

impl KeyStore for PostgresStore {
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.read("signing_keys", |db| async move { signing_keys(&db).await }).await
    }

    async fn add_signing_key(
        &self,
        key: StoredKey,
        newest: Option<String>,
        context: &Context,
    ) -> Result<bool, StoreError> {
        self.change("add_signing_key", context, (key, newest), add).await
    }

    async fn withdrawn_keys(&self) -> Result<Vec<WithdrawnKey>, StoreError> {
        self.read("withdrawn_keys", |db| async move { withdrawn_keys(&db).await }).await
    }

    async fn withdraw_signing_key(
        &self,
        withdrawal: KeyWithdrawal,
        context: &Context,
    ) -> Result<WithdrawOutcome, StoreError> {
        self.change("withdraw_signing_key", context, withdrawal, withdraw).await
    }

    async fn import_signing_key(
        &self,
        key: StoredKey,
        newest: Option<String>,
        context: &Context,
    ) -> Result<ImportKeyOutcome, StoreError> {
        self.change("import_signing_key", context, (key, newest), import).await
    }

    async fn restore_signing_keys(&self, held: KnownKeys, context: &Context) -> Result<usize, StoreError> {
        self.change("restore_signing_keys", context, held, restore).await
    }

    async fn remove_signing_keys(&self, kids: Vec<String>, context: &Context) -> Result<usize, StoreError> {
        self.change("remove_signing_keys", context, kids, remove).await
    }

    async fn master_key_fingerprints(&self) -> Result<BTreeMap<u8, [u8; 32]>, StoreError> {
        self.read("master_key_fingerprints", |db| async move {
            let found = db.query("SELECT number, fingerprint FROM master_keys", &[]).await?;
            found.iter().map(|row| Ok((rows::number(row, 0)?, rows::bytes(row, 1)?))).collect()
        })
        .await
    }

    async fn remember_master_keys(&self, fingerprints: Vec<(u8, [u8; 32])>) -> Result<(), StoreError> {
        self.write("remember_master_keys", fingerprints, |db, fingerprints| async move {
            let sql = "INSERT INTO master_keys (number, fingerprint) SELECT * FROM unnest($1, $2)
                       ON CONFLICT (number) DO NOTHING";
            let numbers: Vec<_> = fingerprints.iter().map(|(number, _)| i64::from(*number)).collect();
            let bytes: Vec<_> = fingerprints.iter().map(|(_, bytes)| bytes.as_slice()).collect();
            db.execute(sql, &[&numbers, &bytes]).await.map(drop)
        })
        .await
    }
}

/// Of nodes that add a key at once, each sees the others' before it decides.
async fn add(tx: Transaction, (key, newest): (StoredKey, Option<String>)) -> Result<bool, Failure> {
    load::lock(&tx.db, Whole::Keys).await?;
    let found = tx.db.optional("SELECT kid FROM signing_keys ORDER BY number DESC LIMIT 1", &[]).await?;
    let found: Option<&str> = found.as_ref().map(|row| row.try_get(0)).transpose()?;
    tx.apply(key_change::add(found, newest.as_deref(), key)).await
}

async fn withdraw(tx: Transaction, withdrawal: KeyWithdrawal) -> Result<WithdrawOutcome, Failure> {
    load::lock(&tx.db, Whole::Keys).await?;
    let (stored, withdrawn) = (signing_keys(&tx.db).await?, withdrawn_keys(&tx.db).await?);
    tx.apply(key_withdrawal::withdraw(&stored, &withdrawn, withdrawal, tx.at.now)).await
}

async fn import(
    tx: Transaction,
    (key, newest): (StoredKey, Option<String>),
) -> Result<ImportKeyOutcome, Failure> {
    load::lock(&tx.db, Whole::Keys).await?;
    let stored = KnownKeys { keys: signing_keys(&tx.db).await?, withdrawn: withdrawn_keys(&tx.db).await? };
    tx.apply(key_change::import(&stored, newest.as_deref(), key)).await
}

async fn restore(tx: Transaction, held: KnownKeys) -> Result<usize, Failure> {
    load::lock(&tx.db, Whole::Keys).await?;
    let stored = KnownKeys { keys: signing_keys(&tx.db).await?, withdrawn: withdrawn_keys(&tx.db).await? };
    tx.apply(key_change::restore(&stored, held)).await
}

async fn remove(tx: Transaction, kids: Vec<String>) -> Result<usize, Failure> {
    load::lock(&tx.db, Whole::Keys).await?;
    tx.apply(key_change::remove(&signing_keys(&tx.db).await?, &kids)).await
}

async fn signing_keys(db: &Connection) -> Result<Vec<StoredKey>, Failure> {
    let sql = "SELECT kid, algorithm, sealed, created_at, active_from FROM signing_keys ORDER BY number";
    db.query(sql, &[]).await?.iter().map(rows::signing_key).collect()
}

async fn withdrawn_keys(db: &Connection) -> Result<Vec<WithdrawnKey>, Failure> {
    let sql = "SELECT kid, withdrawn_at FROM withdrawn_keys ORDER BY withdrawn_at, kid";
    db.query(sql, &[]).await?.iter().map(rows::withdrawn_key).collect()
}
