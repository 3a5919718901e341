//! An access token in a form (RFC 6750 §2.2), which `OpenID` Connect Core §5.3.1 lets clients send to the userinfo endpoint. It becomes
//! the header that the guard reads. Nowhere else: our own pages and programs send the header.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::parameters::parameters;
use crate::http::edge::media_type::is_form;
use crate::http::error::oauth::OauthError;

#[derive(Deserialize)]
struct Form {
    access_token: Option<Zeroizing<String>>,
}

pub(in crate::http) async fn as_header(request: Request, next: Next) -> Response {
    match with_header(request).await {
        Ok(request) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn with_header(request: Request) -> Result<Request, OauthError> {
    if request.method() != Method::POST || !is_form(request.headers()) {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let form: Form = parameters(&parts.headers, body).await?;
    if let Some(token) = form.access_token {
        // RFC 6750 §2: a client must not use more than one method.
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return Err(OauthError::Request("The access token is in the header and in the form"));
        }
        let text = Zeroizing::new(format!("Bearer {}", token.as_str()));
        let mut value = HeaderValue::try_from(text.as_str())
            .map_err(|_| OauthError::Request("The access token has characters that no token has"))?;
        value.set_sensitive(true);
        parts.headers.insert(header::AUTHORIZATION, value);
    }
    Ok(Request::from_parts(parts, axum::body::Body::empty()))
}
