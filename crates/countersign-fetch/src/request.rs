//! The one request: a document, a stream, or a POST.

use std::time::Duration;

use ureq::config::{Config, ConfigBuilder};
use ureq::http::request::Builder;
use ureq::http::{HeaderName, Response, StatusCode, header};
use ureq::typestate::AgentScope;
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, RequestBuilder};

use crate::address::RuledResolver;
use crate::document::{Answer, Document, Reply, fresh_for, text};
use crate::error::FetchError;
use crate::options::{Addresses, FetchOptions};
use crate::stream::ByteStream;
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
    let config = config(url, options)?.timeout_global(Some(options.timeout));
    let header = etag.map(|etag| (header::IF_NONE_MATCH, etag));
    let mut response = call(url, header, options, config.build())?;
    let headers = response.headers();
    if etag.is_some() && response.status() == StatusCode::NOT_MODIFIED {
        return Ok(Answer::NotModified { fresh_for: fresh_for(headers) });
    }
    refuse_other_status(&response)?;
    let document = Document {
        body: Vec::new(),
        content_type: text(headers, header::CONTENT_TYPE),
        etag: text(headers, header::ETAG),
        fresh_for: fresh_for(headers),
    };
    let body = response.body_mut().with_config().limit(options.max_bytes).read_to_vec();
    let body = body.map_err(|error| FetchError::from_client(error, options.timeout))?;
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
    let config = config(url, options)?.timeout_global(Some(options.timeout));
    let request = with_credentials(agent(config.build(), options).post(url.uri()), options);
    let mut response = request.content_type(content_type).send(body).map_err(explain)?;
    let status = response.status();
    let body = response.body_mut().with_config().limit(options.max_bytes).read_to_vec().map_err(explain)?;
    Ok(Reply { status, body })
}

fn with_credentials<B>(mut request: RequestBuilder<B>, options: &FetchOptions) -> RequestBuilder<B> {
    if let Some((name, value)) = &options.secret_header {
        request = request.header(name, value);
    }
    if let Some(bearer) = &options.bearer {
        request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
    }
    request
}

pub(crate) fn agent(config: Config, options: &FetchOptions) -> Agent {
    Agent::with_parts(config, DefaultConnector::default(), RuledResolver::new(options.addresses))
}

/// Opens a response that never ends, such as `text/event-stream`, and gives its body while it comes.
///
/// The options' `timeout` is for each step up to the response's head, and then for each read anew: with a server that
/// sends a heartbeat, a connection whose other end has vanished is noticed. `max_bytes` has no effect; the reader sets
/// limits. `last_event_id` goes into the header of that name (WHATWG HTML §9.2.4), for a server to go on after it.
///
/// # Errors
/// As [`get`], for the head.
pub fn open(
    url: &FetchUrl,
    last_event_id: Option<&str>,
    options: &FetchOptions,
) -> Result<ByteStream, FetchError> {
    let limit = Some(options.timeout);
    let config = config(url, options)?
        .timeout_resolve(limit)
        .timeout_connect(limit)
        .timeout_send_request(limit)
        .timeout_recv_response(limit)
        .timeout_per_read(limit)
        .timeout_per_write(limit);
    let header = last_event_id.map(|id| (LAST_EVENT_ID, id));
    let response = call(url, header, options, config.build())?;
    refuse_other_status(&response)?;
    let content_type = text(response.headers(), header::CONTENT_TYPE);
    let reader = response.into_body().into_with_config().limit(u64::MAX).reader();
    Ok(ByteStream::new(content_type, reader, options.timeout))
}

/// The same for a request that is built by hand.
pub(crate) fn with_head(mut request: Builder, options: &FetchOptions) -> Builder {
    if let Some((name, value)) = &options.secret_header {
        request = request.header(name, value);
    }
    match &options.bearer {
        Some(bearer) => request.header(header::AUTHORIZATION, format!("Bearer {bearer}")),
        None => request,
    }
}

fn call(
    url: &FetchUrl,
    header: Option<(HeaderName, &str)>,
    options: &FetchOptions,
    config: Config,
) -> Result<Response<Body>, FetchError> {
    let mut request = with_credentials(agent(config, options).get(url.uri()), options);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    request.call().map_err(|error| FetchError::from_client(error, options.timeout))
}

fn refuse_other_status(response: &Response<Body>) -> Result<(), FetchError> {
    let (status, headers) = (response.status(), response.headers());
    if status == StatusCode::OK {
        return Ok(());
    }
    if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
        let to = text(headers, header::LOCATION).unwrap_or_else(|| "nowhere".into());
        return Err(FetchError::Redirect { status, to });
    }
    let after = text(headers, header::RETRY_AFTER).and_then(|seconds| seconds.trim().parse().ok());
    match (status, after) {
        (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, Some(seconds)) => {
            Err(FetchError::RetryAfter { status, after: Duration::from_secs(seconds) })
        }
        _ => Err(FetchError::Status(status)),
    }
}

pub(crate) fn config(
    url: &FetchUrl,
    options: &FetchOptions,
) -> Result<ConfigBuilder<AgentScope>, FetchError> {
    let config = Config::builder()
        .user_agent("countersign")
        .accept(options.accept)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false);
    let config = if url.is_plain_http() {
        config.proxy(None) // this machine is meant
    } else {
        config.https_only(true).tls_config(tls::config(options.ca_file.as_deref())?)
    };
    Ok(match options.addresses {
        Addresses::Any => config,
        Addresses::PublicOnly => config.proxy(None), // it would resolve the name, beyond the rule
    })
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
