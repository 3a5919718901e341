//! What is written down about who did what. An event commits in the same transaction as the change it
//! describes (LG-5), so the log and the state cannot disagree.

use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, RequestId, SessionId};
use crate::model::audit_cursor::AuditCursor;
use crate::model::context::Actor;
use crate::model::named::named;

named! {
    /// What happened.
    pub enum AuditKind {
        /// A password was right and a session began; or, as the detail says then, by a mail to the account's
        /// address, or the application vouched for its owner.
        LoginSucceeded = "login_succeeded",
        /// A password was wrong, or the account cannot sign in; or, as the detail says then, the password was
        /// right and another one has to be chosen first, or the application refused.
        LoginFailed = "login_failed",
        /// Too many attempts: refused without looking.
        LoginThrottled = "login_throttled",
        /// Failed sign-ins are spread over so many accounts that it looks like password spraying.
        SpraySuspected = "spray_suspected",
        /// A session ended; the detail says why.
        SessionEnded = "session_ended",
        /// An old refresh token came back: the session was ended (RF-2).
        RefreshReuseDetected = "refresh_reuse_detected",
        /// A token ahead of the database was accepted (RF-6): the store lost writes.
        SessionHealed = "session_healed",
        /// A session that had ended was alive again, or unknown to have ended, after another copy of the database took
        /// over, and a node that remembered has ended it again: the store lost writes.
        RevocationRestored = "revocation_restored",
        /// The store was put back to an earlier state: all sessions that had begun before this have ended.
        StoreRestored = "store_restored",
        /// The store was backed up.
        BackupMade = "backup_made",
        /// A password was changed by its owner or set by an administrator.
        PasswordChanged = "password_changed",
        /// The password of an account is from now on the one that the system it comes from has called right.
        PasswordTakenOver = "password_taken_over",
        /// The owner of an account has to choose another password before a session begins; those that there
        /// were have ended.
        PasswordChangeRequired = "password_change_required",
        /// Another password is not required any more, though none was chosen.
        PasswordChangeWaived = "password_change_waived",
        /// An account was made.
        AccountCreated = "account_created",
        /// Name, role or claims were changed; the detail says which of them, and both names or roles.
        AccountChanged = "account_changed",
        /// An account may no longer sign in.
        AccountDisabled = "account_disabled",
        /// An account may sign in again.
        AccountEnabled = "account_enabled",
        /// The owner of an account has asked for its deletion; the detail says when it is deleted. It may not sign in until then.
        AccountDeletionRequested = "account_deletion_requested",
        /// The owner of that account has taken it back, or an administrator has decided about it.
        AccountDeletionCancelled = "account_deletion_cancelled",
        /// An account is gone; the detail is the name that it had.
        AccountDeleted = "account_deleted",
        /// Somebody began to export all accounts with their password hashes.
        AccountsExported = "accounts_exported",
        /// A signing key was made; it is published and will sign.
        KeyCreated = "key_created",
        /// A signing key of another system was imported; it is published and will sign.
        KeyImported = "key_imported",
        /// Somebody took a copy of a private signing key.
        KeyExported = "key_exported",
        /// A signing key was missing after another copy of the database took over, and a node that held it has put it back:
        /// the store lost writes.
        KeyRestored = "key_restored",
        /// A signing key was withdrawn: what it has signed is refused at once.
        KeyWithdrawn = "key_withdrawn",
        /// Signing keys that nothing needs any more were deleted.
        KeyRemoved = "key_removed",
        /// A master key was added, taken into use or removed, or keys were sealed under it; the detail says which.
        MasterKeyChanged = "master_key_changed",
        /// A service may follow the feed of ended sessions; the detail is the name of its key.
        FeedKeyCreated = "feed_key_created",
        /// A service may not follow that feed any more.
        FeedKeyRemoved = "feed_key_removed",
        /// A service was allowed to ask about tokens; the detail is its name.
        ClientCreated = "client_created",
        /// A service is not allowed to any more.
        ClientRemoved = "client_removed",
        /// An API key was made for an account; the detail is its name and its ID.
        ApiKeyCreated = "api_key_created",
        /// An API key was used, for the first time on this day.
        ApiKeyUsed = "api_key_used",
        /// An API key was revoked; its tokens fail.
        ApiKeyRevoked = "api_key_revoked",
        /// Somebody had a delivery tried again that had been given up; the detail is its kind and its ID.
        DeliveryRetried = "delivery_retried",
        /// Somebody deleted a delivery; the detail is its kind and its ID.
        DeliveryDropped = "delivery_dropped",
        /// An account has one more e-mail address; the detail is the ID of the address, as in the three below.
        EmailAdded = "email_added",
        /// The owner of an account has proved that they read the mail of an address.
        EmailVerified = "email_verified",
        /// Another of an account's addresses gets its notices.
        EmailPrimaryChanged = "email_primary_changed",
        /// An account has an address less.
        EmailRemoved = "email_removed",
        /// An account has its former address again, by the link that was sent there; the detail is the ID of the address.
        EmailRestored = "email_restored",
        /// Somebody asked for a mail with a ticket for an account; the detail is what the ticket is for, and of an invitation the
        /// ticket's ID.
        TicketIssued = "ticket_issued",
        /// A password was set by somebody who reads the account's mail. The event `password_changed` follows.
        PasswordReset = "password_reset",
        /// Somebody who reads the account's mail let the browser go on that had asked to sign in; this is where the mail was read.
        SignInApproved = "sign_in_approved",
        /// Somebody made an account of their own; the detail is `register` or `invite` and the ID of the ticket, with which it was
        /// offered. The events `account_created` and `email_verified` go before it.
        AccountRegistered = "account_registered",
        /// An administrator took an invitation back; the detail is the ID of its ticket.
        InvitationWithdrawn = "invitation_withdrawn",
        /// An account has one more authenticator; the detail is its kind and its ID, as in the next.
        FactorAdded = "factor_added",
        /// An account has an authenticator less.
        FactorRemoved = "factor_removed",
        /// The signature counter of a passkey did not rise, so its answer was refused: a sign that its key was copied; the detail is
        /// its ID.
        PasskeyCounterFell = "passkey_counter_fell",
        /// An account has new recovery codes; all others are void.
        RecoveryCodesMade = "recovery_codes_made",
        /// Somebody signed in, or changed their factors, with a recovery code; the detail is how many are left.
        RecoveryCodeUsed = "recovery_code_used",
        /// The owner of a session has shown again who they are.
        Reauthenticated = "reauthenticated",
        /// The owner of an account is not asked for a second factor on a device for a while; the detail is its ID.
        DeviceTrusted = "device_trusted",
        /// A session is bound to a key of the device on which it began; the detail is the thumbprint of the key. It is not refreshed
        /// without a proof of that key.
        DeviceBound = "device_bound",
        /// Somebody presented the refresh token of such a session without that proof, and was refused; the session goes on. Once an hour for
        /// each session, from each process.
        DeviceProofMissing = "device_proof_missing",
        /// The owner of an account has allowed an application what it asked for; the detail is its ID, and the scopes.
        AppAllowed = "app_allowed",
        /// An application has got a session of its own for an account; the detail is its ID.
        AppConnected = "app_connected",
        /// The owner of an account has disconnected an application; the detail is its ID. What its sessions were goes before it.
        AppDisconnected = "app_disconnected",
    }
}

