//! The `countersign` binary: the server, and the command line to look after it.

mod cli;
mod config;
mod core_dumps;
mod logging;
mod net;
mod output;
mod pages;
mod serve;

use std::process::ExitCode;

use mimalloc::MiMalloc;
use zeroizing_alloc::ZeroAlloc;

/// Wipes all memory that is given back (PW-8): what we wipe ourselves is also in buffers of the HTTP, TLS and JSON
/// libraries for a moment.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<MiMalloc> = ZeroAlloc(MiMalloc);

fn main() -> ExitCode {
    cli::run()
}
