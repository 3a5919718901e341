//! The command line beside a running server, on the same database.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc;

use crate::harness::{Answer, PASSWORD, PATIENCE, Place, Server, eventually};

/// Asks until the token is refused; how long that may take is in SECURITY (SE-4), not here. Gives the reason.
fn wait_until_refused(server: &Server, token: &str) -> String {
    eventually(|| server.profile(token).status == 401);
    server.profile(token).code()
}

#[test]
fn what_the_command_line_changes_takes_effect_in_the_server() {
    let place = Place::new();
    place.add_user("root", "admin");
    let server = place.serve(&[]);
    place.add_user("ann", "user");
    let first = server.login("ann", PASSWORD);

    let ran = place.run(&["user", "set-role", "ANN", "editor", "--json"]);
    assert_eq!(ran.json()["role"], "editor");
    assert_eq!(server.refresh(&first.cookie().unwrap()).unwrap().json()["user"]["role"], "editor");

    assert_eq!(place.run(&["user", "disable", "ann"]).code, Some(0));
    assert_eq!(wait_until_refused(&server, &first.token()), "token_revoked");
    assert_eq!(server.refresh(&first.cookie().unwrap()).unwrap().code(), "session_revoked");
    assert_eq!(server.login("ann", PASSWORD).code(), "invalid_credentials");

    place.run(&["user", "enable", "ann"]);
    let second = server.login("ann", PASSWORD);
    let sessions = place.run(&["session", "list", "--user", "ann", "--json"]).json();
    let id = sessions[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(place.run(&["session", "revoke", &id]).code, Some(0));
    wait_until_refused(&server, &second.token());
    assert_eq!(place.run(&["session", "revoke", &id]).code, Some(1), "it is over already");

    let new = "another long enough passphrase";
    assert_eq!(place.run_with(&["user", "set-password", "ann"], new).code, Some(0));
    assert_eq!(server.login("ann", PASSWORD).status, 401);
    let third = server.login("ann", new);
    assert_eq!(place.run(&["user", "delete", "ann"]).code, Some(2), "not without being asked");
    assert_eq!(place.run(&["user", "delete", "ann", "--yes"]).code, Some(0));
    wait_until_refused(&server, &third.token());
    let id = ran.json()["userId"].as_str().unwrap().to_owned();
    let of_the_deleted = place.run(&["audit", "--user", &id]).out;
    assert!(of_the_deleted.contains("account_deleted"), "{of_the_deleted}");
}

/// Also into another store, by an export.
#[test]
fn the_command_line_sets_a_language() {
    let place = Place::with_database();
    let add = ["user", "add", "ann", "--locale", "DE", "--json"];
    assert_eq!(place.run_with(&add, PASSWORD).json()["locale"], "de");
    let refused = place.run_with(&["user", "add", "bob", "--locale", "tlh"], PASSWORD);
    assert!(refused.code == Some(2) && refused.err.contains("none of en, de"), "{refused:?}");
    let shown = || place.run(&["user", "show", "ann"]).out.lines().nth(5).unwrap().to_owned();
    assert_eq!(shown(), "locale   de");
    assert_eq!(
        place.run(&["user", "set-locale", "ann", "browser", "--json"]).json()["locale"],
        serde_json::Value::Null
    );
    assert_eq!(shown(), "locale   -");
    assert_eq!(place.run(&["user", "set-locale", "ann", "fr"]).code, Some(2));
    assert_eq!(place.run(&["user", "set-locale", "ann", "en"]).code, Some(0));
    let other = Place::with_database();
    let lines = place.run(&["user", "export"]).out;
    other.run_with(&["user", "import", "-", "--from", "countersign"], &lines);
    assert_eq!(other.run(&["user", "show", "ann", "--json"]).json()["locale"], "en");
}

/// PP-7.
#[test]
fn the_command_line_requires_another_password() {
    let place = Place::new();
    place.add_user("ann", "admin");
    let server = place.serve(&[]);
    let first = server.login("ann", PASSWORD);
    let state = || place.run(&["user", "show", "ann"]).out.lines().nth(3).unwrap().to_owned();

    let ran = place.run(&["user", "require-password-change", "ANN", "--json"]);
    assert_eq!(ran.json()["passwordChangeRequired"], true);
    assert_eq!(wait_until_refused(&server, &first.token()), "token_revoked");
    assert_eq!(server.login("ann", PASSWORD).code(), "password_change_required");
    assert_eq!(state(), "state    must change password");
    // Whoever administers may set one; the owner still has to choose his own.
    let known_to_two = "another long enough passphrase";
    assert_eq!(place.run_with(&["user", "set-password", "ann"], known_to_two).code, Some(0));
    assert_eq!(server.login("ann", known_to_two).code(), "password_change_required");
    assert_eq!(place.run(&["user", "require-password-change", "ann", "--off"]).code, Some(0));
    assert_eq!((server.login("ann", known_to_two).status, state()), (200, "state    enabled".to_owned()));

    let add = ["user", "add", "bob", "--require-password-change", "--json"];
    assert_eq!(place.run_with(&add, PASSWORD).json()["passwordChangeRequired"], true);
    assert_eq!(server.login("bob", PASSWORD).code(), "password_change_required");
    let lines = place.run(&["user", "export"]).out;
    let other = Place::with_database();
    other.run_with(&["user", "import", "-", "--from", "countersign"], &lines);
    let required: Vec<_> = other.run(&["user", "list", "--json"]).json().as_array().unwrap().clone();
    assert_eq!(
        required.iter().map(|user| user["passwordChangeRequired"].as_bool().unwrap()).collect::<Vec<_>>(),
        [false, true]
    );
}

#[test]
fn a_key_made_by_the_command_line_is_published_and_signs_at_once_when_asked() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&["--set", "algorithm=EdDSA"]);
    let old = server.login("ann", PASSWORD).token();
    // Another configuration than the server's must not bring another algorithm in.
    let keys = place.run(&["key", "list", "--json"]).json();
    assert_eq!((keys[0]["alg"].as_str(), keys.as_array().map(Vec::len)), (Some("EdDSA"), Some(1)));
    let next = place.run(&["key", "rotate", "--now", "--json"]).json();
    let kid = next["kid"].as_str().unwrap();
    eventually(|| server.request("GET", "/.well-known/jwks.json", "", "").body.contains(kid));
    let new = server.login("ann", PASSWORD).token();
    assert_ne!(old.split('.').next(), new.split('.').next());
    assert_eq!((server.profile(&old).status, server.profile(&new).status), (200, 200));
    let states: Vec<_> = place.run(&["key", "list", "--json"]).json().as_array().unwrap().clone();
    assert_eq!(
        states.iter().map(|key| key["state"].as_str().unwrap()).collect::<Vec<_>>(),
        ["retired", "active"]
    );
}

