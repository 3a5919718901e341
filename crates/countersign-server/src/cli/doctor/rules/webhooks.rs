//! Rules about the servers that are told of events.

use crate::cli::doctor::finding::{Rule, Verdict};
use crate::cli::doctor::seen::WebhookSeen;
use crate::output::{counted, utc};

pub(super) const RULES: &[Rule] = &[Rule {
    id: "webhooks.told",
    why: "A server that is not told of events works with what was true before: deleted accounts, former names. After five days it is switched off.",
    mend: "mend the receiver, see that it answers: countersign webhook test NAME; where it is off, then: countersign webhook enable NAME",
    judge: |seen| seen.webhooks.as_deref().filter(|all| !all.is_empty()).map(told),
}];

fn told(webhooks: &[WebhookSeen]) -> Verdict {
    let bad: Vec<_> = webhooks.iter().filter_map(|webhook| Some((webhook, wrong(webhook)?))).collect();
    let Some((first, _)) = bad.first() else {
        let are = if webhooks.len() == 1 { "is" } else { "are" };
        return Verdict::good(format!("{} {are} told", counted(webhooks.len(), "webhook")));
    };
    let seen: Vec<_> = bad.iter().map(|(_, why)| why.as_str()).collect();
    Verdict::warning(seen.join("; ")).naming("NAME", first.name.clone())
}

fn wrong(webhook: &WebhookSeen) -> Option<String> {
    let WebhookSeen { name, failing_since, off_since } = webhook;
    let off = off_since.map(|since| format!("{name} is switched off since {}", utc(since)));
    off.or_else(|| failing_since.map(|since| format!("{name} has taken nothing since {}", utc(since))))
}

#[cfg(test)]
pub(super) mod tests {
    use countersign::Timestamp;

    use super::*;
    use crate::cli::doctor::rules::tests::Fixture;
    use crate::cli::doctor::seen::Seen;

    fn seen(failing_since: Option<i64>, off_since: Option<i64>) -> Seen {
        let [failing_since, off_since] =
            [failing_since, off_since].map(|at| at.map(Timestamp::from_unix_millis));
        let erp = WebhookSeen { name: "erp".to_owned(), failing_since: None, off_since: None };
        let crm = WebhookSeen { name: "crm".to_owned(), failing_since, off_since };
        Seen { webhooks: Some(vec![erp, crm]), ..Seen::default() }
    }

    pub(in crate::cli::doctor::rules) fn fixtures() -> Vec<Fixture> {
        let fixture = |red| Fixture { id: "webhooks.told", red, green: seen(None, None) };
        vec![fixture(seen(Some(1), None)), fixture(seen(Some(1), Some(2))), fixture(seen(None, Some(2)))]
    }

    #[test]
    fn each_that_is_not_told_is_named() {
        let [off, failing, told] =
            [(Some(1), Some(2)), (Some(1), None), (None, None)].map(|(failing, off)| {
                let finding = RULES[0].apply(&seen(failing, off)).unwrap();
                (finding.seen, finding.mend)
            });
        assert!(off.0.starts_with("crm is switched off since ") && !off.0.contains(';'), "{off:?}");
        assert!(off.1.ends_with("countersign webhook enable crm"), "{off:?}");
        assert!(failing.0.starts_with("crm has taken nothing since "), "{failing:?}");
        assert_eq!(told.0, "2 webhooks are told");
    }
}
