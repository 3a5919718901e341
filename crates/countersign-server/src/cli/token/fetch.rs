//! Fetches a JWK Set from a URL, to verify tokens of another server: one request, limited in time and size.
//!
//! Redirects and links are reported, not followed: the deciding keys come from the given address, or not at
//! all.

use std::time::Duration;

use anyhow::{anyhow, bail};
use countersign_fetch::{FetchError, FetchOptions, FetchUrl, get};
use countersign_jwt::JwkSet;

use crate::output::escape;

/// The source as a URL, if it is one.
pub(super) fn as_url(source: &std::path::Path) -> Option<&str> {
    let text = source.to_str()?;
    let (scheme, _) = text.split_once("://")?;
    ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)).then_some(text)
}

/// The JSON text at `url`, complete within `limit`.
pub(super) fn fetch(url: &str, limit: Duration) -> anyhow::Result<String> {
    let options = FetchOptions::new(limit, JwkSet::MAX_BYTES as u64)
        .accept("application/jwk-set+json, application/json");
    // Its Content-Type is not looked at: many servers call every file text.
    let body = get(&FetchUrl::parse(url)?, &options).map_err(with_advice)?.body;
    let json: serde_json::Value =
        serde_json::from_slice(&body).map_err(|_| anyhow!("the response is not JSON"))?;
    if let Some(keys) = json.get("jwks_uri").and_then(serde_json::Value::as_str) {
        let keys = escape(keys);
        bail!("it is the metadata of an issuer (RFC 8414) whose keys are at {keys}: use that address"); // not followed, as above
    }
    Ok(String::from_utf8(body)?)
}

fn with_advice(error: FetchError) -> anyhow::Error {
    match error {
        FetchError::Redirect { .. } => anyhow!("{error}: if you trust that address, use it directly"),
        error => error.into(),
    }
}
