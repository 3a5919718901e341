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
mod stop;
mod timed_io;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};

use self::clients::ConnectionsByClient;
use self::connection::Connection;
pub(crate) use self::connections::Connections;
pub(crate) use self::limits::Limits;
use self::stop::stopped;
use crate::net::tls::Tls;

/// Open ports that are not served yet.
#[derive(Debug)]
pub(crate) struct Ports(Vec<TcpListener>);

impl Ports {
    /// Opens all of these addresses.
    ///
    /// # Errors
    /// An address cannot be opened; the message is for the operator.
    pub(crate) async fn open(addresses: &[SocketAddr]) -> anyhow::Result<Self> {
        let mut listeners = Vec::with_capacity(addresses.len());
        for address in addresses {
            let opened = TcpListener::bind(address).await;
            listeners.push(opened.map_err(|error| explain(*address, error))?);
        }
        Ok(Self(listeners))
    }

    /// Opens one more address, if possible.
    pub(crate) async fn open_also(&mut self, address: SocketAddr) {
        self.0.extend(TcpListener::bind(address).await);
    }

    /// The addresses with the port numbers that the system chose for port 0.
    ///
    /// # Errors
    /// The system does not know a socket's address.
    pub(crate) fn addresses(&self) -> anyhow::Result<Vec<SocketAddr>> {
        self.0.iter().map(|port| port.local_addr().context("an open port has an address")).collect()
    }
}

fn explain(address: SocketAddr, error: io::Error) -> anyhow::Error {
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another process is using it; stop that process, or choose another port with --listen"
        }
        io::ErrorKind::PermissionDenied => "ports below 1024 need a capability (CAP_NET_BIND_SERVICE)",
        io::ErrorKind::AddrNotAvailable => "this machine has no such address",
        _ => "the system refused",
    };
    anyhow::Error::new(error).context(format!("cannot listen on {address}: {hint}"))
}

/// What the ports serve, and the limits.
pub(crate) struct Service {
    pub(crate) router: Router,
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
        Self { router, tls: None, limits, proxies: Vec::new(), connections: Arc::default() }
    }
}

/// More than any monitoring opens.
const FEW: usize = 64;

/// Serves on the ports until `stop` is true. Then it accepts no more connections, lets requests in flight
/// finish, and returns when all connections are closed or [`Limits::drain`] is over.
pub(crate) async fn serve(ports: Ports, service: Service, mut stop: watch::Receiver<bool>) {
    let limits = service.limits;
    let (alive, mut all_closed) = mpsc::channel::<()>(1);
    let clients = ConnectionsByClient::new(limits.connections / 4, service.proxies.clone());
    let free = Arc::new(Semaphore::new(limits.connections));
    let shared = Arc::new(Shared { service, clients, free, stop: stop.clone(), alive });
    for port in ports.0 {
        tokio::spawn(accept(port, Arc::clone(&shared)));
    }
    drop(shared);
    stopped(&mut stop).await;
    // Every connection and accept loop holds a sender; `recv` ends when the last is dropped.
    if tokio::time::timeout(limits.drain, all_closed.recv()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were aborted");
    }
}

struct Shared {
    service: Service,
    clients: Arc<ConnectionsByClient>,
    free: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
    alive: mpsc::Sender<()>,
}

async fn accept(port: TcpListener, shared: Arc<Shared>) {
    let mut stop = shared.stop.clone();
    loop {
        // The permit first: who cannot be served waits in the kernel's queue.
        let next = async { (Arc::clone(&shared.free).acquire_owned().await, port.accept().await) };
        let (permit, accepted) = tokio::select! {
            biased;
            () = stopped(&mut stop) => return,
            next = next => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                if let Some(admission) = shared.clients.admit(peer.ip()) {
                    let held = (permit, admission, shared.service.connections.begin());
                    tokio::spawn(handle(stream, peer, Arc::clone(&shared), held));
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
    let _alive = shared.alive.clone();
    let Service { router, tls, limits, .. } = &shared.service;
    prepare(&stream, limits);
    let connection = Connection { router: router.clone(), peer, limits: *limits, stop: shared.stop.clone() };
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
