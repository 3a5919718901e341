//! Lines of the audit log, as many as there are in one statement.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::engine::value::{Bytes, Value};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, RequestId, SessionId};
use crate::model::audit::AuditEvent;
use crate::model::audit_chain::AuditSigner;
use crate::model::context::Origin;

/// Given once, after the store was opened: the key is in it.
pub(super) type Signer = Arc<OnceLock<AuditSigner>>;

/// Writes lines of the audit log that go with no change, in a transaction of their own.
pub(super) async fn record_and_commit(
    db: &Connection,
    events: &[(&Origin, &AuditEvent)],
    signer: Option<&AuditSigner>,
) -> Result<(), Failure> {
    db.query_and_commit(Lines::INSERT, &Lines::of(events, signer).values(), events.len()).await.map(drop)
}

/// Lines of the audit log, by column.
#[derive(Default)]
pub(super) struct Lines<'a> {
    at: Vec<Timestamp>,
    actor: Vec<&'a str>,
    actor_id: Vec<Option<AccountId>>,
    address: Vec<Option<String>>,
    request_id: Vec<Option<RequestId>>,
    kind: Vec<&'a str>,
    account_id: Vec<Option<AccountId>>,
    session_id: Vec<Option<SessionId>>,
    detail: Vec<Option<&'a str>>,
    mac: Vec<Option<Bytes>>,
}

impl<'a> Lines<'a> {
    /// In the order of the lines.
    pub(super) const INSERT: &'static str = "INSERT INTO audit_log
            (at, actor, actor_id, address, request_id, kind, account_id, session_id, detail, mac)
         SELECT at, actor, actor_id, address, request_id, kind, account_id, session_id, detail, mac
         FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) WITH ORDINALITY AS lines
            (at, actor, actor_id, address, request_id, kind, account_id, session_id, detail, mac, n)
         ORDER BY n";

    pub(super) fn of(events: &[(&'a Origin, &'a AuditEvent)], signer: Option<&AuditSigner>) -> Self {
        let mut lines = Self::default();
        for (origin, event) in events {
            lines.at.push(origin.now);
            lines.actor.push(origin.actor.name());
            lines.actor_id.push(origin.actor.account_id());
            lines.address.push(text(origin.address));
            lines.request_id.push(origin.request_id);
            lines.kind.push(event.kind.name());
            lines.account_id.push(event.account_id);
            lines.session_id.push(event.session_id);
            lines.detail.push(event.detail.as_deref());
            lines.mac.push(signer.map(|signer| Bytes(signer.sign(origin, event))));
        }
        lines
    }

    /// The columns, as `INSERT` has them.
    pub(super) fn values(&self) -> [&dyn Value; 10] {
        [
            &self.at,
            &self.actor,
            &self.actor_id,
            &self.address,
            &self.request_id,
            &self.kind,
            &self.account_id,
            &self.session_id,
            &self.detail,
            &self.mac,
        ]
    }
}

/// An address as it is stored.
pub(super) fn text(address: Option<IpAddr>) -> Option<String> {
    address.map(|address| address.to_string())
}
