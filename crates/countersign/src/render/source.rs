//! The files: those in the program, and those of a directory, which take their place one by one. Each says in its first line
//! for which contract it was written: which variables it gets, and what it has to show.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use crate::render::fault::Fault;

/// The contract of this version: raised when a variable or a duty of a template changes, with a line about what has changed.
pub const CONTRACT: u32 = 1;

/// What a theme has to change for each contract after the first.
const CHANGES: &[(u32, &str)] = &[];

/// The files by their paths, such as `mail/reset.txt`. Sentences of a directory stand beside the program's own ones, since
/// they replace single messages.
pub(super) struct Sources {
    pub(super) templates: BTreeMap<String, Cow<'static, str>>,
    /// The sentences of each language, those in the program first.
    pub(super) words: BTreeMap<String, Vec<(String, Cow<'static, str>)>>,
}

impl Sources {
    /// What is in the program.
    pub(super) fn embedded() -> Self {
        let mut sources = Self { templates: BTreeMap::new(), words: BTreeMap::new() };
        for (path, text) in embedded() {
            sources.add((*path).to_owned(), Cow::Borrowed(text));
        }
        sources
    }

    /// Puts the files of a directory in the place of those in the program. Files beside its folders are nobody's business.
    pub(super) fn replace(&mut self, directory: &Path, faults: &mut Vec<Fault>) {
        let before = faults.len();
        let mut is_any = false;
        for folder in FOLDERS {
            let Ok(entries) = std::fs::read_dir(directory.join(folder)) else { continue };
            is_any = true;
            let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
            names.sort();
            for name in names.iter().map(|name| name.to_string_lossy()).filter(|name| !is_litter(name)) {
                let path = format!("{folder}/{name}");
                match std::fs::read_to_string(directory.join(folder).join(&*name)) {
                    Ok(text) => self.take(path, text, faults),
                    Err(error) => faults.push(Fault::new(&path, 0, format!("it cannot be read: {error}"))),
                }
            }
        }
        if !is_any && faults.len() == before {
            let text = format!("the directory has none of the folders {}", FOLDERS.join(", "));
            faults.push(Fault::new(&directory.display().to_string(), 0, text));
        }
    }

    fn take(&mut self, path: String, text: String, faults: &mut Vec<Fault>) {
        if language_of(&path).is_none() && !self.templates.contains_key(&path) {
            let text = "there is no template of this name; `countersign templates export` writes all of them";
            faults.push(Fault::new(&path, 0, text));
        } else if let Err(why) = check_contract(&text, CONTRACT, CHANGES) {
            faults.push(Fault::new(&path, 1, why));
        } else {
            self.add(path, text.into());
        }
    }

    fn add(&mut self, path: String, text: Cow<'static, str>) {
        match language_of(&path) {
            Some(language) => self.words.entry(language.to_owned()).or_default().push((path, text)),
            None => drop(self.templates.insert(path, text)),
        }
    }
}

/// `de` of `words/de.ftl`.
fn language_of(path: &str) -> Option<&str> {
    path.strip_prefix("words/")?.strip_suffix(".ftl")
}

/// What editors leave behind.
fn is_litter(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~')
}

/// Whether a file was written for this contract; what has changed since then, if it was not.
fn check_contract(text: &str, now: u32, changes: &[(u32, &str)]) -> Result<(), String> {
    let first = text.lines().next().unwrap_or_default();
    let first = first.trim_start_matches('\u{feff}').trim_start_matches("{#").trim_start_matches('#').trim();
    let number = first.strip_prefix("contract ").and_then(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse::<u32>().ok()
    });
    match number {
        Some(of) if of == now => Ok(()),
        Some(of) if of > now => Err(format!("it is for contract {of}, and this program has contract {now}")),
        Some(of) => {
            let news = changes.iter().filter(|(since, _)| *since > of);
            let news: Vec<_> = news.map(|(since, what)| format!("  {since}: {what}")).collect();
            let news = news.join("\n");
            Err(format!(
                "it is for contract {of}, and this program has contract {now}; change it for:\n{news}"
            ))
        }
        None => Err(format!(
            "the first line does not say its contract: {{# contract {now} #}}, in .ftl # contract {now}"
        )),
    }
}

const FOLDERS: [&str; 3] = ["mail", "pages", "words"];

macro_rules! embedded {
    ($($path:literal)+) => {
        /// Every file in the program: its path, and its text.
        #[must_use]
        pub fn embedded() -> &'static [(&'static str, &'static str)] {
            &[$(($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/", $path)))),+]
        }
    };
}

embedded! {
    "mail/address-changed.html" "mail/address-changed.txt" "mail/address-undo.html" "mail/address-undo.txt"
    "mail/already-registered.html" "mail/already-registered.txt" "mail/base.html" "mail/base.txt" "mail/facts.html"
    "mail/facts.txt" "mail/invite.html" "mail/invite.txt" "mail/link.html" "mail/link.txt" "mail/new-device.html"
    "mail/new-device.txt" "mail/password-changed.html" "mail/password-changed.txt" "mail/password-reset-done.html"
    "mail/password-reset-done.txt" "mail/register.html" "mail/register.txt" "mail/reset.html" "mail/reset.txt" "mail/second-factor-changed.html"
    "mail/second-factor-changed.txt" "mail/sign-in.html" "mail/sign-in.txt"
    "mail/test.html" "mail/test.txt" "mail/verify.html" "mail/verify.txt"
    "pages/app-refused.html" "pages/asking-browser-only.html" "pages/authenticator-needed.html" "pages/base.html" "pages/confirm.html" "pages/consent.html" "pages/done.html" "pages/facts.html" "pages/form-post.html" "pages/logout.html"
    "pages/new-account.html" "pages/new-password.html" "pages/onwards.html" "pages/other-browser.html" "pages/refused.html" "pages/second-step.html"
    "words/ar.ftl" "words/de.ftl" "words/en.ftl" "words/es.ftl" "words/fr.ftl" "words/it.ftl" "words/pt.ftl"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_in_the_program() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/templates"));
        let files = FOLDERS.iter().flat_map(|folder| {
            let entries = std::fs::read_dir(root.join(folder)).unwrap();
            entries
                .map(move |entry| format!("{folder}/{}", entry.unwrap().file_name().into_string().unwrap()))
        });
        let mut files: Vec<_> = files.collect();
        files.sort();
        assert_eq!(files, embedded().iter().map(|(path, _)| *path).collect::<Vec<_>>());
        for (path, text) in embedded() {
            assert_eq!(check_contract(text, CONTRACT, CHANGES), Ok(()), "{path}");
        }
    }

    #[test]
    fn a_file_for_another_contract_is_refused_with_what_has_changed() {
        let changes = [(2, "reset has the variable `device`"), (3, "invite shows `inviter`")];
        let check = |text| check_contract(text, 3, &changes);
        assert_eq!(check("{# contract 3 #}\nx"), Ok(()));
        assert_eq!(check("\u{feff}# contract 3, by me\nx"), Ok(()));
        let old = check("{# contract 2 #}").unwrap_err();
        assert!(old.contains("3: invite shows") && !old.contains("reset has"), "{old}");
        assert!(check("# contract 1").unwrap_err().contains("2: reset has"));
        assert!(check("# contract 4").unwrap_err().contains("this program has contract 3"));
        for none in ["", "x\n{# contract 3 #}", "{# contract #}", "{# contract three #}"] {
            assert!(check(none).unwrap_err().contains("does not say its contract"), "{none}");
        }
    }
}
