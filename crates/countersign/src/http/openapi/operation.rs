//! One operation: what its source says, and the security, the request body and the errors that follow from its route.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use serde_json::{Map, Value, json};

use crate::http::openapi::row::{Errors, Row};
use crate::http::routes::Access;

type Object = Map<String, Value>;

/// The operation of a route. Error responses that several operations share are added to `refusals`.
pub(super) fn operation(
    row: &Row,
    mut source: Object,
    (schemas, errors): (&Object, &Errors),
    refusals: &mut Object,
) -> Value {
    let codes = codes(row, &mut source);
    // A code that only an embedding application knows may come with this status.
    let open = source.remove("moreCodes");
    let responses = source.entry("responses").or_insert_with(|| json!({}));
    for response in responses.as_object_mut().into_iter().flat_map(Map::values_mut) {
        respond(response, schemas);
    }
    for (status, codes) in by_status(&codes, errors) {
        let is_open = open == Some(status.into());
        let name = format!("{status}-{}{}", codes.join("."), if is_open { ".more" } else { "" });
        if responses.get(status.to_string()).is_none() {
            responses[status.to_string()] = json!({ "$ref": format!("#/components/responses/{name}") });
            refusals.entry(name).or_insert_with(|| refusal(status, &codes, errors, is_open));
        }
    }
    if let Some(Value::String(schema)) = source.remove("request") {
        let is_optional = source.remove("requestIsOptional").is_some();
        source.insert(
            "requestBody".to_owned(),
            json!({ "required": !is_optional, "content": { JSON: content(&schema, schemas) } }),
        );
    }
    source.entry("security").or_insert_with(|| security(row.access));
    if row.path.starts_with(IN_PLACE) {
        let id = source.get("operationId").and_then(Value::as_str).unwrap_or_default();
        let id = format!("{id}.{}", row.method.as_str().to_ascii_lowercase());
        source.insert("operationId".to_owned(), id.into());
    }
    source.into()
}

/// All error codes of a route: its own, and those of its kind.
fn codes(row: &Row, source: &mut Object) -> BTreeSet<String> {
    let own = source.remove("errors");
    let own = own.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let mut codes: BTreeSet<String> = own.map(str::to_owned).collect();
    let mut add = |more: &[&str]| codes.extend(more.iter().map(|code| (*code).to_owned()));
    add(&["internal_error"]);
    match row.access {
        Access::Public | Access::Client | Access::Forwarded => {}
        Access::FeedKey | Access::Operator => add(&["token_required", "invalid_token"]),
        Access::Bearer | Access::App => add(TOKEN),
        Access::Admin => {
            add(TOKEN);
            add(&["forbidden", "overloaded", "unavailable"]);
        }
    }
    if !matches!(row.method, Method::GET | Method::OPTIONS) && row.access != Access::Forwarded {
        add(&["cross_origin"]);
    }
    if source.contains_key("request") {
        add(&["invalid_request", "unsupported_media_type", "body_too_large", "request_timeout"]);
    }
    codes
}

fn by_status<'a>(codes: &'a BTreeSet<String>, errors: &Errors) -> BTreeMap<u16, Vec<&'a str>> {
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for code in codes {
        // One that is not in the list becomes a status that none has, for the tests to find.
        let status = errors.get(code).map_or(0, |error| error.status);
        // A proof that comes with an access token is refused as the token is (RFC 9449 §7.1), at a sign-in as there (§5).
        let is_of_token = PROOF.contains(&code.as_str()) && codes.contains("token_bound");
        by_status.entry(if is_of_token { 401 } else { status }).or_default().push(code);
    }
    by_status
}

/// The response with these codes, in the one error shape.
fn refusal(status: u16, codes: &[&str], errors: &Errors, is_open: bool) -> Value {
    let text = |code: &str| errors.get(code).map_or("", |error| &error.text);
    let described: Vec<String> = codes.iter().map(|code| format!("- `{code}`: {}", text(code))).collect();
    let examples: Object = codes
        .iter()
        .map(|code| ((*code).to_owned(), json!({ "value": { "error": text(code), "code": code } })))
        .collect();
    let mut code = json!({ "type": "string", "enum": codes });
    if is_open {
        code = json!({ "anyOf": [code, { "type": "string", "description": "The application's own." }] });
    }
    let mut schema = json!({
        "type": "object",
        "required": ["error", "code"],
        "properties": { "error": { "type": "string", "description": "For people." }, "code": code },
    });
    for (name, more) in codes.iter().filter_map(|code| errors.get(*code)).flat_map(|error| &error.more) {
        schema["properties"][name] = more.clone();
    }
    let mut response = json!({
        "description": described.join("\n"),
        "content": { JSON: { "schema": schema, "examples": examples } },
    });
    let header = match status {
        401 => "WWW-Authenticate",
        429 | 503 => "Retry-After",
        _ => return response,
    };
    response["headers"] = headers(&json!([header]));
    response
}

/// Writes out a response of the source: `body` is the name of a schema, `headers` a list of names, `stream` an
/// example of the same as server-sent events.
fn respond(response: &mut Value, schemas: &Object) {
    let Some(response) = response.as_object_mut() else { return };
    if let Some(Value::String(schema)) = response.remove("body") {
        response.insert("content".to_owned(), json!({ JSON: content(&schema, schemas) }));
    }
    if let (Some(stream), Some(content)) = (response.remove("stream"), response.get_mut("content")) {
        content["text/event-stream"] = json!({ "schema": { "type": "string" }, "example": stream });
    }
    if let Some(names) = response.remove("headers") {
        response.insert("headers".to_owned(), headers(&names));
    }
}

fn headers(names: &Value) -> Value {
    let names = names.as_array().into_iter().flatten().filter_map(Value::as_str);
    let reference = |name| json!({ "$ref": format!("#/components/headers/{name}") });
    names.map(|name| (name.to_owned(), reference(name))).collect::<Object>().into()
}

/// JSON of this schema, with the schema's first example.
fn content(schema: &str, schemas: &Object) -> Value {
    let example = schemas.get(schema).map_or(Value::Null, |schema| schema["examples"][0].clone());
    json!({ "schema": { "$ref": format!("#/components/schemas/{schema}") }, "example": example })
}

fn security(access: Access) -> Value {
    match access {
        Access::Public => json!([]),
        Access::Client => json!([{ "clientSecretBasic": [] }, {}]),
        Access::Bearer | Access::App | Access::Admin => json!([{ "bearer": [] }]),
        Access::FeedKey => json!([{ "feedKey": [] }, {}]),
        Access::Operator => json!([{ "masterKeyProof": [] }]),
        Access::Forwarded => json!([{ "bearer": [] }, { "apiKey": [] }, { "sessionCookie": [] }]),
    }
}

const JSON: &str = "application/json";
/// The paths that answer by several methods.
const IN_PLACE: &str = "/api/verify/";
const PROOF: [&str; 2] = ["invalid_dpop_proof", "use_dpop_nonce"];
const TOKEN: &[&str] = &[
    "token_required",
    "invalid_token",
    "token_expired",
    "token_revoked",
    "token_too_large",
    "token_bound",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "proofs_unavailable",
    // A token of an API key.
    "insufficient_scope",
];
