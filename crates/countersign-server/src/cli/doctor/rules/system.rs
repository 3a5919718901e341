//! Rules about the machine and the process.

use super::store::size;
use crate::cli::doctor::finding::{Rule, Verdict};
use crate::cli::doctor::seen::SystemSeen;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "system.open-files",
        why: "Each connection is an open file. At the limit the server accepts nobody, and cannot open its database anew.",
        mend: "set LimitNOFILE=65536 in the unit, or: ulimit -n 65536",
        judge: |seen| seen.system.as_ref().and_then(open_files),
    },
    Rule {
        id: "system.clock",
        why: "Tokens and sessions end by the clock: one that is wrong refuses what is valid, or accepts what is over.",
        mend: "timedatectl set-ntp true",
        judge: |seen| seen.system.as_ref().and_then(clock),
    },
    Rule {
        id: "system.root",
        why: "A fault in a program that runs as root is a fault in the whole machine.",
        mend: "set User=countersign in the unit, and: chown -R countersign: DIRECTORY of the data",
        judge: |seen| seen.system.as_ref().and_then(root),
    },
    Rule {
        id: "system.core-dumps",
        why: "A crash would write passwords and keys of the moment to a file.",
        mend: "set core_dumps = \"off\" in the configuration, then restart the server",
        judge: |seen| seen.system.as_ref().map(core_dumps),
    },
    Rule {
        id: "system.memory",
        why: "A process that takes more than its limit is killed, in the middle of people's sign-ins.",
        mend: "set password.memory_budget to less, or raise the limit (MemoryMax= in the unit)",
        judge: |seen| seen.system.as_ref().and_then(memory),
    },
];

/// Whose limits these are.
fn whose(system: &SystemSeen) -> String {
    system
        .server
        .map_or_else(|| "a process started here".to_owned(), |id| format!("the server (process {id})"))
}

fn open_files(system: &SystemSeen) -> Option<Verdict> {
    let (open, wanted) = (system.open_files?, system.max_connections + OTHER_FILES);
    let seen =
        format!("{} may open {open} files; max_connections is {}", whose(system), system.max_connections);
    Some(Verdict::warning_if(open < wanted, seen))
}

fn clock(system: &SystemSeen) -> Option<Verdict> {
    if let Some(why) = &system.clock_refused {
        return Some(Verdict::error(why.as_str()));
    }
    Some(if system.is_clock_synchronised? {
        Verdict::good("the clock of this machine is synchronised")
    } else {
        Verdict::warning("the clock of this machine is not synchronised")
    })
}

fn root(system: &SystemSeen) -> Option<Verdict> {
    let user = system.user?;
    Some(Verdict::warning_if(user == 0, format!("{} runs as user {user}", whose(system))))
}

fn core_dumps(system: &SystemSeen) -> Verdict {
    if system.core_dumps {
        return Verdict::warning("core_dumps is on");
    }
    match system.core_bytes.filter(|_| system.server.is_some()) {
        None | Some(0) => Verdict::good("a crash leaves no memory behind"),
        Some(_) => Verdict::warning(format!("{} may write core files", whose(system))),
    }
}

fn memory(system: &SystemSeen) -> Option<Verdict> {
    let memory = system.memory?;
    let seen = format!(
        "{} of memory may be used, {} of it for password hashes",
        size(memory),
        size(system.hashing_budget)
    );
    Some(Verdict::warning_if(memory < system.hashing_budget + OTHER_MEMORY, seen))
}

/// The database, the log, certificates, and what a request opens for a moment.
const OTHER_FILES: u64 = 64;
/// Caches of the database, connections, tokens that were seen.
const OTHER_MEMORY: u64 = 64 << 20;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::doctor::rules::tests::Fixture;
    use crate::cli::doctor::seen::Seen;

    pub(in crate::cli::doctor::rules) fn fixtures() -> Vec<Fixture> {
        let good = SystemSeen {
            server: Some(7),
            open_files: Some(4160),
            max_connections: 4096,
            user: Some(998),
            core_dumps: false,
            core_bytes: Some(0),
            is_clock_synchronised: Some(true),
            clock_refused: None,
            memory: Some(512 << 20),
            hashing_budget: 448 << 20,
        };
        let seen = |system: SystemSeen| Seen { system: Some(system), ..Seen::default() };
        let with = |change: fn(&mut SystemSeen)| {
            let mut bad = good.clone();
            change(&mut bad);
            seen(bad)
        };
        let reds = vec![
            ("system.open-files", with(|bad| bad.open_files = Some(4159))),
            ("system.clock", with(|bad| bad.is_clock_synchronised = Some(false))),
            ("system.clock", with(|bad| bad.clock_refused = Some("it says 1970".into()))),
            ("system.root", with(|bad| bad.user = Some(0))),
            ("system.core-dumps", with(|bad| bad.core_dumps = true)),
            ("system.core-dumps", with(|bad| bad.core_bytes = Some(u64::MAX))),
            ("system.memory", with(|bad| bad.memory = Some((512 << 20) - 1))),
        ];
        reds.into_iter().map(|(id, red)| Fixture { id, red, green: seen(good.clone()) }).collect()
    }
}
