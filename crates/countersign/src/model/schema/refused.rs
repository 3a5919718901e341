//! Why a program leaves a database alone.

use crate::model::schema::Node;

/// Why a program leaves a database alone. What it refuses is not begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaRefused {
    /// A newer program has changed the tables in a way that this one cannot work with.
    #[error(
        "its schema {version} needs at least version {needed} of this program, which knows schema {oldest_reader}; \
         this is version {program}, which knows schema {known}"
    )]
    TooNew {
        /// The database's schema.
        version: i64,
        /// The oldest schema that a program has to know to work with it.
        oldest_reader: i64,
        /// A version of the program that knows it.
        needed: String,
        /// The version of this program.
        program: String,
        /// The newest schema that it knows.
        known: i64,
    },
    /// This program needs changes of the tables that it may not make by itself.
    #[error("its schema is {version} and this program needs {needed}: run `countersign migrate`")]
    TooOld {
        /// The database's schema; 0 where there are no tables.
        version: i64,
        /// What this program needs.
        needed: i64,
    },
    /// A node is running that would stop working.
    #[error(
        "step {step} is for programs that know schema {oldest_reader}, and node {} (version {}, schema {}) was heard of {} s ago: \
         stop it, and try again after a minute",
        node.id, node.program, node.schemas.newest, node.silent_for.as_secs()
    )]
    OlderNode {
        /// The step.
        step: i64,
        /// Its oldest reader.
        oldest_reader: i64,
        /// The node.
        node: Box<Node>,
    },
}
