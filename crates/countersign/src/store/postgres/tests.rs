//! What needs to look at one statement, or to hold the database in the middle of a batch.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use countersign_jwt::JwkThumbprint;

use super::batch::advance;
use super::engine::connection::Connection;
use super::engine::target::Target;
use super::engine::value::Value;
use super::unanswered::Presented;
use super::{DatabaseUrl, PostgresStore, load};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::base::random::Random;
use crate::model::account::NewAccount;
use crate::model::account::Username;
use crate::model::context::{Actor, Context};
use crate::model::proof::Proof;
use crate::model::second_factor::SecondStep;
use crate::model::session::refresh_token::PresentedToken;
use crate::model::session::{BoundKey, NewSession, PolicyAt, Rotation, SessionPolicy, SignInNotices, rotate};
use crate::store::copy::rows::TABLES;
use crate::store::sqlite::{OpenMode, SqliteStore};
use crate::store::{AccountStore as _, SessionStore as _, StoreError};

#[path = "../../../tests/support/postgres.rs"]
#[expect(dead_code, reason = "each test uses what it needs")]
mod database;

const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);
const SESSIONS_NOT_BEFORE: Timestamp = T;

struct Scene {
    name: String,
    store: PostgresStore,
    /// Beside the store.
    db: Connection,
}

impl Scene {
    async fn new() -> Self {
        let name = database::new_database();
        let url = DatabaseUrl::parse(&database::url(&name)).unwrap();
        let store = PostgresStore::open(&url, SessionPolicy::default(), &Random::system()).await.unwrap();
        let db = Connection::open(&Target::new(url).unwrap()).await.unwrap();
        Self { name, store, db }
    }

    async fn account(&self, name: &str) -> AccountId {
        let id = AccountId::random(&Random::system());
        let account = NewAccount::new(id, Username::parse(name).unwrap());
        self.store.create_account(account, &at(0)).await.unwrap();
        id
    }

    async fn session(&self, account_id: AccountId) -> PresentedToken {
        let (session_id, secret_hash) = (SessionId::random(&Random::system()), Random::system().bytes());
        let proof = Proof::Password { version: 0 };
        let new = NewSession {
            id: session_id,
            account_id,
            proof,
            secret_hash,
            replaces: None,
            new_password: None,
            takes_back: false,
            second: SecondStep::default(),
            bound_key: None,
            notices: SignInNotices::default(),
        };
        self.store.start_session(new, &at(0)).await.unwrap();
        PresentedToken { session_id, generation: 0, secret_hash, proven_key: None }
    }
}

fn at(seconds: u64) -> Context {
    Context {
        address: Some(IpAddr::from([192, 0, 2, 1])),
        ..Context::local(Actor::Anonymous, T.plus(Duration::from_secs(seconds)))
    }
}

/// Draws sessions and tokens of every kind, each near the boundaries.
struct Draw {
    random: Random,
    policy: SessionPolicy,
    accounts: Vec<AccountId>,
}

impl Draw {
    fn pick(&self, sides: usize) -> usize {
        usize::from(u16::from_le_bytes(self.random.bytes())) % sides
    }

    fn near(&self, at: Timestamp) -> Timestamp {
        let millisecond = Duration::from_millis(1);
        [at.minus(millisecond), at, at.plus(millisecond)][self.pick(3)]
    }

    fn rotated_at(&self, now: Timestamp) -> Timestamp {
        let policy = &self.policy;
        match self.pick(5) {
            0 => self.near(now.minus(policy.min_age)),
            1 => self.near(now.minus(policy.idle_ttl)),
            2 => self.near(now.minus(policy.grace)),
            3 => self.near(now),
            _ => now.minus(policy.min_age).minus(Duration::from_secs(3_600)),
        }
    }

    /// Stores a session; gives a token that is presented for it.
    async fn session(&self, db: &Connection) -> Presented {
        let now = self.near(T.plus(Duration::from_secs(1)));
        let expires_at = if self.pick(4) == 0 { self.near(now) } else { now.plus(self.policy.absolute_ttl) };
        let revoked = (self.pick(8) == 0).then_some(now);
        let generation = [0, 1, 5, u32::MAX - 1, u32::MAX][self.pick(5)];
        let secret: [u8; 32] = self.random.bytes();
        let id = SessionId::random(&self.random);
        let insert = "INSERT INTO sessions (id, account_id, secret_hash, created_at, expires_at, generation,
                        rotated_at, revoked_at, end_reason, authenticated_at, amr, bound_key)
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $4, 'pwd', $10)";
        let key = (self.pick(2) == 0).then(|| BoundKey::from_stored(format!("{{\"x\":\"{id}\"}}")));
        let values: [&dyn Value; 10] = [
            &id,
            &self.accounts[self.pick(12).saturating_sub(8)],
            &secret.as_slice(),
            &self.near(SESSIONS_NOT_BEFORE),
            &expires_at,
            &i64::from(generation),
            &self.rotated_at(now),
            &revoked,
            &revoked.map(|_| "logout"),
            &key.as_ref().map(BoundKey::as_jwk),
        ];
        db.execute(insert, &values).await.unwrap();
        let secret_hash = if self.pick(10) == 0 { self.random.bytes() } else { secret };
        let generation = generation.saturating_add_signed([-1, 0, 0, 0, 0, 1][self.pick(6)]);
        let others = JwkThumbprint::from_bytes(self.random.bytes());
        let proven_key = [None, Some(others), key.as_ref().map(BoundKey::thumbprint)][self.pick(5).min(2)];
        let token = PresentedToken { session_id: id, generation, secret_hash, proven_key };
        Presented { token, origin: Context { now, ..at(0) }.origin(), policy: self.policy }
    }
}

