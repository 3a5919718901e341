//! What `countersign doctor` finds wrong about this server, for the overview of administrators. Another process looks: one
//! that opened and closed the database file in here would release the locks that SQLite has on it (fcntl(2)).

use std::ffi::OsString;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use countersign::{Finding, Findings, Severity};
use serde_json::Value;
use tokio::process::Command;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::serve::instance::Instance;

/// Looks when the server has started, then every ten minutes, and when it is asked to.
#[derive(Clone, Debug)]
pub(crate) struct Examination {
    /// What follows the name of the program. Its output is that of `doctor --json`.
    arguments: Vec<OsString>,
    pub(super) again: Arc<Notify>,
}

impl Examination {
    /// One that these arguments of this program carry out.
    pub(crate) fn new(arguments: Vec<OsString>) -> Self {
        Self { arguments, again: Arc::default() }
    }

    /// Shows administrators what is found. Until the next look they see the last.
    pub(super) async fn repeat(self, instance: Arc<Instance>) {
        let mut wait = AFTER_START;
        loop {
            tokio::select! {
                () = sleep(wait) => {}
                () = self.again.notified() => {}
            }
            match self.look(&instance).await {
                Ok(findings) => instance.show_findings(findings),
                Err(error) => tracing::warn!("the overview cannot say what `doctor` finds: {error:#}"),
            }
            wait = BETWEEN;
        }
    }

    async fn look(&self, instance: &Instance) -> anyhow::Result<Findings> {
        let at = instance.clock().now();
        let mut command = Command::new(std::env::current_exe().context("the path of this program")?);
        command.args(&self.arguments).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let output = timeout(PATIENCE, command.output()).await.context("it takes too long")??;
        Ok(Findings { at, list: parse(&output.stdout).context("it said nothing that is known")? })
    }
}

/// What is wrong, of all that `doctor --json` says; errors first.
fn parse(said: &[u8]) -> Option<Vec<Finding>> {
    let said: Value = serde_json::from_slice(said).ok()?;
    let mut list = Vec::new();
    for finding in said.get("findings")?.as_array()? {
        list.extend(wrong(finding)?);
    }
    list.sort_by_key(|finding| finding.severity != Severity::Error);
    Some(list)
}

/// The finding, or nothing if it is good; `None` if it is no finding.
fn wrong(said: &Value) -> Option<Vec<Finding>> {
    let text = |member: &str| Some(said.get(member)?.as_str()?.to_owned());
    let severity = match said.get("severity")?.as_str()? {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        _ => return Some(Vec::new()),
    };
    let (id, seen, why, mend) = (text("id")?, text("seen")?, text("why")?, text("mend")?);
    Some(vec![Finding { id, severity, seen, why, mend }])
}

/// A start is for starting; and a server that is replaced at once needs no look.
const AFTER_START: Duration = Duration::from_secs(5);
const BETWEEN: Duration = Duration::from_mins(10);
const PATIENCE: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_taken_from_what_doctor_says_and_the_worst_is_first() {
        let said = |severity: &str| {
            format!(r#"{{"id":"{severity}.x","severity":"{severity}","seen":"s","why":"w","mend":"m"}}"#)
        };
        let all = ["good", "warning", "error"].map(said).join(",");
        let list = parse(format!(r#"{{"findings":[{all}],"warnings":1,"errors":1}}"#).as_bytes()).unwrap();
        let ids: Vec<_> = list.iter().map(|finding| finding.id.as_str()).collect();
        assert_eq!(ids, ["error.x", "warning.x"]);
        assert_eq!(parse(br#"{"findings":[]}"#).unwrap().len(), 0);
        for nothing in ["", "{}", r#"{"findings":[{"severity":"error"}]}"#, r#"{"error":"x"}"#] {
            assert!(parse(nothing.as_bytes()).is_none(), "{nothing}");
        }
    }
}
