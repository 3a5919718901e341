//! The real binary, driven over loopback and its command line as an operator and a client would.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set up its scene has failed")]

mod harness;

mod canary;
mod cli;
mod configuration;
mod development;
mod import;
mod kill;
mod limits;
mod memory;
mod passwords;
mod secrets;
mod shutdown;
mod tls;
mod token;
