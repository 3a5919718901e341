//! The description of the API in `OpenAPI` 3.1. The route table says which routes there are and which credential each
//! requires; the JSON files beside this say what people read, the schemas, and the errors that a route has of its own.
//! Errors that all routes of a kind have are added here, so that no route can forget one.

mod operation;
mod row;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::http::app::App;
use crate::http::openapi::operation::operation;
use crate::http::openapi::row::{Errors, Row};
use crate::http::routes::routes;
use crate::model::audit::AuditKind;
use crate::store::Store;

/// The description of the API in `OpenAPI` 3.1: every route with its schemas, errors and examples. Its server is the
/// configured issuer.
#[must_use]
pub fn openapi<S: Store>(app: &App<S>) -> Value {
    let rows: Vec<Row> = routes::<S>().iter().map(Row::from).collect();
    document(&rows, &app.countersign().options().issuer)
}

fn document(rows: &[Row], issuer: &str) -> Value {
    let (mut document, operations): (Value, Map<String, Value>) =
        (compiled_in(BASE), compiled_in(OPERATIONS));
    let (mut schemas, errors): (Map<String, Value>, Errors) = (compiled_in(SCHEMAS), compiled_in(ERRORS));
    let codes: Vec<&String> = errors.keys().collect();
    let kinds: Vec<&str> = AuditKind::ALL.iter().map(|kind| kind.name()).collect();
    schemas.insert("ErrorCode".to_owned(), json!({ "type": "string", "enum": codes }));
    schemas.insert("AuditKind".to_owned(), json!({ "type": "string", "enum": kinds }));

    let (mut paths, mut refusals) = (Map::new(), Map::new());
    for row in rows {
        let any = format!("* {}", row.path);
        let source = operations.get(&format!("{} {}", row.method, row.path)).or_else(|| operations.get(&any));
        let source = source.and_then(Value::as_object).cloned().unwrap_or_default();
        let path = paths.entry(row.path.replace("{*", "{")).or_insert_with(|| json!({}));
        path[row.method.as_str().to_ascii_lowercase()] =
            operation(row, source, (&schemas, &errors), &mut refusals);
    }

    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    document["servers"] = json!([{ "url": issuer }]);
    document["paths"] = paths.into();
    let components = &mut document["components"];
    components["schemas"] = schemas.into();
    for (name, refusal) in refusals {
        components["responses"][name] = refusal;
    }
    if !issuer.starts_with("https://") {
        // Over plain HTTP the cookies have other names (CK-1).
        components["securitySchemes"]["refreshCookie"]["name"] = "refreshToken".into();
        components["securitySchemes"]["sessionCookie"]["name"] = "session".into();
    }
    document
}

#[expect(clippy::expect_used, reason = "every test of this module parses all of the files")]
fn compiled_in<'a, T: Deserialize<'a>>(json: &'a str) -> T {
    serde_json::from_str(json).expect("a file of this module is JSON of its shape")
}

const BASE: &str = include_str!("base.json");
const OPERATIONS: &str = include_str!("operations.json");
const SCHEMAS: &str = include_str!("schemas.json");
const ERRORS: &str = include_str!("errors.json");

#[cfg(test)]
mod tests;
