//! What runs the verbs: the address of the database, connections that are made anew when they break, transactions that
//! are repeated when they cross another, the schema, and who else works with it. It knows no account and no session.

pub(super) mod bell;
pub(super) mod connection;
pub(super) mod failure;
pub(super) mod history;
mod hosts;
pub(super) mod lane;
pub(super) mod nodes;
pub(super) mod open;
mod planned;
pub(super) mod schema;
pub(super) mod steps;
pub(super) mod target;
pub(super) mod time;
pub(super) mod transaction;
pub(super) mod value;
