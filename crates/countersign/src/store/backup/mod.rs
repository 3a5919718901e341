//! Backups of an embedded store: one moment of it in a file that only the master key opens, made while a server serves; and the
//! way back, which revives no session (DB-4).
//!
//! ```text
//! countersign.db → .snapshot (VACUUM INTO, one read transaction) → sealed, behind its manifest → FILE.unfinished → FILE
//! FILE → opened, compared with the manifest → countersign.db.restoring (all sessions end) → countersign.db
//! ```
//!
//! No file gets its name before all of it is on the disk. The master key is in none of them.

pub(super) mod error;
mod files;
mod make;
mod manifest;
mod restore;

pub use self::error::BackupError;
pub use self::files::{BackupStep, Progress};
pub use self::make::back_up;
pub use self::manifest::Manifest;
pub use self::restore::{Restored, Sessions, restore, verify};
