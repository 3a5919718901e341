//! The refresh cookie, the device cookie, the session cookie, the bound cookie, the flow cookie and the step cookie: one name each, one set of attributes, for setting and
//! for clearing (CK-1, CK-6, SE-3, FA-3).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::Cookie;
use zeroize::Zeroizing;

use crate::base::clock::Timestamp;
use crate::base::digest::sha256;
use crate::base::random::Random;
use crate::flows::issue::{IssuedRefreshToken, SignedIn};
use crate::http::error::api::ApiError;
use crate::model::bound_cookie::BoundCookie;
use crate::model::device_cookie::DeviceCookie;
use crate::model::second_factor::FactorTicket;
use crate::model::session_cookie::SessionCookie;
use crate::model::ticket::FlowCookie;

/// Reads and writes the cookies.
///
/// Over HTTPS their names begin with `__Host-`. Browsers then demand Secure, Path=/ and no Domain, so no sibling host can
/// plant one (RFC 6265bis §4.1.3.2). Over plain HTTP (development) they would drop such a cookie, so its name differs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cookies {
    secure: bool,
    /// Whether there is a session cookie.
    session: bool,
}

impl Cookies {
    /// `secure` says whether browsers reach the server over HTTPS; `session`, whether there is a session cookie.
    pub(super) const fn new(secure: bool, session: bool) -> Self {
        Self { secure, session }
    }

    pub(super) const fn are_secure(self) -> bool {
        self.secure
    }

