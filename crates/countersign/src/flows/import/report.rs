//! What an import will do, for the person who decides whether it shall.

use std::collections::BTreeMap;
use std::fmt;

use super::columns::{Column, Fate};
use super::system::System;
use crate::model::account::UsernameError;
use crate::password::UnreadableHash;

/// What an import will do, by lines of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// The system that the file was taken for.
    pub system: System,
    /// Every column with what happens to it.
    pub columns: Vec<Column>,
    /// Accounts that can be imported.
    pub fine: usize,
    /// Among them, those that are disabled.
    pub disabled: Vec<u64>,
    /// Among them, those without a password hash: they cannot sign in until a password is set.
    pub without_password: Vec<u64>,
    /// Among those, the ones whose hash is too weak and was left out because that was asked for.
    pub reset: Vec<u64>,
    /// Among them, those with white space around the name or the hash, which was taken away.
    pub trimmed: Vec<u64>,
    /// Entries that are no users: service accounts, groups of a directory.
    pub no_users: Vec<u64>,
    /// Rows that cannot be imported, and why.
    pub problems: BTreeMap<RowProblem, Vec<u64>>,
    /// Whether the file has passwords at all.
    pub has_hashes: bool,
}

impl ImportReport {
    /// The columns that somebody has to decide about before anything is imported.
    pub fn undecided(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| matches!(column.fate, Fate::Undecided(_)))
    }

    /// How many rows cannot be imported.
    #[must_use]
    pub fn problem_rows(&self) -> usize {
        self.problems.values().map(Vec::len).sum()
    }

    /// Whether rows have no password though others may: that has to be accepted.
    #[must_use]
    pub const fn loses_passwords(&self) -> bool {
        self.has_hashes && self.without_password.len() > self.reset.len()
    }
}

/// Why a row cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum RowProblem {
    /// It is neither a CSV record of this file nor a JSON object.
    #[error("unreadable rows")]
    Unreadable,
    /// No field that this system keeps names in has one.
    #[error(
        "rows without a user name (in a field called {looked_for}; another is named with --map FIELD=name)"
    )]
    NoUsername {
        /// The fields that this file keeps names in, or those that were looked for.
        looked_for: String,
    },
    /// The name is none that we take.
    #[error("unusable user names ({})", .0.0)]
    Username(UsernameProblem),
    /// Another row before has this name, perhaps in another spelling.
    #[error("names that are there twice")]
    Duplicate,
    /// Somebody else has this name ([`Import::find_taken_names`](super::Import::find_taken_names)).
    #[error("names that others have already")]
    Taken,
    /// The hash cannot be checked.
    #[error("{}", hash_problem(*.0))]
    Hash(UnreadableHash),
    /// The role or the claims are not well-formed.
    #[error("unusable roles or claims")]
    Details,
    /// Whether the account is disabled, or must have a new password, is said in words that are not known.
    #[error(
        "rows that do not say clearly whether the account is disabled ({column}: {word:?}); say what it means with \
         --state-value '{word}=disabled' or '{word}=enabled'"
    )]
    State {
        /// The column.
        column: String,
        /// The word in it.
        word: String,
    },
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

fn hash_problem(problem: UnreadableHash) -> String {
    let text = match problem {
        UnreadableHash::UnknownFormat => "unknown hash formats",
        UnreadableHash::Malformed => "malformed hashes",
        UnreadableHash::TooExpensive => "hashes that cost more than is allowed here",
        UnreadableHash::TooWeak => {
            "hashes that are too weak: these passwords must be reset (--reset-weak imports the accounts without them)"
        }
        UnreadableHash::Fast(name) => {
            return format!(
                "hashes that protect nobody ({name}): these passwords must be reset (--reset-weak imports the \
                 accounts without them)"
            );
        }
        UnreadableHash::Sealed => "hashes that are encrypted under another key",
    };
    text.to_owned()
}

/// `12,031 fine, 7 unknown hash formats: lines 3, 18, …`, one kind of problem a line.
impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fine", thousands(self.fine))?;
        for (lines, what) in [
            (&self.disabled, "disabled"),
            (&self.without_password, "without a password"),
            (&self.reset, "whose weak hash is left out"),
            (&self.trimmed, "with white space around the name or the hash, taken away"),
        ] {
            if !lines.is_empty() {
                write!(f, "\n  of them {} {what}: {}", thousands(lines.len()), Lines(lines))?;
            }
        }
        if !self.no_users.is_empty() {
            write!(
                f,
                "\n{} entries that are no users: {}",
                thousands(self.no_users.len()),
                Lines(&self.no_users)
            )?;
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

pub(super) fn thousands(number: usize) -> String {
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
