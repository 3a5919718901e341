//! The refresh token on its way in and out: from a cookie and back into it, or from a body and back into one. A client
//! that presents it one way gets its successor the same way.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::base::clock::Timestamp;
use crate::flows::issue::SignedIn;
use crate::http::app::App;
use crate::http::cookies::Cookies;
use crate::http::error::api::ApiError;
use crate::model::device_cookie::DeviceCookie;
use crate::model::second_factor::RecoveryCode;
use crate::store::Store;
use crate::wire::{Optional, TokenResponse, UserView};

/// How the client gets its refresh token.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Delivery {
    /// In an `HttpOnly` cookie, which no script can read: for browsers.
    #[default]
    Cookie,
    /// In the body: for native apps, which have no cookie jar and a safer place.
    Body,
}

/// The refresh token of a request, from its body or its cookie, and how its successor is to be delivered.
///
/// # Errors
/// [`ApiError::AmbiguousRefreshToken`] when the request carries more than one (CK-4).
pub(super) fn presented(
    headers: &HeaderMap,
    in_body: Option<Zeroizing<String>>,
    cookies: Cookies,
) -> Result<Option<(Zeroizing<String>, Delivery)>, ApiError> {
    match (in_body, cookies.refresh_token(headers)?) {
        (Some(_), Some(_)) => Err(ApiError::AmbiguousRefreshToken),
        (Some(token), None) => Ok(Some((token, Delivery::Body))),
        (None, Some(token)) => Ok(Some((token, Delivery::Cookie))),
        (None, None) => Ok(None),
    }
}

/// The response to a login and to a refresh.
pub(super) fn respond<S: Store>(
    app: &App<S>,
    signed_in: &SignedIn,
    delivery: Delivery,
    now: Timestamp,
) -> Response {
    let SignedIn { account, access, refresh, device, recovery_codes, .. } = signed_in;
    let codes: Vec<_> = recovery_codes.iter().map(RecoveryCode::to_secret_text).collect();
    let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let in_body = delivery == Delivery::Body;
    let body = TokenResponse {
        access_token: &access.token,
        token: &access.token,
        token_type: access.token_type(),
        expires_in: access.expires_in,
        user: UserView::from(account),
        refresh_token: Optional(refresh.as_ref().filter(|_| in_body).map(|refresh| refresh.token.as_str())),
        recovery_codes: Optional((!codes.is_empty()).then_some(codes)),
        device_token: Optional(device.as_ref().filter(|_| in_body).map(DeviceCookie::as_str)),
    };
    let mut response = axum::Json(body).into_response();
    if delivery == Delivery::Cookie {
        app.add_cookies(signed_in, now, response.headers_mut());
    }
    response
}
