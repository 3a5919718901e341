//! A store that is copied into another is the same store: every row of worlds that the verbs themselves have made, and what
//! goes on with them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use countersign::guard::jwt::VerifyingKey;
use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::{AccountId, RequestId, SessionId};
use countersign::internal::base::random::Random;
use countersign::internal::model::account::{
    AccountChange, AccountQuery, CreateAccountOutcome, CustomClaims, Deletion, Locale, LocaleChange,
    NewAccount, PasswordChange, Role, Username,
};
use countersign::internal::model::activity::{Activity, Figure};
use countersign::internal::model::audit::{AuditEvent, AuditKind, AuditQuery};
use countersign::internal::model::client::{Client, ClientName, StoredClient};
use countersign::internal::model::context::{Actor, Context};
use countersign::internal::model::device_proof::DeviceProof;
use countersign::internal::model::feed_key::{FeedKeyName, NewFeedKey};
use countersign::internal::model::outbox::{Claim, DeliveryFailure, DeliveryKind, settle};
use countersign::internal::model::proof::Proof;
use countersign::internal::model::retention::Sweep;
use countersign::internal::model::second_factor::SecondStep;
use countersign::internal::model::session::refresh_token::PresentedToken;
use countersign::internal::model::session::{
    BoundKey, EndReason, NewSession, Rotation, SessionPolicy, SessionSelector, SignInNotices,
    StartSessionOutcome,
};
use countersign::internal::model::stored_key::StoredKey;
use countersign::internal::password::PasswordHash;
use countersign::internal::throttle::exchange::{ThrottleDelta, ThrottleExchange};
use countersign::internal::throttle::{Pardon, ThrottleKey, ThrottleOptions};
use countersign::store::copy::{CopiedTable, CopyError, CopyStep, StoreAddress, WhileServing, copy};
use countersign::store::postgres::{DatabaseUrl, PostgresStore};
use countersign::store::sqlite::{OpenMode, SqliteStore};
use countersign::store::{AuditStore as _, Store};
use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::json;
use tempfile::tempdir;

use crate::api_keys::new_key;
use crate::database::{self, sql};
use crate::outbox::new_delivery;
use crate::world::*;

fn sqlite(path: &Path) -> SqliteStore {
    SqliteStore::open(path, OpenMode::Server, SessionPolicy::default()).unwrap()
}

async fn postgres(name: &str) -> PostgresStore {
    let url = DatabaseUrl::parse(&database::url(name)).unwrap();
    PostgresStore::open(&url, SessionPolicy::default(), &Random::system()).await.unwrap()
}

fn address(text: &str) -> StoreAddress {
    StoreAddress::parse(text).unwrap()
}

fn file(path: &Path) -> StoreAddress {
    address(path.to_str().unwrap())
}

async fn copied(from: &StoreAddress, to: &StoreAddress) -> Result<Vec<CopiedTable>, CopyError> {
    copy(from, to, WhileServing::Refuse, &Random::system(), &mut |_| {}).await
}

/// Draws what happens in a store, by its verbs.
struct Draw {
    random: Random,
    now: Timestamp,
    accounts: Vec<AccountId>,
    tokens: Vec<PresentedToken>,
    count: u32,
}

impl Draw {
    fn new(seed: u64) -> Self {
        let random = Random::insecure_seeded(seed);
        Self { random, now: T0, accounts: Vec::new(), tokens: Vec::new(), count: 0 }
    }

    fn below(&self, sides: u16) -> u16 {
        u16::from_le_bytes(self.random.bytes()) % sides
    }

    fn chance(&self) -> bool {
        self.below(2) == 0
    }

    fn pick<T: Copy>(&self, from: &[T]) -> Option<T> {
        let sides = u16::try_from(from.len()).unwrap();
        (sides > 0).then(|| from[usize::from(self.below(sides))])
    }

    /// A word that differs in length, alphabet and case.
    fn word(&mut self) -> String {
        self.count += 1;
        let begins = ["a", "Z", "ß", "Ünï", "ж", "名", "_"];
        format!("{}{}", begins[usize::from(self.below(7))], self.count)
    }

