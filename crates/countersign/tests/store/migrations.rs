//! DB-5: tables that are changed while several versions of the program work with them. The newer version is this one with
//! steps of its own. Each case runs for every store.

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use countersign::internal::base::random::Random;
use countersign::internal::model::schema::{Migrate, Migrations, SchemaRefused, SchemaStatus, Step};
use countersign::internal::model::session::{EndReason, Rotation, SessionPolicy, SessionSelector};
use countersign::store::postgres::{self, DatabaseUrl, PostgresStore};
use countersign::store::sqlite::{self, OpenMode, SqliteStore};
use countersign::store::{Store, Upkeep as _};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::database;
use crate::world::*;

/// A database that is opened by several programs.
trait Database: Clone + Send + Sync + 'static {
    type Store: Store;
    const NEWER: &'static str;
    /// Makes an empty one.
    fn make() -> Self;
    fn migrations() -> Migrations;
    /// Opens it, for a node that starts while others run.
    fn open(&self, migrations: &Migrations) -> impl Future<Output = Result<Self::Store, Refused>> + Send;
    fn migrate(
        &self,
        migrations: &Migrations,
        wanted: Migrate,
    ) -> impl Future<Output = Result<Vec<i64>, Refused>>;
    fn status(&self, migrations: &Migrations) -> impl Future<Output = SchemaStatus>;
    /// Everything about the tables.
    fn tables(&self) -> String;
}

/// Why a database was not opened.
#[derive(Debug)]
enum Refused {
    Schema(SchemaRefused),
    Other(String),
}

#[derive(Clone)]
struct SqliteDatabase(Arc<TempDir>);

impl SqliteDatabase {
    fn path(&self) -> PathBuf {
        self.0.path().join("store.db")
    }
}

impl From<sqlite::OpenError> for Refused {
    fn from(error: sqlite::OpenError) -> Self {
        match error {
            sqlite::OpenError::Schema { reason, .. } => Self::Schema(reason),
            other => Self::Other(format!("{other:?}")),
        }
    }
}

impl Database for SqliteDatabase {
    type Store = SqliteStore;
    const NEWER: &'static str = "ALTER TABLE sessions ADD COLUMN device TEXT;
        ALTER TABLE accounts ADD COLUMN tenant TEXT;
        CREATE TABLE devices (name TEXT NOT NULL) STRICT;";

    fn make() -> Self {
        Self(Arc::new(tempfile::tempdir().unwrap()))
    }

    fn migrations() -> Migrations {
        SqliteStore::migrations()
    }

    async fn open(&self, migrations: &Migrations) -> Result<SqliteStore, Refused> {
        Ok(SqliteStore::open_with(self.path(), OpenMode::Tool, SessionPolicy::default(), migrations)?)
    }

    async fn migrate(&self, migrations: &Migrations, wanted: Migrate) -> Result<Vec<i64>, Refused> {
        Ok(SqliteStore::migrate(self.path(), migrations, wanted)?)
    }

    async fn status(&self, migrations: &Migrations) -> SchemaStatus {
        SqliteStore::schema(self.path(), migrations).unwrap()
    }

    fn tables(&self) -> String {
        let db = Connection::open(self.path()).unwrap();
        let lines = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL
                     UNION ALL SELECT version || ' ' || oldest_reader FROM schema_history";
        let mut statement = db.prepare(lines).unwrap();
        let lines = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        lines.map(Result::unwrap).collect::<Vec<_>>().join("\n")
    }
}

#[derive(Clone)]
struct PostgresDatabase(DatabaseUrl);

impl PostgresDatabase {
    fn sql(&self, sql: &str) -> String {
        database::sql(self.0.to_string().rsplit('/').next().unwrap(), sql)
    }
}

impl From<postgres::OpenError> for Refused {
    fn from(error: postgres::OpenError) -> Self {
        match error {
            postgres::OpenError::Schema { reason, .. } => Self::Schema(reason),
            other => Self::Other(format!("{other:?}")),
        }
    }
}

impl Database for PostgresDatabase {
    type Store = PostgresStore;
    const NEWER: &'static str = "ALTER TABLE sessions ADD COLUMN device text;
        ALTER TABLE accounts ADD COLUMN tenant text;
        CREATE TABLE devices (name text NOT NULL);";

