//! The nouns, their legal transitions, and every decision about them. Pure: no `async`, no store, no HTTP. A
//! rule that changes what is stored gives a plan, which a store carries out.

pub mod account;
pub mod activity;
pub mod api_key;
pub mod audience;
pub mod audit;
pub mod audit_chain;
pub mod audit_cursor;
pub mod audit_verify;
pub(crate) mod backup;
pub mod client;
pub(crate) mod client_change;
pub mod context;
pub mod device_cookie;
pub mod feed_key;
pub(crate) mod feed_key_change;
pub mod finding;
pub mod key_change;
pub mod key_ring;
pub mod key_withdrawal;
pub mod master_key_use;
pub(crate) mod milestone;
mod named;
pub mod outbox;
pub(crate) mod password_hash;
pub(crate) mod plan;
pub mod proof;
pub mod reach_proof;
pub mod retention;
pub mod schema;
pub mod sealed_key;
pub(crate) mod seen;
pub mod session;
pub mod session_cookie;
pub mod stored_key;
pub mod verify_only;
