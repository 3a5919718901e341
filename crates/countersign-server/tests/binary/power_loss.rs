//! The power fails at any moment of a storm (DB-1, J4, J5): what was written and not synced is lost, torn or in another
//! order, and everything that was acknowledged before is there.
//!
//! `COUNTERSIGN_POWER_CUTS=1000` cuts it so often; `COUNTERSIGN_SEED=…` draws the same cuts again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use countersign::internal::base::random::Random;
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::json;

use crate::disk::Disk;
use crate::disk::image::Log;
use crate::harness::{PASSWORD, Place, Server, on_command};

const OPTIONS: [&str; 4] = ["--set", "session.grace=0s", "--set", "session.min_age=0s"];
const CLIENTS: usize = 4;
const REFRESHES: usize = 250;

/// What a client was told.
#[derive(Clone, Debug)]
enum Fact {
    /// This refresh token is the newest.
    Token(String),
    /// The session of this refresh token may be over: that was asked for, and not yet answered.
    LoggingOut(String),
    /// The session of this refresh token is over.
    LoggedOut(String),
    /// The account has this number in its claims.
    Claims(u32),
}

/// Facts, each with the length of the disk's log when it was told: a cut behind that must not undo it.
#[derive(Default)]
struct Acknowledged(Mutex<Vec<(u64, Fact)>>);

impl Acknowledged {
    fn add(&self, disk: &Disk, fact: Fact) {
        self.0.lock().unwrap().push((disk.log_length(), fact));
    }

    fn before(&self, cut: u64) -> Vec<Fact> {
        let all = self.0.lock().unwrap();
        all.iter().filter(|(at, _)| *at <= cut).map(|(_, fact)| fact.clone()).collect()
    }
}

#[test]
fn a_power_failure_loses_nothing_that_was_acknowledged() {
    let seed = on_command("COUNTERSIGN_SEED", u64::from_le_bytes(Random::system().bytes()));
    println!("COUNTERSIGN_SEED={seed}");
    let dice = Random::insecure_seeded(seed);
    let cuts = on_command("COUNTERSIGN_POWER_CUTS", 20);
    let (mut done, mut told, mut lies_found) = (0, 0, 0);
    while done < cuts {
        let storm = Storm::record();
        for _ in 0..(cuts - done).min(100) {
            let cut = storm.log.any_place(u64::from_le_bytes(dice.bytes()));
            let fates = u64::from_le_bytes(dice.bytes());
            told += storm.acknowledged.before(cut).len();
            storm.survives(cut, fates).unwrap_or_else(|loss| panic!("seed {seed}, cut at {cut}: {loss}"));
            // The negative control: a disk that acknowledges a sync and does not do it.
            lies_found += usize::from(storm.check(&storm.log.without_syncs(), cut, fates).is_err());
            done += 1;
        }
    }
    assert!(told > 100 && lies_found > 5, "{told} facts, {lies_found} lies found: this test sees nothing");
    println!(
        "{done} power failures over {told} acknowledged facts; a lying disk was found out {lies_found} times"
    );
}

/// A storm of requests, and everything that it did to the disk.
struct Storm {
    place: Place,
    log: Log,
    acknowledged: Acknowledged,
}

impl Storm {
    fn record() -> Self {
        let mut place = Place::new();
        place.add_user("root", "admin");
        for client in 0..CLIENTS {
            place.add_user(&format!("ann{client}"), "user");
        }
        fs::copy(place.path("countersign-data/countersign.db"), place.path("base.db")).unwrap();
        if let Ok(bytes) = fs::read(place.path("countersign-data/countersign.db-wal")) {
            fs::write(place.path("base.db-wal"), bytes).unwrap();
        }
        let disk = Disk::under(&mut place);
        disk.record();
        let (server, acknowledged) = (place.serve(&OPTIONS), Acknowledged::default());
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (server, disk, acknowledged) = (&server, &disk, &acknowledged);
                scope.spawn(move || sign_in_and_out(server, &format!("ann{client}"), disk, acknowledged));
            }
            scope.spawn(|| administer(&server, &disk, &acknowledged));
        });
        start_the_log_over(&place, &server, &disk, &acknowledged);
        server.signal("KILL");
        server.wait();
        let log = Log::read(&place.path("disk-log"));
        assert!(log.starts_of_the_wal() > 1 && log.syncs() > 100, "the storm was too small");
        Self { place, log, acknowledged }
    }

    /// The real binary starts on what is left, and every newest token that was acknowledged still works.
    fn survives(&self, cut: u64, fates: u64) -> Result<(), String> {
        let newest = self.check(&self.log, cut, fates)?;
        let after = Place::new();
        fs::create_dir(after.path("countersign-data")).unwrap();
        let key = "countersign-data/master.key";
        fs::copy(self.place.path(key), after.path(key)).unwrap();
        let path = after.path("countersign-data/countersign.db");
        self.log.power_fails(cut, fates, &self.place.path("base.db"), &path);
        let server = after.serve(&OPTIONS);
        for cookie in newest {
            let answer = server.refresh(&cookie).unwrap();
            if answer.status != 200 {
                return Err(format!("an acknowledged token is refused: {answer:?}"));
            }
        }
        Ok(())
    }

    /// Looks at what `log` leaves on the disk; gives the acknowledged tokens that are the newest there.
    fn check(&self, log: &Log, cut: u64, fates: u64) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.db");
        log.power_fails(cut, fates, &self.place.path("base.db"), &path);
        let facts = self.acknowledged.before(cut);
        all_true(&path, &facts).map_err(|error| error.to_string())?
    }
}

