//! Log lines of a request carry its ID, in both formats (LG-4).

use serde_json::Value;

use crate::harness::{Answer, PASSWORD, Place, Server};

/// Every refresh rotates, and the parent of a token is refused at once.
const OPTIONS: [&str; 4] = ["--set", "session.grace=0s", "--set", "session.min_age=0s"];

/// The refusal of a refresh token that was used before.
fn reuse(server: &Server) -> Answer {
    let cookie = server.login("ann", PASSWORD).cookie().unwrap();
    assert_eq!(server.refresh(&cookie).unwrap().status, 200);
    let refused = server.refresh(&cookie).unwrap();
    assert_eq!((refused.status, refused.code().as_str()), (401, "refresh_token_reused"));
    refused
}

/// The line is written by a task of its own, which goes on when the client hangs up.
#[test]
fn a_line_of_a_detached_change_carries_the_request_id() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&OPTIONS);
    let (first, second) = (reuse(&server), reuse(&server));
    let (_, said) = server.stop();
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("refresh token reuse")).collect();
    for (line, answer) in lines.iter().zip([first, second]) {
        assert!(line.contains(&format!("request{{request_id={}}}", answer.request_id())), "{said}");
    }
    assert_eq!(lines.len(), 2, "{said}");
}

#[test]
fn the_request_id_has_one_place_in_json_lines() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&[&OPTIONS[..], &["--set", "log.format=json"]].concat());
    let refused = reuse(&server);
    let (_, said) = server.stop();
    let line = said.lines().find(|line| line.contains("refresh token reuse")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["span"]["request_id"], refused.request_id());
    assert_eq!(line.get("spans"), None, "{line}");
}
