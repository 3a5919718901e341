//! One connection: consecutive HTTP/1.1 requests, each within its limits.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use countersign::http::PeerAddress;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tower::ServiceExt as _;

use super::host;
use super::limits::Limits;
use super::phase::{Phase, Phases, ResponseBody, ResponseEnd};
use super::routes::Routes;
use super::stop::{Stop, stopped};
use super::timed_io::TimedIo;

pub(super) struct Connection {
    pub(super) routes: Arc<Routes>,
    pub(super) peer: SocketAddr,
    pub(super) limits: Limits,
    pub(super) stop: Stop,
}

impl Connection {
    /// Serves requests until one side closes the connection.
    pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let Self { routes, peer, limits, mut stop } = self;
        let phases = Phases::new(Instant::now());
        let io = TokioIo::new(TimedIo::new(stream, phases.clone(), limits));
        let stopping = stop.clone();
        let service = service_fn(|request| {
            phases.enter(Phase::Response, Instant::now());
            let response =
                respond(Router::clone(&routes.load()), request, peer, limits, ResponseEnd(phases.clone()));
            let stopping = &stopping;
            async move { response.await.map(|response| close_if(stopping.borrow().is_some(), response)) }
        });
        let mut connection = pin!(
            http1::Builder::new()
                // `TimedIo` has the timers: one for a started header, another for the wait before it.
                .header_read_timeout(None)
                .max_buf_size(limits.header_bytes)
                .serve_connection(io, service)
        );
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            _ = stopped(&mut stop) => {
                let patience = if phases.is_new() { limits.first_request } else { limits.last_request };
                if let Ok(ended) = tokio::time::timeout(patience, connection.as_mut()).await {
                    ended
                } else {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "connection ended");
        }
    }
}

