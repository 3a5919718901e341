//! What stops a start, and how it is said (OP-3, TP-1).

use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{PASSWORD, Place};

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

/// A port alone is one of this machine; with anything else, the error says what to write.
#[test]
fn a_port_alone_is_on_loopback() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let place = Place::new();
    let listen = |address: &str| place.run(&["serve", "--listen", address]);
    let ran = listen(&port.to_string());
    let said = format!("cannot listen on 127.0.0.1:{port}: another process is using it");
    assert!(ran.code == Some(1) && ran.err.contains(&said), "{ran:?}");
    for address in [":3120", "localhost:3120", "*:3120"] {
        let ran = listen(address);
        let said = format!(
            "--listen: {address:?} is not an address with a port, like 127.0.0.1:3120, or 0.0.0.0:3120"
        );
        assert!(ran.code == Some(2) && ran.err.contains(&said), "{ran:?}");
    }
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

/// Wherever a command runs, the configuration file says where its data is, and `init` made that data.
#[test]
fn every_command_finds_the_data_beside_the_configuration_file() {
    let place = Place::new();
    for folder in ["etc", "home", "run"] {
        std::fs::create_dir(place.path(folder)).unwrap();
    }
    let run = |folder: &str, arguments: &[&str]| {
        let config = ["--config", "../etc/countersign.toml"];
        place.run_in(folder, &[arguments, &config].concat(), &format!("{PASSWORD}\n"))
    };
    let made = run("run", &["init"]);
    assert!(
        made.code == Some(0) && made.out.contains("countersign serve --config ../etc/countersign.toml"),
        "{made:?}"
    );
    let added = run("home", &["user", "add", "ada"]);
    let database = place.path("etc").canonicalize().unwrap().join("countersign-data/countersign.db");
    assert!(added.code == Some(0) && database.exists(), "{added:?}");
    assert!(added.err.contains("etc/countersign-data/countersign.db"), "{added:?}");
    assert!(run("run", &["user", "show", "ada"]).out.contains("ada"));
    assert!(!place.path("home/countersign-data").exists() && !place.path("run/countersign-data").exists());
}

/// What `init` was told is in its file: a later command must not work with another database or another proxy.
#[test]
fn init_writes_its_flags_into_the_file() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("etc")).unwrap();
    let flags = ["data_dir=here", "behind_proxy=10.0.0.7,10.1.0.0/16", "session.max_per_account = 7"];
    let mut init = vec!["init", "--config", "etc/c.toml", "--public-origin", "https://auth.example.com"];
    init.extend(flags.iter().flat_map(|flag| ["--set", *flag]));
    let made = place.run(&init);
    assert!(made.code == Some(0) && place.path("here/countersign.db").exists(), "{made:?}");
    let checked = place.run_in("etc", &["config", "check", "--json", "--config", "c.toml"], "").out;
    for part in [place.path("here").to_str().unwrap(), "10.0.0.7", "10.1.0.0/16", "\"7\""] {
        assert!(checked.contains(part), "{part}: {checked}");
    }
}

/// A mistyped folder must not become a new database beside the real one.
#[test]
fn only_init_and_dev_make_a_database() {
    let place = Place::new();
    place.write("users.jsonl", "{\"username\":\"bob\"}\n");
    for arguments in [
        &["user", "add", "bob"][..],
        &["user", "import", "users.jsonl"],
        &["key", "rotate"],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        let ran = place.run_with(arguments, PASSWORD);
        assert!(ran.code == Some(1) && ran.err.contains("make one with: countersign init"), "{ran:?}");
        assert!(!place.path("countersign-data").exists(), "{arguments:?}");
    }
    place.write("countersign.toml", "data_dir = \"data\"\nmaster_key_file = \"key\"\n");
    assert_eq!(place.run(&["init"]).code, Some(0), "it takes a configuration that is there already");
    assert!(place.path("data/countersign.db").exists() && place.path("key").exists());
    assert_eq!(place.run_with(&["user", "add", "bob"], PASSWORD).code, Some(0));
}

/// `config check` fails where `serve` would.
#[test]
fn files_that_cannot_be_read_fail_the_check() {
    let place = Place::new();
    assert_eq!(place.run(&["config", "check"]).code, Some(0));
    let tls = [
        "--set",
        "tls.cert_file=nope.pem",
        "--set",
        "tls.key_file=nope.key",
        "--set",
        "public_origin=https://a.example",
    ];
    for (settings, why) in [
        (&tls[..], "nope.pem"),
        (&["--set", "password.pepper_file=nowhere"], "nowhere does not exist"),
        (&["--set", "master_key_file=nowhere"], "nowhere does not exist"),
    ] {
        let ran = place.run(&[&["config", "check"], settings].concat());
        assert!(ran.code == Some(1) && ran.err.contains(why), "{ran:?}");
    }
}

