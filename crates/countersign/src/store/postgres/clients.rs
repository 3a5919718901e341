//! Clients.

use super::apply::Transaction;
use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::load::Whole;
use super::{PostgresStore, load, rows};
use crate::model::client::{Client, ClientName, StoredClient};
use crate::model::client_change;
use crate::model::context::Context;
use crate::store::{ClientStore, StoreError};

impl ClientStore for PostgresStore {
    async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        self.read("clients", |db| async move {
            let sql = "SELECT name, secret_hash, created_at FROM clients ORDER BY name";
            let found = db.query(sql, &[]).await?;
            found.iter().map(|row| Ok(rows::client(row)?.client)).collect()
        })
        .await
    }

    async fn find_client(&self, name: ClientName) -> Result<Option<StoredClient>, StoreError> {
        self.read("find_client", |db| async move { find(&db, &name).await }).await
    }

    async fn add_client(&self, client: StoredClient, context: &Context) -> Result<bool, StoreError> {
        self.change("add_client", context, client, add).await
    }

    async fn remove_client(&self, name: ClientName, context: &Context) -> Result<bool, StoreError> {
        self.change("remove_client", context, name, remove).await
    }
}

async fn add(tx: Transaction, client: StoredClient) -> Result<bool, Failure> {
    load::lock(&tx.db, Whole::Keys).await?;
    let found = find(&tx.db, &client.client.name).await?;
    tx.apply(client_change::add(found.as_ref(), client)).await
}

async fn remove(tx: Transaction, name: ClientName) -> Result<bool, Failure> {
    load::lock(&tx.db, Whole::Keys).await?;
    tx.apply(client_change::remove(find(&tx.db, &name).await?.as_ref())).await
}

async fn find(db: &Connection, name: &ClientName) -> Result<Option<StoredClient>, Failure> {
    let sql = "SELECT name, secret_hash, created_at FROM clients WHERE name = $1";
    db.optional(sql, &[&name.as_str()]).await?.as_ref().map(rows::client).transpose()
}