/// The kind of an event in the log: one that this version knows, or the name under which a newer one has
/// stored its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordedKind {
    /// A kind of this version.
    Known(AuditKind),
    /// A name that this version has no kind for.
    Unknown(String),
}

impl RecordedKind {
    /// Takes the name that a store kept.
    pub(crate) fn from_stored(name: String) -> Self {
        AuditKind::from_name(&name).map_or(Self::Unknown(name), Self::Known)
    }

    /// The name under which it is stored.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Known(kind) => kind.name(),
            Self::Unknown(name) => name,
        }
    }

    /// The kind, if this version knows it.
    #[must_use]
    pub const fn known(&self) -> Option<AuditKind> {
        match self {
            Self::Known(kind) => Some(*kind),
            Self::Unknown(_) => None,
        }
    }
}

impl AuditQuery {
    /// The instants from which and before which to read; everything, if the query says nothing.
    pub(crate) const fn range(&self) -> (Timestamp, Timestamp) {
        let since = match self.since {
            Some(at) => at,
            None => Timestamp::from_unix_millis(i64::MIN),
        };
        let until = match self.until {
            Some(at) => at,
            None => Timestamp::from_unix_millis(i64::MAX),
        };
        (since, until)
    }
}

impl AuditKind {
    /// Whether a session has ended, or may have, or tokens of an API key have to fail as if theirs had.
    pub(crate) const fn ends_session(self) -> bool {
        matches!(
            self,
            Self::SessionEnded
                | Self::RefreshReuseDetected
                | Self::RevocationRestored
                | Self::StoreRestored
                | Self::ApiKeyRevoked
                | Self::AccountDisabled
                | Self::AccountDeletionRequested
                | Self::AccountDeleted
                | Self::PasswordChangeRequired
        )
    }

