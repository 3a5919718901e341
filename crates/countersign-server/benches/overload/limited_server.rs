//! The release binary as a process of its own: two cores, little memory.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};

pub(crate) const PASSWORD: &str = "correct horse battery staple";
const LIMIT: u64 = 256 << 20;
/// What the server gives to password hashes: half of what it may use.
pub(crate) const BUDGET: u64 = LIMIT / 2;
/// Where cgroups are made, and the file with the limit, for the two versions of them.
const CGROUPS: [(&str, &str); 2] =
    [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];
/// Every refresh rotates, so that each is a durable write; every address is believed, so that each guess has its own.
const SETTINGS: [&str; 8] = [
    "--set",
    "session.min_age=0s",
    "--set",
    "session.grace=0s",
    "--set",
    "behind_proxy=127.0.0.1",
    "--set",
    "public_origin=https://auth.example",
];

pub(crate) struct LimitedServer {
    child: Child,
    pub(crate) address: SocketAddr,
    cgroup: Option<PathBuf>,
    _data: tempfile::TempDir,
}

impl LimitedServer {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        add_owner(data.path())?;
        let cgroup = make_cgroup();
        let mut command = Command::new("sh");
        // The server reads its limit when it starts, so it has to be in force before.
        match &cgroup {
            Some(cgroup) => {
                command.args(["-c", r#"echo $$ > "$0/cgroup.procs" && exec "$@""#]).arg(cgroup);
            }
            None => {
                command.args(["-c", r#"exec prlimit --as="$0" "$@""#]).arg(LIMIT.to_string());
            }
        }
        command.args(["taskset", "--cpu-list", "0,1", env!("CARGO_BIN_EXE_countersign")]);
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(SETTINGS).current_dir(data.path());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stderr.take().context("its log")?).lines();
        let address = listening(lines)?;
        Ok(Self { child, address, cgroup, _data: data })
    }

    /// Which limit is in force.
    pub(crate) fn limit(&self) -> String {
        let how = match &self.cgroup {
            Some(cgroup) => format!("the cgroup {}", cgroup.display()),
            None => "RLIMIT_AS (no cgroup can be made)".to_owned(),
        };
        format!("{} MiB by {how}", LIMIT >> 20)
    }

    /// The most that was resident so far. Fails when the process is gone.
    pub(crate) fn peak_memory(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let peak =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the server is gone")?;
        Ok(peak.split_whitespace().next().unwrap_or_default().parse::<u64>()? * 1024)
    }
}

impl Drop for LimitedServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(cgroup) = &self.cgroup {
            let _ = std::fs::remove_dir(cgroup);
        }
    }
}

fn add_owner(data: &Path) -> anyhow::Result<()> {
    let countersign = || Command::new(env!("CARGO_BIN_EXE_countersign"));
    let made = countersign().arg("init").current_dir(data).stdout(Stdio::null()).status()?;
    anyhow::ensure!(made.success(), "the database cannot be made");
    let mut add = countersign();
    add.args(["user", "add", "owner"]).current_dir(data).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = add.spawn()?;
    child.stdin.take().context("its input")?.write_all(format!("{PASSWORD}\n").as_bytes())?;
    anyhow::ensure!(child.wait()?.success(), "the owner's account cannot be made");
    Ok(())
}

fn make_cgroup() -> Option<PathBuf> {
    let name = format!("countersign-overload-{}", std::process::id());
    CGROUPS.iter().find_map(|(root, file)| {
        let cgroup = Path::new(root).join(&name);
        std::fs::create_dir(&cgroup).ok()?;
        let limited = std::fs::write(cgroup.join(file), LIMIT.to_string());
        if limited.is_err() {
            let _ = std::fs::remove_dir(&cgroup);
        }
        limited.ok().map(|()| cgroup)
    })
}

fn listening(
    mut lines: impl Iterator<Item = std::io::Result<String>> + Send + 'static,
) -> anyhow::Result<SocketAddr> {
    let mut said = String::new();
    loop {
        let Some(line) = lines.next().transpose()? else { bail!("the server did not start: {said}") };
        if let Some((_, rest)) = line.split_once("listening on http://") {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').unwrap_or(rest.len());
            std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
            return Ok(rest.get(..end).unwrap_or(rest).parse()?);
        }
        said.push_str(&line);
    }
}
