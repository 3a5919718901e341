//! The real store, one call at a time, with room for one planted bug.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::{AccountId, ApiKeyId, DeliveryId, SessionId, TicketId};
use countersign::internal::model::account::{
    Account, AccountChange, AccountFilter, AccountQuery, ChangeAccountOutcome, CreateAccountOutcome,
    Credentials, Deletion, EmailAddress, ImportAccountsOutcome, NewAccount, PasswordChange, PasswordTakeover,
    SetPasswordOutcome, TakeoverOutcome, Username,
};
use countersign::internal::model::activity::{Activity, ActivityQuery, ActivityRow};
use countersign::internal::model::api_key::{AddApiKeyOutcome, ApiKey, ApiKeyProof, KeyGrant, NewApiKey};
use countersign::internal::model::audit::{AuditEvent, AuditKind, AuditPage, AuditQuery};
use countersign::internal::model::audit_chain::{AuditGap, AuditHead, AuditRow, AuditSigner};
use countersign::internal::model::audit_reader::{AuditReader, ReaderNews};
use countersign::internal::model::audit_verify::ChainedRow;
use countersign::internal::model::client::{Client, ClientName, StoredClient};
use countersign::internal::model::context::Context;
use countersign::internal::model::email::{
    AccountEmail, AddEmailOutcome, ChangeEmailOutcome, EmailChange, EmailClaim, NewEmail,
};
use countersign::internal::model::feed_key::{AddFeedKeyOutcome, FeedKey, FeedKeyName, NewFeedKey};
use countersign::internal::model::key_change::ImportKeyOutcome;
use countersign::internal::model::key_withdrawal::{KeyWithdrawal, WithdrawOutcome};
use countersign::internal::model::master_key_use::{MasterKeyUse, ResealedKey};
use countersign::internal::model::oauth::{
    ClientTokenEnd, CodeRequest, Consent, IssueCodeOutcome, RedeemOutcome, Redemption, Use,
};
use countersign::internal::model::outbox::{
    Claim, Delivery, DeliveryQuery, NewDelivery, OutboxDepth, Settlement,
};
use countersign::internal::model::proof::{AuthMethod, AuthMethods, OutsideProof, Proof};
use countersign::internal::model::retention::{Sweep, Swept};
use countersign::internal::model::sealed_key::SealedKey;
use countersign::internal::model::second_factor::{
    AccountFactors, ChangeFactorsOutcome, FactorChange, ReauthenticateOutcome, Reauthentication,
    SecondFactor, ShownFactor,
};
use countersign::internal::model::session::refresh_token::PresentedToken;
use countersign::internal::model::session::{
    BindOutcome, BoundKey, EndReason, EndedSession, Grant, NewSession, RevocationCursor, RevocationPage,
    Rotation, Session, SessionProof, SessionSelector, StartSessionOutcome,
};
use countersign::internal::model::stored_key::{KnownKeys, StoredKey, WithdrawnKey};
use countersign::internal::model::ticket::{
    AccountRegistration, AddressUndo, ApproveOutcome, MailLimits, MailSignIn, NewTicket, PasswordReset,
    PresentedTicket, RegisterOutcome, ResetOutcome, SignInApproval, StartTicketOutcome, Ticket,
    TicketPurpose, UndoOutcome, VerifyOutcome,
};
use countersign::internal::password::PasswordHash;
use countersign::internal::throttle::{ThrottleExchange, ThrottleRecord};
use countersign::store::{
    AccountStore, ActivityStore, AnyStore, ApiKeyStore, AuditChainStore, AuditReaderStore, AuditStore,
    ClientStore, EmailStore, FeedKeyStore, KeyStore, OauthStore, OutboxStore, Sealed, SecondFactorStore,
    SessionStore, StoreError, StoreReading, ThrottleStore, TicketStore, Upkeep,
};

use tokio::sync::Notify;

use crate::executor::{now, stop_before_store_call};

