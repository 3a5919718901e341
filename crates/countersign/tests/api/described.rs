//! Every response in these tests is compared with the API's description: a route, a status, a media type or a field that
//! it does not have fails the test that saw it. So does a field that a request was accepted with.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use axum::http::{Method, StatusCode, header};
use countersign::http::{App, HttpOptions, PagesOptions, openapi, pages};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::app::{Reply, TestApp};

/// The description, in which nothing is allowed that it does not name.
fn description(app: &TestApp) -> &'static Value {
    static CLOSED: OnceLock<Value> = OnceLock::new();
    CLOSED.get_or_init(|| {
        let mut document = described(app);
        close(&mut document);
        document
    })
}

fn described(app: &TestApp) -> Value {
    openapi(&App::new(app.countersign.clone(), HttpOptions::default()))
}

/// Published, the schemas leave room for fields that come later; here they must be exact.
fn close(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.contains_key("properties") && members.contains_key("type") {
                members.entry("additionalProperties").or_insert(Value::Bool(false));
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(close),
        _ => {}
    }
}

/// Compares a response, and the body that was sent for it if it was JSON, with the description.
pub(crate) fn check(app: &TestApp, (method, path): (&Method, &str), sent: Option<&Value>, reply: &Reply) {
    let document = description(app);
    let path = path.split('?').next().unwrap();
    let Some(item) = find(document, path) else { return };
    let is_preflight = method == Method::OPTIONS && reply.status == StatusCode::NO_CONTENT;
    let by = if method == Method::HEAD { "get".to_owned() } else { method.as_str().to_lowercase() };
    let Some(operation) = item.get(&by).filter(|_| !is_preflight) else { return };
    let what = format!("{method} {path}: {} {}", reply.status, reply.text);
    let response = &operation["responses"][reply.status.as_str()];
    assert!(response.is_object(), "{what} is not described");
    if method == Method::HEAD {
        return;
    }
    let Some(content) = resolved(document, response).get("content") else {
        assert_eq!(reply.text, "", "{what} has a body, which is not described");
        return;
    };
    let media_type = reply.header(header::CONTENT_TYPE).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap();
    let schema = content.get(media_type).unwrap_or_else(|| panic!("{what}: {media_type} is not described"));
    if media_type == "application/json" {
        assert_valid(document, &schema["schema"], &reply.json(), &what);
    }
    if let (true, Some(sent)) = (reply.status.is_success(), sent) {
        let body = resolved(document, &operation["requestBody"]);
        assert_valid(document, &body["content"]["application/json"]["schema"], sent, &what);
    }
}

fn find<'a>(document: &'a Value, path: &str) -> Option<&'a Map<String, Value>> {
    let paths = document["paths"].as_object().unwrap();
    let matches = |template: &str| {
        let (mut wanted, mut found) = (template.split('/'), path.split('/'));
        loop {
            match (wanted.next(), found.next()) {
                (None, None) | (Some("{original}"), Some(_)) => return true,
                (Some(part), Some(text)) if part == text || (part.starts_with('{') && !text.is_empty()) => {}
                _ => return false,
            }
        }
    };
    let item = paths.get(path).or_else(|| paths.iter().find(|(path, _)| matches(path)).map(|(_, item)| item));
    item.and_then(Value::as_object)
}

fn resolved<'a>(document: &'a Value, thing: &'a Value) -> &'a Value {
    let reference = thing["$ref"].as_str();
    reference.map_or(thing, |reference| document.pointer(&reference[1..]).unwrap())
}

fn assert_valid(document: &Value, schema: &Value, value: &Value, what: &str) {
    let validator = validator(document, schema);
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{} at {}", error, error.instance_path())).collect();
    assert!(errors.is_empty(), "{what} is not as described:\n{}", errors.join("\n"));
}

/// Made once for each schema: some tests see thousands of responses.
fn validator(document: &Value, schema: &Value) -> Arc<Validator> {
    static MADE: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap();
    let validator = || {
        let whole =
            json!({ "allOf": [schema], "components": { "schemas": document["components"]["schemas"] } });
        Arc::new(jsonschema::options().should_validate_formats(true).build(&whole).unwrap())
    };
    Arc::clone(made.entry(schema.to_string()).or_insert_with(validator))
}

