//! Looks at a database file and at the disk that it is on.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use countersign::Clock;
use countersign::store::sqlite::FileFindings;
use rustix::fs::{Mode, OFlags};

use crate::cli::doctor::seen::FileSeen;

/// What the file and its directory are.
pub(super) fn file(path: &Path, found: &FileFindings) -> FileSeen {
    let directory = path.parent().unwrap_or(Path::new("/"));
    FileSeen {
        path: path.display().to_string(),
        directory: directory.display().to_string(),
        version: found.version,
        has_log: found.has_log,
        bytes: found.bytes,
        log_bytes: found.log_bytes,
        is_litestreams: found.is_litestreams,
        mode: mode(path).unwrap_or_default(),
        directory_mode: mode(directory).unwrap_or_default(),
        free_bytes: rustix::fs::statvfs(directory).map_or(u64::MAX, |disk| disk.f_bavail * disk.f_frsize),
        network: network(directory),
        sync: sync(directory),
    }
}

/// The permissions of a file.
pub(super) fn mode(path: &Path) -> Option<u32> {
    Some(fs::metadata(path).ok()?.permissions().mode() & 0o777)
}

/// What kind of file system over a network a directory is on, by the numbers of statfs(2).
#[cfg(target_os = "linux")]
fn network(directory: &Path) -> Option<&'static str> {
    let kind = rustix::fs::statfs(directory).ok()?.f_type;
    NETWORKS.iter().find(|(number, _)| i64::from(*number) == kind).map(|(_, name)| *name)
}

#[cfg(target_os = "linux")]
const NETWORKS: [(u32, &str); 7] = [
    (0x6969, "NFS"),
    (0xff53_4d42, "SMB"),
    (0xfe53_4d42, "SMB"),
    (0x517b, "SMB"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
];

#[cfg(not(target_os = "linux"))]
fn network(_: &Path) -> Option<&'static str> {
    None
}

/// How long it takes until a page is on the disk: the middle of twenty times, and the slowest. In a file without a name, which
/// no directory shows and which is gone when it is closed; `None` where there can be none, or nothing may be written.
#[cfg(target_os = "linux")]
fn sync(directory: &Path) -> Option<(Duration, Duration)> {
    let nameless = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(directory, nameless, Mode::RUSR | Mode::WUSR).ok()?);
    let clock = Clock::system();
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let started = clock.monotonic();
        file.write_all(&[0; 4096]).and_then(|()| file.sync_data()).ok()?;
        times.push(clock.monotonic().saturating_sub(started));
    }
    times.sort();
    Some((*times.get(SYNCS / 2)?, *times.last()?))
}

#[cfg(not(target_os = "linux"))]
fn sync(_: &Path) -> Option<(Duration, Duration)> {
    None
}

#[cfg(target_os = "linux")]
const SYNCS: usize = 20;
