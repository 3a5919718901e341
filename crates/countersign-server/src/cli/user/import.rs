//! `countersign user import` and `user export`: accounts with the password hashes they have, from another system or
//! another server.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use countersign::AccountQuery;
use countersign::import::{
    BetterAuthSecrets, Decisions, FactorFile, FirebaseHashConfig, Import, ImportReport, ImportSettings,
    Imported, System, Use, export_line,
};
use serde_json::json;
use zeroize::Zeroizing;

use crate::cli::progress::bar;
use crate::cli::tool::Tool;
use crate::cli::usage::usage;
use crate::output::{self, Output, counted};

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(in crate::cli) struct UserImport {
    /// The export: CSV with a header, JSON Lines, JSON or LDIF; `-` is standard input
    file: PathBuf,
    /// The system it comes from; `auto` recognises it by its columns
    #[arg(long, value_name = "SYSTEM", default_value = AUTO, value_parser = systems())]
    from: String,
    /// Says what would happen, and does nothing
    #[arg(long)]
    dry_run: bool,
    /// Uses a column as name, hash, state, disabled, enabled, disabled-until, expires, role, claim or password-change
    #[arg(long, value_name = "COLUMN=USE", value_parser = mapping)]
    map: Vec<(String, Use)>,
    /// Does not use a column
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    ignore: Vec<String>,
    /// Says what a word for a state means: `archived=disabled`, `trial=enabled`
    #[arg(long, value_name = "WORD=STATE", value_parser = state_value)]
    state_value: Vec<(String, bool)>,
    /// Leaves out the rows that cannot be imported, instead of importing nothing
    #[arg(long)]
    skip_problems: bool,
    /// Imports rows without a password from a file that has passwords: they need a new one
    #[arg(long)]
    allow_no_password: bool,
    /// Imports rows whose hash protects nobody without that hash: they need a new password
    #[arg(long)]
    reset_weak: bool,
    /// The second factors of these users, where their system keeps them in a table of their own: Authelia's export of TOTP, the tables
    /// of Supabase and better-auth
    #[arg(long, value_name = "FILE")]
    factors: Option<PathBuf>,
    /// The secret of better-auth, by which its authenticators are encrypted, in a file; older ones on further lines
    #[arg(long, value_name = "FILE", requires = "factors")]
    factor_key: Option<PathBuf>,
    /// Imports accounts without a second factor that cannot come over: until they set up another, their password alone signs in
    #[arg(long)]
    allow_no_factor: bool,
    /// Firebase's "password hash parameters", in a file as its console shows them
    #[arg(long, value_name = "FILE", required_if_eq("from", "firebase"))]
    firebase_parameters: Option<PathBuf>,
}

impl UserImport {
    pub(super) async fn run(&self, tool: &Tool, output: Output) -> anyhow::Result<()> {
        let bytes = read(&self.file)?;
        let context = tool.context();
        let hasher = tool.instance.hasher();
        let mut import = Import::read(&bytes, &self.decisions()?, hasher, context.now)
            .with_context(|| format!("{} cannot be read", self.file.display()))?;
        import.find_taken_names(tool.instance.store()).await?;
        let report = import.report();
        let problems = report.problem_rows();
        if self.dry_run {
            output::unless_closed(output.show(&as_json(report), || self.dry_text(report)))?;
            return self.ready(report);
        }
        if (problems > 0 || !report.lost_factors.is_empty()) && !output.json {
            output::remark(&report.to_string());
        }
        self.ready(report)?;
        let sealer = tool.instance.factor_sealer();
        let settings = ImportSettings {
            batch: BATCH,
            skip_problems: self.skip_problems,
            hasher,
            sealer,
            context: &context,
        };
        let fine = report.fine;
        let imported =
            import.run(tool.instance.store(), &settings, |done| bar(done as u64, fine as u64, "")).await?;
        show_done(output, imported, problems)
    }

