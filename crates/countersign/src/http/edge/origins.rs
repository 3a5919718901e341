//! The origins whose pages may use this server with cookies: its own, and those of configured front ends.

use axum::http::{HeaderMap, HeaderValue, header};

/// The server's own origin and those of the configured front ends.
///
/// Browsers send an origin in one canonical form (RFC 6454 §6.2), so it is compared as a whole string, never by a prefix
/// or a suffix, and in one case (CS-5).
pub(in crate::http) struct Origins<'a> {
    pub(super) own: &'a str,
    pub(in crate::http) front_ends: &'a [String],
}

impl<'a> Origins<'a> {
    /// The known origin that this is.
    pub(in crate::http) fn find(&self, origin: &str) -> Option<&'a str> {
        std::iter::once(self.own)
            .chain(self.front_ends.iter().map(String::as_str))
            .find(|known| *known == origin)
    }

    /// The request's origin if it is that of a configured front end.
    pub(in crate::http) fn front_end<'h>(&self, headers: &'h HeaderMap) -> Option<&'h HeaderValue> {
        let origin = only(headers, header::ORIGIN.as_str())?;
        self.front_ends.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then_some(origin)
    }
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
