//! What has happened, by the minute and by the hour.

use rusqlite::{Connection, Row, params};

use super::SqliteStore;
use crate::base::clock::Timestamp;
use crate::model::activity::{Activity, ActivityQuery, ActivityRow, Figure, Grain, millis};
use crate::store::{ActivityStore, StoreError};

impl ActivityStore for SqliteStore {
    async fn add_activity(&self, noted: Activity) -> Result<(), StoreError> {
        let add = move |db: &Connection| Grain::ALL.iter().try_for_each(|grain| add(db, *grain, &noted));
        self.write("add_activity", add).await
    }

    async fn activity(&self, query: ActivityQuery) -> Result<Vec<ActivityRow>, StoreError> {
        self.read("activity", move |db| {
            let sql = "SELECT at - at % ?3 AS step, figure, label, sum(value), max(value) FROM activity
                       WHERE grain = ?1 AND at >= ?2 GROUP BY step, figure, label";
            let (grain, step) = (millis(query.grain.length()), millis(query.step));
            let values = params![grain, query.since.as_unix_millis(), step];
            let rows = db.prepare_cached(sql)?.query_map(values, row)?.collect::<Result<Vec<_>, _>>()?;
            Ok(rows.into_iter().flatten().collect())
        })
        .await
    }
}

fn add(db: &Connection, grain: Grain, noted: &Activity) -> rusqlite::Result<()> {
    let insert = |value| {
        db.prepare_cached(&format!(
            "INSERT INTO activity (grain, at, figure, label, value) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (grain, at, figure, label) DO UPDATE SET value = {value}"
        ))
    };
    let (mut count, mut level) = (insert("value + excluded.value")?, insert("max(value, excluded.value)")?);
    for row in noted.rows(grain) {
        let add = if row.figure.is_count() { &mut count } else { &mut level };
        let (at, value) = (row.at.as_unix_millis(), i64::try_from(row.value).unwrap_or(i64::MAX));
        add.execute(params![millis(grain.length()), at, row.figure.name(), row.label, value])?;
    }
    Ok(())
}

/// `None` for a figure that this version does not know.
fn row(row: &Row<'_>) -> rusqlite::Result<Option<ActivityRow>> {
    let Some(figure) = Figure::from_name(row.get_ref(1)?.as_str()?) else { return Ok(None) };
    let value: i64 = row.get(if figure.is_count() { 3 } else { 4 })?;
    Ok(Some(ActivityRow {
        at: Timestamp::from_unix_millis(row.get(0)?),
        figure,
        label: row.get::<_, String>(2)?.into(),
        value: value.unsigned_abs(),
    }))
}
