//! `/login/return?to=…`: the way from the sign-in page back to a front end on another origin. An attacker may have written
//! the address (CS-8), and the page cannot tell which origins are configured; the server can, and tells nobody all of them.

use axum::extract::{Query, State};
use axum::response::Redirect;
use serde::Deserialize;

use crate::http::app::App;
use crate::http::edge;
use crate::store::Store;

#[derive(Deserialize)]
pub(super) struct Return {
    #[serde(default)]
    to: String,
}

/// Redirects to the address if it is on a configured front end, and to the sign-in page otherwise. That knows where a user
/// goes whom no page has sent.
pub(super) async fn allowed<S: Store>(
    State(app): State<App<S>>,
    Query(Return { to }): Query<Return>,
) -> Redirect {
    let is_allowed = origin_of(&to).is_some_and(|origin| edge::origins(&app).has_front_end(origin));
    // Relative, so that it holds under a path prefix.
    Redirect::to(if is_allowed { &to } else { "../login" })
}

/// The origin at which a browser arrives that follows this address: everything before what ends the authority (WHATWG URL,
/// authority state). Nothing that could be dropped or read in two ways is let through.
fn origin_of(address: &str) -> Option<&str> {
    let host = address.find("://")? + "://".len();
    let end = address[host..].find(['/', '?', '#']).map_or(address.len(), |end| host + end);
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_plain.then_some(&address[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CS-8.
    #[test]
    fn only_an_address_on_exactly_this_origin_is_followed() {
        let on = |address: &str| origin_of(address) == Some("https://app.example");
        for good in ["", "/", "/a/b?c=d#e", "?a", "#a", "/@evil.example", "//evil.example", "/%2e%2e/x"] {
            assert!(on(&format!("https://app.example{good}")), "{good}");
        }
        for hostile in [
            "",
            "/",
            "https://app.example.evil.example/",
            "https://app.example@evil.example/",
            "https://app.example:8443/",
            "https://app.example:@evil.example/",
            "https://app.example\\@evil.example/",
            "https://app.example/\\evil",
            "https://app.example\t.evil.example/",
            "https://app.example/\r\nSet-Cookie: a=b",
            "https://app.example/\u{e9}",
            "https://APP.example/",
            "http://app.example/",
            " https://app.example/",
            "//app.example/",
            "javascript:alert(1)//https://app.example/",
        ] {
            assert!(!on(hostile), "{hostile:?}");
        }
    }
}
