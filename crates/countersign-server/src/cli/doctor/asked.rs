//! What `doctor` is asked: which findings, and about what beside this machine.

use std::path::Path;

use zeroize::Zeroizing;

use super::consumers::{CONSUMERS, Consumer};
use super::finding::Rule;
use super::rules::{all, groups};
use crate::cli::token::read_file;
use crate::cli::usage::usage;

/// What to look at beside this machine.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) from: Option<String>,
    pub(super) token: Option<(Consumer, Zeroizing<String>)>,
}

impl Asked {
    /// # Errors
    /// What is wanted by name cannot be looked at without an argument that is not there.
    pub(super) fn check(&self, wanted: &Wanted) -> anyhow::Result<()> {
        let needed = [
            ("reach", self.from.is_some(), "--from URL"),
            ("consumer", self.token.is_some(), "--consumer NAME"),
        ];
        match needed
            .iter()
            .find(|(group, is_given, _)| !is_given && !wanted.0.is_empty() && wanted.wants_some_of(group))
        {
            Some((group, _, argument)) => Err(usage(format!("{group} needs {argument}"))),
            None => Ok(()),
        }
    }
}

/// The token of `--token-file`, and whose it is to be.
///
/// # Errors
/// The name is not known, or the token cannot be read.
pub(super) fn token(
    consumer: Option<&str>,
    file: Option<&Path>,
) -> anyhow::Result<Option<(Consumer, Zeroizing<String>)>> {
    let Some(name) = consumer else { return Ok(None) };
    let Some(consumer) = CONSUMERS.iter().find(|consumer| consumer.name == name) else {
        let known = CONSUMERS.iter().map(|consumer| consumer.name).collect::<Vec<_>>().join(", ");
        return Err(usage(format!("there is no consumer {name:?}; known are {known}")));
    };
    let text = read_file(file.unwrap_or(Path::new("-"))).map_err(|error| usage(format!("{error:#}")))?;
    Ok(Some((*consumer, Zeroizing::new(text.trim().to_owned()))))
}

/// What `--only` names: groups and ids; everything if it names nothing.
#[derive(Debug, Default)]
pub(super) struct Wanted(Vec<String>);

impl Wanted {
    /// # Errors
    /// There is no such group or finding.
    pub(super) fn parse(names: Vec<String>) -> anyhow::Result<Self> {
        let is_known = |name: &&String| all().any(|rule| rule.id == **name || rule.group() == **name);
        match names.iter().find(|name| !is_known(name)) {
            Some(name) => Err(usage(format!(
                "there is no group or finding {name:?}; the groups are {}",
                groups().join(", ")
            ))),
            None => Ok(Self(names)),
        }
    }

    /// Whether this rule is wanted.
    pub(super) fn wants(&self, rule: &Rule) -> bool {
        self.names(rule.id)
    }

    /// Whether the finding of this id is wanted.
    pub(super) fn names(&self, id: &str) -> bool {
        let group = id.split('.').next().unwrap_or_default();
        self.0.is_empty() || self.0.iter().any(|name| name == id || name == group)
    }

    /// Whether any rule of this group is wanted: what none asks about is not looked at.
    pub(super) fn wants_some_of(&self, group: &str) -> bool {
        all().any(|rule| rule.group() == group && self.wants(rule))
    }
}
