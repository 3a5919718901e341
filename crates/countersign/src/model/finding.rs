//! What is not as it should be around this system, as somebody who looked at all of it says: for the overview of
//! administrators. The library looks at nothing itself.

use crate::base::clock::Timestamp;

/// What was found, and when. An empty list says that nothing is wrong.
#[derive(Clone, Debug)]
pub struct Findings {
    /// When it was looked.
    pub at: Timestamp,
    /// The worst first, or in any other order that helps.
    pub list: Vec<Finding>,
}

/// One thing that is not as it should be. Administrators read all of it: it must hold no secret.
#[derive(Clone, Debug)]
pub struct Finding {
    /// A stable name, such as `backup.age`.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// What was seen.
    pub seen: String,
    /// Why it matters.
    pub why: String,
    /// The command that mends it, or what to change.
    pub mend: String,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It works, and somebody should look at it.
    Warning,
    /// It does not work, or is not safe.
    Error,
}

impl Severity {
    /// `warning` or `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