    fn context(&self) -> Context {
        Context {
            now: self.now,
            actor: [
                Actor::Anonymous,
                Actor::CommandLine,
                Actor::System,
                Actor::Account(AccountId::random(&self.random)),
            ][usize::from(self.below(4))],
            request_id: self.chance().then(|| RequestId::random(&self.random)),
            address: [None, Some("192.0.2.7".parse().unwrap()), Some("2001:db8::7".parse().unwrap())]
                [usize::from(self.below(3))],
            user_agent: self.chance().then(|| "Mozilla/5.0 (\u{1f980}; \"'\\)".to_owned()),
            device_cookie: None,
            device: DeviceProof::default(),
        }
    }

    async fn step(&mut self, store: &impl Store) {
        self.now = self.now.plus(SECOND * u32::from(self.below(40)));
        let context = self.context();
        match self.below(20) {
            0..=2 => self.create_account(store).await,
            3..=6 => self.start_session(store).await,
            7..=10 => self.rotate(store).await,
            11 => {
                if let Some(token) = self.pick(&self.tokens) {
                    let which = if self.chance() {
                        SessionSelector::OfToken(token)
                    } else {
                        SessionSelector::EverywhereOfToken(token)
                    };
                    store.end_sessions(which, EndReason::Logout, &context).await.unwrap();
                }
            }
            12 => self.change_account(store).await,
            13 => {
                if let Some(account_id) = self.pick(&self.accounts) {
                    let new = PasswordHash::from_stored(format!("hash {}", self.word()));
                    let change = PasswordChange { account_id, new, checked: None, keep: None, notice: None };
                    store.set_password(change, &context).await.unwrap();
                }
            }
            14 if self.below(4) == 0 => {
                if let Some(id) = self.pick(&self.accounts) {
                    store.delete_account(id, Deletion::Now, &context).await.unwrap();
                }
            }
            15 => self.keys(store).await,
            16 if self.chance() => self.change_api_key(store).await,
            16..=17 => self.change_service(store).await,
            18 => self.count_failures(store).await,
            19 if self.below(9) == 0 => {
                store.end_sessions_before(self.now, &context).await.unwrap();
            }
            _ => {
                let event = AuditEvent {
                    detail: self.chance().then(|| self.word()),
                    ..AuditEvent::new(AuditKind::LoginFailed)
                };
                store.record(event, &context).await.unwrap();
                if self.below(4) == 0 {
                    self.sweep(store).await;
                }
            }
        }
    }

    /// Makes or removes a feed key or a client.
    async fn change_service(&self, store: &impl Store) {
        let context = self.context();
        let number = self.below(3);
        if self.chance() {
            let name = FeedKeyName::parse(&format!("feed{number}")).unwrap();
            if !store.remove_feed_key(name.clone(), &context).await.unwrap() {
                store.add_feed_key(NewFeedKey { name, master_key: 1 }, &context).await.unwrap();
            }
            return;
        }
        let name = ClientName::parse(&format!("client{number}")).unwrap();
        if !store.remove_client(name.clone(), &context).await.unwrap() {
            let client = Client { name, created_at: self.now };
            let secret_hash = self.random.bytes();
            store.add_client(StoredClient { client, secret_hash }, &context).await.unwrap();
        }
    }

    /// Makes an API key, or uses and revokes one.
    async fn change_api_key(&self, store: &impl Store) {
        let context = self.context();
        let Some(account_id) = self.pick(&self.accounts) else { return };
        let keys = store.list_api_keys(Some(account_id), 10).await.unwrap();
        if let Some(key) = keys.first().filter(|_| self.chance()) {
            store.record_api_key_use(key.id, &context).await.unwrap();
            if self.chance() {
                store.revoke_api_key(key.id, None, &context).await.unwrap();
            }
            return;
        }
        let Some(account) = store.find_account(account_id).await.unwrap() else { return };
        let mut new = new_key(&account);
        new.key.expires_at = self.chance().then(|| self.now.plus(DAY));
        store.add_api_key(new, &context).await.unwrap();
    }

