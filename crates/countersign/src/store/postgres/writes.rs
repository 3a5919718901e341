//! The writes of a plan, sorted for `apply.rs`: many of one kind are one statement.

use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::account::Account;
use crate::model::audit::AuditEvent;
use crate::model::password_hash::PasswordHash;
use crate::model::plan::Write;
use crate::model::session::{EndReason, EndedSession, Revocation};

/// The writes of a plan, with those of one kind together. Among themselves they keep their order, which the audit log
/// shows.
#[derive(Default)]
pub(super) struct Writes<'a> {
    pub(super) accounts: Vec<(&'a Account, Option<&'a PasswordHash>)>,
    pub(super) ended: Vec<End>,
    pub(super) revocations: Vec<Revocation>,
    pub(super) others: Vec<&'a Write>,
    pub(super) events: Vec<&'a AuditEvent>,
}

/// A session that ends.
pub(super) struct End {
    pub(super) id: SessionId,
    pub(super) at: Timestamp,
    pub(super) reason: EndReason,
}

impl<'a> Writes<'a> {
    pub(super) fn of(writes: &'a [Write]) -> Self {
        let mut all = Self::default();
        for write in writes {
            match write {
                Write::InsertAccount { account, password_hash } => {
                    all.accounts.push((account, password_hash.as_ref()));
                }
                Write::EndSession { ended, account_id, at, reason } => {
                    all.ended.push(End { id: ended.id, at: *at, reason: *reason });
                    all.revocations.push(revocation(*ended, Some(*account_id), *at));
                }
                Write::InsertRevocation { ended, account_id, at } => {
                    all.revocations.push(revocation(*ended, *account_id, *at));
                }
                Write::Record(event) => all.events.push(event),
                other => all.others.push(other),
            }
        }
        all
    }
}

const fn revocation(ended: EndedSession, account_id: Option<AccountId>, at: Timestamp) -> Revocation {
    Revocation { ended, account_id, ended_at: Some(at) }
}
