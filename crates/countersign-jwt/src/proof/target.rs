//! [`TargetUri`]: the URI of a request as a proof names it, in one spelling (RFC 9449 §4.3 check 9).

use std::fmt::{self, Write as _};
use std::net::Ipv6Addr;

use super::error::TargetUriError;

/// An `http` or `https` URI without query and fragment, normalised by syntax and scheme (RFC 3986 §6.2.2, §6.2.3), so
/// that equal targets are equal texts.
///
/// - Scheme and host are in lower case, the default port and an empty one are left out.
/// - Percent-encoded unreserved characters are decoded, other escapes have capital letters.
/// - Dot segments are removed; the empty path is `/`.
///
/// Nothing else is changed: case and double slashes in a path mean something to the service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TargetUri {
    text: String,
    /// Where the path begins.
    path_at: usize,
}

impl TargetUri {
    /// The longest text that is read, in bytes.
    pub const MAX_BYTES: usize = 8 * 1024;

    /// Reads an absolute URI. Its query and fragment are dropped.
    ///
    /// # Errors
    /// - [`TooLong`](TargetUriError::TooLong): over [`MAX_BYTES`](Self::MAX_BYTES).
    /// - [`Character`](TargetUriError::Character): not visible ASCII, a backslash, or a broken escape.
    /// - [`Scheme`](TargetUriError::Scheme): not `http://` or `https://`.
    /// - [`Authority`](TargetUriError::Authority): no host, a malformed one, an escape in it, a bad port, or a user.
    pub fn parse(text: &str) -> Result<Self, TargetUriError> {
        let hierarchical = without_query(checked(text)?);
        let (scheme, rest) = hierarchical.split_once("://").ok_or(TargetUriError::Scheme)?;
        let (scheme, default_port) = match scheme {
            _ if scheme.eq_ignore_ascii_case("https") => ("https", 443),
            _ if scheme.eq_ignore_ascii_case("http") => ("http", 80),
            _ => return Err(TargetUriError::Scheme),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let mut text = format!("{scheme}://");
        push_authority(authority, default_port, &mut text)?;
        let path_at = text.len();
        push_path(path, &mut text)?;
        Ok(Self { text, path_at })
    }

    /// The URI of a request with this path (a query is dropped) to a service whose public address this is. Where this
    /// has a path, that one comes first: a proxy may cut it off.
    ///
    /// # Errors
    /// - [`TooLong`](TargetUriError::TooLong), [`Character`](TargetUriError::Character): as [`parse`](Self::parse).
    /// - [`Path`](TargetUriError::Path): `path` does not begin with a slash, such as `*`.
    pub fn at_path(&self, path: &str) -> Result<Self, TargetUriError> {
        let path = without_query(checked(path)?);
        if !path.starts_with('/') {
            return Err(TargetUriError::Path);
        }
        let base = self.text.get(..self.path_at).unwrap_or_default();
        let before = self.text.get(self.path_at..).unwrap_or_default();
        let mut text = base.to_owned();
        // The path is normalised by itself: its dots cannot leave what comes before.
        text.push_str(before.strip_suffix('/').unwrap_or(before));
        push_path(path, &mut text)?;
        Ok(Self { text, path_at: self.path_at })
    }

    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for TargetUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TargetUri({self})")
    }
}

impl fmt::Display for TargetUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn checked(text: &str) -> Result<&str, TargetUriError> {
    if text.len() > TargetUri::MAX_BYTES {
        return Err(TargetUriError::TooLong);
    }
    // Some readers take a backslash for a slash.
    let is_uri = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_uri { Ok(text) } else { Err(TargetUriError::Character) }
}

fn without_query(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or_default()
}

fn push_authority(authority: &str, default_port: u16, out: &mut String) -> Result<(), TargetUriError> {
    let malformed = TargetUriError::Authority;
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or(malformed)?;
        let address: Ipv6Addr = address.parse().map_err(|_| malformed)?;
        let port = if after.is_empty() { "" } else { after.strip_prefix(':').ok_or(malformed)? };
        (format!("[{address}]"), port)
    } else {
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        // Neither an escape nor a user: no request has such a target (RFC 9110 §4.2.4).
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_name) {
            return Err(malformed);
        }
        (host.to_ascii_lowercase(), port)
    };
    out.push_str(&host);
    if port.is_empty() {
        return Ok(());
    }
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed);
    }
    let port: u16 = port.parse().map_err(|_| malformed)?;
    if port != default_port {
        let _infallible = write!(out, ":{port}");
    }
    Ok(())
}

