//! What only PostgreSQL has: several nodes, connections that break, commits that are not what they seem.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use countersign::internal::base::clock::{Clock, Timestamp};
use countersign::internal::base::id::SessionId;
use countersign::internal::base::random::Random;
use countersign::internal::model::account::{AccountFilter, AccountQuery, CreateAccountOutcome, Role};
use countersign::internal::model::audit::{AuditEvent, AuditKind, AuditQuery};
use countersign::internal::model::audit_cursor::AuditCursor;
use countersign::internal::model::session::{
    EndReason, RevocationPage, Rotation, SessionPolicy, SessionSelector,
};
use countersign::internal::model::stored_key::StoredKey;
use countersign::store::postgres::{DatabaseUrl, OpenError, PostgresStore};
use countersign::store::{
    AccountStore as _, AuditStore as _, KeyStore as _, SessionStore as _, StoreError, Upkeep as _,
};
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

use crate::database::{self, sql};
use crate::world::*;

pub(crate) struct Postgres;

impl Opener for Postgres {
    type Store = PostgresStore;
    async fn open(&self, policy: SessionPolicy) -> PostgresStore {
        PostgresStore::open(&new_database(), policy, &Random::system()).await.unwrap()
    }
}

/// The address of an empty database.
fn new_database() -> DatabaseUrl {
    DatabaseUrl::parse(&database::url(&database::new_database())).unwrap()
}

/// The name of the database in an address.
fn name(url: &DatabaseUrl) -> String {
    url.to_string().rsplit('/').next().unwrap().to_owned()
}

async fn open(url: &DatabaseUrl) -> PostgresStore {
    PostgresStore::open(url, SessionPolicy::default(), &Random::system()).await.unwrap()
}

