//! Turns a configuration into a running server: options, database and keys, router, start and stop.

pub(crate) mod access_log;
pub(crate) mod app;
mod certificate;
pub(crate) mod dev_mail;
pub(crate) mod dev_mark;
mod events;
pub(crate) mod examination;
pub(crate) mod hooks;
pub(crate) mod inherited;
pub(crate) mod instance;
pub(crate) mod mail;
pub(crate) mod master_key_file;
pub(crate) mod metrics;
pub(crate) mod mode;
pub(crate) mod options;
mod predecessor;
pub(crate) mod reload;
pub(crate) mod server;
mod service_manager;
mod signals;
mod signed_post;
pub(crate) mod store;
mod successor;
pub(crate) mod upstream;
pub(crate) mod webhooks;
