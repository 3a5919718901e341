//! An event of the audit log.

use std::net::IpAddr;

use crate::base::id::{AccountId, RequestId, SessionId};
use crate::model::audit::AuditRecord;
use crate::wire::field::view;
use crate::wire::{Instant, Optional};

view! {
    /// An event of the audit log.
    AuditEventView {
        /// Its number in the log. Where several nodes write the log, an event with a smaller one may appear later.
        sequence: i64,
        at: Instant,
        event: &'a str,
        /// `anonymous`, `account`, `command_line` or `system`.
        actor: &'a str,
        address: Option<IpAddr>,
        /// The account that the event is about.
        account_id: Option<AccountId>,
        session_id: Option<SessionId>,
        detail: Option<&'a str>,
        ;optional
        /// The account that acted, if one did.
        actor_id: AccountId,
        /// The `X-Request-Id` of the response, if it was an HTTP request.
        request_id: RequestId,
    }
}

impl<'a> From<&'a AuditRecord> for AuditEventView<'a> {
    fn from(record: &'a AuditRecord) -> Self {
        Self {
            sequence: record.sequence,
            at: Instant(record.at),
            event: record.event.kind.name(),
            actor: record.actor.name(),
            address: record.address,
            account_id: record.event.account_id,
            session_id: record.event.session_id,
            detail: record.event.detail.as_deref(),
            actor_id: Optional(record.actor.account_id()),
            request_id: Optional(record.request_id),
        }
    }
}
