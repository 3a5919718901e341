//! What a browser gets on the way of a request for authorization: a page of ours, or the way back to the application.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::app::App;
use crate::http::edge::language::accept_language;
use crate::http::error::api::ApiError;
use crate::model::oauth::ErrorRedirect;
use crate::model::outbox::DeliveryFailure;
use crate::render::{CONSENT_POLICY, FORM_POST_POLICY, PAGE_POLICY, PAGE_REFERRER, Page, PageValues};
use crate::store::Store;

/// RFC 6749 §4.1.2.1, RFC 9207 §2.
pub(super) fn error_redirect<S: Store>(
    app: &App<S>,
    headers: &HeaderMap,
    redirect: &ErrorRedirect,
) -> Response {
    let mut query = vec![
        ("error", redirect.error.name().to_owned()),
        ("error_description", redirect.description.to_owned()),
    ];
    query.extend(redirect.state.clone().map(|state| ("state", state)));
    query.push(("iss", app.countersign.options().issuer.clone()));
    back(app, headers, (&redirect.redirect_uri, redirect.form_post), &query)
}

/// Back to the application, in its address or by a form (OAuth 2.0 Form Post Response Mode §2).
pub(super) fn back<S: Store>(
    app: &App<S>,
    headers: &HeaderMap,
    (address, form_post): (&str, bool),
    query: &[(&str, String)],
) -> Response {
    if !form_post {
        return see_other(&with_query(address, query));
    }
    let values = PageValues { link: address, fields: query, ..PageValues::default() };
    page(app, headers, StatusCode::OK, (Page::FormPost, values))
}

/// An address as it is, with more parameters: a registered one has no fragment.
pub(super) fn with_query(address: &str, query: &[(&str, String)]) -> String {
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}{}", serde_urlencoded::to_string(query).unwrap_or_default())
}

/// Never 307, which would send a form on to the application (RFC 9700 §4.12).
pub(super) fn see_other(address: &str) -> Response {
    match HeaderValue::try_from(address) {
        Ok(address) => (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The server failed.
pub(super) fn failed<S: Store>(app: &App<S>, headers: &HeaderMap, error: &ApiError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "a request for authorization failed");
    refused(app, headers, error.for_a_page().0, ("failed", None))
}

pub(super) fn refused<S: Store>(
    app: &App<S>,
    headers: &HeaderMap,
    status: StatusCode,
    (why, closest): (&str, Option<&str>),
) -> Response {
    let values = PageValues { destination: closest.unwrap_or_default(), ..PageValues::default() };
    page(app, headers, status, (Page::AppRefused(why), values))
}

/// These pages are one step below the server's others.
pub(super) fn page<S: Store>(
    app: &App<S>,
    headers: &HeaderMap,
    status: StatusCode,
    (page, values): (Page<'_>, PageValues<'_>),
) -> Response {
    let values = PageValues { root: "../", ..values };
    let rendered = app.countersign.templates().and_then(|templates| {
        let html = templates.page(templates.language(None, accept_language(headers)), page, &values);
        html.map_err(|error| DeliveryFailure::Transient(error.to_string()))
    });
    let policy = match page {
        // What their forms lead to may be an application.
        Page::Consent | Page::Logout(_) => CONSENT_POLICY,
        Page::FormPost => FORM_POST_POLICY,
        _ => PAGE_POLICY,
    };
    match rendered {
        Ok(html) => {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, policy),
                (header::REFERRER_POLICY, PAGE_REFERRER),
            ];
            (status, headers, html).into_response()
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a page cannot be shown");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_added_to_an_address_as_it_is() {
        let query = [("code", "a b".to_owned()), ("state", "&=#\u{e4}".to_owned())];
        let added = "code=a+b&state=%26%3D%23%C3%A4";
        for (address, joint) in
            [("https://a.example/cb", '?'), ("https://a.example/cb?x=1", '&'), ("com.a:/cb", '?')]
        {
            assert_eq!(with_query(address, &query), format!("{address}{joint}{added}"));
        }
    }
}
