//! `countersign backup`: a copy of the embedded database in a file that only the master key opens, while the server serves.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Subcommand;
use countersign::store::backup::{BackupStep, Manifest, back_up, verify};
use countersign::store::{AnyStore, Upkeep as _};
use countersign::{Actor, Clock, Context, Random, Timestamp, sign_audit};
use serde_json::json;

use super::global::Global;
use super::progress::Steps;
use super::tool::block_on;
use super::usage::usage;
use crate::core_dumps;
use crate::output::{Output, remark, utc};
use crate::serve::{master_key_file, store};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Backup {
    /// The file to make; it must not exist
    file: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<BackupCommand>,
}

#[derive(Debug, Subcommand)]
enum BackupCommand {
    /// Decrypts a backup, compares it with its checksums, looks for damage, and says what is in it
    Verify {
        /// The backup
        file: PathBuf,
        /// Where the database is decrypted to meanwhile, for you alone; default: the data directory
        #[arg(long, value_name = "DIRECTORY")]
        scratch: Option<PathBuf>,
    },
}

impl Backup {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        match (self.command, self.file) {
            (Some(BackupCommand::Verify { file, scratch }), _) => {
                let config = global.load()?;
                core_dumps::prevent(&config);
                let keys = master_key_file::require(&config)?;
                let scratch = scratch.unwrap_or_else(|| config.data_dir.clone());
                let manifest = verify(&file, &scratch, &keys, &mut shown())?;
                show(&manifest, output)?;
                remark(&format!("countersign: {} is whole", file.display()));
                Ok(())
            }
            (None, Some(file)) => block_on(make(global, output, file)),
            (None, None) => {
                Err(usage("say which file to make, or: countersign backup verify FILE".to_owned()))
            }
        }
    }
}

async fn make(global: &Global, output: Output, file: PathBuf) -> anyhow::Result<()> {
    let config = global.load()?;
    ensure!(config.store.is_none(), "{POSTGRES}");
    store::require(&config)?;
    core_dumps::prevent(&config);
    remark(&format!("countersign: database {}", store::shown(&config)));
    let keys = master_key_file::require(&config)?;
    let now = Clock::system().now();
    let manifest = back_up(&config.database_path(), &file, (&keys, &Random::system()), now, &mut shown())?;
    show(&manifest, output)?;
    remark(&format!("countersign: {} is a whole backup of {}", file.display(), utc(now)));
    remark(KEY_IS_NOT_IN_IT);
    let opened = store::open(&config, countersign::store::sqlite::OpenMode::Tool, false).await?;
    sign_audit(&opened, &keys, &Random::system()).await?;
    remember(&opened, now)
        .await
        .context("the backup is good, but the database could not remember that it was made")
}

async fn remember(opened: &AnyStore, at: Timestamp) -> anyhow::Result<()> {
    let context = Context::local(Actor::CommandLine, Clock::system().now());
    Ok(opened.record_backup(at, &context).await?)
}

/// How far it has come, on standard error.
pub(super) fn shown() -> impl FnMut(BackupStep, u64, u64) {
    let mut steps = Steps::default();
    let mut last = None;
    move |step, done, all| {
        if last.replace(step) != Some(step) {
            steps.show(0, all, "");
        }
        let what = if step == BackupStep::Copying { "copying" } else { "sealing" };
        steps.show(done / MIB, all / MIB, &format!("MiB: {what}"));
    }
}

pub(super) fn show(manifest: &Manifest, output: Output) -> anyhow::Result<()> {
    let made_at = utc(Timestamp::from_unix_millis(manifest.made_at));
    output.show(&json!(manifest), || {
        let rows = manifest.rows.iter().map(|(table, rows)| format!("{table:<16}{rows:>12}"));
        let keys = manifest.master_keys.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let head = format!(
            "Made at       {made_at}, by version {}\nTables        schema {}\nMaster keys   {keys}\nSigning keys  {}\n\
             Database      {} bytes, SHA-256 {}",
            manifest.program,
            manifest.schema,
            manifest.signing_keys.join(", "),
            manifest.database_bytes,
            manifest.database_sha256,
        );
        std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
    })?;
    Ok(())
}

const MIB: u64 = 1024 * 1024;
const POSTGRES: &str = "this is for the embedded database: back a PostgreSQL database up with its own tools (pgBackRest, \
                        Barman, pg_dump), and after it was put back to an earlier time run: countersign restore --mark";
const KEY_IS_NOT_IN_IT: &str = "countersign: the master key is not in it, and nothing else opens it: keep master.key too, at another \
                                place. Neither is the configuration";
