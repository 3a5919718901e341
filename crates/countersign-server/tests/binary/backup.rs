//! `countersign backup` and `restore`: one moment of a database that is served, and the way back, after which nobody is signed in
//! who was before.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use countersign_guard::Refusal;

use crate::database::Database;
use crate::disk::{Disk, Fault};
use crate::feed_guard::Issuing;
use crate::harness::{PASSWORD, Place, Ran, Server, eventually};
use crate::postgresql;

const NEW: &str = "another long passphrase";

fn good(ran: Ran) -> Ran {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran
}

fn refused(ran: &Ran, why: &str) {
    assert!(ran.code != Some(0) && ran.err.contains(why), "{ran:?}");
}

/// What is in a folder, but for locks and what belongs to an open database.
fn files(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let of_open = ["countersign.db-wal", "countersign.db-shm"];
    let is_lock = |name: &String| Path::new(name).extension().is_some_and(|extension| extension == "lock");
    let mut names: Vec<_> =
        names.filter(|name| !is_lock(name) && !of_open.contains(&name.as_str())).collect();
    names.sort();
    names
}

fn log_out(server: &Server, token: &str) {
    let bearer = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(server.request("POST", "/api/logout", &bearer, "").status, 204);
}

/// DB-4: sign in, back up, go on, lose the database, put the backup back.
#[test]
fn a_restore_brings_accounts_back_and_no_session() {
    let issuing = Issuing::new();
    let place = &issuing.place;
    let data = place.path("countersign-data");
    let server = issuing.serve();
    let guard = issuing.guard().start().blocking().unwrap();
    let [alive, out] = [0, 1].map(|_| server.login("ann", PASSWORD));
    let before = files(&data);
    let made = good(place.run(&["backup", "ann.backup", "--json"]));
    assert!(made.err.contains("the master key is not in it"), "{made:?}");
    assert_eq!(made.json()["rows"]["sessions"], 2);
    assert_eq!(files(&data), before, "nothing is left beside the database");
    refused(&place.run(&["backup", "ann.backup"]), "exists already");
    // All this is gone in the end: a password, a log-out, a session.
    good(place.run_with(&["user", "set-password", "ann"], &format!("{NEW}\n")));
    let late = server.login("ann", NEW);
    log_out(&server, &late.token());
    let late = server.login("ann", NEW);
    assert!(guard.verify(&late.token()).is_ok());
    refused(&place.run(&["restore", "ann.backup"]), "in use");
    server.signal("KILL");
    drop(server);
    refused(&place.run(&["restore", "ann.backup"]), "exists already");
    for name in ["countersign.db", "countersign.db-wal", "countersign.db-shm"] {
        fs::rename(data.join(name), data.join(format!("lost-{name}"))).unwrap();
    }
    let back = good(place.run(&["restore", "ann.backup"]));
    assert!(back.err.contains("passwords and roles are the old ones again"), "{back:?}");
    let server = issuing.serve();
    for answer in [&alive, &out] {
        assert_eq!(server.profile(&answer.token()).status, 401);
        assert_eq!(server.refresh(&answer.cookie().unwrap()).unwrap().code(), "session_revoked");
    }
    assert_eq!(server.profile(&late.token()).status, 401);
    assert_eq!(server.refresh(&late.cookie().unwrap()).unwrap().code(), "invalid_refresh_token");
    eventually(|| guard.verify(&late.token()).is_err_and(|refusal| refusal == Refusal::Revoked));
    assert_eq!(guard.verify(&alive.token()).unwrap_err(), Refusal::Revoked);
    assert_eq!(server.login("ann", NEW).status, 401);
    let new = server.login("ann", PASSWORD);
    assert!(guard.verify(&new.token()).is_ok());
    assert_eq!(server.profile(&new.token()).status, 200);
    assert!(server.refresh(&new.cookie().unwrap()).unwrap().status == 200);
    let audit = good(place.run(&["audit"])).out;
    assert!(
        audit.contains("store_restored") && !audit.contains("backup_made"),
        "the stamp came after it: {audit}"
    );
}

