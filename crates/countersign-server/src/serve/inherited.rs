//! What another process has left to this one at its start: sockets of systemd (socket activation, `sd_listen_fds(3)`), or
//! those of the server that it replaces.

use std::net::TcpListener;

use anyhow::Context as _;
use listenfd::ListenFd;
use rustix::net::sockopt;

use super::predecessor::Predecessor;

/// The name of a socket for metrics (`FileDescriptorName=`). Any other is for requests.
pub(super) const METRICS: &str = "metrics";

/// Sockets that are open already, and whom they come from.
#[derive(Debug, Default)]
pub(crate) struct Inherited {
    pub(super) listeners: Vec<TcpListener>,
    pub(super) metrics: Vec<TcpListener>,
    /// The server that goes on serving until this one can.
    pub(super) predecessor: Option<Predecessor>,
}

impl Inherited {
    /// The addresses of the sockets for requests, as `listen` has them. `None` if there are none.
    ///
    /// # Errors
    /// The system does not know a socket's address.
    pub(crate) fn addresses(&self) -> anyhow::Result<Option<String>> {
        let addresses = self.listeners.iter().map(|socket| Ok(socket.local_addr()?.to_string()));
        let addresses = addresses.collect::<anyhow::Result<Vec<_>>>()?;
        Ok((!addresses.is_empty()).then(|| addresses.join(",")))
    }

    /// Takes them over. Only at the start of the process: it changes the environment, which no other thread may read then.
    ///
    /// # Errors
    /// A socket is not what a server can listen on; the message is for the operator.
    pub(crate) fn take() -> anyhow::Result<Self> {
        // No setting, but the protocol by which sockets are passed on.
        let names = std::env::var_os("LISTEN_FDNAMES").unwrap_or_default();
        let names = names.to_string_lossy();
        let mut sockets = ListenFd::from_env();
        let mut inherited = Self { predecessor: Predecessor::take()?, ..Self::default() };
        for (index, name) in (0..sockets.len()).zip(names.split(':').chain(std::iter::repeat(""))) {
            let place = || format!("the inherited socket {index} {name:?} (LISTEN_FDS)");
            let Some(socket) = sockets.take_tcp_listener(index).with_context(place)? else { continue };
            let listens = sockopt::socket_acceptconn(&socket).with_context(place)?;
            anyhow::ensure!(listens, "{} does not listen", place());
            if name == METRICS { &mut inherited.metrics } else { &mut inherited.listeners }.push(socket);
        }
        Ok(inherited)
    }
}
