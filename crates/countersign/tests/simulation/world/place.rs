//! Where a life keeps what it stores: a file, or a database of a PostgreSQL server that the tests have started.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use countersign::internal::base::random::Random;
use countersign::internal::model::session::SessionPolicy;
use countersign::store::AnyStore;
use countersign::store::postgres::{DatabaseUrl, PostgresStore};
use countersign::store::sqlite::{OpenMode, SqliteStore};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::database;
use crate::executor::now;

pub(super) enum Place {
    File { home: TempDir, path: PathBuf, older: Option<PathBuf>, images: u32 },
    Database(String),
}

impl Place {
    /// An empty one. Only a database may have several servers (DB-6).
    pub(super) fn new(is_shared: bool) -> Self {
        if is_shared || database::is_wanted() {
            return Self::Database(database::new_database());
        }
        // A disk in memory where there is one: nothing here depends on what fsync costs.
        let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let path = home.path().join("0.db");
        Self::File { home, path, older: None, images: 0 }
    }

    pub(super) fn open(&self, mode: OpenMode, policy: SessionPolicy) -> AnyStore {
        match self {
            Self::File { path, .. } => AnyStore::Sqlite(SqliteStore::open(path, mode, policy).unwrap()),
            Self::Database(name) => {
                let url = DatabaseUrl::parse(&database::url(name)).unwrap();
                AnyStore::Postgres(now(PostgresStore::open(&url, policy, &Random::system())).unwrap())
            }
        }
    }

    /// The process is killed: a file is as it is in this moment, or as it was when it was last kept. A database does not
    /// notice.
    pub(super) fn crash(&mut self) {
        let Self::File { home, path, older, images } = self else { return };
        let from = older.take().unwrap_or_else(|| path.clone());
        *path = image_of(&from, home, images);
    }

    /// The next crash loses what is written from now on.
    pub(super) fn keep(&mut self) {
        let Self::File { home, path, older, images } = self else { return };
        *older = Some(image_of(path, home, images));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Database(name) = self {
            database::sql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

/// What a killed process leaves behind: the database and its log as they are in this moment.
fn image_of(path: &Path, home: &TempDir, images: &mut u32) -> PathBuf {
    *images += 1;
    let image = home.path().join(format!("{images}.db"));
    for suffix in ["", "-wal"] {
        let name = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        if name(path).exists() {
            fs::copy(name(path), name(&image)).unwrap();
        }
    }
    image
}

/// What drives the connections to a database, and their time-outs. What a life does next is its executor's decision all the
/// same.
pub(super) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap())
}
