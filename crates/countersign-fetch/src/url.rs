//! [`FetchUrl`]: a URL that may be fetched.

use std::fmt;
use std::net::IpAddr;

use ureq::http::Uri;

/// An `https` URL, or an `http` URL of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchUrl(Uri);

/// Why a text is no [`FetchUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Not an absolute URL with a host (RFC 3986 §4.3).
    #[error("it is not a valid address")]
    NotAnAddress,
    /// Neither `https` nor `http`.
    #[error("only https addresses can be fetched")]
    Scheme,
    /// `http` to another machine: anyone on the way could forge the response.
    #[error("a response over plain http can be forged: use the https address")]
    PlainHttp,
    /// A name or a password before the host (RFC 9110 §4.2.4: likely an attempt to hide the host).
    #[error("an address with a name before the host is not fetched")]
    UserInfo,
}

impl FetchUrl {
    /// Parses an absolute URL. A fragment is dropped, since it is never sent.
    ///
    /// # Errors
    /// Each variant of [`UrlError`], as it says.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let uri: Uri = text.parse().map_err(|_| UrlError::NotAnAddress)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(UrlError::NotAnAddress);
        };
        if authority.host().is_empty() {
            return Err(UrlError::NotAnAddress);
        }
        if authority.as_str().contains('@') {
            return Err(UrlError::UserInfo);
        }
        match scheme {
            "https" => Ok(Self(uri)),
            "http" if is_this_machine(authority.host()) => Ok(Self(uri)),
            "http" => Err(UrlError::PlainHttp),
            _ => Err(UrlError::Scheme),
        }
    }

    /// The host as written, an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host().unwrap_or_default() // `parse` has seen one
    }

    /// The path, `/` where the text has none.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// Whether it is plain `http`, so this machine.
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        self.0.scheme_str() == Some("http")
    }

    pub(crate) const fn uri(&self) -> &Uri {
        &self.0
    }
}

impl fmt::Display for FetchUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in [
            "http://localhost/",
            "http://LOCALHOST:80",
            "http://127.0.0.1:1/x",
            "http://127.9.9.9/",
            "http://[::1]:8080/",
            "https://example.com",
            "HTTPS://10.0.0.1/x?y",
        ] {
            assert!(FetchUrl::parse(url).is_ok(), "{url}");
        }
        for (url, error) in [
            ("http://example.com/", UrlError::PlainHttp),
            ("http://localhost.example.com/", UrlError::PlainHttp),
            ("http://127.0.0.1.example.com/", UrlError::PlainHttp),
            ("http://127.0.0.1@example.com/", UrlError::UserInfo),
            ("https://auth.example.com@evil.example/", UrlError::UserInfo),
            ("http://10.0.0.1/", UrlError::PlainHttp),
            ("http://0.0.0.0/", UrlError::PlainHttp),
            ("http://[::]/", UrlError::PlainHttp),
            ("http://[::ffff:10.0.0.1]/", UrlError::PlainHttp),
            ("ftp://localhost/", UrlError::Scheme),
            ("file:///etc/passwd", UrlError::NotAnAddress),
            ("/jwks.json", UrlError::NotAnAddress),
            ("localhost", UrlError::NotAnAddress),
            ("https:///x", UrlError::NotAnAddress),
            ("", UrlError::NotAnAddress),
        ] {
            assert_eq!(FetchUrl::parse(url), Err(error), "{url}");
        }
    }
}
