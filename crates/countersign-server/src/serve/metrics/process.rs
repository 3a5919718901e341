//! The metrics of every process (prometheus.io, "Process metrics"), as Linux tells them in `/proc`. Elsewhere there are none.

use std::fs;

use countersign::metrics::{Kind, Metric, Value};

macro_rules! metrics {
    ($($constant:ident $kind:ident $name:literal $help:literal;)+) => {
        $(const $constant: Metric = Metric { name: $name, kind: Kind::$kind, labels: &[], help: $help };)+
        #[cfg(test)]
        pub(super) const METRICS: &[Metric] = &[$($constant),+];
    };
}

metrics! {
    CPU Counter "process_cpu_seconds_total" "Processor time, of the program and of the kernel for it.";
    RESIDENT Gauge "process_resident_memory_bytes" "Memory in use.";
    VIRTUAL Gauge "process_virtual_memory_bytes" "Addresses in use.";
    THREADS Gauge "process_threads" "Threads.";
    OPEN_FILES Gauge "process_open_fds" "Open files and sockets.";
    MOST_FILES Gauge "process_max_fds" "How many may be open.";
    STARTED_AT Gauge "process_start_time_seconds" "When the process began, in Unix seconds.";
}

/// What can be read.
pub(super) fn read() -> Vec<(&'static Metric, Value)> {
    let stat = fs::read_to_string("/proc/self/stat").ok().and_then(|text| Stat::parse(&text));
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let booted_at = fs::read_to_string("/proc/stat").ok().and_then(|text| number_after(&text, "btime "));
    let open = fs::read_dir("/proc/self/fd").ok().map(Iterator::count);
    let mut all = Vec::new();
    if let Some(stat) = stat {
        all.push((&CPU, Value::Number(stat.cpu_seconds)));
        all.push((&RESIDENT, Value::Count(stat.resident_pages * page_size())));
        all.push((&VIRTUAL, Value::Count(stat.virtual_bytes)));
        all.push((&THREADS, Value::Count(stat.threads)));
        let started_at =
            booted_at.map(|booted_at| (&STARTED_AT, Value::Count(booted_at + stat.started_after)));
        all.extend(started_at);
    }
    all.extend(open.map(|open| (&OPEN_FILES, Value::Count(open as u64))));
    all.extend(number_after(&limits, "Max open files").map(|most| (&MOST_FILES, Value::Count(most))));
    all
}

/// What `proc(5)` says of a process.
#[derive(Debug, PartialEq)]
struct Stat {
    cpu_seconds: f64,
    threads: u64,
    /// Whole seconds after the machine was booted.
    started_after: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The program's name, in brackets, can hold anything; the third field follows it.
        let (_, fields) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let ticks = ticks_a_second();
        let cpu_ticks = u32::try_from(field(14)? + field(15)?).ok()?;
        Some(Self {
            cpu_seconds: f64::from(cpu_ticks) / f64::from(u32::try_from(ticks).ok()?),
            threads: field(20)?,
            started_after: field(22)? / ticks,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

fn number_after(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

fn ticks_a_second() -> u64 {
    rustix::param::clock_ticks_per_second()
}

fn page_size() -> u64 {
    rustix::param::page_size() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_moves_no_field() {
        let text = "7 (a) b) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 9 0 1234 4096000 300 18446744073709551615 1";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.threads, stat.virtual_bytes, stat.resident_pages), (9, 4_096_000, 300));
        assert!(
            (stat.cpu_seconds * f64::from(u32::try_from(ticks_a_second()).unwrap()) - 300.0).abs() < 1e-6
        );
        assert_eq!(stat.started_after, 1234 / ticks_a_second());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_can_be_read() {
        let read: Vec<_> = read().into_iter().map(|(metric, _)| metric.name).collect();
        assert_eq!(read.len(), METRICS.len(), "{read:?}");
    }
}
