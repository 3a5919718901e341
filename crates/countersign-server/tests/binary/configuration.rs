//! What stops a start, and how it is said (OP-3, TP-1).

use crate::harness::Place;

#[test]
fn a_misspelt_key_stops_the_start_with_file_line_and_the_nearest_key() {
    let place = Place::new();
    place.write("countersign.toml", "audience = \"api\"\nacess_token_ttl = \"15m\"\n");
    let ran = place.run(&["serve"]);
    assert_eq!(ran.code, Some(2));
    let said = "countersign.toml:2: there is no key \"acess_token_ttl\"; did you mean \"access_token_ttl\"?";
    assert!(ran.err.contains(said), "{ran:?}");
    assert!(!place.path("countersign-data").exists(), "nothing was made");
}

#[test]
fn every_source_is_read_and_the_later_one_wins() {
    let mut place = Place::new();
    place.write("countersign.toml", "audience = \"file\"\naccess_token_ttl = \"5m\"\n");
    place.write(".env", "COUNTERSIGN_AUDIENCE=dotenv\nCOUNTERSIGN_LOG__LEVEL=warn\n");
    place.set("COUNTERSIGN_LOG__LEVEL", "error");
    let values = place.run(&["config", "check", "--json", "--set", "algorithm=EdDSA"]).json();
    let at = |key: &str| (values[key]["value"].as_str().unwrap(), values[key]["from"].as_str().unwrap());
    assert_eq!(at("access_token_ttl"), ("5m", "countersign.toml:2"));
    assert_eq!(at("audience"), ("dotenv", ".env:1"));
    assert_eq!(at("log.level"), ("error", "environment variable COUNTERSIGN_LOG__LEVEL"));
    assert_eq!(at("algorithm"), ("EdDSA", "--set algorithm"));
    assert_eq!(at("listen"), ("127.0.0.1:3000", "default"));
}

/// TP-1.
#[test]
fn plain_http_is_for_loopback_only() {
    let place = Place::new();
    let ran = place.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert!(ran.code == Some(2) && ran.err.contains("would travel in clear"), "{ran:?}");
}

#[test]
fn a_port_in_use_is_said_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = Place::new().run(&["serve", "--listen", &address]);
    let said = format!("cannot listen on {address}: another process is using it");
    assert!(ran.code == Some(1) && ran.err.contains(&said), "{ran:?}");
}

#[test]
fn init_writes_a_file_that_works_and_a_private_key_and_overwrites_neither() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let ran = place.run(&["init", "--public-origin", "https://auth.example.com"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let mode = |name: &str| std::fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("countersign-data"), mode("countersign-data/master.key")), (0o700, 0o600));
    let values = place.run(&["config", "check", "--json"]).json();
    assert_eq!(values["public_origin"]["value"], "https://auth.example.com");
    let key = std::fs::read(place.path("countersign-data/master.key")).unwrap();
    let again = place.run(&["init"]);
    assert!(again.code == Some(1) && again.err.contains("countersign.toml"), "{again:?}");
    assert_eq!(std::fs::read(place.path("countersign-data/master.key")).unwrap(), key);
}

#[test]
fn init_leaves_no_configuration_behind_where_it_can_make_no_key() {
    let place = Place::new();
    place.write("countersign-data", "a file where the folder should be");
    let ran = place.run(&["init"]);
    assert!(ran.code == Some(1) && ran.err.contains("countersign-data/master.key"), "{ran:?}");
    assert!(!place.path("countersign.toml").exists());
}

/// The table in the README is the one that the program prints.
#[test]
fn the_readme_has_the_table_of_keys() {
    let ran = Place::new().run(&["config", "keys"]);
    assert!(ran.out.contains("| `session.grace` | `15s` |"), "{ran:?}");
    let readme = include_str!("../../../../README.md");
    assert!(readme.contains(&ran.out), "put the output of `countersign config keys` into the README");
}
