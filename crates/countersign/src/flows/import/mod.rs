//! Bringing accounts over from another system with the password hashes they have: read a file ([`Import::read`]), look
//! at what would happen ([`Import::report`]), then do it in batches ([`Import::run`]).
//!
//! Nothing is half done: a batch is one transaction. An import that was interrupted is run again on the same file and
//! goes on where it stopped: the id of an imported account follows from the file and its line, so an account that is
//! there already is recognised as one of ours.

mod rows;
mod run;
mod system;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use aws_lc_rs::hmac;

pub use run::{ImportError, ImportSettings, Imported, export_line};
pub use system::{FirebaseHashConfig, System};

use crate::base::digest::{mac16, sha256};
use crate::base::id::AccountId;
use crate::hashing::PasswordHasher;
use crate::model::account::{CustomClaims, NewAccount, Role, Username, UsernameError};
use crate::password::{PasswordHash, UnreadableHash};
use crate::store::{Store, StoreError};
use rows::Row;
use system::Candidate;

/// A file that was read: the accounts it holds, and what is wrong with the others.
#[derive(Debug)]
pub struct Import {
    accounts: Vec<(u64, NewAccount)>,
    report: ImportReport,
}

/// What an import will do, by lines of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Accounts that can be imported.
    pub fine: usize,
    /// Among them, those without a password hash: they cannot sign in until a password is set.
    pub without_password: Vec<u64>,
    /// Rows that cannot be imported, and why.
    pub problems: BTreeMap<RowProblem, Vec<u64>>,
}

/// Why a row cannot be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum RowProblem {
    /// It is neither a CSV record of this file nor a JSON object.
    #[error("unreadable rows")]
    Unreadable,
    /// No field that this system keeps names in has one.
    #[error("rows without a user name (in a field called {looked_for})")]
    NoUsername {
        /// The fields that this system keeps names in.
        looked_for: &'static str,
    },
    /// The name is none that we take.
    #[error("unusable user names ({})", .0.0)]
    Username(UsernameProblem),
    /// Another row before has this name, perhaps in another spelling.
    #[error("names that are there twice")]
    Duplicate,
    /// Somebody else has this name ([`Import::find_taken_names`]).
    #[error("names that others have already")]
    Taken,
    /// The hash cannot be checked.
    #[error("{}", hash_problem(*.0))]
    Hash(UnreadableHash),
    /// The role or the claims of an export of ours are not well-formed.
    #[error("unusable roles or claims")]
    Details,
    /// Whether the account is disabled, or must have a new password, is said in words that are not known.
    #[error("rows that do not say clearly whether the account is disabled")]
    State,
}

/// Why a name is not taken, in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsernameProblem(pub UsernameError);

impl Ord for UsernameProblem {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0 as u8).cmp(&(other.0 as u8))
    }
}

impl PartialOrd for UsernameProblem {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Import {
    /// Reads a file of this system: CSV with a header, JSON Lines, or one JSON document with a list of users. Nothing is
    /// computed and nothing stored; `hasher` says which hashes it can check.
    #[must_use]
    pub fn read(text: &str, system: &System, hasher: &PasswordHasher) -> Self {
        let ids = hmac::Key::new(hmac::HMAC_SHA256, &sha256(text.as_bytes()));
        let mut import = Self { accounts: Vec::new(), report: ImportReport::default() };
        let mut names: HashMap<String, u64> = HashMap::new();
        for (line, row) in rows::read(text, system.columns()) {
            let account = row
                .ok_or(RowProblem::Unreadable)
                .and_then(|row: Row| system.candidate(&row))
                .and_then(|candidate| new_account(candidate, id(&ids, line), hasher));
            match account {
                Ok(account) if names.contains_key(account.username.canonical()) => {
                    import.report.problems.entry(RowProblem::Duplicate).or_default().push(line);
                }
                Ok(account) => {
                    names.insert(account.username.canonical().to_owned(), line);
                    import.report.fine += 1;
                    if account.password_hash.is_none() {
                        import.report.without_password.push(line);
                    }
                    import.accounts.push((line, account));
                }
                Err(problem) => import.report.problems.entry(problem).or_default().push(line),
            }
        }
        import
    }

