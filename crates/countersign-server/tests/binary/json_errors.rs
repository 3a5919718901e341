//! With `--json`, every line on standard error is a JSON object too, and an error has the shape that it has in the API.

use serde_json::Value;

use crate::harness::{PASSWORD, Place, Ran};

/// The lines on standard error.
fn said(ran: &Ran) -> Vec<Value> {
    ran.err.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{ran:?}"))).collect()
}

#[test]
fn an_error_is_one_object_with_the_code_that_the_api_has_for_it() {
    let place = Place::new();
    place.add_user("ann", "admin");
    place.add_user("other", "user");
    for (command, input, exit, code) in [
        (&["user", "show", "bob"][..], "", 1, "not_found"),
        (&["session", "revoke", "00000000-0000-4000-8000-000000000000"], "", 1, "not_found"),
        (&["client", "remove", "shop"], "", 1, "not_found"),
        (&["feed-key", "remove", "shop"], "", 1, "not_found"),
        (&["user", "add", "ANN"], PASSWORD, 1, "username_taken"),
        (&["user", "add", "bob"], "short", 1, "password_too_short"),
        (&["user", "set-password", "ann"], "short", 1, "password_too_short"),
        (&["user", "disable", "ann"], "", 1, "last_administrator"),
        (&["user", "rename", "bob", "ben"], "", 1, "not_found"),
        (&["user", "rename", "other", "ANN"], "", 1, "username_taken"),
        (&["user", "rename", "ann", " b"], "", 2, "invalid_usage"),
        (&["user", "set-claims", "bob", "{}"], "", 1, "not_found"),
        (&["user", "set-claims", "ann", "{"], "", 2, "invalid_usage"),
        (&["audit", "--since", "yesterday"], "", 2, "invalid_usage"),
        (&["user", "delete", "ann"], "", 2, "invalid_usage"),
        (&["user", "add", " bob"], "", 2, "invalid_usage"),
        (&["user", "frobnicate"], "", 2, "invalid_usage"),
        (&["user", "list", "--set", "acess_token_ttl=1m"], "", 2, "invalid_configuration"),
        (&["serve", "--listen", ":1"], "", 2, "invalid_configuration"),
        (&["user", "list", "--data-dir", "nowhere"], "", 1, "failed"),
        (&["key", "thumbprint", "nowhere"], "", 1, "failed"),
    ] {
        let text = place.run_with(command, input);
        let ran = place.run_with(&[command, &["--json"]].concat(), input);
        assert_eq!((text.code, ran.code), (Some(exit), Some(exit)), "{ran:?}");
        let mut errors = said(&ran);
        let error = errors.pop().unwrap();
        assert_eq!((error["code"].as_str(), ran.out.as_str()), (Some(code), ""), "{ran:?}");
        assert!(errors.iter().all(|line| line["note"].is_string()), "{ran:?}");
        // The same words as for people.
        let first = error["error"].as_str().unwrap().lines().next().unwrap();
        assert!(text.err.contains(first), "{ran:?}: {text:?}");
    }
    place.run_with(&["client", "add", "shop"], "");
    assert_eq!(said(&place.run(&["client", "add", "shop", "--json"])).pop().unwrap()["code"], "name_taken");
}

#[test]
fn a_warning_is_an_object_and_help_is_none() {
    let mut place = Place::with_database();
    place.set("COUNTERSIGN_PORT", "tcp://10.96.0.12:80");
    let ran = place.run(&["config", "check", "--json"]);
    let warnings = said(&ran).iter().filter(|line| line["warning"].is_string()).count();
    assert!(ran.code == Some(0) && warnings == 1, "{ran:?}");
    let help = place.run(&["user", "--json", "--help"]);
    assert!(help.code == Some(0) && help.err.is_empty() && help.out.contains("Usage: "), "{help:?}");
}
