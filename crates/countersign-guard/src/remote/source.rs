//! [`Source`]: one fetch of one issuer's keys: the metadata first if the place of the keys is not known, then
//! the set. Decides which responses count.

use std::time::Duration;

use countersign_fetch::{Addresses, Answer, FetchError, FetchOptions, FetchUrl, get, get_unless};
use countersign_jwt::{Algorithm, JwkSet, SkippedKey};
use serde_json::Value;

use super::error::KeysError;
use super::issuer::Location;

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
            Answer::NotModified { fresh_for } => return Ok((Fetched { keys: None, fresh_for }, found)),
            Answer::Document(document) => document,
        };
        let (etag, fresh_for) = (document.etag.clone(), document.fresh_for);
        let text = document.into_json_text().map_err(failed)?;
        let parsed = JwkSet::parse_foreign(&text, &self.algorithms);
        let (set, skipped) = parsed.map_err(|error| KeysError::KeySet { url: url(), error })?;
        if set.keys().is_empty() {
            return Err(KeysError::NoUsableKey { url: url() });
        }
        Ok((Fetched { keys: Some((set, skipped)), fresh_for }, Found { etag, ..found }))
    }

    fn locate(&self) -> Result<Found, KeysError> {
        match &self.location {
            Location::At(url) => Ok(Found { url: url.clone(), addresses: Addresses::Any, etag: None }),
            Location::Discover([first, second]) => match get_metadata(first, &self.options) {
                Err(error) if is_absent(&error) => {
                    self.read_metadata(second, get_metadata(second, &self.options))
                }
                answer => self.read_metadata(first, answer),
            },
        }
    }

    fn read_metadata(&self, url: &FetchUrl, answer: Result<String, FetchError>) -> Result<Found, KeysError> {
        let text = answer.map_err(|error| KeysError::Metadata { url: url.to_string(), error })?;
        let metadata: Value = serde_json::from_str(&text).unwrap_or_default();
        let member = |member| {
            let found = metadata.get(member).and_then(Value::as_str);
            found.ok_or_else(|| KeysError::MetadataMember { url: url.to_string(), member })
        };
        let said = member("issuer")?;
        if said != self.issuer {
            return Err(KeysError::OtherIssuer { url: url.to_string(), said: said.to_owned() });
        }
        let uri = member("jwks_uri")?;
        let keys = FetchUrl::parse(uri).map_err(|error| KeysError::JwksUri { uri: uri.to_owned(), error })?;
        // The operator configured the issuer's host, which may be in their own network. Another host is the
        // choice of the document, which must not reach into that network.
        let is_same = keys.host().eq_ignore_ascii_case(url.host());
        let addresses = if is_same { Addresses::Any } else { Addresses::PublicOnly };
        Ok(Found { url: keys, addresses, etag: None })
    }
}

fn get_metadata(url: &FetchUrl, options: &FetchOptions) -> Result<String, FetchError> {
    get(url, options)?.into_json_text()
}

/// Whether the server has no such document: it says so by the status, an HTML page, or a redirect to one.
fn is_absent(error: &FetchError) -> bool {
    match error {
        FetchError::Status(status) => status.is_client_error(),
        FetchError::NotJson | FetchError::Redirect { .. } => true,
        _ => false,
    }
}

const KEYS: &str = "application/jwk-set+json, application/json";