    const fn refresh_name(self) -> &'static str {
        if self.secure { "__Host-refreshToken" } else { "refreshToken" }
    }

    const fn device_name(self) -> &'static str {
        if self.secure { "__Host-device" } else { "device" }
    }

    const fn session_name(self) -> &'static str {
        if self.secure { "__Host-session" } else { "session" }
    }

    const fn bound_name(self) -> &'static str {
        if self.secure { "__Host-bound" } else { "bound" }
    }

    /// What a browser has for having proved the key of its session; none if there are two.
    pub(super) fn bound(self, headers: &HeaderMap) -> Option<Zeroizing<String>> {
        one(headers, self.bound_name()).ok().flatten()
    }

    /// The name and the attributes of that cookie, as the browser is told to look for it.
    pub(super) const fn bound_credential(self) -> (&'static str, &'static str) {
        (self.bound_name(), "Path=/; Secure; HttpOnly; SameSite=Lax")
    }

    /// `Set-Cookie` for it.
    pub(super) fn set_bound(self, cookie: &BoundCookie) -> HeaderValue {
        self.header_value(self.bound_name(), cookie.as_str(), BoundCookie::MAX_AGE.as_secs(), LAX)
    }

    /// Removes it.
    pub(super) fn clear_bound(self) -> HeaderValue {
        self.header_value(self.bound_name(), "", 0, LAX)
    }

    const fn flow_name(self) -> &'static str {
        if self.secure { "__Host-flow" } else { "flow" }
    }

    /// The flow cookie in the request's cookies: the ticket that this browser asked for last. None if there are two, and
    /// nothing says which one is meant (CK-4).
    pub(super) fn flow(self, headers: &HeaderMap) -> Option<FlowCookie> {
        one(headers, self.flow_name()).ok().flatten().and_then(|text| FlowCookie::parse(&text))
    }

    /// `Set-Cookie` for the flow cookie. A browser sends it also when the link of a mail leads here.
    pub(super) fn set_flow(self, flow: &FlowCookie) -> HeaderValue {
        let max_age = FlowCookie::MAX_AGE.as_secs();
        self.header_value(self.flow_name(), &flow.to_secret_text(), max_age, LAX)
    }

    #[cfg(feature = "oidc")]
    const fn authorize_name(self) -> &'static str {
        if self.secure { "__Host-authorize" } else { "authorize" }
    }

    /// What binds requests of applications to the browser that brought them; none if there are two (CK-4).
    #[cfg(feature = "oidc")]
    pub(super) fn authorize(self, headers: &HeaderMap) -> Option<StepCookie> {
        one(headers, self.authorize_name()).ok().flatten().and_then(|text| StepCookie::from_browser(&text))
    }

    /// `Set-Cookie` for it. A browser sends it also when it comes from the application.
    #[cfg(feature = "oidc")]
    pub(super) fn set_authorize(self, cookie: &StepCookie) -> HeaderValue {
        self.header_value(self.authorize_name(), &cookie.0, AUTHORIZE_MAX_AGE.as_secs(), LAX)
    }

    const fn step_name(self) -> &'static str {
        if self.secure { "__Host-step" } else { "step" }
    }

    /// What binds the second step of a sign-in to the browser that made the first; none if there are two (CK-4).
    pub(super) fn step(self, headers: &HeaderMap) -> Option<StepCookie> {
        one(headers, self.step_name()).ok().flatten().and_then(|text| StepCookie::from_browser(&text))
    }

    /// `Set-Cookie` for it.
    pub(super) fn set_step(self, cookie: &StepCookie) -> HeaderValue {
        self.header_value(self.step_name(), &cookie.0, FactorTicket::LIFETIME.as_secs(), STRICT)
    }

    /// Removes it.
    pub(super) fn clear_step(self) -> HeaderValue {
        self.header_value(self.step_name(), "", 0, STRICT)
    }

    /// The refresh token in the request's cookies.
    ///
    /// # Errors
    /// [`ApiError::AmbiguousRefreshToken`] when there are two (CK-4): an attacker may have planted one of them.
    pub(super) fn refresh_token(self, headers: &HeaderMap) -> Result<Option<Zeroizing<String>>, ApiError> {
        one(headers, self.refresh_name()).map_err(|Ambiguous| ApiError::AmbiguousRefreshToken)
    }

    /// The device cookie in the request's cookies; none if there are two: it is worth only a few more attempts.
    pub(super) fn device(self, headers: &HeaderMap) -> Option<DeviceCookie> {
        one(headers, self.device_name()).ok().flatten().and_then(|text| DeviceCookie::from_browser(&text))
    }

    /// The session cookie in the request's cookies; none if there are two, and nothing says which one is meant (CK-4).
    pub(super) fn session(self, headers: &HeaderMap) -> Option<Zeroizing<String>> {
        one(headers, self.session_name()).ok().flatten()
    }

    /// `Set-Cookie` for what a login or refresh gives: none where the client keeps the token that it has (RF-3b).
    pub(super) fn add(self, signed_in: &SignedIn, now: Timestamp, response: &mut HeaderMap) {
        let refresh = signed_in.refresh.as_ref().map(|refresh| self.set(refresh, now));
        let device = signed_in.device.as_ref().map(|device| self.set_device(device));
        for cookie in refresh.into_iter().chain(device) {
            response.append(header::SET_COOKIE, cookie);
        }
    }

    /// `Set-Cookie` for a new refresh token; it lives as long as its session can (RF-8).
    fn set(self, refresh: &IssuedRefreshToken, now: Timestamp) -> HeaderValue {
        self.header_value(self.refresh_name(), &refresh.token, refresh.ends_at.since(now).as_secs(), STRICT)
    }

    /// Removes the refresh token and the session cookie: only where the session is really over (RF-12).
    pub(super) fn clear(self, headers: &mut HeaderMap) {
        headers.append(header::SET_COOKIE, self.header_value(self.refresh_name(), "", 0, STRICT));
        if self.session {
            headers.append(header::SET_COOKIE, self.header_value(self.session_name(), "", 0, LAX));
        }
    }

    /// `Set-Cookie` for the session cookie. A browser sends it also when a link of another site leads to a page, which is
    /// what it is for.
    pub(super) fn set_session(self, cookie: &SessionCookie, max_age: Duration) -> HeaderValue {
        self.header_value(self.session_name(), cookie.as_str(), max_age.as_secs(), LAX)
    }

    /// `Set-Cookie` for the device cookie. Nothing removes it: it survives logout (CK-6).
    fn set_device(self, device: &DeviceCookie) -> HeaderValue {
        self.header_value(self.device_name(), device.as_str(), DeviceCookie::MAX_AGE.as_secs(), STRICT)
    }

    fn header_value(self, name: &str, token: &str, max_age: u64, same_site: &str) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let text =
            format!("{name}={token}; HttpOnly{secure}; SameSite={same_site}; Path=/; Max-Age={max_age}");
        #[expect(
            clippy::expect_used,
            reason = "the name, a base64url token and a number are all visible ASCII"
        )]
        let mut value = HeaderValue::try_from(text).expect("a cookie of ASCII parts");
        value.set_sensitive(true);
        value
    }
}

