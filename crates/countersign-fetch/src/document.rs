//! [`Document`], [`Answer`] and [`Reply`]: a response, and how long it stays fresh (RFC 9111 §4.2).

use std::time::Duration;

use ureq::http::{HeaderMap, HeaderName, StatusCode, header};

use crate::error::FetchError;

/// A complete response with status 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The body, at most as long as the options say.
    pub body: Vec<u8>,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The `ETag` header, for [`get_unless`](crate::get_unless).
    pub etag: Option<String>,
    /// How long the response stays fresh: `max-age` less the `Age` header; zero for `no-cache` and
    /// `no-store`. `None` if the server gives no readable `max-age`.
    pub fresh_for: Option<Duration>,
}

/// The response to a request for a document that the caller may have already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A changed document, or the first one.
    Document(Document),
    /// 304: the document with that `ETag` is still current (RFC 9110 §15.4.5).
    NotModified {
        /// As in [`Document`].
        fresh_for: Option<Duration>,
    },
}

/// The complete response to a POST.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The status, whatever it is.
    pub status: StatusCode,
    /// The body, at most as long as the options say.
    pub body: Vec<u8>,
}

impl Document {
    /// The body as text, if the server calls it JSON: `application/json` or `application/…+json`. An HTML
    /// page with status 200 is refused here.
    ///
    /// # Errors
    /// [`FetchError::NotJson`] for another `Content-Type`, for none, and for a body that is not UTF-8.
    pub fn into_json_text(self) -> Result<String, FetchError> {
        if self.content_type.as_deref().is_some_and(is_json) {
            String::from_utf8(self.body).map_err(|_| FetchError::NotJson)
        } else {
            Err(FetchError::NotJson)
        }
    }
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let subtype = media_type.strip_prefix("application/");
    subtype.is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

pub(crate) fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

pub(crate) fn fresh_for(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let mut max_age = None;
    for directive in lines.flat_map(|line| line.split(',')) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return Some(Duration::ZERO),
            "max-age" => max_age = max_age.or_else(|| value.trim().trim_matches('"').parse().ok()),
            _ => {}
        }
    }
    let age = headers.get(header::AGE).and_then(|age| age.to_str().ok()?.trim().parse().ok()).unwrap_or(0);
    max_age.map(|seconds: u32| Duration::from_secs(u64::from(seconds).saturating_sub(age)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness_is_max_age_less_age() {
        let fresh = |lines: &[(HeaderName, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(name, ureq::http::HeaderValue::from_static(value));
            }
            fresh_for(&headers).map(|fresh| fresh.as_secs())
        };
        let control = header::CACHE_CONTROL;
        for (value, expected) in [
            ("public, max-age=300", Some(300)),
            ("MAX-AGE = \"60\"", Some(60)),
            ("max-age=1, max-age=2", Some(1)),
            ("s-maxage=9", None),
            ("max-age=-1", None),
            ("max-age=99999999999", None),
            ("max-age", None),
            ("max-age=300, no-cache", Some(0)),
            ("no-store", Some(0)),
            ("", None),
        ] {
            assert_eq!(fresh(&[(control.clone(), value)]), expected, "{value}");
        }
        assert_eq!(fresh(&[]), None);
        assert_eq!(fresh(&[(control.clone(), "max-age=300"), (header::AGE, "100")]), Some(200));
        assert_eq!(fresh(&[(control.clone(), "max-age=300"), (header::AGE, "301")]), Some(0));
        assert_eq!(fresh(&[(control.clone(), "public"), (control, "max-age=5")]), Some(5));
    }

    #[test]
    fn json_is_what_its_type_says() {
        for json in ["application/json", "Application/JSON; charset=utf-8", "application/jwk-set+json"] {
            assert!(is_json(json), "{json}");
        }
        for other in ["text/html", "text/json", "application/jsonp", "application/json+html", "json", ""] {
            assert!(!is_json(other), "{other}");
        }
    }
}
