//! `countersign migrate`, and servers that meet tables of another version (DB-5).

use crate::database::Database;
use crate::harness::{PASSWORD, Place, eventually};
use crate::postgresql;

/// Takes back the last change of the tables of the version under test.
const BEFORE: &str = "DROP TABLE used_once;
    DELETE FROM schema_history WHERE version = 31";

/// Without leave to change tables, a server says which command does.
#[test]
fn tables_can_be_left_to_a_command() {
    let place = Place::new();
    place.add_user("ann", "user");
    let database = Database::of(&place);
    let current = place.run(&["migrate"]);
    assert!(
        current.code == Some(0) && current.out.contains("Nothing to do: the schema is 31"),
        "{current:?}"
    );
    database.execute(BEFORE);
    let status = place.run(&["migrate", "--status", "--json"]).json();
    assert_eq!((&status["schema"], &status["toExpand"]), (&29.into(), &serde_json::json!([31])));
    for command in
        [&["serve", "--set", "auto_migrate=off"][..], &["user", "list", "--set", "auto_migrate=off"]]
    {
        let refused = place.run(command);
        assert!(refused.code == Some(1) && refused.err.contains("run `countersign migrate`"), "{refused:?}");
    }
    assert_eq!(database.number("SELECT max(version) FROM schema_history"), 29, "nothing was changed");
    let made = place.run(&["migrate"]);
    assert!(made.code == Some(0) && made.out.contains("Made 31: the schema is 31"), "{made:?}");
    let server = place.serve(&["--set", "auto_migrate=off"]);
    assert_eq!(server.login("ann", PASSWORD).status, 200);
    let refused = place.run(&["migrate", "--contract"]);
    assert!(refused.code == Some(1) && refused.err.contains("in use by another server"), "{refused:?}");
    drop(server);
    database.execute(BEFORE);
    drop(place.serve(&[]));
    assert_eq!(database.number("SELECT max(version) FROM schema_history"), 31, "by itself");
}

/// Nodes are seen by the command; one of an older version does not start on tables that it cannot work with.
#[test]
fn the_command_knows_the_nodes_and_a_node_knows_its_limits() {
    let name = postgresql::new_database();
    let mut place = Place::new();
    place.set("COUNTERSIGN_STORE", &postgresql::url(&name));
    place.run(&["init"]);
    let server = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    let status = || place.run(&["migrate", "--status", "--json"]).json();
    eventually(|| !status()["nodes"].as_array().unwrap().is_empty());
    let node = &status()["nodes"][0];
    assert_eq!((&node["version"], &node["alive"]), (&env!("CARGO_PKG_VERSION").into(), &true.into()));
    let ran = place.run(&["migrate", "--status"]);
    assert!(ran.out.contains("To expand     nothing") && ran.out.contains("\nNode          "), "{ran:?}");
    assert_eq!(place.run(&["migrate", "--contract"]).code, Some(0), "nothing to do harms nobody");
    drop(server);
    postgresql::sql(&name, "INSERT INTO schema_history VALUES (98, 1, '8.0.0')");
    drop(place.start(&["serve", "--listen", "127.0.0.1:0"]));
    postgresql::sql(&name, "INSERT INTO schema_history VALUES (99, 98, '9.0.0')");
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"], &["migrate", "--status"]] {
        let refused = place.run(command);
        assert_eq!(refused.code, Some(1), "{refused:?}");
    }
    let refused = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(refused.err.contains("its schema 99 needs at least version 8.0.0"), "{refused:?}");
}
