//! From a log-out at one node to the refusal at the others.

use countersign::store::postgres::DatabaseUrl;
use countersign::store::{SessionStore as _, Upkeep as _};

use crate::database::{self, Server};
use crate::node::*;

fn url(text: &str) -> DatabaseUrl {
    DatabaseUrl::parse(text).unwrap()
}

/// SE-4: where nothing wakes it, a node looks often enough. Somebody's forgotten transaction is in nobody's way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_nobody_wakes_hears_of_a_log_out() {
    let name = database::new_database();
    let nowhere = url("postgres://tester@127.0.0.1:1/nowhere");
    let url = url(&database::url(&name)).with_bell(nowhere);
    let (here, there) = (open(&url).await, open(&url).await);
    let (client, connection) =
        tokio_postgres::connect(&database::url(&name), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("BEGIN; CREATE TABLE somebody_elses (n int)").await.unwrap();
    let ann = account(&here, "ann").await;
    let following = tokio::spawn({
        let there = there.clone();
        async move { there.run_upkeep().await }
    });
    for _ in 0..3 {
        let signed_in = sign_in(&here, ann).await;
        log_out(&here, &signed_in).await;
        until(async || knows(&there, signed_in.session_id)).await;
    }
    following.abort();
    client.batch_execute("ROLLBACK").await.unwrap();
}

/// The bell is heard by every node when sessions have ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_wake_each_other() {
    let name = database::new_database();
    let url = url(&database::url(&name));
    let (here, there) = (open(&url).await, open(&url).await);
    let listening = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                     AND state = 'idle' AND query = 'LISTEN countersign'";
    until(async || database::sql(&name, listening) == "2\n").await;
    // With the connection, since it may have been rung before.
    there.store().rung().await;
    let ann = account(&here, "ann").await;
    for _ in 0..3 {
        let signed_in = sign_in(&here, ann).await;
        log_out(&here, &signed_in).await;
        there.store().rung().await;
        there.follow_revocations(T).await.unwrap();
        assert!(knows(&there, signed_in.session_id));
    }
}

/// SE-4: numbers of transactions that were not yet on the disk when a process of the server crashed are given again by
/// the same server, which says that it has been running all the time. What was seen before means nothing then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_recovers_from_a_crash_is_read_anew() {
    let server = Server::start(&[], &[]);
    let text = server.url(&server.new_database());
    let node = open(&url(&text)).await;
    let ann = account(&node, "ann").await;
    let signed_in = sign_in(&node, ann).await;
    log_out(&node, &signed_in).await;
    let read = async |cursor| node.store().revocations(cursor, T).await;
    let cursor = read(None).await.unwrap().cursor;
    let page = read(Some(cursor.clone())).await.unwrap();
    assert!(page.log.is_empty() && !page.is_anew);
    let started = || server.sql("postgres", "SELECT pg_postmaster_start_time()");
    let before = started();
    let (client, connection) = tokio_postgres::connect(&text, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let row = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap();
    let pid = rustix::process::Pid::from_raw(row.get(0)).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    until(async || client.is_closed()).await;
    // All processes that were there have to be gone before it takes a new connection.
    until(async || server.is_up()).await;
    until(async || node.store().check(T).await.is_ok()).await;
    assert_eq!(started(), before, "it does not show there");
    let page = read(Some(cursor)).await.unwrap();
    assert_eq!((page.log.len(), page.is_anew), (1, true));
}

/// DB-4: that all sessions have ended is heard like one log-out, by every node and with nobody's name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_hears_that_all_sessions_have_ended() {
    let name = database::new_database();
    let url = url(&database::url(&name));
    let (here, there) = (open(&url).await, open(&url).await);
    let ann = account(&here, "ann").await;
    let old = sign_in(&here, ann).await;
    assert!(there.guard().verify(&old.access.token).is_ok());
    let following = tokio::spawn({
        let there = there.clone();
        async move { there.run_upkeep().await }
    });
    let end = here.end_all_sessions(&context()).await.unwrap();
    assert!(here.guard().verify(&old.access.token).is_err(), "here at once");
    until(async || there.guard().verify(&old.access.token).is_err()).await;
    following.abort();
    let late = open(&url).await;
    assert_eq!(late.guard().revocations().not_before(), Some(end.as_unix_seconds()), "and at the start");
}