    /// Whether an operator should look at it at once.
    #[must_use]
    pub const fn is_alarm(self) -> bool {
        matches!(
            self,
            Self::RefreshReuseDetected
                | Self::SessionHealed
                | Self::RevocationRestored
                | Self::StoreRestored
                | Self::KeyRestored
                | Self::KeyWithdrawn
                | Self::KeyExported
                | Self::SpraySuspected
                | Self::AccountsExported
        )
    }
}

/// One event, before it has a place in the log. Who, when and from where is in the [`Context`](crate::Context) that goes with
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent<K = AuditKind> {
    /// The kind. In an [`AuditRecord`] it may be a [`RecordedKind`] of a newer version.
    pub kind: K,
    /// The account that it is about.
    pub account_id: Option<AccountId>,
    /// The session that it is about.
    pub session_id: Option<SessionId>,
    /// One stable word or short text more: an end reason, a role, a key id, the name of a deleted account. Never what somebody typed in a
    /// failed login (LG-2: people type passwords there).
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
#[non_exhaustive]
pub struct AuditRecord {
    /// Its number in the log. Where several nodes write the log, a line with a smaller one may appear later.
    pub sequence: i64,
    /// The instant of the call.
    pub at: Timestamp,
    /// The caller.
    pub actor: Actor,
    /// The ID of the HTTP request; none for other calls, and in records of older versions.
    pub request_id: Option<RequestId>,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The event.
    pub event: AuditEvent<RecordedKind>,
}

/// A page of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditPage {
    /// The lines.
    pub lines: Vec<AuditRecord>,
    /// What to ask for next, to miss nothing: what comes after these lines, or, of a page that looked back, what is
    /// written from now on.
    pub next: AuditCursor,
}

/// Which lines of the audit log to read: oldest first, or newest first with `before`.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Only lines after this.
    pub after: AuditCursor,
    /// Only lines before the one with this sequence number, and the newest first.
    pub before: Option<i64>,
    /// Only this kind.
    pub kind: Option<AuditKind>,
    /// Only about this account.
    pub account_id: Option<AccountId>,
    /// Only what this account did to others, or to what belongs to nobody. It finds lines with `before` only.
    pub by_account: Option<AccountId>,
    /// Only lines of this instant and later.
    pub since: Option<Timestamp>,
    /// Only lines of before this instant.
    pub until: Option<Timestamp>,
    /// The most lines to give.
    pub limit: u32,
}