    fn make() -> Self {
        Self(DatabaseUrl::parse(&database::url(&database::new_database())).unwrap())
    }

    fn migrations() -> Migrations {
        PostgresStore::migrations()
    }

    async fn open(&self, migrations: &Migrations) -> Result<PostgresStore, Refused> {
        let (policy, random) = (SessionPolicy::default(), Random::system());
        Ok(PostgresStore::open_with(&self.0, policy, &random, migrations.clone()).await?)
    }

    async fn migrate(&self, migrations: &Migrations, wanted: Migrate) -> Result<Vec<i64>, Refused> {
        Ok(PostgresStore::migrate(&self.0, &Random::system(), migrations, wanted).await?)
    }

    async fn status(&self, migrations: &Migrations) -> SchemaStatus {
        PostgresStore::schema(&self.0, migrations).await.unwrap()
    }

    fn tables(&self) -> String {
        self.sql(
            "SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
               WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) AND attnum > 0
               ORDER BY attrelid, attnum;
             SELECT version, oldest_reader FROM schema_history ORDER BY 1;",
        )
    }
}

/// The next version of the program: it needs one more table and two more columns, and has an index.
fn newer<D: Database>() -> Migrations {
    let newest = D::migrations().range().newest;
    let index = if D::NEWER.contains("STRICT") {
        "CREATE INDEX sessions_by_device ON sessions (device)"
    } else {
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_by_device ON sessions (device)"
    };
    let steps = [Step::expand(101, newest, D::NEWER), Step::index(102, newest, "sessions_by_device", index)];
    D::migrations().and("98.0.0", 101, &steps)
}

/// The version after that, which can do without what the first needs.
fn newest<D: Database>() -> Migrations {
    newer::<D>().and("99.0.0", 101, &[Step::contract(103, 101, "DROP TABLE probe")])
}

/// A login, a refresh and a logout, the refresh by another node.
async fn round_trip(node: &impl Store, other: &impl Store, name: &str) {
    let account = user(node, name).await;
    let token = log_in(node, &account, at(0)).await;
    let rotation = other.rotate(token, &context(at(20))).await.unwrap();
    assert!(matches!(rotation, Rotation::Advanced(_)), "{rotation:?}");
    let which = SessionSelector::OfToken(generation(token, 1));
    assert_eq!(node.end_sessions(which, EndReason::Logout, &context(at(21))).await.unwrap().len(), 1);
}

/// Of many nodes that start at once, one makes each step; all of them work.
async fn many_nodes_make_each_step_once<D: Database>() {
    let database = D::make();
    drop(database.open(&D::migrations()).await.unwrap());
    let mut opening = JoinSet::new();
    for _ in 0..8 {
        let database = database.clone();
        opening.spawn(async move { database.open(&newer::<D>()).await.unwrap() });
    }
    let nodes = opening.join_all().await;
    let status = database.status(&newest::<D>()).await;
    assert_eq!((status.version, status.oldest_reader), (102, D::migrations().range().newest));
    assert_eq!((status.to_expand, status.to_contract), (vec![], vec![103]));
    for (n, node) in nodes.iter().enumerate() {
        round_trip(node, &nodes[0], &format!("user {n}")).await;
    }
}

/// An older program works with newer tables, also when it starts after they were made.
async fn an_older_program_works_beside_a_newer<D: Database>() {
    let database = D::make();
    let older = database.open(&D::migrations()).await.unwrap();
    let newer = database.open(&newer::<D>()).await.unwrap();
    round_trip(&older, &newer, "ann").await;
    let late = database.open(&D::migrations()).await.unwrap();
    round_trip(&newer, &late, "bob").await;
    assert_eq!(database.migrate(&D::migrations(), Migrate::Contract).await.unwrap(), [0; 0]);
}

/// An older program leaves tables alone that it cannot work with.
async fn an_older_program_refuses_what_was_contracted<D: Database>() {
    let database = D::make();
    drop(database.open(&D::migrations()).await.unwrap());
    assert_eq!(database.migrate(&newest::<D>(), Migrate::Contract).await.unwrap(), [101, 102, 103]);
    assert_eq!(database.migrate(&newest::<D>(), Migrate::Contract).await.unwrap(), [0; 0], "once");
    let before = database.tables();
    for refused in [
        database.open(&D::migrations()).await.map(drop),
        database.migrate(&D::migrations(), Migrate::Expand).await.map(drop),
    ] {
        let Err(Refused::Schema(refused)) = refused else { panic!("{refused:?}") };
        assert!(refused.to_string().contains("its schema 103 needs at least version 99.0.0"), "{refused}");
    }
    assert_eq!(database.tables(), before);
    let newer = database.open(&newer::<D>()).await.unwrap();
    round_trip(&newer, &newer, "bob").await;
}

