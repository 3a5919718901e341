//! The audit log against whoever can write the database and does not have the master key (LG-6): each row is signed when it is
//! written, and joins a chain a moment later. What a break in either means, `audit_verify.rs` decides.
//!
//! ```text
//! mac    = nonce(8) | HMAC-SHA256(row key, nonce | digest)[..16]      digest: SHA-256 of the row's columns
//! link n = HMAC-SHA256(link key, link n-1 | n | sequence | mac | digest)
//! ```
//!
//! Signing needs nothing of another row, so sign-ins do not wait for each other; that the positions in the chain have no gap is
//! what shows that no row is missing.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{self, SHA256};
use aws_lc_rs::{constant_time, hmac};

use crate::base::id::{AccountId, RequestId, SessionId};
use crate::base::master_key::{MasterKeys, SealError};
use crate::base::random::Random;
use crate::model::audit::AuditEvent;
use crate::model::context::Origin;
use crate::model::sealed_key::SealedKey;

/// Signs rows of the audit log, and the chain of them.
#[derive(Clone)]
pub struct AuditSigner {
    rows: hmac::Key,
    links: hmac::Key,
    random: Arc<Random>,
}

/// A row of the audit log, column by column as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct AuditRow {
    /// Its number in the log.
    pub sequence: i64,
    /// Unix milliseconds.
    pub at: i64,
    /// What the caller was.
    pub actor: String,
    /// The account that acted.
    pub actor_id: Option<AccountId>,
    /// The client's address.
    pub address: Option<String>,
    /// The ID of the HTTP request.
    pub request_id: Option<RequestId>,
    /// The kind of the event.
    pub kind: String,
    /// The account that it is about.
    pub account_id: Option<AccountId>,
    /// The session that it is about.
    pub session_id: Option<SessionId>,
    /// One word more.
    pub detail: Option<String>,
    /// Its signature; none from older versions, and from whoever has no key.
    pub mac: Option<Vec<u8>>,
}

/// The place of a row in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct AuditLink {
    /// Counted from 1, without a gap.
    pub position: i64,
    /// The row.
    pub sequence: i64,
    /// What binds it to all before it.
    pub link: [u8; 32],
}

/// The end of the chain, signed: nothing is cut off behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct AuditHead {
    /// Rows up to this one are of before there was a chain, and need no signature.
    pub begun_after: i64,
    /// The last position.
    pub position: i64,
    /// Its link; zeros before the first.
    pub link: [u8; 32],
    /// How far the log has been read, as the text of a cursor.
    pub cursor: String,
    /// The signature of the others.
    pub mac: [u8; 32],
}

/// Positions whose rows were deleted because their time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct AuditGap {
    /// The first of them.
    pub first: i64,
    /// The last of them.
    pub last: i64,
    /// The signature of both.
    pub mac: [u8; 32],
}

