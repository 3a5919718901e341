//! Rules about backups of the embedded database.

use std::time::Duration;

use crate::cli::doctor::finding::{Rule, Verdict};
use crate::cli::doctor::seen::BackupSeen;
use crate::output::{counted, utc};

pub(super) const RULES: &[Rule] = &[Rule {
    id: "backup.age",
    why: "A disk that dies takes all accounts with it, and everything since the last backup.",
    mend: "countersign backup countersign-$(date +%F).backup",
    judge: |seen| seen.backup.as_ref().map(age),
}];

fn age(backup: &BackupSeen) -> Verdict {
    let Some(last) = backup.last else {
        return if backup.accounts == 0 {
            Verdict::good("there is nothing to back up yet")
        } else {
            Verdict::warning("no backup was ever made")
        };
    };
    let days = usize::try_from(backup.now.since(last).as_secs() / DAY).unwrap_or(usize::MAX);
    let seen = format!("the last backup is of {}, {} ago", utc(last), counted(days, "day"));
    Verdict::warning_if(backup.now.since(last) > OLD, seen)
}

const DAY: u64 = 24 * 60 * 60;
const OLD: Duration = Duration::from_secs(7 * DAY);

#[cfg(test)]
pub(super) mod tests {
    use countersign::Timestamp;

    use super::*;
    use crate::cli::doctor::rules::tests::Fixture;
    use crate::cli::doctor::seen::Seen;

    fn seen(days_ago: Option<i64>, accounts: u64) -> Seen {
        let at = |days: i64| Timestamp::from_unix_millis(days * 24 * 3_600_000);
        let last = days_ago.map(|days| at(100 - days));
        Seen { backup: Some(BackupSeen { last, now: at(100), accounts }), ..Seen::default() }
    }

    pub(in crate::cli::doctor::rules) fn fixtures() -> Vec<Fixture> {
        let fixture = |red| Fixture { id: "backup.age", red, green: seen(Some(7), 1) };
        vec![fixture(seen(Some(8), 1)), fixture(seen(None, 1))]
    }
}
