//! What a finding is, and the rules that make one: a rule is a pure function of what was seen, so that a test can show each
//! of them what is good and what is bad.

use super::seen::Seen;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) enum Severity {
    /// As it should be.
    Good,
    /// It works, and somebody should look at it.
    Warning,
    /// It does not work, or is not safe.
    Error,
}

impl Severity {
    pub(in crate::cli) const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Finding {
    /// `group.name`.
    pub(in crate::cli) id: &'static str,
    pub(in crate::cli) severity: Severity,
    /// What was seen. Never a secret.
    pub(in crate::cli) seen: String,
    /// Why it matters.
    pub(in crate::cli) why: &'static str,
    /// The one command that mends it, or what to change.
    pub(in crate::cli) mend: String,
}

/// One rule of the catalogue.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Rule {
    /// `group.name`.
    pub(in crate::cli) id: &'static str,
    pub(in crate::cli) why: &'static str,
    /// Words in capitals stand for what a verdict names.
    pub(in crate::cli) mend: &'static str,
    /// `None` where it has nothing to say: what it is about is not there, or was not looked at.
    pub(in crate::cli) judge: fn(&Seen) -> Option<Verdict>,
}

impl Rule {
    /// The part of the id before the dot.
    pub(in crate::cli) fn group(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(group, _)| group)
    }

    /// What this rule makes of what was seen.
    pub(in crate::cli) fn apply(&self, seen: &Seen) -> Option<Finding> {
        let Verdict { severity, seen, names } = (self.judge)(seen)?;
        let mend = names.iter().fold(self.mend.to_owned(), |mend, (word, name)| mend.replace(word, name));
        Some(Finding { id: self.id, severity, seen, why: self.why, mend })
    }
}

/// What a rule decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Verdict {
    severity: Severity,
    seen: String,
    names: Vec<(&'static str, String)>,
}

impl Verdict {
    pub(in crate::cli) fn good(seen: impl Into<String>) -> Self {
        Self { severity: Severity::Good, seen: seen.into(), names: Vec::new() }
    }

    pub(in crate::cli) fn warning(seen: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::good(seen) }
    }

    pub(in crate::cli) fn error(seen: impl Into<String>) -> Self {
        Self { severity: Severity::Error, ..Self::good(seen) }
    }

    /// A warning if it holds, else good.
    pub(in crate::cli) fn warning_if(holds: bool, seen: impl Into<String>) -> Self {
        if holds { Self::warning(seen) } else { Self::good(seen) }
    }

    /// Says what a word of the remedy stands for.
    pub(in crate::cli) fn naming(mut self, word: &'static str, name: impl Into<String>) -> Self {
        self.names.push((word, name.into()));
        self
    }
}
