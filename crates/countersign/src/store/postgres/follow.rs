//! The next page of a log that every node writes. Its table has a column `xid`, the transaction that wrote the entry, and
//! an index on that and on the key. `model::seen` says why a page is exact.

use tokio_postgres::Row;

use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::engine::value::Value;
use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::model::seen::{Entry, Seen, ServerRun};

/// A log, and which of its entries are asked for.
pub(super) struct Log<'a> {
    pub(super) table: &'static str,
    pub(super) columns: &'static str,
    pub(super) key: Key,
    /// Its values are `$6` and up.
    pub(super) condition: &'static str,
    pub(super) values: &'a [&'a dyn Value],
}

/// The column that orders the entries of one transaction.
#[derive(Clone, Copy)]
pub(super) enum Key {
    SessionId,
    Sequence,
}

/// Entries that had not been seen, and what has been seen with them.
pub(super) struct Page {
    /// Their columns come first.
    pub(super) rows: Vec<Row>,
    pub(super) server: ServerRun,
    /// By the clock of the server.
    pub(super) read_at: Timestamp,
    pub(super) seen: Seen,
    pub(super) has_more: bool,
}

impl Log<'_> {
    /// At most `limit` entries that have not been seen.
    pub(super) async fn page(&self, db: &Connection, seen: &Seen, limit: u32) -> Result<Page, Failure> {
        let number = seen.partly().map(|entry| entry.transaction.to_string());
        let key = seen.partly().map(|entry| self.key.text(entry.key));
        let below = seen.below().to_string();
        let running: Vec<String> = seen.running().iter().map(u64::to_string).collect();
        let limit = i64::from(limit);
        let mut values: Vec<&dyn Value> = vec![&number, &key, &below, &running, &limit];
        values.extend_from_slice(self.values);
        let found = db.query(&self.sql(), &values).await?;
        let is_entry = |row: &Row| Ok::<_, Failure>(row.try_get::<_, Option<i64>>("transaction")?.is_some());
        let (mut rows, mut server) = (Vec::new(), None);
        for row in found {
            if is_entry(&row)? {
                rows.push(row);
            } else {
                server = Some(row);
            }
        }
        let server = server.ok_or(Failure::Crossed)?;
        if server.try_get("is_standby")? {
            return Err(Failure::Standby);
        }
        let snapshot = Seen::all_of(server.try_get("snapshot")?).ok_or(Failure::Crossed)?;
        let (started_at, recovered_at) = (server.try_get("started_at")?, server.try_get("recovered_at")?);
        let entries = rows.iter().map(|row| self.key.entry(row)).collect::<Result<Vec<_>, _>>()?;
        let last = entries.into_iter().max().filter(|_| i64::try_from(rows.len()).ok() == Some(limit));
        Ok(Page {
            rows,
            server: ServerRun { started_at, recovered_at },
            read_at: server.try_get("read_at")?,
            has_more: last.is_some(),
            seen: last.map_or_else(|| snapshot.clone(), |last| seen.up_to(last, &snapshot)),
        })
    }

    /// One statement sees one state of the database, and says which.
    fn sql(&self) -> String {
        let Self { table, columns, condition, .. } = self;
        let (key, key_type) = self.key.column();
        let from = format!("SELECT {columns}, {key} AS place, xid FROM {table} WHERE ({condition}) AND");
        // Numbers from the future came with a dump of another server, while we ran.
        format!(
            "SELECT entries.*, entries.xid::text::bigint AS transaction, server.*
             FROM (
                 SELECT * FROM (
                     {from} xid = $1::text::xid8 AND {key} > $2::text::{key_type}
                     UNION ALL {from} xid >= $3::text::xid8 AND xid < pg_snapshot_xmax(pg_current_snapshot())
                     UNION ALL {from} xid = ANY ($4::text[]::xid8[])
                 ) AS unseen ORDER BY xid, place LIMIT $5
             ) AS entries
             FULL JOIN (
                 SELECT pg_is_in_recovery() AS is_standby, pg_current_snapshot()::text AS snapshot,
                        (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS read_at,
                        (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint AS started_at,
                        (SELECT coalesce(extract(epoch FROM stats_reset) * 1000000, 0)::bigint
                         FROM pg_stat_bgwriter) AS recovered_at
             ) AS server ON false
             ORDER BY entries.xid, entries.place"
        )
    }
}

impl Key {
    const fn column(self) -> (&'static str, &'static str) {
        match self {
            Self::SessionId => ("session_id", "uuid"),
            Self::Sequence => ("sequence", "bigint"),
        }
    }

    fn text(self, key: u128) -> String {
        match self {
            Self::SessionId => SessionId::from_bytes(key.to_be_bytes()).to_string(),
            Self::Sequence => key.to_string(),
        }
    }

    fn entry(self, row: &Row) -> Result<Entry, Failure> {
        let key = match self {
            Self::SessionId => u128::from_be_bytes(*row.try_get::<_, SessionId>("place")?.as_bytes()),
            Self::Sequence => row.try_get::<_, i64>("place")?.try_into().map_err(Failure::stored)?,
        };
        let transaction = row.try_get::<_, i64>("transaction")?.try_into().map_err(Failure::stored)?;
        Ok(Entry { transaction, key })
    }
}

/// A dump that was restored has the numbers of another server's transactions. Those that this one has not reached would
/// look new when it does.
pub(super) async fn forget_foreign_numbers(db: &Connection) -> Result<(), Failure> {
    for table in ["revocations", "audit_log"] {
        let sql =
            format!("UPDATE {table} SET xid = '0' WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())");
        db.execute(&sql, &[]).await?;
    }
    Ok(())
}
