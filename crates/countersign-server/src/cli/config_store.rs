//! What `countersign config check` says about a PostgreSQL database: what it found, and what of it an operator should know.

use std::time::Duration;

use countersign::Clock;
use countersign::store::postgres::{DatabaseFindings, DatabaseUrl, inspect};

use super::tool::block_on;
use crate::output::remark;

/// Looks at the database; gives whether it has tables.
///
/// # Errors
/// It cannot be used; the message is for the operator.
pub(super) fn check(url: &DatabaseUrl) -> anyhow::Result<bool> {
    let found = block_on(async { Ok(inspect(url, &Clock::system()).await?) })?;
    remark(&format!("countersign: store: {url}: {}", summary(&found)));
    for warning in warnings(&found) {
        remark(&format!("countersign: warning: store: {warning}"));
    }
    Ok(found.schema.is_some())
}

fn summary(found: &DatabaseFindings) -> String {
    let DatabaseFindings { version, synchronous_commit, synchronous_standby_names, clock_offset, .. } = found;
    let standbys = match synchronous_standby_names.as_str() {
        "" => "waits for no standby".to_owned(),
        names => format!("waits for {names}"),
    };
    let tls = if found.uses_tls { "TLS" } else { "no TLS" };
    let pooler = if found.has_pooler { "through a pooler" } else { "no pooler" };
    let schema = found.schema.map_or_else(|| "no tables yet".to_owned(), |schema| format!("schema {schema}"));
    let clock = if found.is_clock_ahead { "ahead of" } else { "behind" };
    format!(
        "PostgreSQL {version}, primary, {tls}, {pooler}, {schema}; synchronous_commit = {synchronous_commit}, a commit \
         {standbys}; its clock is {} ms {clock} ours",
        clock_offset.as_millis()
    )
}

/// One sentence a warning.
fn warnings(found: &DatabaseFindings) -> Vec<String> {
    let mut all = Vec::new();
    let has_standby = !found.synchronous_standby_names.is_empty();
    let waits = ["on", "remote_apply"].contains(&found.synchronous_commit.as_str());
    if has_standby && !waits {
        all.push(format!(
            "synchronous_commit = {} does not wait until a standby has a commit on its disk: a failover can lose what was \
             acknowledged; set it to on for this role",
            found.synchronous_commit
        ));
    }
    if found.clock_offset > MOST_OFFSET {
        all.push(format!(
            "its clock and ours differ by {} ms; synchronise them: nodes go by its clock, services that verify tokens by theirs, \
             and a node that is more than 30 s off does not start",
            found.clock_offset.as_millis()
        ));
    }
    all
}

const MOST_OFFSET: Duration = Duration::from_secs(2);