    fn decisions(&self) -> anyhow::Result<Decisions> {
        let firebase = self.firebase_parameters.as_deref().map(|file| {
            let text = read(file)?;
            let config = std::str::from_utf8(&text).ok().and_then(FirebaseHashConfig::parse);
            config
                .ok_or_else(|| usage(format!("{} does not have Firebase's hash parameters", file.display())))
        });
        let factors = self.factors.as_deref().map(|file| self.factors(file));
        let mapped = self.map.iter().map(|(column, used)| (column.clone(), Some(*used)));
        let ignored = self.ignore.iter().map(|column| (column.clone(), None));
        Ok(Decisions {
            system: System::ALL.iter().copied().find(|system| system.name() == self.from),
            columns: mapped.chain(ignored).collect(),
            states: self.state_value.clone(),
            allow_no_password: self.allow_no_password,
            reset_weak: self.reset_weak,
            factors: factors.transpose()?,
            allow_no_factor: self.allow_no_factor,
            firebase: firebase.transpose()?,
        })
    }

    fn factors(&self, file: &Path) -> anyhow::Result<FactorFile> {
        let secrets = self.factor_key.as_deref().map(|file| {
            let text = read(file)?;
            let text =
                std::str::from_utf8(&text).with_context(|| format!("{} is no text", file.display()))?;
            anyhow::Ok(BetterAuthSecrets::parse(text))
        });
        let secrets = secrets.transpose()?.unwrap_or_default();
        FactorFile::read(&read(file)?, &secrets).with_context(|| format!("{} cannot be read", file.display()))
    }

    /// Whether this very command could import, and if not, what has to be said first.
    fn ready(&self, report: &ImportReport) -> anyhow::Result<()> {
        let undecided: Vec<&str> = report.undecided().map(|column| column.name.as_str()).collect();
        anyhow::ensure!(
            undecided.is_empty(),
            "nobody has decided about the columns {}: add {} or, for one that counts, --map COLUMN={}",
            undecided.join(", "),
            undecided.iter().map(|name| format!("--ignore {}", quoted(name))).collect::<Vec<_>>().join(" "),
            Use::NAMES.map(|(name, _)| name).join("|"),
        );
        let without = report.without_password.len() - report.reset.len();
        anyhow::ensure!(
            self.allow_no_password || !report.loses_passwords(),
            "{} without a password; --allow-no-password imports such rows, and they need a new one",
            counted(without, "row")
        );
        let lost = report.factors_lost();
        anyhow::ensure!(
            self.allow_no_factor || lost == 0,
            "{} cannot come over; --allow-no-factor imports these accounts without: until their owners set up \
             another authenticator, their password alone signs in",
            counted(lost, "second factor")
        );
        let problems = report.problem_rows();
        anyhow::ensure!(
            problems == 0 || self.skip_problems,
            "{} cannot be imported",
            counted(problems, "row")
        );
        Ok(())
    }

    /// The report, the columns, and the command that imports.
    fn dry_text(&self, report: &ImportReport) -> String {
        let system = report.system.name();
        let taken = if self.from == AUTO { "The file was taken for" } else { "The file was read as" };
        let columns: Vec<String> = report.columns.iter().map(|column| format!("  {column}")).collect();
        let mut text = format!("{report}\n{taken} {system}. Its columns:\n{}", columns.join("\n"));
        if report.undecided().count() == 0 && report.fine > 0 {
            text = format!("{text}\nTo import: {}", self.command(report));
        }
        text
    }

    /// As it was typed, without the dry run and with what is needed besides.
    fn command(&self, report: &ImportReport) -> String {
        let typed = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
        let mut words: Vec<String> = typed.filter(|word| word != "--dry-run").collect();
        if self.from == AUTO {
            words.retain(|word| word != "--from=auto");
            if let Some(at) = words.iter().position(|word| word == "--from") {
                words.drain(at..words.len().min(at + 2));
            }
            words.extend(["--from".to_owned(), report.system.name().to_owned()]);
        }
        let accepted = [
            (!self.allow_no_password && report.loses_passwords(), "--allow-no-password"),
            (!self.allow_no_factor && report.factors_lost() > 0, "--allow-no-factor"),
            (!self.skip_problems && report.problem_rows() > 0, "--skip-problems"),
        ];
        words.extend(accepted.into_iter().filter(|(needed, _)| *needed).map(|(_, word)| word.to_owned()));
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }
}

