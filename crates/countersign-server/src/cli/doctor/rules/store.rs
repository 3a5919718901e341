//! Rules about the store, and about the disk under a database file.

use std::time::Duration;

use crate::cli::doctor::finding::{Rule, Verdict};
use crate::cli::doctor::seen::{FileSeen, RefusedKind, Seen, StoreSeen};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "store.opens",
        why: "Without its store the server answers nothing but requests with an access token.",
        mend: "make one with: countersign init; or put a damaged one back with: countersign restore FILE",
        judge: |seen| seen.store.as_ref().map(opens),
    },
    Rule {
        id: "store.version",
        why: "Older versions can lose what was committed, or lack what the store needs.",
        mend: "upgrade the database server, or this program",
        judge: |seen| not(seen, RefusedKind::Version).or_else(|| version(seen)),
    },
    Rule {
        id: "store.schema",
        why: "Tables that a program does not know make it refuse to start; those that it still has to change make its start long.",
        mend: "countersign migrate",
        judge: |seen| not(seen, RefusedKind::Schema).or_else(|| schema(seen.store.as_ref()?)),
    },
    Rule {
        id: "store.journal",
        why: "Without a write-ahead log, whoever reads keeps the server from writing.",
        mend: "start the server once: it turns the log on",
        judge: |seen| seen.file.as_ref().map(journal),
    },
    Rule {
        id: "store.log-size",
        why: "The log grows while somebody reads all the time, or while nobody may copy it back: reads get slow, and the disk full.",
        mend: "look for what has FILE open, such as a copying program: fuser -v FILE",
        judge: |seen| seen.file.as_ref().map(log_size),
    },
    Rule {
        id: "store.free-disk",
        why: "A full disk takes no sign-in and no log-out, and a backup needs room for a copy.",
        mend: "df -h DIRECTORY",
        judge: |seen| seen.file.as_ref().map(free_disk),
    },
    Rule {
        id: "store.permissions",
        why: "The database has password hashes and names: whoever reads it can guess at them.",
        mend: "chmod 600 FILE && chmod 700 DIRECTORY",
        judge: |seen| seen.file.as_ref().map(permissions),
    },
    Rule {
        id: "store.file-system",
        why: "SQLite's locks and its log do not work over a network: two machines can damage the database.",
        mend: "set data_dir to a directory on a local disk, or use PostgreSQL: countersign store copy DIRECTORY postgres://…",
        judge: |seen| seen.file.as_ref().map(file_system),
    },
    Rule {
        id: "store.sync",
        why: "Each commit waits for the disk, so a slow one holds up every sign-in and refresh. One that takes no time at all may \
              keep nothing when the power fails.",
        mend: "put data_dir on a faster disk",
        judge: |seen| seen.file.as_ref()?.sync.map(sync),
    },
];

fn opens(store: &StoreSeen) -> Verdict {
    match &store.refused {
        Some(refused) => Verdict::error(refused.why.as_str()),
        None => Verdict::good(format!("{} can be opened", store.place)),
    }
}

/// An error if it was refused because of this.
pub(super) fn not(seen: &Seen, kind: RefusedKind) -> Option<Verdict> {
    let refused = seen.store.as_ref()?.refused.as_ref().filter(|refused| refused.kind == kind)?;
    Some(Verdict::error(refused.why.as_str()))
}

fn version(seen: &Seen) -> Option<Verdict> {
    let file = seen.file.as_ref().map(|file| format!("SQLite {}", file.version));
    let shared = seen.postgres.as_ref().map(|shared| format!("PostgreSQL {}", shared.version));
    file.or(shared).map(Verdict::good)
}

fn schema(store: &StoreSeen) -> Option<Verdict> {
    let schema = store.schema.as_ref()?;
    let steps = |steps: &[i64]| steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Some(match (&schema.to_expand[..], &schema.to_contract[..]) {
        ([], []) => Verdict::good(format!("the tables are up to date: schema {}", schema.version)),
        ([], old) => Verdict::good(format!(
            "schema {}; step {} is left for when no older server runs",
            schema.version,
            steps(old)
        )),
        (new, _) if schema.expands_by_itself => Verdict::warning(format!(
            "schema {}; the next server to start makes step {} first",
            schema.version,
            steps(new)
        )),
        (new, _) => Verdict::error(format!(
            "schema {}; auto_migrate is off, and no server of this version starts before step {}",
            schema.version,
            steps(new)
        )),
    })
}

fn journal(file: &FileSeen) -> Verdict {
    if file.has_log {
        Verdict::good("a write-ahead log is used")
    } else {
        Verdict::warning(format!("{} has no write-ahead log", file.path))
    }
}

fn log_size(file: &FileSeen) -> Verdict {
    let copied =
        if file.is_litestreams { "; Litestream copies it, and decides when it starts over" } else { "" };
    let seen = format!("the write-ahead log has {}{copied}", size(file.log_bytes));
    Verdict::warning_if(file.log_bytes > LONG_LOG, seen).naming("FILE", &file.path)
}

fn free_disk(file: &FileSeen) -> Verdict {
    let (free, needed) = (file.free_bytes, file.bytes + file.log_bytes);
    let seen = format!("{} free on the disk of a database of {}", size(free), size(file.bytes));
    let verdict =
        if free < LEAST_FREE { Verdict::error(seen) } else { Verdict::warning_if(free < 2 * needed, seen) };
    verdict.naming("DIRECTORY", &file.directory)
}

