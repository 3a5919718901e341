//! What happens to every column of a file. A column is used, or it is known to say nothing that is kept, or somebody has
//! to decide: one that nobody decided about could be the one that shuts somebody out (`gone`), or the password.

use std::collections::HashSet;
use std::fmt;

use serde_json::Value;

use super::hash_forms::looks_like_hash;
use super::layout::{DESCRIBING, DESCRIBING_FIRST, DESCRIBING_WHOLE, Layout};
use super::rows::Table;
use super::state::{BLOCKED, OPEN, StateKind, kind_of};
use super::system::System;
use super::words::{base, is_in, normal, place, words};

/// What a column is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Use {
    /// The user name.
    Name,
    /// The password's hash.
    Hash,
    /// Whether the account is disabled.
    State(StateKind),
    /// The role.
    Role,
    /// A claim of the column's name, or all claims if it is called `claims`.
    Claim,
    /// Whether the owner has to choose another password.
    PasswordChange,
    /// The language of mails about the account.
    Language,
}

impl Use {
    /// Reads what a person writes: `name`, `hash`, `state`, `disabled`, `enabled`, `disabled-until`, `expires`, `role`,
    /// `claim`, `password-change`, `language`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(name, _)| *name == text).map(|(_, used)| *used)
    }

    /// Every use with its name.
    pub const NAMES: [(&str, Self); 11] = [
        ("name", Self::Name),
        ("hash", Self::Hash),
        ("state", Self::State(StateKind::Words)),
        ("disabled", Self::State(StateKind::Disabled)),
        ("enabled", Self::State(StateKind::Enabled)),
        ("disabled-until", Self::State(StateKind::DisabledUntil)),
        ("expires", Self::State(StateKind::Expires)),
        ("role", Self::Role),
        ("claim", Self::Claim),
        ("password-change", Self::PasswordChange),
        ("language", Self::Language),
    ];
}

