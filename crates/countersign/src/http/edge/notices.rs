//! What the operator is told about requests that a wrong configuration would explain: a proxy that is not
//! listed, a front end whose origin is not allowed, people who are refused together.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use ipnet::IpNet;

use crate::http::edge::client_address;
use crate::http::edge::origins::{Origins, only};

/// The proxies that the log has named already.
#[derive(Debug, Default)]
pub(in crate::http) struct Notices {
    unlisted_proxies: Mutex<BTreeSet<IpAddr>>,
}

/// Where a request comes from, for the line about its refusal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    client: Option<IpAddr>,
    /// Its peer forwards for others, but is not a configured proxy: all its clients count as one.
    is_unlisted_proxy: bool,
}

impl Notices {
    /// Looks at the request, and warns once about each peer that forwards for others and is not configured (TP-2).
    pub(super) fn source(&self, request: &Request, trusted: &[IpNet]) -> Source {
        let (extensions, headers) = (request.extensions(), request.headers());
        let client = client_address::client_address(extensions, headers, trusted);
        let peer = client_address::peer(extensions).map(|peer| peer.to_canonical());
        let unlisted = peer.filter(|peer| forwards(headers) && !trusted.iter().any(|net| net.contains(peer)));
        if let Some(peer) = unlisted
            && self.is_new(peer)
        {
            tracing::warn!(
                %peer,
                "forwarded headers from an address that is not a configured proxy are ignored: if it is your reverse \
                 proxy, all its clients count as one until behind_proxy names it"
            );
        }
        Source { client, is_unlisted_proxy: unlisted.is_some() }
    }

    /// Anybody can send the header, so only a few addresses are remembered.
    fn is_new(&self, peer: IpAddr) -> bool {
        let mut named = self.unlisted_proxies.lock().unwrap_or_else(PoisonError::into_inner);
        named.len() < MOST_NAMED && named.insert(peer)
    }
}

impl Source {
    /// A request was refused because its account or its network has failed too often.
    pub(super) fn log_throttled(self) {
        let (address, unlisted_proxy) = (self.client.map(tracing::field::display), self.is_unlisted_proxy);
        tracing::warn!(address, unlisted_proxy, "too many attempts: refused with 429");
    }
}

/// Says which origin is refused, if a page of it asks: by a preflight, or without one.
pub(super) fn log_refused_origin(method: &Method, headers: &HeaderMap, origins: &Origins<'_>) {
    let Some(origin) = only(headers, header::ORIGIN.as_str()).and_then(as_origin) else { return };
    if origin != origins.own && origins.front_end(headers).is_none() {
        tracing::warn!(%method, origin, "refused a page of another origin; if it is your front end, add it to cors_origins");
    }
}

/// Anybody can send the header: only what has the form of an origin is written down.
fn as_origin(value: &HeaderValue) -> Option<&str> {
    let origin = value.to_str().ok()?;
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))?;
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    (host.len() <= 260 && host.bytes().all(is_host)).then_some(origin)
}

fn forwards(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(*name))
}

const FORWARDED: [&str; 3] = ["x-forwarded-for", "forwarded", "x-real-ip"];
const MOST_NAMED: usize = 10;
