//! The server that this one replaces, as this one sees it. `successor.rs` is the other side.
//!
//! ```text
//! old                                    new
//!  │ ── starts it with its sockets ──────► │ reads the configuration, looks at the store
//!  │ ◄───────────────────────── PREPARED ─ │
//!  │ stops accepting, finishes requests,   │   (new connections wait in the kernel's queue)
//!  │ closes the store                      │
//!  │ ─ YOUR_TURN ────────────────────────► │ opens the store
//!  │ ◄────────────────────────── SERVING ─ │ accepts connections
//!  │ ends                                  │
//! ```
//! Until the last message, a new server that ends leaves the old one serving.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream as StdStream;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

pub(super) const PREPARED: u8 = b'p';
pub(super) const YOUR_TURN: u8 = b't';
pub(super) const SERVING: u8 = b's';
/// Set if standard input is the link to the old server.
pub(super) const ON_STDIN: &str = "LISTEN_HANDOVER_ON_STDIN";

/// The link to the server that is being replaced.
#[derive(Debug)]
pub(crate) struct Predecessor(StdStream);

impl Predecessor {
    /// The old server, if this one was started to replace it.
    pub(super) fn take() -> io::Result<Option<Self>> {
        if std::env::var_os(ON_STDIN).is_none() {
            return Ok(None);
        }
        let link = StdStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        link.set_nonblocking(true)?;
        // The link ends when its last copy is closed.
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        Ok(Some(Self(link)))
    }

    /// Says that all is prepared, and waits until the old server has closed the store, or is gone.
    pub(super) async fn wait_for_store(self) -> anyhow::Result<Waiting> {
        let mut link = UnixStream::from_std(self.0).context("the link to the old server")?;
        // An old server that is gone has left its place.
        let _ = link.write_all(&[PREPARED]).await;
        let _ = link.read_u8().await;
        Ok(Waiting(link))
    }
}

/// The old server, which waits for the word that it is replaced.
#[derive(Debug)]
pub(super) struct Waiting(UnixStream);

impl Waiting {
    /// Gives that word, and waits until the old server is gone: until then it is the one that systemd listens to.
    pub(super) async fn replace(self) {
        let Self(mut link) = self;
        let _ = link.write_all(&[SERVING]).await;
        let _ = timeout(UNTIL_GONE, link.read_u8()).await;
    }
}

const UNTIL_GONE: Duration = Duration::from_secs(1);
