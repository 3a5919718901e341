//! Several nodes on one PostgreSQL database, as their clients see them, and whoever guesses at all of them.

use axum::http::header;
use countersign::internal::model::account::Username;

use crate::app::{PASSWORD, Reply, TestApp};

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
    while guess_everywhere(&nodes).await.len() < NODES {}
    assert_eq!(looked_at(&nodes) - before, 5 + 2);
    loop {
        let waits = guess_everywhere(&nodes).await;
        if waits.len() == NODES {
            match waits.into_iter().min().unwrap() {
                wait if wait > 900 => break, // stopped, for a day
                wait => nodes[0].wait(wait),
            }
        }
    }
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
    while guess_everywhere(&nodes).await.len() < NODES {}
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
    while guess_everywhere(&nodes).await.len() < NODES {}
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
