//! [`Endpoint`]: one introspection request (RFC 7662 §2.1), and where to send it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_fetch::{Addresses, FetchOptions, FetchUrl, post};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::error::AskError;
use crate::remote::metadata::{Location, Metadata};

/// The introspection endpoint of one issuer.
pub(crate) struct Endpoint {
    pub(super) issuer: String,
    location: Location,
    options: FetchOptions,
    /// The client's name and secret.
    authorization: HeaderValue,
    found: Mutex<Option<(FetchUrl, Addresses)>>,
}

#[derive(Deserialize)]
struct Response {
    active: bool,
}

impl Endpoint {
    pub(crate) const fn new(
        issuer: String,
        location: Location,
        options: FetchOptions,
        authorization: HeaderValue,
    ) -> Self {
        Self { issuer, location, options, authorization, found: Mutex::new(None) }
    }

    /// Whether the issuer says that this token is active. After a failure, the next call reads the metadata again.
    /// Blocks the thread.
    pub(super) fn is_active(&self, token: &str) -> Result<bool, AskError> {
        let found = self.found().clone();
        let (url, addresses) = found.map_or_else(|| self.locate(), Ok)?;
        let active = self.ask(&url, addresses, token);
        *self.found() = active.is_ok().then_some((url, addresses));
        active
    }

    fn ask(&self, url: &FetchUrl, addresses: Addresses, token: &str) -> Result<bool, AskError> {
        let options = self.options.clone().addresses(addresses);
        let options = options.secret_header(header::AUTHORIZATION, self.authorization.clone());
        // The alphabet of a verified JWT needs no encoding in a form.
        let body = format!("token={token}&token_type_hint=access_token");
        let reply = post(url, FORM, body.as_bytes(), &options)
            .map_err(|error| AskError::Connection { url: url.to_string(), error })?;
        if reply.status != StatusCode::OK {
            return Err(AskError::Status { url: url.to_string(), status: reply.status });
        }
        match serde_json::from_slice(&reply.body) {
            // Serde would also take `[true]` for one.
            Ok(Response { active }) if reply.body.trim_ascii_start().starts_with(b"{") => Ok(active),
            _ => Err(AskError::NotAnAnswer { url: url.to_string() }),
        }
    }

    fn found(&self) -> MutexGuard<'_, Option<(FetchUrl, Addresses)>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn locate(&self) -> Result<(FetchUrl, Addresses), AskError> {
        let urls = match &self.location {
            Location::At(url) => return Ok((url.clone(), Addresses::Any)),
            Location::Discover(urls) => urls,
        };
        let metadata = Metadata::fetch(urls, &self.issuer, &self.options).map_err(AskError::Metadata)?;
        let uri = metadata.text("introspection_endpoint").map_err(AskError::Metadata)?;
        let url = FetchUrl::parse(uri).map_err(|error| AskError::Endpoint { uri: uri.to_owned(), error })?;
        let addresses = metadata.addresses_for(&url);
        Ok((url, addresses))
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
