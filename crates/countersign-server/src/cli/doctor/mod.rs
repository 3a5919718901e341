//! `countersign doctor`: looks at everything that an operator answers for, and says what is wrong, why it matters and what
//! mends it. It only looks: no file is made, nothing is written or migrated, and a server may run meanwhile.
//!
//! `look/` sees, `rules/` judge what was seen, `report.rs` says it.

mod asked;
mod beside;
mod consumers;
mod finding;
mod look;
mod report;
mod rules;
mod seen;

use std::path::PathBuf;
use std::process::ExitCode;

use self::asked::{Asked, Wanted, token};
pub(super) use self::beside::arguments;
use self::finding::Severity;
pub(super) use self::look::master_key;
use self::rules::{all, judge};
pub(super) use self::seen::{PostgresSeen, Seen};
use super::global::Global;
use crate::output::Output;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 nothing is wrong, or only warnings; 1 warnings, with --strict; 2 errors."
)]
pub(super) struct Doctor {
    /// Only findings of these groups, or with these ids: `store`, `keys.age`; may be repeated
    #[arg(long, value_name = "GROUP-or-ID", value_delimiter = ',')]
    only: Vec<String>,
    /// Fails if there is a warning
    #[arg(long)]
    strict: bool,
    /// Only prints a Markdown table of everything that is looked at
    #[arg(long)]
    list: bool,
    /// The public address of the server, such as `https://auth.example.com`: it is asked from here, through whatever is in front
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Says whether this verifier would take a token
    #[arg(long, value_name = "NAME")]
    consumer: Option<String>,
    /// The file with that token; `-` is standard input, as without it
    #[arg(long, value_name = "FILE", requires = "consumer")]
    token_file: Option<PathBuf>,
}

impl Doctor {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<ExitCode> {
        if self.list {
            report::list(all(), output)?;
            return Ok(ExitCode::SUCCESS);
        }
        let wanted = Wanted::parse(self.only)?;
        let asked =
            Asked { from: self.from, token: token(self.consumer.as_deref(), self.token_file.as_deref())? };
        asked.check(&wanted)?;
        let mut findings =
            judge(&look::look(global, &wanted, &asked), |rule| wanted.wants(rule) || is_ground(rule.id));
        findings.retain(|finding| wanted.names(finding.id) || finding.severity == Severity::Error);
        report::show(&findings, output)?;
        let worst = findings.iter().map(|finding| finding.severity).max();
        Ok(match worst {
            Some(Severity::Error) => ExitCode::from(2),
            Some(Severity::Warning) if self.strict => ExitCode::FAILURE,
            _ => ExitCode::SUCCESS,
        })
    }
}

/// Where this is not right, others have nothing to say: it is said whatever was asked for.
fn is_ground(id: &str) -> bool {
    ["config.valid", "store.opens"].contains(&id)
}

/// What is not as it should be, a sentence each: for `config check`, which looks at some of the same.
pub(super) fn warnings(seen: &Seen) -> Vec<String> {
    let bad = judge(seen, |_| true).into_iter().filter(|finding| finding.severity > Severity::Good);
    bad.map(|finding| format!("{}: {}; {}", finding.id, finding.seen, finding.mend)).collect()
}
