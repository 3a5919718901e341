//! `countersign api-key` beside a running server, and what a program can do with a key.

use serde_json::{Value, json};

use crate::guide;
use crate::harness::{PASSWORD, Place, Server, eventually};

/// What the token endpoint says to this key of `reports`.
fn exchange(server: &Server, key: &str) -> (u16, Value) {
    let body = format!("grant_type=client_credentials&client_id=reports&client_secret={key}");
    let answer =
        server.request("POST", "/oauth2/token", "Content-Type: application/x-www-form-urlencoded\r\n", &body);
    (answer.status, answer.json())
}

/// AK-4: what the command line changes is true in the server at once.
#[test]
fn a_key_works_until_a_command_ends_it() {
    let place = Place::new();
    place.add_user("ann", "admin");
    let server = place.serve(&[]);
    assert_eq!(place.run(&["user", "add", "reports", "--service"]).code, Some(0));
    assert_eq!(server.login("reports", PASSWORD).status, 401, "nobody can sign in");
    let add = || place.run(&["api-key", "add", "reports", "nightly", "--scope", "b a", "--json"]).json();
    let (first, second) = (add(), add());
    let key = |made: &Value| made["key"].as_str().unwrap().to_owned();
    assert!(key(&first).starts_with("csk_") && first["scope"] == "a b" && first["expiresAt"] == json!(null));
    let tokens = [&first, &second].map(|made| {
        let (status, body) = exchange(&server, &key(made));
        assert_eq!((status, &body["scope"]), (200, &json!("a b")));
        body["access_token"].as_str().unwrap().to_owned()
    });
    assert_eq!(server.profile(&tokens[0]).status, 200);
    let id = first["id"].as_str().unwrap();
    let ran = place.run(&["api-key", "revoke", id]);
    assert_eq!((ran.code, ran.out.trim()), (Some(0), &*format!("Revoked the API key {id}")));
    assert_eq!(exchange(&server, &key(&first)).0, 401);
    eventually(|| server.profile(&tokens[0]).status != 200);
    assert_eq!(server.profile(&tokens[0]).code(), "token_revoked");
    assert_eq!(server.profile(&tokens[1]).status, 200, "the other key goes on");
    assert_eq!(place.run(&["user", "disable", "reports"]).code, Some(0));
    assert_eq!(exchange(&server, &key(&second)).0, 401);
    eventually(|| server.profile(&tokens[1]).status != 200);
    assert_eq!(place.run(&["user", "enable", "reports"]).code, Some(0));
    assert_eq!(exchange(&server, &key(&second)).0, 200);
    let again = place.run(&["api-key", "revoke", id]);
    assert!(again.code == Some(1) && again.err.contains("there is no API key"), "{again:?}");
}

/// AK-5, LG-1: a use is in the list soon after it; the key itself is nowhere.
#[test]
fn keys_are_listed_without_their_secrets() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&[]);
    place.run(&["user", "add", "reports", "--service"]);
    let made = place.run(&["api-key", "add", "reports", "nightly", "--expires-in", "90d", "--json"]).json();
    let key = made["key"].as_str().unwrap();
    assert_eq!(place.run(&["api-key", "add", "ann", "ci"]).code, Some(0));
    assert_eq!(exchange(&server, key).0, 200);
    let listed = || place.run(&["api-key", "list", "--user", "reports", "--json"]).json();
    eventually(|| !listed()[0]["lastUsedAt"].is_null());
    assert_eq!((listed().as_array().unwrap().len(), &listed()[0]["live"]), (1, &json!(true)));
    let table = place.run(&["api-key", "list"]).out;
    assert!(table.starts_with("ID") && table.contains("reports") && table.contains("works until"), "{table}");
    let audit = place.run(&["audit", "--json"]).out;
    for kind in ["api_key_created", "api_key_used"] {
        assert!(audit.contains(kind), "{audit}");
    }
    for text in [&table, &audit, &listed().to_string()] {
        assert!(!text.contains(&key[4..]), "{text}");
    }
}

/// Nothing is changed by a command that is refused, and each says what is wrong.
#[test]
fn what_is_no_key_is_refused() {
    let place = Place::new();
    place.add_user("ann", "user");
    for (command, code, said) in [
        (&["add", "ann", "two words"][..], 2, "1 to 64 letters"),
        (&["add", "ann", "ci", "--scope", "a  b"], 2, "--scope"),
        (&["add", "ann", "ci", "--expires-in", "soon"], 2, "--expires-in"),
        (&["add", "ann", "ci", "--audience", "none"], 1, "there is no such audience"),
        (&["add", "bob", "ci"], 1, "there is no account"),
        (&["revoke", "ci"], 2, "\"ci\" is"),
        (&["revoke", "00000000-0000-4000-8000-000000000000"], 1, "there is no API key"),
    ] {
        let ran = place.run(&[&["api-key"], command].concat());
        assert!(
            ran.code == Some(code) && ran.err.contains(said) && ran.out.is_empty(),
            "{command:?}: {ran:?}"
        );
    }
    assert_eq!(place.run(&["api-key", "list", "--json"]).json(), json!([]));
}

/// The commands of docs/guides/api-keys.md, as a reader would run them.
#[test]
fn the_commands_of_the_guide_do_what_it_says() {
    let guide = include_str!("../../../../docs/guides/api-keys.md");
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&[]);
    let [make, exchange, narrow, revoke] = guide::commands(guide, &server);
    let run = |block: &str, id: &str| guide::run(&place, block, ("ID", id));
    let ask = |block: &str| -> Value { serde_json::from_str(&run(block, "")).unwrap() };
    let listed = run(&make, "");
    let id = listed.lines().last().unwrap().split(' ').next().unwrap().to_owned();
    let token = ask(&exchange);
    let shown = guide.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let shown: Value = serde_json::from_str(shown).unwrap();
    for name in ["token_type", "expires_in", "scope"] {
        assert_eq!(token[name], shown[name]);
    }
    assert!(token.as_object().unwrap().keys().eq(shown.as_object().unwrap().keys()));
    assert_eq!(ask(&narrow)["scope"], "orders:read");
    assert!(run(&revoke, &id).contains(&id));
    assert_eq!(ask(&exchange)["error"], "invalid_client");

    let metadata = server.request("GET", "/.well-known/oauth-authorization-server", "", "").json();
    assert!(metadata["token_endpoint"].as_str().unwrap().ends_with("/oauth2/token"));
    assert_eq!(metadata["grant_types_supported"], json!(["client_credentials"]));
}
