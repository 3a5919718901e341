//! `countersign master-key`: another master key takes over in steps, servers are killed between them, and nobody is signed out.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, Place, Ran, Server, eventually};
use crate::postgres::{ORIGIN, new_database, place};
use crate::postgresql;

fn good(ran: Ran) -> Ran {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran
}

fn step(place: &Place, step: &[&str]) -> Value {
    good(place.run(&[&["master-key"], step, &["--json"]].concat())).json()
}

fn refused(place: &Place, step: &[&str], why: &str) {
    let ran = place.run(&[&["master-key"], step].concat());
    assert!(ran.code == Some(1) && ran.err.contains(why), "{ran:?}");
}

fn numbers(place: &Place) -> Vec<String> {
    let text = fs::read_to_string(place.path("countersign-data/master.key")).unwrap();
    text.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

/// By number: state, signing keys, feed keys.
fn status(place: &Place) -> Vec<Value> {
    let all = step(place, &["status"]);
    let of = |key: &Value| json!([key["number"], key["state"], key["signingKeys"], key["feedKeys"]]);
    all.as_array().unwrap().iter().map(of).collect()
}

/// What somebody holds who has signed in: everything must go on to work.
struct Held {
    token: String,
    cookie: String,
    feed_key: String,
}

impl Held {
    fn of(server: &Server, place: &Place) -> Self {
        let login = server.login("ann", PASSWORD);
        let feed_key = good(place.run(&["feed-key", "add", "shop", "--json"])).json();
        let feed_key = feed_key["key"].as_str().unwrap().to_owned();
        let held = Self { token: login.token(), cookie: login.cookie().unwrap(), feed_key };
        eventually(|| held.follow(server).status == 200);
        held
    }

    /// Uses all of it, and takes the next refresh token if there is one.
    fn goes_on(&mut self, server: &Server) {
        assert_eq!(server.profile(&self.token).status, 200);
        let refreshed = server.refresh(&self.cookie).unwrap();
        assert_eq!(refreshed.status, 200, "{refreshed:?}");
        self.token = refreshed.token();
        self.cookie = refreshed.cookie().unwrap_or_else(|| self.cookie.clone());
        assert_eq!(self.follow(server).status, 200);
    }

    fn follow(&self, server: &Server) -> Answer {
        let headers = format!("Authorization: Bearer {}\r\nAccept: application/json\r\n", self.feed_key);
        server.request("GET", "/api/revocations", &headers, "")
    }
}

fn serve(place: &Place) -> Server {
    place.start(&["serve", "--listen", "127.0.0.1:0", ORIGIN[0], ORIGIN[1]])
}

/// Killed, so that nothing is tidied up.
fn again(server: Server, place: &Place) -> Server {
    server.signal("KILL");
    drop(server);
    serve(place)
}

/// Until a server has said that it uses this key.
fn is_used(place: &Place, number: u64) {
    eventually(|| {
        let all = step(place, &["status"]);
        all.as_array().unwrap().iter().any(|key| key["number"] == number && !key["tokensUntil"].is_null())
    });
}

/// KM-10, LG-4: every step on the embedded store, with a server that is killed after each.
#[test]
fn a_master_key_is_changed_and_nobody_is_signed_out() {
    let place = Place::new();
    place.add_user("ann", "admin");
    let server = serve(&place);
    let mut held = Held::of(&server, &place);
    held.goes_on(&server);
    assert_eq!(status(&place), [json!([1, "in use", 1, ["shop"]])]);
    refused(&place, &["remove", "1"], "it is the one in use");
    refused(&place, &["use", "2"], "no master key with the number 2");

    // Of two at once, each adds its own key, and the file is whole.
    std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| step(&place, &["add"])));
        let mut added: Vec<_> = both.map(|one| one.join().unwrap()["number"].as_u64().unwrap()).into();
        added.sort_unstable();
        assert_eq!(added, [2, 3]);
    });
    assert_eq!(numbers(&place), ["1", "2", "3"]);
    assert_eq!(step(&place, &["remove", "3"])["done"], "removed");
    held.goes_on(&server);
    let server = again(server, &place);
    held.goes_on(&server);
    assert_eq!(step(&place, &["rotate"]), json!({ "number": 2, "done": "in use" }));
    assert_eq!(numbers(&place), ["2", "1"]);
    refused(&place, &["reseal"], "no server has used number 2 yet");
    held.goes_on(&server);

    let server = again(server, &place);
    held.goes_on(&server);
    is_used(&place, 2);
    refused(&place, &["remove", "1"], "1 signing keys are sealed under it");
    refused(&place, &["remove", "1", "--force"], "1 signing keys are sealed under it");
    let resealed: u64 = std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| step(&place, &["reseal"])));
        both.map(|one| one.join().unwrap()["resealed"].as_u64().unwrap()).iter().sum()
    });
    assert_eq!(resealed, 1, "of two at once, one does it");
    held.goes_on(&server);
    assert_eq!(
        status(&place),
        [json!([1, "known", 0, ["shop"]]), json!([2, "in use", 1, []]), json!([3, "gone", 0, []])]
    );
    let server = again(server, &place);
    held.goes_on(&server);

    old_key_goes(&place, server, held);
    let audit = good(place.run(&["audit", "--kind", "master_key_changed"])).out;
    for what in [
        "number 2 added",
        "number 2 in use",
        "1 signing keys sealed under number 2",
        "number 1 removed",
        "the audit key sealed under number 2",
        "the outbox key sealed under number 2",
    ] {
        assert!(audit.contains(what), "{what}: {audit}");
    }
}