/// A restore by other tools is marked, also under a server, and its followers hear of it.
#[test]
fn a_mark_ends_all_sessions_of_a_server_that_runs() {
    let issuing = Issuing::new();
    let server = issuing.serve();
    let guard = issuing.guard().start().blocking().unwrap();
    let old = server.login("ann", PASSWORD);
    assert!(guard.verify(&old.token()).is_ok());
    good(issuing.place.run(&["restore", "--mark"]));
    eventually(|| server.profile(&old.token()).status == 401);
    eventually(|| guard.verify(&old.token()).is_err_and(|refusal| refusal == Refusal::Revoked));
    assert_eq!(server.refresh(&old.cookie().unwrap()).unwrap().code(), "session_revoked");
    let new = server.login("ann", PASSWORD);
    assert!(guard.verify(&new.token()).is_ok() && server.profile(&new.token()).status == 200);
}

#[test]
fn a_backup_is_verified_and_a_changed_one_is_none() {
    let place = Place::new();
    place.add_user("ann", "admin");
    good(place.run(&["backup", "good"]));
    let data = place.path("countersign-data");
    let before = files(&data);
    let verified = good(place.run(&["backup", "verify", "good", "--json"])).json();
    assert_eq!((&verified["rows"]["accounts"], &verified["format"]), (&1.into(), &1.into()));
    let bytes = fs::read(place.path("good")).unwrap();
    for at in [3, 60, bytes.len() / 2, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(place.path("bad"), &changed).unwrap();
        fs::write(place.path("short"), &bytes[..at]).unwrap();
        for name in ["bad", "short"] {
            refused(&place.run(&["backup", "verify", name]), "is no backup that this master key opens");
            let to = Place::new();
            fs::create_dir(to.path("countersign-data")).unwrap();
            fs::copy(data.join("master.key"), to.path("countersign-data/master.key")).unwrap();
            let file = place.path(name);
            refused(&to.run(&["restore", file.to_str().unwrap()]), "is no backup");
            assert_eq!(files(&to.path("countersign-data")), ["master.key"]);
        }
    }
    let other = Place::new();
    other.add_user("eve", "admin");
    let file = place.path("good");
    refused(&other.run(&["backup", "verify", file.to_str().unwrap()]), "of another master key");
    assert_eq!(files(&data), before);
}

/// LM-8: a disk that is full says so, and is as empty as before.
#[test]
fn a_full_disk_leaves_nothing_behind() {
    let mut place = Place::new();
    place.add_user("ann", "admin");
    let disk = Disk::under(&mut place);
    let data = place.path("countersign-data");
    let before = files(&data);
    for nth in 1..6 {
        disk.fail_at(nth, Fault::FullFromThenOn);
        refused(&place.run(&["backup", "full"]), "not enough room on the disk");
        assert!(disk.heal() > 0);
        assert_eq!(files(&data), before);
        assert!(!place.path("full").exists() && !place.path("full.unfinished").exists());
    }
    good(place.run(&["backup", "full"]));
}

/// While somebody backs up, people sign in: nobody waits for it.
#[test]
fn a_backup_is_one_moment_of_a_database_in_use() {
    let place = Place::new();
    place.add_user("ann", "admin");
    let server = place.serve(&["--set", "session.max_per_account=1000"]);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let sign_in = || {
            let mut count = 0;
            while !done.load(std::sync::atomic::Ordering::SeqCst) || count == 0 {
                assert_eq!(server.login("ann", PASSWORD).status, 200);
                count += 1;
            }
            count
        };
        let signing_in = scope.spawn(sign_in);
        for name in ["one", "two", "three"] {
            good(place.run(&["backup", name]));
            good(place.run(&["backup", "verify", name]));
        }
        done.store(true, std::sync::atomic::Ordering::SeqCst);
        assert!(signing_in.join().unwrap() > 0);
    });
    let stamp = "SELECT count(*) FROM milestones WHERE name = 'backed_up'";
    assert_eq!(Database::of(&place).number(stamp), 1);
}

#[test]
fn a_shared_database_is_backed_up_by_its_own_tools() {
    let mut place = Place::new();
    place.set("COUNTERSIGN_STORE", &postgresql::url(&postgresql::new_database()));
    refused(&place.run(&["backup", "x"]), "pgBackRest");
    refused(&place.run(&["restore", "x"]), "countersign restore --mark");
}

