//! `countersign restore`: the way back from a backup, after which no session of before lives (DB-4).

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::ensure;
use countersign::store::SessionStore as _;
use countersign::store::backup::{Sessions, restore};
use countersign::store::sqlite::OpenMode;
use countersign::{Actor, Clock, Context, Random, Timestamp, ends_all_at, sign_audit};
use serde_json::json;

use super::backup::{show, shown};
use super::global::Global;
use super::restored::settle;
use super::tool::block_on;
use super::usage::usage;
use crate::config::Config;
use crate::core_dumps;
use crate::output::{Output, remark, utc};
use crate::serve::{master_key_file, store};

#[derive(Debug, clap::Args)]
pub(super) struct Restore {
    /// The backup; the data directory must have no database
    #[arg(required_unless_present = "mark", conflicts_with = "mark")]
    file: Option<PathBuf>,
    /// Ends all sessions of a store that other tools have put back to an earlier time (PostgreSQL, Litestream); restores nothing
    #[arg(long)]
    mark: bool,
    /// Lets all sessions in the backup live, also those that have ended since: only if nothing has happened since
    #[arg(long, conflicts_with = "mark")]
    keep_sessions: bool,
    /// Revokes all API keys: those that were revoked since work again otherwise, and are only named
    #[arg(long)]
    revoke_api_keys: bool,
}

impl Restore {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        let config = global.load()?;
        core_dumps::prevent(&config);
        match self.file {
            None => block_on(mark(&config, self.revoke_api_keys, output)),
            Some(file) => put_back(&config, &file, (self.keep_sessions, self.revoke_api_keys), output),
        }
    }
}

fn put_back(
    config: &Config,
    file: &Path,
    (keep_sessions, revokes_api_keys): (bool, bool),
    output: Output,
) -> anyhow::Result<()> {
    if config.store.is_some() {
        return Err(usage(
            "this is for the embedded database: put a PostgreSQL database back with its own tools, then run: countersign \
             restore --mark"
                .to_owned(),
        ));
    }
    let keys = master_key_file::require(config)?;
    let context = Context::local(Actor::CommandLine, Clock::system().now());
    let sessions = if keep_sessions { Sessions::GoOn } else { Sessions::End };
    let restored = restore(
        file,
        &config.database_path(),
        (&keys, &Random::system()),
        (sessions, &context),
        &mut shown(),
    )?;
    show(&restored.manifest, output)?;
    let made_at = utc(Timestamp::from_unix_millis(restored.manifest.made_at));
    remark(&format!("countersign: {} is as it was at {made_at}", store::shown(config)));
    remark(&format!(
        "countersign: what was changed from then to {} is gone: passwords and roles are the old ones again, accounts that were \
         disabled or deleted since are there again, and new ones are not",
        utc(context.now)
    ));
    block_on(async {
        let opened = store::open(config, OpenMode::Tool, false).await?;
        sign_audit(&opened, &keys, &Random::system()).await?;
        settle(&opened, revokes_api_keys, &context).await
    })?;
    match restored.not_before {
        Some(not_before) => {
            block_on(wait_for(not_before))?;
            remark(ALL_HAVE_ENDED);
        }
        None => remark(KEPT),
    }
    Ok(())
}

async fn mark(config: &Config, revokes_api_keys: bool, output: Output) -> anyhow::Result<()> {
    store::require(config)?;
    remark(&format!("countersign: database {}", store::shown(config)));
    let opened = store::open(config, OpenMode::Tool, true).await?;
    sign_audit(&opened, &master_key_file::require(config)?, &Random::system()).await?;
    let now = match countersign::store::Upkeep::time(&opened).await? {
        Some(time) => time,
        None => Clock::system().now(),
    };
    let context = Context::local(Actor::CommandLine, now);
    let wanted = ends_all_at(now);
    let not_before = opened.end_sessions_before(wanted, &context).await?;
    ensure!(
        not_before == wanted,
        "all sessions of before {} have been ended already; is the clock right?",
        utc(not_before)
    );
    output.show(&json!({ "sessionsNotBefore": utc(not_before) }), || {
        format!("Sessions that began before {} have ended", utc(not_before))
    })?;
    settle(&opened, revokes_api_keys, &context).await?;
    wait_for(not_before).await?;
    remark(ALL_HAVE_ENDED);
    Ok(())
}

/// Until then new sessions are refused too. Never long, whatever the clock does.
async fn wait_for(not_before: Timestamp) -> anyhow::Result<()> {
    let left = not_before.as_unix_millis().saturating_sub(Clock::system().now().as_unix_millis());
    tokio::time::sleep(Duration::from_millis(left.clamp(0, 3_000).unsigned_abs())).await;
    Ok(())
}

const ALL_HAVE_ENDED: &str = "countersign: all sessions of before have ended, and their access tokens are refused, also by services \
                              that follow the feed: people sign in again";
const KEPT: &str = "countersign: warning: sessions that have ended since the backup are alive again. To end them all: countersign \
                    restore --mark";
