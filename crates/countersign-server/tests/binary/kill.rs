//! `kill -9` in a storm: what was acknowledged is still there (DB-1).

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::harness::{PASSWORD, Place, Server, eventually};

/// Every refresh rotates, so that each is a durable write.
const ROTATE_ALWAYS: [&str; 6] =
    ["--set", "session.grace=0s", "--set", "session.min_age=0s", "--set", "session.max_per_account=1000"];
const KILLS: usize = 50;
const CLIENTS: usize = 4;
const SESSIONS: usize = 3;

#[test]
fn no_acknowledged_login_or_refresh_is_lost() {
    let place = Place::new();
    // An account each: a login that the kill cut off counts as a failed one.
    for client in 0..CLIENTS {
        place.add_user(&format!("ann{client}"), "user");
    }
    let mut jars: Vec<Vec<String>> = vec![Vec::new(); CLIENTS];
    let mut rotations = 0;
    for kill in 0..KILLS {
        let server = place.serve(&ROTATE_ALWAYS);
        for cookie in jars.iter_mut().flatten() {
            let answer = server.refresh(cookie).unwrap();
            assert_eq!(answer.status, 200, "kill {kill}: an acknowledged token is refused: {answer:?}");
            *cookie = answer.cookie().unwrap();
        }
        let acknowledged = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for (client, jar) in jars.iter_mut().enumerate() {
                let (server, acknowledged) = (&server, &acknowledged);
                scope.spawn(move || storm(server, &format!("ann{client}"), jar, acknowledged));
            }
            // In the middle of it: after another number of answers each time.
            eventually(|| acknowledged.load(Ordering::Relaxed) >= 20 + kill);
            server.signal("KILL");
        });
        rotations += acknowledged.into_inner();
    }
    assert!(rotations >= KILLS * 20, "{rotations}");
}

/// Logs in and refreshes until the server is gone. The jar is left with the tokens that were acknowledged, without the
/// one that was under way: of that, nobody can know whether it was committed.
fn storm(server: &Server, name: &str, jar: &mut Vec<String>, acknowledged: &AtomicUsize) {
    loop {
        while jar.len() < SESSIONS {
            let body = format!(r#"{{"username":"{name}","password":"{PASSWORD}"}}"#);
            let login = server.try_request("POST", "/api/login", "Content-Type: application/json\r\n", &body);
            let Ok(login) = login else { return };
            if login.status == 503 {
                continue; // more password hashes than a busy machine can take (LM-1)
            }
            assert_eq!(login.status, 200, "{login:?}");
            jar.extend(login.cookie());
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        let cookie = jar.remove(0);
        let Ok(answer) = server.refresh(&cookie) else { return };
        assert_eq!(answer.status, 200, "{answer:?}");
        jar.push(answer.cookie().unwrap());
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
}
