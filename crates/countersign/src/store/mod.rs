//! What a store must be able to do: verbs, not tables. There is one trait for each thing that is kept, each
//! in a file of its own with its contract, and [`Store`] is all of them.
//!
//! # What every store owes
//!
//! - One method is one state transition in one transaction, with the audit events that describe it. No
//!   transaction crosses these traits, and no use case sees a connection.
//! - A method that has answered `Ok` survives `kill -9` and power loss (DB-1). An `Err` means that nothing is
//!   known to have happened. Outcomes that a caller must tell apart are values: no rollback can undo them.
//! - A method that changes something loads what a rule of `model/` needs, asks the rule, and
//!   carries its plan out, with nobody else writing what was loaded in between. So the rule settles what a
//!   check before it could not (CC-2, CC-3, RF-7, TH-5): whether the account may sign in, whether its
//!   password is still the one that was checked, what a refresh token means. A store has no rule of its own.
//! - Time comes with each call ([`Context::now`](crate::model::context::Context::now)). Calls of several
//!   processes arrive with clocks that differ, and clocks are set back: no order may be taken from these
//!   instants where a sequence is asked for.
//! - Every method fails with [`StoreError::Overloaded`] when its bounded queue is full or it is known to be
//!   stalled, and with [`StoreError::Unavailable`] when the database cannot be reached, read or written.
//! - A call that is dropped leaves the old state or the new one (CC-6).
//! - It is opened with the [`SessionPolicy`](crate::model::session::SessionPolicy) that it applies.
//!
//! The cases in `tests/store` say the same, and run for every store.

mod accounts;
mod activity;
mod answer;
#[cfg(feature = "postgres")]
mod any;
mod api_keys;
mod audit;
mod audit_chain;
mod audit_readers;
pub mod backup;
mod clients;
#[cfg(feature = "postgres")]
pub mod copy;
mod emails;
mod feed_keys;
pub(crate) mod figures;
mod keys;
mod oauth;
mod outbox;
#[cfg(feature = "postgres")]
pub mod postgres;
mod second_factors;
mod sessions;
pub mod sqlite;
mod throttle;
mod tickets;
mod upkeep;

pub use self::accounts::AccountStore;
pub use self::activity::ActivityStore;
#[cfg(feature = "internal-testing")]
#[doc(hidden)]
pub use self::answer::Sealed;
pub use self::answer::{Answer, StoreError};
#[cfg(feature = "postgres")]
pub use self::any::AnyStore;
pub use self::api_keys::ApiKeyStore;
pub use self::audit::AuditStore;
pub use self::audit_chain::AuditChainStore;
pub use self::audit_readers::AuditReaderStore;
pub use self::clients::ClientStore;
pub use self::emails::EmailStore;
pub use self::feed_keys::FeedKeyStore;
pub use self::figures::StoreReading;
pub use self::keys::KeyStore;
pub use self::oauth::OauthStore;
pub use self::outbox::OutboxStore;
pub use self::second_factors::SecondFactorStore;
pub use self::sessions::SessionStore;
pub use self::throttle::ThrottleStore;
pub use self::tickets::TicketStore;
pub use self::upkeep::Upkeep;
pub use crate::model::schema::{Migrate, Migrations, Node, SchemaRange, SchemaRefused, SchemaStatus};

/// Where accounts, sessions, keys and the audit log are kept, durably. It cannot be implemented outside this
/// crate.
pub trait Store:
    AccountStore
    + SessionStore
    + KeyStore
    + FeedKeyStore
    + ClientStore
    + ApiKeyStore
    + EmailStore
    + OauthStore
    + SecondFactorStore
    + TicketStore
    + ThrottleStore
    + AuditStore
    + AuditChainStore
    + AuditReaderStore
    + ActivityStore
    + OutboxStore
    + Upkeep
{
}
impl<S> Store for S where
    S: AccountStore
        + SessionStore
        + KeyStore
        + FeedKeyStore
        + ClientStore
        + ApiKeyStore
        + EmailStore
        + OauthStore
        + SecondFactorStore
        + TicketStore
        + ThrottleStore
        + AuditStore
        + AuditChainStore
        + AuditReaderStore
        + ActivityStore
        + OutboxStore
        + Upkeep
{
}
