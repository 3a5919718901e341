//! Either store, chosen when the program starts: every verb is passed on.

use std::collections::BTreeMap;

use tokio::sync::Notify;

use super::answer::Sealed;
use super::postgres::PostgresStore;
use super::sqlite::SqliteStore;
use super::{
    AccountStore, ActivityStore, ApiKeyStore, AuditChainStore, AuditReaderStore, AuditStore, ClientStore,
    EmailStore, FeedKeyStore, KeyStore, OauthStore, OutboxStore, SecondFactorStore, SessionStore, StoreError,
    StoreReading, ThrottleStore, TicketStore, Upkeep,
};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, ApiKeyId, DeliveryId, SessionId, TicketId};
use crate::model::account::{
    Account, AccountChange, AccountFilter, AccountQuery, ChangeAccountOutcome, CreateAccountOutcome,
    Credentials, Deletion, EmailAddress, ImportAccountsOutcome, NewAccount, PasswordChange, PasswordTakeover,
    SetPasswordOutcome, TakeoverOutcome, Username,
};
use crate::model::activity::{Activity, ActivityQuery, ActivityRow};
use crate::model::api_key::{AddApiKeyOutcome, ApiKey, ApiKeyProof, KeyGrant, NewApiKey};
use crate::model::audit::{AuditEvent, AuditPage, AuditQuery};
use crate::model::audit_chain::{AuditGap, AuditHead, AuditRow, AuditSigner};
use crate::model::audit_reader::{AuditReader, ReaderNews};
use crate::model::audit_verify::ChainedRow;
use crate::model::client::{Client, ClientName, StoredClient};
use crate::model::context::Context;
use crate::model::email::{
    AccountEmail, AddEmailOutcome, ChangeEmailOutcome, EmailChange, EmailClaim, NewEmail,
};
use crate::model::feed_key::{AddFeedKeyOutcome, FeedKey, FeedKeyName, NewFeedKey};
use crate::model::key_change::ImportKeyOutcome;
use crate::model::key_withdrawal::{KeyWithdrawal, WithdrawOutcome};
use crate::model::master_key_use::{MasterKeyUse, ResealedKey};
use crate::model::oauth::{
    ClientTokenEnd, CodeRequest, Consent, IssueCodeOutcome, RedeemOutcome, Redemption, Use,
};
use crate::model::outbox::{Claim, Delivery, DeliveryQuery, NewDelivery, OutboxDepth, Settlement};
use crate::model::password_hash::PasswordHash;
use crate::model::retention::{Sweep, Swept};
use crate::model::sealed_key::SealedKey;
use crate::model::second_factor::{
    AccountFactors, ChangeFactorsOutcome, FactorChange, ReauthenticateOutcome, Reauthentication, SecondFactor,
};
use crate::model::session::refresh_token::PresentedToken;
use crate::model::session::{
    BindOutcome, BoundKey, EndReason, EndedSession, Grant, NewSession, RevocationCursor, RevocationPage,
    Rotation, Session, SessionProof, SessionSelector, StartSessionOutcome,
};
use crate::model::stored_key::{KnownKeys, StoredKey, WithdrawnKey};
use crate::model::ticket::{
    AccountRegistration, AddressUndo, ApproveOutcome, MailLimits, MailSignIn, NewTicket, PasswordReset,
    PresentedTicket, RegisterOutcome, ResetOutcome, SignInApproval, StartTicketOutcome, Ticket,
    TicketPurpose, UndoOutcome, VerifyOutcome,
};
use crate::throttle::{ThrottleExchange, ThrottleRecord};

/// A [`Store`](super::Store) of either kind.
#[derive(Debug)]
pub enum AnyStore {
    /// One file, one node.
    Sqlite(SqliteStore),
    /// One database, any number of nodes.
    Postgres(PostgresStore),
}

macro_rules! passed_on {
    ($($contract:ident { $($verb:ident($($name:ident: $type:ty),*) -> $outcome:ty;)* $(=> $($own:tt)*)? })*) => {
        $(impl $contract for AnyStore {
            $(async fn $verb(&self, $($name: $type),*) -> Result<$outcome, StoreError> {
                match self {
                    Self::Sqlite(store) => store.$verb($($name),*).await,
                    Self::Postgres(store) => store.$verb($($name),*).await,
                }
            })*
            $($($own)*)?
        })*
    };
}

