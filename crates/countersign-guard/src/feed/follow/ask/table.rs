//! [`Table`]: which questions are open and which answers still count. Pure.
//!
//! One question for each token, however many requests need it; a positive answer counts for its session, for five seconds. After a
//! failure the issuer is left alone for a second: requests do not queue up for one that does not answer.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::question::Question;

#[derive(Default)]
pub(super) struct Table {
    open: HashMap<Box<str>, Arc<Question>>,
    queue: VecDeque<Arc<Question>>,
    /// Sessions that go on, and until when that counts.
    active: HashMap<Box<str>, Duration>,
    rest_until: Duration,
}

impl Table {
    /// Whether the session was said to go on, less than five seconds ago.
    pub(super) fn is_active(&self, session_id: &str, now: Duration) -> bool {
        self.active.get(session_id).is_some_and(|until| now < *until)
    }

    /// The question that is open about the token, or else this one. `None`: it cannot be asked now, since too many are
    /// open, or the issuer is left alone.
    pub(super) fn ask(&mut self, question: Question, now: Duration) -> Option<Arc<Question>> {
        if let Some(open) = self.open.get(&question.token) {
            return Some(Arc::clone(open));
        }
        if now < self.rest_until || self.open.len() >= MOST_OPEN {
            return None;
        }
        let question = Arc::new(question);
        self.open.insert(question.token.clone(), Arc::clone(&question));
        self.queue.push_back(Arc::clone(&question));
        Some(question)
    }

    /// The next question to put to the issuer, and to close then; one that nobody waits for any longer is left out.
    pub(super) fn next(&mut self) -> Option<Arc<Question>> {
        while let Some(question) = self.queue.pop_front() {
            if Arc::strong_count(&question) > OWN {
                return Some(question);
            }
            self.close(&question);
        }
        None
    }

    pub(super) fn close(&mut self, question: &Question) {
        self.open.remove(&question.token);
    }

    /// The issuer, asked at `asked_at`, has said that the session goes on.
    pub(super) fn is_said_active(&mut self, question: &Question, asked_at: Duration) {
        self.close(question);
        if self.active.len() >= MOST_ACTIVE {
            self.active.retain(|_, until| asked_at < *until);
        }
        if self.active.len() < MOST_ACTIVE {
            self.active.insert(question.session_id.clone(), asked_at + ANSWER_COUNTS);
        }
    }

    /// The issuer did not answer. Returns all questions that are not put to it any more.
    pub(super) fn failed(&mut self, question: &Question, now: Duration) -> VecDeque<Arc<Question>> {
        self.close(question);
        self.rest_until = now + REST;
        let dropped = std::mem::take(&mut self.queue);
        for question in &dropped {
            self.close(question);
        }
        dropped
    }
}

/// A question is in `open`, and in a local variable.
const OWN: usize = 2;
const ANSWER_COUNTS: Duration = Duration::from_secs(5);
const REST: Duration = Duration::from_secs(1);
const MOST_OPEN: usize = 1_000;
const MOST_ACTIVE: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn about(session_id: &str) -> Question {
        Question::new(session_id, session_id, 0)
    }

    #[test]
    fn a_token_is_asked_about_once_and_its_answer_counts_for_five_seconds() {
        let mut table = Table::default();
        let first = table.ask(about("s"), at(10)).unwrap();
        assert!(Arc::ptr_eq(&first, &table.ask(about("s"), at(11)).unwrap()));
        assert!(Arc::ptr_eq(&first, &table.next().unwrap()) && table.next().is_none());
        assert!(!table.is_active("s", at(11)));
        table.is_said_active(&first, at(10));
        assert!(table.is_active("s", at(14)) && !table.is_active("t", at(14)), "since it was asked");
        assert!(!table.is_active("s", at(15)));
        assert!(!Arc::ptr_eq(&first, &table.ask(about("s"), at(15)).unwrap()));
    }

    #[test]
    fn after_a_failure_nothing_is_asked_for_a_second() {
        let mut table = Table::default();
        let asked: Vec<_> = ["a", "b", "c"].map(|id| table.ask(about(id), at(10)).unwrap()).into();
        let first = table.next().unwrap();
        let dropped = table.failed(&first, at(12));
        assert!(dropped.iter().zip(&asked[1..]).all(|(one, other)| Arc::ptr_eq(one, other)));
        assert_eq!((dropped.len(), table.open.len()), (2, 0));
        assert!(table.next().is_none() && table.ask(about("d"), at(12)).is_none());
        assert!(table.ask(about("d"), at(13)).is_some());
    }

    #[test]
    fn a_question_that_nobody_waits_for_is_not_asked() {
        let mut table = Table::default();
        drop(table.ask(about("given up"), at(10)));
        let waited_for = table.ask(about("s"), at(10)).unwrap();
        assert!(Arc::ptr_eq(&waited_for, &table.next().unwrap()));
        assert_eq!(table.open.len(), 1);
    }

    #[test]
    fn neither_questions_nor_answers_are_without_number() {
        let mut table = Table::default();
        for number in 0..MOST_OPEN {
            assert!(table.ask(about(&number.to_string()), at(1)).is_some());
        }
        assert!(table.ask(about("one more"), at(1)).is_none());
        assert!(table.ask(about("0"), at(1)).is_some(), "it is open already");
        for number in 0..=MOST_ACTIVE {
            table.is_said_active(&about(&number.to_string()), at(1));
        }
        assert_eq!((table.active.len(), table.open.len()), (MOST_ACTIVE, 0));
        table.is_said_active(&about("later"), at(6));
        assert_eq!(table.active.len(), 1, "the old ones make room");
    }
}
