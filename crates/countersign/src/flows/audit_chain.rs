//! The chain of the audit log (LG-6): the key that signs it, rows that join it, and whether it is whole.

use crate::Countersign;
use crate::base::master_key::MasterKeys;
use crate::base::random::Random;
use crate::flows::keys::KeysError;
use crate::flows::sealed_keys::open_or_make;
use crate::model::audit::AuditQuery;
use crate::model::audit_chain::AuditSigner;
use crate::model::audit_cursor::AuditCursor;
use crate::model::audit_verify::{AuditFault, AuditWalk, ChainedRow};
use crate::model::sealed_key::SealedKey;
use crate::store::{Store, StoreError};

/// Whether the audit log is as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditReport {
    /// How many rows were looked at.
    pub rows: u64,
    /// Rows up to this number are of before there was a chain: only what happened to them since shows.
    pub begun_after: i64,
    /// The end of the chain. Kept at another place, it shows later whether the chain was put in another's place.
    pub head: Option<AuditMark>,
    /// What is wrong, in the order of the log.
    pub faults: Vec<AuditFault>,
}

/// A place in the chain, to be kept elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditMark {
    /// The position.
    pub position: i64,
    /// Its link.
    pub link: [u8; 32],
}

/// Lets a store that no system is opened over sign what it writes to the audit log. Makes no key: the server does.
///
/// # Errors
/// [`KeysError::Sealed`] when the key cannot be opened with these master keys, [`KeysError::Store`] when the store did not
/// answer.
pub async fn sign_audit(
    store: &impl Store,
    master_keys: &MasterKeys,
    random: &Random,
) -> Result<(), KeysError> {
    if let Some(sealed) = store.sealed_key(SealedKey::Audit).await? {
        store.sign_audit_with(open_signer(&sealed, master_keys, random)?);
    }
    Ok(())
}

/// The same, and makes the key if there is none.
pub(crate) async fn begin_signing(
    store: &impl Store,
    master_keys: &MasterKeys,
    random: &Random,
) -> Result<(), KeysError> {
    let secret = open_or_make(store, SealedKey::Audit, master_keys, random).await?;
    store.sign_audit_with(AuditSigner::new(&secret, random.clone()));
    Ok(())
}

fn open_signer(sealed: &[u8], keys: &MasterKeys, random: &Random) -> Result<AuditSigner, KeysError> {
    AuditSigner::open(sealed, keys, random)
        .map_err(|error| KeysError::Sealed { key: SealedKey::Audit, error })
}

impl<S: Store> Countersign<S> {
    /// Adds to the chain what was written since, at most so many rows; gives whether there may be more.
    pub(crate) async fn chain_audit(&self) -> Result<bool, StoreError> {
        let head = self.store.audit_head().await?;
        let is_new = head.is_none();
        // A text that nobody of ours has written leads to the beginning: rows that are chained already stay so.
        let after = head.and_then(|head| head.cursor.parse().ok()).unwrap_or(AuditCursor::START);
        let page =
            self.store.audit_log(AuditQuery { after, limit: AT_ONCE, ..AuditQuery::default() }).await?;
        if is_new || !page.lines.is_empty() {
            let sequences: Vec<_> = page.lines.iter().map(|line| line.sequence).collect();
            self.store.chain_audit(sequences, page.next.to_string()).await?;
        }
        Ok(page.lines.len() >= AT_ONCE as usize)
    }

    /// Looks whether the audit log is as it was written: chains what is not yet, then walks along all of it. `noted` is an end
    /// of the chain that was kept elsewhere.
    ///
    /// # Errors
    /// [`KeysError::Sealed`] when the key cannot be opened, [`KeysError::Store`] when the store did not answer.
    pub async fn verify_audit(&self, noted: Option<AuditMark>) -> Result<AuditReport, KeysError> {
        let report = self.walk_audit(noted).await?;
        // What was deleted meanwhile, because its time was over, may look as if it were missing.
        if report.faults.is_empty() { Ok(report) } else { self.walk_audit(noted).await }
    }

    async fn walk_audit(&self, noted: Option<AuditMark>) -> Result<AuditReport, KeysError> {
        while self.chain_audit().await? {}
        let Some(sealed) = self.store.sealed_key(SealedKey::Audit).await? else {
            return Ok(AuditReport::default());
        };
        let signer = open_signer(&sealed, &self.master_keys, &self.random)?;
        let (head, gaps) = (self.store.audit_head().await?, self.store.audit_gaps().await?);
        let end = head.as_ref().map_or(0, |head| head.position);
        let mut walk = AuditWalk::new(&signer, head.as_ref(), gaps);
        let (mut report, mut after, mut is_noted) = (AuditReport::default(), 0, noted.is_none());
        loop {
            let page = self.store.audit_chain(after, AT_ONCE).await?;
            for row in page.iter().filter(|row| row.place.position <= end) {
                walk.step(row);
                report.rows += 1;
                is_noted |=
                    noted.is_some_and(|it| (it.position, it.link) == (row.place.position, row.place.link));
            }
            let Some(last) = page.last().filter(|last| last.place.position < end) else { break };
            after = last.place.position;
        }
        walk.arrive(head.as_ref());
        let mut after = i64::MIN;
        loop {
            let page = self.store.unchained_audit(after, AT_ONCE).await?;
            for row in &page {
                walk.unchained(row);
            }
            report.rows += page.len() as u64;
            let Some(last) = page.last() else { break };
            after = last.sequence;
        }
        report.faults = std::mem::take(&mut walk.faults);
        if !is_noted {
            report.faults.push(AuditFault::NotedEnd);
        }
        report.begun_after = head.as_ref().map_or(0, |head| head.begun_after);
        report.head = head.map(|head| AuditMark { position: head.position, link: head.link });
        Ok(report)
    }

    /// The next rows of the chain after a position, for an export: chains what is not yet.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn export_audit(&self, after: i64) -> Result<Vec<ChainedRow>, StoreError> {
        let page = self.store.audit_chain(after, AT_ONCE).await?;
        if !page.is_empty() {
            return Ok(page);
        }
        while self.chain_audit().await? {}
        self.store.audit_chain(after, AT_ONCE).await
    }

    /// Looks whether rows of an export are as they were written, from its first on. What was deleted because its time was over
    /// before it was exported is no fault.
    ///
    /// # Errors
    /// [`KeysError::Sealed`] when the key cannot be opened, [`KeysError::Store`] when the store did not answer.
    pub async fn verify_export(&self, rows: &[ChainedRow]) -> Result<AuditReport, KeysError> {
        let Some(sealed) = self.store.sealed_key(SealedKey::Audit).await? else {
            return Ok(AuditReport::default());
        };
        let signer = open_signer(&sealed, &self.master_keys, &self.random)?;
        let (head, gaps) = (self.store.audit_head().await?, self.store.audit_gaps().await?);
        let mut walk = AuditWalk::new(&signer, head.as_ref(), gaps);
        if let Some(first) = rows.first() {
            walk.begin_before(first.place.position);
        }
        for row in rows {
            walk.step(row);
        }
        let last = rows.last().map(|last| AuditMark { position: last.place.position, link: last.place.link });
        let begun_after = head.map_or(0, |head| head.begun_after);
        Ok(AuditReport { rows: rows.len() as u64, begun_after, head: last, faults: walk.faults })
    }
}

const AT_ONCE: u32 = 500;
