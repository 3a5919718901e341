//! The `Host` header of a request (RFC 9112 §3.2). A request that names no host, or two, is read by one server in one way
//! and by the next in another: that is where request smuggling begins.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Version, header};

/// Whether the request names its host as its version of HTTP demands: HTTP/1.1 exactly once and well-formed, HTTP/1.0 not
/// more than once.
pub(super) fn is_valid(version: Version, headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::HOST).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().is_ok_and(is_well_formed),
        (Some(_), Some(_)) => false,
        (None, _) => version < Version::HTTP_11,
    }
}

/// `uri-host [ ":" port ]`, without user information (RFC 9110 §7.2). It may be empty.
fn is_well_formed(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let Ok(authority) = text.parse::<Authority>() else { return false };
    match text.strip_prefix(authority.host()) {
        Some("" | ":") => true,
        Some(_) => authority.port_u16().is_some(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: Version, hosts: &[&str]) -> bool {
        let headers = hosts.iter().map(|host| (header::HOST, host.parse().unwrap())).collect();
        is_valid(version, &headers)
    }

    #[test]
    fn exactly_one_well_formed_host() {
        for host in ["", "a", "a.example:8080", "a:", "127.0.0.1", "[::1]", "[::1]:80", "a_b", "xn--a"] {
            assert!(check(Version::HTTP_11, &[host]), "{host}");
        }
        for host in ["a b", "a/b", "user@a", "a@a", "::1", "[::1", "a:b", "a:99999", "a:80:80", "http://a"] {
            assert!(!check(Version::HTTP_11, &[host]), "{host}");
            assert!(!check(Version::HTTP_10, &[host]), "{host}");
        }
        assert!(!check(Version::HTTP_11, &[]) && check(Version::HTTP_10, &[]));
        assert!(!check(Version::HTTP_11, &["a", "a"]) && !check(Version::HTTP_10, &["a", "b"]));
    }
}
