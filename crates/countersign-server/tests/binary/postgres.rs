//! The server and its commands on a PostgreSQL database that several nodes share.

use crate::harness::{PASSWORD, Place, Server};
use crate::postgresql;

/// Tokens are to be good on every node, and each listens on another port.
pub(crate) const ORIGIN: [&str; 2] = ["--set", "public_origin=http://localhost:3000"];

/// The address of an empty database, and its name.
pub(crate) fn new_database() -> (String, String) {
    let name = postgresql::new_database();
    (postgresql::url(&name), name)
}

/// A folder whose commands use this database.
pub(crate) fn place(url: &str) -> Place {
    let mut place = Place::new();
    place.set("COUNTERSIGN_STORE", url);
    place
}

fn node(place: &Place) -> Server {
    place.start(&["serve", "--listen", "127.0.0.1:0"])
}

/// What an operator and a client do, on a database that the first command fills.
#[test]
fn server_and_commands_work_on_postgresql() {
    let (url, name) = new_database();
    let place = place(&url);
    let ran = place.run(&["init"]);
    assert!(ran.code == Some(0) && ran.out.contains(&format!("/{name}")), "{ran:?}");
    assert!(!place.path("countersign-data/countersign.db").exists(), "the data directory has the key alone");
    let ran = place.run_with(&["user", "add", "ann", "--role", "admin"], &format!("{PASSWORD}\n"));
    assert!(ran.code == Some(0) && ran.err.contains(&format!("/{name}")), "{ran:?}");
    let server = node(&place);
    let login = server.login("ann", PASSWORD);
    assert_eq!(server.profile(&login.token()).status, 200);
    let refreshed = server.refresh(&login.cookie().unwrap()).unwrap();
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    assert_eq!(server.request("GET", "/readyz", "", "").status, 200);
    let sessions = place.run(&["session", "list", "--json"]).json();
    assert_eq!(sessions.as_array().map(Vec::len), Some(1), "{sessions}");
    assert_eq!(place.run(&["key", "list", "--json"]).json().as_array().map(Vec::len), Some(1));
    place.run(&["feed-key", "add", "shop"]);
    place.run(&["client", "add", "till"]);
    let cookie = format!("Cookie: {}\r\n", login.cookie().unwrap());
    assert_eq!(server.request("POST", "/api/logout", &cookie, "").status, 204);
    assert_eq!(server.profile(&login.token()).status, 401);
    let audit = place.run(&["audit", "--json"]).out;
    for kind in ["account_created", "login_succeeded", "session_ended", "feed_key_created", "client_created"]
    {
        assert!(audit.contains(kind), "{kind}: {audit}");
    }
    let (status, said) = server.stop();
    assert!(status.success() && said.contains(&format!("/{name}")), "{said}");
    assert!(!said.contains(":secret") && !audit.contains(":secret"));
}
