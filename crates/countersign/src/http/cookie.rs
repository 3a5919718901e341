//! The refresh cookie: one name, one set of attributes, for setting and for clearing (CK-1, SE-3).

use axum::http::{HeaderMap, HeaderValue, header};

use super::error::ApiError;
use crate::clock::Timestamp;
use crate::login::IssuedRefreshToken;

/// The name under which browsers keep it. `__Host-` makes them demand Secure, Path=/ and no Domain, so that no sibling
/// host can plant one; over plain HTTP (development) they would drop such a cookie, so it has another name there.
const fn name(https: bool) -> &'static str {
    if https { "__Host-refreshToken" } else { "refreshToken" }
}

/// The refresh token in the request's cookies.
///
/// # Errors
/// [`ApiError::AmbiguousRefreshToken`] when there are two (CK-4): one of them may have been tossed in by somebody else.
pub(super) fn refresh_token(headers: &HeaderMap, https: bool) -> Result<Option<&str>, ApiError> {
    let mut found = None;
    for value in headers.get_all(header::COOKIE) {
        // Bytes that are not ASCII belong to some other application's cookie, or are no token of ours.
        for pair in value.as_bytes().split(|byte| *byte == b';') {
            let Ok(pair) = std::str::from_utf8(pair) else { continue };
            let Some((cookie, token)) = pair.trim().split_once('=') else { continue };
            let is_ours = cookie == name(https) && !token.is_empty();
            if is_ours && found.replace(token).is_some() {
                return Err(ApiError::AmbiguousRefreshToken);
            }
        }
    }
    Ok(found)
}

/// `Set-Cookie` for a new refresh token; it lives as long as its session can (RF-8).
pub(super) fn set(refresh: &IssuedRefreshToken, now: Timestamp, https: bool) -> HeaderValue {
    header_value(&refresh.token, refresh.ends_at.since(now).as_secs(), https)
}

/// `Set-Cookie` that removes it: only where the session is really over (RF-12).
pub(super) fn clear(https: bool) -> HeaderValue {
    header_value("", 0, https)
}

fn header_value(token: &str, max_age: u64, https: bool) -> HeaderValue {
    let name = name(https);
    let secure = if https { "; Secure" } else { "" };
    let text = format!("{name}={token}; HttpOnly{secure}; SameSite=Strict; Path=/; Max-Age={max_age}");
    #[expect(clippy::expect_used, reason = "the name, a base64url token and a number are all visible ASCII")]
    let mut value = HeaderValue::try_from(text).expect("a cookie of ASCII parts");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (header::COOKIE, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn one_cookie_is_found_among_others() {
        let found =
            |values: &[&'static str]| refresh_token(&headers(values), true).unwrap().map(str::to_owned);
        assert_eq!(found(&["a=b; __Host-refreshToken=t; c"]).as_deref(), Some("t"));
        assert_eq!(found(&["a=b", "__Host-refreshToken=t"]).as_deref(), Some("t"));
        assert_eq!(found(&["refreshToken=t", "x__Host-refreshToken=t"]), None);
        assert_eq!(found(&["__Host-refreshToken="]), None);
        assert_eq!(found(&[]), None);
    }

    /// CK-4: two are refused, in one header or in two.
    #[test]
    fn two_cookies_of_the_name_are_ambiguous() {
        for values in [&["refreshToken=a; refreshToken=b"][..], &["refreshToken=a", "refreshToken=a"]] {
            let headers = headers(values);
            let refused = refresh_token(&headers, false);
            assert!(matches!(refused, Err(ApiError::AmbiguousRefreshToken)), "{values:?}");
        }
    }

    /// CK-1: the attributes, and the same ones when it is removed (SE-3).
    #[test]
    fn the_cookie_has_its_attributes() {
        assert_eq!(clear(true), "__Host-refreshToken=; HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age=0");
        assert_eq!(clear(false), "refreshToken=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
        assert!(clear(true).is_sensitive());
    }
}
