//! Several nodes on one PostgreSQL database: what one of them does holds on all, and a `kill -9` of one of them or of the
//! database loses nothing that was acknowledged and logs nobody out. `COUNTERSIGN_STORMS=100` has so many storms.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::harness::{PASSWORD, Place, Server, eventually, on_command};
use crate::postgres::{ORIGIN, new_database, place};
use crate::postgresql;

fn node(place: &Place) -> Server {
    let mut arguments = vec!["serve", "--listen", "127.0.0.1:0"];
    // For as long as a database needs to start on a busy machine, a client may ask again.
    arguments.extend(["--set", "session.grace=60s", "--set", "session.min_age=65s"]);
    arguments.extend(ORIGIN);
    place.start(&arguments)
}

/// Places of nodes on one database that have the same master key, and the database's name.
fn places(count: usize) -> (Vec<Place>, String) {
    let (url, name) = new_database();
    let master_key = format!("1 {}\n", "7c3a91e04d5b2f8861d0cab97e43f512".repeat(2));
    let places = (0..count).map(|_| {
        let place = place(&url);
        place.write("master.key", &master_key);
        place.write("countersign.toml", "master_key_file = \"master.key\"\n");
        place
    });
    (places.collect(), name)
}

/// KM-5: on a database that has no tables yet, and on one that has.
#[test]
fn eight_nodes_that_start_at_once_make_one_signing_key() {
    let (places, name) = places(8);
    for is_new in [true, false] {
        let nodes: Vec<Server> = std::thread::scope(|scope| {
            let starting: Vec<_> = places.iter().map(|place| scope.spawn(|| node(place))).collect();
            starting.into_iter().map(|node| node.join().unwrap()).collect()
        });
        assert_eq!(postgresql::sql(&name, "SELECT count(*) FROM signing_keys"), "1\n", "new: {is_new}");
        let keys = nodes[0].request("GET", "/.well-known/jwks.json", "", "").body;
        for node in &nodes {
            assert_eq!(node.request("GET", "/.well-known/jwks.json", "", "").body, keys);
        }
        assert_eq!(postgresql::sql(&name, "SELECT count(*) FROM master_keys"), "1\n");
        postgresql::sql(&name, "DELETE FROM signing_keys; DELETE FROM master_keys");
        // A slow disk: now the others come while the first is at it.
        let slow = "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
                      $$ BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END $$;
                    CREATE OR REPLACE TRIGGER slow BEFORE INSERT ON signing_keys FOR EACH ROW EXECUTE FUNCTION slow()";
        postgresql::sql(&name, slow);
    }
}

/// CC-2: a log-out on one node ends the access token on the others.
#[test]
fn a_logout_on_one_node_holds_on_all() {
    let (places, _) = places(3);
    places[0].add_user_to_shared("ann", "user");
    let nodes: Vec<Server> = places.iter().map(node).collect();
    let login = nodes[0].login("ann", PASSWORD);
    let (token, cookie) = (login.token(), login.cookie().unwrap());
    for node in &nodes {
        assert_eq!(node.profile(&token).status, 200);
        assert_eq!(node.refresh(&cookie).unwrap().status, 200);
    }
    let headers = format!("Cookie: {cookie}\r\n");
    assert_eq!(nodes[1].request("POST", "/api/logout", &headers, "").status, 204);
    for node in &nodes {
        eventually(|| node.profile(&token).status == 401);
        assert_eq!(node.refresh(&cookie).unwrap().code(), "session_revoked");
    }
}

const CLIENTS: usize = 8;
const SESSIONS: usize = 3;

/// Sessions of several clients, of which each refreshes once in a storm.
struct Storm {
    database: String,
    /// The last cookie of each session that was acknowledged, by client.
    cookies: Vec<Vec<String>>,
    /// Of sessions that end, one in each storm.
    leaving: Vec<String>,
    blown: usize,
}

