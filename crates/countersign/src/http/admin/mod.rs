//! What administrators do over HTTP: accounts, keys, audit log. Every change is in the audit log with who made it.

pub(super) mod audit;
pub(super) mod keys;
pub(super) mod users;
