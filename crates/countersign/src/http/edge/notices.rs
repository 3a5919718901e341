//! What the operator is told about requests that a wrong configuration would explain: a proxy that is not
//! listed, a front end whose origin is not allowed, people who are refused together.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use ipnet::IpNet;

use crate::http::edge::client_address;
use crate::http::edge::origins::{Origins, is_cross_site, is_of_this_machine, only};

/// What the log has named already.
#[derive(Debug, Default)]
pub(in crate::http) struct Notices {
    unlisted_proxies: Mutex<BTreeSet<IpAddr>>,
    /// Front ends on another site.
    cross_site: Mutex<BTreeSet<String>>,
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
            && is_new(&self.unlisted_proxies, peer)
        {
            tracing::warn!(
                %peer,
                "forwarded headers from an address that is not a configured proxy are ignored: if it is your reverse \
                 proxy, all its clients count as one until behind_proxy names it"
            );
        }
        Source { client, is_unlisted_proxy: unlisted.is_some() }
    }

    /// Warns once about each front end whose pages sign in and are signed out again by a reload: they get no cookie.
    pub(super) fn look_at_front_end(&self, headers: &HeaderMap, origins: &Origins<'_>) {
        let Some(origin) = origins.front_end(headers).and_then(as_origin) else { return };
        if is_cross_site(headers) && is_new(&self.cross_site, origin.to_owned()) {
            tracing::warn!(
                origin,
                "a front end is on another site than this server, so browsers do not send the cookie of the session with its \
                 requests, and a reload signs out{}",
                of_this_machine(origin)
            );
        }
    }
}

/// Anybody can send the header, so only a few are remembered.
fn is_new<T: Ord>(named: &Mutex<BTreeSet<T>>, one: T) -> bool {
    let mut named = named.lock().unwrap_or_else(PoisonError::into_inner);
    named.len() < MOST_NAMED && named.insert(one)
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
        let hint = if is_cross_site(headers) { of_this_machine(origin) } else { "" };
        tracing::warn!(%method, origin, "refused a page of another origin; if it is your front end, add it to cors_origins{hint}");
    }
}

/// What explains that a page of this machine is on another site than this server.
fn of_this_machine(origin: &str) -> &'static str {
    if is_of_this_machine(origin) {
        "; to a browser localhost and 127.0.0.1 are two sites: open both by the same name"
    } else {
        ""
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
