//! [`GuardFuture`]: the response of the inner service, or a refusal; where the issuer is to be asked first, after its answer.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::demands::Demands;
use crate::asking::Asking;
use crate::guard::Guard;
use crate::refusal::{Offer, Refusal};

pin_project! {
    /// The response future of a [`GuardService`](super::GuardService).
    pub struct GuardFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B>,
        manner: Manner,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B>
    where
        S: Service<Request<B>>,
    {
        Asking { waiting: Box<Waiting<S, B>> },
        Passed { #[pin] response: S::Future },
        Refused { refusal: Option<Refusal> },
    }
}

/// How the caller is refused.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    pub(super) is_grpc: bool,
    pub(super) offer: Offer,
}

/// A request that the issuer is being asked about, and the service that it is for.
pub(super) struct Waiting<S, B> {
    pub(super) asking: Asking,
    pub(super) service: S,
    pub(super) request: Option<Request<B>>,
    pub(super) guard: Guard,
    pub(super) demands: Demands,
}

impl<S: Service<Request<B>>, B> GuardFuture<S, B> {
    pub(super) const fn passed(response: S::Future) -> Self {
        Self { state: State::Passed { response }, manner: Manner { is_grpc: false, offer: Offer::Bearer } }
    }

    pub(super) const fn refused(refusal: Refusal, manner: Manner) -> Self {
        Self { state: State::Refused { refusal: Some(refusal) }, manner }
    }

    pub(super) fn asking(waiting: Waiting<S, B>, manner: Manner) -> Self {
        Self { state: State::Asking { waiting: Box::new(waiting) }, manner }
    }
}

impl<S: Service<Request<B>>, B> Waiting<S, B> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<S::Future, Refusal>> {
        let Poll::Ready(verdict) = Pin::new(&mut self.asking).poll(cx) else { return Poll::Pending };
        // It is taken once, since the state changes then.
        let Some(mut request) = self.request.take() else { return Poll::Pending };
        Poll::Ready(verdict.and_then(|claims| {
            self.demands.check(&claims, self.guard.unix_now())?;
            request.extensions_mut().insert(claims);
            Ok(self.service.call(request))
        }))
    }
}

impl<S, B, R> Future for GuardFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<String>,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Asking { waiting } => match waiting.poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(response)) => State::Passed { response },
                    Poll::Ready(Err(refusal)) => State::Refused { refusal: Some(refusal) },
                },
                StateProjection::Passed { response } => return response.poll(cx),
                StateProjection::Refused { refusal } => match refusal.take() {
                    Some(refusal) if this.manner.is_grpc => {
                        return Poll::Ready(Ok(refusal.into_grpc_response()));
                    }
                    Some(refusal) => return Poll::Ready(Ok(refusal.respond(this.manner.offer))),
                    // Polled again after it was ready: a future may do anything except panic here.
                    None => return Poll::Pending,
                },
            };
            this.state.set(next);
        }
    }
}

impl<S: Service<Request<B>>, B> fmt::Debug for GuardFuture<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardFuture").finish_non_exhaustive()
    }
}
