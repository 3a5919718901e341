//! What `countersign config check` says about a PostgreSQL database: what it found, and what of it an operator should know.

use countersign::Clock;
use countersign::store::postgres::{DatabaseFindings, DatabaseUrl, inspect};

use super::doctor::{self, PostgresSeen, Seen};
use super::tool::block_on;
use crate::output::remark;

/// Looks at the database, with `store_direct` or without; gives whether it has tables.
///
/// # Errors
/// It cannot be used; the message is for the operator.
pub(super) fn check(url: &DatabaseUrl, has_direct_way: bool) -> anyhow::Result<bool> {
    let found = block_on(async { Ok(inspect(url, &Clock::system()).await?) })?;
    remark(&format!("countersign: store: {url}: {}", summary(&found)));
    let postgres = Some(PostgresSeen::new(&found, url, has_direct_way));
    for warning in doctor::warnings(&Seen { postgres, ..Seen::default() }) {
        remark(&format!("countersign: warning: {warning}"));
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
