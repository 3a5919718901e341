//! What the commands say about a signing key.

use countersign::KeyInfo;
use countersign::wire::KeyView;
use serde_json::{Value, json};

use crate::output::utc;

pub(super) fn signs_from(what: &str, key: &KeyInfo) -> String {
    format!("{what} is {} ({}) and signs from {}", key.kid, key.algorithm, utc(key.active_from))
}

pub(super) fn as_json(key: &KeyInfo) -> Value {
    json!(KeyView::from(key))
}
