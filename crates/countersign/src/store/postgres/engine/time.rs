//! The server's time: that of no node, whose clocks may differ.

use crate::base::clock::Timestamp;
use crate::store::postgres::engine::connection::Connection;
use crate::store::postgres::engine::failure::Failure;

/// Now, in a statement; not the beginning of its transaction.
pub(in crate::store::postgres) const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// Asks for the time.
pub(in crate::store::postgres) async fn now_of(db: &Connection) -> Result<Timestamp, Failure> {
    let row = db.optional(&format!("SELECT {NOW}"), &[]).await?.ok_or(Failure::Crossed)?;
    Ok(row.try_get(0)?)
}
