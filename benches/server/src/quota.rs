//! A part of a core for each of several processes, by control groups (cgroups(7)), of both versions. It needs root.

use std::fs;
use std::path::{Path, PathBuf};

/// How much of a core one node has, in percent.
const PERCENT: u32 = 40;

/// The control groups of this run; removed when dropped, by when their processes must have ended.
pub(crate) struct Quota {
    parent: PathBuf,
    is_version_2: bool,
}

impl Quota {
    /// `None` where this user may not make control groups.
    pub(crate) fn of_each_node() -> Option<Self> {
        let root = Path::new("/sys/fs/cgroup");
        let is_version_2 = root.join("cgroup.controllers").exists();
        let parent = if is_version_2 { root.to_owned() } else { root.join("cpu") };
        let parent = parent.join(format!("countersign-bench-{}", std::process::id()));
        fs::create_dir(&parent).ok()?;
        if is_version_2 {
            fs::write(parent.join("cgroup.subtree_control"), "+cpu").ok()?;
        }
        Some(Self { parent, is_version_2 })
    }

    /// Gives a process its part from now on. Its period is short, so that waiting for the next is too.
    pub(crate) fn limit(&self, process: u32) -> anyhow::Result<()> {
        let group = self.parent.join(process.to_string());
        fs::create_dir(&group)?;
        let (period, part) = (10_000, 10_000 * PERCENT / 100);
        if self.is_version_2 {
            fs::write(group.join("cpu.max"), format!("{part} {period}"))?;
        } else {
            fs::write(group.join("cpu.cfs_period_us"), period.to_string())?;
            fs::write(group.join("cpu.cfs_quota_us"), part.to_string())?;
        }
        Ok(fs::write(group.join("cgroup.procs"), process.to_string())?)
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        let groups = fs::read_dir(&self.parent).into_iter().flatten().flatten();
        for group in groups.filter(|entry| entry.path().is_dir()) {
            let _ = fs::remove_dir(group.path());
        }
        let _ = fs::remove_dir(&self.parent);
    }
}
