//! For how long everything is kept. Nothing here is lost early: a session is kept while an access token of it
//! may run, a revocation while a verifier may accept that token, a count of failed sign-ins while it makes
//! somebody wait.

use std::time::Duration;

use crate::base::clock::Timestamp;
use crate::model::activity::Grain;
use crate::model::oauth::NewCode;
use crate::model::outbox::DeliveryState;
use crate::model::session::SessionPolicy;
use crate::model::ticket::COUNTED as TICKETS_COUNTED;

/// What house-keeping deletes, a batch at a time.
#[derive(Clone, Copy, Debug)]
pub struct Sweep {
    /// The instant the rules are applied at.
    pub now: Timestamp,
    /// Sessions whose idle or absolute end, or early end, is longer ago than this are deleted.
    pub keep_sessions: Duration,
    /// Audit events older than this are deleted.
    pub keep_audit: Duration,
    /// Counts of fewer failed sign-ins than this are deleted after a day.
    pub few_failures: u32,
    /// The most rows that one call deletes; it looks at ten times as many at most.
    pub batch: u32,
}

/// What one call of `sweep` came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    /// How many rows went.
    pub deleted: usize,
    /// Whether there may be more to delete: call again, but not at once.
    pub more: bool,
    /// How many of the sessions that it looked at are alive. Those of all calls, up to one without `more`, are all there are.
    pub alive: u64,
}

/// What may be deleted. Each row of the table is one variant; `sweep` takes them in this order, a batch of
/// the first that finds something.
///
/// | what | when it goes |
/// |---|---|
/// | a revocation | 120 s after it stops to matter: verifiers may be so much behind |
/// | a session that was ended | `keep_sessions` later, or an access token's life if that is longer |
/// | a session past its absolute end | the same |
/// | an API key that was revoked, or has expired | the same |
/// | a line of the audit log | after `keep_audit` |
/// | a count of fewer than `few_failures` | 24 hours after its last failure |
/// | any count | 400 days after its last failure |
/// | a failed or refused login in the audit log | when there are 100,000 newer ones |
/// | a figure of an overview, by the minute | after 25 hours |
/// | a figure of an overview, by the hour | after 32 days |
/// | a delivery that was made | a day later |
/// | a delivery that was given up, or that nobody tried | 30 days later |
/// | a ticket | an hour after it has expired: its kind is counted for so long |
/// | a trusted device | when it is not trusted any more |
/// | an authorization code | an hour after it has expired: a second use is known for one for so long |
/// | what was used once | when it is over by itself |
/// | a session past its idle end | as the others; see [`Sweep::idle_since`] |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expired {
    /// Revocations whose `until` is at or before this.
    Revocations(Timestamp),
    /// Sessions that were ended at or before this.
    SessionsEnded(Timestamp),
    /// Sessions whose absolute end is at or before this.
    SessionsPastEnd(Timestamp),
    /// API keys that were revoked at or before this.
    ApiKeysRevoked(Timestamp),
    /// API keys that expired at or before this.
    ApiKeysPastEnd(Timestamp),
    /// Lines of the audit log from before this.
    AuditLog(Timestamp),
    /// Counts of fewer failures than this whose last failure is at or before this.
    FewFailures(u32, Timestamp),
    /// Counts whose last failure is at or before this.
    Failures(Timestamp),
    /// Failed and refused logins in the audit log, all but so many of the newest.
    FailedLogins(u32),
    /// Figures of this grain that are of before this.
    Activity(Grain, Timestamp),
    /// Deliveries in this state that ended, or were of no use any more, at or before this.
    Deliveries(DeliveryState, Timestamp),
    /// Tickets that expired at or before this.
    Tickets(Timestamp),
    /// Trusted devices that expired at or before this.
    TrustedDevices(Timestamp),
    /// Authorization codes that expired at or before this.
    Codes(Timestamp),
    /// What was used once and is over at this.
    UsedOnce(Timestamp),
}

impl Sweep {
    /// Everything that an index finds, in the order in which it is looked for.
    pub(crate) fn expired(&self, policy: &SessionPolicy) -> [Expired; EXPIRED] {
        let dead = self.now.minus(self.keep_sessions(policy));
        [
            Expired::Revocations(self.now.minus(LONGEST_LEEWAY)),
            Expired::SessionsEnded(dead),
            Expired::SessionsPastEnd(dead),
            Expired::ApiKeysRevoked(dead),
            Expired::ApiKeysPastEnd(dead),
            Expired::AuditLog(self.now.minus(self.keep_audit)),
            Expired::FewFailures(self.few_failures, self.now.minus(FEW_FAILURES_REMEMBERED)),
            Expired::Failures(self.now.minus(FAILURES_REMEMBERED)),
            Expired::FailedLogins(MAX_FAILED_LOGINS),
            Expired::Activity(Grain::Minute, self.now.minus(Grain::Minute.kept())),
            Expired::Activity(Grain::Hour, self.now.minus(Grain::Hour.kept())),
            Expired::Deliveries(DeliveryState::Sent, self.now.minus(SENT_REMEMBERED)),
            Expired::Deliveries(DeliveryState::Dead, self.now.minus(DEAD_REMEMBERED)),
            Expired::Deliveries(DeliveryState::Waiting, self.now.minus(DEAD_REMEMBERED)),
            Expired::Tickets(self.now.minus(TICKETS_COUNTED)),
            Expired::TrustedDevices(self.now),
            Expired::Codes(self.now.minus(NewCode::REMEMBERED)),
            Expired::UsedOnce(self.now.minus(CLOCKS_APART)),
        ]
    }