#[test]
fn the_audit_log_tells_who_did_what() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&[]);
    server.login("ann", "wrong wrong wrong wrong");
    let answer = server.login("ann", PASSWORD);
    let all = place.run(&["audit", "--json"]);
    let kinds: Vec<String> = all
        .out
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].as_str().unwrap().to_owned()
        })
        .collect();
    for kind in ["account_created", "key_created", "login_failed", "login_succeeded"] {
        assert!(kinds.iter().any(|found| found == kind), "{kind}: {kinds:?}");
    }
    let failed = place.run(&["audit", "--json", "--kind", "login_failed", "--user", "ann"]);
    assert_eq!(failed.json()["address"], "127.0.0.1");
    let of_the_request = format!("  request={}  from=127.0.0.1", answer.request_id());
    let line = place.run(&["audit", "--kind", "login_succeeded"]).out;
    assert!(line.contains(&of_the_request), "{line}");
    let first = place.run(&["audit", "--after", "0", "--limit", "1"]);
    assert_eq!(first.out.lines().count(), 1);
    assert!(first.out.contains(" by command_line  user="), "{first:?}");
    let last = place.run(&["audit", "--limit", "2"]).out;
    assert!(place.run(&["audit"]).out.ends_with(&last), "{last}");
    assert!(last.lines().count() == 2 && last.lines().nth(1).unwrap().contains("login_succeeded"), "{last}");
    let ran = place.run(&["audit", "--kind", "login_fail"]);
    assert!(ran.code == Some(2) && ran.err.contains("login_failed"), "{ran:?}");
}

