//! Finds the server of a database among the processes of this machine, and what limits it has (proc(5)).

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The process that holds the lock on a database: its server. `None` if none runs, or this is not Linux.
pub(super) fn server(database: &Path) -> Option<u32> {
    let mut lock = database.as_os_str().to_owned();
    lock.push(".lock");
    let inode = fs::metadata(Path::new(&lock)).ok()?.ino();
    holder(&fs::read_to_string("/proc/locks").ok()?, inode)
}

/// `1: FLOCK  ADVISORY  WRITE 4711 08:01:2621 0 EOF`.
fn holder(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(4);
        let (process, file) = (fields.next()?, fields.next()?);
        let is_it = file.rsplit(':').next()?.parse() == Ok(inode);
        process.parse().ok().filter(|process| is_it && *process > 0)
    })
}

/// What a process may do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) open_files: Option<u64>,
    pub(super) core_bytes: Option<u64>,
    pub(super) user: Option<u32>,
}

/// The limits of a process, or of this one.
pub(super) fn limits(process: Option<u32>) -> Limits {
    let folder = process.map_or_else(|| "/proc/self".to_owned(), |id| format!("/proc/{id}"));
    let read = |name: &str| fs::read_to_string(format!("{folder}/{name}")).unwrap_or_default();
    parse(&read("limits"), &read("status"))
}

fn parse(limits: &str, status: &str) -> Limits {
    let soft = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
        let soft = line.split_ascii_whitespace().next()?;
        if soft == "unlimited" { Some(u64::MAX) } else { soft.parse().ok() }
    };
    let user = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    Limits {
        open_files: soft("Max open files"),
        core_bytes: soft("Max core file size"),
        user: user.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_of_a_lock_is_found() {
        let locks = "1: POSIX  ADVISORY  WRITE 33 08:01:2621 0 EOF\n1: -> FLOCK ADVISORY WRITE 34 08:01:2622 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 4711 fd:00:26210 0 EOF\n3: FLOCK  ADVISORY  WRITE -1 fd:00:7 0 EOF\n";
        assert_eq!(
            [2621, 2622, 26210, 7, 1].map(|inode| holder(locks, inode)),
            [Some(33), None, Some(4711), None, None]
        );
    }

    #[test]
    fn limits_are_the_soft_ones() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max core file size        0                    unlimited            bytes\n\
                      Max open files            1024                 524288               files\n";
        let parsed = parse(limits, "Name:\tx\nUid:\t998\t0\t0\t0\n");
        assert_eq!(parsed, Limits { open_files: Some(1024), core_bytes: Some(0), user: Some(998) });
        assert_eq!(parse("Max core file size unlimited unlimited", "").core_bytes, Some(u64::MAX));
    }
}
