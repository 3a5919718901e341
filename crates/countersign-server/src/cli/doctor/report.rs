//! Findings for people, group by group: a line for what is good, a paragraph for what is not. Or as JSON.

use serde_json::{Value, json};

use super::finding::{Finding, Rule, Severity};
use crate::output::{Output, Style, Styled, counted, print, print_styled, unless_closed};

/// Prints all findings. A closed pipe, as in `| head -1`, does not change the exit code.
pub(super) fn show(findings: &[Finding], output: Output) -> anyhow::Result<()> {
    let printed = if output.json {
        output.show(&as_json(findings), String::new)
    } else {
        print_styled(&lines(findings))
    };
    Ok(unless_closed(printed)?)
}

/// Prints what the rules are about, for the guide.
pub(super) fn list(rules: impl Iterator<Item = &'static Rule>, output: Output) -> anyhow::Result<()> {
    let rules: Vec<_> = rules.collect();
    if output.json {
        let value = |rule: &&Rule| json!({ "id": rule.id, "why": rule.why, "mend": rule.mend });
        return Ok(output.show(&rules.iter().map(value).collect(), String::new)?);
    }
    let row = |rule: &&Rule| format!("| `{}` | {} | {} |", rule.id, rule.why, rule.mend);
    let head = "| Finding | Why it matters | What mends it |\n|---|---|---|".to_owned();
    Ok(print(&std::iter::once(head).chain(rules.iter().map(row)).collect::<Vec<_>>().join("\n"))?)
}

fn as_json(findings: &[Finding]) -> Value {
    let value = |finding: &Finding| {
        let Finding { id, severity, seen, why, mend } = finding;
        json!({ "id": id, "severity": severity.name(), "seen": seen, "why": why, "mend": mend })
    };
    json!({
        "findings": findings.iter().map(value).collect::<Vec<_>>(),
        "warnings": count(findings, Severity::Warning),
        "errors": count(findings, Severity::Error),
    })
}

fn lines(findings: &[Finding]) -> Vec<Styled> {
    let mut lines = Vec::new();
    let mut last = "";
    for finding in findings {
        let group = finding.id.split('.').next().unwrap_or_default();
        if group != last {
            lines.push((Style::Title, group.to_owned()));
            last = group;
        }
        lines.extend(paragraph(finding));
    }
    let (warnings, errors) = (count(findings, Severity::Warning), count(findings, Severity::Error));
    let verdict = match (warnings, errors) {
        (0, 0) => (Style::Good, "Nothing is wrong.".to_owned()),
        _ => (Style::Warning, format!("{}, {}.", counted(errors, "error"), counted(warnings, "warning"))),
    };
    lines.extend([(Style::Plain, String::new()), verdict]);
    lines
}

fn paragraph(finding: &Finding) -> Vec<Styled> {
    let Finding { id, severity, seen, why, mend } = finding;
    let mark = match severity {
        Severity::Good => return vec![(Style::Good, format!("  + {id}: {seen}"))],
        Severity::Warning => "!",
        Severity::Error => "x",
    };
    vec![
        (Style::Warning, format!("  {mark} {id}: {seen}")),
        (Style::Plain, format!("      Why   {why}")),
        (Style::Plain, format!("      Mend  {mend}")),
    ]
}

fn count(findings: &[Finding], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.severity == severity).count()
}
