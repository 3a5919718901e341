//! The n-th write, truncation or sync of each operation fails, for n = 1, 2, … until the operation needs no more of them
//! (LM-8, DB-1, CC-6): no wrong 2xx, no half state, no panic; the server goes on, and what was refused works when it is
//! asked again.

use serde_json::{Value, json};

use crate::database::Database;
use crate::disk::{Disk, Fault};
use crate::harness::{Answer, PASSWORD, Place, Server, eventually};

/// Every refresh rotates, so that each is a durable write, and no token is honoured twice.
const OPTIONS: [&str; 8] = [
    "--set",
    "session.grace=0s",
    "--set",
    "session.min_age=0s",
    "--set",
    "session.max_per_account=1000",
    // Tokens are to outlive a restart, which listens on another port.
    "--set",
    "public_origin=http://localhost:3000",
];

/// How many lines of one kind the log takes before it leaves any out (LG-7).
const LINES_AT_ONCE: usize = 100;

/// One thing that a client asks for, again and again.
trait Operation {
    /// Asks once.
    fn attempt(&mut self, server: &Server) -> Answer;

    /// The disk is well again. Whatever the answer was, nothing is half done; what was refused is asked for again. Leaves
    /// everything as it was before the attempt.
    fn settle(&mut self, server: &Server, acknowledged: bool);
}

/// Lets every operation of the disk fail once under each attempt. `least` is how many refusals that must give: fewer,
/// and the disk was not failing at all.
fn fails_everywhere<O: Operation>(least: usize, begin: impl FnOnce(&Server, &Database) -> O) {
    let mut place = Place::new();
    place.add_user("root", "admin");
    place.add_user("ann", "user");
    let disk = Disk::under(&mut place);
    let database = Database::of(&place);
    let server = place.serve(&OPTIONS);
    let bystander = server.login("ann", PASSWORD);
    let mut operation = begin(&server, &database);
    let mut refusals = Vec::new();
    for fault in Fault::ALL {
        for nth in 1..100 {
            disk.fail_at(nth, fault);
            let answer = operation.attempt(&server);
            // Verification needs no disk.
            assert_eq!(server.profile(&bystander.token()).status, 200);
            let failures = disk.heal();
            let acknowledged = answer.status < 300;
            if !acknowledged {
                assert_refused_by_the_disk(&answer);
                refusals.push(answer.request_id().to_owned());
            }
            operation.settle(&server, acknowledged);
            if failures == 0 {
                assert!(acknowledged, "nothing failed: {answer:?}");
                break;
            }
            assert!(nth < 99, "{fault:?}: it needs ever more of the disk");
        }
    }
    assert!(refusals.len() >= least, "only {} attempts were refused", refusals.len());
    eventually(|| server.request("GET", "/readyz", "", "").status == 200);
    server.signal("KILL");
    let (_, said) = server.wait();
    assert!(!said.contains("panicked"), "{said}");
    let failed: Vec<&str> = said.lines().filter(|line| line.contains("request failed")).collect();
    for (number, id) in refusals.iter().enumerate() {
        let lines = failed.iter().filter(|line| line.contains(id)).count();
        let left_out = lines == 0 && number >= LINES_AT_ONCE;
        assert!(lines == 1 || left_out, "{id}, refusal {number}: {lines} lines: {said}");
    }

    let server = place.serve(&OPTIONS);
    assert_eq!(server.refresh(&bystander.cookie().unwrap()).unwrap().status, 200);
    let answer = operation.attempt(&server);
    assert!(answer.status < 300, "{answer:?}");
    operation.settle(&server, true);
    let (status, said) = server.stop();
    assert!(status.success() && !said.contains("panicked"), "{said}");
    database.assert_consistent();
}

/// HD-5.
fn assert_refused_by_the_disk(answer: &Answer) {
    assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"), "{answer:?}");
    assert!(answer.json()["error"].is_string() && answer.head.contains("retry-after: "), "{answer:?}");
}

fn ask(server: &Server, token: &str, method: &str, path: &str, body: &Value) -> Answer {
    let headers = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
    server.request(method, path, &headers, &body.to_string())
}

#[test]
fn a_login_is_wholly_made_or_refused() {
    struct Login(Option<String>);
    impl Operation for Login {
        fn attempt(&mut self, server: &Server) -> Answer {
            let answer = server.login("ann", PASSWORD);
            self.0 = answer.cookie();
            answer
        }

        fn settle(&mut self, server: &Server, acknowledged: bool) {
            assert_eq!(self.0.is_some(), acknowledged);
            if !acknowledged {
                assert_eq!(self.attempt(server).status, 200);
            }
            assert_eq!(server.refresh(&self.0.take().unwrap()).unwrap().status, 200);
        }
    }
    fails_everywhere(8, |_, _| Login(None));
}

