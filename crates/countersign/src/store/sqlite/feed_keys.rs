//! Feed keys. Removed ones stay, so that no number is given twice.

use rusqlite::Connection;

use super::{SqliteStore, rows};
use crate::model::context::Context;
use crate::model::feed_key::{AddFeedKeyOutcome, FeedKey, FeedKeyName, NewFeedKey};
use crate::model::feed_key_change;
use crate::store::{FeedKeyStore, StoreError};

impl FeedKeyStore for SqliteStore {
    async fn feed_keys(&self) -> Result<Vec<FeedKey>, StoreError> {
        self.read("feed_keys", feed_keys).await
    }

    async fn add_feed_key(
        &self,
        new: NewFeedKey,
        context: &Context,
    ) -> Result<AddFeedKeyOutcome, StoreError> {
        self.change("add_feed_key", context, move |tx| {
            let last = tx
                .db
                .prepare_cached("SELECT coalesce(max(number), 0) FROM feed_keys")?
                .query_row([], |row| row.get(0))?;
            tx.apply(feed_key_change::add(&feed_keys(tx.db)?, last, new, tx.at.now))
        })
        .await
    }

    async fn remove_feed_key(&self, name: FeedKeyName, context: &Context) -> Result<bool, StoreError> {
        self.change("remove_feed_key", context, move |tx| {
            tx.apply(feed_key_change::remove(&feed_keys(tx.db)?, &name, tx.at.now))
        })
        .await
    }
}

fn feed_keys(db: &Connection) -> rusqlite::Result<Vec<FeedKey>> {
    db.prepare_cached(
        "SELECT number, name, created_at, master_key FROM feed_keys WHERE revoked_at IS NULL ORDER BY number",
    )?
    .query_map([], rows::feed_key)?
    .collect()
}