/// What happens to a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It is used.
    Used(Use),
    /// It is not, for this reason.
    Ignored(&'static str),
    /// Nothing is imported before somebody says what it is; this is what it could be.
    Undecided(&'static str),
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Column {
    /// Its name there. A second one of a name is called `name#2`.
    pub name: String,
    /// What happens to it.
    pub fate: Fate,
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fate = match self.fate {
            Fate::Used(used) => {
                let name = Use::NAMES.iter().find(|(_, other)| *other == used).map_or("", |(name, _)| *name);
                return write!(f, "{}: {name}", self.name);
            }
            Fate::Ignored(reason) => format!("ignored ({reason})"),
            Fate::Undecided(reason) => format!("undecided ({reason})"),
        };
        write!(f, "{}: {fate}", self.name)
    }
}

/// What a person decided about columns, by their names: `None` is to ignore it.
pub(super) type Decided = [(String, Option<Use>)];

/// Every column of a table with what happens to it.
pub(super) fn decide(table: &Table, system: System, decided: &Decided) -> Vec<Column> {
    let layout = Layout::of(system);
    let filled = filled(table);
    let mut columns: Vec<Column> = table
        .columns
        .iter()
        .map(|name| {
            let by_hand = decided.iter().find(|(other, _)| is_same(other, name));
            let fate = match by_hand {
                Some((_, Some(used))) => Fate::Used(*used),
                Some((_, None)) => Fate::Ignored("as told"),
                None => match fate(name, layout, system, filled.contains(name.as_str())) {
                    Fate::Ignored(_) if has_hashes(table, name) => {
                        Fate::Undecided("has what looks like hashes")
                    }
                    fate => fate,
                },
            };
            Column { name: name.clone(), fate }
        })
        .collect();
    let told: Vec<&str> = decided.iter().map(|(name, _)| name.as_str()).collect();
    settle_names(&mut columns, layout, &told);
    settle_hashes(&mut columns, system, &filled, &told);
    columns
}

fn is_same(told: &str, column: &str) -> bool {
    told == column || (!told.contains('#') && !column.contains('#') && normal(told) == normal(column))
}

/// Whether there is such a column.
pub(super) fn has(columns: &[Column], told: &str) -> bool {
    columns.iter().any(|column| is_same(told, &column.name))
}

fn fate(name: &str, layout: &Layout, system: System, is_filled: bool) -> Fate {
    let whole = normal(base(name));
    if base(name) != name && !is_filled {
        return Fate::Ignored("empty");
    }
    if is_in(layout.names, &whole) {
        return Fate::Used(Use::Name);
    }
    if is_in(layout.hashes, &whole) {
        return Fate::Used(Use::Hash);
    }
    if whole == "passwordchangerequired" {
        return Fate::Used(Use::PasswordChange);
    }
    if system == System::Countersign && is_in("role claims", &whole) {
        return Fate::Used(if whole == "role" { Use::Role } else { Use::Claim });
    }
    if system == System::Countersign && whole == "locale" {
        return Fate::Used(Use::Language);
    }
    if let Some((_, kind)) = layout.states.iter().find(|(state, _)| *state == whole) {
        return Fate::Used(Use::State(*kind));
    }
    if is_in(layout.ignored, &whole) {
        return Fate::Ignored("not kept here");
    }
    if is_in(DESCRIBING_WHOLE, &whole) {
        return Fate::Ignored("describes the person");
    }
    if let Some(kind) = kind_of(name) {
        return Fate::Used(Use::State(kind));
    }
    if !is_filled {
        return Fate::Ignored("empty");
    }
    unknown(name, &whole)
}

fn unknown(name: &str, whole: &str) -> Fate {
    let has = |parts: &[&str]| parts.iter().any(|part| whole.contains(part));
    if has(&["pass", "pwd", "hash", "salt", "secret", "credential", "crypt", "digest"]) {
        return Fate::Undecided("may have passwords");
    }
    if has(&[
        "role",
        "admin",
        "staff",
        "superuser",
        "moderator",
        "group",
        "permission",
        "authorit",
        "privilege",
        "scope",
    ]) {
        return Fate::Undecided("may have rights");
    }
    let words = words(name);
    let describes = words.last().is_some_and(|last| is_in(DESCRIBING, last))
        || words.first().is_some_and(|first| is_in(DESCRIBING_FIRST, first))
        || is_in(DESCRIBING, whole);
    // `first_blocked_at`, `registration_status`
    let is_state = |word: &String| is_in(BLOCKED, word) || is_in(OPEN, word) || is_in("status state", word);
    if describes && !words.iter().any(is_state) {
        return Fate::Ignored("describes the person");
    }
    Fate::Undecided("may have the state of the account")
}

/// Names decided by hand are the only ones.
fn settle_names(columns: &mut [Column], layout: &Layout, told: &[&str]) {
    let is_told = |column: &Column| told.iter().any(|name| is_same(name, &column.name));
    let by_hand = columns.iter().any(|column| column.fate == Fate::Used(Use::Name) && is_told(column));
    for column in columns.iter_mut().filter(|column| column.fate == Fate::Used(Use::Name)) {
        if by_hand && !is_told(column) {
            column.fate = Fate::Ignored("another column has the names");
        }
    }
    // A second column of the same name says which account it is as well as the first does.
    let mut seen: Vec<Option<usize>> = Vec::new();
    for column in columns.iter_mut().filter(|column| column.fate == Fate::Used(Use::Name) && !is_told(column))
    {
        let place = place(layout.names, &normal(base(&column.name)));
        if seen.contains(&place) {
            column.fate = Fate::Undecided("a second column of this name");
        }
        seen.push(place);
    }
}

/// Of several columns with hashes, which one is meant has to be said; empty ones are none. Named systems keep theirs in
/// one place or another.
fn settle_hashes(columns: &mut [Column], system: System, filled: &HashSet<&str>, told: &[&str]) {
    let is_told = |column: &Column| told.iter().any(|name| is_same(name, &column.name));
    let is_hash = |column: &Column| column.fate == Fate::Used(Use::Hash);
    let with_hashes =
        columns.iter().filter(|column| is_hash(column) && filled.contains(column.name.as_str())).count();
    let by_hand = columns.iter().any(|column| is_hash(column) && is_told(column));
    if (with_hashes <= 1 && !by_hand) || system == System::Auth0 {
        return;
    }
    for column in columns.iter_mut().filter(|column| is_hash(column) && !is_told(column)) {
        column.fate = if filled.contains(column.name.as_str()) {
            Fate::Undecided("a second column with hashes")
        } else {
            Fate::Ignored("empty")
        };
    }
}

fn has_hashes(table: &Table, name: &str) -> bool {
    let mut rows = table.rows.iter().filter_map(|(_, row)| row.as_ref());
    rows.any(|row| row.get(name).and_then(Value::as_str).is_some_and(looks_like_hash))
}

/// The columns in which any row has something.
fn filled(table: &Table) -> HashSet<&str> {
    let has_value = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    let fields = table.rows.iter().filter_map(|(_, row)| row.as_ref()).flatten();
    let names = fields.filter(|(_, value)| has_value(value)).map(|(name, _)| name.as_str());
    names.collect()
}

/// The columns of names, the one that counts first at the front.
pub(super) fn in_order(columns: &[Column], system: System, used: Use) -> Vec<&str> {
    let layout = Layout::of(system);
    let list = if used == Use::Hash { layout.hashes } else { layout.names };
    let mut names: Vec<&str> = columns
        .iter()
        .filter(|column| column.fate == Fate::Used(used))
        .map(|column| column.name.as_str())
        .collect();
    names.sort_by_key(|name| place(list, &normal(base(name))).unwrap_or(0));
    names
}
