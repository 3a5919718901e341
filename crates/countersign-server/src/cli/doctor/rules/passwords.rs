//! Rules about password hashes.

use std::time::Duration;

use super::store::size;
use crate::cli::doctor::finding::{Rule, Verdict};
use crate::cli::doctor::seen::PasswordsSeen;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "passwords.hash-time",
        why: "A hash that is cheap to compute is cheap to guess at for a thief of the database; one that takes long keeps people \
              waiting, and a few sign-ins at once turn others away.",
        mend: "countersign calibrate",
        judge: |seen| seen.passwords.as_ref()?.hash_time.map(hash_time),
    },
    Rule {
        id: "passwords.memory",
        why: "Each hash that is computed needs its memory; where the budget is less than all threads need, fewer sign-ins are checked \
              at a time.",
        mend: "set password.memory_budget to MEMORY, or password.hash_threads to THREADS",
        judge: |seen| seen.passwords.as_ref().map(memory),
    },
    Rule {
        id: "passwords.foreign",
        why: "Hashes of another system may be weaker, and each becomes one of ours only when its owner signs in; those who never do \
              keep theirs.",
        mend: "require a new password of those who have not signed in: countersign user require-password-change NAME",
        judge: |seen| seen.passwords.as_ref().and_then(foreign),
    },
    Rule {
        id: "passwords.pepper",
        why: "A hash that is not encrypted under the newest pepper is worth guessing at for whoever steals the database alone.",
        mend: "countersign user reseal",
        judge: |seen| seen.passwords.as_ref().and_then(pepper),
    },
];

fn hash_time(time: Duration) -> Verdict {
    let seen = format!("a password hash takes {} ms here while all threads compute one", time.as_millis());
    Verdict::warning_if(!(FASTEST..=SLOWEST).contains(&time), seen)
}

fn memory(passwords: &PasswordsSeen) -> Verdict {
    let PasswordsSeen { threads, bytes_per_hash, budget, .. } = passwords;
    let (wanted, fit) = (threads * bytes_per_hash, budget / (*bytes_per_hash).max(1));
    let seen =
        format!("{threads} at a time with {} each, of a budget of {}", size(*bytes_per_hash), size(*budget));
    Verdict::warning_if(wanted > *budget, seen)
        .naming("MEMORY", size(wanted).replace(' ', ""))
        .naming("THREADS", fit.to_string())
}

fn foreign(passwords: &PasswordsSeen) -> Option<Verdict> {
    let share = (passwords.foreign * 100).checked_div(passwords.sampled)?;
    let seen = format!(
        "{} of {} password hashes looked at are of another system",
        passwords.foreign, passwords.sampled
    );
    Some(Verdict::warning_if(share >= MANY, seen))
}

fn pepper(passwords: &PasswordsSeen) -> Option<Verdict> {
    let outdated = passwords.outdated_pepper?;
    let seen = format!(
        "{outdated} of {} password hashes looked at are not under the newest pepper",
        passwords.sampled
    );
    Some(Verdict::warning_if(outdated > 0, seen))
}

/// What people do not notice is up to 250 ms, as `calibrate` aims at; at half a second they do.
const SLOWEST: Duration = Duration::from_millis(500);
const FASTEST: Duration = Duration::from_millis(5);
/// In hundredths.
const MANY: u64 = 20;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::doctor::rules::tests::Fixture;
    use crate::cli::doctor::seen::Seen;

    pub(in crate::cli::doctor::rules) fn fixtures() -> Vec<Fixture> {
        let good = PasswordsSeen {
            hash_time: Some(FASTEST),
            threads: 3,
            bytes_per_hash: 19 << 20,
            budget: 57 << 20,
            sampled: 100,
            foreign: 19,
            outdated_pepper: Some(0),
        };
        let seen = |passwords: PasswordsSeen| Seen { passwords: Some(passwords), ..Seen::default() };
        let with = |change: fn(&mut PasswordsSeen)| {
            let mut bad = good.clone();
            change(&mut bad);
            seen(bad)
        };
        let reds = vec![
            ("passwords.hash-time", with(|bad| bad.hash_time = Some(SLOWEST * 2))),
            ("passwords.hash-time", with(|bad| bad.hash_time = Some(FASTEST / 2))),
            ("passwords.memory", with(|bad| bad.budget -= 1)),
            ("passwords.foreign", with(|bad| bad.foreign = 20)),
            ("passwords.pepper", with(|bad| bad.outdated_pepper = Some(1))),
        ];
        reds.into_iter().map(|(id, red)| Fixture { id, red, green: seen(good.clone()) }).collect()
    }
}