passed_on! {
    AccountStore {
        create_account(account: NewAccount, context: &Context) -> CreateAccountOutcome;
        import_accounts(accounts: Vec<NewAccount>, context: &Context) -> ImportAccountsOutcome;
        find_account(id: AccountId) -> Option<Account>;
        account_for_login(username: &Username) -> Option<Credentials>;
        credentials(id: AccountId) -> Option<Credentials>;
        list_accounts(query: AccountQuery) -> Vec<Account>;
        count_accounts(filter: AccountFilter) -> u64;
        change_account(id: AccountId, change: AccountChange, context: &Context) -> ChangeAccountOutcome;
        set_password(change: PasswordChange, context: &Context) -> SetPasswordOutcome;
        take_over_password(takeover: PasswordTakeover, context: &Context) -> TakeoverOutcome;
        rehash_password(id: AccountId, old: &PasswordHash, new: &PasswordHash) -> bool;
        password_hashes(limit: u32) -> Vec<PasswordHash>;
        delete_account(id: AccountId, deletion: Deletion, context: &Context) -> ChangeAccountOutcome;
        accounts_to_delete(now: Timestamp, limit: u32) -> Vec<AccountId>;
    }
    SessionStore {
        start_session(session: NewSession, context: &Context) -> StartSessionOutcome;
        rotate(token: PresentedToken, context: &Context) -> Rotation;
        bind_session(token: PresentedToken, key: BoundKey, context: &Context) -> BindOutcome;
        vouch(proof: SessionProof, now: Timestamp) -> Option<Grant>;
        find_session(id: SessionId) -> Option<Session>;
        list_sessions(of: Option<AccountId>, now: Timestamp, limit: u32) -> Vec<Session>;
        sessions_of(account: AccountId, before: Option<(Timestamp, SessionId)>, limit: u32) -> Vec<Session>;
        end_sessions(selector: SessionSelector, reason: EndReason, context: &Context) -> Vec<EndedSession>;
        end_sessions_before(not_before: Timestamp, context: &Context) -> Timestamp;
        revocations(after: Option<RevocationCursor>, now: Timestamp) -> RevocationPage;
        restore_revocations(ended: Vec<EndedSession>, context: &Context) -> Vec<EndedSession>;
        =>
        async fn rung(&self) {
            match self {
                Self::Sqlite(store) => store.rung().await,
                Self::Postgres(store) => store.rung().await,
            }
        }
    }
    KeyStore {
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
        report_master_keys(numbers: Vec<u8>, now: Timestamp) -> ();
        master_key_use() -> MasterKeyUse;
    }
    FeedKeyStore {
        feed_keys() -> Vec<FeedKey>;
        add_feed_key(new: NewFeedKey, context: &Context) -> AddFeedKeyOutcome;
        remove_feed_key(name: FeedKeyName, context: &Context) -> bool;
    }
    ClientStore {
        clients() -> Vec<Client>;
        find_client(name: ClientName) -> Option<StoredClient>;
        add_client(client: StoredClient, context: &Context) -> bool;
        remove_client(name: ClientName, context: &Context) -> bool;
    }
    ApiKeyStore {
        add_api_key(key: NewApiKey, context: &Context) -> AddApiKeyOutcome;
        admit_api_key(proof: ApiKeyProof, now: Timestamp) -> Option<KeyGrant>;
        list_api_keys(of: Option<AccountId>, limit: u32) -> Vec<ApiKey>;
        revoke_api_key(id: ApiKeyId, of: Option<AccountId>, context: &Context) -> Option<EndedSession>;
        record_api_key_use(id: ApiKeyId, context: &Context) -> ();
    }
    EmailStore {
        emails(account: AccountId) -> Vec<AccountEmail>;
        account_of_address(address: &EmailAddress, claim: EmailClaim) -> Option<Credentials>;
        sign_in_name(name: Option<&Username>, address: &EmailAddress) -> Option<Username>;
        add_email(new: NewEmail, context: &Context) -> AddEmailOutcome;
        change_email(change: EmailChange, context: &Context) -> ChangeEmailOutcome;
    }
    OauthStore {
        find_consent(account: AccountId, client: String, resources: Vec<String>) -> Option<Consent>;
        consents_of(account: AccountId) -> Vec<Consent>;
        disconnect_app(account: AccountId, client: String, context: &Context) -> Option<Vec<EndedSession>>;
        issue_code(request: CodeRequest, context: &Context) -> IssueCodeOutcome;
        end_client_token(end: ClientTokenEnd, context: &Context) -> Option<EndedSession>;
        use_once(used: Use, context: &Context) -> bool;
        redeem_code(redemption: Redemption, context: &Context) -> RedeemOutcome;
    }
    SecondFactorStore {
        second_factors(account: AccountId) -> AccountFactors;
        find_passkey(credential_id: Vec<u8>) -> Option<SecondFactor>;
        change_factors(change: FactorChange, context: &Context) -> ChangeFactorsOutcome;
        reauthenticate(again: Reauthentication, context: &Context) -> ReauthenticateOutcome;
    }
    TicketStore {
        start_ticket(new: NewTicket, limits: MailLimits, context: &Context) -> StartTicketOutcome;
        find_ticket(id: TicketId) -> Option<Ticket>;
        find_ticket_of(shown: PresentedTicket) -> Option<Ticket>;
        look_at_ticket(shown: PresentedTicket, purpose: TicketPurpose, context: &Context) -> Option<Ticket>;
        reset_password(reset: PasswordReset, context: &Context) -> ResetOutcome;
        sign_in_by_mail(sign_in: MailSignIn, context: &Context) -> StartSessionOutcome;
        approve_sign_in(approval: SignInApproval, context: &Context) -> ApproveOutcome;
        undo_address(undo: AddressUndo, context: &Context) -> UndoOutcome;
        verify_email(shown: PresentedTicket, context: &Context) -> VerifyOutcome;
        register(registration: AccountRegistration, context: &Context) -> RegisterOutcome;
        invitations(now: Timestamp) -> Vec<Ticket>;
        withdraw_invitation(id: TicketId, context: &Context) -> bool;
    }
    ThrottleStore {
        exchange_throttle(exchange: ThrottleExchange) -> Vec<ThrottleRecord>;
        throttle_records(since: Timestamp, limit: u32) -> Vec<ThrottleRecord>;
    }
    AuditStore {
        record(event: AuditEvent, context: &Context) -> ();
        audit_log(query: AuditQuery) -> AuditPage;
    }
    AuditChainStore {
        audit_head() -> Option<AuditHead>;
        audit_gaps() -> Vec<AuditGap>;
        chain_audit(sequences: Vec<i64>, cursor: String) -> usize;
        audit_chain(after: i64, limit: u32) -> Vec<ChainedRow>;
        unchained_audit(after: i64, limit: u32) -> Vec<AuditRow>;
        =>
        fn sign_audit_with(&self, signer: AuditSigner) {
            match self {
                Self::Sqlite(store) => store.sign_audit_with(signer),
                Self::Postgres(store) => store.sign_audit_with(signer),
            }
        }
    }
    AuditReaderStore {
        audit_reader(reader: String) -> AuditReader;
        move_audit_position(reader: String, from: i64, to: i64) -> bool;
        note_audit_reader(reader: String, news: ReaderNews, now: Timestamp) -> (AuditReader, AuditReader);
    }
    ActivityStore {
        add_activity(noted: Activity) -> ();
        activity(query: ActivityQuery) -> Vec<ActivityRow>;
    }
    OutboxStore {
        add_delivery(delivery: NewDelivery, context: &Context) -> ();
        claim_deliveries(claim: Claim) -> Vec<Delivery>;
        settle_delivery(settlement: Settlement) -> bool;
        list_deliveries(query: DeliveryQuery) -> Vec<Delivery>;
        retry_delivery(id: DeliveryId, expires_at: Timestamp, context: &Context) -> bool;
        drop_delivery(id: DeliveryId, context: &Context) -> bool;
        outbox_depths() -> Vec<OutboxDepth>;
        =>
        fn new_deliveries(&self) -> &Notify {
            match self {
                Self::Sqlite(store) => store.new_deliveries(),
                Self::Postgres(store) => store.new_deliveries(),
            }
        }
    }
    Upkeep {
        sweep(sweep: Sweep) -> Swept;
        report_node() -> ();
        may_sweep() -> bool;
        time() -> Option<Timestamp>;
        record_backup(at: Timestamp, context: &Context) -> ();
        last_backup() -> Option<Timestamp>;
        check(now: Timestamp) -> ();
        =>
        fn reading(&self) -> StoreReading {
            match self {
                Self::Sqlite(store) => store.reading(),
                Self::Postgres(store) => store.reading(),
            }
        }
    }
}

impl Sealed for AnyStore {}
