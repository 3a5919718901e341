//! What the feed of ended sessions says, as server-sent events (WHATWG HTML §9.2) and as JSON. Both sides use
//! these types, so they cannot disagree.
//!
//! | event | `id` | meaning |
//! |---|---|---|
//! | `hello` | – | first: whether the entries are what the follower lacks (`delta`) or everything (`snapshot`) |
//! | `revoked` | cursor, or – | these sessions have ended; refuse their tokens until the given time |
//! | `sync` | cursor | the follower has everything up to `asOf`, and these keys are withdrawn; also ends a snapshot; at least every `heartbeat` |
//! | `reset` | – | the cursor means nothing any more: connect again without one |
//!
//! `hello` may have `notBefore`: tokens issued earlier are refused, for good. If that changes, `reset` comes, and a new `hello`.
//!
//! What precedes the first `sync` of a snapshot has no `id`: a follower that lost the connection in the middle of it
//! has its old cursor still, and begins again.
//!
//! Entries are added to a set: they may come twice and in any order. Nothing takes one away before its `until`, not even a
//! snapshot without it: an ended session does not come back to life, so the server may only have lost it. Unknown events and members are ignored;
//! `v` changes only when an older follower would misunderstand.

use serde::{Deserialize, Serialize};

/// The version of the format.
pub const VERSION: u32 = 1;
/// The most session IDs in one `revoked` event: it stays below 64 KiB.
pub const MAX_IDS: usize = 1_500;
/// The most key IDs in one `sync`: with 128 bytes each, the event stays below 64 KiB.
pub const MAX_WITHDRAWN: usize = 100;

/// What the entries up to the next `sync` are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedMode {
    /// Additions to what the cursor stands for.
    Delta,
    /// Everything that is still of use.
    Snapshot,
}

/// The first event of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// [`VERSION`].
    pub v: u32,
    /// The issuer whose sessions these are. The follower compares it with the one that it trusts.
    pub iss: String,
    /// What follows.
    pub mode: FeedMode,
    /// `sync` comes at least this often, in seconds.
    pub heartbeat: u64,
    /// How long an entry can be of use, in seconds: a cursor older than this gets a snapshot.
    pub retain: u64,
    /// The server's time, in Unix milliseconds.
    pub now: i64,
    /// Tokens that were issued before are refused, in Unix seconds: the store was put back to an earlier state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<i64>,
}

/// Sessions that have ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// When the last of their access tokens has expired, leeway included, in Unix seconds.
    pub until: i64,
    /// Their IDs (`sid`), at most [`MAX_IDS`].
    pub sid: Vec<String>,
    /// Whether more events of the same change follow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// The heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sync {
    /// The follower has everything that ended up to this time, in Unix milliseconds. It stands still while the
    /// server cannot read its own store.
    pub as_of: i64,
    /// The `ETag` of the JWK Set: a change tells the follower to fetch the keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<String>,
    /// The key IDs (`kid`) of keys that were withdrawn: refuse what they have signed, also if a cache still has the set
    /// that they are in. Always all of them, at most [`MAX_WITHDRAWN`]; what a follower has heard once stays refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<String>,
}

/// The same as one JSON document: for `GET` without a stream, with `wait` (long poll) or without (at once).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedDocument {
    /// The members of [`Hello`].
    #[serde(flatten)]
    pub hello: Hello,
    /// The members of [`Sync`].
    #[serde(flatten)]
    pub sync: Sync,
    /// What to ask with the next time (`after`).
    pub cursor: String,
    /// What has ended.
    pub revoked: Vec<Revoked>,
}
