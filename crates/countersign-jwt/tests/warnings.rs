//! The bad signs about a token, in the list that the tests of the command line and of the debugger page read
//! too.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_jwt::inspect::{Keys, inspect};
use serde_json::Value;

/// All these tokens have expired long ago, so that the list holds on any clock.
const NOW: i64 = 1_800_000_000;

#[test]
fn each_token_of_the_list_has_its_warnings() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("data/warnings.json")).unwrap();
    for case in &cases {
        let part = |name: &str| URL_SAFE_NO_PAD.encode(case[name].to_string());
        let token = format!("{}.{}.AAAA", part("header"), part("payload"));
        let found = inspect(&token, Keys::None, None, NOW).warnings;
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(Value::from(found), case["warnings"], "{}", case["header"]);
    }
}
