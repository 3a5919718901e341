//! What has happened lately, and how things are now.

use crate::flows::overview::Overview;
use crate::model::activity;
use crate::model::finding::Finding;
use crate::wire::Instant;
use crate::wire::field::view;

view! {
    /// One figure over time.
    SeriesView {
        /// `logins`, `refreshes`, `sessions`, `hashing_queue`, or `feed_lag` in milliseconds.
        figure: &'a str,
        /// Which outcome of a sign-in or a refresh; empty for the others.
        label: &'a str,
        /// One for each step: how many there were, or the highest; `null` where it is not known.
        values: &'a [Option<u64>],
    }
}

view! {
    /// One thing that is not as it should be.
    FindingView {
        /// A stable name, such as `backup.age`.
        id: &'a str,
        /// `warning` or `error`.
        severity: &'a str,
        /// What was seen.
        seen: &'a str,
        /// Why it matters.
        why: &'a str,
        /// The command that mends it, or what to change.
        mend: &'a str,
    }
}

view! {
    /// What has happened lately on all nodes, and how things are now.
    OverviewView {
        /// Now.
        at: Instant,
        /// `hour`, `day` or `month`.
        range: &'a str,
        /// How long a step of the series is, in seconds.
        step: u64,
        /// When each step begins.
        times: Vec<Instant>,
        /// Those in which there was anything.
        series: Vec<SeriesView<'a>>,
        /// How many sessions were alive when they were last counted.
        sessions: Option<u64>,
        /// The minute in which they were counted.
        sessions_at: Option<Instant>,
        /// Passwords that wait for their computation on this node.
        hashing_queue: u64,
        /// Services that follow the feed of this node.
        followers: u64,
        /// For how long the slowest of them has not had everything, in milliseconds.
        feed_lag: Option<u64>,
        /// When the next signing key takes over; `null` where keys are not rotated.
        next_key_at: Option<Instant>,
        /// Of when the last backup is that the store knows of.
        last_backup_at: Option<Instant>,
        /// What is not as it should be on this node; `null` where nobody has looked.
        findings: Option<Vec<FindingView<'a>>>,
        /// When it was looked.
        findings_at: Option<Instant>,
    }
}

impl<'a> From<&'a activity::Series> for SeriesView<'a> {
    fn from(series: &'a activity::Series) -> Self {
        Self { figure: series.figure.name(), label: &series.label, values: &series.values }
    }
}

impl<'a> From<&'a Finding> for FindingView<'a> {
    fn from(finding: &'a Finding) -> Self {
        let Finding { id, severity, seen, why, mend } = finding;
        Self { id, severity: severity.name(), seen, why, mend }
    }
}

impl<'a> From<&'a Overview> for OverviewView<'a> {
    fn from(overview: &'a Overview) -> Self {
        let (history, findings) = (&overview.history, overview.findings.as_deref());
        Self {
            at: Instant(overview.at),
            range: history.range.name(),
            step: history.range.step().as_secs(),
            times: history.times.iter().copied().map(Instant).collect(),
            series: history.series.iter().map(SeriesView::from).collect(),
            sessions: overview.sessions.map(|(_, alive)| alive),
            sessions_at: overview.sessions.map(|(at, _)| Instant(at)),
            hashing_queue: whole(overview.hashing_queue),
            followers: whole(overview.followers),
            feed_lag: overview.feed_lag.map(|lag| u64::try_from(lag.as_millis()).unwrap_or(u64::MAX)),
            next_key_at: overview.next_key_at.map(Instant),
            last_backup_at: overview.last_backup_at.map(Instant),
            findings: findings.map(|findings| findings.list.iter().map(FindingView::from).collect()),
            findings_at: findings.map(|findings| Instant(findings.at)),
        }
    }
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
