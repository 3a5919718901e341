//! The description of one key of the configuration.

use super::setting::Kind;

/// One key of the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConfigKey {
    /// The name; a dot separates the section from the rest.
    pub(crate) name: &'static str,
    /// What it does, for the operator.
    pub(crate) doc: &'static str,
    pub(super) kind: Kind,
    /// The value as text; empty if there is none.
    pub(crate) default: &'static str,
    pub(super) example: &'static str,
    /// Whether a running server takes a new value over.
    pub(crate) is_live: bool,
}
