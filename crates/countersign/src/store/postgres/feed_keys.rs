//! Feed keys. Removed ones stay, so that no number is given twice.

use super::apply::Transaction;
use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::load::Whole;
use super::{PostgresStore, load, rows};
use crate::model::context::Context;
use crate::model::feed_key::{AddFeedKeyOutcome, FeedKey, FeedKeyName, NewFeedKey};
use crate::model::feed_key_change;
use crate::store::{FeedKeyStore, StoreError};

impl FeedKeyStore for PostgresStore {
    async fn feed_keys(&self) -> Result<Vec<FeedKey>, StoreError> {
        self.read("feed_keys", |db| async move { feed_keys(&db).await }).await
    }

    async fn add_feed_key(
        &self,
        new: NewFeedKey,
        context: &Context,
    ) -> Result<AddFeedKeyOutcome, StoreError> {
        self.change("add_feed_key", context, new, add).await
    }

    async fn remove_feed_key(&self, name: FeedKeyName, context: &Context) -> Result<bool, StoreError> {
        self.change("remove_feed_key", context, name, remove).await
    }
}

async fn add(tx: Transaction, new: NewFeedKey) -> Result<AddFeedKeyOutcome, Failure> {
    load::lock(&tx.db, Whole::Keys).await?;
    let last = tx.db.query("SELECT coalesce(max(number), 0) FROM feed_keys", &[]).await?;
    let last = last.first().map_or(Ok(0), |row| rows::number(row, 0))?;
    tx.apply(feed_key_change::add(&feed_keys(&tx.db).await?, last, new, tx.at.now)).await
}

async fn remove(tx: Transaction, name: FeedKeyName) -> Result<bool, Failure> {
    load::lock(&tx.db, Whole::Keys).await?;
    tx.apply(feed_key_change::remove(&feed_keys(&tx.db).await?, &name, tx.at.now)).await
}

async fn feed_keys(db: &Connection) -> Result<Vec<FeedKey>, Failure> {
    let sql =
        "SELECT number, name, created_at, master_key FROM feed_keys WHERE revoked_at IS NULL ORDER BY number";
    db.query(sql, &[]).await?.iter().map(rows::feed_key).collect()
}
