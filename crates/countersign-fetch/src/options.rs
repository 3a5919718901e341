//! [`FetchOptions`]: the limits of a request, the addresses that it may go to, and what it carries.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use ureq::http::{HeaderName, HeaderValue};

/// The limits of a request. The two that must not be forgotten are arguments of the constructor.
#[derive(Clone, PartialEq, Eq)]
pub struct FetchOptions {
    pub(crate) timeout: Duration,
    pub(crate) max_bytes: u64,
    pub(crate) accept: &'static str,
    pub(crate) addresses: Addresses,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) secret_header: Option<(HeaderName, HeaderValue)>,
    pub(crate) bearer: Option<String>,
}

/// Which addresses the host of a URL may have. The check is on the resolved addresses that the request then
/// connects to, so a name cannot resolve differently between check and connection (DNS rebinding).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Addresses {
    /// Any, for a URL that the operator configured: it may be in their own network.
    #[default]
    Any,
    /// Public ones only, for a URL from elsewhere: it could point to a service inside the operator's network
    /// (server-side request forgery). No proxy is used then, since it would resolve the name itself.
    PublicOnly,
}

impl FetchOptions {
    /// `timeout` is for the whole call, from the name look-up to the last byte; `max_bytes` is for the body. For an
    /// [`open`](crate::open) stream they mean something else, as it says.
    #[must_use]
    pub const fn new(timeout: Duration, max_bytes: u64) -> Self {
        Self {
            timeout,
            max_bytes,
            accept: "application/json",
            addresses: Addresses::Any,
            ca_file: None,
            secret_header: None,
            bearer: None,
        }
    }

    /// Sets another time-out.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets the `Accept` header. Default: `application/json`.
    #[must_use]
    pub fn accept(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }

    /// Sets the addresses that the host may have. Default: any.
    #[must_use]
    pub fn addresses(self, addresses: Addresses) -> Self {
        Self { addresses, ..self }
    }

    /// Sends `Authorization: Bearer` with this credential (RFC 6750 §2.1), visible ASCII.
    #[must_use]
    pub fn bearer(self, credential: impl Into<String>) -> Self {
        Self { bearer: Some(credential.into()), ..self }
    }

    /// Also trusts the certificate authorities in this PEM file, beside the system's. It is read at each
    /// call.
    #[must_use]
    pub fn ca_file(self, file: impl Into<PathBuf>) -> Self {
        Self { ca_file: Some(file.into()), ..self }
    }

    /// Sends this header field along: a secret by which the server knows the caller. `Debug` does not show its
    /// value. Default: none.
    #[must_use]
    pub fn secret_header(self, name: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        Self { secret_header: Some((name, value)), ..self }
    }
}

impl fmt::Debug for FetchOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchOptions")
            .field("timeout", &self.timeout)
            .field("max_bytes", &self.max_bytes)
            .field("accept", &self.accept)
            .field("addresses", &self.addresses)
            .field("ca_file", &self.ca_file)
            .field("secret_header", &self.secret_header)
            .field("bearer", &self.bearer.as_ref().map(|_| "[redacted]"))
            .finish()
    }
}