/// One thing that a store, or what is around it, does wrong. Each has to be found by the auditor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// A rotation is answered and not stored.
    RotationNotStored,
    /// A logout is answered and not stored.
    LogoutNotStored,
    /// A logout is stored, and nobody in this process is told.
    LogoutNotTold,
    /// Disabling an account is stored, and nobody in this process is told.
    DisableNotTold,
    /// A password change leaves the other sessions' access tokens working.
    PasswordChangeNotTold,
    /// The rotation rule sees a clock that is slow.
    SlowClock,
    /// A login does not look whether the password is still the one that was checked.
    LoginIgnoresPasswordVersion,
    /// A login without the new password that is required is let in.
    RequiredChangeIgnored,
    /// A login leaves the session that it replaces alive.
    LoginReplacesNothing,
    /// A refresh gives the account as it was when first seen.
    StaleAccount,
    /// A password change ends the session that makes it, too.
    PasswordChangeKeepsNothing,
    /// Failed logins are not written down.
    FailureNotRecorded,
    /// House-keeping deletes sessions that are alive.
    GreedySweep,
    /// A young token is answered with its cookie again.
    CookieOnFresh,
    /// What other processes end is not followed.
    RevocationsNotFollowed,
    /// A crash loses the last thing that was acknowledged.
    LastWriteLost,
    /// A session that is bound to a key is refreshed without a proof of it.
    ProofNotChecked,
    /// Any key proves the device.
    AnyKeyProves,
    /// The parent has a window with a proof too.
    LateReplayRefused,
    /// No minimum age: tabs that wake together race.
    NoMinimumAge,
    /// No grace: a lost answer is theft.
    NoGrace,
    /// A second use of an old token is let through.
    ReuseForgiven,
    /// The parent, used again in its grace, is not given its successor but the one after that.
    ReplayRotates,
    /// Failed sign-ins are not kept over a restart.
    GuessesForgotten,
    /// An API key is revoked in the store, and nobody in this process is told.
    KeyRevocationNotTold,
    /// Revoking an API key is answered and not stored.
    KeyRevocationNotStored,
    /// An API key works though its account may have no session.
    KeyOutlivesAccount,
    /// An API key works after it has expired.
    KeyNeverExpires,
    /// An API key is made for a password that was changed in the meantime.
    KeyIgnoresPasswordVersion,
    /// A reset by mail is answered and not stored.
    ResetNotStored,
    /// A verification is answered and not stored.
    VerificationNotStored,
    /// A registration is answered and not stored.
    RegistrationNotStored,
    /// Taking an invitation back is answered and not stored.
    WithdrawalNotStored,
    /// An account is made with a ticket, and its password is lost.
    RegistrationWithoutPassword,
    /// The link of a sign-in that was used begins another session.
    MailSignInTwice,
    /// Wrong digits leave a sign-in by mail as it was.
    WrongDigitsForgiven,
    /// Any digits let the browser go on that asked.
    AnyDigits,
    /// The step of a code is not written when it is accepted.
    UsedStepNotStored,
    /// A recovery code is not used up when it is accepted.
    RecoveryCodeNotUsed,
    /// Whoever has an authenticator is let in without.
    SecondStepNotAsked,
    /// Codes of the next steps count as used, too.
    StepsUsedAhead,
    /// The way back of an address is answered and not stored.
    UndoNotStored,
    /// The way back of an address leaves the sessions of this process's guard working.
    UndoKeepsSessions,
    /// A mail is written without its ticket.
    MailWithoutTicket,
    /// A ticket is made without its mail.
    TicketWithoutMail,
    /// The notice of a reset is left out.
    ResetWithoutNotice,
    /// A ticket that was used or voided works again.
    TicketWorksTwice,
    /// A ticket works after another password was set.
    TicketIgnoresPassword,
    /// A ticket works after it has expired.
    TicketNeverExpires,
    /// Wrong codes are not counted.
    WrongCodesNotCounted,
    /// After a reset the old password works, and the new one does not.
    OldPasswordStays,
    /// A reset leaves the sessions of this process's guard working.
    ResetNotTold,
    /// Tickets survive a restore.
    TicketOutlivesRestore,
    /// One of several nodes does not follow what the others end.
    DeafNode,
    /// One of several nodes does not hear of the signing keys of the others.
    SigningKeysNotFollowed,
    /// One of several nodes goes by a clock of its own.
    ClockNotFollowed,
}

impl Bug {
    /// Whether it is there only where there are several nodes.
    pub(crate) const fn is_of_one_node(self) -> bool {
        matches!(self, Self::DeafNode | Self::SigningKeysNotFollowed | Self::ClockNotFollowed)
    }
}

#[derive(Debug)]
pub(crate) struct Faulty {
    pub(crate) inner: AnyStore,
    pub(crate) bug: Option<Bug>,
    first_seen: std::sync::Mutex<BTreeMap<AccountId, Account>>,
    seen_keys: std::sync::Mutex<BTreeMap<[u8; 32], KeyGrant>>,
}

