//! Who is sent the audit log: how far each is, since when one does not take it, and when it is not told any more.
//!
//! A reader that nobody answers for is switched off after [`OFF_AFTER`], as Standard Webhooks advises: what is sent to a place
//! that somebody else may have by now is sent to a stranger. It is switched on by hand, and goes on where it stopped.

use std::time::Duration;

use crate::base::clock::Timestamp;
use crate::model::named::named;

/// A reader of the audit log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct AuditReader {
    /// The position in the chain up to which it has the rows; 0 for a new one, which has nothing.
    pub position: i64,
    /// Since when it has not taken what it was sent; none while it does.
    pub failing: Option<ReaderFailing>,
    /// It is switched off; none while it is told.
    pub off: Option<ReaderOff>,
}

/// A reader that does not take what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct ReaderFailing {
    /// Since this instant. Later than the first attempt where nobody tried for a while.
    pub since: Timestamp,
    /// The last attempt.
    pub last: Timestamp,
}

/// A reader that is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct ReaderOff {
    /// Since this instant.
    pub at: Timestamp,
    /// Why.
    pub reason: OffReason,
}

named! {
    /// Why a reader is switched off.
    pub enum OffReason {
        /// It has failed for five days.
        Failing = "failing",
        /// It has said that it never wants to hear anything again (HTTP 410).
        Gone = "gone",
    }
}

/// What became known of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReaderNews {
    /// It has answered for what it was sent.
    Answered,
    /// An attempt has failed.
    Failed,
    /// It has said that it never wants to hear anything again.
    Gone,
    /// An operator wants it to be told.
    SwitchedOn,
}

impl AuditReader {
    /// The reader after this news. One that is off stays so until an operator switches it on.
    #[must_use]
    pub fn after(self, news: ReaderNews, now: Timestamp) -> Self {
        match (news, self.off) {
            (ReaderNews::SwitchedOn, _) => Self { failing: None, off: None, ..self },
            (_, Some(_)) => self,
            (ReaderNews::Answered, None) => Self { failing: None, ..self },
            (ReaderNews::Gone, None) => {
                Self { failing: None, off: Some(ReaderOff { at: now, reason: OffReason::Gone }), ..self }
            }
            (ReaderNews::Failed, None) => {
                let failing =
                    self.failing.map_or(ReaderFailing { since: now, last: now }, |it| it.again(now));
                let is_over = now.since(failing.since) >= OFF_AFTER;
                let off = is_over.then_some(ReaderOff { at: now, reason: OffReason::Failing });
                Self { failing: Some(failing), off, ..self }
            }
        }
    }
}

impl ReaderFailing {
    /// After a long time without an attempt nobody knows how the reader was meanwhile: a machine that was off for a week, with the
    /// reader on it, must not switch it off by its first attempt. So that time does not count.
    fn again(self, now: Timestamp) -> Self {
        let untried = now.since(self.last);
        let since = if untried > TRIED_WITHIN { self.since.plus(untried) } else { self.since };
        Self { since, last: now }
    }
}

/// For how long a reader may fail.
pub const OFF_AFTER: Duration = Duration::from_secs(5 * 24 * 3600);

/// The attempts of a server that runs are closer together.
const TRIED_WITHIN: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const DAYS: i64 = 24 * 60;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_unix_millis(minutes * MINUTE)
    }

    /// One that has failed since 0, and was tried every ten minutes until then.
    fn failing(until: i64) -> AuditReader {
        let mut reader = AuditReader { position: 7, ..AuditReader::default() };
        for minute in (0..=until).step_by(10) {
            reader = reader.after(ReaderNews::Failed, at(minute));
        }
        reader
    }

    /// WH-4
    #[test]
    fn five_days_of_failures_switch_it_off() {
        let almost = failing(5 * DAYS - 10);
        assert_eq!(almost.off, None);
        assert_eq!(almost.failing.unwrap().since, at(0));
        let end = at(5 * DAYS);
        assert_eq!(almost.after(ReaderNews::Failed, end.minus(Duration::from_millis(1))).off, None);
        let off = almost.after(ReaderNews::Failed, end);
        assert_eq!(off.off, Some(ReaderOff { at: end, reason: OffReason::Failing }));
        assert_eq!(off.position, 7, "it goes on there");
    }

    /// WH-4
    #[test]
    fn an_answer_in_between_begins_the_count_again() {
        let answered = failing(5 * DAYS - 10).after(ReaderNews::Answered, at(5 * DAYS - 5));
        assert_eq!((answered.failing, answered.off), (None, None));
        let failed = answered.after(ReaderNews::Failed, at(5 * DAYS));
        assert_eq!((failed.failing.unwrap().since, failed.off), (at(5 * DAYS), None));
    }

    /// WH-4
    #[test]
    fn the_time_in_which_nobody_tried_does_not_count() {
        let tried = failing(60);
        let back = tried.after(ReaderNews::Failed, at(7 * DAYS));
        assert_eq!(back.off, None);
        assert_eq!(back.failing.unwrap().since, at(7 * DAYS - 60), "an hour counts");
        let within = tried.after(ReaderNews::Failed, at(120));
        assert_eq!(within.failing.unwrap().since, at(0));
        let set_back = tried.after(ReaderNews::Failed, at(-60));
        assert_eq!(
            (set_back.failing.unwrap().since, set_back.off),
            (at(0), None),
            "a clock that was set back"
        );
    }

    /// WH-4
    #[test]
    fn what_is_off_stays_off_until_it_is_switched_on() {
        let gone = failing(10).after(ReaderNews::Gone, at(11));
        assert_eq!(gone.off, Some(ReaderOff { at: at(11), reason: OffReason::Gone }));
        for news in [ReaderNews::Answered, ReaderNews::Failed, ReaderNews::Gone] {
            assert_eq!(gone.after(news, at(12)), gone, "{news:?}");
        }
        let on = gone.after(ReaderNews::SwitchedOn, at(13));
        assert_eq!(on, AuditReader { position: 7, ..AuditReader::default() });
    }
}
