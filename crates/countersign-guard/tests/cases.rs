//! The guard and the case table that the guards in other languages pass too (`guards/cases`).

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set up its scene has failed")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use countersign_guard::jwt::{Algorithm, ClaimsPolicy, JwkSet, TokenType};
use countersign_guard::{Guard, GuardLayer, Refusal};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use serde_json::{Map, Value};
use tower::{Layer, Service};

#[tokio::test]
async fn the_guard_passes_the_case_table() {
    let table = table("tokens.json");
    let mut checked = 0;
    for case in table["cases"].as_array().unwrap() {
        let needs_feed = case.get("feed").is_some(); // tests/follow.rs has the guard while its feed is late
        if !needs_feed {
            check(&table, case).await;
            checked += 1;
        }
    }
    assert!(checked > 190, "{checked}");
}

async fn check(table: &Value, case: &Value) {
    let guard = guard(table, case);
    let token = case["token"].as_str().unwrap();
    let headers = headers(case, token);
    let authenticated = guard.authenticate(&headers);
    let response = respond(&guard, case, headers).await;
    let (status, challenge, body) = response;
    let Some(expected) = case.get("refuse") else {
        let payload = token.split('.').nth(1).unwrap();
        assert_eq!(status, StatusCode::OK, "{case}: {authenticated:?}");
        assert_eq!(authenticated.unwrap().claims(), &decode(payload), "{case}");
        return;
    };
    if let Err(refusal) = &authenticated {
        assert_eq!(reason(refusal), expected["reason"], "{case}");
    }
    assert_eq!(status.as_u16(), expected["status"], "{case}");
    assert_eq!(body["code"], expected["code"], "{case}");
    let error = challenge.as_deref().and_then(|text| text.split_once("error=\"")?.1.split('"').next());
    assert_eq!(error, expected["error"].as_str(), "{case}");
    assert_eq!(challenge.is_none(), status == StatusCode::SERVICE_UNAVAILABLE, "{case}");
}

fn guard(table: &Value, case: &Value) -> Guard {
    let row = &table["policies"][case["policy"].as_str().unwrap_or("default")];
    let texts = |name: &str| {
        let list = row[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
        list.collect::<Vec<_>>()
    };
    let typ = if row["type"] == "at+jwt" { TokenType::AccessToken } else { TokenType::JwtOrAbsent };
    let leeway = Duration::from_secs(row["leeway"].as_u64().unwrap());
    let mut audiences = texts("audience").into_iter();
    let mut policy =
        ClaimsPolicy::new(row["issuer"].as_str().unwrap(), audiences.next().unwrap(), typ, leeway);
    policy = audiences.fold(policy, ClaimsPolicy::or_audience);
    policy = texts("scopes").into_iter().fold(policy, ClaimsPolicy::require_scope);
    policy = texts("roles").into_iter().fold(policy, ClaimsPolicy::require_role);
    let algorithms: Vec<Algorithm> = texts("algorithms").iter().map(|name| name.parse().unwrap()).collect();
    let now = table["now"].as_i64().unwrap();
    let guard = if case.get("keys").is_some_and(Value::is_null) {
        without_keys(policy)
    } else {
        let set = &table["keys"][case["keys"].as_str().unwrap_or("main")];
        let (keys, _) = JwkSet::parse_foreign(&set.to_string(), &algorithms).unwrap();
        Guard::with_clock(keys, policy, move || now)
    };
    for sid in case["ended"].as_array().into_iter().flatten() {
        guard.revocations().revoke(sid.as_str().unwrap(), i64::MAX);
    }
    guard
}

/// A guard that would fetch its keys, and has not yet.
fn without_keys(policy: ClaimsPolicy) -> Guard {
    Guard::builder(countersign_guard::Issuer::discover(policy)).build().unwrap().0
}

fn headers(case: &Value, token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let bearer = vec![Value::from("Bearer {token}")];
    for value in case.get("authorization").and_then(Value::as_array).unwrap_or(&bearer) {
        let text = value.as_str().unwrap().replace("{token}", token);
        headers.append(header::AUTHORIZATION, HeaderValue::from_bytes(text.as_bytes()).unwrap());
    }
    headers
}

/// What a route behind the guard's layer gives, with the demands of the case.
async fn respond(guard: &Guard, case: &Value, headers: HeaderMap) -> (StatusCode, Option<String>, Value) {
    let demanded = |kind: &str| case["demand"][kind].as_array().cloned().unwrap_or_default();
    let text = |name: Value| name.as_str().unwrap().to_owned();
    let mut layer = guard.layer();
    layer = demanded("scopes").into_iter().map(text).fold(layer, GuardLayer::require_scope);
    layer = demanded("roles").into_iter().map(text).fold(layer, GuardLayer::require_role);
    let inner = tower::service_fn(async |_: Request<()>| Ok::<_, ()>(Response::new("{}".to_owned())));
    let mut request = Request::new(());
    *request.headers_mut() = headers;
    let response = layer.layer(inner).call(request).await.unwrap();
    let challenge = response.headers().get(header::WWW_AUTHENTICATE);
    let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
    (response.status(), challenge, serde_json::from_str(response.body()).unwrap())
}

fn reason(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::TokenRequired => "token_required",
        Refusal::Malformed => "malformed",
        Refusal::Invalid(error) => error.code(),
        Refusal::Revoked => "revoked",
        Refusal::TokenBound => "token_bound",
        Refusal::RoleRequired => "missing_role",
        Refusal::ScopeRequired => "missing_scope",
        Refusal::KeysUnavailable => "keys_unavailable",
        other => panic!("{other:?} is not in the table"),
    }
}

fn decode(payload: &str) -> Map<String, Value> {
    use base64::Engine;
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&json).unwrap()
}

fn table(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guards/cases").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}
