//! What has happened, as an overview shows it.

use std::sync::Arc;
use std::time::Duration;

use countersign::internal::base::clock::Timestamp;
use countersign::internal::model::activity::{Activity, ActivityQuery, ActivityRow, Figure, Grain, Range};
use countersign::internal::model::retention::Sweep;
use countersign::internal::model::session::{EndReason, SessionPolicy, SessionSelector};
use countersign::store::{ActivityStore as _, SessionStore as _, Store, Upkeep as _};

use crate::races::at_once;
use crate::world::*;

const HOUR: u64 = 60 * 60;

fn noted(what: &[(u64, Figure, &'static str, u64)]) -> Activity {
    let mut noted = Activity::default();
    for (seconds, figure, label, value) in what {
        noted.note(at(*seconds), *figure, label, *value);
    }
    noted
}

async fn read(store: &impl Store, query: ActivityQuery) -> Vec<ActivityRow> {
    let mut rows = store.activity(query).await.unwrap();
    rows.sort();
    rows
}

/// In order.
fn values(rows: &[ActivityRow]) -> Vec<(Timestamp, Figure, &str, u64)> {
    rows.iter().map(|row| (row.at, row.figure, row.label.as_ref(), row.value)).collect()
}

fn instant(text: &str) -> Timestamp {
    format!("2023-11-14T{text}:00Z").parse().unwrap()
}

pub(crate) async fn counts_are_added_and_of_levels_the_highest_is_kept(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let (ok, queue) = (Figure::Logins, Figure::HashingQueue);
    for what in [
        &[(0, ok, "ok", 3), (0, ok, "wrong", 1), (0, queue, "", 5)][..], // 22:13
        &[(0, ok, "ok", 4), (0, queue, "", 2), (60, ok, "ok", 1), (60, queue, "", 9)],
        &[(0, queue, "", 6), (2 * HOUR, ok, "ok", 8)],
        &[],
    ] {
        store.add_activity(noted(what)).await.unwrap();
    }
    let by_minute = ActivityQuery { grain: Grain::Minute, since: T0.minus(SECOND * 20), step: SECOND * 60 };
    let minutes = read(&store, by_minute).await;
    let (first, second, last) = (instant("22:13"), instant("22:14"), T0.plus(SECOND * 7180));
    let by_figure = [
        (first, ok, "ok", 7),
        (first, ok, "wrong", 1),
        (first, queue, "", 6),
        (second, ok, "ok", 1),
        (second, queue, "", 9),
        (last, ok, "ok", 8),
    ];
    assert_eq!(values(&minutes), by_figure);
    assert_eq!(read(&store, ActivityQuery { since: second, ..by_minute }).await, minutes[3..]);
    let now = at(2 * HOUR);
    let quarters = read(&store, Range::Day.query(now)).await;
    let (first, last) = (instant("22:00"), instant("22:00").plus(SECOND * 7200));
    let both = [(first, ok, "ok", 8), (first, ok, "wrong", 1), (first, queue, "", 9), (last, ok, "ok", 8)];
    assert_eq!(values(&quarters), both);
    // Six hours, of rows of one.
    let of_month = read(&store, Range::Month.query(now)).await;
    let (first, last) = (instant("18:00"), instant("18:00").plus(SECOND * 21_600));
    let both = [(first, ok, "ok", 8), (first, ok, "wrong", 1), (first, queue, "", 9), (last, ok, "ok", 8)];
    assert_eq!(values(&of_month), both);
}

/// Of many who add to the same rows at once, nothing is lost.
pub(crate) async fn what_is_added_at_once_all_counts(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    at_once(20, |n| {
        let store = Arc::clone(&store);
        let n = u64::try_from(n).unwrap();
        let what =
            [(0, Figure::Logins, "ok", 1), (60, Figure::Refreshes, "fresh", 2), (0, Figure::FeedLag, "", n)];
        async move { store.add_activity(noted(&what)).await.unwrap() }
    })
    .await;
    let rows = read(&*store, Range::Day.query(at(60))).await;
    let found: Vec<_> = rows.iter().map(|row| (row.figure, row.value)).collect();
    assert_eq!(found, [(Figure::Logins, 20), (Figure::Refreshes, 40), (Figure::FeedLag, 19)]);
}

/// Minutes go after 25 hours, hours after 32 days.
pub(crate) async fn old_figures_are_swept(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    store.add_activity(noted(&[(0, Figure::Logins, "ok", 1), (0, Figure::FeedLag, "", 0)])).await.unwrap();
    let left = async |grain: Grain, now| {
        let keep = Duration::from_secs(u64::MAX / 2);
        let sweep = Sweep { now, keep_sessions: keep, keep_audit: keep, few_failures: 8, batch: 100 };
        while store.sweep(sweep).await.unwrap().more {}
        read(&store, ActivityQuery { grain, since: T0.minus(DAY), step: grain.length() }).await.len()
    };
    for (grain, begun) in [(Grain::Minute, "22:13"), (Grain::Hour, "22:00")] {
        let end = instant(begun).plus(grain.kept());
        assert_eq!(left(grain, end).await, 2);
        assert_eq!(left(grain, end.plus(SECOND)).await, 0);
    }
}

/// Neither one that was ended nor one that nobody used for too long or that is past its end; and each once, in however many
/// calls.
pub(crate) async fn a_sweep_counts_the_sessions_that_are_alive(opener: &impl Opener) {
    let policy = SessionPolicy { max_sessions: 100, ..SessionPolicy::default() };
    let store = opener.open(policy).await;
    let bob = user(&store, "bob").await;
    let mut tokens = Vec::new();
    for n in 0..25 {
        tokens.push(log_in(&store, &bob, at(n)).await);
    }
    store
        .end_sessions(SessionSelector::OfToken(tokens[0]), EndReason::Logout, &context(at(30)))
        .await
        .unwrap();
    let mut last = tokens[24];
    let alive = async |now, batch| {
        let keep = policy.absolute_ttl * 2;
        let sweep = Sweep { now, keep_sessions: keep, keep_audit: keep, few_failures: 8, batch };
        let (mut alive, mut calls) = (0, 0);
        loop {
            let swept = store.sweep(sweep).await.unwrap();
            (alive, calls) = (alive + swept.alive, calls + 1);
            if !swept.more {
                return (alive, calls > 1);
            }
        }
    };
    assert_eq!(alive(at(100), 100).await, (24, false));
    assert_eq!(alive(at(100), 1).await, (24, true));
    assert_eq!(alive(at(20).plus(policy.idle_ttl), 100).await.0, 4);
    // The last one is used to its end.
    let end = at(24).plus(policy.absolute_ttl);
    let mut now = at(24);
    while now.plus(DAY * 5) < end {
        now = now.plus(DAY * 5);
        store.rotate(last, &context(now)).await.unwrap();
        last = generation(last, last.generation + 1);
    }
    assert_eq!(alive(end.minus(SECOND), 100).await.0, 1);
    assert_eq!(alive(end, 100).await.0, 0);
}
