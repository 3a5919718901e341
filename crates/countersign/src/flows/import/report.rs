//! What an import will do, for the person who decides whether it shall.

use std::collections::BTreeMap;
use std::fmt;

use super::columns::{Column, Fate};
use super::factors::FactorProblem;
use super::problem::RowProblem;
use super::system::System;

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
    /// Among them, those that come with an authenticator.
    pub with_factors: Vec<u64>,
    /// Second factors of accounts that can be imported which do not come over, and why: until their owners set up an authenticator, their
    /// password alone signs in.
    pub lost_factors: BTreeMap<FactorProblem, Vec<LostFactor>>,
    /// Lines of the file of second factors that belong to no user of this file, or cannot be read.
    pub strange_factors: Vec<u64>,
    /// Rows that cannot be imported, and why.
    pub problems: BTreeMap<RowProblem, Vec<u64>>,
    /// Whether the file has passwords at all.
    pub has_hashes: bool,
}

/// Somebody whose second factor does not come over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LostFactor {
    /// The line of the account.
    pub line: u64,
    /// Its name.
    pub username: String,
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

    /// How many second factors do not come over that protect accounts there: that has to be accepted.
    #[must_use]
    pub fn factors_lost(&self) -> usize {
        let losses = self.lost_factors.iter().filter(|(problem, _)| problem.is_loss());
        losses.map(|(_, lost)| lost.len()).sum::<usize>() + self.strange_factors.len()
    }
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
            (&self.with_factors, "with an authenticator"),
        ] {
            if !lines.is_empty() {
                write!(f, "\n  of them {} {what}: {}", thousands(lines.len()), Lines(lines))?;
            }
        }
        for (problem, lost) in &self.lost_factors {
            write!(f, "\n{} {problem}: {}", thousands(lost.len()), Users(lost))?;
        }
        if !self.strange_factors.is_empty() {
            write!(
                f,
                "\n{} second factors of users who are not in the file, or unreadable: {} of the file of second factors",
                thousands(self.strange_factors.len()),
                Lines(&self.strange_factors)
            )?;
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

struct Users<'a>(&'a [LostFactor]);

impl fmt::Display for Users<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().take(SHOWN_LINES).map(|lost| format!("{} ({})", lost.line, lost.username));
        let shown: Vec<_> = shown.collect();
        let more = if self.0.len() > SHOWN_LINES { ", …" } else { "" };
        write!(f, "line{} {}{more}", if self.0.len() == 1 { "" } else { "s" }, shown.join(", "))
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
