//! Clients.

use rusqlite::{Connection, OptionalExtension};

use super::{SqliteStore, rows};
use crate::model::client::{Client, ClientName, StoredClient};
use crate::model::client_change;
use crate::model::context::Context;
use crate::store::{ClientStore, StoreError};

impl ClientStore for SqliteStore {
    async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        self.read("clients", |db| {
            db.prepare_cached("SELECT name, secret_hash, created_at FROM clients ORDER BY name")?
                .query_map([], |row| Ok(rows::client(row)?.client))?
                .collect()
        })
        .await
    }

    async fn find_client(&self, name: ClientName) -> Result<Option<StoredClient>, StoreError> {
        self.read("find_client", move |db| find(db, &name)).await
    }

    async fn add_client(&self, client: StoredClient, context: &Context) -> Result<bool, StoreError> {
        self.change("add_client", context, move |tx| {
            tx.apply(client_change::add(find(tx.db, &client.client.name)?.as_ref(), client))
        })
        .await
    }

    async fn remove_client(&self, name: ClientName, context: &Context) -> Result<bool, StoreError> {
        self.change("remove_client", context, move |tx| {
            tx.apply(client_change::remove(find(tx.db, &name)?.as_ref()))
        })
        .await
    }
}

fn find(db: &Connection, name: &ClientName) -> rusqlite::Result<Option<StoredClient>> {
    db.prepare_cached("SELECT name, secret_hash, created_at FROM clients WHERE name = ?1")?
        .query_row([name.as_str()], rows::client)
        .optional()
}
