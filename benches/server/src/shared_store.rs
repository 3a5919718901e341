//! A PostgreSQL server of this run, from the installed binaries, with a copy of the sessions; and what it has used.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::process::cpu_seconds_of_family;

#[path = "../../../crates/countersign/tests/support/postgres.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "the tests' own server, of which this needs a part"
)]
mod postgresql;

/// Ended when dropped.
pub(crate) struct SharedStore {
    server: postgresql::Server,
    database: String,
    url: String,
}

impl SharedStore {
    /// Copies everything of a data directory that no server has open.
    pub(crate) fn copy_of(data: &Path, binary: &Path) -> anyhow::Result<Self> {
        let server = postgresql::Server::start(SETTINGS, &[]);
        let database = server.new_database();
        let url = server.url(&database);
        // No password in an argument.
        let (user, place) = url.split_once('@').context("a user")?;
        let (user, password) = user.rsplit_once(':').context("a password")?;
        let mut copy = Command::new(binary);
        copy.args(["store", "copy"]).arg(data).arg(format!("{user}@{place}"));
        let copied = copy.env("COUNTERSIGN_STORE_PASSWORD", password).output()?;
        ensure!(copied.status.success(), "store copy: {}", String::from_utf8_lossy(&copied.stderr));
        // As after some minutes of work: nothing left to clear away, and nothing left to write.
        server.sql(&database, "VACUUM ANALYZE");
        server.sql(&database, "CHECKPOINT");
        Ok(Self { server, database, url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The processor time of all its processes.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let lock = fs::read_to_string(self.server.directory().join("data/postmaster.pid"))?;
        cpu_seconds_of_family(lock.lines().next().context("its number")?.parse()?)
    }

    /// Of the changes of sessions, the share that needed no index entry and left the row on its page.
    pub(crate) fn hot_share(&self) -> anyhow::Result<f64> {
        let share =
            "SELECT n_tup_hot_upd::float8 / n_tup_upd FROM pg_stat_user_tables WHERE relname = 'sessions'";
        Ok(self.server.sql(&self.database, share).trim().parse()?)
    }
}

/// Durable, and as the guide for many nodes advises.
const SETTINGS: &[&str] = &[
    "fsync=on",
    "shared_buffers=4GB",
    "checkpoint_timeout=30min",
    "max_wal_size=16GB",
    "wal_compression=lz4",
];
