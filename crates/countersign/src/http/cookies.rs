//! The refresh cookie and the device cookie: one name each, one set of attributes, for setting and for clearing (CK-1,
//! CK-6, SE-3).

use axum::http::{HeaderMap, HeaderValue, header};

use crate::base::clock::Timestamp;
use crate::flows::issue::IssuedRefreshToken;
use crate::http::error::ApiError;
use crate::model::device_cookie::DeviceCookie;

/// The names under which browsers keep them. `__Host-` makes them demand Secure, Path=/ and no Domain, so that no sibling
/// host can plant one; over plain HTTP (development) they would drop such a cookie, so it has another name there.
const fn name(https: bool) -> &'static str {
    if https { "__Host-refreshToken" } else { "refreshToken" }
}

const fn device_name(https: bool) -> &'static str {
    if https { "__Host-device" } else { "device" }
}

/// The refresh token in the request's cookies.
///
/// # Errors
/// [`ApiError::AmbiguousRefreshToken`] when there are two (CK-4): one of them may have been tossed in by somebody else.
pub(super) fn refresh_token(headers: &HeaderMap, https: bool) -> Result<Option<&str>, ApiError> {
    one(headers, name(https)).map_err(|Ambiguous| ApiError::AmbiguousRefreshToken)
}

/// The device cookie in the request's cookies; of two, none: it is worth nothing but a few attempts more.
pub(super) fn device(headers: &HeaderMap, https: bool) -> Option<DeviceCookie> {
    one(headers, device_name(https)).ok().flatten().and_then(DeviceCookie::from_browser)
}

struct Ambiguous;

fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Ambiguous> {
    let mut found = None;
    for value in headers.get_all(header::COOKIE) {
        // Bytes that are not ASCII belong to some other application's cookie, or are no token of ours.
        for pair in value.as_bytes().split(|byte| *byte == b';') {
            let Ok(pair) = std::str::from_utf8(pair) else { continue };
            let Some((cookie, token)) = pair.trim().split_once('=') else { continue };
            let is_it = cookie == name && !token.is_empty();
            if is_it && found.replace(token).is_some() {
                return Err(Ambiguous);
            }
        }
    }
    Ok(found)
}

/// `Set-Cookie` for a new refresh token; it lives as long as its session can (RF-8).
pub(super) fn set(refresh: &IssuedRefreshToken, now: Timestamp, https: bool) -> HeaderValue {
    header_value(name(https), &refresh.token, refresh.ends_at.since(now).as_secs(), https)
}

/// `Set-Cookie` that removes it: only where the session is really over (RF-12).
pub(super) fn clear(https: bool) -> HeaderValue {
    header_value(name(https), "", 0, https)
}

/// `Set-Cookie` for the device cookie. Nothing removes it: it survives logout (CK-6).
pub(super) fn set_device(device: &DeviceCookie, https: bool) -> HeaderValue {
    header_value(device_name(https), device.as_str(), DeviceCookie::MAX_AGE.as_secs(), https)
}

fn header_value(name: &str, token: &str, max_age: u64, https: bool) -> HeaderValue {
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
