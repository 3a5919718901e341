//! What nothing needs any more goes while the server runs (that it goes in small batches is tested with the store), and
//! an account has no more sessions than it may (SE-8).

use crate::database::Database;
use crate::harness::{PASSWORD, Place, eventually};

#[test]
fn what_nothing_needs_any_more_is_deleted() {
    let place = Place::new();
    place.add_user("ann", "user");
    let database = Database::of(&place);
    // 1,200 of each: sessions past their absolute end, unused for long, and ended long ago; old revocations and lines.
    let long_ago = "(SELECT created_at - 86400000 * 1000 FROM accounts)";
    let now = "(SELECT created_at FROM accounts)";
    let session = |expires: &str, used: &str, revoked: &str, reason: &str| {
        format!(
            "INSERT INTO sessions (id, account_id, secret_hash, created_at, expires_at, generation, rotated_at, revoked_at, end_reason)
             SELECT randomblob(16), (SELECT id FROM accounts), randomblob(32), {long_ago}, {expires}, 0, {used}, {revoked}, {reason}
             FROM generate_series;"
        )
    };
    let later = "(SELECT created_at + 86400000 FROM accounts)";
    database.execute(&format!(
        "CREATE TEMP TABLE generate_series AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) SELECT i FROM n;
         {} {} {}
         INSERT INTO revocations (session_id, until) SELECT randomblob(16), {long_ago} FROM generate_series;
         INSERT INTO audit_log (at, actor, kind) SELECT {long_ago}, 'system', 'login_failed' FROM generate_series;",
        session(long_ago, long_ago, "NULL", "NULL"),
        session(later, long_ago, "NULL", "NULL"),
        session(later, now, long_ago, "'logout'"),
    ));
    let server = place.serve(&[]);
    let login = server.login("ann", PASSWORD);
    // The login, and the lines of the account, the key and the login.
    eventually(|| ["sessions", "revocations", "audit_log"].map(|table| database.count(table)) == [1, 0, 3]);
    assert_eq!(server.refresh(&login.cookie().unwrap()).unwrap().status, 200);
}

#[test]
fn an_account_has_fifty_sessions_and_the_oldest_ends() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&[]);
    let sessions: Vec<_> = (0..52).map(|_| server.login("ann", PASSWORD)).collect();
    for (number, session) in sessions.iter().enumerate() {
        let is_old = number < 2;
        assert_eq!(
            server.profile(&session.token()).status,
            if is_old { 401 } else { 200 },
            "session {number}"
        );
        let answer = server.refresh(&session.cookie().unwrap()).unwrap();
        assert_eq!(answer.status, if is_old { 401 } else { 200 }, "session {number}: {answer:?}");
    }
    let lines = place.run(&["audit", "--user", "ann", "--kind", "session_ended", "--json"]).out;
    assert_eq!(lines.matches(r#""too_many""#).count(), 2, "{lines}");
}
