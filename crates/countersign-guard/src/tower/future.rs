//! [`GuardFuture`]: the response of the inner service, or a refusal that is ready at once.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use pin_project_lite::pin_project;

use crate::refusal::Refusal;

pin_project! {
    /// The response future of a [`GuardService`](super::GuardService).
    #[derive(Debug)]
    pub struct GuardFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[derive(Debug)]
    enum State<F> {
        Passed { #[pin] inner: F },
        Refused { refusal: Option<Refusal>, is_grpc: bool },
    }
}

impl<F> GuardFuture<F> {
    pub(super) const fn passed(inner: F) -> Self {
        Self { state: State::Passed { inner } }
    }

    pub(super) const fn refused(refusal: Refusal, is_grpc: bool) -> Self {
        Self { state: State::Refused { refusal: Some(refusal), is_grpc } }
    }
}

impl<F, R, E> Future for GuardFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: From<String>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Passed { inner } => inner.poll(cx),
            StateProjection::Refused { refusal, is_grpc } => match refusal.take() {
                Some(refusal) if *is_grpc => Poll::Ready(Ok(refusal.into_grpc_response())),
                Some(refusal) => Poll::Ready(Ok(refusal.into_response())),
                // Polled again after it was ready: a future may do anything except panic here.
                None => Poll::Pending,
            },
        }
    }
}