/// Says that this was the last response of the connection, if it is; hyper then closes it.
fn close_if(last: bool, mut response: Response<ResponseBody>) -> Response<ResponseBody> {
    if last {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn respond(
    router: Router,
    request: Request<Incoming>,
    peer: SocketAddr,
    limits: Limits,
    ends: ResponseEnd,
) -> Result<Response<ResponseBody>, Infallible> {
    let response = if host::is_valid(request.version(), request.headers()) {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(PeerAddress(peer.ip()));
        if let Ok(response) = tokio::time::timeout(limits.total, router.oneshot(request)).await {
            response?
        } else {
            tracing::warn!(%peer, "request timed out");
            timed_out()
        }
    } else {
        bad_host()
    };
    Ok(response.map(|body| ResponseBody { body, _ends: ends }))
}

fn timed_out() -> Response<Body> {
    let body = r#"{"error":"The server took too long to answer","code":"timeout"}"#;
    refusal(StatusCode::SERVICE_UNAVAILABLE, body, (header::RETRY_AFTER, "1"))
}

fn bad_host() -> Response<Body> {
    let body = r#"{"error":"The request must have one valid Host header","code":"invalid_request"}"#;
    refusal(StatusCode::BAD_REQUEST, body, (header::CONNECTION, "close"))
}

/// A response that the router had no part in, in the one error shape.
fn refusal(
    status: StatusCode,
    body: &'static str,
    (name, value): (header::HeaderName, &'static str),
) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (name, value),
    ] {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::sync::watch;
    use tokio::time::{sleep, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const LARGE: usize = 1 << 20;

    /// A connection to a small router. The clock of these tests advances only while every task waits.
    fn connect() -> DuplexStream {
        let routes = Router::new()
            .route("/", get(async || "ok"))
            .route("/large", get(async || "x".repeat(LARGE)))
            .route("/never", get(async || std::future::pending::<()>().await))
            .route("/echo", post(async |body: String| body));
        let routes = Arc::new(Routes::from_pointee(routes));
        let (client, server) = duplex(4096);
        let (stop, stopped) = watch::channel(None);
        let peer = ([127, 0, 0, 1], 1).into();
        tokio::spawn(async move {
            Connection { routes, peer, limits: Limits::default(), stop: stopped }.serve(server).await;
            drop(stop);
        });
        client
    }

    /// Reads until the server closes; returns the text and the seconds that passed.
    async fn until_closed(client: &mut DuplexStream) -> (String, u64) {
        let began = Instant::now();
        let mut text = Vec::new();
        timeout(600 * SECOND, client.read_to_end(&mut text)).await.expect("it is never closed").unwrap();
        (String::from_utf8(text).unwrap(), began.elapsed().as_secs())
    }

    /// LM-3: with one byte every four seconds a header gets its ten seconds, and so does one that does not
    /// begin.
    #[tokio::test(start_paused = true)]
    async fn a_slow_header_is_cut_after_ten_seconds() {
        let began = Instant::now();
        let mut client = connect();
        while client.write_all(b"G").await.is_ok() {
            sleep(4 * SECOND).await;
        }
        assert_eq!(began.elapsed().as_secs(), 12, "the first byte after ten seconds fails");
        assert_eq!(until_closed(&mut connect()).await, (String::new(), 10));
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_kept_for_a_minute_and_the_next_header_has_its_own_time() {
        let mut client = connect();
        for _ in 0..3 {
            client.write_all(REQUEST).await.unwrap();
            sleep(59 * SECOND).await;
        }
        client.write_all(REQUEST).await.unwrap();
        sleep(30 * SECOND).await;
        client.write_all(&REQUEST[..10]).await.unwrap();
        let (text, seconds) = until_closed(&mut client).await;
        assert_eq!((text.matches("200 OK").count(), seconds), (4, 10));

        let mut client = connect();
        client.write_all(REQUEST).await.unwrap();
        assert_eq!(until_closed(&mut client).await.1, 60);
    }

    /// The timer of an earlier phase must not fire in a later one of the same kind.
    #[tokio::test(start_paused = true)]
    async fn a_busy_connection_lives_on() {
        let mut client = connect();
        let mut seen = Vec::new();
        for _ in 0..30 {
            client.write_all(&REQUEST[..10]).await.unwrap();
            sleep(7 * SECOND).await;
            client.write_all(&REQUEST[10..]).await.unwrap();
            sleep(7 * SECOND).await;
            client.read_buf(&mut seen).await.unwrap();
        }
        assert_eq!(String::from_utf8(seen).unwrap().matches("200 OK").count(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_has_thirty_seconds_in_all() {
        let mut client = connect();
        client.write_all(b"GET /never HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
        let (text, seconds) = until_closed(&mut client).await;
        assert!(text.starts_with("HTTP/1.1 503") && text.contains(r#""code":"timeout""#), "{text}");
        assert_eq!(seconds, 30);

        let mut client = connect();
        client.write_all(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n").await.unwrap();
        let (text, seconds) = until_closed(&mut client).await;
        assert!(text.starts_with("HTTP/1.1 503"), "{text}");
        assert_eq!(seconds, 30, "and what is left of the body is not waited for");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_cut_after_thirty_seconds() {
        let mut client = connect();
        client.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        sleep(31 * SECOND).await;
        let (text, _) = until_closed(&mut client).await;
        assert!(text.len() < LARGE, "{}", text.len());

        let mut client = connect();
        client.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
        sleep(29 * SECOND).await;
        assert!(until_closed(&mut client).await.0.len() > LARGE);
    }

    /// LM-10 on one connection: the request in flight is answered, then it is closed.
    #[tokio::test(start_paused = true)]
    async fn stopping_finishes_the_request_in_flight() {
        let done = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&done);
        let slow = get(async move || {
            sleep(5 * SECOND).await;
            count.fetch_add(1, Ordering::SeqCst);
            "done"
        });
        let (mut client, server) = duplex(4096);
        let (stop, stopped) = watch::channel(None);
        let routes = Arc::new(Routes::from_pointee(Router::new().route("/", slow)));
        let connection =
            Connection { routes, peer: ([127, 0, 0, 1], 1).into(), limits: Limits::default(), stop: stopped };
        tokio::spawn(connection.serve(server));
        client.write_all(REQUEST).await.unwrap();
        sleep(SECOND).await;
        stop.send_replace(Some(9 * SECOND));
        let (text, seconds) = until_closed(&mut client).await;
        assert!(text.starts_with("HTTP/1.1 200") && text.contains("connection: close"), "{text}");
        assert!(text.ends_with("done"), "{text}");
        assert_eq!((done.load(Ordering::SeqCst), seconds), (1, 4));
    }

    /// A client that has just sent a request could not know that the server stops.
    #[tokio::test(start_paused = true)]
    async fn a_request_that_crosses_the_signal_to_stop_is_answered() {
        for (before, after, answered) in [(0, 900, true), (0, 1_100, false), (1, 200, true), (1, 300, false)]
        {
            let (mut client, server) = duplex(4096);
            let (stop, stopped) = watch::channel(None);
            let (peer, limits) = (([127, 0, 0, 1], 1).into(), Limits::default());
            let routes = Router::new().route("/", get(async || "ok"));
            let routes = Arc::new(Routes::from_pointee(routes));
            tokio::spawn(Connection { routes, peer, limits, stop: stopped }.serve(server));
            for _ in 0..before {
                client.write_all(REQUEST).await.unwrap();
            }
            sleep(SECOND).await;
            stop.send_replace(Some(9 * SECOND));
            sleep(Duration::from_millis(after)).await;
            let sent = client.write_all(REQUEST).await;
            let (text, _) = until_closed(&mut client).await;
            let responses = text.matches("200 OK").count();
            assert_eq!(
                (responses, sent.is_ok()),
                (before + usize::from(answered), answered),
                "{after}: {text}"
            );
            assert_eq!(text.contains("connection: close"), answered, "{text}");
        }
    }
}
