//! Rules about accounts.

use crate::cli::doctor::finding::{Rule, Verdict};
use crate::cli::doctor::seen::PeopleSeen;
use crate::output::counted;

pub(super) const RULES: &[Rule] = &[Rule {
    id: "people.administrator",
    why: "Without an administrator nobody can help a person who lost a password, or end a thief's session, but by the command line.",
    mend: "countersign user add NAME --role admin",
    judge: |seen| seen.people.as_ref().map(administrator),
}];

fn administrator(people: &PeopleSeen) -> Verdict {
    let accounts = counted(usize::try_from(people.accounts).unwrap_or(usize::MAX), "account");
    match people.administrators {
        0 => Verdict::warning(format!("{accounts}, and no administrator who can sign in")),
        count => Verdict::good(format!("{accounts}, {count} of them may administer")),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::doctor::rules::tests::Fixture;
    use crate::cli::doctor::seen::Seen;

    pub(in crate::cli::doctor::rules) fn fixtures() -> Vec<Fixture> {
        let seen = |administrators| Seen {
            people: Some(PeopleSeen { accounts: 1, administrators }),
            ..Seen::default()
        };
        vec![Fixture { id: "people.administrator", red: seen(0), green: seen(1) }]
    }
}
