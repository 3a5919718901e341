//! Where a value was written, and what is wrong there.

use std::fmt;
use std::path::PathBuf;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere; it is the default.
    Default,
    /// In a file.
    File { path: PathBuf, line: usize },
    /// In the environment.
    Environment(String),
    /// On the command line.
    Flag(String),
    /// Open sockets that the process was started with.
    Inherited,
    /// The command sets it.
    Command(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => f.write_str(name),
            Self::Inherited => f.write_str("the sockets that this was started with (LISTEN_FDS)"),
            Self::Command(name) => write!(f, "countersign {name}"),
        }
    }
}

/// One fault: the place, what is wrong, and what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem(pub(crate) String);

impl Problem {
    /// What is wrong with the value of a key. A flag names the key already.
    pub(super) fn of(key: &str, place: &Place, why: &str) -> Self {
        match place {
            Place::Flag(flag) if flag.ends_with(key) => Self::at(place, why),
            _ => Self::at(place, format!("{key}: {why}")),
        }
    }

    pub(super) fn at(place: &Place, text: impl fmt::Display) -> Self {
        Self(format!("{place}: {text}"))
    }
}

/// Everything that is wrong with the configuration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConfigError(pub(crate) Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used")?;
        self.0.iter().try_for_each(|Problem(text)| write!(f, "\n  {text}"))
    }
}

impl std::error::Error for ConfigError {}
