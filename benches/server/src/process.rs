//! Processes on a core of their own, core 0, and what the kernel and the disk say they have used.

use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

/// How the disk is watched: `disk.c`, loaded into whatever writes.
pub(crate) struct Disk {
    /// So much longer takes each fsync.
    pub(crate) delay: Duration,
    /// What `benches/server/run` has made of `disk.c`.
    pub(crate) library: PathBuf,
}

/// A running process; ended when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    fsyncs: Option<PathBuf>,
}

/// What a process has used until now.
#[derive(Clone, Copy)]
pub(crate) struct Used {
    pub(crate) cpu_seconds: f64,
    pub(crate) written_bytes: f64,
    pub(crate) fsyncs: f64,
}

impl Process {
    /// Starts `binary serve`, behind a proxy that is this generator: it may name its clients' addresses. Its store is the
    /// database in `data`, unless another one is named.
    pub(crate) fn server(
        binary: &Path,
        data: &Path,
        disk: &Disk,
        store: Option<&str>,
    ) -> anyhow::Result<Self> {
        let fsyncs = data.with_extension("fsyncs");
        File::create(&fsyncs)?.set_len(8)?;
        let mut child = on_core_0(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--set", "behind_proxy=127.0.0.1"])
            .args(["--set", "public_origin=https://bench.example", "--data-dir"])
            .arg(data)
            .envs(store.map(|url| ("COUNTERSIGN_STORE", url)))
            .env("LD_PRELOAD", &disk.library)
            .env("DISK_COUNT_FILE", &fsyncs)
            .env("DISK_DELAY_US", disk.delay.as_micros().to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("taskset starts the server")?;
        let mut log = BufReader::new(child.stderr.take().context("its log")?).lines();
        let address = address_in(&mut log)?;
        // A log that nobody reads would hold the server up.
        std::thread::spawn(move || log.map_while(Result::ok).for_each(drop));
        Ok(Self { child, address, fsyncs: Some(fsyncs) })
    }

    /// Starts this program again, as the server of constant bytes.
    pub(crate) fn constant_bytes(answer: &str) -> anyhow::Result<Self> {
        let mut child =
            on_core_0(&std::env::current_exe()?).args(["constant", answer]).stdout(Stdio::piped()).spawn()?;
        let address = address_in(&mut BufReader::new(child.stdout.take().context("its address")?).lines())?;
        Ok(Self { child, address, fsyncs: None })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// From `/proc`: processor time of all threads, and bytes that went to the disk; from `disk.c`: fsyncs.
    pub(crate) fn used(&self) -> anyhow::Result<Used> {
        let io = std::fs::read_to_string(format!("/proc/{}/io", self.child.id()))?;
        let written =
            io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).context("write_bytes")?;
        let fsyncs = match &self.fsyncs {
            Some(path) => {
                u64::from_ne_bytes(std::fs::read(path)?.try_into().ok().context("a count of eight bytes")?)
            }
            None => 0,
        };
        #[expect(clippy::cast_precision_loss, reason = "a count of some thousands")]
        let fsyncs = fsyncs as f64;
        Ok(Used { cpu_seconds: cpu_seconds(self.child.id())?, written_bytes: written.parse()?, fsyncs })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It ends either way: by being asked, or when the pipe is gone.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// The processor time of all threads of a process.
pub(crate) fn cpu_seconds(process: u32) -> anyhow::Result<f64> {
    Ok(times(process)?[..2].iter().sum())
}

/// The processor time of a process and of its children, those that have ended among them.
pub(crate) fn cpu_seconds_of_family(parent: u32) -> anyhow::Result<f64> {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))?;
    let children = children.split_whitespace().filter_map(|child| cpu_seconds(child.parse().ok()?).ok());
    Ok(times(parent)?.iter().sum::<f64>() + children.sum::<f64>())
}

/// Fields 14 to 17 of proc(5), in seconds: in user and kernel mode, and the same of children that have ended.
fn times(process: u32) -> anyhow::Result<[f64; 4]> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = stat.rsplit_once(") ").context("the name ends")?.1.split(' ').collect();
    // The name is the second field; what follows it is the third.
    let fields: [&str; 4] = fields.get(11..15).context("its times")?.try_into()?;
    Ok(fields.map(|hundredths| hundredths.parse().unwrap_or(0.0) / 100.0))
}

/// Runs this program again for one number, on the core and the disk that the server has.
pub(crate) fn number(arguments: &[&str], disk: &Disk) -> anyhow::Result<f64> {
    let output = on_core_0(&std::env::current_exe()?)
        .args(arguments)
        .env("LD_PRELOAD", &disk.library)
        .env("DISK_DELAY_US", disk.delay.as_micros().to_string())
        .stderr(Stdio::inherit())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim().parse().with_context(|| format!("a number in {said:?} of {arguments:?}"))
}

pub(crate) fn on_core_0(program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", "0"]).arg(program).stdin(Stdio::null());
    command
}

/// The address in `… listening on http://127.0.0.1:4000 …`.
fn address_in(lines: &mut Lines<impl BufRead>) -> anyhow::Result<SocketAddr> {
    let mut said = String::new();
    for line in lines {
        let line = line?;
        if let Some((_, rest)) = line.split_once("listening on http://") {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').unwrap_or(rest.len());
            return Ok(rest[..end].parse()?);
        }
        said.push_str(&line);
    }
    bail!("it did not start: {said}")
}
