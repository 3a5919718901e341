//! `kill -9` in a storm: what was acknowledged is still there (DB-1, J1, J4, J5). `COUNTERSIGN_KILLS=1000` kills so often.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::database::Database;
use crate::harness::{PASSWORD, Place, Server, eventually, on_command};

/// Every refresh rotates, so that each is a durable write.
const ROTATE_ALWAYS: [&str; 6] =
    ["--set", "session.grace=0s", "--set", "session.min_age=0s", "--set", "session.max_per_account=1000"];
const CLIENTS: usize = 4;
const SESSIONS: usize = 3;

/// What one client holds: the tokens that were acknowledged, and those of sessions whose logout was.
#[derive(Default)]
struct Jar {
    tokens: Vec<String>,
    ended: Vec<String>,
}

#[test]
fn no_acknowledged_login_refresh_or_logout_is_lost() {
    let kills = on_command("COUNTERSIGN_KILLS", 50);
    let place = Place::new();
    // An account each: a login that the kill cut off counts as a failed one.
    for client in 0..CLIENTS {
        place.add_user(&format!("ann{client}"), "user");
    }
    let mut jars: Vec<Jar> = (0..CLIENTS).map(|_| Jar::default()).collect();
    let mut all = 0;
    for kill in 0..kills {
        let server = place.serve(&ROTATE_ALWAYS);
        for jar in &mut jars {
            for cookie in &mut jar.tokens {
                let answer = server.refresh(cookie).unwrap();
                assert_eq!(answer.status, 200, "kill {kill}: an acknowledged token is refused: {answer:?}");
                *cookie = answer.cookie().unwrap();
            }
            for cookie in jar.ended.drain(..) {
                let answer = server.refresh(&cookie).unwrap();
                assert_eq!(answer.code(), "session_revoked", "kill {kill}: a logout is undone");
            }
        }
        let acknowledged = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for (client, jar) in jars.iter_mut().enumerate() {
                let (server, acknowledged) = (&server, &acknowledged);
                scope.spawn(move || storm(server, &format!("ann{client}"), jar, acknowledged));
            }
            // In the middle of it: after another number of answers each time.
            eventually(|| acknowledged.load(Ordering::Relaxed) as u64 >= 20 + kill % 50);
            server.signal("KILL");
        });
        drop(server);
        Database::of(&place).assert_consistent_as_it_is();
        all += acknowledged.into_inner() as u64;
    }
    println!("{kills} kills in {all} acknowledged operations");
    assert!(all >= kills * 20, "{all}");
}

/// Logs in, refreshes, and at times logs out, until the server is gone. The jar is left with the tokens that were acknowledged, without the
/// one that was under way: of that, nobody can know whether it was committed.
fn storm(server: &Server, name: &str, jar: &mut Jar, acknowledged: &AtomicUsize) {
    for turn in 1.. {
        while jar.tokens.len() < SESSIONS {
            let body = format!(r#"{{"username":"{name}","password":"{PASSWORD}"}}"#);
            let login = server.try_request("POST", "/api/login", "Content-Type: application/json\r\n", &body);
            let Ok(login) = login else { return };
            if login.status == 503 {
                continue; // more password hashes than a busy machine can take (LM-1)
            }
            assert_eq!(login.status, 200, "{login:?}");
            jar.tokens.extend(login.cookie());
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        let cookie = jar.tokens.remove(0);
        if turn % 10 == 0 {
            let headers = format!("Cookie: {cookie}\r\n");
            let Ok(answer) = server.try_request("POST", "/api/logout", &headers, "") else { return };
            assert_eq!(answer.status, 204, "{answer:?}");
            jar.ended.push(cookie);
        } else {
            let Ok(answer) = server.refresh(&cookie) else { return };
            assert_eq!(answer.status, 200, "{answer:?}");
            jar.tokens.push(answer.cookie().unwrap());
        }
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
}
