//! `countersign client` beside a running server, and what a service can do with the secret (RFC 7662, RFC 7009).

use serde_json::{Value, json};

use crate::guide;
use crate::harness::{Answer, PASSWORD, Place, Server};

/// A question of the client `gateway`, whose name and secret are in the body.
fn ask(server: &Server, path: &str, secret: &str, token: &str) -> Answer {
    let body = format!("client_id=gateway&client_secret={secret}&token={token}");
    server.request("POST", path, "Content-Type: application/x-www-form-urlencoded\r\n", &body)
}

fn introspect(server: &Server, secret: &str, token: &str) -> Value {
    let answer = ask(server, "/oauth2/introspect", secret, token);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn error(answer: &Answer) -> (u16, Value) {
    (answer.status, answer.json()["error"].clone())
}

/// OA-1, OA-2, OA-3: what the command line changes is true in the server at once, without a restart.
#[test]
fn a_client_asks_and_revokes_until_it_is_removed() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&[]);
    let ran = place.run(&["client", "add", "gateway"]);
    let secret = ran.out.trim().to_owned();
    assert!(ran.code == Some(0) && secret.starts_with("csc_"), "{ran:?}");

    let (signed_in, other) = (server.login("ann", PASSWORD), server.login("ann", PASSWORD));
    let refresh_token = signed_in.cookie().unwrap().split_once('=').unwrap().1.to_owned();
    let access = introspect(&server, &secret, &signed_in.token());
    let refresh = introspect(&server, &secret, &refresh_token);
    assert_eq!((&access["active"], &refresh["active"]), (&json!(true), &json!(true)));
    assert_eq!((&access["sid"], &refresh["username"]), (&refresh["sid"], &json!("ann")));

    assert_eq!(ask(&server, "/oauth2/revoke", &secret, &refresh_token).status, 200);
    for token in [&signed_in.token(), &refresh_token] {
        assert_eq!(introspect(&server, &secret, token), json!({ "active": false }));
    }
    assert_eq!(server.profile(&signed_in.token()).code(), "token_revoked");
    assert_eq!(server.profile(&other.token()).status, 200, "only that session");
    // A command of another process ended this one: introspection asks the store.
    let id = introspect(&server, &secret, &other.token())["sid"].as_str().unwrap().to_owned();
    assert_eq!(place.run(&["session", "revoke", &id]).code, Some(0));
    assert_eq!(introspect(&server, &secret, &other.token()), json!({ "active": false }));

    let ran = place.run(&["client", "remove", "gateway"]);
    assert_eq!((ran.code, ran.out.trim()), (Some(0), "Removed the client gateway"));
    for path in ["/oauth2/introspect", "/oauth2/revoke"] {
        assert_eq!(error(&ask(&server, path, &secret, "x")), (401, json!("invalid_client")), "{path}");
    }
    let again = place.run(&["client", "add", "gateway"]).out;
    assert_eq!(error(&ask(&server, "/oauth2/revoke", &secret, "x")).0, 401, "a new secret, not the old one");
    assert_eq!(introspect(&server, again.trim(), "x"), json!({ "active": false }));
}

#[test]
fn clients_are_listed_without_their_secrets() {
    let place = Place::with_database();
    let added = place.run(&["client", "add", "gateway", "--json"]).json();
    let secret = added["secret"].as_str().unwrap();
    assert_eq!(added["name"], "gateway");
    let names = ["name", "createdAt", "secret"];
    assert!(added.as_object().unwrap().keys().all(|key| names.contains(&key.as_str())), "{added}");
    assert_eq!(place.run(&["client", "add", "Billing_2.eu"]).code, Some(0));

    let listed = place.run(&["client", "list", "--json"]).json();
    let listed: Vec<_> = listed.as_array().unwrap().iter().map(|client| client["name"].clone()).collect();
    assert_eq!(listed, ["Billing_2.eu", "gateway"]);
    let table = place.run(&["client", "list"]).out;
    assert!(table.starts_with("NAME") && table.contains("gateway"), "{table}");
    let audit = place.run(&["audit", "--json"]).out;
    assert!(audit.contains("client_created"), "{audit}");
    for text in [&table, &audit, &place.run(&["client", "list", "--json"]).out] {
        assert!(!text.contains(&secret[4..]), "{text}");
    }
    assert_eq!(place.run(&["client", "remove", "gateway", "--json"]).json(), json!({ "removed": "gateway" }));
    assert!(place.run(&["audit", "--json"]).out.contains("client_removed"));
}

/// Nothing is changed by a command that is refused, and each says what is wrong.
#[test]
fn what_is_no_client_is_refused() {
    let place = Place::with_database();
    let long = "x".repeat(65);
    for name in ["", " ", "a b", "a:b", "gäteway", "a/b", &long] {
        for verb in ["add", "remove"] {
            let ran = place.run(&["client", verb, name]);
            assert!(ran.code == Some(2) && ran.err.contains("1 to 64 letters"), "{verb} {name:?}: {ran:?}");
            assert_eq!(ran.out, "");
        }
    }
    assert_eq!(place.run(&["client", "list", "--json"]).json(), json!([]));
    let ran = place.run(&["client", "remove", "gateway"]);
    assert!(ran.code == Some(1) && ran.err.contains("there is no client \"gateway\""), "{ran:?}");
    assert_eq!(place.run(&["client", "add", "gateway"]).code, Some(0));
    let ran = place.run(&["client", "add", "gateway"]);
    assert!(ran.code == Some(1) && ran.err.contains("there is a client with this name"), "{ran:?}");
    assert_eq!(ran.out, "", "no secret");
}

/// The commands of docs/guides/verify/introspection.md, as a reader would run them.
#[test]
fn the_commands_of_the_guide_do_what_it_says() {
    let guide = include_str!("../../../../docs/guides/verify/introspection.md");
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&[]);
    let [client, introspect, revoke] = guide::commands(guide, &server);
    let run = |block: &str, token: &str| guide::run(&place, block, ("TOKEN", token));
    assert!(run(&client, "").contains("gateway"));

    let signed_in = server.login("ann", PASSWORD);
    let refresh_token = signed_in.cookie().unwrap().split_once('=').unwrap().1.to_owned();
    let ask = |token: &str| -> Value { serde_json::from_str(&run(&introspect, token)).unwrap() };
    let access = ask(&signed_in.token());
    assert_eq!((&access["active"], &access["username"]), (&json!(true), &json!("ann")));
    let refresh = ask(&refresh_token);
    for name in ["iss", "sub", "client_id", "username", "sid", "iat", "exp"] {
        assert!(refresh.get(name).is_some() && guide.contains(&format!("`{name}`")), "{name}: {refresh}");
    }
    assert_eq!(refresh.as_object().unwrap().len(), 8, "these and `active`: {refresh}");
    assert_eq!(ask("no token"), json!({ "active": false }));
    assert_eq!(ask(&signed_in.token())["active"], true);
    assert_eq!(run(&revoke, ""), "", "the token in the file");
    assert_eq!(ask(&refresh_token), json!({ "active": false }));
    assert_eq!(run(&revoke, ""), "", "a token that is no good is no error");

    let metadata = server.request("GET", "/.well-known/oauth-authorization-server", "", "").json();
    for (name, path) in [("introspection_endpoint", "introspect"), ("revocation_endpoint", "revoke")] {
        assert!(guide.contains(name));
        assert!(metadata[name].as_str().unwrap().ends_with(&format!("/oauth2/{path}")), "{metadata}");
    }
}