/// One thing has one shape, whoever asks for it.
#[test]
fn the_command_line_and_the_api_show_the_same_json() {
    let place = Place::new();
    place.add_user("root", "admin");
    let server = place.serve(&[]);
    let login = server.login("root", PASSWORD);
    let bearer = format!("Authorization: Bearer {}\r\n", login.token());
    let get = |path: &str| server.request("GET", path, &bearer, "").json();
    let run = |arguments: &[&str]| place.run(&[arguments, &["--json"]].concat());

    let users = get("/api/admin/users");
    assert_eq!(users["users"], run(&["user", "list"]).json());
    assert_eq!(users["users"][0], run(&["user", "show", "root"]).json());
    assert_eq!(get("/api/admin/keys")["keys"], run(&["key", "list"]).json());
    let mut sessions = get("/api/sessions");
    let current = sessions["sessions"][0].as_object_mut().unwrap().remove("current");
    assert_eq!(current, Some(true.into()), "of the request, which the command line has not");
    assert_eq!(sessions["sessions"], run(&["session", "list"]).json());
    let lines = run(&["audit"]).out;
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(get("/api/admin/audit")["events"], serde_json::json!(lines));
}

/// LG-4: of two administrators, the log says which one it was.
#[test]
fn the_audit_log_names_the_account_that_did_it() {
    let place = Place::new();
    for name in ["root", "other"] {
        place.add_user(name, "admin");
    }
    let server = place.serve(&[]);
    let (root, other) = (server.login("root", PASSWORD), server.login("other", PASSWORD));
    let id = |login: &Answer| login.json()["user"]["userId"].as_str().unwrap().to_owned();
    let path = format!("/api/admin/users/{}", id(&other));
    let headers = format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", root.token());
    assert_eq!(server.request("PATCH", &path, &headers, r#"{"disabled":true}"#).status, 200);
    let disabled = ["audit", "--kind", "account_disabled"];
    let line = place.run(&disabled).out;
    assert!(line.contains(" by account root  user=other "), "{line}");
    let event = place.run(&[&disabled[..], &["--json"]].concat()).json();
    assert_eq!((&event["actor"], &event["actorId"]), (&"account".into(), &id(&root).into()));
    place.run(&["user", "delete", "other", "--yes"]);
    let line = place.run(&disabled).out;
    assert!(line.contains(&format!(" user={} ", id(&other))), "a deleted account has its ID only: {line}");
}

/// After a restore, or when a master key may be known to somebody.
#[test]
fn all_sessions_can_be_ended_at_once() {
    let place = Place::new();
    for name in ["ann", "bob"] {
        place.add_user(name, "user");
    }
    let server = place.serve(&[]);
    let logins: Vec<_> = ["ann", "bob", "bob"].map(|name| server.login(name, PASSWORD)).into();
    let listed = place.run(&["session", "list"]).out;
    assert!(listed.contains(" ann ") && listed.contains(" bob "), "{listed}");
    assert_eq!(place.run(&["session", "revoke", "--all", "--user", "ann"]).code, Some(2));
    assert_eq!(place.run(&["session", "revoke", "--all", "--json"]).json()["ended"], 3);
    for login in &logins {
        wait_until_refused(&server, &login.token());
    }
    assert_eq!(place.run(&["session", "revoke", "--all"]).out, "Ended 0 sessions\n");
}

#[test]
fn the_audit_log_can_be_followed() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&[]);
    let mut follow = place.command(&["audit", "--follow", "--kind", "login_succeeded"]);
    let mut follow = follow.stdout(Stdio::piped()).spawn().unwrap();
    let (say, heard) = mpsc::channel();
    let lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    let listen = std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| say.send(line)));
    for _ in 0..2 {
        assert_eq!(server.login("ann", PASSWORD).status, 200);
        let line = heard.recv_timeout(PATIENCE).unwrap();
        assert!(line.contains("login_succeeded") && line.contains("from=127.0.0.1"), "{line}");
    }
    follow.kill().unwrap();
    follow.wait().unwrap();
    listen.join().unwrap().unwrap();
}

