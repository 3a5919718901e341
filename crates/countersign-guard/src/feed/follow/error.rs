//! [`FollowError`]: why a feed is not followed at the moment. It is tried again for as long as the guard lives.

use std::time::Duration;

use countersign_fetch::{FetchError, UrlError};

use crate::remote::KeysError;

/// Why a guard does not hear which sessions end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// The issuer's metadata, which say where the feed is, cannot be read, or do not say it.
    #[error(transparent)]
    Metadata(KeysError),
    /// The metadata name a place for the feed that is not fetched.
    #[error("the metadata name {uri:?} as the place of the feed: {error}")]
    Endpoint {
        /// Its `revocations_endpoint`.
        uri: String,
        /// Why not.
        error: UrlError,
    },
    /// The feed does not answer, or not any more. 401 means that the feed key is not, or no longer, a good one.
    #[error("no feed at {url}: {error}")]
    Connection {
        /// The address.
        url: String,
        /// What happened.
        error: FetchError,
    },
    /// The response is not `text/event-stream`.
    #[error("what is at {url} is no feed")]
    NotEvents {
        /// The address.
        url: String,
    },
    /// An event is longer than 128 KiB.
    #[error("an event of the feed is too long")]
    TooLong,
    /// The feed is of another issuer, whose sessions have nothing to do with this one's.
    #[error("the feed is of the issuer {0:?}, not of the one asked for")]
    OtherIssuer(String),
    /// The feed has a later format, which this guard would misunderstand.
    #[error("the feed has version {0}, which this guard does not know")]
    Version(u32),
    /// An event cannot be read.
    #[error("the event {name:?} of the feed cannot be read: {why}")]
    Event {
        /// Its name.
        name: String,
        /// Why not.
        why: String,
    },
    /// An event comes where it means nothing.
    #[error("the event {0:?} of the feed comes out of order")]
    Order(&'static str),
    /// No event for three heartbeats, though the connection is open.
    #[error("the feed has been silent for {0:?}")]
    Silent(Duration),
}
