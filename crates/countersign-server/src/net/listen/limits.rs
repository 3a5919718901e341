//! The limits of connections.

use std::time::Duration;

/// The limits of a connection (LM-3, LM-5). How long a body may take is the business of whoever reads it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// From the first byte of a request to the end of its header; also for the TLS handshake.
    pub(crate) header_read: Duration,
    /// Between two requests.
    pub(crate) idle: Duration,
    /// From the end of the header to the answer, and for a client to take it.
    pub(crate) total: Duration,
    /// How long requests in flight may go on after the signal to stop.
    pub(crate) drain: Duration,
    /// The most bytes of a header block.
    pub(crate) header_bytes: usize,
    /// The most connections at once; more wait in the kernel's queue. One client gets a quarter of them, and what is more
    /// is closed at once.
    pub(crate) connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_read: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(30),
            // LM-10 allows ten seconds until the process is gone; the last one is for closing the store.
            drain: Duration::from_secs(9),
            header_bytes: 16 * 1024,
            connections: 4096,
        }
    }
}