    async fn count_failures(&self, store: &impl Store) {
        let delta = ThrottleDelta {
            key: ThrottleKey::from_bytes(self.random.bytes()),
            pardon: (self.below(3) == 0).then_some(Pardon { at: self.now, leaves: 0 }),
            failed_at: vec![self.now; usize::from(self.below(40))],
        };
        let options = ThrottleOptions::default();
        let exchange = ThrottleExchange { deltas: vec![delta], now: self.now, options };
        store.exchange_throttle(exchange).await.unwrap();
        let mut noted = Activity::default();
        noted.note(self.now, Figure::Logins, "wrong", u64::from(self.below(40)));
        noted.note(self.now, Figure::HashingQueue, "", u64::from(self.below(40)));
        store.add_activity(noted).await.unwrap();
        let lane = self.below(4).to_string();
        store.add_delivery(new_delivery(&lane, self.now), &self.context()).await.unwrap();
        let (kinds, limit) = (vec![DeliveryKind::Mail], 2);
        for taken in store.claim_deliveries(Claim { kinds, limit, now: self.now }).await.unwrap() {
            let failure = DeliveryFailure::Permanent("550 \u{1f980}".to_owned());
            let result = if self.chance() { Ok(()) } else { Err(&failure) };
            store.settle_delivery(settle(&taken, result, self.now)).await.unwrap();
        }
        let read = store.audit_reader("events".to_owned()).await.unwrap().position;
        store.move_audit_position("events".to_owned(), read, read + 1).await.unwrap();
        let fingerprint = self.random.bytes();
        let number = u8::try_from(self.below(256)).unwrap();
        store.remember_master_keys(vec![(number, fingerprint)]).await.unwrap();
    }

    async fn create_account(&mut self, store: &impl Store) {
        let claims = json!({ "name": self.word(), "deep": [1, null, { "\u{0}": "\u{7f}\u{10ffff}" }] });
        let account = NewAccount {
            id: AccountId::random(&self.random),
            username: Username::parse(&self.word()).unwrap(),
            role: if self.chance() { Role::admin() } else { Role::default() },
            claims: CustomClaims::new(claims.as_object().unwrap().clone()).unwrap(),
            password_hash: self.chance().then(|| PasswordHash::from_stored("$argon2id$".to_owned())),
            disabled: self.below(8) == 0,
            password_change_required: self.below(8) == 0,
            locale: self.chance().then(|| Locale::parse("pt-BR").unwrap()),
            factors: Vec::new(),
        };
        let id = account.id;
        if let CreateAccountOutcome::Created(_) =
            store.create_account(account, &self.context()).await.unwrap()
        {
            self.accounts.push(id);
        }
    }

    async fn start_session(&mut self, store: &impl Store) {
        let Some(account_id) = self.pick(&self.accounts) else { return };
        let Some(found) = store.credentials(account_id).await.unwrap() else { return };
        let (id, secret_hash) = (SessionId::random(&self.random), self.random.bytes());
        let replaces = if self.below(4) == 0 { self.pick(&self.tokens) } else { None };
        let proof = Proof::Password { version: found.password_version };
        let session = NewSession {
            id,
            account_id,
            proof,
            secret_hash,
            replaces,
            new_password: None,
            takes_back: false,
            second: SecondStep::default(),
            bound_key: (self.below(4) == 0)
                .then(|| BoundKey::new(&VerifyingKey::from_jwk(JWK).unwrap()).unwrap()),
            notices: SignInNotices::default(),
        };
        if let StartSessionOutcome::Started(..) = store.start_session(session, &self.context()).await.unwrap()
        {
            self.tokens.push(PresentedToken { session_id: id, generation: 0, secret_hash, proven_key: None });
        }
    }

    /// Mostly with the newest token of a session; at times with an old one, or one of the future.
    async fn rotate(&mut self, store: &impl Store) {
        let Some(mut token) = self.pick(&self.tokens) else { return };
        if self.below(8) == 0 {
            token.generation = [0, token.generation + 1, u32::MAX - 1][usize::from(self.below(3))];
        }
        if let Rotation::Advanced(grant) = store.rotate(token, &self.context()).await.unwrap() {
            let held = self.tokens.iter_mut().find(|held| held.session_id == token.session_id).unwrap();
            held.generation = grant.session().generation;
        }
    }

    async fn change_account(&mut self, store: &impl Store) {
        let Some(id) = self.pick(&self.accounts) else { return };
        let change = AccountChange {
            role: self.chance().then(Role::admin),
            disabled: (self.below(4) == 0).then(|| self.chance()),
            password_change_required: (self.below(4) == 0).then(|| self.chance()),
            locale: if self.chance() { LocaleChange::ByBrowser } else { LocaleChange::Keep },
            ..AccountChange::default()
        };
        store.change_account(id, change, &self.context()).await.unwrap();
    }

