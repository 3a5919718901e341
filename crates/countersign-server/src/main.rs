//! The `countersign` binary: the server and its command line.

mod audit_line;
mod cli;
mod config;
mod core_dumps;
mod logging;
mod net;
#[cfg(feature = "otlp")]
mod otlp;
mod output;
mod serve;

use std::process::ExitCode;

use mimalloc::MiMalloc;
use zeroizing_alloc::ZeroAlloc;

/// Wipes all freed memory (PW-8): secrets that we wipe also pass through buffers of the HTTP, TLS and JSON
/// libraries.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<MiMalloc> = ZeroAlloc(MiMalloc);

fn main() -> ExitCode {
    cli::run()
}
