//! Looks into the database file of a place, beside whoever else uses it.

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

    /// No damage, and no half state: every change is there with its line in the audit log, its revocation, and no more.
    pub(crate) fn assert_consistent(&self) {
        let report: String = self.open().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(report, "ok");
        assert_eq!(self.count("pragma_foreign_key_check"), 0);
        let of = |kind: &str| format!("audit_log WHERE kind = '{kind}'");
        for (things, lines) in [
            ("sessions", of("login_succeeded")),
            ("sessions WHERE revoked_at IS NOT NULL", of("session_ended")),
            ("revocations", of("session_ended")),
            ("accounts", of("account_created")),
        ] {
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
