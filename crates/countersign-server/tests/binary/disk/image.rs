//! What a power failure leaves on the disk: everything that was synced before it, and of what was written since any
//! part, torn at sectors of 512 bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use countersign::internal::base::random::Random;

/// Everything that was done to the database's files, in order.
pub(crate) struct Log {
    entries: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    /// Where in the log the entry ends: from there on it is done.
    end: u64,
    /// Where it begins: what a sync covers is counted by this.
    begin: u64,
    file: u64,
    change: Change,
}

#[derive(Clone)]
enum Change {
    Write {
        offset: usize,
        bytes: Vec<u8>,
    },
    Truncate(usize),
    /// All that begins before this place in the log is safe.
    Sync(u64),
}

/// The files' names after the database's, by the number in the log.
const SUFFIXES: [(u64, &str); 3] = [(1, ""), (2, "-wal"), (3, "-journal")];
const SECTOR: usize = 512;

impl Log {
    /// Reads what the disk has recorded.
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let mut entries = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some((head, tail)) = rest.split_at_checked(32) {
            let number = |at: usize| u64::from_ne_bytes(head[8 * at..8 * at + 8].try_into().unwrap());
            let (kind, file, offset, length) = (number(0), number(1), number(2), number(3));
            let (data, after) = tail.split_at(usize::try_from(length).unwrap());
            let at = usize::try_from(offset).unwrap();
            let change = match kind {
                1 => Change::Write { offset: at, bytes: data.to_vec() },
                2 => Change::Truncate(at),
                _ => Change::Sync(offset),
            };
            let place = |rest: &[u8]| (bytes.len() - rest.len()) as u64;
            entries.push(Entry { begin: place(rest), end: place(after), file, change });
            rest = after;
        }
        Self { entries }
    }

    /// The place after one of the changes, drawn with `chance`.
    pub(crate) fn any_place(&self, chance: u64) -> u64 {
        let entry = chance % self.entries.len() as u64;
        self.entries[usize::try_from(entry).unwrap()].end
    }

    /// The log of a disk that acknowledges each sync and does none.
    pub(crate) fn without_syncs(&self) -> Self {
        let entries = self.entries.iter().filter(|entry| !matches!(entry.change, Change::Sync(_)));
        Self { entries: entries.cloned().collect() }
    }

    /// How often the write-ahead log was written from its beginning.
    pub(crate) fn starts_of_the_wal(&self) -> usize {
        let is_start =
            |entry: &&Entry| entry.file == 2 && matches!(entry.change, Change::Write { offset: 0, .. });
        self.entries.iter().filter(is_start).count()
    }

    /// How often something was synced.
    pub(crate) fn syncs(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry.change, Change::Sync(_))).count()
    }

    /// Writes to `to` what may be left of the database at `base` when the power fails at `cut`.
    pub(crate) fn power_fails(&self, cut: u64, seed: u64, base: &Path, to: &Path) {
        let dice = Random::insecure_seeded(seed);
        let mut files: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        for (number, suffix) in SUFFIXES {
            if let Ok(bytes) = fs::read(format!("{}{suffix}", base.display())) {
                files.insert(number, bytes);
            }
        }
        let done = || self.entries.iter().take_while(|entry| entry.end <= cut);
        let mut safe: BTreeMap<u64, u64> = BTreeMap::new();
        for entry in done() {
            if let Change::Sync(covered) = entry.change {
                let before = safe.entry(entry.file).or_default();
                *before = covered.max(*before);
            }
        }
        for entry in done() {
            let is_safe = entry.begin < safe.get(&entry.file).copied().unwrap_or_default();
            let fate = if is_safe { Fate::Kept } else { Fate::draw(&dice) };
            entry.change.apply(files.entry(entry.file).or_default(), fate, &dice);
        }
        for (number, suffix) in SUFFIXES {
            if let Some(bytes) = files.get(&number) {
                fs::write(format!("{}{suffix}", to.display()), bytes).unwrap();
            }
        }
    }
}

/// What became of a change that was not synced.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    Lost,
    Torn,
}

impl Fate {
    fn draw(dice: &Random) -> Self {
        [Self::Kept, Self::Lost, Self::Torn][usize::from(dice.bytes::<1>()[0] % 3)]
    }
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>, fate: Fate, dice: &Random) {
        if fate == Fate::Lost {
            return;
        }
        match self {
            Self::Sync(_) => {}
            Self::Truncate(length) => file.resize(*length, 0),
            Self::Write { offset, bytes } => {
                file.resize(file.len().max(offset + bytes.len()), 0);
                let mut from = 0;
                while from < bytes.len() {
                    let sector_end = (offset + from) / SECTOR * SECTOR + SECTOR;
                    let to = bytes.len().min(sector_end - offset);
                    if fate == Fate::Kept || dice.bytes::<1>()[0].is_multiple_of(2) {
                        file[offset + from..offset + to].copy_from_slice(&bytes[from..to]);
                    }
                    from = to;
                }
            }
        }
    }
}
