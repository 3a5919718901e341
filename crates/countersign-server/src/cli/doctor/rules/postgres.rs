//! Rules about a PostgreSQL database.

use std::time::Duration;

use super::store::not;
use crate::cli::doctor::finding::{Rule, Verdict};
use crate::cli::doctor::seen::{Line, Pooler, PostgresSeen, RefusedKind};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "store.primary",
        why: "A standby takes no writes, so nobody can sign in, refresh or sign out.",
        mend: "name the primary, or all hosts, in store",
        judge: |seen| {
            let refused = not(seen, RefusedKind::NotPrimary);
            refused.or_else(|| seen.postgres.as_ref().map(|_| Verdict::good("the database is a primary")))
        },
    },
    Rule {
        id: "store.durable",
        why: "A commit that does not wait for the disk, or for the standby that may take over, can be lost: a session that was ended \
              lives again.",
        mend: "ALTER ROLE … SET synchronous_commit = on",
        judge: |seen| {
            let refused = not(seen, RefusedKind::NotDurable);
            refused.or_else(|| seen.postgres.as_ref().map(durable))
        },
    },
    Rule {
        id: "store.encrypted",
        why: "Whoever is between the server and its database reads password hashes, and can write what it likes.",
        mend: "take sslmode=disable out of store",
        judge: |seen| seen.postgres.as_ref().map(encrypted),
    },
    Rule {
        id: "store.pooler",
        why: "Through a pooler a server cannot be woken, so it hears of log-outs on other nodes up to a fifth of a second later.",
        mend: "set store_direct to the address of the database itself",
        judge: |seen| seen.postgres.as_ref().map(pooler),
    },
    Rule {
        id: "store.clock",
        why: "Nodes go by its clock, services that verify tokens by theirs; a node that is more than 30 s off does not start.",
        mend: "synchronise the clocks of both machines: timedatectl set-ntp true",
        judge: |seen| seen.postgres.as_ref().map(clock),
    },
    Rule {
        id: "store.hot-updates",
        why: "A refresh changes one row. If that touches an index too, it costs several times as much, and the table grows.",
        mend: "drop indexes of your own on sessions, and: ALTER TABLE sessions SET (fillfactor = 85)",
        judge: |seen| seen.postgres.as_ref().and_then(hot_updates),
    },
    Rule {
        id: "store.dead-rows",
        why: "Dead rows that nobody removes make the table grow and each look-up slower.",
        mend: "VACUUM (VERBOSE) sessions, and look for old transactions in pg_stat_activity",
        judge: |seen| seen.postgres.as_ref().map(dead_rows),
    },
    Rule {
        id: "store.wraparound",
        why: "At two thousand million transactions without a freeze, PostgreSQL takes no more writes.",
        mend: "vacuumdb --freeze DATABASE, and find out why autovacuum did not",
        judge: |seen| seen.postgres.as_ref().map(wraparound),
    },
];

fn durable(found: &PostgresSeen) -> Verdict {
    let PostgresSeen { synchronous_commit, standbys, .. } = found;
    let waits = ["on", "remote_apply"].contains(&synchronous_commit.as_str());
    if !standbys.is_empty() && !waits {
        return Verdict::warning(format!(
            "synchronous_commit = {synchronous_commit} does not wait until a standby has a commit on its disk: a failover can lose \
             what was acknowledged"
        ));
    }
    let standbys = if standbys.is_empty() { "no standby" } else { standbys };
    Verdict::good(format!("synchronous_commit = {synchronous_commit}; a commit waits for {standbys}"))
}

fn encrypted(found: &PostgresSeen) -> Verdict {
    match found.line {
        Line::Encrypted => Verdict::good("the connection is encrypted"),
        Line::Local => Verdict::good("the connection stays on this machine"),
        Line::Open => Verdict::warning("the connection to another machine is not encrypted"),
    }
}