    /// Finds the names that are taken in the store by accounts that do not come from this file, and counts their rows
    /// among the problems: asked before [`Import::run`], no name stops it half-way.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer; the report is as before.
    pub async fn find_taken_names<S: Store>(&mut self, store: &S) -> Result<(), StoreError> {
        let mut taken = Vec::new();
        for (line, account) in &self.accounts {
            let found = store.account_for_login(&account.username).await?;
            if found.is_some_and(|found| found.account.id != account.id) {
                taken.push(*line);
            }
        }
        if !taken.is_empty() {
            let is_free = |line: &u64| taken.binary_search(line).is_err();
            self.accounts.retain(|(line, _)| is_free(line));
            self.report.without_password.retain(is_free);
            self.report.fine = self.accounts.len();
            self.report.problems.insert(RowProblem::Taken, taken);
        }
        Ok(())
    }

    /// What [`Import::run`] would do.
    #[must_use]
    pub const fn report(&self) -> &ImportReport {
        &self.report
    }
}

fn new_account(
    candidate: Candidate,
    id: AccountId,
    hasher: &PasswordHasher,
) -> Result<NewAccount, RowProblem> {
    let username =
        Username::parse(&candidate.username).map_err(|error| RowProblem::Username(UsernameProblem(error)))?;
    let password_hash = candidate.hash.map(PasswordHash::from_stored);
    if let Some(hash) = &password_hash {
        hasher.can_check(hash).map_err(RowProblem::Hash)?;
    }
    let role = candidate.role.map_or(Ok(Role::default()), |role| Role::parse(&role));
    let claims = CustomClaims::new(candidate.claims).map_err(|_| RowProblem::Details)?;
    Ok(NewAccount {
        id,
        username,
        role: role.map_err(|_| RowProblem::Details)?,
        claims,
        password_hash,
        disabled: candidate.disabled,
        password_change_required: candidate.password_change_required,
    })
}

/// The account of this line of this file, always the same. Who does not have the file with its hashes cannot guess it
/// (EN-5).
fn id(ids: &hmac::Key, line: u64) -> AccountId {
    let bytes = mac16(ids, &[&line.to_be_bytes()]);
    AccountId::from_bytes(uuid::Builder::from_random_bytes(bytes).into_uuid().into_bytes())
}

fn hash_problem(problem: UnreadableHash) -> String {
    let text = match problem {
        UnreadableHash::UnknownFormat => "unknown hash formats",
        UnreadableHash::Malformed => "malformed hashes",
        UnreadableHash::TooExpensive => "hashes that cost more than is allowed here",
        UnreadableHash::TooWeak => "hashes that are too weak: these passwords must be reset",
        UnreadableHash::Sealed => "hashes that are encrypted under another key",
        UnreadableHash::Fast(name) => {
            return format!("hashes that protect nobody ({name}): these passwords must be reset");
        }
    };
    text.to_owned()
}

/// `12,031 fine, 7 unknown hash formats: lines 3, 18, …`, one kind of problem a line.
impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fine", thousands(self.fine))?;
        let without = self.without_password.as_slice();
        if !without.is_empty() {
            write!(f, "\n  of them {} without a password: {}", thousands(without.len()), Lines(without))?;
        }
        for (problem, lines) in &self.problems {
            write!(f, "\n{} {problem}: {}", thousands(lines.len()), Lines(lines))?;
        }
        Ok(())
    }
}

struct Lines<'a>(&'a [u64]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<_> = self.0.iter().take(SHOWN_LINES).map(u64::to_string).collect();
        let more = if self.0.len() > SHOWN_LINES { ", …" } else { "" };
        write!(f, "line{} {}{more}", if self.0.len() == 1 { "" } else { "s" }, shown.join(", "))
    }
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const SHOWN_LINES: usize = 20;

#[cfg(test)]
mod tests;