/// A program beside us on the same database.
async fn beside(url: &DatabaseUrl) -> Client {
    let config: tokio_postgres::Config = database::url(&name(url)).parse().unwrap();
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Nodes that start at once on an empty database make its tables once, and all of them work.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_nodes_make_the_tables_once() {
    let url = new_database();
    let mut opening = JoinSet::new();
    for _ in 0..8 {
        let url = url.clone();
        opening.spawn(async move { open(&url).await });
    }
    let nodes = opening.join_all().await;
    let bob = user(&nodes[0], "bob").await;
    let token = log_in(&nodes[1], &bob, at(0)).await;
    for (n, node) in nodes.iter().enumerate() {
        let seconds = 20 * (1 + u64::try_from(n).unwrap());
        let token = generation(token, u32::try_from(n).unwrap());
        assert!(matches!(node.rotate(token, &context(at(seconds))).await.unwrap(), Rotation::Advanced(_)));
    }
    assert_eq!(sql(&name(&url), "SELECT count(*) FROM schema_history"), "20\n");
}

/// DB-1.
#[tokio::test]
async fn a_database_that_forgets_is_refused() {
    let url = new_database();
    let database = name(&url);
    sql(&database, &format!("ALTER DATABASE {database} SET synchronous_commit = off"));
    let refused = PostgresStore::open(&url, SessionPolicy::default(), &Random::system()).await;
    assert!(matches!(refused, Err(OpenError::NotDurable { .. })), "{refused:?}");
    assert_eq!(sql(&database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0\n");
}

/// What passes by itself is told from what somebody has to mend, and neither with a password.
#[tokio::test]
async fn a_database_that_may_come_is_told_from_one_that_refuses() {
    let (text, read_only) = (database::url("postgres"), new_database());
    let database = name(&read_only);
    sql(&database, &format!("ALTER DATABASE {database} SET default_transaction_read_only = on"));
    for (wrong, expected) in [
        ("postgres://tester:guess@127.0.0.1:1/x".to_owned(), "Unreachable"),
        ("postgres://tester:guess@%2Fnowhere/x".to_owned(), "Unreachable"),
        (text.replace("secret", "guess"), "Refused"),
        (text.replace(":secret", ""), "Refused"),
        (database::url("missing"), "Refused"),
        (database::url(&database), "NotPrimary"),
    ] {
        let url = DatabaseUrl::parse(&wrong).unwrap();
        let refused =
            PostgresStore::open(&url, SessionPolicy::default(), &Random::system()).await.unwrap_err();
        assert!(format!("{refused:?}").starts_with(expected), "{expected}: {refused:?}");
        assert_eq!(refused.may_pass(), expected != "Refused", "{refused:?}");
        assert!(!format!("{refused} {refused:?} {url:?}").contains("guess"));
    }
}

/// A server that stands still takes connections and says nothing. The hosts after it are tried all the same.
#[tokio::test]
async fn a_host_that_stands_still_keeps_nobody_from_the_next() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = database::url(&database::new_database());
    let (who, host) = address.split_once('@').unwrap();
    let both = format!("{who}@{},{host}", silent.local_addr().unwrap());
    let store = open(&DatabaseUrl::parse(&both).unwrap()).await;
    while store.check(at(1)).await.is_err() {
        tokio::task::yield_now().await;
    }
}

/// Every connection is ended by the server; all is well again as soon as they are made anew.
#[tokio::test]
async fn lost_connections_are_made_anew() {
    let url = new_database();
    let store = open(&url).await;
    let bob = user(&store, "bob").await;
    let beside = beside(&url).await;
    for _ in 0..3 {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        beside.batch_execute(end).await.unwrap();
        while store.check(at(1)).await.is_err() {
            tokio::task::yield_now().await;
        }
        while store.record(AuditEvent::new(AuditKind::LoginFailed), &context(at(1))).await.is_err() {
            tokio::task::yield_now().await;
        }
        log_in(&store, &bob, at(1)).await;
    }
}

/// LM-7: what waits for too long is told so, and its connection is not used again; what it had begun is undone.
#[tokio::test]
async fn a_database_that_does_not_answer_is_given_up() {
    let url = new_database();
    let store = open(&url).await;
    let bob = user(&store, "bob").await;
    let token = log_in(&store, &bob, at(0)).await;
    let beside = beside(&url).await;
    beside.batch_execute("BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let read = store.find_account(bob.id).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    let written = store.start_session(new_session(&bob), &context(at(1))).await;
    assert!(matches!(written, Err(StoreError::Unavailable(_))), "{written:?}");
    assert!(store.find_session(token.session_id).await.unwrap().is_some(), "others go on");
    let ready = store.check(at(1)).await;
    ready.unwrap();
    beside.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(store.find_account(bob.id).await.unwrap(), Some(bob.clone()));
    log_in(&store, &bob, at(2)).await;
    assert_eq!(store.list_sessions(Some(bob.id), at(3), 9).await.unwrap().len(), 2);
}

/// A commit that says "it is done, but" is not taken for done: so a server speaks that was told to wait for its standby and
/// has stopped waiting.
#[tokio::test]
async fn a_commit_with_a_warning_is_a_failure() {
    let url = new_database();
    let store = open(&url).await;
    sql(
        &name(&url),
        "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE WARNING 'canceling wait for synchronous replication'; RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON accounts DEFERRABLE INITIALLY DEFERRED
           FOR EACH ROW EXECUTE FUNCTION warn()",
    );
    let made = store.create_account(new_account("bob", Role::default()), &context(T0)).await;
    assert!(matches!(made, Err(StoreError::Unavailable(_))), "{made:?}");
    store.record(AuditEvent::new(AuditKind::LoginFailed), &context(at(1))).await.unwrap();
}

/// What another transaction came between is begun again: three times, and not for ever.
#[tokio::test]
async fn what_was_crossed_is_begun_again() {
    let url = new_database();
    let store = open(&url).await;
    sql(
        &name(&url),
        "CREATE SEQUENCE attempts;
         CREATE FUNCTION cross_once() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN IF nextval('attempts') NOT IN (4, 9) THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF;
              RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER cross_once AFTER INSERT ON accounts DEFERRABLE INITIALLY DEFERRED
           FOR EACH ROW EXECUTE FUNCTION cross_once()",
    );
    let make = async |name| store.create_account(new_account(name, Role::default()), &context(T0)).await;
    assert!(matches!(make("bob").await, Ok(CreateAccountOutcome::Created(_))));
    assert!(matches!(make("eve").await, Err(StoreError::Unavailable(_))));
    assert!(matches!(make("ann").await, Ok(CreateAccountOutcome::Created(_))));
    assert_eq!(audit(&store).await, ["account_created user", "account_created user"]);
}

/// The sessions of a page of the revocation log, in no order.
fn ids(page: &RevocationPage) -> BTreeSet<SessionId> {
    assert!(!page.has_more && !page.is_anew, "{page:?}");
    let ids: BTreeSet<_> = page.log.iter().map(|entry| entry.ended.id).collect();
    assert_eq!(ids.len(), page.log.len(), "{page:?}");
    ids
}

/// SE-4: a transaction that began before a look and commits after it is seen by the next look, whatever was committed in
/// between. Somebody's open transaction neither hides nor delays anything, and nothing comes twice for it.
#[tokio::test]
async fn a_revocation_that_commits_late_is_not_missed() {
    let url = new_database();
    let store = open(&url).await;
    let bob = user(&store, "bob").await;
    let end = async || {
        let which = SessionSelector::OfToken(log_in(&store, &bob, at(0)).await);
        store.end_sessions(which, EndReason::Logout, &context(at(1))).await.unwrap()[0].id
    };
    let late = SessionId::random(&Random::system());
    let (beside, forgotten) = (beside(&url).await, beside(&url).await);
    forgotten.batch_execute("BEGIN; CREATE TABLE somebody_elses (n int)").await.unwrap();
    let until = at(9_999).as_unix_millis();
    let insert = format!("INSERT INTO revocations (session_id, until) VALUES ('{late}', {until})");
    beside.batch_execute(&format!("BEGIN; {insert}")).await.unwrap();
    let first = end().await;
    let page = store.revocations(None, at(2)).await.unwrap();
    assert_eq!(ids(&page), [first].into());
    let (second, third) = (end().await, end().await);
    let page = store.revocations(Some(page.cursor), at(2)).await.unwrap();
    assert_eq!(ids(&page), [second, third].into());
    beside.batch_execute("COMMIT").await.unwrap();
    let fourth = end().await;
    let page = store.revocations(Some(page.cursor), at(2)).await.unwrap();
    assert_eq!(ids(&page), [late, fourth].into());
    let page = store.revocations(Some(page.cursor), at(2)).await.unwrap();
    assert_eq!(ids(&page), [].into());
    let fifth = end().await;
    let page = store.revocations(Some(page.cursor), at(2)).await.unwrap();
    assert_eq!(ids(&page), [fifth].into());
}

/// LG-5: whoever follows the audit log gets a line that is committed after lines with larger numbers, and each line once,
/// however short the pages are.
#[tokio::test]
async fn a_line_of_the_audit_log_that_commits_late_is_not_missed() {
    let url = new_database();
    let store = open(&url).await;
    let record = async |detail: &str| {
        let event = AuditEvent::new(AuditKind::LoginFailed).with_detail(detail);
        store.record(event, &context(at(1))).await.unwrap();
    };
    let mut cursor = AuditCursor::START;
    let mut read = async || {
        let mut details = Vec::new();
        loop {
            let query = AuditQuery { after: cursor.clone(), limit: 2, ..AuditQuery::default() };
            let page = store.audit_log(query).await.unwrap();
            // It goes through a client's hands as a text.
            cursor = page.next.to_string().parse().unwrap();
            if page.lines.is_empty() {
                return details;
            }
            details.extend(page.lines.into_iter().map(|line| line.event.detail.unwrap()));
        }
    };
    record("first").await;
    let beside = beside(&url).await;
    let insert = "BEGIN; INSERT INTO audit_log (at, actor, kind, detail)
                  VALUES (1, 'system', 'login_failed', 'late'), (2, 'system', 'login_failed', 'later'),
                         (3, 'system', 'login_failed', 'last')";
    beside.batch_execute(insert).await.unwrap();
    record("second").await;
    assert_eq!(read().await, ["first", "second"]);
    record("third").await;
    assert_eq!(read().await, ["third"]);
    beside.batch_execute("COMMIT").await.unwrap();
    record("fourth").await;
    assert_eq!(read().await, ["late", "later", "last", "fourth"]);
    assert_eq!(read().await, [""; 0]);
}

/// A cursor of another server: what was written since a minute before it was given comes again, and nothing is left out.
#[tokio::test]
async fn the_audit_log_of_another_server_is_read_from_a_minute_before() {
    let store = open(&new_database()).await;
    let now = Clock::system().now();
    for (detail, at) in [("old", now.minus(300 * SECOND)), ("new", now)] {
        let event = AuditEvent::new(AuditKind::LoginFailed).with_detail(detail);
        store.record(event, &context(at)).await.unwrap();
    }
    let read = async |after| {
        let page = store.audit_log(AuditQuery { after, limit: 9, ..AuditQuery::default() }).await.unwrap();
        let details: Vec<_> = page.lines.into_iter().map(|line| line.event.detail.unwrap()).collect();
        (details, page.next)
    };
    let (all, cursor) = read(AuditCursor::START).await;
    assert_eq!(all, ["old", "new"]);
    let text = cursor.to_string();
    let mut parts: Vec<&str> = text.split('.').collect();
    parts[1] = "17";
    let (again, next) = read(parts.join(".").parse().unwrap()).await;
    assert_eq!(again, ["new"]);
    assert_eq!(read(next).await.0, [""; 0]);
}

/// A dump that is restored elsewhere brings numbers of transactions that the new server has not reached. They hide nothing
/// that comes later, and do not come again and again.
#[tokio::test]
async fn the_numbers_of_another_server_mean_nothing() {
    let url = new_database();
    let until = at(9_999).as_unix_millis();
    let insert = async || {
        let id = SessionId::random(&Random::system());
        let values = format!("VALUES ('{id}', {until}, '9999999999')");
        sql(&name(&url), &format!("INSERT INTO revocations (session_id, until, xid) {values}"));
        id
    };
    drop(open(&url).await);
    let foreign = insert().await;
    let store = open(&url).await;
    let page = store.revocations(None, at(2)).await.unwrap();
    assert_eq!(ids(&page), [foreign].into());
    insert().await; // into a database in use: known after the next start, and not a hundred times before
    let bob = user(&store, "bob").await;
    let which = SessionSelector::OfToken(log_in(&store, &bob, at(0)).await);
    let ended = store.end_sessions(which, EndReason::Logout, &context(at(1))).await.unwrap()[0].id;
    let page = store.revocations(Some(page.cursor), at(2)).await.unwrap();
    assert_eq!(ids(&page), [ended].into());
}

/// No name has a NUL, which PostgreSQL does not take in any text.
#[tokio::test]
async fn a_search_for_what_no_name_has_finds_nothing() {
    let store = open(&new_database()).await;
    for name in ["ann", "bob"] {
        user(&store, name).await;
    }
    let list = async |search: Option<&str>, after: Option<&str>| {
        let filter = AccountFilter { search: search.map(str::to_owned), ..AccountFilter::default() };
        let query = AccountQuery { filter, ..AccountQuery::by_name(after.map(str::to_owned), 9) };
        let found = store.list_accounts(query).await.unwrap();
        found.iter().map(|account| account.username.canonical().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(Some("\0"), None).await, [""; 0]);
    assert_eq!(list(None, Some("ann\0")).await, ["bob"]);
    assert_eq!(list(None, Some("am\0x")).await, ["ann", "bob"]);
}

/// KM-5: of nodes that add a key at once, each with connections that are warm, one does; a master key keeps the first
/// fingerprint.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_nodes_one_makes_the_key() {
    let url = new_database();
    let mut nodes = Vec::new();
    for n in 1..=4 {
        let node = open(&url).await;
        node.remember_master_keys(vec![(1, [n; 32])]).await.unwrap();
        nodes.push(Arc::new(node));
    }
    assert_eq!(nodes[3].master_key_fingerprints().await.unwrap()[&1], [1; 32]);
    let mut newest = None;
    for round in 0..20 {
        let mut adding = JoinSet::new();
        for (n, node) in nodes.iter().enumerate() {
            let (node, newest) = (Arc::clone(node), newest.clone());
            let kid = format!("{round}-{n}");
            let key = StoredKey {
                kid: kid.clone(),
                algorithm: "ES256".to_owned(),
                sealed: vec![1],
                created_at: T0,
                active_from: T0,
            };
            adding.spawn(async move {
                node.add_signing_key(key, newest, &context(T0)).await.unwrap().then_some(kid)
            });
        }
        let added: Vec<_> = adding.join_all().await.into_iter().flatten().collect();
        assert_eq!(added.len(), 1, "round {round}: {added:?}");
        newest = added.into_iter().next();
    }
    assert_eq!(nodes[0].signing_keys().await.unwrap().len(), 20);
}

/// A rotation is a HOT update: it touches no index, and the page has room for it.
#[tokio::test]
async fn a_rotation_touches_no_index() {
    let url = new_database();
    let store = Arc::new(open(&url).await);
    let bob = user(&*store, "bob").await;
    let token = log_in(&*store, &bob, at(0)).await;
    for n in 0..50 {
        let rotation =
            store.rotate(generation(token, n), &context(at(20 * (1 + u64::from(n))))).await.unwrap();
        assert!(matches!(rotation, Rotation::Advanced(_)), "{rotation:?}");
    }
    drop(store);
    let counts = "SELECT pg_stat_force_next_flush(); SELECT n_tup_upd = n_tup_hot_upd AND n_tup_upd >= 50
                  FROM pg_stat_user_tables WHERE relname = 'sessions'";
    while sql(&name(&url), counts).trim() != "t" {
        tokio::task::yield_now().await;
    }
}

/// Sets the clock of the database, which then stands.
fn set_clock(url: &DatabaseUrl, to: Timestamp) {
    let value = format!("to_timestamp({} / 1000.0)", to.as_unix_millis());
    database::pretend(&name(url), "clock_timestamp", "timestamptz", &value);
}

/// Of several nodes one sweeps, for as long as it says so; by the clock of the database, whatever their own say.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_the_nodes_sweeps() {
    let url = new_database();
    set_clock(&url, T0);
    let mut nodes = Vec::new();
    for _ in 0..4 {
        nodes.push(Arc::new(open(&url).await));
    }
    let mut asking = JoinSet::new();
    for (n, node) in nodes.iter().enumerate() {
        let node = Arc::clone(node);
        asking.spawn(async move { node.may_sweep().await.unwrap().then_some(n) });
    }
    let chosen: Vec<_> = asking.join_all().await.into_iter().flatten().collect();
    let [chosen] = chosen[..] else { panic!("{chosen:?}") };
    let other = &nodes[(chosen + 1) % nodes.len()];
    set_clock(&url, at(20));
    assert!(nodes[chosen].may_sweep().await.unwrap(), "it goes on");
    set_clock(&url, at(50).minus(Duration::from_millis(1)));
    assert!(
        !other.may_sweep().await.unwrap(),
        "half a minute since it was last heard of, less a millisecond"
    );
    set_clock(&url, at(50));
    assert!(other.may_sweep().await.unwrap());
    assert!(!nodes[chosen].may_sweep().await.unwrap(), "it was replaced");
    assert!(!open(&url).await.may_sweep().await.unwrap(), "a node that starts waits for its turn");
}

#[tokio::test]
async fn the_time_is_that_of_the_database() {
    let url = new_database();
    let store = open(&url).await;
    assert_eq!(store.time().await.unwrap().map(|now| now > T0), Some(true));
    set_clock(&url, at(7).plus(Duration::from_millis(123)));
    assert_eq!(open(&url).await.time().await.unwrap(), Some(at(7).plus(Duration::from_millis(123))));
}

/// LM-9: after a failover a connection may lead to what is a standby now. That is not ready, and soon left.
#[tokio::test]
async fn a_standby_is_not_ready() {
    let url = new_database();
    let recovery = |is_standby: &str| {
        database::pretend(&name(&url), "pg_is_in_recovery", "boolean", is_standby);
    };
    recovery("false");
    let store = open(&url).await;
    store.check(at(1)).await.unwrap();
    recovery("true");
    let refused = store.check(at(1)).await.unwrap_err();
    let reason = std::error::Error::source(&refused).and_then(std::error::Error::source);
    assert!(reason.is_some_and(|reason| reason.to_string().contains("standby")), "{refused:?}");
    recovery("false");
    while store.check(at(1)).await.is_err() {
        tokio::task::yield_now().await;
    }
}

/// The probe writes only after something could not be written: else every probe of every node would.
#[tokio::test]
async fn the_probe_writes_only_after_a_failure() {
    let url = new_database();
    let store = open(&url).await;
    let written = || sql(&name(&url), "SELECT count(*) FROM probe");
    store.check(at(1)).await.unwrap();
    assert_eq!(written(), "0\n");
    let beside = beside(&url).await;
    beside.batch_execute("BEGIN; LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE").await.unwrap();
    store.record(AuditEvent::new(AuditKind::LoginFailed), &context(at(1))).await.unwrap_err();
    beside.batch_execute("ROLLBACK").await.unwrap();
    while store.check(at(2)).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(written(), "1\n");
}
