//! What a rule decides: an outcome, and the writes that make it true. In one transaction a store loads what a
//! rule needs, asks the rule, and carries its plan out. So each rule stands once, whatever the store, and is
//! tested without one.

use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, EmailId, FactorId, SessionId, TicketId, TrustedDeviceId};
use crate::model::account::Account;
use crate::model::api_key::{ApiKey, NewApiKey};
use crate::model::audit::AuditEvent;
use crate::model::client::{ClientName, StoredClient};
use crate::model::email::AccountEmail;
use crate::model::feed_key::FeedKey;
use crate::model::milestone::Milestone;
use crate::model::oauth::{Consent, NewCode, Use};
use crate::model::outbox::{DeliveryChange, NewDelivery};
use crate::model::password_hash::PasswordHash;
use crate::model::proof::AuthMethods;
use crate::model::second_factor::{RecoveryCodeHash, SecondFactor, ShownPasskey, TrustedDevice};
use crate::model::session::{BoundKey, EndReason, EndedSession, Session};
use crate::model::stored_key::{StoredKey, WithdrawnKey};
use crate::model::ticket::{NewTicket, TicketPurpose};

/// An outcome that is true as soon as the writes have been made, in their order and in the transaction that
/// loaded what the rule looked at.
#[derive(Debug)]
#[must_use = "the outcome is not true until the plan is carried out"]
pub(crate) struct Plan<O> {
    outcome: O,
    writes: Vec<Write>,
}

impl<O> Plan<O> {
    pub(in crate::model) const fn new(outcome: O, writes: Vec<Write>) -> Self {
        Self { outcome, writes }
    }

    /// An outcome that needs no write.
    pub(in crate::model) const fn nothing(outcome: O) -> Self {
        Self::new(outcome, Vec::new())
    }

    /// The same after these writes.
    pub(in crate::model) fn after(self, mut first: Vec<Write>) -> Self {
        first.extend(self.writes);
        Self { writes: first, ..self }
    }

    /// What has to be written.
    pub(crate) fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// Both, for a rule that another one is a part of.
    pub(in crate::model) fn into_parts(self) -> (O, Vec<Write>) {
        (self.outcome, self.writes)
    }

    /// The outcome. To be called when every write has been made, and nowhere but in a store's `apply`.
    pub(crate) fn carried_out(self) -> O {
        self.outcome
    }
}

impl Plan<()> {
    /// An event that goes with no change.
    pub(crate) fn record(event: AuditEvent) -> Self {
        Self::new((), vec![Write::Record(event)])
    }
}

