//! Development or production.

/// How a server was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `countersign dev`: demo accounts with public passwords, this machine only.
    Development,
    /// `countersign serve`.
    Production,
}
