//! Reads a request: its body, its path, its query.

pub(in crate::http) mod json;
pub(in crate::http) mod member;
pub(in crate::http) mod path;
pub(in crate::http) mod query;
pub(in crate::http) mod unique;
