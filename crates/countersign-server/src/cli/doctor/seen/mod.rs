//! What was seen, group by group: plain values, without a file, a connection or a secret in them. What was not looked at, or is
//! not there, is `None`.

mod outside;

use std::collections::BTreeMap;
use std::time::Duration;

use countersign::Timestamp;
use countersign::store::postgres::{DatabaseFindings, DatabaseUrl};
use ipnet::IpNet;

pub(in crate::cli) use self::outside::{CertificateSeen, ConsumerSeen, DocumentSeen, ReachSeen, ToldSeen};

/// Everything.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Seen {
    /// Why the configuration cannot be used.
    pub(in crate::cli) unusable: Option<String>,
    pub(in crate::cli) config: Option<ConfigSeen>,
    pub(in crate::cli) store: Option<StoreSeen>,
    pub(in crate::cli) file: Option<FileSeen>,
    pub(in crate::cli) postgres: Option<PostgresSeen>,
    pub(in crate::cli) master_key: Option<MasterKeySeen>,
    pub(in crate::cli) keys: Option<KeysSeen>,
    pub(in crate::cli) people: Option<PeopleSeen>,
    pub(in crate::cli) passwords: Option<PasswordsSeen>,
    pub(in crate::cli) browser: Option<BrowserSeen>,
    pub(in crate::cli) passkeys: Option<PasskeysSeen>,
    pub(in crate::cli) feed: Option<FeedSeen>,
    pub(in crate::cli) webhooks: Option<Vec<WebhookSeen>>,
    pub(in crate::cli) reach: Option<ReachSeen>,
    pub(in crate::cli) consumer: Option<ConsumerSeen>,
    pub(in crate::cli) system: Option<SystemSeen>,
    pub(in crate::cli) backup: Option<BackupSeen>,
}

/// The configuration, and the files and addresses that it names.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct ConfigSeen {
    /// What is allowed but risky.
    pub(in crate::cli) warnings: Vec<String>,
    /// Keys that are set and change nothing, each with the reason.
    pub(in crate::cli) without_effect: Vec<String>,
    pub(in crate::cli) issuer: String,
    /// Whether browsers and services elsewhere can know the server by it.
    pub(in crate::cli) is_public: bool,
    pub(in crate::cli) proxies: Vec<IpNet>,
    /// Whether the certificate files can be used, where there are some.
    pub(in crate::cli) certificate: Option<Result<(), String>>,
    /// What else `serve` would refuse at its start: the pepper, the logo, the data of `dev`.
    pub(in crate::cli) refused: Vec<String>,
    /// Addresses that cannot be listened on.
    pub(in crate::cli) deaf: Vec<String>,
    /// Addresses that can be, or that a process listens on already.
    pub(in crate::cli) listen: Vec<String>,
}

/// Whether the store can be opened.
#[derive(Clone, Debug)]
pub(in crate::cli) struct StoreSeen {
    /// Where it is, without a password.
    pub(in crate::cli) place: String,
    pub(in crate::cli) refused: Option<Refused>,
    /// Steps of the tables that are to be made: by any server, and by command.
    pub(in crate::cli) schema: Option<SchemaSeen>,
}

/// Why a store cannot be opened.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Refused {
    pub(in crate::cli) kind: RefusedKind,
    pub(in crate::cli) why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum RefusedKind {
    /// Too old for us.
    Version,
    /// It takes no writes.
    NotPrimary,
    /// It would forget what it acknowledges.
    NotDurable,
    /// Its tables are not ours.
    Schema,
    /// There is none, or it does not answer, or it is damaged.
    Other,
}

/// The tables.
#[derive(Clone, Debug)]
pub(in crate::cli) struct SchemaSeen {
    pub(in crate::cli) version: i64,
    pub(in crate::cli) to_expand: Vec<i64>,
    pub(in crate::cli) to_contract: Vec<i64>,
    pub(in crate::cli) expands_by_itself: bool,
}

