//! One key of the configuration, as the sources and the documentation see it.

use super::setting::Kind;

/// One key of the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConfigKey {
    /// Its name; a dot separates a section.
    pub(crate) name: &'static str,
    /// What it does, in one or two sentences for the operator.
    pub(crate) doc: &'static str,
    pub(super) kind: Kind,
    pub(super) default: &'static str,
    pub(super) example: &'static str,
}
