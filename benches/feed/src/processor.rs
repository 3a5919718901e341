//! The processor time of threads, to the nanosecond: `/proc/PID/stat` counts in hundredths of a second.

use std::fs;

use anyhow::Context as _;

/// How the system calls the thread of a guard that follows a feed.
pub(crate) const FEED_THREAD: &str = "countersign-fee";

/// The threads of a process whose names begin so.
pub(crate) struct Processor {
    tasks: String,
    name: &'static str,
}

impl Processor {
    pub(crate) fn of(process: u32, name: &'static str) -> Self {
        Self { tasks: format!("/proc/{process}/task"), name }
    }

    /// Of those that run now, until now.
    pub(crate) fn seconds(&self) -> anyhow::Result<f64> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(&self.tasks)? {
            let path = task?.path();
            // A thread may have ended meanwhile.
            let read = |file: &str| fs::read_to_string(path.join(file)).unwrap_or_default();
            if !read("comm").starts_with(self.name) {
                continue;
            }
            if let Some(spent) = read("schedstat").split(' ').next().filter(|text| !text.is_empty()) {
                nanoseconds += spent.parse::<u64>().context("the first field of schedstat")?;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "days of processor time fit")]
        let seconds = nanoseconds as f64 / 1e9;
        Ok(seconds)
    }
}
