//! The sources of values and their precedence. Handles texts and places, not their meaning.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use countersign::options::Audience;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::audiences;
use super::dotenv;
use super::key::ConfigKey;
use super::oauth::{self, ConfiguredClient};
use super::place::{Place, Problem};
use super::setting::{Kind, Setting, nearest};
use super::store;
use super::webhooks::{self, Webhook};

/// The texts of all keys with their places, and the problems of the sources themselves.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    keys: &'static [ConfigKey],
    values: BTreeMap<&'static str, Entry>,
    audiences: Vec<Audience>,
    webhooks: Vec<Webhook>,
    oauth_clients: Vec<ConfiguredClient>,
    /// The folder of the configuration file: relative paths among the defaults start here.
    folder: PathBuf,
    problems: Vec<Problem>,
    warnings: Vec<String>,
    notes: Vec<String>,
}

#[derive(Clone)]
struct Entry {
    texts: Vec<Zeroizing<String>>,
    place: Place,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.place)
    }
}

/// The environment at the start of the process.
#[derive(Clone, Default)]
pub(crate) struct Environment(Vec<(String, Zeroizing<String>)>);

impl Environment {
    /// Keeps the variables of this program. Names and values that are not UTF-8 are ignored.
    pub(crate) fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let text =
            |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        let ours = variables.into_iter().filter_map(text).filter(|(name, _)| is_ours(name));
        Self(ours.map(|(name, value)| (name, Zeroizing::new(value))).collect())
    }

    /// The configuration file that it names.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        let named = self.0.iter().find(|(name, value)| name == CONFIG_FILE && !value.is_empty());
        named.map(|(_, value)| value.as_str().into())
    }

    /// `JWT_SECRET`, if it is not empty.
    pub(crate) fn jwt_secret(&self) -> Option<Zeroizing<String>> {
        self.secret("JWT_SECRET")
    }

    /// `COUNTERSIGN_STORE_PASSWORD`, if it is not empty.
    pub(crate) fn store_password(&self) -> Option<Zeroizing<String>> {
        self.secret("COUNTERSIGN_STORE_PASSWORD")
    }

    fn secret(&self, name: &str) -> Option<Zeroizing<String>> {
        let secret = self.0.iter().find(|(key, value)| key == name && !value.is_empty());
        secret.map(|(_, value)| value.clone())
    }
}

const PREFIX: &str = "COUNTERSIGN_";
const CONFIG_FILE: &str = "COUNTERSIGN_CONFIG";

fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX) || matches!(name, "JWT_SECRET" | "JWT_SECRET_FILE")
}

