//! What an operator can say about passwords, and that it holds.

use crate::harness::{PASSWORD, Place, Server};

/// Of the `n`-th pepper.
fn key(n: u8) -> String {
    format!("{n} {}\n", format!("{:02x}", n.wrapping_mul(0x5b)).repeat(32))
}

fn refused(place: &Place, settings: &[&str]) -> String {
    let mut arguments = vec!["serve", "--listen", "127.0.0.1:0"];
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    let ran = place.run(&arguments);
    assert_eq!(ran.code, Some(2), "{settings:?}: {ran:?}");
    ran.err
}

/// PW-1: the cost is as configured, and nothing below the minimum is taken.
#[test]
fn hashes_cost_what_is_configured_and_never_less_than_the_minimum() {
    let place = Place::new();
    place.write("countersign.toml", "[password]\nhash_memory = \"12MiB\"\nhash_passes = 3\n");
    place.add_user("ann", "admin");
    let lines = place.run(&["user", "export"]).out;
    assert!(lines.contains("$argon2id$v=19$m=12288,t=3,p=1$"), "{lines}");
    let said = refused(&place, &["password.hash_memory=8MiB", "password.hash_passes=1"]);
    assert!(said.contains("weaker than the minimum"), "{said}");
    let said = refused(&place, &["password.memory_budget=11MiB"]);
    assert!(said.contains("not one hash fits"), "{said}");
    // A changed cost is a reason to hash anew at the next sign-in (PW-3).
    let server = place.serve(&["--set", "password.hash_memory=19MiB", "--set", "password.hash_passes=2"]);
    assert_eq!(server.login("ann", PASSWORD).status, 200);
    let lines = place.run(&["user", "export"]).out;
    assert!(lines.contains("$argon2id$v=19$m=19456,t=2,p=1$"), "{lines}");
}

/// PP-1, PP-5: what was lowered is warned of, and one's own names are no passwords.
#[test]
fn the_policy_is_configured_and_a_short_minimum_is_warned_of() {
    let mut place = Place::new();
    place.write(
        "countersign.toml",
        "public_origin = \"http://auth.localhost\"\n[password]\nmin_length = 8\nservice_names = [\"Wombat\", \"Acme\"]\n\
         [pages]\nname = \"Zeppelin\"\n",
    );
    place.make_database();
    let add =
        |place: &Place, password: &str| place.run_with(&["user", "add", "ann"], &format!("{password}\n"));
    for (password, why) in [
        ("seven 7", "at least 8 characters"),
        ("WombatWombat1", "the name of this service"),
        ("acme-acme", "the name of this service"),
        ("zeppelin1", "the name of this service"),
        ("auth.localhost", "the name of this service"),
    ] {
        let ran = add(&place, password);
        assert!(ran.code == Some(1) && ran.err.contains(why), "{password}: {ran:?}");
    }
    assert_eq!(add(&place, "eight 8.").code, Some(0));
    let said = "countersign.toml:3: password.min_length is 8; where the password is the only factor, NIST SP";
    assert!(place.run(&["config", "check"]).err.contains(said));
    assert!(place.serve(&[]).stop().1.contains(said));
    place.set("COUNTERSIGN_PASSWORD__MIN_LENGTH", "15");
    assert_eq!(place.run(&["config", "check"]).err, "");
}

/// TH-1, TH-10.
#[test]
fn the_throttle_is_configured_and_cannot_be_turned_off() {
    let place = Place::new();
    place.add_user("ann", "admin");
    for (setting, why) in [
        ("throttle.longest_delay=21900d", "is not between 1s and 24h"),
        ("throttle.stop_after=101", "is not between 1 and 100"),
        ("throttle.stop_after=0", "is not between 1 and 100"),
        ("throttle.first_delay=16m", "throttle.first_delay is more than throttle.longest_delay"),
        ("throttle.forget_after=5m", "throttle.longest_delay is more than throttle.forget_after"),
        ("throttle.network_burst=0", "is not between 1 and"),
        ("throttle.stop=never", "is not one of one-a-day, strict"),
    ] {
        let said = refused(&place, &[setting]);
        assert!(said.contains(why), "{setting}: {said}");
    }
    for few in [
        ["throttle.stop_after=10", "throttle.delay_from=9"],
        ["throttle.stop_after=3", "throttle.delay_from=3"],
    ] {
        let said = refused(&place, &few);
        assert!(said.contains("throttle.delay_from is more than what throttle.stop_after leaves"), "{said}");
    }
    let few = ["--set", "throttle.delay_from=2", "--set", "throttle.first_delay=10m"];
    let server = place.serve(&few);
    let wrong = |server: &Server| server.login("ann", "a wrong passphrase").status;
    assert_eq!([wrong(&server), wrong(&server), wrong(&server)], [401, 401, 429]);
    drop(server);
    let strict = ["throttle.delay_from=8", "throttle.stop_after=10", "throttle.stop=strict"];
    let strict: Vec<&str> = strict.iter().flat_map(|setting| ["--set", setting]).collect();
    let server = place.serve(&strict);
    // Two of the ten are for known devices, and those of before the restart count.
    let tried = (0..20).take_while(|_| wrong(&server) == 401).count();
    assert_eq!(tried, 6);
    let stopped = server.login("ann", PASSWORD);
    assert_eq!(stopped.status, 429, "{stopped:?}");
    let far =
        |line: &&str| line.strip_prefix("retry-after: ").is_some_and(|s| s.parse::<u64>().unwrap() >= 86_400);
    assert!(stopped.head.lines().any(|line| far(&line)), "{stopped:?}");
}

