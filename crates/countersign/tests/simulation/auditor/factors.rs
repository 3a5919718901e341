//! Second factors: no session begins without one where one is due (MF-2); a code's step is accepted once an account (MF-1), a
//! recovery code once (MF-3); and nobody is refused with what is right and new.

use std::collections::{BTreeMap, BTreeSet};

use countersign::internal::base::id::AccountId;

use super::{Verdict, ensure};

/// What is shown in a second step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The code of this step.
    Code(i64),
    /// The recovery code of this number.
    RecoveryCode(usize),
    /// The code of no step near.
    Wrong,
}

/// What was accepted, by account; those that have nothing are not here.
#[derive(Debug, Default)]
pub(crate) struct Factors(BTreeMap<AccountId, Used>);

#[derive(Debug)]
struct Used {
    last_step: i64,
    codes: BTreeSet<usize>,
}

impl Factors {
    /// An account has an authenticator, whose code of this step was used.
    pub(crate) fn has(&mut self, account: AccountId, last_step: i64) {
        self.0.insert(account, Used { last_step, codes: BTreeSet::new() });
    }

    pub(crate) fn last_step(&self, account: AccountId) -> Option<i64> {
        self.0.get(&account).map(|used| used.last_step)
    }

    pub(crate) fn used_codes(&self, account: AccountId) -> BTreeSet<usize> {
        self.0.get(&account).map(|used| used.codes.clone()).unwrap_or_default()
    }

    /// MF-2: a session that began says with what its second step was made.
    pub(super) fn began(&self, account: AccountId, how: Option<&str>) -> Verdict {
        let is_due = self.0.contains_key(&account);
        let is_made = how.is_some_and(|how| ["totp", "recovery_code"].iter().any(|one| how.contains(one)));
        ensure(!is_due || is_made, || format!("MF-2: a session began without the second step: {how:?}"))
    }

    /// A session began with this.
    pub(crate) fn accepted(&mut self, account: AccountId, shown: Shown) -> Verdict {
        let used = self.0.get_mut(&account).ok_or("MF-2: a second step of somebody who has none")?;
        match shown {
            Shown::Wrong => Err("MF-1: a wrong code was accepted".to_owned()),
            Shown::Code(step) => {
                let last = std::mem::replace(&mut used.last_step, step);
                ensure(step > last, || format!("MF-1: the step {step} was accepted after {last}"))
            }
            Shown::RecoveryCode(number) => ensure(used.codes.insert(number), || {
                format!("MF-3: recovery code {number} was accepted twice")
            }),
        }
    }

    /// Whether this is right and new, for a server at this step.
    pub(crate) fn is_good(&self, account: AccountId, shown: Shown, current: i64) -> bool {
        self.0.get(&account).is_some_and(|used| match shown {
            Shown::Wrong => false,
            Shown::Code(step) => (current - step).abs() <= 1 && step > used.last_step,
            Shown::RecoveryCode(number) => !used.codes.contains(&number),
        })
    }
}
