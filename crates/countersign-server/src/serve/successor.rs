//! The server that is to replace this one (SIGUSR2): the same command, started anew with the same sockets
//! (decision 0033). `predecessor.rs` has the protocol, and is the other side.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context as _, bail};
use command_fds::{CommandFdExt as _, FdMapping};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};

use super::inherited::METRICS;
use super::predecessor::{ON_STDIN, PREPARED, SERVING, YOUR_TURN};
use crate::net::listen::Ports;

/// How this process was started, as it was at the start: an upgrade puts another file in the program's place.
#[derive(Debug)]
pub(super) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
}

impl Program {
    /// Call at the start.
    ///
    /// # Errors
    /// The system does not say which file is running.
    pub(super) fn of_this_process() -> anyhow::Result<Self> {
        let mut arguments = std::env::args_os();
        // Preferred, since a symbolic link in it is followed once more at each start.
        let named = arguments.next().map(PathBuf::from).filter(|path| path.parent() != Some(Path::new("")));
        let path = match named {
            Some(path) => std::path::absolute(path),
            None => std::env::current_exe(),
        };
        Ok(Self { path: path.context("the path of this program")?, arguments: arguments.collect() })
    }

    fn command(&self, ports: &Ports, metrics: &Ports, link: StdStream) -> anyhow::Result<Command> {
        let (sockets, metrics) = (ports.sockets()?, metrics.sockets()?);
        let names = [vec!["listen"; sockets.len()], vec![METRICS; metrics.len()]].concat().join(":");
        let sockets: Vec<OwnedFd> = sockets.into_iter().chain(metrics).collect();
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).stdin(OwnedFd::from(link)).env(ON_STDIN, "1");
        command.env("LISTEN_FDS", sockets.len().to_string()).env("LISTEN_FDNAMES", names);
        // These name processes: the first would be another than the one that is started.
        command.env_remove("LISTEN_PID").env_remove("WATCHDOG_PID");
        let mappings = (3..).zip(sockets).map(|(child_fd, parent_fd)| FdMapping { parent_fd, child_fd });
        command.fd_mappings(mappings.collect())?;
        Ok(command)
    }
}

/// A started server that waits for its turn. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Successor {
    child: Option<Child>,
    link: UnixStream,
}

impl Successor {
    /// Starts it, and waits until it has prepared all that it can while this server serves.
    ///
    /// # Errors
    /// It cannot be started, or has ended; what was wrong is in its own log lines.
    pub(super) async fn start(program: &Program, ports: &Ports, metrics: &Ports) -> anyhow::Result<Self> {
        anyhow::ensure!(
            std::process::id() != 1,
            "this is process 1 of a container, which ends with it; start a new container instead"
        );
        let (link, of_child) = StdStream::pair()?;
        link.set_nonblocking(true)?;
        let mut command = program.command(ports, metrics, of_child)?;
        let child = command.spawn().with_context(|| format!("cannot start {}", program.path.display()))?;
        // Its copies of the sockets, and its end of the link.
        drop(command);
        let mut successor = Self { child: Some(child), link: UnixStream::from_std(link)? };
        successor.hear(PREPARED, "while it prepared").await?;
        Ok(successor)
    }

    /// Tells it that the store is free, and waits until it serves; gives its process ID.
    ///
    /// # Errors
    /// It has ended, or does not serve in time; it is dead then.
    pub(super) async fn take_over(mut self) -> anyhow::Result<u32> {
        let told = self.link.write_all(&[YOUR_TURN]).await;
        told.context("the new server has ended before its turn")?;
        self.hear(SERVING, "while it opened the store").await?;
        let child = self.child.take().context("a successor is a process")?;
        Ok(child.id())
    }

    async fn hear(&mut self, word: u8, when: &str) -> anyhow::Result<()> {
        let heard = timeout(PATIENCE, self.link.read_u8()).await;
        match heard.with_context(|| format!("the new server was too slow {when}"))? {
            Ok(heard) if heard == word => Ok(()),
            Ok(_) => bail!("the new program does not know how to take over"),
            Err(_) => bail!("the new server has ended {when}{}", self.end().await),
        }
    }

    /// How it ended. It has a moment to say why: the link may be closed before that.
    async fn end(&mut self) -> String {
        let ended = timeout(LAST_WORDS, async {
            loop {
                match self.child.as_mut().map(Child::try_wait) {
                    Some(Ok(None)) => sleep(Duration::from_millis(10)).await,
                    Some(Ok(Some(status))) => return format!(" ({status})"),
                    None | Some(Err(_)) => return String::new(),
                }
            }
        });
        ended.await.unwrap_or_default()
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(30);
const LAST_WORDS: Duration = Duration::from_secs(1);