/// Signs in, refreshes often, signs out and in again; remembers what was answered.
fn sign_in_and_out(server: &Server, name: &str, disk: &Disk, acknowledged: &Acknowledged) {
    let sign_in = || {
        let cookie = server.login(name, PASSWORD).cookie().unwrap();
        acknowledged.add(disk, Fact::Token(cookie.clone()));
        cookie
    };
    let mut cookie = sign_in();
    for number in 1..=REFRESHES {
        if number % 50 == 0 {
            let headers = format!("Cookie: {cookie}\r\n");
            acknowledged.add(disk, Fact::LoggingOut(cookie.clone()));
            assert_eq!(server.request("POST", "/api/logout", &headers, "").status, 204);
            acknowledged.add(disk, Fact::LoggedOut(cookie));
            cookie = sign_in();
        }
        cookie = server.refresh(&cookie).unwrap().cookie().unwrap();
        acknowledged.add(disk, Fact::Token(cookie.clone()));
    }
}

/// Changes an account's claims again and again.
fn administer(server: &Server, disk: &Disk, acknowledged: &Acknowledged) {
    let login = server.login("root", PASSWORD);
    let path = format!("/api/admin/users/{}", login.json()["user"]["userId"].as_str().unwrap());
    let headers = format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", login.token());
    for number in 1..=100 {
        let body = json!({ "claims": { "number": number } }).to_string();
        assert_eq!(server.request("PATCH", &path, &headers, &body).status, 200);
        acknowledged.add(disk, Fact::Claims(number));
    }
}

/// One client alone, with requests between that write nothing: when the checkpointer is woken it copies everything back,
/// and the write-ahead log is written from its beginning again, over what is old.
fn start_the_log_over(place: &Place, server: &Server, disk: &Disk, acknowledged: &Acknowledged) {
    let login = server.login("ann0", PASSWORD);
    let mut cookie = login.cookie().unwrap();
    for _ in 0..100 {
        for _ in 0..50 {
            cookie = server.refresh(&cookie).unwrap().cookie().unwrap();
            acknowledged.add(disk, Fact::Token(cookie.clone()));
            for _ in 0..5 {
                assert_eq!(server.profile(&login.token()).status, 200);
            }
        }
        if Log::read(&place.path("disk-log")).starts_of_the_wal() > 1 {
            return;
        }
    }
}

fn all_true(path: &Path, facts: &[Fact]) -> rusqlite::Result<Result<Vec<String>, String>> {
    let db = Connection::open(path)?;
    let report: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if report != "ok" {
        return Ok(Err(report));
    }
    let mut newest = BTreeMap::new();
    for fact in facts {
        let missing = || Ok(Err(format!("it is not there any more: {fact:?}")));
        match fact {
            Fact::Token(cookie) => {
                let (id, generation) = session_of(cookie);
                let stored: Option<u32> = db
                    .query_row("SELECT generation FROM sessions WHERE id = ?1", [id], |row| row.get(0))
                    .optional()?;
                match stored {
                    Some(stored) if stored == generation => newest.insert(id, cookie.clone()),
                    Some(stored) if stored > generation => newest.remove(&id),
                    _ => return missing(),
                };
            }
            Fact::LoggingOut(cookie) => {
                newest.remove(&session_of(cookie).0);
            }
            Fact::LoggedOut(cookie) => {
                let (id, _) = session_of(cookie);
                let sql = "SELECT count(*) FROM sessions WHERE id = ?1 AND end_reason = 'logout'";
                if db.query_row(sql, [id], |row| row.get::<_, u32>(0))? != 1 {
                    return missing();
                }
                newest.remove(&id);
            }
            Fact::Claims(number) => {
                let sql = "SELECT coalesce(max(claims ->> '$.number'), 0) FROM accounts";
                if db.query_row(sql, [], |row| row.get::<_, u32>(0))? < *number {
                    return missing();
                }
            }
        }
    }
    Ok(Ok(newest.into_values().collect()))
}

/// The session and the generation that a refresh cookie names.
fn session_of(cookie: &str) -> ([u8; 16], u32) {
    let (_, token) = cookie.split_once("=csr_").unwrap();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap();
    (bytes[2..18].try_into().unwrap(), u32::from_be_bytes(bytes[18..22].try_into().unwrap()))
}
