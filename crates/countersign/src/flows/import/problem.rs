//! Why a row of a file cannot be imported, in the words of the report.

use crate::model::account::UsernameError;
use crate::password::UnreadableHash;

/// Why a row cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum RowProblem {
    /// It is neither a CSV record of this file nor a JSON object.
    #[error(
        "unreadable rows (a CSV row has as many fields as the header, and a value with the separator in it is in quotes; a JSON \
         row is an object)"
    )]
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
    /// In other letters, and not to be told from the plain letters of another row, or of somebody else's name.
    #[error("names in other letters that look like another name")]
    LooksAlike,
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
