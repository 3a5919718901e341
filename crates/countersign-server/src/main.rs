//! The `countersign` binary: the server, and the command line to look after it.

mod app;
mod cli;
mod config;
mod dev_mark;
mod instance;
mod listen;
mod logging;
mod master_key_file;
mod output;
mod pages;
mod server;
mod server_keys;
mod tls;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