impl Faulty {
    pub(crate) fn new(inner: AnyStore, bug: Option<Bug>) -> Self {
        Self { inner, bug, first_seen: std::sync::Mutex::default(), seen_keys: std::sync::Mutex::default() }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn rotation(&self, token: PresentedToken, context: &Context) -> Result<Rotation, StoreError> {
        let mut context = context.clone();
        if self.has(Bug::SlowClock) {
            context.now = context.now.minus(Duration::from_secs(120));
        }
        if self.has(Bug::RotationNotStored)
            && let (Some(mut session), Some(account)) =
                (now(self.inner.find_session(token.session_id))?, self.find_account_of(token.session_id)?)
            && session.revoked.is_none()
            && session.generation == token.generation
            && context.now >= session.rotated_at.plus(Duration::from_secs(20))
        {
            session.generation += 1;
            return Ok(Rotation::Advanced(Box::new(Grant::forged(account, session))));
        }
        let token = self.as_if_proved(token)?;
        if self.has(Bug::LateReplayRefused)
            && let Some(session) = now(self.inner.find_session(token.session_id))?
            && token.generation + 1 == session.generation
            && context.now >= session.rotated_at.plus(Duration::from_secs(15))
        {
            let one = SessionSelector::One(token.session_id);
            let ended = now(self.inner.end_sessions(one, EndReason::Reuse, &context))?.pop();
            return Ok(ended.map_or(Rotation::Unknown, Rotation::Reused));
        }
        let rotation = now(self.inner.rotate(token, &context))?;
        Ok(match rotation {
            Rotation::Fresh(grant) if self.has(Bug::CookieOnFresh) => Rotation::Replayed(grant),
            Rotation::Replayed(grant) if self.has(Bug::ReplayRotates) => {
                let newest = PresentedToken { generation: grant.session().generation, ..token };
                context.now = context.now.plus(Duration::from_secs(20));
                now(self.inner.rotate(newest, &context))?
            }
            Rotation::Reused(_) if self.has(Bug::ReuseForgiven) => {
                let session = now(self.inner.find_session(token.session_id))?.unwrap();
                let account = now(self.inner.find_account(session.account_id))?.unwrap();
                Rotation::Replayed(Box::new(Grant::forged(account, session)))
            }
            rotation => rotation,
        })
    }

    /// The token with a proof of the session's key, where the bug takes anything for one; without, where a late repeat is to be refused.
    fn as_if_proved(&self, token: PresentedToken) -> Result<PresentedToken, StoreError> {
        let found = now(self.inner.find_session(token.session_id))?;
        let key = found.and_then(|session| session.bound_key).map(|key| key.thumbprint());
        let is_taken =
            self.has(Bug::ProofNotChecked) || self.has(Bug::AnyKeyProves) && token.proven_key.is_some();
        Ok(if is_taken { token.with_proof_of(key) } else { token })
    }

    /// The ticket of a link that is dead, where the bug brings it to life.
    fn forgiven(
        &self,
        shown: PresentedTicket,
        purpose: TicketPurpose,
        context: &Context,
    ) -> Result<Option<Ticket>, StoreError> {
        match (shown, purpose) {
            (PresentedTicket::Link { .. }, TicketPurpose::Reset) if !self.has(Bug::MailSignInTwice) => {}
            (PresentedTicket::OwnLink { .. }, TicketPurpose::SignIn) if self.has(Bug::MailSignInTwice) => {}
            _ => return Ok(None),
        }
        let Some(ticket) = now(self.inner.find_ticket_of(shown))? else { return Ok(None) };
        let Some(account) = ticket.account_id else { return Ok(None) };
        let version = now(self.inner.credentials(account))?.map(|found| found.password_version);
        let is_forgiven = match self.bug {
            Some(Bug::TicketWorksTwice | Bug::MailSignInTwice) => ticket.consumed_at.is_some(),
            Some(Bug::TicketIgnoresPassword) => {
                ticket.is_alive(context.now) && ticket.password_version != version
            }
            _ => false,
        };
        Ok((is_forgiven && ticket.purpose == purpose).then_some(ticket))
    }

    fn before_its_end(&self, shown: PresentedTicket, context: &Context) -> Result<Context, StoreError> {
        let mut context = context.clone();
        if self.has(Bug::TicketNeverExpires)
            && let Some(ticket) = now(self.inner.find_ticket_of(shown))?
        {
            context.now = context.now.min(ticket.created_at);
        }
        Ok(context)
    }

    fn find_account_of(&self, session: SessionId) -> Result<Option<Account>, StoreError> {
        match now(self.inner.find_session(session))? {
            Some(session) => now(self.inner.find_account(session.account_id)),
            None => Ok(None),
        }
    }

    fn stale(&self, rotation: Rotation) -> Rotation {
        if !self.has(Bug::StaleAccount) {
            return rotation;
        }
        let old = |grant: Box<Grant>| {
            let (account, session) = grant.into_parts();
            let mut seen = self.first_seen.lock().unwrap();
            let account = seen.entry(account.id).or_insert(account).clone();
            Box::new(Grant::forged(account, session))
        };
        match rotation {
            Rotation::Fresh(grant) => Rotation::Fresh(old(grant)),
            Rotation::Advanced(grant) => Rotation::Advanced(old(grant)),
            Rotation::Replayed(grant) => Rotation::Replayed(old(grant)),
            rotation => rotation,
        }
    }
}

/// Verbs that do nothing but stop before the real one.
macro_rules! forward {
    ($($verb:ident($($name:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(async fn $verb(&self, $($name: $type),*) -> Result<$answer, StoreError> {
            stop_before_store_call().await;
            now(self.inner.$verb($($name),*))
        })*
    };
}

impl Sealed for Faulty {}

impl AccountStore for Faulty {
    forward! {
        create_account(account: NewAccount, context: &Context) -> CreateAccountOutcome;
        import_accounts(accounts: Vec<NewAccount>, context: &Context) -> ImportAccountsOutcome;
        find_account(id: AccountId) -> Option<Account>;
        account_for_login(username: &Username) -> Option<Credentials>;
        credentials(id: AccountId) -> Option<Credentials>;
        list_accounts(query: AccountQuery) -> Vec<Account>;
        count_accounts(filter: AccountFilter) -> u64;
        take_over_password(takeover: PasswordTakeover, context: &Context) -> TakeoverOutcome;
        rehash_password(id: AccountId, old: &PasswordHash, new: &PasswordHash) -> bool;
        delete_account(id: AccountId, deletion: Deletion, context: &Context) -> ChangeAccountOutcome;
        accounts_to_delete(at: Timestamp, limit: u32) -> Vec<AccountId>;
        password_hashes(limit: u32) -> Vec<PasswordHash>;
    }

    async fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
        context: &Context,
    ) -> Result<ChangeAccountOutcome, StoreError> {
        stop_before_store_call().await;
        Ok(match now(self.inner.change_account(id, change, context))? {
            ChangeAccountOutcome::Done(account, _) if self.has(Bug::DisableNotTold) => {
                ChangeAccountOutcome::Done(account, Vec::new())
            }
            outcome => outcome,
        })
    }

    async fn set_password(
        &self,
        mut change: PasswordChange,
        context: &Context,
    ) -> Result<SetPasswordOutcome, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::PasswordChangeKeepsNothing) {
            change.keep = None;
        }
        Ok(match now(self.inner.set_password(change, context))? {
            SetPasswordOutcome::Done(_) if self.has(Bug::PasswordChangeNotTold) => {
                SetPasswordOutcome::Done(Vec::new())
            }
            outcome => outcome,
        })
    }
}

impl ApiKeyStore for Faulty {
    forward! {
        list_api_keys(of: Option<AccountId>, limit: u32) -> Vec<ApiKey>;
        record_api_key_use(id: ApiKeyId, context: &Context) -> ();
    }