fn pooler(found: &PostgresSeen) -> Verdict {
    match found.pooler {
        Pooler::None => Verdict::good("no pooler is in between"),
        Pooler::Avoidable => Verdict::good("a pooler is in between, and store_direct leads past it"),
        Pooler::Unavoidable => Verdict::warning("a pooler is in between, and store_direct is not set"),
    }
}

fn clock(found: &PostgresSeen) -> Verdict {
    let side = if found.is_clock_ahead { "ahead of" } else { "behind" };
    let seen = format!("its clock is {} ms {side} ours", found.clock_offset.as_millis());
    Verdict::warning_if(found.clock_offset > MOST_OFFSET, seen)
}

/// Of a few updates it says nothing.
fn hot_updates(found: &PostgresSeen) -> Option<Verdict> {
    let share = (found.hot_updates * 100).checked_div(found.updates)?;
    let is_low = found.updates >= ENOUGH_ROWS && share < LEAST_HOT;
    Some(Verdict::warning_if(
        is_low,
        format!("{share} % of {} changes of sessions touched no index", found.updates),
    ))
}

fn dead_rows(found: &PostgresSeen) -> Verdict {
    let is_bad = found.dead >= ENOUGH_ROWS && found.dead > found.live / 5;
    Verdict::warning_if(
        is_bad,
        format!("{} dead rows in sessions beside {} that are alive", found.dead, found.live),
    )
}

fn wraparound(found: &PostgresSeen) -> Verdict {
    let seen = format!("the oldest row that is not frozen is {} transactions old", found.oldest_transaction);
    if found.oldest_transaction > NEAR_THE_END {
        Verdict::error(seen)
    } else {
        Verdict::warning_if(found.oldest_transaction > LATE_FREEZE, seen)
    }
}

const MOST_OFFSET: Duration = Duration::from_secs(2);
const ENOUGH_ROWS: u64 = 10_000;
/// In hundredths.
const LEAST_HOT: u64 = 90;
/// By default autovacuum freezes at two hundred million, and hurries at 1,600 million.
const LATE_FREEZE: u64 = 500_000_000;
const NEAR_THE_END: u64 = 1_500_000_000;

#[cfg(test)]
pub(super) mod tests {
    use super::super::store::tests::{opened, refused};
    use super::*;
    use crate::cli::doctor::rules::tests::Fixture;
    use crate::cli::doctor::seen::Seen;

    fn good() -> Seen {
        let postgres = PostgresSeen {
            version: "15.18".into(),
            synchronous_commit: "on".into(),
            standbys: "s1".into(),
            pooler: Pooler::Avoidable,
            line: Line::Encrypted,
            clock_offset: MOST_OFFSET,
            is_clock_ahead: true,
            updates: 1_000_000,
            hot_updates: 900_000,
            live: 100_000,
            dead: 20_000,
            oldest_transaction: LATE_FREEZE,
        };
        Seen { store: Some(opened()), postgres: Some(postgres), ..Seen::default() }
    }

    fn with(change: fn(&mut PostgresSeen)) -> Seen {
        let mut bad = good();
        change(bad.postgres.as_mut().unwrap());
        bad
    }

    pub(in crate::cli::doctor::rules) fn fixtures() -> Vec<Fixture> {
        let reds = vec![
            ("store.primary", refused(RefusedKind::NotPrimary)),
            ("store.durable", refused(RefusedKind::NotDurable)),
            ("store.durable", with(|found| found.synchronous_commit = "local".into())),
            ("store.encrypted", with(|found| found.line = Line::Open)),
            ("store.pooler", with(|found| found.pooler = Pooler::Unavoidable)),
            ("store.clock", with(|found| found.clock_offset = MOST_OFFSET + Duration::from_millis(1))),
            ("store.hot-updates", with(|found| found.hot_updates = 890_000)),
            ("store.dead-rows", with(|found| found.dead = 20_001)),
            ("store.wraparound", with(|found| found.oldest_transaction = LATE_FREEZE + 1)),
        ];
        reds.into_iter().map(|(id, red)| Fixture { id, red, green: good() }).collect()
    }
}
