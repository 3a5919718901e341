//! One connection: HTTP/1.1 requests one after the other, each with its limits.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use countersign::http::PeerAddress;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::phase::{AnswerBody, AnswerEnds, Phase, Phases};
use super::timed_io::TimedIo;
use super::{Limits, stopped};

pub(super) struct Connection {
    pub(super) router: Router,
    pub(super) peer: SocketAddr,
    pub(super) limits: Limits,
    pub(super) stop: watch::Receiver<bool>,
}

impl Connection {
    /// Answers requests until either side has enough.
    pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let Self { router, peer, limits, mut stop } = self;
        let phases = Phases::default();
        let io = TokioIo::new(TimedIo::new(stream, phases.clone(), limits));
        let service = service_fn(|request| {
            phases.enter(Phase::Answer);
            answer(router.clone(), request, peer, limits, AnswerEnds(phases.clone()))
        });
        let mut connection = pin!(
            http1::Builder::new()
                // `TimedIo` has the timers: one for a header that has begun, another for the wait before it.
                .header_read_timeout(None)
                .max_buf_size(limits.header_bytes)
                .serve_connection(io, service)
        );
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stopped(&mut stop) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "connection ended");
        }
    }
}

async fn answer(
    router: Router,
    request: Request<Incoming>,
    peer: SocketAddr,
    limits: Limits,
    ends: AnswerEnds,
) -> Result<Response<AnswerBody>, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(PeerAddress(peer.ip()));
    let Ok(answer) = tokio::time::timeout(limits.total, router.oneshot(request)).await else {
        tracing::warn!(%peer, "no answer in time");
        return Ok(too_late().map(|body| AnswerBody { body, _ends: ends }));
    };
    Ok(answer?.map(|body| AnswerBody { body, _ends: ends }))
}

fn too_late() -> Response<Body> {
    let mut answer =
        Response::new(Body::from(r#"{"error":"The server took too long to answer","code":"timeout"}"#));
    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::RETRY_AFTER, "1"),
    ] {
        answer.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    answer
}
