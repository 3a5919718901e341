//! The public documents: keys, metadata, health.

pub(in crate::http) mod health;
pub(in crate::http) mod metadata;
