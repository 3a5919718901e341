//! The network side: sockets, connections and their limits, TLS, and the rule about host names in development.

pub(crate) mod listen;
pub(crate) mod loopback;
pub(crate) mod tls;
