//! `countersign audit verify|export`: whether the audit log is as it was written, and a copy of it that shows that too.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use countersign::{AuditFault, AuditLink, AuditMark, AuditReport, AuditRow, ChainedRow, Timestamp};
use serde_json::{Value, json};

use super::global::Global;
use super::tool::Tool;
use crate::audit_line::{as_json, hex};
use crate::output::{Output, counted, print, remark};
use crate::serve::instance::Task;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Looks whether the audit log is as it was written, and names the rows that were changed, taken away or put in
    Verify {
        /// Looks at an export of this server instead
        #[arg(long, value_name = "FILE", conflicts_with = "noted")]
        file: Option<PathBuf>,
        /// An end of the chain that you have noted elsewhere: it must still be there
        #[arg(long, value_name = "POSITION:LINK", value_parser = parse_mark)]
        noted: Option<AuditMark>,
    },
    /// Prints the audit log with its chain, as JSON Lines
    Export {
        /// Only what follows this position: the last one of the export before
        #[arg(long, value_name = "POSITION", default_value_t = 0)]
        since: i64,
    },
}

impl AuditCommand {
    pub(super) async fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        let tool = Tool::open(global, Task::Manage).await?;
        match self {
            Self::Verify { file: None, noted } => show(&tool.instance.verify_audit(noted).await?, output),
            Self::Verify { file: Some(file), .. } => {
                show(&tool.instance.verify_export(&read(&file)?).await?, output)
            }
            Self::Export { since } => export(&tool, since).await,
        }
    }
}

async fn export(tool: &Tool, since: i64) -> anyhow::Result<()> {
    let mut last = since;
    loop {
        let page = tool.instance.export_audit(last).await?;
        let Some(end) = page.last() else { break };
        last = end.place.position;
        for row in &page {
            print(&as_json(row).to_string())?;
        }
    }
    remark(&format!("countersign: to go on: countersign audit export --since {last}"));
    Ok(())
}

fn show(report: &AuditReport, output: Output) -> anyhow::Result<()> {
    let AuditReport { rows, begun_after, head, faults, .. } = report;
    let end = head.map(|head| format!("{}:{}", head.position, hex(&head.link)));
    let value = json!({
        "rows": rows,
        "begunAfter": begun_after,
        "end": end,
        "faults": faults.iter().map(fault).collect::<Vec<_>>(),
    });
    let rows = counted(usize::try_from(*rows).unwrap_or(usize::MAX), "row");
    output.show(&value, || {
        let lines = faults.iter().map(ToString::to_string).collect::<Vec<_>>();
        if lines.is_empty() { format!("{rows}, as they were written") } else { lines.join("\n") }
    })?;
    if *begun_after > 0 {
        remark(&format!(
            "countersign: rows up to {begun_after} were there before the chain: only what happened to them since shows"
        ));
    }
    if let Some(first) = faults.first() {
        bail!("the audit log is not as it was written: {first}");
    }
    if let Some(end) = end {
        remark(&format!("countersign: the end of the chain, to be noted elsewhere: {end}"));
    }
    Ok(())
}

fn fault(fault: &AuditFault) -> Value {
    let (name, row) = match fault {
        AuditFault::Changed(row) => ("changed", Some(row)),
        AuditFault::Missing(row) => ("missing", Some(row)),
        AuditFault::Lost(_, _, after) => ("missing_after", Some(after)),
        AuditFault::Inserted(row) => ("inserted", Some(row)),
        AuditFault::Moved(row) => ("moved", Some(row)),
        AuditFault::NotedEnd => ("noted_end", None),
        _ => ("record", None),
    };
    json!({ "fault": name, "sequence": row, "text": fault.to_string() })
}

/// All rows of an export, or of several one after the other.
fn read(path: &Path) -> anyhow::Result<Vec<ChainedRow>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = BufReader::new(file).lines().enumerate();
    let parsed = lines.map(|(index, line)| {
        let row = line.map_err(anyhow::Error::from).and_then(|line| parse(&line));
        row.with_context(|| format!("{}:{}: not a line of an export", path.display(), index + 1))
    });
    parsed.collect()
}

#[expect(clippy::field_reassign_with_default, reason = "a row can get more columns")]
fn parse(line: &str) -> anyhow::Result<ChainedRow> {
    let value: Value = serde_json::from_str(line)?;
    let text = |name: &str| value[name].as_str().map(ToOwned::to_owned);
    let required = |name: &str| text(name).with_context(|| format!("{name} is missing"));
    let sequence = value["sequence"].as_i64().context("sequence is missing")?;
    let chain = &value["chain"];
    let position = chain["position"].as_i64().context("position is missing")?;
    let bound = chain["link"].as_str().and_then(unhex).and_then(|link| link.try_into().ok());
    let place = AuditLink::new(position, sequence, bound.context("link is missing")?);
    if value["missing"] == true {
        return Ok(ChainedRow::new(place, None));
    }
    let mut row = AuditRow::default();
    row.sequence = sequence;
    row.at = required("at")?.parse::<Timestamp>()?.as_unix_millis();
    row.actor = required("actor")?;
    row.actor_id = id(text("actorId"))?;
    row.address = text("address");
    row.request_id = id(text("requestId"))?;
    row.kind = required("event")?;
    row.account_id = id(text("accountId"))?;
    row.session_id = id(text("sessionId"))?;
    row.detail = text("detail");
    row.mac = chain["mac"].as_str().map(|mac| unhex(mac).context("mac is not hex")).transpose()?;
    Ok(ChainedRow::new(place, Some(row)))
}

fn id<T: FromStr>(text: Option<String>) -> anyhow::Result<Option<T>>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    Ok(text.map(|text| text.parse()).transpose()?)
}

fn parse_mark(text: &str) -> anyhow::Result<AuditMark> {
    let (position, link) = text.split_once(':').context("it is a position, a colon and 64 hex digits")?;
    let link = unhex(link).and_then(|link| link.try_into().ok());
    let position = position.parse()?;
    ensure!(position > 0, "positions begin at 1");
    Ok(AuditMark { position, link: link.context("after the colon there are 64 hex digits")? })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    pairs.collect()
}