/// What `serve` would find out later, or only say in its log.
#[test]
fn the_check_looks_at_the_database_and_the_key() {
    let place = Place::new();
    let check = || place.run(&["config", "check"]);
    assert!(check().err.contains("make one with: countersign init"), "{:?}", check());
    place.make_database();
    assert!(!check().err.contains("warning"), "{:?}", check());
    let mode = |name: &str, mode| {
        std::fs::set_permissions(place.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("countersign-data/master.key", 0o644);
    let checked = check();
    assert!(checked.code == Some(0) && checked.err.contains("mode 644"), "{checked:?}");
    // A folder stands for what cannot be written: no mode stops root.
    std::fs::remove_file(place.path("countersign-data/countersign.db")).unwrap();
    std::fs::create_dir(place.path("countersign-data/countersign.db")).unwrap();
    let checked = check();
    assert!(
        checked.code == Some(1) && checked.err.contains("countersign.db cannot be written"),
        "{checked:?}"
    );
}

/// A pod beside a service called `countersign` gets variables that begin like ours.
#[test]
fn variables_of_an_orchestrator_do_not_stop_the_start() {
    let mut place = Place::new();
    place.set("COUNTERSIGN_PORT", "tcp://10.96.0.12:80");
    place.set("COUNTERSIGN_SERVICE_HOST", "10.96.0.12");
    place.set("COUNTERSIGN_ALGORITHM", "");
    let (status, said) = place.serve(&[]).stop();
    assert!(status.success() && said.contains("ignored, there is no \"COUNTERSIGN_PORT\""), "{said}");
    assert!(said.contains("COUNTERSIGN_ALGORITHM is empty and counts as not set"), "{said}");
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

/// The names of all files and folders in a place, in order.
fn everything_in(place: &Place) -> Vec<String> {
    let (root, mut found, mut folders) = (place.path(""), Vec::new(), vec![place.path("")]);
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            found.push(path.strip_prefix(&root).unwrap().display().to_string());
            folders.extend(path.is_dir().then_some(path));
        }
    }
    found.sort();
    found
}

/// What `serve` refuses at its start and what can be known before, the check refuses with the same words, and makes
/// nothing.
#[test]
fn the_check_refuses_what_serve_refuses() {
    let place = Place::new();
    place.write("pepper", &format!("1 {}\n", "5a".repeat(32)));
    place.write("other.key", &format!("1 {}\n", "a5".repeat(32)));
    let private = |name: &str| {
        std::fs::set_permissions(place.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    private("pepper");
    private("other.key");
    place.make_database();
    let pepper = ["--set", "password.pepper_file=pepper"];
    let ran = place.run_with(&[&["user", "add", "ann"][..], &pepper].concat(), PASSWORD);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    place.serve(&pepper).stop();
    std::fs::create_dir(place.path("demo")).unwrap();
    for name in ["countersign.db", "master.key"] {
        std::fs::copy(place.path("countersign-data").join(name), place.path("demo").join(name)).unwrap();
    }
    place.write("demo/DEVELOPMENT", "");
    std::fs::create_dir(place.path("damaged")).unwrap();
    place.write("damaged/countersign.db", &"no database".repeat(1000));
    std::fs::copy(place.path("other.key"), place.path("damaged/master.key")).unwrap();
    for (settings, why) in [
        (&["password.pepper_file=pepper", "master_key_file=other.key"][..], "not the one that this database"),
        (&[], "password.pepper_file"),
        (&["password.pepper_file=pepper", "data_dir=demo"], "was made by `countersign dev`"),
        (&["data_dir=damaged"], "damaged/countersign.db"),
        (
            &[
                "password.pepper_file=pepper",
                "listen=192.0.2.1:1",
                "behind_proxy=::1",
                "public_origin=https://a.example",
            ],
            "cannot listen on 192.0.2.1:1: this machine has no such address",
        ),
    ] {
        let settings: Vec<_> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
        let before = everything_in(&place);
        let check = place.run(&[&["config", "check"], &settings[..]].concat());
        assert_eq!(everything_in(&place), before);
        let serve = place.run(&[&["serve"], &settings[..]].concat());
        assert_eq!((serve.code, check.code), (Some(1), Some(1)), "{serve:?} {check:?}");
        assert!(check.err.contains(why) && check.err.ends_with(&serve.err), "{serve:?} {check:?}");
    }
}

/// A server that runs already has the port, and its database open.
#[test]
fn the_check_can_run_beside_a_server() {
    let place = Place::new();
    let server = place.serve(&[]);
    let listen = format!("listen={}", server.address);
    let ran = place.run(&["config", "check", "--set", &listen]);
    assert!(ran.code == Some(0) && ran.err.contains("a process listens on"), "{ran:?}");
}

/// A folder that cannot be made, and one that cannot be written to. No mode stops root, but the kernel's own folders do.
#[test]
fn the_check_makes_sure_that_a_database_could_be_made() {
    let place = Place::new();
    place.write("file", "");
    std::fs::create_dir(place.path("data")).unwrap();
    let check = |folder: &str| place.run(&["config", "check", "--data-dir", folder]);
    for folder in ["/proc/nope", "/proc/nope/deeper", "/proc", "file", "file/deeper"] {
        let ran = check(folder);
        let said = "data_dir: nothing can be made in ";
        assert!(ran.code == Some(1) && ran.err.contains(said), "{folder}: {ran:?}");
    }
    for folder in ["data", "new", "new/deeper"] {
        assert_eq!(check(folder).code, Some(0), "{folder}");
    }
    assert_eq!(everything_in(&place), ["data", "file"]);
}
