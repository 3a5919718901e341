//! The real binary, driven over loopback and its command line as an operator and a client would.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set up its scene has failed")]

#[cfg(target_os = "linux")]
mod database;
#[cfg(target_os = "linux")]
mod disk;
mod harness;

mod api_key;
mod attack;
mod audit_chain;
#[cfg(target_os = "linux")]
mod backup;
mod canary;
mod cli;
mod client;
mod configuration;
#[cfg(target_os = "linux")]
mod copying;
mod development;
#[cfg(target_os = "linux")]
mod doctor;
#[cfg(target_os = "linux")]
mod doctor_kept;
#[cfg(target_os = "linux")]
mod doctor_reach;
mod events;
mod events_tls;
#[cfg(target_os = "linux")]
mod failing_disk;
mod feed;
mod feed_guard;
mod guide;
#[cfg(target_os = "linux")]
mod hand_over;
#[cfg(target_os = "linux")]
mod hang_up;
mod hooks;
#[cfg(target_os = "linux")]
mod house_keeping;
mod import;
mod json_errors;
#[cfg(target_os = "linux")]
mod key_rotation;
mod key_transfer;
#[cfg(target_os = "linux")]
mod kill;
mod limits;
mod log;
mod mail;
mod master_key;
mod memory;
mod metrics;
mod migrate;
mod nodes;
mod pages;
mod passwords;
mod path_prefix;
mod postgres;
#[cfg(target_os = "linux")]
mod power_loss;
mod prometheus;
mod reload;
mod requests;
mod secrets;
mod shutdown;
mod templates;
#[cfg(target_os = "linux")]
mod terminal;
mod tls;
mod token;
mod token_url;
mod upstream;
mod webhooks;
mod withdrawn_key;

#[path = "../../../countersign/tests/support/postgres.rs"]
#[expect(dead_code, reason = "each test uses what it needs")]
mod postgresql;
#[path = "../../../countersign-fetch/tests/support/mod.rs"]
mod support;