/// DB-4: what a copy has of later than the clock says would outlive the instant that ends all of it.
#[test]
fn a_backup_that_knows_of_later_times_than_the_clock_is_not_put_back() {
    let place = Place::new();
    place.add_user("ann", "admin");
    let server = place.serve(&[]);
    server.login("ann", PASSWORD);
    server.stop();
    let (database, data) = (Database::of(&place), place.path("countersign-data"));
    let late = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() + 3_600_000;
    let session = "UPDATE sessions SET rotated_at = ";
    let ticket = "INSERT INTO tickets (id, purpose, canonical, address, secret_hash, tries_left, expires_at, created_at)
        VALUES (randomblob(16), 'reset', 'a@b.example', 'a@b.example', randomblob(32), 5, 9000000000000, ";
    for (name, sql) in
        [("session", format!("{session}{late}")), ("ticket", format!("{session}1; {ticket}{late})"))]
    {
        database.execute(&sql);
        good(place.run(&["backup", name]));
        let kept = place.path("kept.db");
        fs::rename(data.join("countersign.db"), &kept).unwrap();
        refused(&place.run(&["restore", name]), "the clock of this machine is behind the backup");
        assert!(!data.join("countersign.db").exists());
        fs::rename(&kept, data.join("countersign.db")).unwrap();
    }
}

/// DB-4: no instant ends the keys and secrets of programs, so the operator is told which work again; API keys end on demand.
#[test]
fn what_was_taken_away_from_programs_is_named_after_a_restore() {
    let place = Place::new();
    place.add_user("ann", "admin");
    place.serve(&[]).stop();
    good(place.run(&["user", "add", "reports", "--service"]));
    let add = |name: &str| {
        let made = good(place.run(&["api-key", "add", "reports", name, "--json"])).json();
        (made["id"].as_str().unwrap().to_owned(), made["key"].as_str().unwrap().to_owned())
    };
    let [(stolen, secret), (kept, _), (over, _)] = ["stolen", "kept", "over"].map(add);
    good(place.run(&["api-key", "revoke", &over]));
    good(place.run(&["client", "add", "orders"]));
    good(place.run(&["feed-key", "add", "billing"]));
    good(place.run(&["backup", "old.backup"]));
    good(place.run(&["api-key", "revoke", &stolen]));
    good(place.run(&["client", "remove", "orders"]));
    let data = place.path("countersign-data");
    let lose = || {
        for name in ["countersign.db", "countersign.db-wal", "countersign.db-shm"] {
            let lost = fs::remove_file(data.join(name));
            assert!(lost.is_ok() || name != "countersign.db", "{lost:?}");
        }
    };
    let exchange = || {
        let server = place.serve(&[]);
        let body = format!("grant_type=client_credentials&client_id=reports&client_secret={secret}");
        server
            .request("POST", "/oauth2/token", "Content-Type: application/x-www-form-urlencoded\r\n", &body)
            .status
    };
    assert_eq!(exchange(), 401);

    lose();
    let told = good(place.run(&["restore", "old.backup"])).err;
    for name in [
        "2 API keys as at that time",
        &stolen,
        &kept,
        "(stolen)",
        "1 client secret",
        "orders",
        "1 feed key",
        "billing",
        "1 signing key",
    ] {
        assert!(told.contains(name), "{name}: {told}");
    }
    assert!(!told.contains(&over) && !told.contains(&secret[4..]), "{told}");
    assert_eq!(exchange(), 200, "as it was told");
    let marked = good(place.run(&["restore", "--mark", "--revoke-api-keys"])).err;
    assert!(marked.contains("revoked 2 API keys") && !marked.contains(&stolen), "{marked}");
    assert_eq!(exchange(), 401);

    lose();
    let revoked = good(place.run(&["restore", "old.backup", "--revoke-api-keys"])).err;
    assert!(revoked.contains("revoked 2 API keys"), "{revoked}");
    assert_eq!(exchange(), 401);
    assert!(good(place.run(&["audit", "verify"])).code == Some(0), "what the restore writes is chained");
}
