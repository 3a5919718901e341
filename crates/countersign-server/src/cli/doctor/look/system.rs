//! Looks at the machine, and at the limits of the server or of this process.

use std::process::Command;

use countersign::Timestamp;
use countersign::calibrate::available_bytes;

use super::process;
use crate::cli::doctor::seen::SystemSeen;
use crate::config::{Config, Toggle};
use crate::serve::server::check_clock;

pub(super) fn system(config: &Config, now: Timestamp) -> SystemSeen {
    let server = if config.store.is_none() { process::server(&config.database_path()) } else { None };
    let limits = process::limits(server);
    SystemSeen {
        server,
        open_files: limits.open_files,
        max_connections: config.max_connections.into(),
        user: limits.user,
        core_dumps: config.core_dumps == Toggle::On,
        core_bytes: limits.core_bytes,
        is_clock_synchronised: is_clock_synchronised(),
        clock_refused: check_clock(now).err().map(|error| error.to_string()),
        memory: available_bytes(),
        hashing_budget: config.hashing_options().map_or(0, |hashing| hashing.memory_budget_bytes),
    }
}

/// What the kernel says (adjtimex(2)), whichever program keeps its clock. There is no safe way to ask it ourselves; systemd's
/// tool has it on most machines.
fn is_clock_synchronised() -> Option<bool> {
    let asked =
        Command::new("timedatectl").args(["show", "--property=NTPSynchronized", "--value"]).output().ok()?;
    match asked.stdout.trim_ascii() {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => None,
    }
}
