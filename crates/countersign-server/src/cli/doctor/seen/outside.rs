//! What is seen from outside: by way of what is in front of the server, and by verifiers of other makers.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::cli::doctor::consumers::Consumer;

/// What the public side of the server looks like.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct ReachSeen {
    pub(in crate::cli) url: String,
    /// Why there was no answer.
    pub(in crate::cli) failed: Option<String>,
    /// Our issuer, by the configuration.
    pub(in crate::cli) issuer: String,
    pub(in crate::cli) discovery: Option<DocumentSeen>,
    pub(in crate::cli) jwks: Option<DocumentSeen>,
    /// The certificate's end, and whether the connection is TLS 1.3.
    pub(in crate::cli) certificate: Option<CertificateSeen>,
    /// Whether browsers are told to come by https only; `None` where it is plain http.
    pub(in crate::cli) has_hsts: Option<bool>,
    /// The seconds by which its `Date` is ahead of our clock.
    pub(in crate::cli) clock_ahead: Option<i64>,
    /// `Set-Cookie` of a response that clears the refresh cookie.
    pub(in crate::cli) cookies: Option<Vec<String>>,
    /// Why the server told nothing about our request.
    pub(in crate::cli) untold: Option<String>,
    pub(in crate::cli) told: Option<ToldSeen>,
    /// The response to a body of 15 KiB, in words, if it did not get through.
    pub(in crate::cli) body: Option<Result<(), String>>,
    /// The response to a header of almost 8 KiB, in words, if it did not get through.
    pub(in crate::cli) header: Option<Result<(), String>>,
    /// When the second event came, which is sent after half a second.
    pub(in crate::cli) second_event: Option<Result<Duration, String>>,
}

/// A public document.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct DocumentSeen {
    pub(in crate::cli) status: u16,
    pub(in crate::cli) content_type: String,
    pub(in crate::cli) has_etag: bool,
    pub(in crate::cli) allowed_origin: String,
    pub(in crate::cli) bytes: u64,
    /// Its `issuer`.
    pub(in crate::cli) issuer: Option<String>,
    /// How many keys are in it.
    pub(in crate::cli) keys: Option<u64>,
}

/// The certificate of the public side.
#[derive(Clone, Debug)]
pub(in crate::cli) struct CertificateSeen {
    pub(in crate::cli) days_left: i64,
    pub(in crate::cli) is_tls_1_3: bool,
}

/// What the server told about our request, to whom forged addresses were said to be before.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct ToldSeen {
    /// Whom it takes us for.
    pub(in crate::cli) client: String,
    /// Who connected to it.
    pub(in crate::cli) peer: String,
    pub(in crate::cli) peer_is_proxy: bool,
    /// `X-Forwarded-For` as it arrived.
    pub(in crate::cli) forwarded: Vec<String>,
}

/// A token, as a verifier of another maker sees it. Never the token itself.
#[derive(Clone, Debug)]
pub(in crate::cli) struct ConsumerSeen {
    pub(in crate::cli::doctor) consumer: Consumer,
    /// Whether a published key has signed it, or why not.
    pub(in crate::cli) signature: Result<(), String>,
    /// Whether it is valid now, or why not.
    pub(in crate::cli) times: Result<(), String>,
    pub(in crate::cli) algorithm: String,
    pub(in crate::cli) token_type: Option<String>,
    pub(in crate::cli) issuer: String,
    pub(in crate::cli) our_issuer: String,
    pub(in crate::cli) audiences: Vec<String>,
    pub(in crate::cli) our_audiences: Vec<String>,
    pub(in crate::cli) claims: Map<String, Value>,
}
