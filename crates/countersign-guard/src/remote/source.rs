//! [`Source`]: one fetch of one issuer's keys: the metadata first if the place of the keys is not known, then
//! the set. Decides which responses count.

use std::time::Duration;

use countersign_fetch::{Addresses, Answer, FetchOptions, FetchUrl, get_unless};
use countersign_jwt::{Algorithm, JwkSet, SkippedKey};

use super::error::KeysError;
use super::metadata::{Location, Metadata};

#[derive(Debug)]
pub(super) struct Source {
    pub(super) issuer: String,
    pub(super) location: Location,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) options: FetchOptions,
    pub(super) found: Option<Found>,
}

/// The place of the keys, and which of them are known.
#[derive(Debug)]
pub(super) struct Found {
    url: FetchUrl,
    addresses: Addresses,
    etag: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Fetched {
    /// `None`: the same as before.
    pub(super) keys: Option<(JwkSet, Vec<SkippedKey>)>,
    /// The `ETag` of the set.
    pub(super) etag: Option<String>,
    pub(super) fresh_for: Option<Duration>,
}

impl Source {
    /// Fetches the keys. After a failure, the next call reads the metadata again, since the place may have
    /// changed.
    pub(super) fn fetch(&mut self) -> Result<Fetched, KeysError> {
        let found = match self.found.take() {
            Some(found) => found,
            None => self.locate()?,
        };
        let (fetched, found) = self.fetch_keys(found)?;
        self.found = Some(found);
        Ok(fetched)
    }

    fn fetch_keys(&self, found: Found) -> Result<(Fetched, Found), KeysError> {
        let url = || found.url.to_string();
        let failed = |error| KeysError::Keys { url: url(), error };
        let options = self.options.clone().accept(KEYS).addresses(found.addresses);
        let document = match get_unless(&found.url, found.etag.as_deref(), &options).map_err(failed)? {
            Answer::NotModified { fresh_for } => {
                let etag = found.etag.clone();
                return Ok((Fetched { keys: None, etag, fresh_for }, found));
            }
            Answer::Document(document) => document,
        };
        let (etag, fresh_for) = (document.etag.clone(), document.fresh_for);
        let text = document.into_json_text().map_err(failed)?;
        let parsed = JwkSet::parse_foreign(&text, &self.algorithms);
        let (set, skipped) = parsed.map_err(|error| KeysError::KeySet { url: url(), error })?;
        if set.keys().is_empty() {
            return Err(KeysError::NoUsableKey { url: url() });
        }
        let fetched = Fetched { keys: Some((set, skipped)), etag: etag.clone(), fresh_for };
        Ok((fetched, Found { etag, ..found }))
    }

    fn locate(&self) -> Result<Found, KeysError> {
        let urls = match &self.location {
            Location::At(url) => {
                return Ok(Found { url: url.clone(), addresses: Addresses::Any, etag: None });
            }
            Location::Discover(urls) => urls,
        };
        let metadata = Metadata::fetch(urls, &self.issuer, &self.options)?;
        let uri = metadata.text("jwks_uri")?;
        let url = FetchUrl::parse(uri).map_err(|error| KeysError::JwksUri { uri: uri.to_owned(), error })?;
        let addresses = metadata.addresses_for(&url);
        Ok(Found { url, addresses, etag: None })
    }
}

const KEYS: &str = "application/jwk-set+json, application/json";
