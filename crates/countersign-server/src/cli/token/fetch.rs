//! Fetches a JWK Set from a URL, to verify tokens of another server: one request, limited in time and size.
//!
//! Redirects and links are reported, not followed: the deciding keys come from the given address, or not at
//! all.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use countersign_jwt::JwkSet;
use ureq::http::{Uri, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Error};

use crate::output::escape;

/// The source as a URL, if it is one.
pub(super) fn as_url(source: &std::path::Path) -> Option<&str> {
    let text = source.to_str()?;
    let (scheme, _) = text.split_once("://")?;
    ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)).then_some(text)
}

/// The JSON text at `url`, complete within `limit`.
pub(super) fn fetch(url: &str, limit: Duration) -> anyhow::Result<String> {
    let uri: Uri = url.parse().context("it is not a valid address")?;
    let explain = |error| explain(error, limit);
    let mut response = agent(&uri, limit)?.get(&uri).call().map_err(explain)?;
    let status = response.status();
    if status.is_redirection() {
        let to =
            response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
        bail!(
            "it redirects to {to} ({status}); redirects are not followed: if you trust that address, use it directly"
        );
    }
    ensure!(status == 200, "its response is {status}");
    let body = response.body_mut().with_config().limit(MAX_BYTES).read_to_vec().map_err(explain)?;
    let json: serde_json::Value =
        serde_json::from_slice(&body).map_err(|_| anyhow!("the response is not JSON"))?;
    if let Some(keys) = json.get("jwks_uri").and_then(serde_json::Value::as_str) {
        let keys = escape(keys);
        bail!("it is the metadata of an issuer (RFC 8414) whose keys are at {keys}: use that address"); // not followed, as above
    }
    Ok(String::from_utf8(body)?)
}

fn agent(uri: &Uri, limit: Duration) -> anyhow::Result<Agent> {
    let config = Agent::config_builder()
        .user_agent("countersign")
        .accept("application/jwk-set+json, application/json")
        .timeout_global(Some(limit))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false);
    let host = uri.host().context("it has no host")?;
    let config = match uri.scheme_str() {
        Some("https") => config.https_only(true).tls_config(tls()?),
        // No proxy: the address means this machine.
        Some("http") if is_loopback(host) => config.proxy(None),
        // Anyone on the way could substitute keys of their own.
        _ => bail!("keys over plain http can be forged: use the https address"),
    };
    Ok(config.build().into())
}

/// Trusts the certificate authorities of the system, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
fn tls() -> anyhow::Result<TlsConfig> {
    let found = rustls_native_certs::load_native_certs();
    ensure!(
        !found.certs.is_empty(),
        "this system has no certificate authorities: install the package ca-certificates, or set SSL_CERT_FILE"
    );
    let roots = found.certs.iter().map(|root| Certificate::from_der(root).to_owned());
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::from(roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build())
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

fn explain(error: Error, limit: Duration) -> anyhow::Error {
    match error {
        Error::Timeout(_) => anyhow!("no complete response within {limit:?}"),
        Error::BodyExceedsLimit(most) => anyhow!("the response is longer than {} KiB", most / 1024),
        Error::HostNotFound => anyhow!("the host is not known"),
        Error::Io(error)
            if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) =>
        {
            anyhow!("no trusted connection: {error} (SSL_CERT_FILE can name other certificate authorities)")
        }
        Error::Io(error) => error.into(),
        other => other.into(),
    }
}

const MAX_BYTES: u64 = JwkSet::MAX_BYTES as u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        let allowed = |url: &str| agent(&url.parse().unwrap(), Duration::from_secs(1)).is_ok();
        for url in [
            "http://localhost/",
            "http://LOCALHOST:80",
            "http://127.0.0.1:1/x",
            "http://127.9.9.9/",
            "http://[::1]:8080/",
        ] {
            assert!(allowed(url), "{url}");
        }
        for url in [
            "http://example.com/",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://127.0.0.1@example.com/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://[::ffff:10.0.0.1]/",
            "ftp://localhost/",
            "/jwks.json",
        ] {
            assert!(!allowed(url), "{url}");
        }
    }
}