/// The statement of a batch rotates exactly the sessions for which the rule says `Advance`, and gives the grant that the rule
/// gives.
#[tokio::test]
async fn a_batch_advances_exactly_what_the_rule_advances() {
    let batches = if std::env::var_os("COUNTERSIGN_DEEP").is_some() { 400 } else { 16 };
    let (scene, policy) = (Scene::new().await, SessionPolicy::default());
    let mut accounts = Vec::new();
    for n in 0..4 {
        accounts.push(scene.account(&format!("user {n}")).await);
    }
    let draw = Draw { random: Random::insecure_seeded(15), policy, accounts };
    let refuse = "UPDATE accounts SET disabled_at = 1 WHERE username = 'user 1';
                  UPDATE accounts SET password_change_required = true WHERE username = 'user 2'";
    scene.db.run(refuse).await.unwrap();
    scene.store.end_sessions_before(SESSIONS_NOT_BEFORE, &at(0)).await.unwrap();
    let mut advanced = 0;
    for _ in 0..batches {
        scene.db.run("TRUNCATE sessions").await.unwrap();
        let mut batch = Vec::new();
        for _ in 0..256 {
            batch.push(draw.session(&scene.db).await);
        }
        let ids = batch.iter().map(|it| it.token.session_id).collect();
        let before = load::sessions_with_accounts(&scene.db, &ids).await.unwrap();
        let mut by_statement = advance(&scene.db, &batch).await.unwrap();
        for Presented { token, origin, .. } in batch {
            let found = before.get(&token.session_id).cloned();
            let rule = rotate(found.clone(), &token, origin.address, PolicyAt { policy, now: origin.now });
            match (rule.carried_out(), by_statement.remove(&token.session_id)) {
                (Rotation::Advanced(grant), Some((account, stored))) => {
                    assert_eq!((grant.account(), grant.session()), (&account, &stored.session));
                    advanced += 1;
                }
                (Rotation::Advanced(_), None) => panic!("left out: {token:?} {origin:?} {found:?}"),
                (other, Some(_)) => panic!("advanced instead of {other:?}: {token:?} {origin:?} {found:?}"),
                (_, None) => {}
            }
        }
    }
    assert!(advanced > 10 * batches, "{advanced} in {batches} batches");
}

/// A connection plans the statement of a batch once, and anew when the tables have grown.
#[tokio::test]
async fn the_plan_of_a_batch_is_kept_for_a_while() {
    let scene = Scene::new().await;
    // An analysis has every plan made anew.
    scene.db.run("ALTER TABLE sessions SET (autovacuum_enabled = off)").await.unwrap();
    for _ in 0..3 {
        advance(&scene.db, &[]).await.unwrap();
    }
    let kept = "SELECT name, generic_plans, custom_plans FROM pg_prepared_statements";
    let kept = scene.db.query(kept, &[]).await.unwrap();
    let [kept] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!((kept.get::<_, i64>(1), kept.get::<_, i64>(2)), (3, 0));
    let values = ["'{}'"; 8].join(", ");
    let explain = format!("EXPLAIN EXECUTE {} ({values})", kept.get::<_, &str>(0));
    let goes_by_keys = async || {
        let plan = scene.db.query(&explain, &[]).await.unwrap();
        plan.iter().any(|row| row.get::<_, &str>(0).contains("sessions_pkey"))
    };
    assert!(!goes_by_keys().await, "a plan for an empty table");
    let account = scene.account("ada").await;
    let many = "INSERT INTO sessions (id, account_id, secret_hash, created_at, expires_at, generation, rotated_at,
                  authenticated_at, amr)
                SELECT gen_random_uuid(), $1, sha256(n::text::bytea), 0, 1, 0, 0, 0, 'pwd' FROM generate_series(1, 20000) n";
    scene.db.execute(many, &[&account]).await.unwrap();
    while !goes_by_keys().await {
        advance(&scene.db, &[]).await.unwrap();
    }
}