    /// Adds a key, or removes the newest: its number must not come back.
    async fn keys(&mut self, store: &impl Store) {
        let newest = store.signing_keys().await.unwrap().pop().map(|key| key.kid);
        if let Some(newest) = newest.clone().filter(|_| self.below(3) == 0) {
            store.remove_signing_keys(vec![newest], &self.context()).await.unwrap();
            return;
        }
        let key = StoredKey {
            kid: self.word(),
            algorithm: "ES256".to_owned(),
            sealed: self.random.bytes::<77>().to_vec(),
            created_at: self.now,
            active_from: self.now.plus(SECOND),
        };
        assert!(store.add_signing_key(key, newest, &self.context()).await.unwrap());
    }

    async fn sweep(&self, store: &impl Store) {
        let keep = SECOND * 200;
        let sweep =
            Sweep { now: self.now, keep_sessions: keep, keep_audit: keep, few_failures: 8, batch: 10 };
        store.sweep(sweep).await.unwrap();
    }
}

/// Every row of every table, as a program beside us reads them.
fn rows_of(path: &Path) -> BTreeMap<String, Vec<String>> {
    let db = Connection::open(path).unwrap();
    let names =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('probe', 'schema_history')";
    let names: Vec<String> =
        db.prepare(names).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let rows = |name: &String| {
        let mut select = db.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns: Vec<String> = select.column_names().map(str::to_owned).collect();
        let row = |row: &rusqlite::Row<'_>| {
            let value = |n: usize| row.get::<_, Value>(n).unwrap();
            let all = (0..columns.len()).filter(|n| name != "revocations" || columns[*n] != "sequence");
            Ok(all.map(|n| format!("{}={:?}", columns[n], value(n))).collect::<Vec<_>>().join(" "))
        };
        let mut rows: Vec<String> = select.query_map([], row).unwrap().map(Result::unwrap).collect();
        if name == "sqlite_sequence" {
            rows.retain(|row| !row.contains("revocations"));
        }
        rows.sort();
        (name.clone(), rows)
    };
    names.iter().map(rows).collect()
}

fn assert_same_rows(one: &Path, other: &Path) {
    let (one, other) = (rows_of(one), rows_of(other));
    assert!(one.keys().eq(other.keys()));
    for (name, rows) in one {
        let differs = rows.iter().zip(&other[&name]).find(|(one, other)| one != other);
        assert!(differs.is_none() && rows.len() == other[&name].len(), "{name}: {differs:?}");
    }
}

/// All that a store tells about itself.
async fn told(store: &impl Store, draw: &Draw) -> String {
    let mut told = Vec::new();
    told.push(format!("{:?}", store.list_accounts(AccountQuery::by_name(None, 1000)).await.unwrap()));
    for id in &draw.accounts {
        told.push(format!("{:?}", store.credentials(*id).await.unwrap()));
    }
    for token in &draw.tokens {
        told.push(format!("{:?}", store.find_session(token.session_id).await.unwrap()));
    }
    let mut ended = store.revocations(None, draw.now).await.unwrap().log;
    ended.sort_by_key(|entry| entry.ended.id);
    told.push(format!("{ended:?}"));
    told.push(format!("{:?}", store.signing_keys().await.unwrap()));
    told.push(format!("{:?}", store.feed_keys().await.unwrap()));
    let mut keys = store.list_api_keys(None, 1000).await.unwrap();
    keys.sort_by_key(|key| key.id);
    told.push(format!("{keys:?}"));
    for client in store.clients().await.unwrap() {
        told.push(format!("{:?}", store.find_client(client.name).await.unwrap().unwrap().secret_hash));
    }
    let mut counts = store.throttle_records(T0, 1000).await.unwrap();
    counts.sort_by_key(|record| record.key);
    told.push(format!("{counts:?}"));
    told.push(format!("{:?}", store.master_key_fingerprints().await.unwrap()));
    let lines = AuditQuery { limit: 10_000, ..AuditQuery::default() };
    told.push(format!("{:?}", store.audit_log(lines).await.unwrap().lines));
    told.join("\n")
}

