//! The requests that are measured, as bytes on the wire.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::client::Requests;
use crate::seed;

/// The same request for ever.
pub(crate) fn constant(request: String) -> Requests {
    Arc::new(move |_| Some(request.clone()))
}

/// A GET with an access token.
pub(crate) fn get(address: SocketAddr, path: &str, token: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n")
}

/// One refresh with each of the tokens, and then no more.
pub(crate) fn refreshes(address: SocketAddr, tokens: Vec<String>) -> Requests {
    Arc::new(move |n| tokens.get(n).map(|token| refresh(address, token)))
}

/// Of twenty requests sixteen ask for the profile, three refresh, one asks the store for the account.
pub(crate) fn mixed(address: SocketAddr, access_token: &str, tokens: Vec<String>) -> Requests {
    let (profile, user) =
        (get(address, "/api/profile", access_token), get(address, "/api/user", access_token));
    let next = AtomicUsize::new(0);
    Arc::new(move |n| match n % 20 {
        0..16 => Some(profile.clone()),
        16..19 => tokens.get(next.fetch_add(1, Ordering::Relaxed)).map(|token| refresh(address, token)),
        _ => Some(user.clone()),
    })
}

/// The one good login.
pub(crate) fn login(address: SocketAddr) -> String {
    login_as(address, seed::USER, Ipv4Addr::new(192, 0, 2, 1))
}

/// Logins that fail, each for another name and from another address: no throttle stops them, only the pool.
pub(crate) fn flood(address: SocketAddr) -> Requests {
    Arc::new(move |n| {
        let bits = u32::try_from(n % (1 << 24)).unwrap_or_default();
        Some(login_as(address, &format!("nobody{n}"), Ipv4Addr::from_bits(0x0a00_0000 | bits)))
    })
}

fn refresh(address: SocketAddr, token: &str) -> String {
    let head = format!("POST /api/refresh HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\n");
    format!("{head}cookie: __Host-refreshToken={token}\r\n\r\n")
}

fn login_as(address: SocketAddr, username: &str, from: Ipv4Addr) -> String {
    let body = format!(r#"{{"username":"{username}","password":"{}"}}"#, seed::PASSWORD);
    let head = format!("POST /api/login HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n");
    format!("{head}x-forwarded-for: {from}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
