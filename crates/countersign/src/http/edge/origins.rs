//! The origins whose pages may use this server with cookies: its own, and those of configured front ends.

use axum::http::{HeaderMap, HeaderValue, header};

/// The server's own origin and those of front ends.
///
/// Browsers send an origin in one canonical form (RFC 6454 §6.2), so it is compared as a whole string, never by a prefix
/// or a suffix, and in one case (CS-5).
pub(in crate::http) struct Origins<'a> {
    pub(super) own: &'a str,
    pub(super) front_ends: &'a [String],
    /// Whether every page of this machine is a front end: in development, where nobody has named one.
    pub(super) any_of_this_machine: bool,
}

impl<'a> Origins<'a> {
    /// The known origin that this is: one that does not depend on the request.
    pub(in crate::http) fn find(&self, origin: &str) -> Option<&'a str> {
        std::iter::once(self.own)
            .chain(self.front_ends.iter().map(String::as_str))
            .find(|known| *known == origin)
    }

    /// Whether it is a front end's.
    pub(in crate::http) fn has_front_end(&self, origin: &str) -> bool {
        self.front_ends.iter().any(|allowed| allowed == origin)
            || self.any_of_this_machine && is_of_this_machine(origin)
    }

    /// The request's origin if it is a front end's.
    pub(in crate::http) fn front_end<'h>(&self, headers: &'h HeaderMap) -> Option<&'h HeaderValue> {
        let origin = only(headers, header::ORIGIN.as_str())?;
        origin.to_str().is_ok_and(|origin| self.has_front_end(origin)).then_some(origin)
    }
}

/// Whether the browser says that the page is on another site than the address it asks: it sends no `SameSite=Strict`
/// cookie then.
pub(super) fn is_cross_site(headers: &HeaderMap) -> bool {
    only(headers, SEC_FETCH_SITE).is_some_and(|site| site == "cross-site")
}

pub(super) const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Whether the host of an origin is a name of this machine, with any port.
pub(super) fn is_of_this_machine(origin: &str) -> bool {
    let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")).unwrap_or_default();
    let rest = ["localhost", "127.0.0.1", "[::1]"].into_iter().find_map(|name| host.strip_prefix(name));
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
}

fn is_port(text: &str) -> bool {
    !text.starts_with('+') && text.parse::<u16>().is_ok()
}

/// The origin of an issuer, and the path under which the routes are mounted: empty, or with a slash at its beginning.
pub(in crate::http) fn split_issuer(issuer: &str) -> (&str, &str) {
    let host = issuer.find("://").map_or(0, |scheme| scheme + "://".len());
    let path = issuer[host..].find('/').map_or(issuer.len(), |path| host + path);
    issuer.split_at(path)
}

/// The header's value if there is exactly one.
pub(in crate::http) fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_this_machine_are_front_ends_only_where_that_is_said() {
        let origins = |any_of_this_machine| Origins {
            own: "http://localhost:3000",
            front_ends: &[],
            any_of_this_machine,
        };
        for ours in ["http://localhost:5173", "http://localhost", "https://127.0.0.1:1", "http://[::1]:65535"]
        {
            assert!(origins(true).has_front_end(ours), "{ours}");
            assert!(!origins(false).has_front_end(ours), "{ours}");
        }
        for other in [
            "null",
            "localhost:5173",
            "http://localhost.evil.example",
            "http://localhost:5173.evil.example",
            "http://localhost:5173@evil.example",
            "http://localhost:",
            "http://localhost:+1",
            "http://localhost:65536",
            "http://127.0.0.1.evil.example",
            "http://LOCALHOST:5173",
            "http://app.localhost:5173",
            "ftp://localhost",
            "http://192.168.0.2:5173",
        ] {
            assert!(!origins(true).has_front_end(other), "{other}");
        }
    }
}