/// A database file, and the disk that it is on.
#[derive(Clone, Debug)]
pub(in crate::cli) struct FileSeen {
    pub(in crate::cli) path: String,
    pub(in crate::cli) directory: String,
    pub(in crate::cli) version: &'static str,
    pub(in crate::cli) has_log: bool,
    pub(in crate::cli) bytes: u64,
    pub(in crate::cli) log_bytes: u64,
    pub(in crate::cli) is_litestreams: bool,
    pub(in crate::cli) mode: u32,
    pub(in crate::cli) directory_mode: u32,
    pub(in crate::cli) free_bytes: u64,
    /// The kind of file system, where it is one over a network.
    pub(in crate::cli) network: Option<&'static str>,
    /// How long a write to the disk takes: the middle, and the slowest but one in a hundred.
    pub(in crate::cli) sync: Option<(Duration, Duration)>,
}

/// A PostgreSQL database that can be used.
#[derive(Clone, Debug)]
pub(in crate::cli) struct PostgresSeen {
    pub(in crate::cli) version: String,
    pub(in crate::cli) synchronous_commit: String,
    pub(in crate::cli) standbys: String,
    pub(in crate::cli) pooler: Pooler,
    pub(in crate::cli) line: Line,
    pub(in crate::cli) clock_offset: Duration,
    pub(in crate::cli) is_clock_ahead: bool,
    pub(in crate::cli) updates: u64,
    pub(in crate::cli) hot_updates: u64,
    pub(in crate::cli) live: u64,
    pub(in crate::cli) dead: u64,
    pub(in crate::cli) oldest_transaction: u64,
}

/// What is between us and a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Pooler {
    None,
    /// `store_direct` leads past it.
    Avoidable,
    Unavoidable,
}

/// The connection to a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Line {
    Encrypted,
    /// It stays on this machine.
    Local,
    Open,
}

impl PostgresSeen {
    /// What was found in the database at `url`; whether `store_direct` leads past a pooler.
    pub(in crate::cli) fn new(found: &DatabaseFindings, url: &DatabaseUrl, has_direct_way: bool) -> Self {
        let sessions = found.sessions.unwrap_or_default();
        Self {
            version: found.version.clone(),
            synchronous_commit: found.synchronous_commit.clone(),
            standbys: found.synchronous_standby_names.clone(),
            pooler: match (found.has_pooler, has_direct_way) {
                (false, _) => Pooler::None,
                (true, true) => Pooler::Avoidable,
                (true, false) => Pooler::Unavoidable,
            },
            line: match (found.uses_tls, url.is_local()) {
                (true, _) => Line::Encrypted,
                (false, true) => Line::Local,
                (false, false) => Line::Open,
            },
            clock_offset: found.clock_offset,
            is_clock_ahead: found.is_clock_ahead,
            updates: sessions.updates,
            hot_updates: sessions.hot_updates,
            live: sessions.live,
            dead: sessions.dead,
            oldest_transaction: found.oldest_transaction,
        }
    }
}

/// The master key, never a byte of it.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct MasterKeySeen {
    /// Why there is none that can be used.
    pub(in crate::cli) unusable: Option<String>,
    /// Where it is.
    pub(in crate::cli) place: String,
    /// The mode of its file, where it is in one.
    pub(in crate::cli) mode: Option<u32>,
    /// By number: what tells keys apart and reveals nothing.
    pub(in crate::cli) fingerprints: BTreeMap<u8, [u8; 32]>,
    pub(in crate::cli) current: u8,
}

/// What a store has of keys.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct KeysSeen {
    /// Of the master keys that it was used with.
    pub(in crate::cli) fingerprints: BTreeMap<u8, [u8; 32]>,
    /// Of the master keys that are configured, with the number of the one in use; empty if that cannot be read.
    pub(in crate::cli) configured: BTreeMap<u8, [u8; 32]>,
    pub(in crate::cli) current: u8,
    /// Whether a shared secret signs, which never rotates.
    pub(in crate::cli) is_shared_secret: bool,
    /// The algorithms that tokens are signed with.
    pub(in crate::cli) in_use: Vec<String>,
    pub(in crate::cli) signing: Vec<SigningKeySeen>,
    pub(in crate::cli) rotate_every: Duration,
    pub(in crate::cli) publish_before: Duration,
    pub(in crate::cli) now: Option<Timestamp>,
}

