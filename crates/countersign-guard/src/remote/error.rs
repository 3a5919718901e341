//! [`KeysError`] and [`StartError`]: why there are no keys, and why a guard does not start.

use std::io;
use std::sync::Arc;

use countersign_fetch::{FetchError, UrlError};
use countersign_jwt::KeySetError;

/// Why a fetch of an issuer's keys failed. The last keys stay in use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// Neither address of the metadata answers; the failure is that of the second.
    #[error("no metadata at {url}: {error}")]
    Metadata {
        /// The address.
        url: String,
        /// What happened.
        error: FetchError,
    },
    /// The metadata is no JSON object in which `issuer` and the place that is looked for are strings.
    #[error("the metadata at {url} has no text `{member}`")]
    MetadataMember {
        /// The address.
        url: String,
        /// Which member.
        member: &'static str,
    },
    /// The metadata is of another issuer (RFC 8414 §3.3): its keys would verify tokens in the name of this
    /// one.
    #[error("the metadata at {url} is of the issuer {said:?}, not of the one asked for")]
    OtherIssuer {
        /// The address.
        url: String,
        /// Its `issuer`.
        said: String,
    },
    /// The metadata names a place for the keys that is not fetched.
    #[error("the metadata names {uri:?} as the place of the keys: {error}")]
    JwksUri {
        /// Its `jwks_uri`.
        uri: String,
        /// Why not.
        error: UrlError,
    },
    /// The keys cannot be fetched.
    #[error("no keys at {url}: {error}")]
    Keys {
        /// The address.
        url: String,
        /// What happened.
        error: FetchError,
    },
    /// The response is not a JWK Set.
    #[error("no keys at {url}: {error}")]
    KeySet {
        /// The address.
        url: String,
        /// What is wrong.
        error: KeySetError,
    },
    /// The set has no key that can be used: it is empty, or its keys are for other algorithms. An issuer that
    /// has withdrawn a key publishes another; a set of none is a mistake of its deployment.
    #[error("no usable key at {url}")]
    NoUsableKey {
        /// The address.
        url: String,
    },
}

/// Why a guard was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The issuer identifier is not an address that can be fetched.
    #[error("the issuer {issuer:?}: {error}")]
    Issuer {
        /// The issuer.
        issuer: String,
        /// Why not.
        error: UrlError,
    },
    /// The issuer identifier has a query or a fragment (RFC 8414 §2).
    #[error("the issuer {0:?} has a query or a fragment")]
    IssuerQuery(String),
    /// The address of the keys is not one that can be fetched.
    #[error("the keys of {issuer:?}: {error}")]
    Keys {
        /// The issuer.
        issuer: String,
        /// Why not.
        error: UrlError,
    },
    /// The address of the feed is not one that can be fetched.
    #[error("the feed of {issuer:?}: {error}")]
    Feed {
        /// The issuer.
        issuer: String,
        /// Why not.
        error: UrlError,
    },
    /// An issuer whose metadata are not read has a feed without an address: see `Follow::at`.
    #[error("where the feed of {0:?} is must be said, since its metadata are not read")]
    FeedPlace(String),
    /// Sessions of this issuer are to be asked about (`WhenLate::Ask`), but not as which client: see `Follow::ask_as`.
    #[error("as which client {0:?} is asked about sessions must be said")]
    NoClient(String),
    /// The address where sessions are asked about is not one that can be fetched.
    #[error("the introspection of {issuer:?}: {error}")]
    Introspection {
        /// The issuer.
        issuer: String,
        /// Why not.
        error: UrlError,
    },
    /// An issuer whose metadata are not read is to be asked without an address: see `Follow::ask_at`.
    #[error("where {0:?} is asked about sessions must be said, since its metadata are not read")]
    IntrospectionPlace(String),
    /// The system starts no thread.
    #[error("no thread to fetch keys on: {0}")]
    Thread(#[from] io::Error),
    /// There are no keys, and [`AtStart`](super::AtStart) says not to wait for them, or no longer.
    #[error("no keys of {issuer:?}: {failure}")]
    NoKeys {
        /// The issuer.
        issuer: Arc<str>,
        /// What happened the last time.
        failure: Arc<KeysError>,
    },
}
