//! [`AskError`]: why the issuer did not say whether a session goes on.

use countersign_fetch::{FetchError, UrlError};
use http::StatusCode;

use crate::remote::KeysError;

/// Why there is no answer about a session. The request that needed it gets 503.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The issuer's metadata, which say where to ask, cannot be read, or do not say it.
    #[error(transparent)]
    Metadata(KeysError),
    /// The metadata name a place for introspection that is not asked.
    #[error("the metadata name {uri:?} as the place of introspection: {error}")]
    Endpoint {
        /// Its `introspection_endpoint`.
        uri: String,
        /// Why not.
        error: UrlError,
    },
    /// No complete response.
    #[error("no answer from {url}: {error}")]
    Connection {
        /// The address.
        url: String,
        /// What happened.
        error: FetchError,
    },
    /// Another status than 200. 401 means that the client's secret is not, or no longer, a good one.
    #[error("the response of {url} is {status}")]
    Status {
        /// The address.
        url: String,
        /// The status.
        status: StatusCode,
    },
    /// The response is no JSON object with a boolean `active` (RFC 7662 §2.2).
    #[error("the response of {url} does not say whether the token is active")]
    NotAnAnswer {
        /// The address.
        url: String,
    },
}
