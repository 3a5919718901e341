//! The open ports of a server: its own, or those that another process has opened for it.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd as _, OwnedFd};

use anyhow::Context as _;
use tokio::net::TcpListener;

/// Open ports. While nobody serves them, connections wait in the kernel's queue.
#[derive(Debug)]
pub(crate) struct Ports(pub(super) Vec<TcpListener>);

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

    /// Those that another process has opened, or else these addresses.
    ///
    /// # Errors
    /// As for [`Ports::open`].
    pub(crate) async fn inherit_or_open(
        inherited: Vec<std::net::TcpListener>,
        addresses: &[SocketAddr],
    ) -> anyhow::Result<Self> {
        if inherited.is_empty() {
            return Self::open(addresses).await;
        }
        Ok(Self(inherited.into_iter().map(adopt).collect::<io::Result<_>>()?))
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

    /// Closes them: connections are refused from now on, unless somebody else has the same ports.
    pub(crate) fn close(&mut self) {
        self.0.clear();
    }

    /// The same sockets once more, to pass them on.
    ///
    /// # Errors
    /// There are no more file descriptors.
    pub(crate) fn sockets(&self) -> io::Result<Vec<OwnedFd>> {
        self.0.iter().map(|port| port.as_fd().try_clone_to_owned()).collect()
    }

    /// The same ports once more. They stay open when one of them is dropped.
    ///
    /// # Errors
    /// There are no more file descriptors.
    pub(crate) fn again(&self) -> io::Result<Self> {
        self.sockets()?.into_iter().map(|socket| adopt(socket.into())).collect::<io::Result<_>>().map(Self)
    }
}

fn adopt(listener: std::net::TcpListener) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
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
