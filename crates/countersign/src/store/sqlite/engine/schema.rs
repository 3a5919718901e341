//! The tables of a file, brought up to date in one transaction by whoever opens it first. A file that needs nothing is
//! not written to.

use rusqlite::{Connection, TransactionBehavior, params};

use crate::model::schema::{Made, Migrate, Migrations, Schema, SchemaRefused, Step};

/// Why the tables are not up to date. They are as they were.
#[derive(Debug)]
pub(in crate::store::sqlite) enum NotMigrated {
    Refused(SchemaRefused),
    Failed(rusqlite::Error),
}

impl From<SchemaRefused> for NotMigrated {
    fn from(refused: SchemaRefused) -> Self {
        Self::Refused(refused)
    }
}

impl From<rusqlite::Error> for NotMigrated {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

/// Makes the steps without which the program does not open this database.
pub(in crate::store::sqlite) fn prepare(
    db: &mut Connection,
    migrations: &Migrations,
) -> Result<(), NotMigrated> {
    make(db, migrations, |found| migrations.on_opening(found)).map(drop)
}

/// Makes the steps that are wanted; gives their numbers. The caller sees to it that no node is running that those which
/// contract would harm.
pub(in crate::store::sqlite) fn migrate(
    db: &mut Connection,
    migrations: &Migrations,
    wanted: Migrate,
) -> Result<Vec<i64>, NotMigrated> {
    make(db, migrations, |found| migrations.missing(found, wanted))
}

/// Looks first, and again when nobody else can write.
fn make(
    db: &mut Connection,
    migrations: &Migrations,
    missing: impl Fn(&Schema) -> Result<Vec<Step>, SchemaRefused>,
) -> Result<Vec<i64>, NotMigrated> {
    if missing(&find(db)?)?.is_empty() {
        return Ok(Vec::new());
    }
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let steps = missing(&find(&tx)?)?;
    tx.execute_batch(HISTORY)?;
    if has_table(&tx, FORMER_HISTORY)? {
        tx.execute_batch(TAKE_OVER)?;
    }
    for step in &steps {
        tx.execute_batch(step.sql)?;
        let sql = "INSERT INTO schema_history (version, oldest_reader, program) VALUES (?1, ?2, ?3)";
        tx.execute(sql, params![step.version, step.oldest_reader, migrations.program()])?;
    }
    tx.commit()?;
    Ok(steps.iter().map(|step| step.version).collect())
}

/// What the tables are.
pub(in crate::store::sqlite) fn find(db: &Connection) -> rusqlite::Result<Schema> {
    let sql = if has_table(db, "schema_history")? {
        "SELECT version, oldest_reader, program FROM schema_history"
    } else if has_table(db, FORMER_HISTORY)? {
        "SELECT version, version, '0.1.0' FROM refinery_schema_history"
    } else {
        return Ok(Schema::default());
    };
    let mut statement = db.prepare(sql)?;
    let row = |row: &rusqlite::Row<'_>| {
        Ok(Made { version: row.get(0)?, oldest_reader: row.get(1)?, program: row.get(2)? })
    };
    Ok(Schema::new(statement.query_map([], row)?.collect::<Result<_, _>>()?))
}

/// Whether there are tables, and none of them is ours.
pub(in crate::store::sqlite) fn is_foreign(db: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables > 0 && !has_table(db, "schema_history")? && !has_table(db, FORMER_HISTORY)?)
}

fn has_table(db: &Connection, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    db.query_row(sql, [name], |row| row.get(0))
}

const HISTORY: &str = "
    CREATE TABLE IF NOT EXISTS schema_history (
        version       INTEGER NOT NULL PRIMARY KEY,
        oldest_reader INTEGER NOT NULL,
        program       TEXT    NOT NULL
    ) STRICT;";
/// Where the steps up to 10 were written down before there were oldest readers.
const FORMER_HISTORY: &str = "refinery_schema_history";
const TAKE_OVER: &str = "
    INSERT INTO schema_history SELECT version, version, '0.1.0' FROM refinery_schema_history;
    DROP TABLE refinery_schema_history;";

/// What this version of the program knows.
pub(in crate::store::sqlite) const MIGRATIONS: Migrations = Migrations::of(31, STEPS);

/// Each a line of its own, as `scripts/migrations` reads them.
#[rustfmt::skip]
const STEPS: &[Step] = &[
    Step::expand(1, 1, include_str!("../../../../migrations/sqlite/V0001__initial.sql")),
    Step::expand(2, 2, include_str!("../../../../migrations/sqlite/V0002__throttle.sql")),
    Step::expand(3, 3, include_str!("../../../../migrations/sqlite/V0003__password_change_required.sql")),
    Step::expand(4, 4, include_str!("../../../../migrations/sqlite/V0004__audit_request_id.sql")),
    Step::expand(5, 5, include_str!("../../../../migrations/sqlite/V0005__authentication.sql")),
    Step::expand(6, 6, include_str!("../../../../migrations/sqlite/V0006__revocation_feed.sql")),
    Step::expand(7, 7, include_str!("../../../../migrations/sqlite/V0007__clients.sql")),
    Step::expand(9, 9, include_str!("../../../../migrations/sqlite/V0009__accounts_by_creation.sql")),
    Step::expand(10, 10, include_str!("../../../../migrations/sqlite/V0010__pardons.sql")),
    Step::expand(11, 10, include_str!("../../../../migrations/sqlite/V0011__milestones.sql")),
    Step::expand(12, 10, include_str!("../../../../migrations/sqlite/V0012__withdrawn_keys.sql")),
    Step::expand(13, 10, include_str!("../../../../migrations/sqlite/V0013__master_key_use.sql")),
    Step::expand(15, 10, include_str!("../../../../migrations/sqlite/V0015__api_keys.sql")),
    Step::expand(16, 10, include_str!("../../../../migrations/sqlite/V0016__activity.sql")),
    Step::expand(17, 10, include_str!("../../../../migrations/sqlite/V0017__emails_and_tickets.sql")),
    Step::expand(18, 10, include_str!("../../../../migrations/sqlite/V0018__outbox.sql")),
    Step::expand(19, 10, include_str!("../../../../migrations/sqlite/V0019__audit_readers.sql")),
    Step::expand(20, 10, include_str!("../../../../migrations/sqlite/V0020__account_deletion.sql")),
    Step::expand(23, 10, include_str!("../../../../migrations/sqlite/V0023__approved_tickets.sql")),
    Step::expand(24, 10, include_str!("../../../../migrations/sqlite/V0024__account_language.sql")),
    Step::expand(25, 10, include_str!("../../../../migrations/sqlite/V0025__switched_off_readers.sql")),
    Step::expand(26, 10, include_str!("../../../../migrations/sqlite/V0026__second_factors.sql")),
    Step::expand(27, 10, include_str!("../../../../migrations/sqlite/V0027__passkeys.sql")),
    Step::expand(28, 10, include_str!("../../../../migrations/sqlite/V0028__bound_key.sql")),
    Step::expand(29, 10, include_str!("../../../../migrations/sqlite/V0029__oauth.sql")),
    Step::expand(31, 10, include_str!("../../../../migrations/sqlite/V0031__used_once.sql")),
];
