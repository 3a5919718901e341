//! What has happened, by the minute and by the hour; every node adds to it.

use std::sync::Arc;

use tokio_postgres::Row;

use super::PostgresStore;
use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::rows::number;
use crate::model::activity::{Activity, ActivityQuery, ActivityRow, Figure, Grain, millis};
use crate::store::{ActivityStore, StoreError};

impl ActivityStore for PostgresStore {
    async fn add_activity(&self, noted: Activity) -> Result<(), StoreError> {
        self.write("add_activity", Arc::new(noted), |db, noted| async move {
            for grain in Grain::ALL {
                // Each in one order, so that nodes that add to the same rows wait for each other in it.
                let (counts, levels): (Vec<_>, Vec<_>) =
                    noted.rows(*grain).into_iter().partition(|row| row.figure.is_count());
                add(&db, *grain, &counts, "activity.value + excluded.value").await?;
                add(&db, *grain, &levels, "greatest(activity.value, excluded.value)").await?;
            }
            Ok(())
        })
        .await
    }

    async fn activity(&self, query: ActivityQuery) -> Result<Vec<ActivityRow>, StoreError> {
        self.read("activity", move |db| async move {
            let sql = "SELECT at - at % $3 AS step, figure, label, CAST(sum(value) AS bigint), max(value)
                       FROM activity WHERE grain = $1 AND at >= $2 GROUP BY step, figure, label";
            let (grain, step) = (millis(query.grain.length()), millis(query.step));
            let found = db.query(sql, &[&grain, &query.since, &step]).await?;
            found.iter().filter_map(|found| row(found).transpose()).collect()
        })
        .await
    }
}

async fn add(db: &Connection, grain: Grain, rows: &[ActivityRow], value: &str) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO activity (grain, at, figure, label, value)
         SELECT $1, at, figure, label, value FROM unnest($2, $3, $4, $5) AS new (at, figure, label, value)
         ON CONFLICT (grain, at, figure, label) DO UPDATE SET value = {value}"
    );
    let ats: Vec<_> = rows.iter().map(|row| row.at).collect();
    let figures: Vec<_> = rows.iter().map(|row| row.figure.name()).collect();
    let labels: Vec<_> = rows.iter().map(|row| row.label.as_ref()).collect();
    let values: Vec<_> = rows.iter().map(|row| i64::try_from(row.value).unwrap_or(i64::MAX)).collect();
    db.execute(&sql, &[&millis(grain.length()), &ats, &figures, &labels, &values]).await?;
    Ok(())
}

/// `None` for a figure that this version does not know.
fn row(row: &Row) -> Result<Option<ActivityRow>, Failure> {
    let Some(figure) = Figure::from_name(row.try_get(1)?) else { return Ok(None) };
    let label = row.try_get::<_, String>(2)?.into();
    let value = number(row, if figure.is_count() { 3 } else { 4 })?;
    Ok(Some(ActivityRow { at: row.try_get(0)?, figure, label, value }))
}
