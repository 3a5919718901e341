//! The route table and the list of errors are the law; the committed document is what they and the sources make.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use super::*;
use crate::http::error::api::tests::table;
use crate::store::AnyStore;

const ISSUER: &str = "https://auth.example";

fn rows() -> Vec<Row> {
    routes::<AnyStore>().iter().map(Row::from).collect()
}

fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let rows = rows();
    let document = document(&rows, ISSUER);
    let routes: BTreeSet<String> = rows
        .iter()
        .map(|row| format!("{} {}", row.method.as_str().to_lowercase(), row.path.replace("{*", "{")))
        .collect();
    let described: BTreeSet<String> = operations(&document).map(|(name, _)| name).collect();
    assert_eq!(described, routes);

    let mut ids = BTreeSet::new();
    for (name, operation) in operations(&document) {
        for member in ["operationId", "summary", "tags", "security"] {
            assert!(
                operation.get(member).is_some(),
                "{name} has no {member}: describe it in operations.json"
            );
        }
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{name}: its ID is taken");
        let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
        assert!(statuses.iter().any(|status| status.starts_with('2')), "{name}: {statuses:?}");
        assert!(!statuses.contains(&&"0".to_owned()), "{name} has an error that errors.json lacks");
        let placed = operation["parameters"].as_array().into_iter().flatten();
        let placed = placed.filter(|parameter| {
            let shared = parameter["$ref"].as_str().and_then(|name| name.strip_prefix('#'));
            shared.map_or(Some(*parameter), |place| document.pointer(place)).unwrap()["in"] == "path"
        });
        assert_eq!(placed.count(), name.matches('{').count(), "{name}: a parameter of its path");
    }
    let sources: Map<String, Value> = compiled_in(OPERATIONS);
    for source in sources.keys() {
        let is_served = |row: &Row| {
            *source == format!("{} {}", row.method, row.path) || *source == format!("* {}", row.path)
        };
        assert!(rows.iter().any(is_served), "operations.json describes {source}, which is not served");
    }
}

/// Those of the server's own layers, which embedders do not have.
const OF_THE_SERVER: [&str; 2] = ["timeout", "wrong_host"];

#[test]
fn every_error_is_described() {
    let described: Errors = compiled_in(ERRORS);
    let table = table();
    for (status, code, _) in &table {
        let described = described.get(*code).unwrap_or_else(|| panic!("errors.json lacks {code}"));
        assert_eq!(described.status, *status, "{code}");
        let texts: Vec<_> = table.iter().filter(|row| row.1 == *code).map(|row| row.2.as_str()).collect();
        assert!(
            texts.contains(&described.text.as_str()),
            "{code}: {:?} is none of {texts:?}",
            described.text
        );
    }
    let codes: BTreeSet<&str> = table.iter().map(|row| row.1).chain(OF_THE_SERVER).collect();
    assert_eq!(described.keys().map(String::as_str).collect::<BTreeSet<_>>(), codes);

    // Some route gives each, but for those that come before any route.
    let text = document(&rows(), ISSUER)["components"]["responses"].to_string();
    let before = ["method_not_allowed"].into_iter().chain(OF_THE_SERVER).collect::<BTreeSet<_>>();
    for code in codes {
        assert_eq!(!text.contains(&format!("\"code\":\"{code}\"")), before.contains(code), "{code}");
    }
}

/// The file for those who make clients without a server, and for the types of ours.
#[test]
fn the_committed_document_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let mut wanted = serde_json::to_string_pretty(&document(&rows(), ISSUER)).unwrap();
    wanted.push('\n');
    if env::var_os("WRITE_OPENAPI").is_some() {
        fs::write(&file, &wanted).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == wanted,
        "docs/openapi.json is stale: WRITE_OPENAPI=1 cargo test -p countersign openapi"
    );
}
