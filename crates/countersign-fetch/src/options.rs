//! What a caller decides about a request: its limits, and where it may lead.

use std::path::PathBuf;
use std::time::Duration;

/// The limits of a request. The two that must not be forgotten are arguments of the constructor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchOptions {
    pub(crate) timeout: Duration,
    pub(crate) max_bytes: u64,
    pub(crate) accept: &'static str,
    pub(crate) addresses: Addresses,
    pub(crate) ca_file: Option<PathBuf>,
}

/// Which addresses the host of a URL may have. Looked at after the name has been resolved, on the very
/// addresses that are then connected to, so that a name cannot change its mind between the check and the
/// connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Addresses {
    /// Any: for a URL that the operator has written, which may well be of their own network.
    #[default]
    Any,
    /// Public ones only: for a URL that somebody else has written, who could point it at a service inside the
    /// operator's network (server-side request forgery). No proxy is used then, for it would resolve the name
    /// itself.
    PublicOnly,
}

impl FetchOptions {
    /// `timeout` is for the whole call, from the name look-up to the last byte; `max_bytes` is for the body.
    #[must_use]
    pub const fn new(timeout: Duration, max_bytes: u64) -> Self {
        Self { timeout, max_bytes, accept: "application/json", addresses: Addresses::Any, ca_file: None }
    }

    /// What the `Accept` header says; `application/json` at first.
    #[must_use]
    pub fn accept(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }

    /// Which addresses the host may have; any at first.
    #[must_use]
    pub fn addresses(self, addresses: Addresses) -> Self {
        Self { addresses, ..self }
    }

    /// Also trusts the certificate authorities in this PEM file, beside the system's. It is read at each
    /// call.
    #[must_use]
    pub fn ca_file(self, file: impl Into<PathBuf>) -> Self {
        Self { ca_file: Some(file.into()), ..self }
    }
}