/// The comparison itself: each of these differs from the description in one thing.
#[tokio::test]
async fn what_is_not_described_fails_the_test_that_sees_it() {
    let app = TestApp::new().await;
    let is_described = |status: u16, media_type: &str, body: Value| {
        let headers = [(header::CONTENT_TYPE, media_type.parse().unwrap())].into_iter().collect();
        let status = StatusCode::from_u16(status).unwrap();
        let reply = Reply { status, headers, text: body.to_string() };
        let compare = || check(&app, (&Method::GET, "/healthz?x"), None, &reply);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(compare)).is_ok()
    };
    let health = json!({ "status": "ok", "mode": "production" });
    assert!(is_described(200, "application/json", health.clone()));
    assert!(!is_described(201, "application/json", health.clone()), "a status");
    assert!(!is_described(200, "text/plain", health), "a media type");
    assert!(!is_described(200, "application/json", json!({ "status": "ok" })), "a field is missing");
    let more = json!({ "status": "ok", "mode": "production", "more": 1 });
    assert!(!is_described(200, "application/json", more), "a field more");
    assert!(!is_described(500, "application/json", json!({ "error": "x", "code": "unknown" })), "a code");
    assert!(is_described(500, "application/json", json!({ "error": "x", "code": "internal_error" })));
}

/// Each request, each response with a body and each parameter in a path has an example, and those are as they should be.
#[tokio::test]
async fn every_example_is_valid() {
    let app = TestApp::new().await;
    let closed = description(&app);
    for (path, item) in closed["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            let bodies = operation["responses"].as_object().unwrap().values();
            for body in bodies.chain(operation.get("requestBody")) {
                let contents = resolved(closed, body)["content"].as_object().into_iter().flatten();
                // Of a page there is none.
                for (_, content) in contents.filter(|(media_type, _)| *media_type != "text/html") {
                    for example in examples(content, &what) {
                        assert_valid(closed, &content["schema"], example, &what);
                    }
                }
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let parameter = resolved(closed, parameter);
                let example = parameter.get("example");
                assert!(example.is_some() || parameter["in"] != "path", "{what}: {parameter}");
                if let Some(example) = example {
                    assert_valid(closed, &parameter["schema"], example, &what);
                }
            }
        }
    }
}

fn examples<'a>(content: &'a Value, what: &str) -> Vec<&'a Value> {
    let one = content.get("example").filter(|example| !example.is_null());
    let named = content["examples"].as_object().into_iter().flat_map(Map::values);
    let all: Vec<_> = one.into_iter().chain(named.map(|example| &example["value"])).collect();
    assert!(!all.is_empty(), "{what} has no example: {content}");
    all
}

/// Its server is the issuer, and its cookies are named as they are there.
#[tokio::test]
async fn the_description_is_about_this_server() {
    let app = TestApp::with(|options| options.issuer = "http://localhost:3000/auth".to_owned(), |_| {}).await;
    let document = described(&app);
    assert_eq!(document["servers"], json!([{ "url": "http://localhost:3000/auth" }]));
    assert_eq!(document["components"]["securitySchemes"]["refreshCookie"]["name"], "refreshToken");
    let document = described(&TestApp::new().await);
    assert_eq!(document["components"]["securitySchemes"]["refreshCookie"]["name"], "__Host-refreshToken");
}

/// With the page that shows it, and for tools on any origin; without the page it is not there.
#[tokio::test]
async fn the_description_is_served_beside_its_page() {
    let mut app = TestApp::new().await;
    let expected = described(&app);
    app.mount(|app| pages(&app, &PagesOptions::default()));
    let reply = app.get("/openapi.json").send().await;
    assert_eq!((reply.status, reply.json()), (StatusCode::OK, expected));
    assert_eq!(reply.header(header::CONTENT_TYPE), Some("application/json"));
    assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), Some("*"));
    let tag = reply.header(header::ETAG).unwrap();
    let again = app.get("/openapi.json").header("if-none-match", tag).send().await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    app.mount(|app| pages(&app, &PagesOptions { docs: false, ..PagesOptions::default() }));
    for path in ["/docs", "/openapi.json", "/assets/docs.js"] {
        assert_eq!(app.get(path).send().await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
