//! The limits of a connection.

use std::time::Duration;

/// The limits of a connection (LM-3, LM-5). The handler that reads a body limits the time for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Time from the first byte of a request to the end of its header; also for the TLS handshake.
    pub(crate) header_read: Duration,
    /// Time between two requests.
    pub(crate) idle: Duration,
    /// Time from the end of the header to the response, and for the client to read it.
    pub(crate) total: Duration,
    /// Time that a connection without a request has for one more, after the signal to stop: a client that has just sent one
    /// cannot know. It is answered, and the connection closed.
    pub(crate) last_request: Duration,
    /// The same for a connection that has had none yet, whose client therefore has one to send.
    pub(crate) first_request: Duration,
    /// Maximum bytes of a header block.
    pub(crate) header_bytes: usize,
    /// Maximum number of connections; further ones wait in the kernel's queue. One client gets a quarter of
    /// them; its further connections are closed at once.
    pub(crate) connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_read: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(30),
            last_request: Duration::from_millis(250),
            first_request: Duration::from_secs(1),
            header_bytes: 16 * 1024,
            connections: 4096,
        }
    }
}