    async fn add_api_key(
        &self,
        mut key: NewApiKey,
        context: &Context,
    ) -> Result<AddApiKeyOutcome, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::KeyIgnoresPasswordVersion) {
            key.checked = None;
        }
        now(self.inner.add_api_key(key, context))
    }

    async fn admit_api_key(
        &self,
        proof: ApiKeyProof,
        mut at: Timestamp,
    ) -> Result<Option<KeyGrant>, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::KeyNeverExpires) {
            at = at.minus(Duration::from_secs(24 * 60 * 60));
        }
        let granted = now(self.inner.admit_api_key(proof, at))?;
        let (ApiKeyProof::Secret(hash), true) = (proof, self.has(Bug::KeyOutlivesAccount)) else {
            return Ok(granted);
        };
        let mut seen = self.seen_keys.lock().unwrap();
        if let Some(grant) = &granted {
            seen.insert(hash, grant.clone());
        }
        let live = now(self.inner.list_api_keys(None, 1_000))?.into_iter().filter(|key| key.is_live(at));
        let live: Vec<_> = live.map(|key| key.id).collect();
        Ok(granted.or(seen.get(&hash).filter(|grant| live.contains(&grant.key().id)).cloned()))
    }

    async fn revoke_api_key(
        &self,
        id: ApiKeyId,
        of: Option<AccountId>,
        context: &Context,
    ) -> Result<Option<EndedSession>, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::KeyRevocationNotStored) {
            return Ok(None);
        }
        let ended = now(self.inner.revoke_api_key(id, of, context))?;
        Ok(ended.filter(|_| !self.has(Bug::KeyRevocationNotTold)))
    }
}