/// Where only a command may change tables, they are used as they are or not at all.
async fn nothing_is_changed_that_only_a_command_may_change<D: Database>() {
    let database = D::make();
    drop(database.open(&D::migrations()).await.unwrap());
    let before = database.tables();
    drop(database.open(&D::migrations().by_command_only()).await.unwrap());
    let program = newer::<D>().by_command_only();
    let refused = database.open(&program).await.map(drop);
    let Err(Refused::Schema(SchemaRefused::TooOld { needed: 101, .. })) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(database.tables(), before);
    assert_eq!(database.migrate(&program, Migrate::Expand).await.unwrap(), [101, 102]);
    let node = database.open(&program).await.unwrap();
    round_trip(&node, &node, "bob").await;
}

/// While nodes of the version before serve, a newer one starts and serves beside them: nobody notices.
async fn two_versions_serve_side_by_side<D: Database>() {
    let database = D::make();
    let older = Arc::new(database.open(&D::migrations()).await.unwrap());
    let (rounds, stop) = (Arc::<AtomicU32>::default(), Arc::<AtomicBool>::default());
    let mut clients = JoinSet::new();
    let mut start = |node: &Arc<D::Store>, other: &Arc<D::Store>, name: String| {
        let (node, other) = (Arc::clone(node), Arc::clone(other));
        let (rounds, stop) = (Arc::clone(&rounds), Arc::clone(&stop));
        clients.spawn(async move {
            let mut round = 0;
            while !stop.load(Ordering::SeqCst) {
                round_trip(&*node, &*other, &format!("{name} {round}")).await;
                round += 1;
                rounds.fetch_add(1, Ordering::SeqCst);
            }
        });
    };
    for n in 0..6 {
        start(&older, &older, format!("old {n}"));
    }
    let wait_for = async |more| {
        let goal = rounds.load(Ordering::SeqCst) + more;
        until(async || rounds.load(Ordering::SeqCst) >= goal).await;
    };
    wait_for(30).await;
    let newer = Arc::new(database.open(&newer::<D>()).await.unwrap());
    for n in 0..3 {
        start(&newer, &older, format!("new {n}"));
        start(&older, &newer, format!("mixed {n}"));
    }
    wait_for(100).await;
    stop.store(true, Ordering::SeqCst);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
}

macro_rules! cases {
    ($($database:ident $store:ident { $($case:ident)* })*) => {
        $(mod $store {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                super::$case::<super::$database>().await;
            })*
        })*
    };
}

cases! {
    SqliteDatabase sqlite_file {
        many_nodes_make_each_step_once
        an_older_program_works_beside_a_newer
        an_older_program_refuses_what_was_contracted
        nothing_is_changed_that_only_a_command_may_change
        two_versions_serve_side_by_side
    }
    PostgresDatabase postgresql {
        many_nodes_make_each_step_once
        an_older_program_works_beside_a_newer
        an_older_program_refuses_what_was_contracted
        nothing_is_changed_that_only_a_command_may_change
        two_versions_serve_side_by_side
    }
}

/// A file has one server at a time, so what would harm it waits until there is none.
#[tokio::test]
async fn a_file_is_contracted_when_no_server_has_it_open() {
    let database = SqliteDatabase::make();
    let server = SqliteStore::open(database.path(), OpenMode::Server, SessionPolicy::default()).unwrap();
    let before = database.tables();
    let refused = SqliteStore::migrate(database.path(), &newest::<SqliteDatabase>(), Migrate::Contract);
    assert!(matches!(refused, Err(sqlite::OpenError::InUse(_))), "{refused:?}");
    assert_eq!(database.tables(), before);
    drop(server);
    assert_eq!(
        database.migrate(&newest::<SqliteDatabase>(), Migrate::Contract).await.unwrap(),
        [101, 102, 103]
    );
}

