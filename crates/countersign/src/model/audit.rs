//! What is written down about who did what. An event commits in the same transaction as the change it describes
//! (LG-5), so the log and the state cannot disagree.

use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, RequestId, SessionId};
use crate::model::context::Actor;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditKind {
    /// A password was right and a session began.
    LoginSucceeded,
    /// A password was wrong, or the account cannot sign in; or, as the detail says then, the password was right and another
    /// one has to be chosen first.
    LoginFailed,
    /// Too many attempts: refused without looking.
    LoginThrottled,
    /// Failed sign-ins are spread over so many accounts that it looks like password spraying.
    SpraySuspected,
    /// A session ended; the detail says why.
    SessionEnded,
    /// An old refresh token came back: the session was ended (RF-2).
    RefreshReuseDetected,
    /// A token ahead of the database was accepted (RF-6): the store lost writes.
    SessionHealed,
    /// A password was changed by its owner or set by an administrator.
    PasswordChanged,
    /// The owner of an account has to choose another password before a session begins; those that there were have ended.
    PasswordChangeRequired,
    /// Another password is not required any more, though none was chosen.
    PasswordChangeWaived,
    /// An account was made.
    AccountCreated,
    /// Role or claims were changed.
    AccountChanged,
    /// An account may no longer sign in.
    AccountDisabled,
    /// An account may sign in again.
    AccountEnabled,
    /// An account is gone.
    AccountDeleted,
    /// Somebody began to export all accounts with their password hashes.
    AccountsExported,
    /// A signing key was made; it is published and will sign.
    KeyCreated,
    /// Signing keys that nothing needs any more were deleted.
    KeyRemoved,
}

impl AuditKind {
    /// Every kind with its stable name.
    pub const NAMES: [(Self, &'static str); 18] = [
        (Self::LoginSucceeded, "login_succeeded"),
        (Self::LoginFailed, "login_failed"),
        (Self::LoginThrottled, "login_throttled"),
        (Self::SpraySuspected, "spray_suspected"),
        (Self::SessionEnded, "session_ended"),
        (Self::RefreshReuseDetected, "refresh_reuse_detected"),
        (Self::SessionHealed, "session_healed"),
        (Self::PasswordChanged, "password_changed"),
        (Self::PasswordChangeRequired, "password_change_required"),
        (Self::PasswordChangeWaived, "password_change_waived"),
        (Self::AccountCreated, "account_created"),
        (Self::AccountChanged, "account_changed"),
        (Self::AccountDisabled, "account_disabled"),
        (Self::AccountEnabled, "account_enabled"),
        (Self::AccountDeleted, "account_deleted"),
        (Self::AccountsExported, "accounts_exported"),
        (Self::KeyCreated, "key_created"),
        (Self::KeyRemoved, "key_removed"),
    ];

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map_or("unknown", |(_, name)| name)
    }

    /// The kind with this stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// One event, before it has a place in the log. Who, when and from where is in the [`Context`] that goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// What happened.
    pub kind: AuditKind,
    /// Whose account it is about.
    pub account_id: Option<AccountId>,
    /// Which session it is about.
    pub session_id: Option<SessionId>,
    /// One stable word or short text more: an end reason, a role, a key id. Never what somebody typed in a failed
    /// login (LG-2: people type passwords there).
    pub detail: Option<String>,
}

impl AuditEvent {
    /// An event about nobody in particular.
    #[must_use]
    pub const fn new(kind: AuditKind) -> Self {
        Self { kind, account_id: None, session_id: None, detail: None }
    }

    /// The same, about an account.
    #[must_use]
    pub const fn of_account(mut self, id: AccountId) -> Self {
        self.account_id = Some(id);
        self
    }

    /// The same, about a session.
    #[must_use]
    pub const fn of_session(mut self, id: SessionId) -> Self {
        self.session_id = Some(id);
        self
    }

    /// The same, with one word more.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its place in the log; grows, never given twice.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// By which HTTP request; older records do not say.
    pub request_id: Option<RequestId>,
    /// From where.
    pub address: Option<IpAddr>,
    /// What.
    pub event: AuditEvent,
}

/// Which lines of the audit log to read: oldest first, or newest first with `before`.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Only lines after this place.
    pub after: i64,
    /// Only lines before this place, and the newest first.
    pub before: Option<i64>,
    /// Only this kind.
    pub kind: Option<AuditKind>,
    /// Only about this account.
    pub account_id: Option<AccountId>,
    /// At most so many.
    pub limit: u32,
}
