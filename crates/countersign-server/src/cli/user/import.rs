//! `countersign user import` and `user export`: accounts with the password hashes they have, from another system or
//! another server.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use countersign::flows::import::{FirebaseHashConfig, Import, ImportSettings, System, export_line};
use countersign::model::account::AccountQuery;
use serde_json::json;
use zeroize::Zeroizing;

use crate::cli::tool::Tool;
use crate::cli::usage::usage;
use crate::output::{self, Output};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct UserImport {
    /// The export: CSV with a header, JSON Lines or JSON; `-` is standard input
    file: PathBuf,
    /// The system it comes from
    #[arg(long, value_enum, default_value_t = From::Generic)]
    from: From,
    /// Says what would happen, and does nothing
    #[arg(long)]
    dry_run: bool,
    /// Leaves out the rows that cannot be imported, instead of importing nothing
    #[arg(long)]
    skip_problems: bool,
    /// Firebase's "password hash parameters", in a file as its console shows them
    #[arg(long, value_name = "FILE", required_if_eq("from", "firebase"))]
    firebase_parameters: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum From {
    /// A table with a name and a hash: Express with bcrypt, and most others
    Generic,
    Django,
    Devise,
    Firebase,
    BetterAuth,
    Supabase,
    Auth0,
    /// `countersign user export`
    Countersign,
}

impl UserImport {
    pub(super) async fn run(&self, tool: &Tool, output: Output) -> anyhow::Result<()> {
        let text = read(&self.file)?;
        let hasher = tool.instance.hasher();
        let mut import = Import::read(&text, &self.system()?, hasher);
        import.find_taken_names(tool.instance.store()).await?;
        let report = import.report();
        let problems: usize = report.problems.values().map(Vec::len).sum();
        if self.dry_run {
            let by_reason = report.problems.iter().map(|(reason, lines)| (reason.to_string(), json!(lines)));
            let by_reason: serde_json::Map<_, _> = by_reason.collect();
            let value = json!({ "fine": report.fine, "withoutPassword": report.without_password, "problems": by_reason });
            output::unless_closed(output.show(&value, || report.to_string()))?;
            anyhow::ensure!(problems == 0 || self.skip_problems, "{problems} rows cannot be imported");
            return Ok(());
        }
        if problems > 0 && !output.json {
            output::remark(&report.to_string());
        }
        let context = tool.context();
        let settings =
            ImportSettings { batch: BATCH, skip_problems: self.skip_problems, hasher, context: &context };
        let fine = report.fine;
        let imported = import.run(tool.instance.store(), &settings, |done| progress(done, fine)).await?;
        let value =
            json!({ "made": imported.made, "alreadyThere": imported.already_there, "leftOut": problems });
        output.show(&value, || {
            let there = imported.already_there;
            let already = if there > 0 { format!(", {there} were there already") } else { String::new() };
            let left_out = if problems > 0 { format!(", {problems} rows left out") } else { String::new() };
            format!("Imported {} accounts{already}{left_out}", imported.made)
        })?;
        Ok(())
    }

    fn system(&self) -> anyhow::Result<System> {
        Ok(match self.from {
            From::Generic => System::Generic,
            From::Django => System::Django,
            From::Devise => System::Devise,
            From::BetterAuth => System::BetterAuth,
            From::Supabase => System::Supabase,
            From::Auth0 => System::Auth0,
            From::Countersign => System::Countersign,
            From::Firebase => {
                let file = self.firebase_parameters.as_deref().unwrap_or(Path::new("-"));
                let parameters = FirebaseHashConfig::parse(&read(file)?);
                System::Firebase(parameters.ok_or_else(|| {
                    usage(format!("{} does not have Firebase's hash parameters", file.display()))
                })?)
            }
        })
    }
}

/// Every account as a line of JSON, with its hash: secret.
pub(in crate::cli) async fn export(tool: &Tool) -> anyhow::Result<()> {
    tool.instance.record_export(&tool.context()).await?;
    let mut after = None;
    loop {
        let query = AccountQuery { after, limit: 1000, ..AccountQuery::default() };
        let page = tool.instance.list_accounts(query).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.username.canonical().to_owned());
        for account in &page {
            if let Some(found) = tool.instance.credentials(account.id).await? {
                output::print(&export_line(&found, tool.instance.hasher()))?;
            }
        }
    }
}

fn read(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::new());
    if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).context("standard input cannot be read")?;
    } else {
        *bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.split(|byte| *byte == b'\n').count();
            anyhow::bail!(
                "{}:{line}: this is not UTF-8; convert the file, for example with iconv",
                file.display()
            )
        }
    }
}

/// A bar, on a terminal only.
fn progress(done: usize, all: usize) {
    if std::io::stderr().is_terminal() {
        let filled = done * BAR / all.max(1);
        let end = if done == all { "\n" } else { "" };
        // The macro for that would end the import when the terminal is gone.
        let _ = write!(std::io::stderr(), "\r[{:BAR$}] {done} of {all}{end}", "#".repeat(filled));
    }
}

const BATCH: usize = 500;
const BAR: usize = 40;
