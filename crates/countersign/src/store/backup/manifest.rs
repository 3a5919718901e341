//! What a backup says of itself, before the database in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Manifest {
    /// The version of the format: 1.
    pub format: u32,
    /// The version of the program that made it.
    pub program: String,
    /// The version of the tables.
    pub schema: i64,
    /// What was committed then is in it, in Unix milliseconds.
    pub made_at: i64,
    /// The master keys that the store was used with: their numbers, and a fingerprint of each as hex digits.
    pub master_keys: BTreeMap<u8, String>,
    /// The key IDs of the signing keys, the oldest first.
    pub signing_keys: Vec<String>,
    /// How many rows the tables have.
    pub rows: BTreeMap<String, u64>,
    /// The size of the database, in bytes.
    pub database_bytes: u64,
    /// The SHA-256 of the database, as hex digits.
    pub database_sha256: String,
}

/// The version that this program writes and reads.
pub(super) const FORMAT: u32 = 1;
/// A manifest is a few hundred bytes.
pub(super) const MAX_BYTES: u32 = 1024 * 1024;
