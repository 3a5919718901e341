//! The network: sockets, connections and their limits, TLS, and the host rule of development mode.

pub(crate) mod any_certificate;
pub(crate) mod listen;
pub(crate) mod loopback;
pub(crate) mod tls;