impl EmailStore for Faulty {
    forward! {
        emails(account: AccountId) -> Vec<AccountEmail>;
        account_of_address(address: &EmailAddress, claim: EmailClaim) -> Option<Credentials>;
        sign_in_name(name: Option<&Username>, address: &EmailAddress) -> Option<Username>;
        add_email(new: NewEmail, context: &Context) -> AddEmailOutcome;
        change_email(change: EmailChange, context: &Context) -> ChangeEmailOutcome;
    }
}

impl OauthStore for Faulty {
    forward! {
        find_consent(account: AccountId, client: String, resources: Vec<String>) -> Option<Consent>;
        consents_of(account: AccountId) -> Vec<Consent>;
        disconnect_app(account: AccountId, client: String, context: &Context) -> Option<Vec<EndedSession>>;
        issue_code(request: CodeRequest, context: &Context) -> IssueCodeOutcome;
        end_client_token(end: ClientTokenEnd, context: &Context) -> Option<EndedSession>;
        use_once(used: Use, context: &Context) -> bool;
        redeem_code(redemption: Redemption, context: &Context) -> RedeemOutcome;
    }
}

impl SecondFactorStore for Faulty {
    forward! {
        find_passkey(credential_id: Vec<u8>) -> Option<SecondFactor>;
        change_factors(change: FactorChange, context: &Context) -> ChangeFactorsOutcome;
        reauthenticate(again: Reauthentication, context: &Context) -> ReauthenticateOutcome;
    }

    async fn second_factors(&self, account: AccountId) -> Result<AccountFactors, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::SecondStepNotAsked) {
            return Ok(AccountFactors::default());
        }
        let mut held = now(self.inner.second_factors(account))?;
        if self.has(Bug::StepsUsedAhead) {
            held.factors.iter_mut().for_each(|factor| factor.last_step += 2);
        }
        Ok(held)
    }
}

impl TicketStore for Faulty {
    forward! {
        find_ticket(id: TicketId) -> Option<Ticket>;
        find_ticket_of(shown: PresentedTicket) -> Option<Ticket>;
        invitations(now: Timestamp) -> Vec<Ticket>;
    }

