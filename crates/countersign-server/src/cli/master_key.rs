//! `countersign master-key`: another master key takes over, step by step, while servers serve. Each step is one write, of the
//! key file or of the database: whoever is interrupted goes on with the same command.

use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use countersign::{FeedKeyName, MasterKeyChangeError, MasterKeyStatus, MasterKeys, Random, StillNeeded};
use serde_json::{Value, json};

use super::global::Global;
use super::new_file::write_new;
use super::progress::Steps;
use super::tool::{Tool, block_on};
use crate::output::{Columns, Output, remark, utc};
use crate::serve::instance::Task;
use crate::serve::master_key_file;

#[derive(Debug, Subcommand)]
pub(super) enum MasterKeyCommand {
    /// Lists the master keys, and what hangs from each
    Status,
    /// Does the next step of a change, and says what comes after it
    Rotate,
    /// Adds a new key to the key file; it is known, and not used yet
    Add,
    /// Puts a key first in the key file: servers use it from their next start
    Use {
        /// Its number
        number: u8,
        /// Also if running nodes do not know it: they refuse the tokens that it makes, so people are signed out there
        #[arg(long)]
        force: bool,
    },
    /// Seals the signing keys in the database under the key that is used, while servers serve
    Reseal {
        /// Also if a running server does not know that key: until its next start it takes over no new signing key
        #[arg(long)]
        force: bool,
    },
    /// Removes a key from the key file
    Remove {
        /// Its number
        number: u8,
        /// Also if tokens live that it vouches for: whoever holds one has to sign in again, browsers that were known are not any
        /// more, services need a new feed key. Never while signing keys are sealed under it
        #[arg(long)]
        force: bool,
        /// Keeps the removed key in this new file (mode 0600): backups that were made with it need it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

impl MasterKeyCommand {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        block_on(async {
            let change = Change::open(global, output).await?;
            match self {
                Self::Status => change.show(),
                Self::Rotate => change.rotate().await,
                Self::Add => change.add().await,
                Self::Use { number, force } => change.take_into_use(number, force).await,
                Self::Reseal { force } => change.reseal(force).await,
                Self::Remove { number, force, out } => change.remove(number, force, out).await,
            }
        })
    }
}

/// The master keys of an open database.
struct Change<'a> {
    global: &'a Global,
    tool: Tool,
    status: Vec<MasterKeyStatus>,
    output: Output,
}

impl<'a> Change<'a> {
    async fn open(global: &'a Global, output: Output) -> anyhow::Result<Self> {
        let tool = Tool::open(global, Task::Manage).await?;
        let status = tool.instance.master_key_status().await?;
        Ok(Self { global, tool, status, output })
    }

    fn show(&self) -> anyhow::Result<()> {
        let row = |key: &MasterKeyStatus| {
            let until = key.tokens_until.map_or_else(String::new, utc);
            let (signing, feed) = (key.signing_keys.to_string(), key.feed_keys.len().to_string());
            vec![key.number.to_string(), state(key).to_owned(), hex(key), signing, feed, until]
        };
        let columns = Columns {
            head: &["NUMBER", "STATE", "FINGERPRINT", "SIGNING KEYS", "FEED KEYS", "TOKENS UNTIL"],
            none: "countersign: no master keys",
        };
        Ok(self.output.table_of(columns, &self.status, row, as_json)?)
    }

    /// One step: whoever repeats it comes to the end.
    async fn rotate(&self) -> anyhow::Result<()> {
        let current = self.current()?.number;
        let configured = || self.status.iter().filter(|key| key.is_configured);
        if let Some(next) = configured().map(|key| key.number).max().filter(|number| *number > current) {
            return self.take_into_use(next, false).await;
        }
        if self
            .status
            .iter()
            .any(|key| !key.is_current && (key.signing_keys > 0 || !key.sealed_keys.is_empty()))
        {
            return self.reseal(false).await;
        }
        let Some(old) = configured().find(|key| !key.is_current) else { return self.add().await };
        let needed = old.needed_for(self.tool.now());
        self.output.show(&as_json(old), || {
            if needed.is_empty() {
                return format!(
                    "Nothing hangs from number {0}. Next: countersign master-key remove {0}",
                    old.number
                );
            }
            format!(
                "Number {0} stays for now: {1}. Then: countersign master-key remove {0}",
                old.number,
                reasons(&needed)
            )
        })?;
        Ok(())
    }

    async fn add(&self) -> anyhow::Result<()> {
        let highest = self.status.iter().map(|key| key.number).max().unwrap_or_default();
        let random = Random::system();
        let keys = self.change_file(|keys| keys.with_new(highest, &random))?;
        let number = keys.numbers().into_iter().max().unwrap_or_default();
        self.done(number, "added").await?;
        remark(&format!(
            "countersign: restart the servers, on every node with this key file, and then: countersign master-key use {number}"
        ));
        Ok(())
    }

