//! How far something long has come, on standard error.

use std::io::{IsTerminal as _, Write as _};

use crate::output::remark;

/// A bar, on a terminal only. `what` is written after it.
pub(super) fn bar(done: u64, all: u64, what: &str) {
    if std::io::stderr().is_terminal() {
        let filled = usize::try_from(done.saturating_mul(BAR as u64) / all.max(1)).unwrap_or(0);
        let end = if done == all { "\n" } else { "" };
        // The macro for that would end the command when the terminal is gone.
        let _ = write!(std::io::stderr(), "\r[{:BAR$}] {done} of {all}{what}{end}", "#".repeat(filled));
    }
}

/// A bar on a terminal; elsewhere a line for each tenth.
#[derive(Default)]
pub(super) struct Steps {
    tenth: u64,
}

impl Steps {
    /// Shows how far this thing has come. One that is empty is not shown.
    pub(super) fn show(&mut self, done: u64, all: u64, what: &str) {
        if done == 0 || all == 0 {
            self.tenth = 0;
        } else if std::io::stderr().is_terminal() {
            bar(done, all, &format!(" {what}"));
        } else if self.tenth < done * 10 / all {
            self.tenth = done * 10 / all;
            remark(&format!("countersign: {what}: {done} of {all}"));
        }
    }
}

const BAR: usize = 40;
