//! The feed as a tower service, for applications that give it out themselves.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::body::Body;
use http::{HeaderValue, Request, Response, StatusCode, header};
use tower_service::Service;

use super::feed::Feed;
use super::followers::FeedCaller;
use super::request::{FeedError, FeedRequest};

/// Gives out a [`Feed`] at whatever path it is mounted. It asks for no key: put a layer in front that does, and
/// that leaves a [`FeedCaller`] in the request's extensions so that the follower has a name.
#[derive(Clone, Debug)]
pub struct FeedService(Feed);

impl Feed {
    /// The feed as a tower service: `Router::new().route_service("/api/revocations", feed.service())`.
    #[must_use]
    pub fn service(&self) -> FeedService {
        FeedService(self.clone())
    }
}

impl<B> Service<Request<B>> for FeedService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let feed = self.0.clone();
        let caller = request.extensions().get().cloned().unwrap_or_else(FeedCaller::default);
        let asked = FeedRequest::parse(request.uri().query(), request.headers());
        Box::pin(async move {
            let response = match asked {
                Ok(asked) => feed.respond(asked, caller).await,
                Err(error) => Err(error),
            };
            Ok(response.unwrap_or_else(|error| refusal(&error)))
        })
    }
}

fn refusal(error: &FeedError) -> Response<Body> {
    let (status, code) = match error {
        FeedError::Query(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_value"),
        FeedError::Full => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
        FeedError::Withdrawn => (StatusCode::UNAUTHORIZED, "invalid_token"),
    };
    let body = serde_json::json!({ "error": error.to_string(), "code": code }).to_string();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match error {
        FeedError::Full => headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5")),
        FeedError::Withdrawn => headers.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(r#"Bearer realm="revocations", error="invalid_token""#),
        ),
        FeedError::Query(_) => None,
    };
    response
}