/// 256 random bits that a browser keeps between the two steps of a sign-in.
pub(super) struct StepCookie(Zeroizing<String>);

impl StepCookie {
    pub(super) fn random(random: &Random) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random.bytes::<32>()).into())
    }

    fn from_browser(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned().into()))
    }

    /// What the ticket says of it.
    pub(super) fn hash(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }
}

/// For as long as a request of an application is good.
#[cfg(feature = "oidc")]
const AUTHORIZE_MAX_AGE: Duration = Duration::from_mins(10);
const STRICT: &str = "Strict";
const LAX: &str = "Lax";

struct Ambiguous;

/// The value of the one cookie of this name that is not empty. Quotes around it are no part of it (RFC 6265 §4.1.1).
fn one(headers: &HeaderMap, name: &str) -> Result<Option<Zeroizing<String>>, Ambiguous> {
    let mut found = None;
    for value in headers.get_all(header::COOKIE) {
        // Bytes that are not UTF-8 belong to some other application's cookie.
        let text = String::from_utf8_lossy(value.as_bytes());
        for cookie in Cookie::split_parse(&*text).flatten() {
            let value = cookie.value_trimmed();
            let is_it = cookie.name() == name && !value.is_empty();
            if is_it && found.replace(Zeroizing::new(value.to_owned())).is_some() {
                return Err(Ambiguous);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTPS: Cookies = Cookies::new(true, true);
    const PLAIN: Cookies = Cookies::new(false, false);

    fn headers(values: &[&'static str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (header::COOKIE, HeaderValue::from_bytes(value.as_bytes()).unwrap()))
            .collect()
    }

    #[test]
    fn one_cookie_is_found_among_others() {
        let found = |values: &[&'static str]| {
            HTTPS.refresh_token(&headers(values)).unwrap().map(|token| token.to_string())
        };
        assert_eq!(found(&["a=b; __Host-refreshToken=t; c"]).as_deref(), Some("t"));
        assert_eq!(found(&["$Version=1;;__Host-refreshToken = \"t\" ;"]).as_deref(), Some("t"));
        assert_eq!(
            found(&["a=\u{e9}; __host-refreshToken=x; __Host-refreshToken=t=="]).as_deref(),
            Some("t==")
        );
        assert_eq!(found(&["a=b", "__Host-refreshToken=t"]).as_deref(), Some("t"));
        assert_eq!(found(&["refreshToken=t", "x__Host-refreshToken=t"]), None);
        assert_eq!(found(&["__Host-refreshToken=; __Host-refreshToken=\"\""]), None);
        assert_eq!(found(&[]), None);
    }

    /// CK-4: two are refused, in one header or in two.
    #[test]
    fn two_cookies_of_the_name_are_ambiguous() {
        for values in [&["refreshToken=a; refreshToken=b"][..], &["refreshToken=a", "refreshToken=a"]] {
            let refused = PLAIN.refresh_token(&headers(values));
            assert!(matches!(refused, Err(ApiError::AmbiguousRefreshToken)), "{values:?}");
        }
    }

    /// CK-1: the attributes, and the same ones when it is removed (SE-3).
    #[test]
    fn the_cookie_has_its_attributes() {
        let cleared = |cookies: Cookies| {
            let mut headers = HeaderMap::new();
            cookies.clear(&mut headers);
            let values: Vec<_> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
            assert!(values.iter().all(HeaderValue::is_sensitive));
            values
        };
        let https = [
            "__Host-refreshToken=; HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age=0",
            "__Host-session=; HttpOnly; Secure; SameSite=Lax; Path=/; Max-Age=0",
        ];
        assert_eq!(cleared(HTTPS), https);
        assert_eq!(cleared(PLAIN), ["refreshToken=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"]);
    }
}