/// One commit for many: while the lane's connections are held, refreshes pile up, and are then written together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshes_that_wait_are_committed_together() {
    let scene = Scene::new().await;
    let account = scene.account("ada").await;
    let mut tokens = Vec::new();
    for _ in 0..40 {
        tokens.push(scene.session(account).await);
    }
    let commits = async || {
        let row = scene.db.optional("SELECT pg_current_xact_id()::text::bigint", &[]).await.unwrap();
        row.unwrap().try_get::<_, i64>(0).unwrap()
    };
    let before = commits().await;
    scene.db.run("BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let refreshes = futures_util::future::join_all(
        tokens.iter().map(|token| async { scene.store.rotate(*token, &at(30)).await.unwrap() }),
    );
    let release = async {
        // Both connections of the lane wait for the table, each with one batch of what there was.
        let waiting = "SELECT 1::bigint FROM pg_locks WHERE NOT granted HAVING count(*) = 2";
        while scene.db.optional(waiting, &[]).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        scene.db.run("COMMIT").await.unwrap();
    };
    let (rotations, ()) = tokio::join!(refreshes, release);
    assert!(rotations.iter().all(|rotation| matches!(rotation, Rotation::Advanced(_))));
    // The lock, a batch or two for each connection, and the looks at the number.
    let transactions = commits().await - before;
    assert!(transactions <= 6, "{transactions} transactions for 40 refreshes");
}

/// J2: a rotation whose caller was told that nothing is known becomes durable all the same, and its client comes back after
/// the grace: it gets the successor, and is no reuse.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_that_was_answered_too_late_can_be_fetched_later() {
    let scene = Scene::new().await;
    let account = scene.account("ada").await;
    let token = scene.session(account).await;
    // A commit that is done, but says that it may be missing on the standby: its outcome is told as unknown.
    let warn = "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS
                  $$ BEGIN RAISE WARNING 'canceling wait'; RETURN NULL; END $$;
                CREATE CONSTRAINT TRIGGER warn AFTER UPDATE ON sessions DEFERRABLE INITIALLY DEFERRED
                  FOR EACH ROW EXECUTE FUNCTION warn()";
    database::sql(&scene.name, warn);
    let told = scene.store.rotate(token, &at(30)).await;
    assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
    let stored = scene.store.find_session(token.session_id).await.unwrap().unwrap();
    assert_eq!(stored.generation, 1, "it happened");
    database::sql(&scene.name, "DROP TRIGGER warn ON sessions");
    let again = scene.store.rotate(token, &at(30 + 16)).await.unwrap();
    assert!(matches!(&again, Rotation::Replayed(grant) if grant.session().generation == 1), "{again:?}");
    let later = scene.store.rotate(token, &at(30 + 16 + 16)).await.unwrap();
    assert!(matches!(later, Rotation::Reused(_)), "the window is not extended a second time: {later:?}");
}

/// What needs no write is answered while the database refuses every write.
#[tokio::test]
async fn a_young_token_is_answered_while_nothing_can_be_written() {
    let scene = Scene::new().await;
    let account = scene.account("ada").await;
    let (young, old) = (scene.session(account).await, scene.session(account).await);
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$;
                  CREATE TRIGGER refuse BEFORE UPDATE ON sessions FOR EACH STATEMENT EXECUTE FUNCTION refuse()";
    database::sql(&scene.name, refuse);
    assert!(matches!(scene.store.rotate(young, &at(1)).await.unwrap(), Rotation::Fresh(_)));
    assert!(matches!(scene.store.rotate(old, &at(30)).await, Err(StoreError::Unavailable(_))));
}

/// Whatever a table is given, it is copied, or named as one database's own.
#[tokio::test]
async fn a_copy_leaves_no_table_and_no_column_out() {
    let scene = Scene::new().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    drop(SqliteStore::open(&path, OpenMode::Server, SessionPolicy::default()).unwrap());
    let own = [
        "leases",
        "locks",
        "nodes",
        "probe",
        "schema_history",
        "schema_lock",
        "sqlite_sequence",
        "sqlite_stat1",
        "ticket_locks",
    ];
    let copied = |(table, column): &(String, String)| match TABLES.iter().find(|known| known.name == table) {
        Some(table) => !table.own.contains(&column.as_str()),
        None => !own.contains(&table.as_str()),
    };
    let of_sqlite = "SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c
                     WHERE t.schema = 'main' AND t.name <> 'sqlite_schema'";
    let db = rusqlite::Connection::open(&path).unwrap();
    let mut select = db.prepare(of_sqlite).unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap);
    let here: BTreeSet<(String, String)> = rows.filter(copied).collect();
    let of_postgres = "SELECT table_name::text, column_name::text FROM information_schema.columns
                       WHERE table_schema = current_schema()";
    let rows = scene.db.query(of_postgres, &[]).await.unwrap();
    let there: BTreeSet<_> = rows.iter().map(|row| (row.get(0), row.get(1))).filter(copied).collect();
    assert_eq!(here, there);
    let named: BTreeSet<_> = here.iter().map(|(table, _)| table.as_str()).collect();
    assert_eq!(named, TABLES.iter().map(|table| table.name).collect());
}
