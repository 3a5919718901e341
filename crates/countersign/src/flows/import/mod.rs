//! Bringing accounts over from another system with the password hashes they have: read a file ([`Import::read`]), look
//! at what would happen ([`Import::report`]), then do it in batches ([`Import::run`]).
//!
//! Nothing is half done: a batch is one transaction. An import that was interrupted is run again on the same file and
//! goes on where it stopped: the id of an imported account follows from the file and its line, so an account that is
//! there already is recognised as one of ours.

mod account;
mod columns;
mod decisions;
mod factors;
mod hash_forms;
mod hashes;
mod layout;
mod problem;
mod report;
mod rows;
mod run;
mod state;
mod system;
mod text;
mod words;

use std::collections::{BTreeMap, HashMap, HashSet};

use aws_lc_rs::hmac;

pub use crate::flows::factor_sealer::FactorSealer;
pub use columns::{Column, Fate, Use};
pub use decisions::Decisions;
pub use factors::{BetterAuthSecrets, FactorFile, FactorFileError, FactorProblem};
pub use problem::{RowProblem, UsernameProblem};
pub use report::{ImportReport, LostFactor};
pub use run::{ImportError, ImportSettings, Imported, export_line};
pub use state::StateKind;
pub use system::{FirebaseHashConfig, System};
pub use text::NotText;

use crate::base::clock::Timestamp;
use crate::base::digest::{mac16, sha256};
use crate::base::id::AccountId;
use crate::hashing::PasswordHasher;
use crate::model::account::NewAccount;
use crate::store::{Store, StoreError};
use account::{Read, Reader, Source};
use factors::ImportedFactor;
use rows::{Row, Table};

/// A file that was read: the accounts it holds, and what is wrong with the others.
#[derive(Debug)]
pub struct Import {
    accounts: Vec<(u64, NewAccount)>,
    /// The authenticators of those that have some, by their lines.
    factors: HashMap<u64, Vec<ImportedFactor>>,
    report: ImportReport,
    allow_no_password: bool,
    allow_no_factor: bool,
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is no text.
    #[error(transparent)]
    NotText(#[from] NotText),
    /// It has no rows.
    #[error("there are no users in it")]
    Empty,
    /// Firebase's hashes cannot be checked without the parameters of its project.
    #[error(
        "this is an export of Firebase: its \"password hash parameters\" are needed too, in a file for \
         --firebase-parameters"
    )]
    FirebaseParameters,
    /// A column that was decided about is not there.
    #[error("there is no column {name:?}; the columns are {columns}")]
    NoColumn {
        /// The name that was given.
        name: String,
        /// Those that are there.
        columns: String,
    },
}

impl Import {
    /// Reads a file: CSV with a header, JSON Lines, a JSON document with a list of users, or LDIF; in UTF-8, or UTF-16 with a
    /// byte order mark. Nothing is computed and nothing stored; `hasher` says which hashes it can check, and `now` is what the
    /// ends of bans are compared with.
    ///
    /// # Errors
    /// Every variant of [`ReadError`].
    pub fn read(
        file: &[u8],
        decisions: &Decisions,
        hasher: &PasswordHasher,
        now: Timestamp,
    ) -> Result<Self, ReadError> {
        let text = text::decode(file)?;
        let table = rows::read(&text, decisions.system.and_then(System::columns));
        if table.rows.is_empty() {
            return Err(ReadError::Empty);
        }
        let system = decisions.system.unwrap_or_else(|| System::recognise(&table));
        if system == System::Firebase && decisions.firebase.is_none() {
            return Err(ReadError::FirebaseParameters);
        }
        let columns = decided_columns(&table, system, decisions)?;
        let ids = hmac::Key::new(hmac::HMAC_SHA256, &sha256(text.as_bytes()));
        let mut import = Self::empty(system, columns, decisions);
        let columns = import.report.columns.clone();
        let source = Source { system, firebase: decisions.firebase.as_ref() };
        let reader = Reader { source, columns: &columns, decisions, hasher, now };
        let mut names = HashMap::new();
        for (line, row) in &table.rows {
            match row {
                Some(row) if system.is_no_user(row) => import.report.no_users.push(*line),
                row => import.take(*line, read_row(&reader, row.as_ref(), id(&ids, *line)), &mut names),
            }
        }
        import.report.fine = import.accounts.len();
        let is_alike = |account: &NewAccount| {
            account.username.plain_look_alikes().any(|other| names.contains_key(other.canonical()))
        };
        let alike = import.accounts.iter().filter(|(_, account)| is_alike(account));
        let alike = alike.map(|(line, _)| *line).collect();
        import.set_aside(RowProblem::LooksAlike, alike);
        import.report.strange_factors = strange_factors(&table, &reader);
        Ok(import)
    }