/// DB-9: random worlds go from SQLite to PostgreSQL and back without a difference, and live on at every station.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn worlds_are_the_same_wherever_they_are_copied_to() {
    let directory = tempdir().unwrap();
    for seed in 0..4 {
        let mut draw = Draw::new(seed);
        let at = |name: &str| -> PathBuf { directory.path().join(format!("{name}{seed}.db")) };
        let (there, back, later) = (database::new_database(), at("back"), at("later"));
        let store = sqlite(&at("first"));
        for _ in 0..150 {
            draw.step(&store).await;
        }
        let before = told(&store, &draw).await;
        drop(store);

        let database = address(&database::url(&there));
        let tables = copied(&file(&at("first")), &database).await.unwrap();
        let store = postgres(&there).await;
        assert_eq!(told(&store, &draw).await, before, "seed {seed}");
        drop(store);
        let again = copied(&database, &file(&back)).await.unwrap();
        assert_same_rows(&at("first"), &back);
        assert_eq!(format!("{tables:?}"), format!("{again:?}"));

        let store = postgres(&there).await;
        for _ in 0..50 {
            draw.step(&store).await;
        }
        let before = told(&store, &draw).await;
        drop(store);
        copied(&database, &file(&later)).await.unwrap();
        let store = sqlite(&later);
        assert_eq!(told(&store, &draw).await, before, "seed {seed}");
        for _ in 0..50 {
            draw.step(&store).await;
        }
    }
}

/// One of each kind into another of its kind; more rows than are in memory at a time; and how far it has come.
#[tokio::test]
async fn many_batches_are_copied_within_each_kind() {
    let directory = tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    drop(sqlite(&path("a.db")));
    let lines = "WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 12345)
                 INSERT INTO audit_log (at, actor, kind) SELECT n, 'system', 'login_failed' FROM n;
                 DELETE FROM audit_log WHERE sequence % 7 = 0 OR sequence > 12000";
    Connection::open(path("a.db")).unwrap().execute_batch(lines).unwrap();
    let (one, other) = (database::new_database(), database::new_database());
    let mut seen = Vec::new();
    let mut note = |at: countersign::store::copy::CopyProgress| {
        if at.table == "audit_log" {
            seen.push((at.step, at.done, at.all));
        }
    };
    let stations = [
        file(&path("a.db")),
        file(&path("b.db")),
        address(&database::url(&one)),
        address(&database::url(&other)),
        file(&path("c.db")),
    ];
    for pair in stations.windows(2) {
        copy(&pair[0], &pair[1], WhileServing::Refuse, &Random::system(), &mut note).await.unwrap();
    }
    assert_same_rows(&path("a.db"), &path("c.db"));
    let steps = [0, 5_000, 10_000, 10_286];
    let step = |step| steps.map(|done| (step, done, 10_286));
    assert_eq!(seen[..8], [step(CopyStep::Copying), step(CopyStep::Comparing)].concat());
    let store = sqlite(&path("c.db"));
    store.record(AuditEvent::new(AuditKind::LoginFailed), &context(T0)).await.unwrap();
    let last = AuditQuery { before: Some(i64::MAX), limit: 1, ..AuditQuery::default() };
    assert_eq!(store.audit_log(last).await.unwrap().lines[0].sequence, 12_346, "no number is given twice");
}

