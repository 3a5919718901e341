//! The `countersign` binary.
mod config;
mod listen;
mod logging;
mod tls;
fn main() {}
