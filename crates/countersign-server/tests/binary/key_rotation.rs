//! Keys that rotate while a guard in another process checks tokens all the time.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::ScopedJoinHandle;

use crate::database::Database;
use crate::feed_guard::Issuing;
use crate::harness::{PASSWORD, eventually};

/// Sets it when dropped, also by a panic.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// KM-1: a key is published, the feed tells the guard, and then it signs. Nobody waits for the hours between: the
/// database is told that they are over.
#[test]
fn two_rotations_under_load_refuse_no_good_token() {
    let issuing = Issuing::new();
    let server = issuing.serve();
    let guard = issuing.guard().start().blocking().unwrap();
    let database = Database::of(&issuing.place);
    let (signed_by, is_over) = (Mutex::new(HashSet::new()), AtomicBool::new(false));
    let refresh_until_it_is_over = || {
        let signed_in = server.login("ann", PASSWORD);
        let (first, mut cookie) = (signed_in.token(), signed_in.cookie().unwrap());
        while !is_over.load(SeqCst) {
            let refreshed = server.refresh(&cookie).unwrap();
            cookie = refreshed.cookie().unwrap_or(cookie);
            let token = refreshed.token();
            for token in [&token, &token, &first] {
                assert!(guard.verify(token).is_ok(), "{:?}: {:?}", guard.verify(token), guard.key_status());
            }
            signed_by.lock().unwrap().insert(token.split('.').next().unwrap().to_owned());
        }
    };
    std::thread::scope(|scope| {
        let load = [scope.spawn(refresh_until_it_is_over), scope.spawn(refresh_until_it_is_over)];
        let _end = Ends(&is_over);
        let has_failed = || load.iter().any(ScopedJoinHandle::is_finished);
        let signers = || signed_by.lock().unwrap().len();
        eventually(|| signers() == 1 || has_failed());
        for rotation in 1..=2 {
            let ran = issuing.place.run(&["key", "rotate"]);
            assert!(ran.code == Some(0), "{ran:?}");
            eventually(|| guard.key_status()[0].keys == rotation + 1 || has_failed());
            assert_eq!(signers(), rotation, "it does not sign yet");
            let now = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
            database
                .execute(&format!("UPDATE signing_keys SET active_from = {now} WHERE active_from > {now}"));
            eventually(|| signers() == rotation + 1 || has_failed());
        }
        assert!(!has_failed(), "a good token was refused");
    });
}
