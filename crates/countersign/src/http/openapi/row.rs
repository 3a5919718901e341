//! What an operation is made from beside its source: the row of its route, and the list of errors.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::http::routes::{Access, Route};

/// What the description needs to know of a route.
pub(super) struct Row {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) access: Access,
}

impl<S> From<&Route<S>> for Row {
    fn from(route: &Route<S>) -> Self {
        Self { method: route.method.clone(), path: route.path, access: route.access }
    }
}

/// The status and the text of each error code.
pub(super) type Errors = BTreeMap<String, PublicError>;

#[derive(Deserialize)]
pub(super) struct PublicError {
    pub(super) status: u16,
    pub(super) text: String,
    /// The schemas of what its body has beside the two members that all have.
    #[serde(default)]
    pub(super) more: Map<String, Value>,
}
