//! The one request, as GET and as POST.

use ureq::http::{StatusCode, header};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, RequestBuilder, config::Config};

use crate::address::RuledResolver;
use crate::document::{Answer, Document, Reply, fresh_for, text};
use crate::error::FetchError;
use crate::options::{Addresses, FetchOptions};
use crate::tls;
use crate::url::FetchUrl;

/// Fetches a document, all of it.
///
/// # Errors
/// Each variant of [`FetchError`] but [`NotJson`](FetchError::NotJson), as it says.
pub fn get(url: &FetchUrl, options: &FetchOptions) -> Result<Document, FetchError> {
    match get_unless(url, None, options)? {
        Answer::Document(document) => Ok(document),
        Answer::NotModified { .. } => Err(FetchError::Status(StatusCode::NOT_MODIFIED)),
    }
}

/// Fetches a document unless it still has this `ETag` (`If-None-Match`, RFC 9110 §13.1.2).
///
/// # Errors
/// As [`get`].
pub fn get_unless(url: &FetchUrl, etag: Option<&str>, options: &FetchOptions) -> Result<Answer, FetchError> {
    let explain = |error| FetchError::from_client(error, options.timeout);
    let mut request = with_secret(agent(url, options)?.get(url.uri()), options);
    if let Some(etag) = etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    let mut response = request.call().map_err(explain)?;
    let (status, headers) = (response.status(), response.headers());
    match status {
        StatusCode::OK => {}
        StatusCode::NOT_MODIFIED if etag.is_some() => {
            return Ok(Answer::NotModified { fresh_for: fresh_for(headers) });
        }
        _ if status.is_redirection() && status != StatusCode::NOT_MODIFIED => {
            let to = text(headers, header::LOCATION).unwrap_or_else(|| "nowhere".into());
            return Err(FetchError::Redirect { status, to });
        }
        _ => return Err(FetchError::Status(status)),
    }
    let document = Document {
        body: Vec::new(),
        content_type: text(headers, header::CONTENT_TYPE),
        etag: text(headers, header::ETAG),
        fresh_for: fresh_for(headers),
    };
    let body = response.body_mut().with_config().limit(options.max_bytes).read_to_vec().map_err(explain)?;
    Ok(Answer::Document(Document { body, ..document }))
}

/// Sends a body of this media type, and gives the reply whatever its status: a redirect is one, and is not
/// followed.
///
/// # Errors
/// The variants of [`FetchError`] that say why there is no complete response.
pub fn post(
    url: &FetchUrl,
    content_type: &'static str,
    body: &[u8],
    options: &FetchOptions,
) -> Result<Reply, FetchError> {
    let explain = |error| FetchError::from_client(error, options.timeout);
    let request = with_secret(agent(url, options)?.post(url.uri()), options);
    let mut response = request.content_type(content_type).send(body).map_err(explain)?;
    let status = response.status();
    let body = response.body_mut().with_config().limit(options.max_bytes).read_to_vec().map_err(explain)?;
    Ok(Reply { status, body })
}

fn with_secret<B>(request: RequestBuilder<B>, options: &FetchOptions) -> RequestBuilder<B> {
    match &options.secret_header {
        Some((name, value)) => request.header(name, value),
        None => request,
    }
}

fn agent(url: &FetchUrl, options: &FetchOptions) -> Result<Agent, FetchError> {
    let config = Config::builder()
        .user_agent("countersign")
        .accept(options.accept)
        .timeout_global(Some(options.timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false);
    let config = if url.is_plain_http() {
        config.proxy(None) // this machine is meant
    } else {
        config.https_only(true).tls_config(tls::config(options.ca_file.as_deref())?)
    };
    let config = match options.addresses {
        Addresses::Any => config,
        Addresses::PublicOnly => config.proxy(None), // it would resolve the name, beyond the rule
    };
    let resolver = RuledResolver::new(options.addresses);
    Ok(Agent::with_parts(config.build(), DefaultConnector::default(), resolver))
}
