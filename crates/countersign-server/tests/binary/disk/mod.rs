//! A disk that the test commands, under the real binary: `shim.c`, compiled here, is loaded into each process that a
//! [`Place`] starts, and counts, fails and records what SQLite writes.

pub(crate) mod image;

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::process::Command;

use crate::harness::Place;

/// The disk under a place.
pub(crate) struct Disk {
    control: File,
}

const EIO: u64 = 5;
const ENOSPC: u64 = 28;
const EROFS: u64 = 30;
const TORN: u64 = 1000;

/// How an operation fails.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Once, with EIO.
    Io,
    /// Once; a write is done by half before the disk is found full.
    Torn,
    /// With EIO, and so does all that follows, until the disk is well again.
    IoFromThenOn,
    /// With ENOSPC, and so does all that follows, until the disk is well again.
    FullFromThenOn,
    /// With EROFS, and so does all that follows: a damaged file system is made read-only under a running server.
    ReadOnlyFromThenOn,
}

impl Fault {
    pub(crate) const ALL: [Self; 5] =
        [Self::Io, Self::Torn, Self::IoFromThenOn, Self::FullFromThenOn, Self::ReadOnlyFromThenOn];

    /// The error, and after how many operations it comes again.
    fn numbers(self) -> (u64, u64) {
        match self {
            Self::Io => (EIO, 0),
            Self::Torn => (TORN, 0),
            Self::IoFromThenOn => (EIO, 1),
            Self::FullFromThenOn => (ENOSPC, 1),
            Self::ReadOnlyFromThenOn => (EROFS, 1),
        }
    }
}

/// Where each number is in the control file: the order of `struct control`.
#[derive(Clone, Copy)]
enum Number {
    FailAt,
    Operations,
    Error,
    Every,
    Failures,
    Record,
    LogLength,
    Stalled,
    Count,
}

impl Disk {
    /// Puts the disk under every process that this place starts from now on.
    pub(crate) fn under(place: &mut Place) -> Self {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/binary/disk/shim.c");
        let library = place.path("shim.so");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .args([source, "-ldl", "-lpthread"])
            .output()
            .unwrap();
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        let control =
            File::options().read(true).write(true).create_new(true).open(place.path("disk-control")).unwrap();
        control.set_len(8 * Number::Count as u64).unwrap();
        File::create_new(place.path("disk-log")).unwrap();
        for (name, file) in
            [("LD_PRELOAD", "shim.so"), ("DISK_CONTROL", "disk-control"), ("DISK_LOG", "disk-log")]
        {
            let path = place.path(file);
            place.set(name, path.to_str().unwrap());
        }
        Self { control }
    }

    fn get(&self, number: Number) -> u64 {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, 8 * number as u64).unwrap();
        u64::from_ne_bytes(bytes)
    }

    fn set(&self, number: Number, value: u64) {
        self.control.write_all_at(&value.to_ne_bytes(), 8 * number as u64).unwrap();
    }

    /// The `nth` operation from now on fails; `nth` counts from 1.
    pub(crate) fn fail_at(&self, nth: u64, fault: Fault) {
        let (error, every) = fault.numbers();
        self.fail_every(nth, error, every);
    }

    /// One operation in `every` fails with EIO from now on.
    pub(crate) fn fail_often(&self, every: u64) {
        self.fail_every(every, EIO, every);
    }

    fn fail_every(&self, nth: u64, error: u64, every: u64) {
        self.set(Number::Failures, 0);
        self.set(Number::Error, error);
        self.set(Number::Every, every);
        self.set(Number::FailAt, self.get(Number::Operations) + nth);
    }

    /// Nothing fails any more; how many operations did.
    pub(crate) fn heal(&self) -> u64 {
        self.set(Number::FailAt, 0);
        self.get(Number::Failures)
    }

    /// Whether reads wait, as those of a network disk do whose other end is gone.
    pub(crate) fn stall_reads(&self, stalled: bool) {
        self.set(Number::Stalled, stalled.into());
    }

    /// From now on every change is written to the log.
    pub(crate) fn record(&self) {
        self.set(Number::Record, 1);
    }

    /// How long the log is: a place in it, to compare answers with.
    pub(crate) fn log_length(&self) -> u64 {
        self.get(Number::LogLength)
    }
}
