//! The use cases, one verb a file: load, decide, store, revoke. Each is a method of
//! [`Countersign`](crate::Countersign).

pub mod accounts;
pub mod attempt;
pub mod audience;
pub mod audit;
pub mod audit_chain;
pub mod clients;
pub mod clock_notice;
pub mod embedded;
pub mod feed;
pub(crate) mod feed_keys;
pub(crate) mod figures;
pub mod follow_clock;
pub(crate) mod guess;
pub(crate) mod hooks;
pub mod import;
pub mod issue;
pub mod key_transfer;
pub mod key_withdrawal;
pub mod keys;
pub mod login;
pub(crate) mod login_error;
pub mod logout;
pub mod master_keys;
pub mod open;
pub mod password_change;
pub mod refresh;
pub mod reseal;
pub mod revocation;
pub mod session_cookie;
pub mod sessions;
pub mod upkeep;
pub mod upstream;
pub mod vouch;
pub(crate) mod write_back;