impl Settings {
    /// The defaults of these keys.
    pub(super) fn new(keys: &'static [ConfigKey]) -> Self {
        Self {
            keys,
            values: BTreeMap::new(),
            audiences: Vec::new(),
            webhooks: Vec::new(),
            oauth_clients: Vec::new(),
            folder: PathBuf::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a TOML file; its values override earlier ones.
    pub(crate) fn with_file(mut self, path: &Path) -> Self {
        match std::fs::read_to_string(path) {
            Ok(text) => return self.with_text(path, &text),
            Err(error) => self.problems.push(Problem(format!("{}: cannot be read: {error}", path.display()))),
        }
        self
    }

    /// Adds a TOML file that has this text.
    pub(crate) fn with_text(mut self, path: &Path, text: &str) -> Self {
        path.parent().unwrap_or(Path::new("")).clone_into(&mut self.folder);
        self.read_toml(path, text);
        self
    }

    /// Adds `.env` in `folder`, if there is one; its values override earlier ones.
    pub(crate) fn with_dotenv(mut self, folder: &Path) -> Self {
        let path = folder.join(".env");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return self,
            Err(error) => {
                self.problems.push(Problem(format!("{}: cannot be read: {error}", path.display())));
                return self;
            }
        };
        for (line, assignment) in dotenv::assignments(&text, is_ours) {
            let place = Place::File { path: path.clone(), line };
            match assignment {
                Ok((name, value)) => self.set_variable(&name, value, place),
                Err(why) => self.problems.push(Problem::at(&place, why)),
            }
        }
        self
    }

    /// Adds the environment; its values override earlier ones.
    pub(crate) fn with_environment(mut self, environment: &Environment) -> Self {
        for (name, value) in &environment.0 {
            self.set_variable(name, value.clone(), Place::Environment(name.clone()));
        }
        self
    }

    /// Sets one key; a list is comma-separated. Overrides earlier values.
    pub(crate) fn with(mut self, name: &str, value: &str, place: Place) -> Self {
        match self.find(name) {
            None => self.unknown(name, &place),
            Some(key) if key.kind == Kind::Secret && matches!(place, Place::Flag(_)) => {
                self.problems.push(Problem::at(&place, format!("{name} is a secret, and every user of this machine can see arguments; use the environment or {name}_file")));
            }
            Some(key) => {
                if let (Kind::Address, Place::Flag(_)) = (key.kind, &place)
                    && let Err(why) = store::without_password(value, "in an argument, which others can see")
                {
                    self.problems.push(Problem::of(name, &place, &why));
                }
                self.set(key, split(key, Zeroizing::new(value.to_owned())), place);
            }
        }
        self
    }

    /// The value of a key. `check` judges it; what is wrong is added to `problems`.
    // Never inlined: there is a caller for each of a hundred keys, in one function.
    #[inline(never)]
    pub(crate) fn read<T: Setting>(
        &self,
        name: &'static str,
        check: impl Fn(&T) -> Result<(), String>,
        problems: &mut Vec<Problem>,
    ) -> Option<T> {
        let value = T::parse(&self.texts(name)).and_then(|value| check(&value).map(|()| value));
        match value {
            Ok(value) => Some(value.in_folder(self.folder_of(name))),
            Err(why) => {
                problems.push(Problem::of(name, &self.place(name), &why));
                None
            }
        }
    }

    /// The folder in which a relative path of a key starts.
    fn folder_of(&self, name: &str) -> &Path {
        match self.values.get(name).map(|entry| &entry.place) {
            Some(Place::File { path, .. }) => path.parent().unwrap_or(Path::new("")),
            Some(Place::Default) | None => &self.folder,
            // A path that a shell or a unit file names starts in the working directory.
            Some(_) => Path::new(""),
        }
    }

    /// The place of a key's value.
    pub(crate) fn place(&self, name: &str) -> Place {
        self.values.get(name).map_or(Place::Default, |entry| entry.place.clone())
    }

    /// The value of a key as text for people: `None` if unset, `[redacted]` for a secret.
    pub(crate) fn shown(&self, key: &ConfigKey) -> Option<String> {
        let texts = self.texts(key.name);
        let shown = || match key.kind {
            Kind::Secret => "[redacted]".to_owned(),
            Kind::Address => texts.iter().map(|text| store::shown(text)).collect(),
            _ => texts.iter().map(|t| t.as_str()).collect::<Vec<_>>().join(", "),
        };
        (!texts.is_empty()).then(shown)
    }

    /// The keys whose value is another one in `new`.
    pub(super) fn changed(&self, new: &Self) -> Vec<&'static ConfigKey> {
        self.keys.iter().filter(|key| self.texts(key.name) != new.texts(key.name)).collect()
    }

    /// Takes the values of these keys from `new`.
    pub(super) fn adopt(&mut self, names: &[&'static str], new: &Self) {
        for &name in names {
            match new.values.get(name) {
                Some(entry) => drop(self.values.insert(name, entry.clone())),
                None => drop(self.values.remove(name)),
            }
        }
    }

    /// Takes the servers that are told of events from `new`.
    pub(super) fn adopt_webhooks(&mut self, new: &Self) {
        self.webhooks.clone_from(&new.webhooks);
    }

    /// The problems of the sources themselves.
    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The servers that are told of events.
    pub(crate) fn webhooks(&self) -> &[Webhook] {
        &self.webhooks
    }

    /// A path of the file, as it is meant there.
    pub(crate) fn in_folder(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The applications that people sign in to.
    pub(crate) fn oauth_clients(&self) -> &[ConfiguredClient] {
        &self.oauth_clients
    }

    /// The audiences beside the default one.
    pub(crate) fn audiences(&self) -> &[Audience] {
        &self.audiences
    }

    /// Variables that are ignored because no key has their name.
    pub(super) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Variables that count as not set because they are empty.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    fn texts(&self, name: &str) -> Vec<Zeroizing<String>> {
        match (self.values.get(name), self.find(name)) {
            (Some(entry), _) => entry.texts.clone(),
            (None, Some(key)) => split(key, Zeroizing::new(key.default.to_owned())),
            (None, None) => Vec::new(),
        }
    }

    fn find(&self, name: &str) -> Option<&'static ConfigKey> {
        self.keys.iter().find(|key| key.name == name)
    }

    fn set(&mut self, key: &ConfigKey, texts: Vec<Zeroizing<String>>, place: Place) {
        self.values.insert(key.name, Entry { texts, place });
    }

    /// `COUNTERSIGN_SESSION__IDLE_TTL` is `session.idle_ttl`.
    fn set_variable(&mut self, variable: &str, value: Zeroizing<String>, place: Place) {
        if variable == CONFIG_FILE {
            return;
        }
        let name = variable.strip_prefix(PREFIX).unwrap_or(variable).to_ascii_lowercase().replace("__", ".");
        match self.find(&name) {
            // Container files pass variables that are not set as empty ones. An empty secret is rather one that got lost.
            Some(key) if value.is_empty() && key.kind == Kind::Secret => {
                self.problems.push(Problem::at(&place, format!("{variable} is empty; remove it or set it")));
                return;
            }
            Some(_) if value.is_empty() => {
                self.notes.push(format!("{place}: {variable} is empty and counts as not set"));
                return;
            }
            Some(key) => return self.set(key, split(key, value), place),
            None => {}
        }
        let known = |key: &ConfigKey| format!("{PREFIX}{}", key.name.to_ascii_uppercase().replace('.', "__"));
        let hint = nearest(variable, self.keys.iter().map(known));
        // Not a problem: orchestrators inject variables that begin with the name of a service, which may be ours.
        self.warnings.push(format!("{place}: ignored, there is no {variable:?}{hint}"));
    }

    fn unknown(&mut self, name: &str, place: &Place) {
        let hint = nearest(name, self.keys.iter().map(|key| key.name.to_owned()));
        self.problems.push(Problem::at(place, format!("there is no key {name:?}{hint}")));
    }

    fn read_toml(&mut self, path: &Path, text: &str) {
        let line = |offset: usize| text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1);
        match DeTable::parse(text) {
            Ok(table) => self.read_table("", table.get_ref(), &|offset| Place::File {
                path: path.to_owned(),
                line: line(offset),
            }),
            Err(error) => {
                let place = Place::File {
                    path: path.to_owned(),
                    line: line(error.span().map_or(0, |span| span.start)),
                };
                // Not the library's full text: it quotes the line, which may contain a secret.
                let message = error.message();
                // An address, a duration or a word without quotes is taken for a number or for nothing.
                self.problems.push(Problem::at(
                    &place,
                    format!("{message} (TOML wants quotes around text: key = \"text\")"),
                ));
            }
        }
    }

