//! `countersign templates`: the mails and pages as files to change, and whether changed ones can be used.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use countersign::render::{Fault, Faults, embedded};
use serde_json::{Map, Value, json};

use super::global::Global;
use super::new_file::write_new;
use crate::output::{Output, print, print_error, remark, unless_closed};
use crate::serve::options;

#[derive(Debug, Subcommand)]
pub(super) enum TemplatesCommand {
    /// Writes the templates of mails and pages, and their sentences, into a directory for `templates`
    Export {
        /// The directory; a file that is there already is not written over
        directory: PathBuf,
        /// Only this file or folder, such as mail/reset.html or words; repeatable
        #[arg(long, value_name = "PATH")]
        only: Vec<String>,
    },
    /// Tries every template of a directory in every language; prints what is wrong, with file and line
    Check {
        /// The directory; that of `templates` if it is not given
        directory: Option<PathBuf>,
    },
}

impl TemplatesCommand {
    pub(super) fn run(&self, global: &Global, output: Output) -> anyhow::Result<ExitCode> {
        match self {
            Self::Export { directory, only } => export(directory, only, output).map(|()| ExitCode::SUCCESS),
            Self::Check { directory } => check(global, directory.as_deref(), output),
        }
    }
}

fn export(directory: &Path, only: &[String], output: Output) -> anyhow::Result<()> {
    let is_in = |path: &str, place: &str| {
        path == place
            || path.strip_prefix(place.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
    };
    for place in only {
        if !embedded().iter().any(|(path, _)| is_in(path, place)) {
            bail!("--only {place}: there is no such template; without --only all are written");
        }
    }
    let wanted =
        embedded().iter().filter(|(path, _)| only.is_empty() || only.iter().any(|place| is_in(path, place)));
    let wanted: Vec<_> = wanted.collect();
    // Before anything is written.
    if let Some((path, _)) = wanted.iter().find(|(path, _)| directory.join(path).exists()) {
        bail!("{} exists already; nothing is written over it", directory.join(path).display());
    }
    for (path, text) in &wanted {
        let file = directory.join(path);
        let folder = file.parent().context("a file is in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        write_new(&file, text, 0o644)?;
    }
    let paths: Vec<_> = wanted.iter().map(|(path, _)| *path).collect();
    output.show(&json!({ "written": paths }), || paths.join("\n"))?;
    remark(
        "countersign: keep what you change, and delete the rest: what is not there comes from the program",
    );
    Ok(())
}

fn check(global: &Global, directory: Option<&Path>, output: Output) -> anyhow::Result<ExitCode> {
    let config = global.load()?;
    let Some(directory) = directory.or(config.templates.as_deref()) else {
        bail!("say which directory, or set `templates`");
    };
    match options::templates_of(&config, Some(directory)) {
        Ok(templates) => {
            let missing = templates.missing_messages();
            let missing = || missing.iter().filter(|(_, messages)| !messages.is_empty());
            let by_tag: Map<_, _> =
                missing().map(|(tag, messages)| ((*tag).to_owned(), json!(messages))).collect();
            let value = json!({ "faults": [], "missing": by_tag });
            let lines = missing().map(|(tag, messages)| {
                format!("{tag}: {} in English: {}\n", messages.len(), messages.join(" "))
            });
            unless_closed(
                output.show(&value, || format!("{}everything can be used\n", lines.collect::<String>())),
            )?;
            Ok(ExitCode::SUCCESS)
        }
        Err(Faults(faults)) => {
            let value =
                |Fault { file, line, text }: &Fault| json!({ "file": file, "line": line, "text": text });
            if output.json {
                let faults: Vec<Value> = faults.iter().map(value).collect();
                unless_closed(print(&json!({ "faults": faults }).to_string()))?;
            } else {
                for fault in &faults {
                    print_error(&fault.to_string());
                }
            }
            Ok(ExitCode::FAILURE)
        }
    }
}
