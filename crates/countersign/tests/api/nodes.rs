//! Several nodes on one PostgreSQL database, as their clients see them, and whoever guesses at all of them.

use axum::http::header;
use countersign::internal::base::random::Random;
use countersign::internal::model::account::Username;
use countersign::store::postgres::{DatabaseUrl, PostgresStore};
use countersign::{Clock, ClockError, Countersign, MasterKeys, OpenError, Options};

use crate::app::{PASSWORD, Reply, TestApp};
use crate::database;

const WRONG: &str = "wrong horse battery staple";
const NODES: usize = 3;

/// How many passwords were really checked, at all nodes.
fn looked_at(nodes: &[TestApp]) -> u64 {
    nodes.iter().map(|node| node.countersign.hasher().stats().computed).sum()
}

/// One guess at each node in turn; gives how long each of those that refuse wants to wait.
async fn guess_everywhere(nodes: &[TestApp]) -> Vec<u64> {
    let mut waits = Vec::new();
    for node in nodes {
        let reply = node.login("ada", WRONG).await;
        if reply.status == 429 {
            waits.push(reply.header(header::RETRY_AFTER).unwrap().parse().unwrap());
        } else {
            reply.assert_error(401, "invalid_credentials");
        }
    }
    waits
}

/// Guesses until every node refuses, which happens soon or not at all.
async fn guess_until_all_refuse(nodes: &[TestApp]) {
    for _ in 0..20 {
        if guess_everywhere(nodes).await.len() == NODES {
            return;
        }
    }
    panic!("guesses are not limited");
}

/// What the upkeep does each second.
async fn all_hear(nodes: &[TestApp]) {
    for node in nodes {
        node.countersign.follow_guesses(node.clock.now()).await.unwrap();
    }
}

/// TH-1, TH-3, TH-6: guesses over three nodes cost as much as those at one: five without a wait, eighty in all. Each
/// other node may look at one more, which is what it learns the count by.
#[tokio::test]
async fn guesses_over_three_nodes_are_limited_like_on_one() {
    let nodes = TestApp::nodes(3).await;
    let before = looked_at(&nodes);
    guess_until_all_refuse(&nodes).await;
    assert_eq!(looked_at(&nodes) - before, 5 + 2);
    let mut is_stopped = false;
    for _ in 0..1_000 {
        let waits = guess_everywhere(&nodes).await;
        if waits.len() == NODES {
            match waits.into_iter().min().unwrap() {
                wait if wait > 900 => is_stopped = true, // for a day
                wait => nodes[0].wait(wait),
            }
        }
        if is_stopped {
            break;
        }
    }
    assert!(is_stopped, "guesses go on and on");
    let looked_at = looked_at(&nodes) - before;
    assert!((80..=80 + 2).contains(&looked_at), "{looked_at}");
}

/// TH-3: at the same moment too: each node looks at no more than one would, and all of them count.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_at_once_over_three_nodes_all_count() {
    let nodes = TestApp::nodes(3).await;
    let before = looked_at(&nodes);
    let at_each = nodes.iter().map(|node| async {
        let guesses = (0..20).map(|_| node.login("ada", WRONG));
        futures_util::future::join_all(guesses).await
    });
    futures_util::future::join_all(at_each).await;
    let counted = looked_at(&nodes) - before;
    assert!((5..=15).contains(&counted), "{counted}");
    all_hear(&nodes).await;
    let wait = (1 << (counted - 5)).min(900); // doubled for each
    assert_eq!(guess_everywhere(&nodes).await, [wait; NODES], "after {counted}");
}

/// TH-2, TH-3, TH-6: a right password at one node is good for all; a device known at one is known at all.
#[tokio::test]
async fn a_success_at_one_node_is_one_at_all() {
    let nodes = TestApp::nodes(3).await;
    let device = device_cookie(&nodes[0].login("ada", PASSWORD).await);
    guess_until_all_refuse(&nodes).await;
    nodes[1].login("ada", PASSWORD).await.assert_error(429, "too_many_attempts");
    let body = serde_json::json!({ "username": "ada", "password": PASSWORD });
    let owner = nodes[2].post("/api/login").json(&body).header("cookie", &device).send().await;
    assert_eq!(owner.status, 200, "{}", owner.text);
    nodes[0].wait(60);
    assert_eq!(nodes[0].login("ada", PASSWORD).await.status, 200);
    all_hear(&nodes).await;
    for node in &nodes {
        for _ in 0..4 {
            node.login("ada", WRONG).await.assert_error(401, "invalid_credentials");
        }
        assert_eq!(node.login("ada", PASSWORD).await.status, 200);
        all_hear(&nodes).await;
    }
}

/// TH-6: a new password from the command line ends the waits at every node.
#[tokio::test]
async fn a_password_that_is_set_ends_the_waits_at_every_node() {
    let nodes = TestApp::nodes(3).await;
    guess_until_all_refuse(&nodes).await;
    nodes[0].wait(1);
    let ada = nodes[0].countersign.find_account_by_name(&Username::parse("ada").unwrap()).await.unwrap();
    nodes[0]
        .countersign
        .set_password(&ada.unwrap(), "another horse staple", &nodes[0].operator())
        .await
        .unwrap();
    all_hear(&nodes).await;
    for node in &nodes {
        assert_eq!(node.login("ada", "another horse staple").await.status, 200);
    }
}

fn device_cookie(reply: &Reply) -> String {
    let mut cookies = reply.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    let cookie = cookies.rfind(|cookie| cookie.starts_with("__Host-device=")).unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// How far the clock of a node with this machine's clock is ahead of it, in milliseconds.
async fn ahead(node: &Countersign<PostgresStore>) -> i64 {
    node.follow_clock().await.unwrap();
    node.clock().now().as_unix_millis() - Clock::system().now().as_unix_millis()
}

/// A node goes by the clock of the database, and says so if its own is no clock.
#[tokio::test]
async fn a_node_goes_by_the_clock_of_the_database() {
    let name = database::new_database();
    let url = DatabaseUrl::parse(&database::url(&name)).unwrap();
    let is_ahead_by = |seconds: i64| {
        let value = format!("pg_catalog.clock_timestamp() + {seconds} * interval ''1 second''");
        database::pretend(&name, "clock_timestamp", "timestamptz", &value);
    };
    let open = async || {
        let options = Options::new("https://auth.example", "api");
        let random = Random::insecure_seeded(1);
        let store = PostgresStore::open(&url, options.sessions, &random).await.unwrap();
        let keys = MasterKeys::generate(&random);
        Countersign::open(store, options, keys, Clock::system(), Random::insecure_seeded(2)).await
    };
    is_ahead_by(25);
    let node = open().await.unwrap();
    let near =
        |expected: i64, found: i64| assert!((expected - 500..=expected + 500).contains(&found), "{found}");
    near(25_000, ahead(&node).await);
    is_ahead_by(-20);
    let before = node.clock().now();
    node.follow_clock().await.unwrap();
    assert!(node.clock().now() >= before, "it does not go back");
    is_ahead_by(100);
    near(100_000, ahead(&node).await);
    for seconds in [100, -100] {
        is_ahead_by(seconds);
        let refused = open().await.unwrap_err();
        let OpenError::Clock(ClockError::Apart(offset)) = &refused else { panic!("{refused:?}") };
        near(seconds * 1_000, offset.database.as_unix_millis() - offset.here.as_unix_millis());
        let text = refused.to_string();
        assert!(
            text.contains(&offset.here.to_string()) && text.contains(&offset.database.to_string()),
            "{text}"
        );
    }
}
