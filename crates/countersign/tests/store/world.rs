//! What the cases share: ways to open a store, and short names for what happens in every one of them.

use std::future::Future;
use std::time::Duration;

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::{AccountId, SessionId};
use countersign::internal::base::random::Random;
use countersign::internal::model::account::{
    Account, CreateAccountOutcome, CustomClaims, NewAccount, Role, Username,
};
use countersign::internal::model::audit::{AuditKind, AuditQuery, AuditRecord};
use countersign::internal::model::context::{Actor, Context};
use countersign::internal::model::device_proof::DeviceProof;
use countersign::internal::model::proof::Proof;
use countersign::internal::model::second_factor::SecondStep;
use countersign::internal::model::session::refresh_token::PresentedToken;
use countersign::internal::model::session::{
    EndedSession, NewSession, SessionPolicy, SignInNotices, StartSessionOutcome,
};
use countersign::internal::password::PasswordHash;
use countersign::store::Store;
use countersign::store::sqlite::{OpenMode, SqliteStore};

/// A way to open an empty store.
pub(crate) trait Opener {
    /// What is opened.
    type Store: Store;
    /// Opens it.
    fn open(&self, policy: SessionPolicy) -> impl Future<Output = Self::Store>;
}

pub(crate) struct SqliteInMemory;

impl Opener for SqliteInMemory {
    type Store = SqliteStore;
    async fn open(&self, policy: SessionPolicy) -> SqliteStore {
        SqliteStore::in_memory(policy).unwrap()
    }
}

pub(crate) struct SqliteFile(tempfile::TempDir);

impl SqliteFile {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Opener for SqliteFile {
    type Store = SqliteStore;
    async fn open(&self, policy: SessionPolicy) -> SqliteStore {
        SqliteStore::open(self.0.path().join("store.db"), OpenMode::Server, policy).unwrap()
    }
}

pub(crate) const T0: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// `T0` and so many seconds.
pub(crate) fn at(seconds: u64) -> Timestamp {
    T0.plus(Duration::from_secs(seconds))
}

pub(crate) fn context(now: Timestamp) -> Context {
    Context {
        now,
        actor: Actor::Anonymous,
        request_id: None,
        address: Some("2001:db8::1".parse().unwrap()),
        user_agent: Some("Tester/1".to_owned()),
        device_cookie: None,
        device: DeviceProof::default(),
    }
}

pub(crate) fn new_account(name: &str, role: Role) -> NewAccount {
    NewAccount {
        id: AccountId::random(&Random::system()),
        username: Username::parse(name).unwrap(),
        role,
        claims: CustomClaims::default(),
        password_hash: Some(PasswordHash::from_stored(format!("hash of {name}"))),
        disabled: false,
        password_change_required: false,
        locale: None,
        factors: Vec::new(),
    }
}

pub(crate) async fn create(store: &impl Store, new: NewAccount) -> Account {
    match store.create_account(new, &context(T0)).await.unwrap() {
        CreateAccountOutcome::Created(account) => *account,
        refused => panic!("{refused:?}"),
    }
}

/// An enabled account without rights.
pub(crate) async fn user(store: &impl Store, name: &str) -> Account {
    create(store, new_account(name, Role::default())).await
}

pub(crate) fn new_session(account: &Account) -> NewSession {
    NewSession {
        id: SessionId::random(&Random::system()),
        account_id: account.id,
        proof: Proof::Password { version: 0 },
        secret_hash: Random::system().bytes(),
        replaces: None,
        new_password: None,
        takes_back: false,
        second: SecondStep::default(),
        bound_key: None,
        notices: SignInNotices::default(),
    }
}

/// Begins a session; gives its first token and the sessions that ended for it.
pub(crate) async fn log_in_with(
    store: &impl Store,
    new: NewSession,
    now: Timestamp,
) -> (PresentedToken, Vec<EndedSession>) {
    let token =
        PresentedToken { session_id: new.id, generation: 0, secret_hash: new.secret_hash, proven_key: None };
    match store.start_session(new, &context(now)).await.unwrap() {
        StartSessionOutcome::Started(grant, ended) => {
            assert_eq!(grant.session().id, token.session_id);
            (token, ended)
        }
        refused => panic!("the login was refused: {refused:?}"),
    }
}

/// Begins a session; gives its first token.
pub(crate) async fn log_in(store: &impl Store, account: &Account, now: Timestamp) -> PresentedToken {
    log_in_with(store, new_session(account), now).await.0
}

/// The token of another generation of the same session.
pub(crate) fn generation(token: PresentedToken, generation: u32) -> PresentedToken {
    PresentedToken { generation, ..token }
}

/// The kind of a line, which this version knows.
pub(crate) fn kind(line: &AuditRecord) -> AuditKind {
    line.event.kind.known().unwrap()
}

/// The whole audit log as `kind detail`.
pub(crate) async fn audit(store: &impl Store) -> Vec<String> {
    let query = AuditQuery { limit: 1000, ..AuditQuery::default() };
    store
        .audit_log(query)
        .await
        .unwrap()
        .lines
        .into_iter()
        .map(|line| {
            format!("{} {}", line.event.kind.name(), line.event.detail.unwrap_or_default()).trim().to_owned()
        })
        .collect()
}

/// The revocation log from its beginning, those that matter longest last.
pub(crate) async fn revocations(store: &impl Store, now: Timestamp) -> Vec<EndedSession> {
    let page = store.revocations(None, now).await.unwrap();
    let mut ended: Vec<_> = page.log.iter().map(|entry| entry.ended).collect();
    ended.sort_by_key(|ended| ended.until);
    ended
}
