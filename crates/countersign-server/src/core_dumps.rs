//! PW-8: the memory of this process has passwords and keys in it for moments, and must not end up in a core file that a
//! crash leaves behind, nor be readable by other processes of the same user.

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::config::{Config, Toggle};

/// Turns core files off for this process, and reading its memory, unless configured otherwise.
pub(crate) fn prevent(config: &Config) {
    if config.core_dumps == Toggle::On {
        tracing::warn!("core_dumps is on: a crash leaves passwords and keys in a file");
        return;
    }
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        tracing::warn!(%error, "core files cannot be turned off");
    }
    prevent_reading();
}

/// Also where core files go to a program instead of a file, which no limit holds back (core(5)).
#[cfg(target_os = "linux")]
fn prevent_reading() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "reading this process's memory cannot be turned off");
    }
}

#[cfg(not(target_os = "linux"))]
const fn prevent_reading() {}