    async fn withdraw_invitation(&self, id: TicketId, context: &Context) -> Result<bool, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::WithdrawalNotStored) {
            return Ok(true);
        }
        now(self.inner.withdraw_invitation(id, context))
    }

    async fn sign_in_by_mail(
        &self,
        sign_in: MailSignIn,
        context: &Context,
    ) -> Result<StartSessionOutcome, StoreError> {
        stop_before_store_call().await;
        if self.forgiven(sign_in.shown, TicketPurpose::SignIn, context)?.is_some() {
            return now(self.inner.start_session(sign_in.session, context));
        }
        now(self.inner.sign_in_by_mail(sign_in, context))
    }

    async fn approve_sign_in(
        &self,
        mut approval: SignInApproval,
        context: &Context,
    ) -> Result<ApproveOutcome, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::WrongDigitsForgiven) && !approval.is_right {
            return Ok(ApproveOutcome::Invalid);
        }
        approval.is_right |= self.has(Bug::AnyDigits);
        now(self.inner.approve_sign_in(approval, context))
    }

    async fn undo_address(&self, undo: AddressUndo, context: &Context) -> Result<UndoOutcome, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::UndoNotStored)
            && let Some(ticket) = now(self.inner.find_ticket_of(undo.shown))?
        {
            return Ok(UndoOutcome::Done(ticket.account_id.unwrap(), Vec::new()));
        }
        Ok(match now(self.inner.undo_address(undo, context))? {
            UndoOutcome::Done(id, _) if self.has(Bug::UndoKeepsSessions) => UndoOutcome::Done(id, Vec::new()),
            outcome => outcome,
        })
    }

    async fn register(
        &self,
        mut registration: AccountRegistration,
        context: &Context,
    ) -> Result<RegisterOutcome, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::RegistrationNotStored)
            && let Some(mut account) = now(self.inner.list_accounts(AccountQuery::by_name(None, 1)))?.pop()
        {
            (account.id, account.username) = (registration.account.id, registration.account.username);
            return Ok(RegisterOutcome::Done(Box::new(account)));
        }
        if self.has(Bug::RegistrationWithoutPassword) {
            registration.account.password_hash = None;
        }
        now(self.inner.register(registration, context))
    }

    async fn start_ticket(
        &self,
        mut new: NewTicket,
        limits: MailLimits,
        context: &Context,
    ) -> Result<StartTicketOutcome, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::TicketWithoutMail) {
            new.mail = None;
        }
        if self.has(Bug::MailWithoutTicket)
            && let Some(mail) = new.mail.take()
        {
            now(self.inner.add_delivery(mail, context))?;
            return Ok(StartTicketOutcome::Started);
        }
        now(self.inner.start_ticket(new, limits, context))
    }

    async fn look_at_ticket(
        &self,
        shown: PresentedTicket,
        purpose: TicketPurpose,
        context: &Context,
    ) -> Result<Option<Ticket>, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::WrongCodesNotCounted)
            && let PresentedTicket::Code { code_hash, .. } = shown
        {
            let found = now(self.inner.find_ticket_of(shown))?;
            if found.is_some_and(|found| found.code_hash != Some(code_hash)) {
                return Ok(None);
            }
        }
        if let Some(ticket) = self.forgiven(shown, purpose, context)? {
            return Ok(Some(ticket));
        }
        let context = self.before_its_end(shown, context)?;
        now(self.inner.look_at_ticket(shown, purpose, &context))
    }

    async fn reset_password(
        &self,
        mut reset: PasswordReset,
        context: &Context,
    ) -> Result<ResetOutcome, StoreError> {
        stop_before_store_call().await;
        let (shown, new) = (reset.shown, reset.new.clone());
        if self.has(Bug::ResetWithoutNotice) {
            reset.notice = None;
        }
        let looked = now(self.inner.find_ticket_of(shown))?;
        if self.has(Bug::ResetNotStored)
            && let Some(ticket) = now(self.inner.look_at_ticket(shown, TicketPurpose::Reset, context))?
        {
            return Ok(ResetOutcome::Done(ticket.account_id.unwrap(), Vec::new()));
        }
        if let Some(ticket) = self.forgiven(shown, TicketPurpose::Reset, context)? {
            let account_id = ticket.account_id.unwrap();
            now(self
                .inner
                .record(AuditEvent::new(AuditKind::PasswordReset).of_account(account_id), context))?;
            let change = PasswordChange { account_id, new, checked: None, keep: None, notice: None };
            let SetPasswordOutcome::Done(ended) = now(self.inner.set_password(change, context))? else {
                return Ok(ResetOutcome::Invalid);
            };
            return Ok(ResetOutcome::Done(account_id, ended));
        }
        let old = match looked.and_then(|ticket| ticket.account_id) {
            Some(id) => now(self.inner.credentials(id))?.and_then(|found| found.password_hash),
            None => None,
        };
        let context = self.before_its_end(shown, context)?;
        let outcome = now(self.inner.reset_password(reset, &context))?;
        if let (ResetOutcome::Done(id, _), Some(old), true) = (&outcome, old, self.has(Bug::OldPasswordStays))
        {
            now(self.inner.rehash_password(*id, &new, &old))?;
        }
        Ok(match outcome {
            ResetOutcome::Done(id, _) if self.has(Bug::ResetNotTold) => ResetOutcome::Done(id, Vec::new()),
            outcome => outcome,
        })
    }

    async fn verify_email(
        &self,
        shown: PresentedTicket,
        context: &Context,
    ) -> Result<VerifyOutcome, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::VerificationNotStored)
            && let Some(ticket) = now(self.inner.look_at_ticket(shown, TicketPurpose::Verify, context))?
        {
            return Ok(VerifyOutcome::Done(ticket.account_id.unwrap()));
        }
        let context = self.before_its_end(shown, context)?;
        now(self.inner.verify_email(shown, &context))
    }
}

