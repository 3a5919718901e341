//! PW-8: the memory of this process contains passwords and keys for moments. It must not get into the core
//! file of a crash, and other processes of the same user must not read it.

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::config::{Config, Toggle};

/// Turns off core files and access to the memory of this process, unless the configuration allows them.
pub(crate) fn prevent(config: &Config) {
    if config.core_dumps == Toggle::On {
        tracing::warn!("core_dumps is on: a crash writes passwords and keys to a file");
        return;
    }
    prevent_always();
}

/// The same, for a command that reads no configuration.
pub(crate) fn prevent_always() {
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        tracing::warn!(%error, "cannot turn off core files");
    }
    prevent_reading();
}

/// Also works where the kernel pipes core files to a program, which the limit does not prevent (core(5)).
#[cfg(target_os = "linux")]
fn prevent_reading() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "cannot prevent other processes from reading this process's memory");
    }
}

#[cfg(not(target_os = "linux"))]
const fn prevent_reading() {}
