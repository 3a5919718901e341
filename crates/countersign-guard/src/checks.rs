//! How many tokens a guard has checked, for metrics: atomic additions, which wait for nobody.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::refusal::Refusal;

/// What has come of a guard's checks.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    accepted: AtomicU64,
    cached: AtomicU64,
    invalid: AtomicU64,
    revoked: AtomicU64,
    undecided: AtomicU64,
}

/// Figures for metrics: how many tokens were checked since the guard was made, by it and by those made from it with
/// [`Guard::with_policy`](crate::Guard::with_policy).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuardStats {
    /// Accepted.
    pub accepted: u64,
    /// Found in the cache, so that no signature had to be verified, whatever became of them then.
    pub cached: u64,
    /// Refused because a check of the token failed, or it lacks what the policy demands.
    pub invalid: u64,
    /// Refused because their session has ended.
    pub revoked: u64,
    /// Refused because there were no keys to check them with, it was not known whether their session has ended, or no
    /// room was left to remember their proof.
    pub undecided: u64,
}

impl Checks {
    pub(crate) fn came_from_cache(&self) {
        self.cached.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn came_to(&self, refusal: Option<&Refusal>) {
        let count = match refusal {
            None => &self.accepted,
            Some(Refusal::Revoked) => &self.revoked,
            Some(Refusal::KeysUnavailable | Refusal::FeedLate | Refusal::TooOld | Refusal::ProofsFull) => {
                &self.undecided
            }
            Some(_) => &self.invalid,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> GuardStats {
        let [accepted, cached, invalid, revoked, undecided] =
            [&self.accepted, &self.cached, &self.invalid, &self.revoked, &self.undecided]
                .map(|count| count.load(Ordering::Relaxed));
        GuardStats { accepted, cached, invalid, revoked, undecided }
    }
}