    /// Sessions last rotated at or before this may go: a rotation moves their idle end, so no index holds it.
    pub(crate) fn idle_since(&self, policy: &SessionPolicy) -> Timestamp {
        self.now.minus(policy.idle_ttl).minus(self.keep_sessions(policy))
    }

    /// Sessions last rotated at or before this are past their idle end.
    pub(crate) fn not_alive_since(&self, policy: &SessionPolicy) -> Timestamp {
        self.now.minus(policy.idle_ttl)
    }

    /// A session is kept for as long as an access token of it may run, so that it can still be ended.
    fn keep_sessions(&self, policy: &SessionPolicy) -> Duration {
        self.keep_sessions.max(policy.access_token_ttl)
    }
}

/// How many there are of [`Expired`].
pub(crate) const EXPIRED: usize = 18;
/// Clocks of nodes may differ by so much: what one takes for over, another may not yet.
const CLOCKS_APART: Duration = Duration::from_mins(5);
/// How long it can be looked up what was delivered.
const SENT_REMEMBERED: Duration = Duration::from_hours(24);
/// How long what was given up can be tried again.
const DEAD_REMEMBERED: Duration = Duration::from_hours(30 * 24);
/// How long failed sign-ins in a row are remembered: those of an account that was stopped are the last to be
/// forgotten.
pub const FAILURES_REMEMBERED: Duration = Duration::from_hours(400 * 24);
/// So many names can fail once that each is kept for a day only, however long it counts in a process that
/// goes on (LG-7).
const FEW_FAILURES_REMEMBERED: Duration = Duration::from_hours(24);
/// Failed logins are kept by number too, so that nobody can fill the disk with them (LG-7): some 20 MB.
const MAX_FAILED_LOGINS: u32 = 100_000;
/// Verifiers may be behind by so much, and accept a token for so much longer.
const LONGEST_LEEWAY: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);

    #[test]
    fn each_limit_is_where_the_table_says() {
        let day = Duration::from_hours(24);
        let sweep =
            Sweep { now: T, keep_sessions: 30 * day, keep_audit: 90 * day, few_failures: 8, batch: 10 };
        let policy = SessionPolicy::default();
        assert_eq!(
            sweep.expired(&policy),
            [
                Expired::Revocations(T.minus(Duration::from_secs(120))),
                Expired::SessionsEnded(T.minus(30 * day)),
                Expired::SessionsPastEnd(T.minus(30 * day)),
                Expired::ApiKeysRevoked(T.minus(30 * day)),
                Expired::ApiKeysPastEnd(T.minus(30 * day)),
                Expired::AuditLog(T.minus(90 * day)),
                Expired::FewFailures(8, T.minus(day)),
                Expired::Failures(T.minus(400 * day)),
                Expired::FailedLogins(100_000),
                Expired::Activity(Grain::Minute, T.minus(Duration::from_hours(25))),
                Expired::Activity(Grain::Hour, T.minus(32 * day)),
                Expired::Deliveries(DeliveryState::Sent, T.minus(day)),
                Expired::Deliveries(DeliveryState::Dead, T.minus(30 * day)),
                Expired::Deliveries(DeliveryState::Waiting, T.minus(30 * day)),
                Expired::Tickets(T.minus(Duration::from_hours(1))),
                Expired::TrustedDevices(T),
                Expired::Codes(T.minus(NewCode::REMEMBERED)),
                Expired::UsedOnce(T.minus(Duration::from_mins(5))),
            ]
        );
        assert_eq!(sweep.idle_since(&policy), T.minus(policy.idle_ttl).minus(30 * day));
    }

    /// A session outlives its access tokens: kept for less, as long, and longer than one of them.
    #[test]
    fn a_session_is_kept_while_a_token_of_it_may_run() {
        let policy = SessionPolicy::default();
        let (ttl, ms) = (policy.access_token_ttl, Duration::from_millis(1));
        for (keep_sessions, kept) in
            [(Duration::ZERO, ttl), (ttl.saturating_sub(ms), ttl), (ttl, ttl), (ttl + ms, ttl + ms)]
        {
            let sweep = Sweep { now: T, keep_sessions, keep_audit: ttl, few_failures: 8, batch: 10 };
            assert_eq!(sweep.expired(&policy)[1], Expired::SessionsEnded(T.minus(kept)));
            assert_eq!(sweep.idle_since(&policy), T.minus(policy.idle_ttl).minus(kept));
        }
    }
}