/// PW-4: a copied database without the key is of no use, and the operator is told.
#[test]
fn a_database_without_its_pepper_lets_nobody_in_and_says_so() {
    let place = Place::new();
    place.add_user("ann", "admin");
    place.write("pepper", &key(1));
    let with_pepper = ["--set", "password.pepper_file=pepper"];
    let server = place.serve(&with_pepper);
    assert_eq!(server.login("ann", PASSWORD).status, 200, "a hash of before the pepper");
    drop(server);
    let why = "password.pepper_file: the password hashes in this database are encrypted under";
    let without = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(
        without.code == Some(1) && without.err.contains(&format!("{why} a pepper, and none is")),
        "{without:?}"
    );
    place.write("other", &key(1).replace("5b", "5c"));
    let other = place.run(&["user", "list", "--set", "password.pepper_file=other"]);
    assert!(other.code == Some(1) && other.err.contains(&format!("{why} another pepper")), "{other:?}");
    let missing = place.run(&["serve", "--set", "password.pepper_file=nowhere"]);
    assert!(missing.code == Some(1) && missing.err.contains("nowhere does not exist"), "{missing:?}");
    let said = refused(&place, &["password.pepper_file=pepper", "password.pepper=1"]);
    assert!(said.contains("a secret, and every user of this machine can see arguments"), "{said}");
    assert_eq!(place.serve(&with_pepper).login("ann", PASSWORD).status, 200);
}

/// PW-4: from none to the first, from the first to the second, and nobody has to type a password for it.
#[test]
fn the_pepper_changes_without_anybodys_password() {
    let mut place = Place::new();
    place.add_user("ann", "admin");
    place.add_user("bob", "user");
    assert_eq!(place.run(&["user", "reseal"]).code, Some(2), "there is no pepper");
    let reseal = |place: &Place| place.run(&["user", "reseal", "--json"]).json()["changed"].clone();
    place.write("pepper", &key(1));
    place.set("COUNTERSIGN_PASSWORD__PEPPER_FILE", "pepper");
    let server = place.serve(&[]);
    assert_eq!((reseal(&place), reseal(&place)), (2.into(), 0.into()));
    assert_eq!(server.login("ann", PASSWORD).status, 200);
    drop(server);

    place.write("pepper", &format!("{}{}", key(2), key(1)));
    let server = place.serve(&[]);
    assert_eq!(server.login("ann", PASSWORD).status, 200, "hers is encrypted under the second now");
    assert_eq!((reseal(&place), reseal(&place)), (1.into(), 0.into()));
    drop(server);

    place.write("pepper", &key(2));
    let server = place.serve(&[]);
    for name in ["ann", "bob"] {
        assert_eq!(server.login(name, PASSWORD).status, 200, "{name}");
    }
    let lines = place.run(&["user", "export"]).out;
    assert!(lines.contains("$argon2id$") && !lines.contains("{sealed}"), "an export has no pepper: {lines}");
}

/// PW-7: what it proposes can be pasted, and is used; never below the minimum, whatever was asked for.
#[test]
fn calibrate_proposes_settings_that_a_server_takes() {
    let place = Place::new();
    let proposed = place.run(&["calibrate", "--target", "100ms"]);
    assert_eq!(proposed.code, Some(0), "{proposed:?}");
    place.write("countersign.toml", &proposed.out);
    let values = place.run(&["config", "check", "--json"]).json();
    for key in ["password.hash_memory", "password.hash_passes"] {
        assert!(values[key]["from"].as_str().unwrap().starts_with("countersign.toml:"), "{proposed:?}");
    }
    place.add_user("ann", "admin");
    assert_eq!(place.serve(&[]).login("ann", PASSWORD).status, 200);

    let place = Place::new();
    let cost = |arguments: &[&str]| {
        let value = place.run(&[&["calibrate", "--json"], arguments].concat()).json();
        (value["hashMemoryKib"].as_u64().unwrap(), value["hashPasses"].as_u64().unwrap(), value)
    };
    let (memory, passes, hurried) = cost(&["--target", "1ms"]);
    assert_eq!((memory, passes, &hurried["targetIsMet"]), (19_456, 2, &false.into()));
    let (memory, passes, busy) = cost(&["--target", "10s", "--logins-per-second", "100000"]);
    assert_eq!((memory, passes, &busy["loginsPerSecondIsMet"]), (19_456, 2, &false.into()));
    let cramped =
        ["--target", "300ms", "--set", "password.memory_budget=70MiB", "--set", "password.hash_threads=2"];
    let (memory, _, cramped) = cost(&cramped);
    assert!(memory <= 35 << 10, "{cramped}");
    // Memory for four of eight threads: so many sign-ins a second leave each hash half of the time.
    let four = ["--set", "password.hash_threads=8", "--set", "password.memory_budget=80MiB"];
    let (memory, passes, four) =
        cost(&[["--target", "10s", "--logins-per-second", "10"].as_slice(), &four].concat());
    assert!(four["loginsPerSecondIsMet"] == true || (memory, passes) == (19_456, 2), "{four}");
    for wrong in [["--target", "0s"], ["--target", "11s"], ["--target", "soon"], ["--logins-per-second", "0"]]
    {
        assert_eq!(place.run(&[&["calibrate"], wrong.as_slice()].concat()).code, Some(2), "{wrong:?}");
    }
}