/// One write. A failed one fails the whole transaction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Write {
    /// A new account; its password has the number 0.
    InsertAccount { account: Box<Account>, password_hash: Option<PasswordHash> },
    /// Role, claims, `disabled_at` and `password_change_required` as they are here.
    UpdateAccount(Box<Account>),
    /// A new password, the number that it gets, and whether another one is still required.
    SetPassword { account_id: AccountId, hash: PasswordHash, version: i64, change_required: bool },
    /// The account goes, with its sessions, API keys, addresses, tickets and factors.
    DeleteAccount(AccountId),
    /// A new session, not ended.
    InsertSession { session: Box<Session>, secret_hash: [u8; 32] },
    /// The one write of a rotation. It has to find the session open and at the generation `from`.
    MoveSession { id: SessionId, from: u32, to: u32, at: Timestamp, address: Option<IpAddr> },
    /// The session is bound to this key. It has to find it open, and not bound.
    BindSession { id: SessionId, key: BoundKey },
    /// The session ends early, and a line of the revocation log says so.
    EndSession { ended: EndedSession, account_id: AccountId, at: Timestamp, reason: EndReason },
    /// A line of the revocation log, of a session that is not there or has ended.
    InsertRevocation { ended: EndedSession, account_id: Option<AccountId>, at: Timestamp },
    /// A signing key, after all others.
    InsertSigningKey(Box<StoredKey>),
    /// The signing key with this key ID is sealed in another way.
    ResealSigningKey { kid: String, sealed: Vec<u8> },
    /// The signing key with this key ID goes.
    DeleteSigningKey(String),
    /// The key with this key ID never comes back.
    InsertWithdrawnKey(WithdrawnKey),
    /// A key for the feed of ended sessions.
    InsertFeedKey(FeedKey),
    /// The feed key with this number is not accepted any more.
    RevokeFeedKey { number: u32, at: Timestamp },
    /// A service that may ask about tokens.
    InsertClient(Box<StoredClient>),
    /// The client with this name goes.
    DeleteClient(ClientName),
    /// A new API key.
    InsertApiKey(Box<NewApiKey>),
    /// `session_id`, `last_used_at` and `revoked_at` of an API key as they are here.
    UpdateApiKey(Box<ApiKey>),
    /// A new e-mail address of an account.
    InsertEmail(Box<AccountEmail>),
    /// `verified_at` and `is_primary` of an address as they are here.
    UpdateEmail(Box<AccountEmail>),
    /// The address with this ID goes.
    DeleteEmail(EmailId),
    /// A new ticket.
    InsertTicket(Box<NewTicket>),
    /// `tries_left` and `consumed_at` of a ticket as they are here. It has to find it unused.
    UpdateTicket { id: TicketId, tries_left: u32, consumed_at: Option<Timestamp> },
    /// The ticket is approved. It has to find it unused, and not approved.
    ApproveTicket { id: TicketId, at: Timestamp },
    /// All unused tickets of this account (or of none) with this canonical address are void: those for one purpose, or all but
    /// ways back, which outlive the address that they bring back.
    VoidTickets {
        account_id: Option<AccountId>,
        canonical: String,
        purpose: Option<TicketPurpose>,
        at: Timestamp,
    },
    /// A new authenticator.
    InsertFactor(Box<SecondFactor>),
    /// A code of the authenticator was accepted. It has to find an earlier step.
    UseFactor { id: FactorId, step: i64, at: Timestamp },
    /// A passkey was accepted: its counter, and the challenge that it has answered. It has to find the challenge unanswered.
    UsePasskey { shown: Box<ShownPasskey>, account_id: AccountId, at: Timestamp },
    /// No passkey of this account may be shown in place of a password any more.
    PasskeysNeedAPassword(AccountId),
    /// The authenticator has another name.
    RenameFactor { id: FactorId, name: String },
    /// The authenticator goes.
    DeleteFactor(FactorId),
    /// These are the recovery codes of an account from now on, and no others.
    SetRecoveryCodes { account_id: AccountId, hashes: Vec<RecoveryCodeHash>, at: Timestamp },
    /// A recovery code was used. It has to find it unused.
    UseRecoveryCode { account_id: AccountId, hash: [u8; 32], at: Timestamp },
    /// A device is trusted, and was perhaps before.
    TrustDevice(Box<TrustedDevice>),
    /// A device is not trusted any more.
    ForgetDevice(TrustedDeviceId),
    /// The owner of a session has shown again who they are.
    Reauthenticate { id: SessionId, amr: AuthMethods, at: Timestamp },
    /// A new authorization code.
    InsertCode(Box<NewCode>),
    /// The code with this hash has begun a session. It has to find it unused.
    UseCode { hash: [u8; 32], at: Timestamp, session: SessionId },
    /// Something that is good once was used. It has to find it unused.
    UseOnce(Use),
    /// What the owner of an account allows an application, in place of what they did before.
    SetConsent(Box<Consent>),
    /// The owner of an account is asked again what this application may.
    ForgetConsents { account_id: AccountId, client_id: String },
    /// The store remembers this instant, in place of an earlier one.
    SetMilestone { milestone: Milestone, at: Timestamp },
    /// Something that is to be delivered to somebody outside.
    InsertDelivery(Box<NewDelivery>),
    /// A delivery is tried again, or goes.
    ChangeDelivery(DeliveryChange),
    /// A line of the audit log.
    Record(AuditEvent),
}