/// Appends the path without dot segments (RFC 3986 §5.2.4); `..` stops at the root.
fn push_path(path: &str, out: &mut String) -> Result<(), TargetUriError> {
    let path = with_normal_escapes(path)?;
    let mut segments: Vec<&str> = Vec::new();
    let mut ends_in_slash = true;
    for segment in path.split('/').skip(1) {
        ends_in_slash = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    for segment in &segments {
        out.extend(["/", *segment]);
    }
    if ends_in_slash || segments.is_empty() {
        out.push('/');
    }
    Ok(())
}

fn with_normal_escapes(text: &str) -> Result<String, TargetUriError> {
    let mut pieces = text.split('%');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let digits = digits.ok_or(TargetUriError::Character)?;
        let byte = u8::from_str_radix(digits, 16).map_err(|_| TargetUriError::Character)?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.extend(["%", &digits.to_ascii_uppercase()]);
        }
        out.push_str(piece.get(2..).unwrap_or_default());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> Result<String, TargetUriError> {
        TargetUri::parse(text).map(|uri| uri.as_str().to_owned())
    }

    #[test]
    fn one_target_has_one_spelling() {
        for (text, expected) in [
            ("https://server.example.com/token", "https://server.example.com/token"),
            ("HTTPS://Server.Example.COM:443/token", "https://server.example.com/token"),
            ("https://server.example.com:/token", "https://server.example.com/token"),
            ("https://server.example.com:00443/token", "https://server.example.com/token"),
            ("https://server.example.com:8443/token?a=b#c", "https://server.example.com:8443/token"),
            ("https://server.example.com/token#c?d", "https://server.example.com/token"),
            ("http://a:80", "http://a/"),
            ("http://a:443?x", "http://a:443/"),
            ("https://a:80/", "https://a:80/"),
            ("https://a/%7euser/%41%2f%c3%a4", "https://a/~user/A%2F%C3%A4"),
            ("https://a/b/../c/./d/", "https://a/c/d/"),
            ("https://a/b/..", "https://a/"),
            ("https://a/b/c/..", "https://a/b/"),
            ("https://a/b/%2e%2E/c", "https://a/c"),
            ("https://a/../../c", "https://a/c"),
            ("https://a//b", "https://a//b"),
            ("https://a/B", "https://a/B"),
            ("https://a/b/", "https://a/b/"),
            ("https://a/..b/.c", "https://a/..b/.c"),
            ("https://[2001:DB8:0::1]:443/x", "https://[2001:db8::1]/x"),
            ("https://[::1]:8443/x", "https://[::1]:8443/x"),
        ] {
            assert_eq!(normal(text).as_deref(), Ok(expected), "{text}");
            assert_eq!(normal(expected).as_deref(), Ok(expected), "{expected}");
        }
    }

    #[test]
    fn what_is_no_target_is_refused() {
        use TargetUriError::{Authority, Character, Scheme};
        for (text, error) in [
            ("", Scheme),
            ("/token", Scheme),
            ("//a/token", Scheme),
            ("a/token", Scheme),
            ("ftp://a/", Scheme),
            ("https:/a/", Scheme),
            (" https://a/", Character),
            ("https://a/ä", Character),
            ("https://a/ b", Character),
            ("https://a\\b/", Character),
            ("https://a/%", Character),
            ("https://a/%4", Character),
            ("https://a/%g0", Character),
            ("https://a/%+1", Character),
            ("https://", Authority),
            ("https:///x", Authority),
            ("https://:443/", Authority),
            ("https://user@a/", Authority),
            ("https://a:b@c/", Authority),
            ("https://a%2eb/", Authority),
            ("https://a:65536/", Authority),
            ("https://a:+1/", Authority),
            ("https://a:1:2/", Authority),
            ("https://[::1/", Authority),
            ("https://[::1]8/", Authority),
            ("https://[v1.x]/", Authority),
            ("https://a,b/", Authority),
        ] {
            assert_eq!(normal(text), Err(error), "{text}");
        }
        let longest = format!("https://a/{}", "x".repeat(TargetUri::MAX_BYTES - 10));
        assert!(normal(&longest).is_ok());
        assert_eq!(normal(&format!("{longest}x")), Err(TargetUriError::TooLong));
    }

    #[test]
    fn a_path_is_put_behind_the_public_address() {
        let at = |base: &str, path: &str| {
            TargetUri::parse(base).unwrap().at_path(path).map(|uri| uri.as_str().to_owned())
        };
        for (base, path, expected) in [
            ("https://API.example", "/books?x=1", "https://api.example/books"),
            ("https://api.example/", "/", "https://api.example/"),
            ("https://api.example/v1", "/books", "https://api.example/v1/books"),
            ("https://api.example/v1/", "/books/", "https://api.example/v1/books/"),
            ("https://api.example/v1", "/../books", "https://api.example/v1/books"),
            ("https://api.example/v1", "/", "https://api.example/v1/"),
        ] {
            assert_eq!(at(base, path).as_deref(), Ok(expected), "{base} {path}");
        }
        for path in ["*", "", "books", "?/x"] {
            assert_eq!(at("https://a", path), Err(TargetUriError::Path), "{path}");
        }
    }
}