/// A target with anything in it, or that is the source; a source that is no store, or another version's.
#[expect(clippy::too_many_lines, reason = "one refusal after another, on the same stores")]
#[tokio::test]
async fn what_cannot_be_copied_is_refused() {
    let directory = tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let store = sqlite(&path("a.db"));
    user(&store, "bob").await;
    let (a, b) = (file(&path("a.db")), file(&path("b.db")));
    assert!(matches!(copied(&a, &b).await, Err(CopyError::InUse(_))), "a server is running");
    drop(store);
    let before = rows_of(&path("a.db"));
    assert!(matches!(copied(&a, &a).await, Err(CopyError::Same)));
    assert!(matches!(copied(&a, &file(&path("./a.db"))).await, Err(CopyError::Same)));
    assert!(matches!(copied(&file(&path("none.db")), &b).await, Err(CopyError::Missing(_))));
    std::fs::write(
        path("text.db"),
        "this is text, and long enough to be no header of a database file at all",
    )
    .unwrap();
    assert!(matches!(copied(&file(&path("text.db")), &b).await, Err(CopyError::Sqlite(_))));
    assert!(matches!(copied(&a, &file(&path("text.db"))).await, Err(CopyError::NotEmpty { .. })));
    assert!(matches!(copied(&a, &file(&path("none/there/b.db"))).await, Err(CopyError::Sqlite(_))));
    let nowhere = address("postgres://127.0.0.1:1/none");
    assert!(matches!(copied(&a, &nowhere).await, Err(CopyError::Postgres(_))));

    let name = database::new_database();
    let database = address(&database::url(&name));
    assert!(matches!(copied(&database, &b).await, Err(CopyError::Missing(_))), "no tables");
    let node = postgres(&name).await;
    node.record(AuditEvent::new(AuditKind::LoginFailed), &context(T0)).await.unwrap();
    let refused = copied(&a, &database).await.unwrap_err().to_string();
    assert!(refused.contains("audit_log has rows"), "{refused}");
    assert!(matches!(copied(&database, &b).await, Err(CopyError::InUse(_))), "a node is running");
    copy(&database, &b, WhileServing::Allow, &Random::system(), &mut |_| {}).await.unwrap();
    assert_eq!(
        Connection::open(path("b.db"))
            .unwrap()
            .query_row("SELECT count(*) FROM audit_log", [], |row| row.get(0)),
        Ok(1)
    );
    drop(node);
    assert!(matches!(copied(&database, &database).await, Err(CopyError::Same)));

    let of_other_versions = [
        ("INSERT INTO schema_history VALUES (99, 1, '9.0')", "the newer program"),
        ("DELETE FROM schema_history WHERE version > 7", "open it once with this program"),
    ];
    for (change, advice) in of_other_versions {
        let c = file(&path("c.db"));
        sql(
            &name,
            &format!("{change}; INSERT INTO schema_history VALUES (1, 1, '0.1') ON CONFLICT DO NOTHING"),
        );
        let refused = copied(&database, &c).await.unwrap_err().to_string();
        assert!(refused.contains(advice), "{refused}");
        std::fs::copy(path("b.db"), path("other.db")).unwrap();
        let other = Connection::open(path("other.db")).unwrap();
        other.execute(change, []).unwrap();
        drop(other);
        let refused = copied(&file(&path("other.db")), &c).await.unwrap_err().to_string();
        assert!(refused.contains(advice), "{refused}");
    }
    assert_eq!(rows_of(&path("a.db")), before);
    let left: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_str().unwrap().contains("copying")), "{left:?}");
}

/// A copy that fails half-way leaves its target empty, to be filled by the next.
#[tokio::test]
async fn a_copy_that_fails_leaves_nothing() {
    let directory = tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let store = sqlite(&path("a.db"));
    let bob = user(&store, "bob").await;
    log_in(&store, &bob, T0).await;
    drop(store);
    let garbage = "UPDATE sessions SET user_agent = CAST(x'fffe00' AS TEXT)";
    Connection::open(path("a.db")).unwrap().execute_batch(garbage).unwrap();
    let name = database::new_database();
    let (a, b, database) = (file(&path("a.db")), file(&path("b.db")), address(&database::url(&name)));
    for to in [&b, &database] {
        let failed = copied(&a, to).await;
        assert!(matches!(failed, Err(CopyError::Read { table: "sessions", .. })), "{failed:?}");
    }
    assert!(!path("b.db").exists() && !path("b.db.copying").exists());
    assert_eq!(sql(&name, "SELECT count(*) FROM accounts"), "0\n");
    Connection::open(path("a.db")).unwrap().execute_batch("UPDATE sessions SET user_agent = NULL").unwrap();
    // The log of another database would be read as that of the new one.
    std::fs::write(path("b.db-wal"), "left").unwrap();
    assert!(matches!(copied(&a, &b).await, Err(CopyError::NotEmpty { .. })));
    std::fs::write(path("b.db-wal"), "").unwrap();
    // What a killed copy leaves behind is no hindrance.
    std::fs::write(path("b.db.copying"), "half").unwrap();
    for to in [&b, &database] {
        copied(&a, to).await.unwrap();
    }
    assert_same_rows(&path("a.db"), &path("b.db"));
    assert_eq!(sql(&name, "SELECT count(*) FROM accounts"), "1\n");
}

/// What comes back is compared with what was read: a target that changes a value is found out.
#[tokio::test]
async fn a_target_that_keeps_something_else_is_found_out() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("a.db");
    let store = sqlite(&path);
    user(&store, "bob").await;
    drop(store);
    let name = database::new_database();
    drop(postgres(&name).await);
    let meddle = "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql
                  AS $$ BEGIN NEW.created_at = NEW.created_at + 1; RETURN NEW; END $$;
                  CREATE TRIGGER meddle BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION meddle()";
    sql(&name, meddle);
    let failed = copied(&file(&path), &address(&database::url(&name))).await;
    assert!(matches!(failed, Err(CopyError::Differs { table: "accounts" })), "{failed:?}");
    assert_eq!(sql(&name, "SELECT count(*) FROM accounts"), "0\n");
}

const JWK: &str = r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