    fn read_table(&mut self, section: &str, table: &DeTable<'_>, place: &dyn Fn(usize) -> Place) {
        for (key, value) in table {
            let name = if section.is_empty() {
                key.get_ref().to_string()
            } else {
                format!("{section}.{}", key.get_ref())
            };
            let here = place(key.span().start);
            let is_section = self
                .keys
                .iter()
                .any(|key| key.name.strip_prefix(&name).is_some_and(|rest| rest.starts_with('.')));
            if name == audiences::KEY {
                self.audiences = audiences::read(value, place, &mut self.problems);
                continue;
            }
            if name == oauth::SECTION {
                self.oauth_clients = oauth::read(value, place, &mut self.problems);
                continue;
            }
            if name == webhooks::KEY {
                self.webhooks = webhooks::read(value, place, &mut self.problems);
                continue;
            }
            match (self.find(&name), value.get_ref()) {
                (None, DeValue::Table(inner)) if is_section => self.read_table(&name, inner, place),
                (None, _) => self.unknown(&name, &here),
                (Some(key), value) => match toml_texts(key, value) {
                    Ok(texts) => self.set(key, texts, here),
                    Err(why) => self.problems.push(Problem::at(&here, format!("{name}: {why}"))),
                },
            }
        }
    }
}

fn split(key: &ConfigKey, value: Zeroizing<String>) -> Vec<Zeroizing<String>> {
    if value.is_empty() {
        Vec::new()
    } else if key.kind == Kind::List {
        value.split(',').map(|part| Zeroizing::new(part.trim().to_owned())).collect()
    } else {
        vec![value]
    }
}

fn toml_texts(key: &ConfigKey, value: &DeValue<'_>) -> Result<Vec<Zeroizing<String>>, String> {
    let text = |text: &str| Zeroizing::new(text.to_owned());
    let entry = |value: &Spanned<DeValue<'_>>| value.get_ref().as_str().map(text);
    match (key.kind, value) {
        (Kind::Secret, _) => {
            Err(format!("a secret does not belong in this file; use {}_file, or the environment", key.name))
        }
        (Kind::Text | Kind::List | Kind::Address, DeValue::String(value)) if value.is_empty() => {
            Ok(Vec::new())
        }
        (Kind::Address, DeValue::String(value)) => {
            store::without_password(value, "in this file, which people copy").map(|()| vec![text(value)])
        }
        (Kind::Text | Kind::List, DeValue::String(value)) => Ok(vec![text(value)]),
        (Kind::List, DeValue::Array(values)) => values
            .iter()
            .map(entry)
            .collect::<Option<_>>()
            .ok_or_else(|| "expects strings in the list".to_owned()),
        (Kind::Number, DeValue::Integer(value)) if value.radix() == 10 => Ok(vec![text(value.as_str())]),
        (Kind::Number, DeValue::Float(value)) => Ok(vec![text(value.as_str())]),
        (Kind::Text | Kind::Address, _) => {
            Err(format!("expects a string in quotes, like \"{}\"", key.example))
        }
        (Kind::List, _) => Err(format!("expects a list of strings, like [\"{}\"]", key.example)),
        (Kind::Number, _) => Err(format!("expects a number, like {}", key.example)),
    }
}
