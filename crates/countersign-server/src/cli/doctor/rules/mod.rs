//! The catalogue: every rule of `doctor`, one file a group.

mod backup;
mod browser;
mod config;
mod consumer;
mod feed;
mod keys;
mod passkeys;
mod passwords;
mod people;
mod postgres;
mod reach;
mod store;
mod system;
mod webhooks;

pub(super) use self::reach::FORGED;
use super::finding::{Finding, Rule};
use super::seen::Seen;

/// All rules, in the order in which their findings are shown.
pub(in crate::cli) fn all() -> impl Iterator<Item = &'static Rule> {
    GROUPS.iter().flat_map(|rules| rules.iter())
}

/// The names of the groups.
pub(in crate::cli) fn groups() -> Vec<&'static str> {
    let mut names: Vec<_> = all().map(Rule::group).collect();
    names.dedup();
    names
}

/// What the rules that are wanted make of what was seen.
pub(in crate::cli) fn judge(seen: &Seen, is_wanted: impl Fn(&Rule) -> bool) -> Vec<Finding> {
    all().filter(|rule| is_wanted(rule)).filter_map(|rule| rule.apply(seen)).collect()
}

const GROUPS: &[&[Rule]] = &[
    config::RULES,
    reach::RULES,
    browser::RULES,
    passkeys::RULES,
    store::RULES,
    postgres::RULES,
    keys::RULES,
    passwords::RULES,
    people::RULES,
    feed::RULES,
    webhooks::RULES,
    system::RULES,
    backup::RULES,
    consumer::RULES,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cli::doctor::finding::Severity;

    /// A rule, with something that it has to warn of and something that it has to like.
    pub(super) struct Fixture {
        pub(super) id: &'static str,
        pub(super) red: Seen,
        pub(super) green: Seen,
    }

    fn fixtures() -> Vec<Fixture> {
        [
            config::tests::fixtures(),
            reach::tests::fixtures(),
            browser::tests::fixtures(),
            passkeys::tests::fixtures(),
            passwords::tests::fixtures(),
            feed::tests::fixtures(),
            webhooks::tests::fixtures(),
            consumer::tests::fixtures(),
            store::tests::fixtures(),
            postgres::tests::fixtures(),
            keys::tests::fixtures(),
            people::tests::fixtures(),
            system::tests::fixtures(),
            backup::tests::fixtures(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    #[test]
    fn every_rule_has_what_makes_it_red_and_what_makes_it_green() {
        let fixtures = fixtures();
        let tried: BTreeSet<_> = fixtures.iter().map(|fixture| fixture.id).collect();
        let ids: BTreeSet<_> = all().map(|rule| rule.id).collect();
        assert_eq!(tried, ids);
        for Fixture { id, red, green } in &fixtures {
            let rule = all().find(|rule| rule.id == *id).unwrap();
            let [red, green] = [red, green].map(|seen| rule.apply(seen));
            let red = red.unwrap_or_else(|| panic!("{id} says nothing of what is bad"));
            let green = green.unwrap_or_else(|| panic!("{id} says nothing of what is good"));
            assert!(red.severity > Severity::Good, "{red:?}");
            assert_eq!(green.severity, Severity::Good, "{green:?}");
            assert_ne!(red.seen, green.seen, "{id}");
        }
    }

    #[test]
    fn a_rule_has_one_id_and_says_nothing_of_nothing() {
        let ids: Vec<_> = all().map(|rule| rule.id).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
        for rule in all() {
            assert!(rule.id.split_once('.').is_some(), "{rule:?}");
            assert!(!rule.why.is_empty() && !rule.mend.is_empty(), "{rule:?}");
            assert_eq!(rule.apply(&Seen::default()), None);
        }
        assert_eq!(groups().iter().collect::<BTreeSet<_>>().len(), groups().len(), "a group is in one piece");
    }
}