    fn empty(system: System, columns: Vec<Column>, decisions: &Decisions) -> Self {
        let has_hashes = columns.iter().any(|column| column.fate == Fate::Used(Use::Hash));
        let report = ImportReport {
            system,
            columns,
            fine: 0,
            disabled: Vec::new(),
            without_password: Vec::new(),
            reset: Vec::new(),
            trimmed: Vec::new(),
            no_users: Vec::new(),
            with_factors: Vec::new(),
            lost_factors: BTreeMap::new(),
            strange_factors: Vec::new(),
            problems: BTreeMap::new(),
            has_hashes,
        };
        Self {
            accounts: Vec::new(),
            factors: HashMap::new(),
            report,
            allow_no_password: decisions.allow_no_password,
            allow_no_factor: decisions.allow_no_factor,
        }
    }

    /// Counts a row among the accounts or among the problems.
    fn take(&mut self, line: u64, read: Result<Read, RowProblem>, names: &mut HashMap<String, u64>) {
        let report = &mut self.report;
        match read {
            Err(problem) => report.problems.entry(problem).or_default().push(line),
            Ok(read) if names.contains_key(read.account.username.canonical()) => {
                report.problems.entry(RowProblem::Duplicate).or_default().push(line);
            }
            Ok(Read { account, was_trimmed, was_reset, factors, lost_factors }) => {
                names.insert(account.username.canonical().to_owned(), line);
                for (applies, lines) in [
                    (account.disabled, &mut report.disabled),
                    (account.password_hash.is_none(), &mut report.without_password),
                    (was_reset, &mut report.reset),
                    (was_trimmed, &mut report.trimmed),
                    (!factors.is_empty(), &mut report.with_factors),
                ] {
                    if applies {
                        lines.push(line);
                    }
                }
                for problem in lost_factors {
                    let lost = LostFactor { line, username: account.username.as_str().to_owned() };
                    report.lost_factors.entry(problem).or_default().push(lost);
                }
                if !factors.is_empty() {
                    self.factors.insert(line, factors);
                }
                self.accounts.push((line, account));
            }
        }
    }

    /// Finds the names that are taken in the store by accounts that do not come from this file, or look like such a
    /// name, and counts their rows among the problems: asked before [`Import::run`], no name stops it half-way.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer; the report is as before.
    pub async fn find_taken_names<S: Store>(&mut self, store: &S) -> Result<(), StoreError> {
        let (mut taken, mut alike) = (Vec::new(), Vec::new());
        for (line, account) in &self.accounts {
            if let Some(found) = store.account_for_login(&account.username).await? {
                if found.account.id != account.id {
                    taken.push(*line);
                }
                continue;
            }
            for other in account.username.plain_look_alikes() {
                if store.account_for_login(&other).await?.is_some() {
                    alike.push(*line);
                    break;
                }
            }
        }
        self.set_aside(RowProblem::Taken, taken);
        self.set_aside(RowProblem::LooksAlike, alike);
        Ok(())
    }

    /// Counts these rows, which were fine so far, among the problems.
    fn set_aside(&mut self, problem: RowProblem, rows: Vec<u64>) {
        if !rows.is_empty() {
            let is_free = |line: &u64| rows.binary_search(line).is_err();
            self.accounts.retain(|(line, _)| is_free(line));
            for lines in [
                &mut self.report.disabled,
                &mut self.report.without_password,
                &mut self.report.reset,
                &mut self.report.trimmed,
                &mut self.report.with_factors,
            ] {
                lines.retain(is_free);
            }
            self.report.lost_factors.retain(|_, lost| {
                lost.retain(|lost| is_free(&lost.line));
                !lost.is_empty()
            });
            self.report.fine = self.accounts.len();
            self.report.problems.entry(problem).or_default().extend(rows);
        }
    }

    /// What [`Import::run`] would do.
    #[must_use]
    pub const fn report(&self) -> &ImportReport {
        &self.report
    }
}

fn read_row(reader: &Reader<'_>, row: Option<&Row>, id: AccountId) -> Result<Read, RowProblem> {
    reader.account(row.ok_or(RowProblem::Unreadable)?, id)
}

/// The lines of the file of second factors that belong to no row.
fn strange_factors(table: &Table, reader: &Reader<'_>) -> Vec<u64> {
    let Some(file) = &reader.decisions.factors else { return Vec::new() };
    let rows = table.rows.iter().filter_map(|(_, row)| row.as_ref());
    file.strangers(&rows.flat_map(|row| reader.owners(row)).collect::<HashSet<_>>())
}

/// What happens to every column; a decision about one that is not there is a slip.
fn decided_columns(table: &Table, system: System, decisions: &Decisions) -> Result<Vec<Column>, ReadError> {
    let columns = columns::decide(table, system, &decisions.columns);
    let missing = decisions.columns.iter().find(|(name, _)| !columns::has(&columns, name));
    match missing {
        None => Ok(columns),
        Some((name, _)) => Err(ReadError::NoColumn { name: name.clone(), columns: table.columns.join(", ") }),
    }
}

/// The account of this line of this file, always the same. Who does not have the file with its hashes cannot guess it
/// (EN-5).
fn id(ids: &hmac::Key, line: u64) -> AccountId {
    let bytes = mac16(ids, &[&line.to_be_bytes()]);
    AccountId::from_bytes(uuid::Builder::from_random_bytes(bytes).into_uuid().into_bytes())
}

#[cfg(test)]
mod tests;