fn show_done(output: Output, imported: Imported, left_out: usize) -> anyhow::Result<()> {
    let Imported { made, already_there, factors, .. } = imported;
    let value = json!({
        "made": made, "alreadyThere": already_there, "authenticators": factors, "leftOut": left_out,
    });
    let some = |number: usize, text: String| if number > 0 { text } else { String::new() };
    output.show(&value, || {
        let with = some(factors, format!(" with {}", counted(factors, "authenticator")));
        let already = some(already_there, format!(", {already_there} there already"));
        let left_out = some(left_out, format!(", {} left out", counted(left_out, "row")));
        format!("Imported {}{with}{already}{left_out}", counted(made, "account"))
    })?;
    Ok(())
}

fn as_json(report: &ImportReport) -> serde_json::Value {
    let problems = report.problems.iter().map(|(reason, lines)| (reason.to_string(), json!(lines)));
    let lost = report.lost_factors.iter().map(|(reason, lost)| {
        let users = lost.iter().map(|lost| json!({ "line": lost.line, "username": lost.username }));
        (reason.to_string(), users.collect::<serde_json::Value>())
    });
    let columns = report.columns.iter().map(|column| {
        let text = column.to_string();
        let fate = text.get(column.name.len() + 2..).unwrap_or_default();
        json!({ "name": column.name, "fate": fate })
    });
    json!({
        "system": report.system.name(),
        "columns": columns.collect::<Vec<_>>(),
        "fine": report.fine,
        "disabled": report.disabled,
        "withoutPassword": report.without_password,
        "reset": report.reset,
        "trimmed": report.trimmed,
        "withFactors": report.with_factors,
        "lostFactors": lost.collect::<serde_json::Map<_, _>>(),
        "strangeFactors": report.strange_factors,
        "noUsers": report.no_users,
        "problems": problems.collect::<serde_json::Map<_, _>>(),
    })
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn systems() -> PossibleValuesParser {
    let names = System::ALL.iter().map(|system| system.name());
    PossibleValuesParser::new([AUTO].into_iter().chain(names))
}

fn mapping(text: &str) -> Result<(String, Use), String> {
    let names = || Use::NAMES.map(|(name, _)| name).join(", ");
    let (column, used) = text.rsplit_once('=').ok_or("write COLUMN=USE")?;
    let used = Use::parse(used).ok_or_else(|| format!("a column is used as one of {}", names()))?;
    Ok((column.to_owned(), used))
}

fn state_value(text: &str) -> Result<(String, bool), String> {
    match text.rsplit_once('=') {
        Some((word, "disabled")) => Ok((word.to_owned(), true)),
        Some((word, "enabled")) => Ok((word.to_owned(), false)),
        _ => Err("write WORD=disabled or WORD=enabled".to_owned()),
    }
}

/// Every account as a line of JSON, with its hash: secret.
pub(in crate::cli) async fn export(tool: &Tool) -> anyhow::Result<()> {
    tool.instance.record_export(&tool.context()).await?;
    let mut after = None;
    loop {
        let page = tool.instance.list_accounts(AccountQuery::by_name(after, 1000)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.username.canonical().to_owned());
        for account in &page {
            if let Some(found) = tool.instance.credentials(account.id).await? {
                let held = tool.instance.second_factors(account.id).await?;
                output::print(&export_line(&found, &held, tool.instance.hasher()))?;
            }
        }
    }
}

fn read(file: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).context("standard input cannot be read")?;
    } else {
        *bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    }
    Ok(bytes)
}

const AUTO: &str = "auto";
const BATCH: usize = 500;
