//! What the person who imports has decided about a file.

use super::columns::Use;
use super::factors::FactorFile;
use super::system::{FirebaseHashConfig, System};

/// What the person who imports has decided.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    /// The system that the file comes from; recognised by its columns where there is none.
    pub system: Option<System>,
    /// What columns are used for, by their names; `None` is to ignore one.
    pub columns: Vec<(String, Option<Use>)>,
    /// What words for a state mean; `true` is disabled.
    pub states: Vec<(String, bool)>,
    /// Whether rows without a password are imported from a file that has passwords.
    pub allow_no_password: bool,
    /// Whether rows with a hash that is too weak are imported without it.
    pub reset_weak: bool,
    /// The second factors of the users, where their system keeps them in a table of their own.
    pub factors: Option<FactorFile>,
    /// Whether accounts are imported without a second factor that they have there and that cannot come over.
    pub allow_no_factor: bool,
    /// What Firebase's hashes need.
    pub firebase: Option<FirebaseHashConfig>,
}
