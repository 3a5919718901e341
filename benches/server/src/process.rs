//! The server as a process of its own, on a core of its own, and what the kernel says it has used.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};

/// A running server; ended when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// What a process has used until now.
#[derive(Clone, Copy)]
pub(crate) struct Used {
    pub(crate) cpu_seconds: f64,
    pub(crate) written_bytes: f64,
}

impl Server {
    /// Starts `binary serve` on core 0.
    pub(crate) fn start(binary: &Path, data: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new("taskset")
            .args(["--cpu-list", "0"])
            .arg(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("taskset starts the server")?;
        let mut lines = BufReader::new(child.stderr.take().context("its log")?).lines();
        let mut said = String::new();
        let address = loop {
            let Some(line) = lines.next().transpose()? else { bail!("the server did not start: {said}") };
            if let Some((_, rest)) = line.split_once("listening on http://") {
                let end =
                    rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').unwrap_or(rest.len());
                break rest[..end].parse()?;
            }
            said.push_str(&line);
        };
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Ok(Self { child, address })
    }

    /// From `/proc`: processor time of all threads, and bytes that went to the disk.
    pub(crate) fn used(&self) -> anyhow::Result<Used> {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", self.child.id()));
        let stat = read("stat")?;
        let fields: Vec<f64> = stat
            .rsplit_once(") ")
            .context("the name ends")?
            .1
            .split(' ')
            .map(|field| field.trim().parse().unwrap_or_default())
            .collect();
        let io = read("io")?;
        let written =
            io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).context("write_bytes")?;
        // Fields 14 and 15 of proc(5), in hundredths of a second.
        Ok(Used { cpu_seconds: (fields[11] + fields[12]) / 100.0, written_bytes: written.parse()? })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends either way: by being asked, or when the pipe is gone.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
