//! Signing keys, sealed, and the fingerprints of the master keys that seal them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::apply::Transaction;
use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::engine::nodes;
use super::engine::time::NOW;
use super::load::Whole;
use super::{PostgresStore, load, rows};
use crate::base::clock::Timestamp;
use crate::base::id::NodeId;
use crate::model::context::Context;
use crate::model::key_change::{self, ImportKeyOutcome};
use crate::model::key_withdrawal::{self, KeyWithdrawal, WithdrawOutcome};
use crate::model::master_key_use::{MasterKeyUse, REPORTED_EVERY, ResealedKey};
use crate::model::schema::Node;
use crate::model::sealed_key::SealedKey;
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

    async fn sealed_key(&self, key: SealedKey) -> Result<Option<Vec<u8>>, StoreError> {
        self.read("sealed_key", move |db| async move {
            let found = db.optional("SELECT sealed FROM sealed_keys WHERE name = $1", &[&key.name()]).await?;
            found.map(|row| Ok(row.try_get(0)?)).transpose()
        })
        .await
    }

    async fn set_sealed_key(
        &self,
        key: SealedKey,
        before: Option<Vec<u8>>,
        after: Vec<u8>,
    ) -> Result<bool, StoreError> {
        self.write("set_sealed_key", (before, after), move |db, (before, after)| async move {
            let (name, after) = (key.name(), after.as_slice());
            let changed = match before {
                None => {
                    let sql = "INSERT INTO sealed_keys (name, sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING";
                    db.execute(sql, &[&name, &after]).await?
                }
                Some(before) => {
                    let sql = "UPDATE sealed_keys SET sealed = $2 WHERE name = $1 AND sealed = $3";
                    db.execute(sql, &[&name, &after, &before.as_slice()]).await?
                }
            };
            Ok(changed == 1)
        })
        .await
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

    async fn reseal_signing_keys(
        &self,
        resealed: Vec<ResealedKey>,
        context: &Context,
    ) -> Result<usize, StoreError> {
        self.change("reseal_signing_keys", context, resealed, reseal).await
    }

    /// By the database's clock, as nothing else is said of nodes.
    async fn report_master_keys(&self, numbers: Vec<u8>, _: Timestamp) -> Result<(), StoreError> {
        self.write("report_master_keys", (self.presence.id(), numbers), report).await
    }

    async fn master_key_use(&self) -> Result<MasterKeyUse, StoreError> {
        self.read("master_key_use", |db| async move { master_key_use(&db).await }).await
    }
}

async fn reseal(tx: Transaction, resealed: Vec<ResealedKey>) -> Result<usize, Failure> {
    load::lock(&tx.db, Whole::Keys).await?;
    tx.apply(key_change::reseal(&signing_keys(&tx.db).await?, resealed)).await
}

async fn report(db: Arc<Connection>, (node, numbers): (NodeId, Vec<u8>)) -> Result<(), Failure> {
    let Some(current) = numbers.first().copied() else { return Ok(()) };
    let all = numbers.iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
    let sql = "UPDATE nodes SET master_keys = $2 WHERE id = $1 AND master_keys IS DISTINCT FROM $2";
    db.execute(sql, &[&node, &all.as_str()]).await?;
    let sql = format!(
        "UPDATE master_keys SET used_at = {NOW} WHERE number = $1 AND coalesce(used_at, 0) < {NOW} - $2"
    );
    let reported_every = i64::try_from(REPORTED_EVERY.as_millis()).map_err(Failure::stored)?;
    db.execute(&sql, &[&i64::from(current), &reported_every]).await.map(drop)
}

async fn master_key_use(db: &Connection) -> Result<MasterKeyUse, Failure> {
    let nodes = nodes::list(db).await?.into_iter().filter(Node::is_alive).map(|node| node.id);
    let said = db.query("SELECT id, coalesce(master_keys, '') FROM nodes", &[]).await?;
    let said: BTreeMap<NodeId, String> =
        said.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, Failure>>()?;
    let numbers = |id: NodeId| {
        let said = said.get(&id).map_or("", String::as_str);
        (id, said.split_whitespace().filter_map(|number| number.parse().ok()).collect())
    };
    let used = db.query("SELECT number, used_at FROM master_keys", &[]).await?;
    let used_at = used.iter().map(|row| Ok((rows::number(row, 0)?, row.try_get(1)?)));
    Ok(MasterKeyUse {
        used_at: used_at.collect::<Result<_, Failure>>()?,
        nodes: nodes.map(numbers).collect(),
    })
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