impl AuditSigner {
    /// With a secret of 32 bytes.
    pub(crate) fn new(secret: &[u8], random: Random) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derive = |what: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&secret, what).as_ref());
        Self { rows: derive(b"row"), links: derive(b"link"), random: Arc::new(random) }
    }

    /// The signer whose secret is sealed so.
    pub(crate) fn open(sealed: &[u8], keys: &MasterKeys, random: &Random) -> Result<Self, SealError> {
        Ok(Self::new(&SealedKey::Audit.open(sealed, keys)?, random.clone()))
    }

    /// The signature of an event that is about to be written.
    pub(crate) fn sign(&self, origin: &Origin, event: &AuditEvent) -> Vec<u8> {
        let nonce: [u8; 8] = self.random.bytes();
        let tag = tag(&self.rows, &[&nonce, &AuditRow::of(origin, event).digest()]);
        [nonce.as_slice(), &tag[..16]].concat()
    }

    /// Whether a row is as it was when it was signed.
    pub(crate) fn is_signed(&self, row: &AuditRow) -> bool {
        let Some((nonce, signature)) = row.mac.as_ref().and_then(|mac| mac.split_at_checked(8)) else {
            return false;
        };
        let expected = tag(&self.rows, &[nonce, &row.digest()]);
        constant_time::verify_slices_are_equal(&expected[..16], signature).is_ok()
    }

    /// What binds a row to the one before it.
    pub(crate) fn link(&self, before: &[u8; 32], position: i64, row: &AuditRow) -> [u8; 32] {
        let mac = row.mac.as_deref().unwrap_or_default();
        let (position, sequence) = (position.to_be_bytes(), row.sequence.to_be_bytes());
        let len = (mac.len() as u64).to_be_bytes();
        tag(&self.links, &[b"link", before, &position, &sequence, &len, mac, &row.digest()])
    }

    fn head_mac(&self, head: &AuditHead) -> [u8; 32] {
        let (begun, position) = (head.begun_after.to_be_bytes(), head.position.to_be_bytes());
        tag(&self.links, &[b"head", &begun, &position, &head.link, head.cursor.as_bytes()])
    }

    /// A gap that a deletion has made.
    pub(crate) fn gap(&self, first: i64, last: i64) -> AuditGap {
        let mac = tag(&self.links, &[b"gaps", &first.to_be_bytes(), &last.to_be_bytes()]);
        AuditGap { first, last, mac }
    }

    /// Whether a gap is one of ours.
    pub(crate) fn has_made(&self, gap: &AuditGap) -> bool {
        self.gap(gap.first, gap.last).mac == gap.mac
    }

    /// Whether a head is one of ours.
    pub(crate) fn has_signed(&self, head: &AuditHead) -> bool {
        self.head_mac(head) == head.mac
    }

    /// Adds rows behind the head, in their order; gives their places and the new head. Without a head, the chain begins:
    /// `newest` is the last row of before.
    pub(crate) fn extend(
        &self,
        head: Option<AuditHead>,
        newest: i64,
        rows: &[AuditRow],
        cursor: String,
    ) -> (Vec<AuditLink>, AuditHead) {
        let begin = || AuditHead { begun_after: newest, ..AuditHead::default() };
        let mut head = AuditHead { cursor, ..head.unwrap_or_else(begin) };
        let mut links = Vec::with_capacity(rows.len());
        for row in rows {
            head.position += 1;
            head.link = self.link(&head.link, head.position, row);
            links.push(AuditLink { position: head.position, sequence: row.sequence, link: head.link });
        }
        head.mac = self.head_mac(&head);
        (links, head)
    }

    /// The gaps that there are when these positions are gone too. `near` are those that touch them.
    pub(crate) fn gaps(&self, near: &[AuditGap], gone: &[i64]) -> Vec<AuditGap> {
        let mut ranges: Vec<_> = near.iter().map(|gap| (gap.first, gap.last)).collect();
        ranges.extend(gone.iter().map(|position| (*position, *position)));
        ranges.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::new();
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        merged.into_iter().map(|(first, last)| self.gap(first, last)).collect()
    }
}

impl AuditLink {
    /// A place.
    #[must_use]
    pub const fn new(position: i64, sequence: i64, link: [u8; 32]) -> Self {
        Self { position, sequence, link }
    }
}

impl AuditRow {
    fn of(origin: &Origin, event: &AuditEvent) -> Self {
        Self {
            sequence: 0,
            at: origin.now.as_unix_millis(),
            actor: origin.actor.name().to_owned(),
            actor_id: origin.actor.account_id(),
            address: origin.address.map(|address| address.to_string()),
            request_id: origin.request_id,
            kind: event.kind.name().to_owned(),
            account_id: event.account_id,
            session_id: event.session_id,
            detail: event.detail.clone(),
            mac: None,
        }
    }

    /// Of all columns but the number, which the store gives, and the signature.
    fn digest(&self) -> [u8; 32] {
        let mut hash = digest::Context::new(&SHA256);
        let mut part = |bytes: Option<&[u8]>| {
            hash.update(&[u8::from(bytes.is_some())]);
            hash.update(&(bytes.map_or(0, <[u8]>::len) as u64).to_be_bytes());
            hash.update(bytes.unwrap_or_default());
        };
        part(Some(&self.at.to_be_bytes()));
        part(Some(self.actor.as_bytes()));
        part(self.actor_id.as_ref().map(|id| id.as_bytes().as_slice()));
        part(self.address.as_deref().map(str::as_bytes));
        part(self.request_id.as_ref().map(|id| id.as_bytes().as_slice()));
        part(Some(self.kind.as_bytes()));
        part(self.account_id.as_ref().map(|id| id.as_bytes().as_slice()));
        part(self.session_id.as_ref().map(|id| id.as_bytes().as_slice()));
        part(self.detail.as_deref().map(str::as_bytes));
        let mut all = [0; 32];
        all.copy_from_slice(hash.finish().as_ref());
        all
    }
}

impl fmt::Debug for AuditSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditSigner([redacted])")
    }
}

fn tag(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    let mut tag = [0; 32];
    tag.copy_from_slice(context.sign().as_ref());
    tag
}
