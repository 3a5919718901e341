//! The values of `[import.upstream]`.

use axum::http::HeaderName;
use countersign_fetch::FetchUrl;

use super::setting::{Scalar, choice, one_of};

/// The address of a login: https, or http on this machine.
#[derive(Clone, Debug)]
pub(crate) struct LoginUrl(pub(crate) FetchUrl);

impl Scalar for LoginUrl {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        FetchUrl::parse(text).map(Self).map_err(|error| format!("{text:?}: {error}"))
    }
}

/// A status by which a login says no (RFC 9110 §15.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientErrorStatus(pub(crate) u16);

impl Scalar for ClientErrorStatus {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        let status = text.parse().ok().filter(|status| (400..500).contains(status));
        // It says that too many were asked, and nothing about the password.
        let status = status.filter(|status| *status != 429);
        status.map(Self).ok_or_else(|| format!("{text:?} is not a status from 400 to 499 other than 429"))
    }
}

/// The name of a header field.
#[derive(Clone, Debug)]
pub(crate) struct FieldName(pub(crate) HeaderName);

impl Scalar for FieldName {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("{text:?} is not the name of a header field"))
    }
}

choice! {
    /// How a name and a password are sent.
    LoginFormat {
        /// As a JSON object.
        Json = "json",
        /// As a form, like a page in a browser.
        Form = "form"
    }
}