#[test]
fn a_refresh_is_wholly_made_or_refused_and_its_token_stays_good() {
    struct Refresh {
        cookie: String,
    }
    impl Operation for Refresh {
        fn attempt(&mut self, server: &Server) -> Answer {
            let answer = server.refresh(&self.cookie).unwrap();
            assert_eq!(answer.cookie().is_some(), answer.status == 200, "RF-12: {answer:?}");
            self.cookie = answer.cookie().unwrap_or_else(|| self.cookie.clone());
            answer
        }

        fn settle(&mut self, server: &Server, acknowledged: bool) {
            if !acknowledged {
                assert_eq!(self.attempt(server).status, 200, "J2");
            }
        }
    }
    fails_everywhere(8, |server, _| Refresh { cookie: server.login("ann", PASSWORD).cookie().unwrap() });
}

#[test]
fn a_logout_is_wholly_made_or_refused() {
    struct Logout {
        session: Answer,
    }
    impl Operation for Logout {
        fn attempt(&mut self, server: &Server) -> Answer {
            let cookie = self.session.cookie().unwrap();
            server.request("POST", "/api/logout", &format!("Cookie: {cookie}\r\n"), "")
        }

        fn settle(&mut self, server: &Server, acknowledged: bool) {
            if !acknowledged {
                assert_eq!(self.attempt(server).status, 204);
            }
            let refused = server.refresh(&self.session.cookie().unwrap()).unwrap();
            assert_eq!(refused.code(), "session_revoked");
            assert_eq!(server.profile(&self.session.token()).code(), "token_revoked", "J1");
            self.session = server.login("ann", PASSWORD);
        }
    }
    fails_everywhere(8, |server, _| Logout { session: server.login("ann", PASSWORD) });
}

#[test]
fn a_password_is_wholly_changed_or_not() {
    struct ChangePassword {
        session: Answer,
        /// The password now, and the one that it is changed to.
        passwords: [String; 2],
    }
    impl Operation for ChangePassword {
        fn attempt(&mut self, server: &Server) -> Answer {
            let [old, new] = &self.passwords;
            let body = json!({ "currentPassword": old, "newPassword": new });
            ask(server, &self.session.token(), "PUT", "/api/password", &body)
        }

        fn settle(&mut self, server: &Server, acknowledged: bool) {
            let [old, new] = self.passwords.clone();
            if !acknowledged {
                assert_eq!(
                    server.login("bob", &old).status,
                    200,
                    "the old one is good until the change is made"
                );
                assert_eq!(self.attempt(server).status, 204);
            }
            assert_eq!(server.login("bob", &new).status, 200);
            assert_eq!(server.profile(&self.session.token()).status, 200, "PP-8: its own session goes on");
            self.passwords.reverse();
        }
    }
    fails_everywhere(8, |server, _| {
        let root = server.login("root", PASSWORD).token();
        let bob = json!({ "username": "bob", "password": PASSWORD });
        assert_eq!(ask(server, &root, "POST", "/api/admin/users", &bob).status, 201);
        let passwords = [PASSWORD.to_owned(), "another long enough passphrase".to_owned()];
        ChangePassword { session: server.login("bob", PASSWORD), passwords }
    });
}

#[test]
fn an_account_is_wholly_made_or_not() {
    struct CreateUser {
        root: String,
        number: u32,
    }
    impl CreateUser {
        fn name(&self) -> String {
            format!("user{}", self.number)
        }
    }
    impl Operation for CreateUser {
        fn attempt(&mut self, server: &Server) -> Answer {
            let body = json!({ "username": self.name(), "password": PASSWORD });
            ask(server, &self.root, "POST", "/api/admin/users", &body)
        }

        fn settle(&mut self, server: &Server, acknowledged: bool) {
            if !acknowledged {
                assert_eq!(self.attempt(server).status, 201, "no half account is in the way");
            }
            assert_eq!(server.login(&self.name(), PASSWORD).status, 200);
            self.number += 1;
        }
    }
    fails_everywhere(8, |server, _| CreateUser { root: server.login("root", PASSWORD).token(), number: 0 });
}

