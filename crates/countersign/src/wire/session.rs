//! A session.

use std::net::IpAddr;

use crate::base::id::{AccountId, SessionId};
use crate::model::session::{Session, SessionPolicy};
use crate::wire::field::view;
use crate::wire::{Instant, Optional};

view! {
    /// A live session: one login on one device.
    SessionView {
        id: SessionId,
        account_id: AccountId,
        /// The `User-Agent` of the login.
        user_agent: Option<&'a str>,
        /// The client address of the login or of the last rotation.
        address: Option<IpAddr>,
        created_at: Instant,
        last_used_at: Instant,
        /// When it ends unless it is used before.
        expires_at: Instant,
        /// Whether it is bound to its device, so that no other can refresh it.
        bound: bool,
        ;optional
        /// Whether it is the session of the request; absent on the command line.
        current: bool,
        /// The ID of the application whose session it is; absent of a sign-in to this server itself.
        client_id: &'a str,
        /// What that may do.
        scope: String,
        /// When it ended early; absent while it lives, and where it just ran out.
        ended_at: Instant,
        /// Why.
        end_reason: &'static str,
    }
}

impl<'a> SessionView<'a> {
    /// The view of a session. `caller` is the session of the request that asks, if one does.
    #[must_use]
    pub fn new(session: &'a Session, policy: &SessionPolicy, caller: Option<SessionId>) -> Self {
        Self {
            id: session.id,
            account_id: session.account_id,
            user_agent: session.user_agent.as_deref(),
            address: session.address,
            created_at: Instant(session.created_at),
            last_used_at: Instant(session.rotated_at),
            expires_at: Instant(session.ends_at(policy)),
            bound: session.bound_key.is_some(),
            current: Optional(caller.map(|caller| caller == session.id)),
            client_id: Optional(session.app.as_ref().map(|app| app.client_id.as_str())),
            scope: Optional(session.app.as_ref().map(|app| app.scopes.to_string())),
            ended_at: Optional(session.revoked.map(|(at, _)| Instant(at))),
            end_reason: Optional(session.revoked.map(|(_, reason)| reason.name())),
        }
    }
}