impl ClientStore for Faulty {
    forward! {
        clients() -> Vec<Client>;
        find_client(name: ClientName) -> Option<StoredClient>;
        add_client(client: StoredClient, context: &Context) -> bool;
        remove_client(name: ClientName, context: &Context) -> bool;
    }
}

impl SessionStore for Faulty {
    forward! {
        find_session(id: SessionId) -> Option<Session>;
        bind_session(token: PresentedToken, key: BoundKey, context: &Context) -> BindOutcome;
        vouch(proof: SessionProof, at: Timestamp) -> Option<Grant>;
        list_sessions(of: Option<AccountId>, at: Timestamp, limit: u32) -> Vec<Session>;
        sessions_of(account: AccountId, before: Option<(Timestamp, SessionId)>, limit: u32) -> Vec<Session>;
    }

    async fn start_session(
        &self,
        mut session: NewSession,
        context: &Context,
    ) -> Result<StartSessionOutcome, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::LoginIgnoresPasswordVersion)
            && let Some(found) = now(self.inner.credentials(session.account_id))?
        {
            session.proof = Proof::Password { version: found.password_version };
        }
        // Whatever the application has checked needs no second step here, so nothing of it is written.
        let unwritten = match session.second.shown {
            ShownFactor::Totp { .. } if self.has(Bug::UsedStepNotStored) => Some("totp"),
            ShownFactor::RecoveryCode(_) if self.has(Bug::RecoveryCodeNotUsed) => Some("recovery_code"),
            ShownFactor::Nothing if self.has(Bug::SecondStepNotAsked) => Some("nothing"),
            _ => None,
        };
        if let Some(name) = unwritten {
            let methods = AuthMethods::of(AuthMethod::Password).and(AuthMethod::MultipleFactors);
            session.proof = Proof::Outside(OutsideProof::new(name, methods));
            session.second.shown = ShownFactor::Nothing;
        }
        if self.has(Bug::LoginReplacesNothing) {
            session.replaces = None;
        }
        if self.has(Bug::RequiredChangeIgnored) {
            let waived = AccountChange { password_change_required: Some(false), ..AccountChange::default() };
            now(self.inner.change_account(session.account_id, waived, context))?;
        }
        now(self.inner.start_session(session, context))
    }

    async fn rotate(&self, token: PresentedToken, context: &Context) -> Result<Rotation, StoreError> {
        stop_before_store_call().await;
        Ok(self.stale(self.rotation(token, context)?))
    }

    async fn end_sessions(
        &self,
        selector: SessionSelector,
        reason: EndReason,
        context: &Context,
    ) -> Result<Vec<EndedSession>, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::LogoutNotStored) {
            return Ok(Vec::new());
        }
        let ended = now(self.inner.end_sessions(selector, reason, context))?;
        Ok(if self.has(Bug::LogoutNotTold) { Vec::new() } else { ended })
    }

    async fn revocations(
        &self,
        after: Option<RevocationCursor>,
        at: Timestamp,
    ) -> Result<RevocationPage, StoreError> {
        stop_before_store_call().await;
        let mut page = now(self.inner.revocations(after, at))?;
        if self.has(Bug::RevocationsNotFollowed) || self.has(Bug::DeafNode) {
            page.log.clear();
        }
        Ok(page)
    }

    async fn end_sessions_before(&self, at: Timestamp, context: &Context) -> Result<Timestamp, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::TicketOutlivesRestore) {
            return Ok(at);
        }
        now(self.inner.end_sessions_before(at, context))
    }

    async fn restore_revocations(
        &self,
        ended: Vec<EndedSession>,
        context: &Context,
    ) -> Result<Vec<EndedSession>, StoreError> {
        stop_before_store_call().await;
        now(self.inner.restore_revocations(ended, context))
    }

    async fn rung(&self) {
        self.inner.rung().await;
    }
}

