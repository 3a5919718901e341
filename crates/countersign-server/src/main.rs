//! The `countersign` binary.
mod config;
fn main() {}
