//! What runs the verbs: opening the file, its tables, the writer thread with group commit, the reader threads, the queue between
//! them and their callers, and the write-ahead log's checkpoints. It knows no account and no session.

pub(super) mod checkpoint;
pub(super) mod job;
pub(super) mod open;
pub(super) mod queue;
pub(super) mod readers;
pub(super) mod schema;
pub(super) mod threads;
mod writer;