impl Storm {
    /// Signs everybody in.
    fn prepare(place: &Place, database: &str) -> Self {
        let server = node(place);
        let sign_in = |client: usize| {
            let name = format!("ann{client}");
            place.add_user_to_shared(&name, "user");
            (0..SESSIONS).map(|_| server.login(&name, PASSWORD).cookie().unwrap()).collect()
        };
        let cookies = (0..CLIENTS).map(sign_in).collect();
        let leaving = (0..storms()).map(|_| server.login("ann0", PASSWORD).cookie().unwrap()).collect();
        Self { database: database.to_owned(), cookies, leaving, blown: 0 }
    }

    /// Everybody refreshes, and one logs out; `strike` happens when `after` of them have an answer. Whoever gets none asks the next node with
    /// the same token, like a client behind a load balancer.
    fn blow(&mut self, nodes: &[Server], sql: &dyn Fn(&str) -> String, after: usize, strike: impl FnOnce()) {
        // All tokens are old enough to be rotated.
        sql("UPDATE sessions SET rotated_at = rotated_at - 70000");
        let answered = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for (client, cookies) in self.cookies.iter_mut().enumerate() {
                let answered = &answered;
                scope.spawn(move || {
                    for (n, cookie) in cookies.iter_mut().enumerate() {
                        *cookie = refresh_anywhere(nodes, client + n, cookie);
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let (leaving, blown) = (&self.leaving[self.blown], self.blown);
            scope.spawn(move || log_out_anywhere(nodes, blown, leaving));
            eventually(|| answered.load(Ordering::Relaxed) >= after);
            strike();
        });
        self.blown += 1;
        // Whatever was acknowledged nobody asked for again: were it lost, the session would be one behind, or alive.
        let expected = format!("{}|{}\n", CLIENTS * SESSIONS, self.blown);
        let count = format!(
            "SELECT count(*) FILTER (WHERE generation = {}), count(*) FILTER (WHERE revoked_at IS NOT NULL) FROM sessions",
            self.blown
        );
        assert_eq!(sql(&count), expected, "storm {} on {}", self.blown, self.database);
    }
}

/// Refreshes once, on whichever node answers; gives the new cookie.
fn refresh_anywhere(nodes: &[Server], first: usize, cookie: &str) -> String {
    let mut refreshed = None;
    let mut attempts = first..;
    eventually(|| {
        let node = &nodes[attempts.next().unwrap() % nodes.len()];
        refreshed = match node.refresh(cookie) {
            Ok(answer) if answer.status == 200 => answer.cookie(),
            Ok(answer) => {
                assert_eq!(answer.status, 503, "an honest client is refused: {answer:?}");
                None
            }
            Err(_) => None,
        };
        refreshed.is_some()
    });
    refreshed.unwrap()
}

/// Logs out once, on whichever node answers.
fn log_out_anywhere(nodes: &[Server], first: usize, cookie: &str) {
    let headers = format!("Cookie: {cookie}\r\n");
    let mut attempts = first..;
    eventually(|| {
        let node = &nodes[attempts.next().unwrap() % nodes.len()];
        node.try_request("POST", "/api/logout", &headers, "").is_ok_and(|answer| answer.status == 204)
    });
}

/// Another number of answers each time, so that the strike is in the middle.
fn moment(storm: usize) -> usize {
    2 + storm * 5 % (CLIENTS * SESSIONS / 2)
}

fn storms() -> usize {
    usize::try_from(on_command("COUNTERSIGN_STORMS", 4)).unwrap()
}

/// DB-1, RF-5.
#[test]
fn a_killed_node_loses_nothing_and_logs_nobody_out() {
    let (places, name) = places(3);
    let mut storm = Storm::prepare(&places[0], &name);
    let mut nodes: Vec<Server> = places.iter().map(node).collect();
    for n in 0..storms() {
        let victim = n % nodes.len();
        let sql = |sql: &str| postgresql::sql(&name, sql);
        storm.blow(&nodes, &sql, moment(n), || nodes[victim].signal("KILL"));
        nodes[victim] = node(&places[victim]);
    }
}

/// DB-1, RF-5.
#[test]
fn a_killed_database_loses_nothing_and_logs_nobody_out() {
    let database = postgresql::Server::start(&[], &[]);
    let name = database.new_database();
    let place = place(&database.url(&name));
    assert_eq!(place.run(&["init"]).code, Some(0));
    let mut storm = Storm::prepare(&place, &name);
    let nodes: Vec<Server> = (0..3).map(|_| node(&place)).collect();
    for n in 0..storms() {
        let sql = |sql: &str| database.sql(&name, sql);
        storm.blow(&nodes, &sql, moment(n), || {
            database.kill();
            eventually(|| database.start_again());
        });
        for node in &nodes {
            eventually(|| node.request("GET", "/readyz", "", "").status == 200);
        }
    }
}

/// LM-9, CC-7: while the database is away, what needs it is told to come again, and verification goes on.
#[test]
fn nodes_outlive_their_database() {
    let database = postgresql::Server::start(&[], &[]);
    let name = database.new_database();
    let place = place(&database.url(&name));
    assert_eq!(place.run(&["init"]).code, Some(0));
    place.add_user_to_shared("ann", "admin");
    let server = node(&place);
    let login = server.login("ann", PASSWORD);
    let (token, cookie) = (login.token(), login.cookie().unwrap());
    let bearer = format!("Authorization: Bearer {token}\r\n");
    database.kill();
    let ready = || server.request("GET", "/readyz", "", "");
    eventually(|| ready().status == 503);
    for answer in [
        ready(),
        server.login("ann", PASSWORD),
        server.refresh(&cookie).unwrap(),
        server.request("POST", "/api/logout", &bearer, ""),
        server.request("GET", "/api/user", &bearer, ""),
        server.request("GET", "/api/admin/users", &bearer, ""),
    ] {
        assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"), "{answer:?}");
        assert!(answer.head.contains("\r\nretry-after: "), "{answer:?}");
    }
    for path in ["/healthz", "/api/profile", "/.well-known/jwks.json"] {
        assert_eq!(server.request("GET", path, &bearer, "").status, 200, "{path}");
    }
    eventually(|| database.start_again());
    eventually(|| ready().status == 200);
    // Connections come back one by one, each within a second.
    eventually(|| server.refresh(&cookie).unwrap().status == 200);
    eventually(|| server.login("ann", PASSWORD).status == 200);
    eventually(|| server.request("POST", "/api/logout", &bearer, "").status == 204);
    let (_, said) = server.stop();
    assert!(said.contains("the database cannot be reached"), "{said}");
}

/// KM-4: what is sealed with another key cannot be used, and a node that makes one of its own would be alone with it.
#[test]
fn a_node_with_another_master_key_or_none_is_refused() {
    let (url, name) = new_database();
    let first = place(&url);
    let server = ["serve", "--listen", "127.0.0.1:0"];
    let ran = first.run(&server);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("master.key does not exist") && ran.err.contains("countersign init"), "{ran:?}");
    assert!(!first.path("countersign-data").exists());
    assert_eq!(postgresql::sql(&name, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0\n");
    assert_eq!(first.run(&["init"]).code, Some(0));
    drop(node(&first));

    let elsewhere = place(&new_database().0);
    let ran = elsewhere.run(&["init", "--set", "master_key_file=key"]);
    assert!(ran.code == Some(0) && elsewhere.path("key").exists(), "it makes a configured file too: {ran:?}");
    drop(node(&elsewhere));

    let second = place(&url);
    let ran = second.run(&["init"]);
    assert!(ran.code == Some(1) && ran.err.contains("is missing"), "{ran:?}");
    assert!(
        !second.path("countersign-data/master.key").exists() && !second.path("countersign.toml").exists()
    );
    second.write("master.key", &format!("1 {}\n", "0123456789abcdef".repeat(4)));
    for command in [&server[..], &["user", "list"], &["init"]] {
        let ran = second.run(&[command, &["--set", "master_key_file=master.key"]].concat());
        assert!(ran.code == Some(1) && ran.err.contains("is not the one that this database"), "{ran:?}");
    }
    std::fs::copy(first.path("countersign-data/master.key"), second.path("master.key")).unwrap();
    let ran = second.run(&["init", "--set", "master_key_file=master.key"]);
    assert_eq!(ran.code, Some(0), "a second node: {ran:?}");
    drop(node(&second));
}
