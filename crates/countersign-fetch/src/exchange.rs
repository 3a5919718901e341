//! One request as it is given, and the whole response, whatever it is: for looking at what is between us and a server.

use ureq::http::{HeaderMap, Method, Request, StatusCode};

use crate::error::FetchError;
use crate::options::FetchOptions;
use crate::request::{agent, config, with_head};
use crate::url::FetchUrl;

/// What is asked, beside the URL.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The method.
    pub method: Method,
    /// Header fields beside those of the options.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// The whole response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// The status, whatever it is.
    pub status: StatusCode,
    /// Every header field.
    pub headers: HeaderMap,
    /// The body, at most as long as the options say.
    pub body: Vec<u8>,
}

/// Asks, and gives the response whatever its status. A redirect is one, and is not followed.
///
/// # Errors
/// The variants of [`FetchError`] that say why there is no complete response.
pub fn exchange(url: &FetchUrl, question: Question, options: &FetchOptions) -> Result<Exchange, FetchError> {
    let explain = |error| FetchError::from_client(error, options.timeout);
    let config = config(url, options)?.timeout_global(Some(options.timeout)).build();
    let request = Request::builder().method(question.method).uri(url.uri());
    let mut request =
        with_head(request, options).body(question.body).map_err(|error| explain(error.into()))?;
    request.headers_mut().extend(question.headers);
    let mut response = agent(config, options).run(request).map_err(explain)?;
    let body = response.body_mut().with_config().limit(options.max_bytes).read_to_vec().map_err(explain)?;
    Ok(Exchange { status: response.status(), headers: response.headers().clone(), body })
}
