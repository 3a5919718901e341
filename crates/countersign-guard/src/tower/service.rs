//! [`GuardService`]: checks a request, then passes it on with the claims or refuses it without calling the
//! inner service.

use std::mem;
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue, Request, Response, header};
use tower_service::Service;

use super::demands::Demands;
use super::future::{GuardFuture, Manner, Waiting};
use crate::claims::AccessClaims;
use crate::guard::Guard;
use crate::refusal::Refusal;

/// A service behind a [`Guard`]. Its requests have [`AccessClaims`] in their extensions.
#[derive(Clone, Debug)]
pub struct GuardService<S> {
    pub(super) inner: S,
    pub(super) guard: Guard,
    pub(super) demands: Demands,
}

impl<S> GuardService<S> {
    fn check<B>(&self, request: &Request<B>) -> Result<AccessClaims, Refusal> {
        let claims = self.guard.authenticate_request(request.method(), request.uri(), request.headers())?;
        self.demands.check(&claims, self.guard.unix_now())?;
        Ok(claims)
    }
}

impl<S, B, R> Service<Request<B>> for GuardService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: From<String>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = GuardFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.check(&request) {
            Ok(claims) => {
                request.extensions_mut().insert(claims);
                GuardFuture::passed(self.inner.call(request))
            }
            Err(refusal) => {
                let headers = request.headers();
                let manner = Manner { is_grpc: is_grpc(headers), offer: self.guard.offer(headers) };
                let asking = match refusal {
                    Refusal::FeedLate => self.guard.ask(request.headers()),
                    _ => None,
                };
                let Some(asking) = asking else { return GuardFuture::refused(refusal, manner) };
                let clone = self.inner.clone();
                let service = mem::replace(&mut self.inner, clone); // the one that is ready
                let (guard, demands) = (self.guard.clone(), self.demands.clone());
                let request = Some(request);
                GuardFuture::asking(Waiting { asking, service, request, guard, demands }, manner)
            }
        }
    }
}

/// A gRPC client takes any other status than 200 for a broken connection.
fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    content_type.strip_prefix(b"application/grpc").is_some_and(|rest| matches!(rest, [] | [b'+' | b';', ..]))
}