    async fn take_into_use(&self, number: u8, force: bool) -> anyhow::Result<()> {
        let key = self.find(number)?;
        let ignorant = key.unknown_to.len();
        ensure!(
            ignorant == 0 || force,
            "{ignorant} running nodes do not know number {number}: copy the key file to them and restart them first (one that was \
             stopped is taken for running for a minute)"
        );
        self.change_file(|keys| keys.with_current(number))?;
        self.done(number, "in use").await?;
        remark(
            "countersign: restart the servers, on every node with this key file, and then: countersign master-key reseal",
        );
        Ok(())
    }

    async fn reseal(&self, force: bool) -> anyhow::Result<()> {
        let key = self.current()?;
        let (number, ignorant) = (key.number, key.unknown_to.len());
        ensure!(
            ignorant == 0 || force,
            "{ignorant} running nodes do not know number {number}: copy the key file to them and restart them first"
        );
        ensure!(
            key.tokens_until.is_some() || force,
            "no server has used number {number} yet: restart it first, so that it can open what is sealed under that"
        );
        let mut steps = Steps::default();
        let mut progress =
            |done: usize, all: usize| steps.show(done as u64, all as u64, "signing keys looked at");
        let changed = self.tool.instance.reseal_signing_keys(&self.tool.context(), &mut progress).await?;
        self.output.show(&json!({ "number": number, "resealed": changed }), || {
            format!("{changed} signing keys sealed again, under number {number}")
        })?;
        let old = self.status.iter().filter(|old| old.is_configured && !old.is_current).map(|old| old.number);
        for old in old {
            remark(&format!(
                "countersign: next, when its tokens have run out: countersign master-key remove {old}"
            ));
        }
        Ok(())
    }

    async fn remove(&self, number: u8, force: bool, out: Option<PathBuf>) -> anyhow::Result<()> {
        let needed = self.find(number)?.needed_for(self.tool.now());
        let may_be_lost = |why: &StillNeeded| {
            !matches!(why, StillNeeded::Current | StillNeeded::SigningKeys(_) | StillNeeded::SealedKey(_))
        };
        let holding: Vec<_> = needed.into_iter().filter(|why| !(force && may_be_lost(why))).collect();
        if !holding.is_empty() {
            bail!("number {number} stays: {}", reasons(&holding));
        }
        if let Some(out) = &out {
            let keys = MasterKeys::read_file(&self.path()?)?.context("the key file is gone")?;
            write_new(out, &keys.without(number)?.1.to_secret_text(), 0o600)?;
        }
        self.change_file(|keys| Ok(keys.without(number)?.0))?;
        self.done(number, "removed").await?;
        remark("countersign: take it out of the key files of all nodes, and restart the servers");
        if out.is_none() {
            remark("countersign: backups that were made with it need it: the next backup does not");
        }
        Ok(())
    }

    /// After the file has changed.
    async fn done(&self, number: u8, what: &str) -> anyhow::Result<()> {
        let detail = format!("number {number} {what}");
        self.tool.instance.record_master_key(&detail, &self.tool.context()).await?;
        let path = self.path()?;
        self.output.show(&json!({ "number": number, "done": what }), || {
            format!("Master key {detail}, in {}", path.display())
        })?;
        Ok(())
    }

    fn change_file(
        &self,
        change: impl FnOnce(&MasterKeys) -> Result<MasterKeys, MasterKeyChangeError>,
    ) -> anyhow::Result<MasterKeys> {
        Ok(MasterKeys::change_file(&self.path()?, &Random::system(), change)?)
    }

    fn path(&self) -> anyhow::Result<PathBuf> {
        master_key_file::path(&self.global.load()?)
    }

    fn current(&self) -> anyhow::Result<&MasterKeyStatus> {
        self.status.iter().find(|key| key.is_current).context("there is no master key")
    }

    fn find(&self, number: u8) -> anyhow::Result<&MasterKeyStatus> {
        let found = self.status.iter().find(|key| key.is_configured && key.number == number);
        Ok(found.ok_or(MasterKeyChangeError::Unknown(number))?)
    }
}

const fn state(key: &MasterKeyStatus) -> &'static str {
    match (key.is_current, key.is_configured) {
        (true, _) => "in use",
        (false, true) => "known",
        (false, false) => "gone",
    }
}

/// Enough to tell keys apart.
fn hex(key: &MasterKeyStatus) -> String {
    format!("{:016x}", u64::from_be_bytes(key.fingerprint.first_chunk().copied().unwrap_or_default()))
}

fn reasons(needed: &[StillNeeded]) -> String {
    needed.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn as_json(key: &MasterKeyStatus) -> Value {
    json!({
        "number": key.number,
        "state": state(key),
        "fingerprint": hex(key),
        "signingKeys": key.signing_keys,
        "sealedKeys": key.sealed_keys.iter().map(|key| key.name()).collect::<Vec<_>>(),
        "feedKeys": key.feed_keys.iter().map(FeedKeyName::as_str).collect::<Vec<_>>(),
        "tokensUntil": key.tokens_until.map(utc),
        "nodesWithoutIt": key.unknown_to.len(),
        "nodesUsingIt": key.used_by.len(),
    })
}
