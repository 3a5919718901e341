//! Looks into the database file of a place, beside whoever else uses it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;

use crate::harness::{PATIENCE, Place};

/// The database of one place.
#[derive(Clone)]
pub(crate) struct Database {
    path: PathBuf,
}

impl Database {
    pub(crate) fn of(place: &Place) -> Self {
        Self { path: place.path("countersign-data/countersign.db") }
    }

    pub(crate) fn open(&self) -> Connection {
        let db = Connection::open(&self.path).unwrap();
        db.busy_timeout(PATIENCE.min(Duration::from_secs(10))).unwrap();
        db
    }

    pub(crate) fn execute(&self, sql: &str) {
        self.open().execute_batch(sql).unwrap();
    }

    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.open().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    pub(crate) fn count(&self, what: &str) -> i64 {
        self.number(&format!("SELECT count(*) FROM {what}"))
    }

    /// The same of what a killed server has left, without touching it: the next server is to find it so.
    pub(crate) fn assert_consistent_as_it_is(&self) {
        let folder = tempfile::tempdir().unwrap();
        let copy = Self { path: folder.path().join("copy.db") };
        for suffix in ["", "-wal"] {
            let name = |database: &Self| format!("{}{suffix}", database.path.display());
            if let Err(error) = fs::copy(name(self), name(&copy)) {
                assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
            }
        }
        copy.assert_consistent();
    }

    /// No damage, and no half state: every change is there with its line in the audit log, its revocation, and no more.
    pub(crate) fn assert_consistent(&self) {
        let report: String = self.open().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(report, "ok");
        assert_eq!(self.count("pragma_foreign_key_check"), 0);
        let ended = "'session_ended', 'refresh_reuse_detected'";
        for (things, kinds) in [
            ("sessions", "'login_succeeded'"),
            ("sessions WHERE revoked_at IS NOT NULL", ended),
            ("revocations", ended),
            ("accounts", "'account_created'"),
        ] {
            let lines = format!("audit_log WHERE kind IN ({kinds})");
            assert_eq!(self.count(things), self.count(&lines), "{things} and {lines}");
        }
        for log in ["audit_log", "revocations"] {
            assert_eq!(
                self.count(log),
                self.number(&format!("SELECT coalesce(max(sequence), 0) FROM {log}")),
                "a gap"
            );
        }
    }
}
