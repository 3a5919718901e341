//! A page of another origin must not make somebody's browser change anything: not log in, not refresh, not log out
//! (CS-1, CS-2, CS-6, SE-10).
//!
//! 1. A request that only reads passes.
//! 2. A request from a configured front end passes.
//! 3. `Sec-Fetch-Site` decides if it is there: no page can forge it. `same-origin` and `none` (typed by the user) pass.
//! 4. Otherwise `Origin` decides if it is there: it must be the server's own. `null` (sandboxed frames, `data:` pages) is
//!    nobody's origin.
//! 5. A request with neither does not come from a page.
//!
//! SameSite=Strict alone would not do: a sibling host is same-site.

use axum::http::{HeaderMap, HeaderValue, Method, header};

use crate::http::edge::origins::{Origins, SEC_FETCH_SITE, only};

/// A page of another origin asks for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a cross-origin request was refused")]
pub struct CrossOrigin;

/// Decides whether a request may change anything.
///
/// # Errors
/// [`CrossOrigin`] when it comes from a page of an origin that is neither the server's own nor configured.
pub(in crate::http) fn verify(
    method: &Method,
    headers: &HeaderMap,
    origins: &Origins<'_>,
) -> Result<(), CrossOrigin> {
    let only_reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if only_reads || origins.front_end(headers).is_some() || is_same_origin(headers, origins.own) {
        Ok(())
    } else {
        Err(CrossOrigin)
    }
}

fn is_same_origin(headers: &HeaderMap, own: &str) -> bool {
    if headers.contains_key(SEC_FETCH_SITE) {
        let site = only(headers, SEC_FETCH_SITE).map(HeaderValue::as_bytes);
        return matches!(site, Some(b"same-origin" | b"none"));
    }
    if headers.contains_key(header::ORIGIN) {
        let origin = only(headers, header::ORIGIN.as_str());
        return origin.is_some_and(|origin| origin.as_bytes() == own.as_bytes());
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "https://auth.example";
    const FRONT_END: &str = "https://app.example";

    fn passes(method: &Method, site: &[&str], origin: &[&str]) -> bool {
        let front_ends = [FRONT_END.to_owned()];
        let mut headers = HeaderMap::new();
        for (name, values) in [(SEC_FETCH_SITE, site), ("origin", origin)] {
            for value in values {
                headers.append(name, value.parse().unwrap());
            }
        }
        let origins = Origins { own: OWN, front_ends: &front_ends, any_of_this_machine: false };
        verify(method, &headers, &origins).is_ok()
    }

    #[test]
    fn who_may_change_something() {
        let table: [(&[&str], &[&str], bool); 19] = [
            (&[], &[], true),
            (&["same-origin"], &[], true),
            (&["none"], &[], true),
            (&["same-site"], &[], false),
            (&["cross-site"], &[], false),
            (&[""], &[], false),
            (&["Same-Origin"], &[], false),
            (&["same-origin", "same-origin"], &[], false),
            (&[], &[OWN], true),
            (&[], &[FRONT_END], true),
            (&[], &["null"], false),
            (&[], &[""], false),
            (&[], &["https://auth.example:443"], false),
            (&[], &["https://app.example, https://auth.example"], false),
            (&[], &[FRONT_END, FRONT_END], false),
            (&["cross-site"], &[FRONT_END], true),
            (&["cross-site"], &[OWN], false),
            (&["same-origin"], &["https://evil.example"], true),
            (&["cross-site"], &[FRONT_END, OWN], false),
        ];
        for (site, origin, expected) in table {
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::CONNECT] {
                assert_eq!(passes(&method, site, origin), expected, "{method} {site:?} {origin:?}");
            }
            for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
                assert!(passes(&method, site, origin), "{method} {site:?} {origin:?}");
            }
        }
    }
}
