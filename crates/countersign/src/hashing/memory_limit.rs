//! How much memory this process may use, as the operating system sees it: the smallest of the cgroup's limit,
//! the address-space limit and the memory of the machine.

use std::fs;
use std::path::Path;

/// The memory this process may use, in bytes; `None` where the system does not say.
#[must_use]
pub fn available_bytes() -> Option<u64> {
    let limits = [cgroup_v2(), cgroup_v1(), address_space(), machine()];
    limits.into_iter().flatten().min()
}

/// The limit holds for every cgroup above ours too. In a container the path may not be visible; the root then
/// is ours.
fn smallest_above(root: &Path, own: &str, file: &str) -> Option<u64> {
    let own = root.join(own.trim_start_matches('/'));
    own.ancestors().take_while(|dir| dir.starts_with(root)).filter_map(|dir| number(&dir.join(file))).min()
}

fn cgroup_v2() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    smallest_above(Path::new("/sys/fs/cgroup"), own, "memory.max")
}

fn cgroup_v1() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.split_once(":memory:"))?.1;
    smallest_above(Path::new("/sys/fs/cgroup/memory"), own, "memory.limit_in_bytes")
}

fn address_space() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn machine() -> Option<u64> {
    let info = fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_limit_on_the_way_up_counts() {
        let root = tempfile::tempdir().unwrap();
        let leaf = root.path().join("a/b");
        fs::create_dir_all(&leaf).unwrap();
        fs::write(root.path().join("memory.max"), "max\n").unwrap();
        fs::write(root.path().join("a/memory.max"), "268435456\n").unwrap();
        fs::write(leaf.join("memory.max"), "536870912\n").unwrap();
        assert_eq!(smallest_above(root.path(), "/a/b", "memory.max"), Some(256 << 20));
        assert_eq!(smallest_above(root.path(), "/not/visible", "memory.max"), None);
    }
}
