//! Accepts connections up to a limit, and closes them in order when the server stops. `connection.rs` serves
//! one connection; the router makes the responses.
//!
//! This loop replaces `axum::serve`, which gives hyper no timer: a client that sends one byte a minute would
//! keep its connection indefinitely (LM-3).

mod clients;
mod connection;
mod connections;
mod host;
mod limits;
mod phase;
mod ports;
mod routes;
mod stop;
mod timed_io;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};

use self::clients::ConnectionsByClient;
use self::connection::Connection;
pub(crate) use self::connections::Connections;
pub(crate) use self::limits::Limits;
pub(crate) use self::ports::Ports;
pub(crate) use self::routes::Routes;
pub(crate) use self::stop::{Stop, stopped};
use crate::net::tls::Tls;

/// What the ports serve, and the limits.
pub(crate) struct Service {
    pub(crate) routes: Arc<Routes>,
    /// Set if this server does TLS.
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) limits: Limits,
    /// The reverse proxies; each carries the connections of many clients.
    pub(crate) proxies: Vec<IpNet>,
    /// Counts them.
    pub(crate) connections: Arc<Connections>,
}

impl Service {
    /// For a few clients inside of one's own network, without TLS.
    pub(crate) fn private(router: Router) -> Self {
        let limits = Limits { connections: FEW, ..Limits::default() };
        Self {
            routes: Arc::new(Routes::from_pointee(router)),
            tls: None,
            limits,
            proxies: Vec::new(),
            connections: Arc::default(),
        }
    }
}

/// More than any monitoring opens.
const FEW: usize = 64;

/// Serves on the ports until the signal to stop. Then it accepts no more connections, lets requests in flight finish for as
/// long as the signal says, and aborts the others: nothing of `service` is in use afterwards. Where somebody else has the same
/// ports, new connections wait for whoever serves them next.
pub(crate) async fn serve(ports: Ports, service: Service, mut stop: Stop) {
    let limits = service.limits;
    let (alive, mut all_closed) = mpsc::channel::<()>(1);
    let (abort, aborted) = watch::channel(());
    let clients = ConnectionsByClient::new(limits.connections / 4, service.proxies.clone());
    let free = Arc::new(Semaphore::new(limits.connections));
    let shared = Arc::new(Shared { service, clients, free, stop: stop.clone(), aborted, alive });
    for port in ports.0 {
        tokio::spawn(accept(port, Arc::clone(&shared)));
    }
    drop(shared);
    let drain = stopped(&mut stop).await;
    // Every connection and accept loop holds a sender; `recv` ends when the last is dropped.
    if tokio::time::timeout(drain, all_closed.recv()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were aborted");
        drop(abort);
        all_closed.recv().await;
    }
}

struct Shared {
    service: Service,
    clients: Arc<ConnectionsByClient>,
    free: Arc<Semaphore>,
    stop: Stop,
    /// Its sender is dropped when connections have to end at once.
    aborted: watch::Receiver<()>,
    alive: mpsc::Sender<()>,
}

async fn accept(port: TcpListener, shared: Arc<Shared>) {
    let mut stop = shared.stop.clone();
    loop {
        // The permit first: who cannot be served waits in the kernel's queue.
        let next = async { (Arc::clone(&shared.free).acquire_owned().await, port.accept().await) };
        let (permit, accepted) = tokio::select! {
            biased;
            _ = stopped(&mut stop) => return,
            next = next => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                if let Some(admission) = shared.clients.admit(peer.ip()) {
                    let held = (permit, admission, shared.service.connections.begin());
                    let (shared, mut aborted) = (Arc::clone(&shared), shared.aborted.clone());
                    tokio::spawn(async move {
                        // The sender first: it says that the rest is gone.
                        let _alive = shared.alive.clone();
                        tokio::select! {
                            () = handle(stream, peer, shared, held) => {}
                            _ = aborted.changed() => {}
                        }
                    });
                } else {
                    shared.service.connections.refuse();
                }
            }
            Err(error) if is_about_one_client(&error) => {}
            Err(error) => {
                // Mostly out of file descriptors: wait for some to close instead of spinning.
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn is_about_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

/// Drops `_held` when the connection ends.
async fn handle<T>(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>, _held: T) {
    let Service { routes, tls, limits, .. } = &shared.service;
    prepare(&stream, limits);
    let connection =
        Connection { routes: Arc::clone(routes), peer, limits: *limits, stop: shared.stop.clone() };
    let Some(tls) = tls else {
        return connection.serve(stream).await;
    };
    match tokio::time::timeout(limits.header_read, tls.accept(stream)).await {
        Ok(Ok(stream)) => connection.serve(stream).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
    }
}

fn prepare(stream: &TcpStream, limits: &Limits) {
    // Responses are small and complete: waiting for more data only adds latency.
    let _ = stream.set_nodelay(true);
    // A peer that has vanished acknowledges nothing. Linux would go on sending for a quarter of an hour, and a follower
    // of the feed would keep its place for as long. Keep-alive cannot end that: it is not sent while data is on its way.
    #[cfg(target_os = "linux")]
    {
        let milliseconds = u32::try_from(limits.total.as_millis()).unwrap_or(u32::MAX);
        let _ = rustix::net::sockopt::set_tcp_user_timeout(stream, milliseconds);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// LM-3: what the peer does not acknowledge ends the connection.
    #[tokio::test]
    async fn a_peer_that_vanishes_is_not_waited_for_longer_than_for_a_slow_one() {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _peer = TcpStream::connect(port.local_addr().unwrap()).await.unwrap();
        let (stream, _) = port.accept().await.unwrap();
        let limits = Limits { total: Duration::from_secs(7), ..Limits::default() };
        prepare(&stream, &limits);
        assert_eq!(rustix::net::sockopt::tcp_user_timeout(&stream).unwrap(), 7_000);
        assert!(stream.nodelay().unwrap());
    }
}