/// Not before everything is replaced that hangs from it; what the new key has made lives on.
fn old_key_goes(place: &Place, server: Server, mut held: Held) {
    refused(place, &["remove", "1"], "the feed keys shop are made from it");
    assert!(good(place.run(&["master-key", "rotate"])).out.contains("may live until"));
    good(place.run(&["feed-key", "remove", "shop"]));
    let added = good(place.run(&["feed-key", "add", "shop", "--json"])).json();
    added["key"].as_str().unwrap().clone_into(&mut held.feed_key);
    eventually(|| held.follow(&server).status == 200);
    refused(place, &["remove", "1"], "may live until");
    held.goes_on(&server);
    let old = server.login("ann", PASSWORD);
    step(place, &["remove", "1", "--force", "--out", "old.key"]);
    assert_eq!(numbers(place), ["2"]);
    let kept = fs::read_to_string(place.path("old.key")).unwrap();
    assert!(kept.starts_with("1 ") && kept.len() == 67, "a key line: {} bytes", kept.len());
    let server = again(server, place);
    // All that number 2 has made lives.
    assert_eq!(server.profile(&old.token()).status, 200);
    assert_eq!(server.refresh(&old.cookie().unwrap()).unwrap().status, 200);
    assert_eq!(held.follow(&server).status, 200);
    assert_eq!(server.profile(&held.token).status, 200);
}

/// KM-10: on a shared store a key is used when every node knows it, and removed when no node uses it.
#[test]
fn nodes_learn_of_a_master_key_before_it_is_used() {
    let (url, name) = new_database();
    let one = place(&url);
    good(one.run(&["init"]));
    one.add_user_to_shared("ann", "admin");
    let two = place(&url);
    let copy = || {
        fs::create_dir_all(two.path("countersign-data")).unwrap();
        let key = "countersign-data/master.key";
        fs::copy(one.path(key), two.path(key)).unwrap();
    };
    copy();
    let gone = || {
        postgresql::sql(
            &name,
            "UPDATE nodes SET seen_at = seen_at - 70000 WHERE master_keys IS DISTINCT FROM '1 2'",
        )
    };
    let (mut first, mut second) = (serve(&one), serve(&two));
    let mut held = Held::of(&first, &one);
    step(&one, &["rotate"]);
    let known_to = |number: usize| {
        eventually(|| {
            let all = step(&one, &["status"]);
            all[number - 1]["nodesWithoutIt"] == 0
        });
    };
    refused(&one, &["use", "2"], "2 running nodes do not know number 2");
    first = again(first, &one);
    refused(&one, &["rotate"], "running nodes do not know number 2");
    copy();
    second = again(second, &two);
    gone();
    known_to(2);
    for server in [&first, &second] {
        held.goes_on(server);
    }
    step(&one, &["rotate"]);
    first = again(first, &one);
    // The other node does not use it yet, and takes what it makes.
    for server in [&first, &second, &first, &second] {
        let login = server.login("ann", PASSWORD);
        for other in [&first, &second] {
            assert_eq!(other.refresh(&login.cookie().unwrap()).unwrap().status, 200);
        }
        held.goes_on(server);
    }
    is_used(&one, 2);
    assert_eq!(step(&one, &["rotate"])["resealed"], 1);
    for server in [&first, &second] {
        held.goes_on(server);
    }
    refused(&one, &["remove", "1"], "running nodes still make new tokens with it");
    copy();
    second = again(second, &two);
    for server in [&second, &first] {
        held.goes_on(server);
    }
    refused(&one, &["remove", "1"], "may live until");
}