impl KeyStore for Faulty {
    forward! {
        signing_keys() -> Vec<StoredKey>;
        add_signing_key(key: StoredKey, newest: Option<String>, context: &Context) -> bool;
        withdrawn_keys() -> Vec<WithdrawnKey>;
        withdraw_signing_key(withdrawal: KeyWithdrawal, context: &Context) -> WithdrawOutcome;
        import_signing_key(key: StoredKey, newest: Option<String>, context: &Context) -> ImportKeyOutcome;
        restore_signing_keys(held: KnownKeys, context: &Context) -> usize;
        remove_signing_keys(kids: Vec<String>, context: &Context) -> usize;
        sealed_key(key: SealedKey) -> Option<Vec<u8>>;
        set_sealed_key(key: SealedKey, before: Option<Vec<u8>>, after: Vec<u8>) -> bool;
        master_key_fingerprints() -> BTreeMap<u8, [u8; 32]>;
        remember_master_keys(fingerprints: Vec<(u8, [u8; 32])>) -> ();
        reseal_signing_keys(resealed: Vec<ResealedKey>, context: &Context) -> usize;
        report_master_keys(numbers: Vec<u8>, at: Timestamp) -> ();
        master_key_use() -> MasterKeyUse;
    }
}

impl FeedKeyStore for Faulty {
    forward! {
        feed_keys() -> Vec<FeedKey>;
        add_feed_key(new: NewFeedKey, context: &Context) -> AddFeedKeyOutcome;
        remove_feed_key(name: FeedKeyName, context: &Context) -> bool;
    }
}

impl ThrottleStore for Faulty {
    forward! {
        throttle_records(since: Timestamp, limit: u32) -> Vec<ThrottleRecord>;
    }

    async fn exchange_throttle(&self, exchange: ThrottleExchange) -> Result<Vec<ThrottleRecord>, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::GuessesForgotten) {
            return Ok(Vec::new());
        }
        now(self.inner.exchange_throttle(exchange))
    }
}

impl AuditStore for Faulty {
    forward! {
        audit_log(query: AuditQuery) -> AuditPage;
    }

    async fn record(&self, event: AuditEvent, context: &Context) -> Result<(), StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::FailureNotRecorded) { Ok(()) } else { now(self.inner.record(event, context)) }
    }
}

impl AuditChainStore for Faulty {
    forward! {
        audit_head() -> Option<AuditHead>;
        audit_gaps() -> Vec<AuditGap>;
        chain_audit(sequences: Vec<i64>, cursor: String) -> usize;
        audit_chain(after: i64, limit: u32) -> Vec<ChainedRow>;
        unchained_audit(after: i64, limit: u32) -> Vec<AuditRow>;
    }

    fn sign_audit_with(&self, signer: AuditSigner) {
        self.inner.sign_audit_with(signer);
    }
}

impl AuditReaderStore for Faulty {
    forward! {
        audit_reader(reader: String) -> AuditReader;
        move_audit_position(reader: String, from: i64, to: i64) -> bool;
        note_audit_reader(reader: String, news: ReaderNews, now: Timestamp) -> (AuditReader, AuditReader);
    }
}

impl ActivityStore for Faulty {
    forward! {
        add_activity(noted: Activity) -> ();
        activity(query: ActivityQuery) -> Vec<ActivityRow>;
    }
}

impl OutboxStore for Faulty {
    forward! {
        add_delivery(delivery: NewDelivery, context: &Context) -> ();
        claim_deliveries(claim: Claim) -> Vec<Delivery>;
        settle_delivery(settlement: Settlement) -> bool;
        list_deliveries(query: DeliveryQuery) -> Vec<Delivery>;
        retry_delivery(id: DeliveryId, expires_at: Timestamp, context: &Context) -> bool;
        drop_delivery(id: DeliveryId, context: &Context) -> bool;
        outbox_depths() -> Vec<OutboxDepth>;
    }

    fn new_deliveries(&self) -> &Notify {
        self.inner.new_deliveries()
    }
}

impl Upkeep for Faulty {
    forward! {
        check(at: Timestamp) -> ();
        report_node() -> ();
        may_sweep() -> bool;
        time() -> Option<Timestamp>;
        record_backup(at: Timestamp, context: &Context) -> ();
        last_backup() -> Option<Timestamp>;
    }

    fn reading(&self) -> StoreReading {
        self.inner.reading()
    }

    async fn sweep(&self, mut sweep: Sweep) -> Result<Swept, StoreError> {
        stop_before_store_call().await;
        if self.has(Bug::GreedySweep) {
            sweep.now = sweep.now.plus(Duration::from_secs(37 * 24 * 3600 + 1800));
            sweep.keep_audit = Duration::from_secs(500 * 24 * 3600);
        }
        now(self.inner.sweep(sweep))
    }
}