/// A signing key, as far as everybody may see it.
#[derive(Clone, Debug)]
pub(in crate::cli) struct SigningKeySeen {
    pub(in crate::cli) kid: String,
    pub(in crate::cli) algorithm: String,
    pub(in crate::cli) active_from: Timestamp,
    /// The number of the master key that it is sealed under.
    pub(in crate::cli) sealed_under: Option<u8>,
}

/// The accounts.
#[derive(Clone, Debug)]
pub(in crate::cli) struct PeopleSeen {
    pub(in crate::cli) accounts: u64,
    /// Administrators that may sign in and have a password.
    pub(in crate::cli) administrators: u64,
}

/// The machine, and the process of the server if one runs, else this one.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct SystemSeen {
    /// The server that runs on this database.
    pub(in crate::cli) server: Option<u32>,
    pub(in crate::cli) open_files: Option<u64>,
    pub(in crate::cli) max_connections: u64,
    /// The real user of the server, or of this process.
    pub(in crate::cli) user: Option<u32>,
    /// Whether the configuration allows core files.
    pub(in crate::cli) core_dumps: bool,
    /// The size that a core file may have.
    pub(in crate::cli) core_bytes: Option<u64>,
    /// Whether the kernel's clock is synchronised, if the system says.
    pub(in crate::cli) is_clock_synchronised: Option<bool>,
    /// Why the time cannot be right.
    pub(in crate::cli) clock_refused: Option<String>,
    /// The memory that the process may use.
    pub(in crate::cli) memory: Option<u64>,
    /// What password hashes may take of it.
    pub(in crate::cli) hashing_budget: u64,
}

/// When the last backup was made.
#[derive(Clone, Debug)]
pub(in crate::cli) struct BackupSeen {
    pub(in crate::cli) last: Option<Timestamp>,
    pub(in crate::cli) now: Timestamp,
    pub(in crate::cli) accounts: u64,
}

/// Password hashing here, and a sample of the hashes that are stored.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct PasswordsSeen {
    /// While all threads compute one.
    pub(in crate::cli) hash_time: Option<Duration>,
    pub(in crate::cli) threads: u64,
    pub(in crate::cli) bytes_per_hash: u64,
    pub(in crate::cli) budget: u64,
    pub(in crate::cli) sampled: u64,
    /// Of the sample: those in the format of another system.
    pub(in crate::cli) foreign: u64,
    /// Of the sample: those that are not encrypted under the newest pepper. `None` without one.
    pub(in crate::cli) outdated_pepper: Option<u64>,
}

/// Who may call the API from a browser.
#[derive(Clone, Debug)]
pub(in crate::cli) struct BrowserSeen {
    /// The origin of the server.
    pub(in crate::cli) origin: String,
    /// `cors_origins`.
    pub(in crate::cli) origins: Vec<String>,
}

/// The site that passkeys are for, where they are on.
#[derive(Clone, Debug)]
pub(in crate::cli) struct PasskeysSeen {
    /// The origin of the server.
    pub(in crate::cli) origin: String,
    /// The domain that they are for.
    pub(in crate::cli) rp_id: String,
    /// `passkeys.related_origins`.
    pub(in crate::cli) related: Vec<String>,
    /// Whether browsers have passkeys at this origin.
    pub(in crate::cli) is_offered: bool,
}

/// A server that is told of events, as the store knows it.
#[derive(Clone, Debug)]
pub(in crate::cli) struct WebhookSeen {
    pub(in crate::cli) name: String,
    pub(in crate::cli) failing_since: Option<Timestamp>,
    pub(in crate::cli) off_since: Option<Timestamp>,
}

/// The feed of ended sessions, as the running server tells.
#[derive(Clone, Debug)]
pub(in crate::cli) struct FeedSeen {
    pub(in crate::cli) followers: u64,
    pub(in crate::cli) most: u64,
    pub(in crate::cli) worst_lag: Duration,
}