/// Tables are contracted when no node is alive that this would harm, by the database's clock.
#[tokio::test]
async fn tables_are_contracted_when_no_older_node_is_alive() {
    let (database, newest) = (PostgresDatabase::make(), newest::<PostgresDatabase>());
    let older = database.open(&PostgresStore::migrations()).await.unwrap();
    older.report_node().await.unwrap();
    let newer = database.open(&newest).await.unwrap();
    newer.report_node().await.unwrap();
    let status = database.status(&newest).await;
    let programs: Vec<_> = status.nodes.iter().map(|node| node.program.as_str()).collect();
    assert_eq!(programs, ["99.0.0", env!("CARGO_PKG_VERSION")]);
    let before = database.tables();
    let contract = async || database.migrate(&newest, Migrate::Contract).await;
    let refused = contract().await;
    let Err(Refused::Schema(SchemaRefused::OlderNode { step: 103, node, .. })) = &refused else {
        panic!("{refused:?}")
    };
    assert_eq!(node.program, env!("CARGO_PKG_VERSION"));
    assert_eq!(database.tables(), before);
    // It was not stopped, but it is not heard of any more.
    database.sql("UPDATE nodes SET seen_at = seen_at - 60000 WHERE schema_max < 103");
    assert_eq!(contract().await.unwrap(), [103]);
    newer.check(at(1)).await.unwrap();
    // When it comes back it takes no part any more: its readiness probe fails.
    older.check(at(1)).await.unwrap();
    for refused in [older.report_node().await, older.check(at(1)).await] {
        let error = format!("{:?}", refused.unwrap_err());
        assert!(error.contains("TooNew"), "{error}");
    }
    // The other way round it is taken back in.
    database.sql("DELETE FROM schema_history WHERE version = 103");
    older.report_node().await.unwrap();
    older.check(at(1)).await.unwrap();
    database.sql("UPDATE nodes SET seen_at = seen_at - 3600001 WHERE schema_max = 103");
    older.report_node().await.unwrap();
    assert_eq!(database.status(&newest).await.nodes.len(), 1, "after an hour it is forgotten");
}

/// An index that a node was killed over is invalid: it is made anew.
#[tokio::test]
async fn an_unfinished_index_is_made_anew() {
    let database = PostgresDatabase::make();
    drop(database.open(&PostgresStore::migrations()).await.unwrap());
    database.sql(
        "ALTER TABLE sessions ADD COLUMN device text;
         CREATE INDEX sessions_by_device ON sessions (id);
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'sessions_by_device'::regclass",
    );
    let newest = PostgresStore::migrations().range().newest;
    let index = "CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_by_device ON sessions (device)";
    let step = Step::index(102, newest, "sessions_by_device", index);
    drop(database.open(&PostgresStore::migrations().and("98.0.0", newest, &[step])).await.unwrap());
    let valid = "SELECT indisvalid, pg_get_indexdef(indexrelid) LIKE '%(device)' FROM pg_index
                 WHERE indexrelid = 'sessions_by_device'::regclass";
    assert_eq!(database.sql(valid), "t|t\n");
}

/// A step waits for its table for less time than requests wait behind it: while somebody reads a table for long, as a copy
/// does, requests go on, and a node that can do without the step serves.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_step_that_has_to_wait_gives_way_to_requests() {
    let database = PostgresDatabase::make();
    let older = Arc::new(database.open(&PostgresStore::migrations()).await.unwrap());
    let (client, connection) =
        tokio_postgres::connect(&url_of(&database), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("BEGIN; LOCK TABLE sessions IN ACCESS SHARE MODE").await.unwrap();
    let newest = PostgresStore::migrations().range().newest;
    let alter = Step::expand(101, newest, "ALTER TABLE sessions ADD COLUMN device text");
    let is_over = Arc::<AtomicBool>::default();
    let load = {
        let (older, is_over) = (Arc::clone(&older), Arc::clone(&is_over));
        tokio::spawn(async move {
            let mut round = 0;
            while !is_over.load(Ordering::SeqCst) {
                round_trip(&*older, &*older, &format!("user {round}")).await;
                round += 1;
            }
        })
    };
    let needs_it = PostgresStore::migrations().and("98.0.0", 101, &[alter]);
    let refused = database.open(&needs_it).await.map(drop);
    let Err(Refused::Other(refused)) = refused else { panic!("{refused:?}") };
    assert!(refused.contains("Migration"), "{refused}");
    let node = database.open(&PostgresStore::migrations().and("98.0.0", newest, &[alter])).await.unwrap();
    round_trip(&node, &*older, "bob").await;
    is_over.store(true, Ordering::SeqCst);
    load.await.unwrap();
    client.batch_execute("COMMIT").await.unwrap();
    drop(database.open(&needs_it).await.unwrap());
    assert_eq!(database.status(&needs_it).await.version, 101);
}

