//! The nodes that serve from the database: each says now and then that it is there and which schemas it works with, so
//! that no step is made that would harm it. Times are the database's: the nodes' clocks differ.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::base::id::NodeId;
use crate::model::schema::{Migrations, Node, SchemaRange, SchemaRefused};
use crate::store::StoreError;
use crate::store::postgres::engine::connection::Connection;
use crate::store::postgres::engine::failure::Failure;
use crate::store::postgres::engine::history;
use crate::store::postgres::engine::time::NOW;

/// This node, among those that share the database.
#[derive(Debug)]
pub(in crate::store::postgres) struct Presence {
    id: NodeId,
    migrations: Migrations,
    /// Since the tables were changed in a way that this program cannot work with.
    refused: Mutex<Option<SchemaRefused>>,
}

impl Presence {
    pub(in crate::store::postgres) fn new(id: NodeId, migrations: Migrations) -> Self {
        Self { id, migrations, refused: Mutex::new(None) }
    }

    /// Its name among the nodes.
    pub(in crate::store::postgres) const fn id(&self) -> NodeId {
        self.id
    }

    /// Says that it is there; finds out whether it can go on with the tables.
    pub(in crate::store::postgres) async fn report(&self, db: &Connection) -> Result<(), Failure> {
        let SchemaRange { oldest, newest } = self.migrations.range();
        let report = format!(
            "INSERT INTO nodes (id, version, seen_at, schema_min, schema_max) VALUES ($1, $2, {NOW}, $3, $4)
             ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at"
        );
        db.execute(&report, &[&self.id, &self.migrations.program(), &oldest, &newest]).await?;
        db.execute(&format!("DELETE FROM nodes WHERE seen_at < {NOW} - $1"), &[&REMEMBERED_MILLIS]).await?;
        let refused = self.migrations.check(&history::read(db).await?).err();
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = refused;
        Ok(())
    }

    /// Whether it could go on with the tables when it last looked.
    pub(in crate::store::postgres) fn check(&self) -> Result<(), StoreError> {
        match self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            Some(refused) => Err(StoreError::Unavailable(Box::new(refused))),
            None => Ok(()),
        }
    }
}

/// The nodes of the last hour, those heard of last first.
pub(in crate::store::postgres) async fn list(db: &Connection) -> Result<Vec<Node>, Failure> {
    let sql = format!(
        "SELECT id, version, schema_min, schema_max, greatest({NOW} - seen_at, 0) FROM nodes ORDER BY 5, id"
    );
    let rows = db.query(&sql, &[]).await?;
    rows.iter()
        .map(|row| {
            let silent: i64 = row.try_get(4)?;
            Ok(Node {
                id: row.try_get(0)?,
                program: row.try_get(1)?,
                schemas: SchemaRange { oldest: row.try_get(2)?, newest: row.try_get(3)? },
                silent_for: Duration::from_millis(silent.unsigned_abs()),
            })
        })
        .collect()
}

/// An hour.
const REMEMBERED_MILLIS: i64 = 3_600_000;