/// As `tail -f`: the last events, then what comes.
#[test]
fn following_begins_with_the_last_events() {
    let place = Place::new();
    for number in 0..12 {
        place.add_user(&format!("ann{number}"), "user");
    }
    let follow = |arguments: &[&str], lines: usize| {
        let mut command = place.command(&[&["audit", "--follow"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines().take(lines);
        let said: Vec<_> = said.map(Result::unwrap).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        said.join("\n")
    };
    let all = place.run(&["audit"]).out;
    assert_eq!(all.lines().count(), 12, "{all}");
    assert!(all.trim_end().ends_with(&follow(&[], 10)), "{all}");
    assert!(all.trim_end().ends_with(&follow(&["--limit", "3"], 3)), "{all}");
    assert!(all.starts_with(&follow(&["--after", "0"], 12)), "{all}");
    // With a time, all of it and not only the last few.
    assert!(all.starts_with(&follow(&["--since", "2020-01-01T00:00:00Z"], 12)), "{all}");
}

/// As the API means them: `since` is included, `until` is not.
#[test]
fn the_audit_log_has_a_range_of_time() {
    let place = Place::new();
    for name in ["ann", "bob", "carl", "dora"] {
        place.add_user(name, "user");
    }
    let events = |arguments: &[&str]| -> Vec<serde_json::Value> {
        let ran = place.run(&[&["audit", "--json"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = events(&[]);
    let at = |index: usize| all[index]["at"].as_str().unwrap();
    assert!((0..3).all(|index| at(index) < at(index + 1)), "each command has an instant of its own: {all:?}");
    let (second, last) = (at(1), at(3));
    assert_eq!(events(&["--since", second]), all[1..]);
    assert_eq!(events(&["--until", last]), all[..3]);
    assert_eq!(events(&["--since", second, "--until", last]), all[1..3]);
    assert_eq!(events(&["--since", second, "--until", last, "--limit", "1"]), all[2..3], "the last one");
    assert_eq!(events(&["--since", second, "--after", "0", "--limit", "1"]), all[1..2], "the first one");
    let ran = place.run(&["audit", "--since", "yesterday"]);
    assert!(ran.code == Some(2) && ran.err.contains("not an instant such as 2026-"), "{ran:?}");
    assert_eq!(place.run(&["audit", "--follow", "--until", last]).code, Some(2));
}

/// By the rules of `user add`, and nobody is signed out.
#[test]
fn an_account_gets_another_name() {
    let place = Place::new();
    place.add_user("ann", "user");
    place.add_user("bob", "user");
    let server = place.serve(&[]);
    let login = server.login("ann", PASSWORD);
    let ran = place.run(&["user", "rename", "ANN", "Anna", "--json"]);
    assert_eq!((ran.code, &ran.json()["username"]), (Some(0), &"Anna".into()), "{ran:?}");
    assert_eq!((server.login("ann", PASSWORD).status, server.login("anna", PASSWORD).status), (401, 200));
    assert_eq!(server.profile(&login.token()).status, 200);
    assert_eq!(server.refresh(&login.cookie().unwrap()).unwrap().json()["user"]["username"], "Anna");
    assert!(place.run(&["audit", "--kind", "account_changed"]).out.contains("  detail=name ann to Anna\n"));
    for (name, code) in [("BOB", 1), (" anna", 2), ("pаypal", 2)] {
        assert_eq!(place.run(&["user", "rename", "anna", name]).code, Some(code), "{name}");
    }
    let ran = place.run(&["user", "rename", "anna", "ann"]);
    assert!(ran.out.starts_with("Renamed to ann ("), "{ran:?}");
}

/// All of them in place of what there was, by the rules of `user add`.
#[test]
fn claims_are_replaced_as_a_whole() {
    let place = Place::new();
    let add = ["user", "add", "ann", "--claims", r#"{"tenant":"acme","plan":"pro"}"#];
    place.make_database();
    place.run_with(&add, PASSWORD);
    let server = place.serve(&[]);
    let login = server.login("ann", PASSWORD);
    let ran = place.run(&["user", "set-claims", "ANN", r#"{"tenant":"umbrella"}"#, "--json"]);
    assert_eq!(ran.json()["claims"], serde_json::json!({ "tenant": "umbrella" }), "{ran:?}");
    let token = server.refresh(&login.cookie().unwrap()).unwrap().token();
    let payload = place.run(&["token", "decode", &token, "--json"]).json()["payload"].clone();
    assert_eq!((&payload["tenant"], &payload["plan"]), (&"umbrella".into(), &serde_json::Value::Null));
    assert!(place.run(&["audit", "--kind", "account_changed"]).out.contains("  detail=claims"));
    for wrong in [r#"{"sub":"root"}"#, "tenant=acme", "[1]"] {
        for command in
            [["user", "set-claims", "ann", wrong].as_slice(), &["user", "add", "b", "--claims", wrong]]
        {
            let ran = place.run(command);
            assert_eq!(ran.code, Some(2), "{ran:?}");
        }
    }
    let ran = place.run(&["user", "set-claims", "ann", "{}"]);
    assert!(ran.out.starts_with("Changed ann ("), "{ran:?}");
    assert!(place.run(&["user", "show", "ann"]).out.ends_with("claims   {}\n"));
}

#[test]
fn a_rotation_that_did_nothing_says_so() {
    let place = Place::new();
    place.serve(&[]).stop();
    let first = place.run(&["key", "rotate"]).out;
    assert!(first.starts_with("The new key is "), "{first}");
    let second = place.run(&["key", "rotate"]).out;
    assert!(second.starts_with("No new key"), "{second}");
    let kid = first.split(' ').nth(4).unwrap();
    assert!(second.contains(kid), "{first}{second}");
}

#[test]
fn a_role_that_looks_like_the_administrators_is_warned_of() {
    let place = Place::with_database();
    let warning = |role: &str, name: &str| {
        place.run_with(&["user", "add", name, "--role", role], PASSWORD).err.contains("does not administer")
    };
    assert!(warning("Admin", "ann") && warning("ADMIN", "bob"));
    assert!(!warning("admin", "carl") && !warning("administrator", "dora"));
    assert!(place.run(&["user", "set-role", "dora", "Admin"]).err.contains("does not administer"));
}

/// `countersign audit --follow | head -1` ends, though nothing else happens that could be printed.
#[test]
fn following_ends_when_nobody_reads() {
    struct Follow(Child);
    impl Drop for Follow {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    let place = Place::new();
    place.add_user("ann", "user");
    let mut follow = Follow(place.command(&["audit", "--follow"]).stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(follow.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("account_created"), "{line}");
    eventually(|| follow.0.try_wait().unwrap().is_some());
    assert!(follow.0.wait().unwrap().success());
}

#[test]
fn answers_are_exit_codes_too() {
    let place = Place::new();
    let ran = place.run(&["user", "list"]);
    assert!(ran.code == Some(1) && ran.err.contains("there is no database"), "{ran:?}");
    place.add_user("ann", "admin");
    assert_eq!(place.run(&["user", "show", "ann"]).code, Some(0));
    assert_eq!(place.run(&["user", "show", "bob"]).code, Some(1));
    assert_eq!(place.run_with(&["user", "add", "ANN"], PASSWORD).code, Some(1), "the name is taken");
    let ran = place.run_with(&["user", "add", "bob"], "short\n");
    assert!(ran.code == Some(1) && ran.err.contains("at least 15"), "{ran:?}");
    assert_eq!(place.run(&["user", "add", " bob"]).code, Some(2));
    assert_eq!(place.run(&["user", "frobnicate"]).code, Some(2));
    assert!(place.run(&["completions", "bash"]).out.contains("countersign"));
}

/// DB-6.
#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let place = Place::new();
    let server = place.serve(&[]);
    let ran = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(ran.code == Some(1) && ran.err.contains("in use by another server process"), "{ran:?}");
    assert_eq!(server.request("GET", "/healthz", "", "").status, 200);
}

/// A question changes nothing, and one without an answer is no failure.
#[test]
fn looking_makes_no_key_and_finding_nobody_is_fine() {
    let place = Place::new();
    place.add_user("bob", "user");
    for _ in 0..2 {
        assert_eq!(place.run(&["key", "list", "--json"]).json(), serde_json::json!([]));
    }
    for (search, found) in [("bob ", 1), (" BO", 1), ("", 1), ("\u{7}", 0), ("bob\n b", 0)] {
        let ran = place.run(&["user", "list", "--json", "--search", search]);
        assert!(ran.code == Some(0) && ran.json().as_array().unwrap().len() == found, "{search:?}: {ran:?}");
    }
}

/// A bare heading reads like output that was cut off.
#[test]
fn an_empty_list_says_so() {
    let place = Place::with_database();
    for (command, said) in [
        (&["user", "list"][..], "no accounts"),
        (&["user", "list", "--search", "\u{7}"], "no accounts"),
        (&["session", "list"], "no live sessions"),
        (&["key", "list"], "no signing keys"),
        (&["feed-key", "list"], "no feed keys"),
        (&["client", "list"], "no clients"),
        (&["api-key", "list"], "no API keys"),
        (&["audit", "--kind", "spray_suspected"], "no events"),
    ] {
        let ran = place.run(command);
        assert!(ran.code == Some(0) && ran.out.is_empty() && ran.err.contains(said), "{ran:?}");
        let ran = place.run(&[command, &["--json"]].concat());
        let nothing = if command[0] == "audit" { "" } else { "[]" };
        assert_eq!((ran.code, ran.out.trim_end()), (Some(0), nothing));
        assert!(!ran.err.contains(said), "{ran:?}");
    }
}

/// The options of a command are not lost between those that all commands have.
#[test]
fn the_options_of_every_command_have_a_heading_of_their_own() {
    let place = Place::new();
    for (command, own) in [
        (&["audit"][..], &["--user", "--kind", "--since", "--until", "--after", "--limit"][..]),
        (&["user", "add"], &["--role", "--claims", "--require-password-change"]),
        (&["session", "revoke"], &["--user", "--all"]),
        (&["serve"], &["--listen"]),
    ] {
        let help = place.run(&[command, &["--help"]].concat()).out;
        let (before, after) = help.split_once("\nOptions of every command:\n").unwrap();
        for option in own {
            assert!(
                before.contains(&format!(" {option} ")) || before.contains(&format!(" {option}\n")),
                "{help}"
            );
            assert!(!after.contains(&format!(" {option} ")), "{help}");
        }
        for option in ["--config", "--data-dir", "--set", "--json"] {
            assert!(after.contains(&format!(" {option} ")), "{help}");
        }
    }
    let help = place.run(&["session", "revoke", "--help"]).out;
    assert!(help.contains("<SESSION|--user <USER>|--all>"), "{help}");
}

/// What people type first, and what they are told then.
#[test]
fn a_mistake_is_answered_with_what_would_be_right() {
    let place = Place::new();
    place.add_user("ada", "user");
    assert!(place.run(&["--version"]).out.starts_with("countersign 0."), "{:?}", place.run(&["--version"]));
    let ran = place.run(&["session", "revoke", "ada"]);
    assert!(ran.code == Some(2) && ran.err.contains("session revoke --user ada"), "{ran:?}");
    let ran = place.run(&["user", "add", "bob", "--claims", "tenant=acme"]);
    assert!(ran.code == Some(2) && ran.err.contains("like {\"tenant\":\"acme\"}"), "{ran:?}");
    let help = place.run(&["key", "generate", "--help"]).out;
    assert!(["ES256", "EdDSA", "RS256", "ML-DSA-44"].iter().all(|alg| help.contains(alg)), "{help}");
    place.write("bare.toml", "listen = 127.0.0.1:3000\n");
    let ran = place.run(&["config", "check", "--config", "bare.toml"]);
    assert!(
        ran.code == Some(2) && ran.err.contains("bare.toml:1: ") && ran.err.contains("quotes"),
        "{ran:?}"
    );
    let keys = place.run(&["config", "keys", "--json"]).json();
    let listen = keys.as_array().unwrap().iter().find(|key| key["key"] == "listen").unwrap();
    assert_eq!(listen["default"], "127.0.0.1:3000");
}