fn permissions(file: &FileSeen) -> Verdict {
    let FileSeen { mode, directory_mode, path, directory, .. } = file;
    let verdict = if mode & 0o077 != 0 {
        Verdict::error(format!("{path} can be read by others on this machine (mode {mode:o})"))
    } else if directory_mode & 0o022 != 0 {
        Verdict::error(format!("others can put files into {directory} (mode {directory_mode:o})"))
    } else {
        Verdict::warning_if(
            directory_mode & 0o077 != 0,
            format!("{path} has mode {mode:o}, its directory {directory_mode:o}"),
        )
    };
    verdict.naming("FILE", path).naming("DIRECTORY", directory)
}

fn file_system(file: &FileSeen) -> Verdict {
    match file.network {
        Some(network) => Verdict::error(format!("{} is on {network}", file.path)),
        None => Verdict::good("the database is on a local file system"),
    }
    .naming("DIRECTORY", &file.directory)
}

fn sync((middle, slow): (Duration, Duration)) -> Verdict {
    let millis = |time: Duration| format!("{}.{:02} ms", time.as_millis(), time.as_micros() % 1000 / 10);
    let seen = format!("a write reaches the disk in {}, a slow one in {}", millis(middle), millis(slow));
    Verdict::warning_if(middle > SLOW_SYNC || slow > SLOWEST_SYNC, seen)
}

/// A size for people: whole numbers of KiB, MiB or GiB.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..0x10_0000 => format!("{} KiB", bytes.div_ceil(1 << 10)),
        0x10_0000..0x4000_0000 => format!("{} MiB", bytes >> 20),
        _ => format!("{}.{} GiB", bytes >> 30, ((bytes % (1 << 30)) * 10) >> 30),
    }
}

/// The server starts its log over at 64 MiB, unless something holds that up.
const LONG_LOG: u64 = 256 << 20;
const LEAST_FREE: u64 = 64 << 20;
const SLOW_SYNC: Duration = Duration::from_millis(20);
const SLOWEST_SYNC: Duration = Duration::from_millis(200);

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::doctor::rules::tests::Fixture;
    use crate::cli::doctor::seen::{Refused, SchemaSeen};

    pub(in crate::cli::doctor::rules) fn opened() -> StoreSeen {
        let schema =
            SchemaSeen { version: 12, to_expand: vec![], to_contract: vec![], expands_by_itself: true };
        StoreSeen { place: "/data/countersign.db".into(), refused: None, schema: Some(schema) }
    }

    pub(in crate::cli::doctor::rules) fn refused(kind: RefusedKind) -> Seen {
        let refused = Some(Refused { kind, why: format!("refused: {kind:?}") });
        let store = StoreSeen { refused, schema: None, ..opened() };
        Seen { store: Some(store), ..Seen::default() }
    }

    fn good() -> Seen {
        let file = FileSeen {
            path: "/data/countersign.db".into(),
            directory: "/data".into(),
            version: "3.51.3",
            has_log: true,
            bytes: 1 << 30,
            log_bytes: 64 << 20,
            is_litestreams: false,
            mode: 0o600,
            directory_mode: 0o700,
            free_bytes: 3 << 30,
            network: None,
            sync: Some((Duration::from_millis(1), Duration::from_millis(20))),
        };
        Seen { store: Some(opened()), file: Some(file), ..Seen::default() }
    }

    fn with(change: impl FnOnce(&mut FileSeen)) -> Seen {
        let mut bad = good();
        change(bad.file.as_mut().unwrap());
        bad
    }

    pub(in crate::cli::doctor::rules) fn fixtures() -> Vec<Fixture> {
        let mut pending = good();
        pending.store.as_mut().unwrap().schema.as_mut().unwrap().to_expand = vec![13];
        let reds = vec![
            ("store.opens", refused(RefusedKind::Other)),
            ("store.version", refused(RefusedKind::Version)),
            ("store.schema", pending),
            ("store.journal", with(|file| file.has_log = false)),
            ("store.log-size", with(|file| file.log_bytes = LONG_LOG + 1)),
            ("store.free-disk", with(|file| file.free_bytes = 2 << 30)),
            ("store.permissions", with(|file| file.mode = 0o640)),
            ("store.file-system", with(|file| file.network = Some("NFS"))),
            ("store.sync", with(|file| file.sync = Some((SLOW_SYNC * 2, SLOW_SYNC * 3)))),
        ];
        reds.into_iter().map(|(id, red)| Fixture { id, red, green: good() }).collect()
    }

    #[test]
    fn a_directory_that_others_write_to_is_worse_than_one_that_they_see() {
        let of = |mode| format!("{:?}", permissions(&with(|file| file.directory_mode = mode).file.unwrap()));
        for (mode, severity) in [(0o700, "Good"), (0o755, "Warning"), (0o770, "Error"), (0o707, "Error")] {
            assert!(of(mode).contains(severity), "{mode:o}");
        }
    }

    #[test]
    fn steps_that_only_a_command_makes_are_an_error_where_the_server_makes_none() {
        let mut store = opened();
        let schema = store.schema.as_mut().unwrap();
        schema.to_contract = vec![13];
        assert!(format!("{:?}", super::schema(&store)).contains("Good"));
        let schema = store.schema.as_mut().unwrap();
        (schema.to_expand, schema.expands_by_itself) = (vec![12], false);
        assert!(format!("{:?}", super::schema(&store)).contains("Error"));
        let strange = refused(RefusedKind::Schema);
        assert!(format!("{:?}", not(&strange, RefusedKind::Schema)).contains("Error"));
    }

    #[test]
    fn sizes_are_whole() {
        let sizes = [0, 1, 1 << 20, (3 << 30) / 2].map(size);
        assert_eq!(sizes, ["0 KiB", "1 KiB", "1 MiB", "1.5 GiB"]);
    }
}