#[test]
fn an_account_is_wholly_disabled_or_not() {
    struct Disable {
        root: String,
        path: String,
        session: Answer,
    }
    impl Disable {
        fn set(&self, server: &Server, disabled: bool) -> Answer {
            ask(server, &self.root, "PATCH", &self.path, &json!({ "disabled": disabled }))
        }
    }
    impl Operation for Disable {
        fn attempt(&mut self, server: &Server) -> Answer {
            self.set(server, true)
        }

        fn settle(&mut self, server: &Server, acknowledged: bool) {
            if !acknowledged {
                let state = ask(server, &self.root, "GET", &self.path, &Value::Null).json();
                assert_eq!(state["user"]["disabled"], false, "{state}");
                assert_eq!(server.profile(&self.session.token()).status, 200, "nothing of it was done");
                assert_eq!(self.attempt(server).status, 200);
            }
            assert_eq!(server.profile(&self.session.token()).code(), "token_revoked", "J1");
            assert_eq!(server.refresh(&self.session.cookie().unwrap()).unwrap().code(), "session_revoked");
            assert_eq!(self.set(server, false).status, 200);
            self.session = server.login("bob", PASSWORD);
        }
    }
    fails_everywhere(8, |server, _| {
        let root = server.login("root", PASSWORD).token();
        let bob = json!({ "username": "bob", "password": PASSWORD });
        let made = ask(server, &root, "POST", "/api/admin/users", &bob).json();
        let path = format!("/api/admin/users/{}", made["user"]["userId"].as_str().unwrap());
        Disable { root, path, session: server.login("bob", PASSWORD) }
    });
}

#[test]
fn a_signing_key_is_wholly_made_or_not() {
    struct RotateKeys {
        root: String,
        database: Database,
    }
    impl Operation for RotateKeys {
        fn attempt(&mut self, server: &Server) -> Answer {
            ask(server, &self.root, "POST", "/api/admin/keys/rotate", &Value::Null)
        }

        fn settle(&mut self, server: &Server, acknowledged: bool) {
            let published = |server: &Server| {
                let set = server.request("GET", "/.well-known/jwks.json", "", "").json();
                set["keys"].as_array().unwrap().len()
            };
            if !acknowledged {
                assert_eq!((published(server), self.database.count("signing_keys")), (1, 1));
                assert_eq!(self.attempt(server).status, 200);
            }
            assert_eq!((published(server), self.database.count("signing_keys")), (2, 2));
            let token = server.login("ann", PASSWORD).token();
            assert_eq!(server.profile(&token).status, 200);
            // It does not sign before tomorrow; without it the next attempt makes another.
            self.database
                .execute("DELETE FROM signing_keys WHERE number = (SELECT max(number) FROM signing_keys)");
        }
    }
    fails_everywhere(8, |server, database| RotateKeys {
        root: server.login("root", PASSWORD).token(),
        database: database.clone(),
    });
}

/// J2, J5: many clients at once, and one operation of the disk in every few fails. Whoever is refused asks again with the
/// token that he has; nobody is ever logged out.
#[test]
fn a_storm_on_a_failing_disk_logs_nobody_out() {
    let mut place = Place::new();
    place.add_user("ann", "user");
    let disk = Disk::under(&mut place);
    let server = place.serve(&OPTIONS);
    let mut jars: Vec<_> = (0..4).map(|_| server.login("ann", PASSWORD).cookie().unwrap()).collect();
    for every in [3, 7, 20] {
        disk.fail_often(every);
        let refused: usize = std::thread::scope(|scope| {
            let clients: Vec<_> =
                jars.iter_mut().map(|jar| scope.spawn(|| refresh_often(&server, jar))).collect();
            clients.into_iter().map(|client| client.join().unwrap()).sum()
        });
        assert!(disk.heal() > 5 && refused > 5, "{refused} refused: the disk was not failing");
    }
    for jar in &jars {
        assert_eq!(server.refresh(jar).unwrap().status, 200);
    }
    let (status, said) = server.stop();
    assert!(status.success() && !said.contains("panicked"), "{said}");
    Database::of(&place).assert_consistent();
}