/// The step in the middle of which a process is killed, and the variable that tells the process where.
const VICTIM: &str = "COUNTERSIGN_TEST_MIGRATION";

/// Starts this test again in a process that is to be killed.
fn start_victim(test: &str, place: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test]).env(VICTIM, place).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// `kill -9` in the middle of a step leaves the tables as they were.
#[tokio::test]
async fn a_file_survives_a_kill_in_the_middle_of_a_step() {
    // It writes until it is killed.
    let endless = "CREATE TABLE devices (name TEXT);
        ALTER TABLE sessions ADD COLUMN device TEXT;
        INSERT INTO devices WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT randomblob(9999) FROM n";
    let newest = SqliteStore::migrations().range().newest;
    if let Some(path) = std::env::var_os(VICTIM) {
        let steps = [Step::expand(101, newest, endless)];
        let migrations = SqliteStore::migrations().and("98.0.0", 101, &steps);
        drop(SqliteStore::open_with(path, OpenMode::Tool, SessionPolicy::default(), &migrations));
        return;
    }
    let database = SqliteDatabase::make();
    let store = database.open(&SqliteStore::migrations()).await.unwrap();
    user(&store, "bob").await;
    drop(store);
    let before = database.tables();
    let test = "migrations::a_file_survives_a_kill_in_the_middle_of_a_step";
    let mut victim = start_victim(test, database.path().to_str().unwrap());
    let log = database.path().with_file_name("store.db-wal");
    until(async || {
        assert_eq!(victim.try_wait().unwrap(), None, "it ended by itself");
        size(&log) >= 1 << 20
    })
    .await;
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert_eq!(database.tables(), before);
    let store = database.open(&newer::<SqliteDatabase>()).await.unwrap();
    round_trip(&store, &store, "ann").await;
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

/// The same for a node; its connection's end undoes what it had begun.
#[tokio::test]
async fn a_shared_database_survives_a_kill_in_the_middle_of_a_step() {
    // It waits in the middle until it is killed.
    let endless = "CREATE TABLE devices (name text);
        ALTER TABLE sessions ADD COLUMN device text;
        SET LOCAL lock_timeout = 0;
        SELECT pg_advisory_xact_lock(1)";
    let newest = PostgresStore::migrations().range().newest;
    if let Some(url) = std::env::var_os(VICTIM) {
        let url = DatabaseUrl::parse(url.to_str().unwrap()).unwrap();
        let migrations =
            PostgresStore::migrations().and("98.0.0", 101, &[Step::expand(101, newest, endless)]);
        drop(PostgresDatabase(url).open(&migrations).await.map(drop));
        return;
    }
    let database = PostgresDatabase::make();
    drop(database.open(&PostgresStore::migrations()).await.unwrap());
    let before = database.tables();
    let (client, connection) =
        tokio_postgres::connect(&url_of(&database), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("SELECT pg_advisory_lock(1)").await.unwrap();
    let test = "migrations::a_shared_database_survives_a_kill_in_the_middle_of_a_step";
    let mut victim = start_victim(test, &url_of(&database));
    let waits = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    until(async || {
        assert_eq!(victim.try_wait().unwrap(), None, "it ended by itself");
        !client.query(waits, &[]).await.unwrap().is_empty()
    })
    .await;
    victim.kill().unwrap();
    victim.wait().unwrap();
    client.batch_execute("SELECT pg_advisory_unlock(1)").await.unwrap();
    let others =
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    until(async || client.query(others, &[]).await.unwrap().is_empty()).await;
    assert_eq!(database.tables(), before);
    let store = database.open(&newer::<PostgresDatabase>()).await.unwrap();
    round_trip(&store, &store, "ann").await;
}

/// Waits for something that will be so, and fails when it is not for long.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let so = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), so).await.expect("it never came true");
}

fn url_of(database: &PostgresDatabase) -> String {
    database::url(database.0.to_string().rsplit('/').next().unwrap())
}
