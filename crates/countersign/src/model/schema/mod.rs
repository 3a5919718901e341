//! Which tables a program works with, and which changes of them it may make: the same rules for every store (DB-5).
//!
//! A change is a *step* with a number, made once. A step *expands*: programs that do not know it go on as before, so any
//! node makes it when it starts, beside nodes of the version before. Or it *contracts*: it takes away what only older
//! programs need, so only a command makes it, when none of those runs any more. Each step says which schema a program has to
//! know at least to work with the tables afterwards (its oldest reader); the database remembers that, so an older program
//! can tell whether it may work with tables that a newer one has changed.

mod migrations;
mod refused;

use std::time::Duration;

pub use self::migrations::{Migrate, Migrations};
pub use self::refused::SchemaRefused;
use crate::base::id::NodeId;

/// One change of the tables. Never edited after a release; another change is another step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number; the tables' version is that of the newest.
    pub version: i64,
    /// What it means for programs that do not know it.
    pub kind: StepKind,
    /// The oldest schema whose programs work with the tables afterwards.
    pub oldest_reader: i64,
    /// The statements.
    pub sql: &'static str,
}

/// What a step means for programs that do not know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// They go on as before.
    Expand,
    /// The same: it is one index, of this name, which may take long and is made while others write.
    Index(&'static str),
    /// Those that do not know its oldest reader stop working.
    Contract,
}

impl Step {
    /// A step that any node makes.
    #[must_use]
    pub const fn expand(version: i64, oldest_reader: i64, sql: &'static str) -> Self {
        Self { version, kind: StepKind::Expand, oldest_reader, sql }
    }

    /// An index, made outside a transaction where the database can.
    #[must_use]
    pub const fn index(version: i64, oldest_reader: i64, name: &'static str, sql: &'static str) -> Self {
        Self { version, kind: StepKind::Index(name), oldest_reader, sql }
    }

    /// A step that only a command makes.
    #[must_use]
    pub const fn contract(version: i64, oldest_reader: i64, sql: &'static str) -> Self {
        Self { version, kind: StepKind::Contract, oldest_reader, sql }
    }
}

/// The schemas that a program works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaRange {
    /// It cannot do without the steps up to this.
    pub oldest: i64,
    /// The newest step that it knows. It works with newer schemas too whose oldest reader is not newer than this.
    pub newest: i64,
}

/// A step that a database has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Which.
    pub version: i64,
    /// Its oldest reader.
    pub oldest_reader: i64,
    /// The version of the program that made it.
    pub program: String,
}

/// What the tables of a database are: the steps that were made, oldest first; none where it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema(Vec<Made>);

impl Schema {
    /// From its steps, in any order.
    #[must_use]
    pub fn new(mut made: Vec<Made>) -> Self {
        made.sort_by_key(|step| step.version);
        Self(made)
    }

    /// The newest step; 0 where there are no tables.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.0.last().map_or(0, |step| step.version)
    }

    /// The oldest schema that a program has to know to work with these tables.
    #[must_use]
    pub fn oldest_reader(&self) -> i64 {
        self.0.iter().map(|step| step.oldest_reader).max().unwrap_or(0)
    }

    fn has(&self, version: i64) -> bool {
        self.0.iter().any(|step| step.version == version)
    }

    /// A program that works with these tables: the one that made the oldest reader's step, else the newest.
    fn program(&self) -> &str {
        let maker = self.0.iter().find(|step| step.version == self.oldest_reader()).or(self.0.last());
        maker.map_or("", |step| &step.program)
    }
}

/// A node that serves from a shared database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Given at its start.
    pub id: NodeId,
    /// The version of its program.
    pub program: String,
    /// The schemas that it works with.
    pub schemas: SchemaRange,
    /// For how long nothing was heard of it, by the database's clock.
    pub silent_for: Duration,
}

impl Node {
    /// Whether it has to be taken for running.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.silent_for < GONE_AFTER
    }
}

/// A database's tables, its nodes, and what could be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaStatus {
    /// The newest step that was made; 0 where there are no tables.
    pub version: i64,
    /// The oldest schema that a program has to know to work with these tables.
    pub oldest_reader: i64,
    /// The schemas that this program works with.
    pub known: SchemaRange,
    /// Steps that `countersign migrate` would make.
    pub to_expand: Vec<i64>,
    /// Steps that `countersign migrate --contract` would make then.
    pub to_contract: Vec<i64>,
    /// The nodes that were heard of in the last hour. A store with one node knows none.
    pub nodes: Vec<Node>,
}

/// A node that nothing was heard of for so long has stopped: it says something four times as often.
const GONE_AFTER: Duration = Duration::from_secs(60);