/// LM-7: whoever needs a disk that answers no reads is told so, instead of waiting for the end of the connection; whoever
/// does not need it notices nothing, and all works again without a restart.
#[test]
fn reads_that_the_disk_does_not_answer_are_refused_within_seconds() {
    let mut place = Place::new();
    place.add_user("root", "admin");
    let disk = Disk::under(&mut place);
    let server = place.serve(&OPTIONS);
    let root = server.login("root", PASSWORD);
    let list = || ask(&server, &root.token(), "GET", "/api/admin/users", &Value::Null);
    assert_eq!(list().status, 200);
    disk.stall_reads(true);
    // What another process changes is in no reader's cache.
    let mut refused = Vec::new();
    for number in 0..6 {
        Database::of(&place).execute(&format!("UPDATE accounts SET claims = '{{\"n\":{number}}}'"));
        refused.push(list());
        assert_eq!(server.profile(&root.token()).status, 200);
    }
    assert!(refused.iter().all(|answer| answer.status == 503), "{refused:?}");
    let codes: Vec<String> = refused.iter().map(Answer::code).collect();
    assert!(codes[0] == "unavailable" && codes[5] == "overloaded", "{codes:?}");
    disk.stall_reads(false);
    eventually(|| list().status == 200);
    assert_eq!(server.login("root", PASSWORD).status, 200);
    let (status, said) = server.stop();
    assert!(status.success() && !said.contains("panicked"), "{said}");
}

/// A young token, a repeat within the grace, and what is refused cost no write and no sync.
#[test]
fn what_needs_no_write_asks_nothing_of_the_disk() {
    let mut place = Place::new();
    place.add_user("ann", "user");
    let disk = Disk::under(&mut place);
    let server = place.serve(&[]);
    let parent = server.login("ann", PASSWORD).cookie().unwrap();
    Database::of(&place).execute("UPDATE sessions SET rotated_at = rotated_at - 60000");
    disk.record();
    let before = disk.log_length();
    let young = server.refresh(&parent).unwrap().cookie().unwrap();
    assert!(disk.log_length() > before, "nothing is recorded");
    let asks_nothing = || {
        let before = disk.log_length();
        assert_eq!(server.refresh(&young).unwrap().cookie(), None);
        assert_eq!(server.refresh(&parent).unwrap().cookie().as_ref(), Some(&young));
        let forged = format!("{parent}A");
        assert_eq!(server.refresh(&forged).unwrap().code(), "invalid_refresh_token");
        disk.log_length() == before
    };
    // The server's own upkeep may write between.
    assert!((0..5).any(|_| asks_nothing()));
}

/// Asks fifty times; gives how often it was refused.
fn refresh_often(server: &Server, jar: &mut String) -> usize {
    let mut refused = 0;
    for _ in 0..50 {
        let answer = server.refresh(jar).unwrap();
        if answer.status == 200 {
            *jar = answer.cookie().unwrap();
        } else {
            assert_refused_by_the_disk(&answer);
            refused += 1;
        }
    }
    refused
}

/// The command line says that it failed. What it was to do is wholly done or not at all when it is asked again: a sync
/// that failed may have reached the disk all the same, and the next process to open the database finds it. (The first
/// try makes the database, with many operations: with `COUNTERSIGN_DEEP` each of them fails,
/// else one here and there.)
#[test]
fn the_command_line_on_a_failing_disk_says_so() {
    let mut place = Place::new();
    let disk = Disk::under(&mut place);
    let add = || {
        let made = place.run(&["init"]);
        if made.code != Some(0) && !made.err.contains("exists already") {
            return made;
        }
        place.run_with(&["user", "add", "ann"], &format!("{PASSWORD}\n"))
    };
    let fails = |step: usize, before: &dyn Fn()| {
        let mut failed = 0;
        for nth in (1..).step_by(step) {
            before();
            disk.fail_at(nth, Fault::IoFromThenOn);
            let first = add();
            let failures = disk.heal();
            if first.code != Some(0) {
                failed += 1;
                assert!(
                    first.err.starts_with("countersign: ") && !first.err.contains("panicked"),
                    "{first:?}"
                );
                let again = add();
                assert!(again.code == Some(0) || again.err.contains("taken"), "{again:?}");
            }
            assert_eq!(place.run(&["user", "show", "ann"]).code, Some(0), "after {first:?}");
            Database::of(&place).assert_consistent();
            if failures == 0 {
                break;
            }
        }
        failed
    };
    let is_deep = std::env::var_os("COUNTERSIGN_DEEP").is_some();
    let (many, few) = if is_deep { (1, 1) } else { (23, 4) };
    let without_database = || drop(std::fs::remove_dir_all(place.path("countersign-data")));
    assert!(fails(many, &without_database) > 2);
    let delete = "DELETE FROM accounts; DELETE FROM audit_log; DELETE FROM sqlite_sequence";
    assert!(fails(few, &|| Database::of(&place).execute(delete)) > 1);
}
