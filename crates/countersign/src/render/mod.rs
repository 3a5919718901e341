//! What people read: mails, and the pages that need no script. Templates (minijinja) say what stands where, sentences
//! (Fluent) what it says in each language; both are in the program, and a directory replaces them file by file. Secrets such
//! as links and codes come as values and are never kept.

mod check;
mod device;
mod fault;
mod mail;
mod page;
mod source;
mod when;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use fluent_bundle::{FluentArgs, FluentValue};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Kwargs;
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, HtmlEscape, Output, State, UndefinedBehavior, Value,
    escape_formatter,
};

pub use self::fault::{Fault, Faults};
pub use self::mail::{MailValues, RenderedMail};
pub use self::page::{CONSENT_POLICY, FORM_POST_POLICY, PAGE_POLICY, PAGE_REFERRER, Page, PageValues};
use self::source::Sources;
pub use self::source::{CONTRACT, embedded};
use self::words::Words;
use crate::model::accent::Accent;
use crate::model::language::choose;

/// Whose mails and pages they are.
#[derive(Clone, Debug)]
pub struct Brand {
    /// The name of the product.
    pub product_name: String,
    /// The colour of buttons and links.
    pub accent: Accent,
    /// Whether there is a logo of its own, at `assets/logo`.
    pub has_logo: bool,
}

/// All templates and sentences, read and checked.
pub struct Templates {
    environment: Environment<'static>,
    words: Arc<Words>,
    brand: Brand,
    /// The languages to choose from; the first where none fits.
    offered: Vec<String>,
}

/// A template could not be rendered: never one that [`Templates::load`] has taken, with values of its contract.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RenderError(Fault);

impl Templates {
    /// The templates of the program, with the files of `directory` in the place of those of the same name. `languages` are
    /// those that are offered, the first where none fits; of one that is not complete, the rest is in English.
    ///
    /// # Errors
    /// [`Faults`] with everything that is wrong: files that do not exist, cannot be read, are for another contract or cannot
    /// be rendered; languages without sentences; messages that are not known.
    pub fn load(directory: Option<&Path>, languages: &[String], brand: Brand) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let mut sources = Sources::embedded();
        if let Some(directory) = directory {
            sources.replace(directory, &mut faults);
        }
        let words = Arc::new(Words::read(&sources.words, &mut faults));
        words.check(&sources.words, VARIABLES, &mut faults);
        for language in languages.iter().filter(|language| !words.has(language)) {
            faults.push(Fault::new(
                &format!("words/{language}.ftl"),
                0,
                "there are no sentences in this language",
            ));
        }
        let environment = environment(&sources, &words, &mut faults);
        let templates = Self { environment, words, brand, offered: languages.to_vec() };
        // Those of the program are tried by its tests.
        if faults.is_empty() && directory.is_some() {
            templates.check(&mut faults);
        }
        // Of several about one line the first is the cause, and languages repeat each other.
        faults.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
        faults.dedup_by(|later, first| {
            later == first || (later.line > 0 && (&later.file, later.line) == (&first.file, first.line))
        });
        if faults.is_empty() { Ok(templates) } else { Err(Faults(faults)) }
    }

    /// The templates of the program, in English.
    ///
    /// # Errors
    /// [`Faults`], never in a program whose tests have passed.
    pub fn of_the_program() -> Result<Arc<Self>, Arc<Faults>> {
        static TEMPLATES: LazyLock<Result<Arc<Templates>, Arc<Faults>>> = LazyLock::new(|| {
            let product_name = "Countersign".to_owned();
            let brand = Brand { product_name, accent: Accent::default(), has_logo: false };
            Templates::load(None, &["en".to_owned()], brand).map(Arc::new).map_err(Arc::new)
        });
        TEMPLATES.clone()
    }

    /// The language for somebody: that of their account, else what their browser asks for in `Accept-Language` (RFC 9110
    /// §12.5.4), else the first that is offered.
    #[must_use]
    pub fn language(&self, account: Option<&str>, accept_language: Option<&str>) -> &str {
        choose(&self.offered, account, accept_language)
    }

    /// Every language that has sentences, and the messages that it lacks.
    #[must_use]
    pub fn missing_messages(&self) -> BTreeMap<&str, Vec<&str>> {
        self.words.tags().map(|tag| (tag, self.words.missing(tag))).collect()
    }

    /// The values that every template has.
    fn common(&self, language: &str) -> BTreeMap<&'static str, Value> {
        let Brand { product_name, accent, .. } = &self.brand;
        let direction = if self.words.is_right_to_left(language) { "rtl" } else { "ltr" };
        BTreeMap::from([
            ("product", product_name.into()),
            ("accent", accent.light().into()),
            ("on_accent", accent.on_light().into()),
            ("accent_dark", accent.dark().into()),
            ("on_accent_dark", accent.on_dark().into()),
            ("language", language.into()),
            ("dir", direction.into()),
        ])
    }

    fn render(&self, path: &str, values: &BTreeMap<&'static str, Value>) -> Result<String, RenderError> {
        let template = self.environment.get_template(path);
        let text = template.and_then(|template| template.render(values.clone()));
        text.map_err(|error| RenderError(fault_of(path, &error)))
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates")
            .field("brand", &self.brand)
            .field("offered", &self.offered)
            .finish_non_exhaustive()
    }
}

/// Every variable of the contract. A template has those that its mail or page has; `label` is set by templates themselves.
const VARIABLES: &[&str] = &[
    "accent",
    "accent_dark",
    "address",
    "at",
    "browser",
    "client",
    "code",
    "count",
    "day",
    "destination",
    "device",
    "dir",
    "fields",
    "form",
    "home",
    "label",
    "language",
    "link",
    "logo",
    "month",
    "on_accent",
    "on_accent_dark",
    "other_address",
    "problem",
    "product",
    "purpose",
    "resources",
    "root",
    "scopes",
    "sign_in",
    "source",
    "subject",
    "system",
    "time",
    "until",
    "username",
    "within",
    "year",
];

fn environment(sources: &Sources, words: &Arc<Words>, faults: &mut Vec<Fault>) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_debug(true); // for the lines of errors
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(write_value);
    match SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        Ok(syntax) => environment.set_syntax(syntax),
        Err(error) => faults.push(fault_of("", &error)),
    }
    let words = Arc::clone(words);
    environment.add_function("t", move |state: &State, message: &str, extra: Kwargs| {
        say(&words, state, message, &extra)
    });
    for (path, text) in &sources.templates {
        if let Err(error) = environment.add_template_owned(path.clone(), text.clone()) {
            faults.push(fault_of(path, &error));
        }
    }
    environment
}

/// As the engine does, but for the slash, which it escapes too (`&#x2f;`): programs that look for links in a mail, and people who
/// read its source, know them as they are. In quotes, as in all templates, a slash ends nothing.
fn write_value(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    match value.as_str().filter(|_| matches!(state.auto_escape(), AutoEscape::Html) && !value.is_safe()) {
        Some(text) => Ok(out.write_str(&HtmlEscape(text).to_string().replace("&#x2f;", "/"))?),
        None => escape_formatter(out, state, value),
    }
}

/// The sentence of this name, with all variables of the template and those that the call names.
fn say(words: &Words, state: &State, message: &str, extra: &Kwargs) -> Result<String, Error> {
    let mut values = FluentArgs::new();
    let variable = |name: &str| state.lookup(name).filter(|value| !value.is_undefined() && !value.is_none());
    for name in VARIABLES {
        if let Some(value) = variable(name) {
            values.set(*name, fluent(&value));
        }
    }
    for name in extra.args() {
        values.set(name.to_owned(), fluent(&extra.get::<Value>(name)?));
    }
    let language = variable("language").map(|value| value.to_string()).unwrap_or_default();
    words.say(&language, message, &values).map_err(|why| Error::new(ErrorKind::InvalidOperation, why))
}

fn fluent(value: &Value) -> FluentValue<'static> {
    value.as_i64().map_or_else(|| FluentValue::from(value.to_string()), FluentValue::from)
}

fn fault_of(path: &str, error: &Error) -> Fault {
    let text = error
        .detail()
        .map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    // In a file that this one includes, the cause says where.
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(inner) = inner.downcast_ref::<Error>() {
            return fault_of(path, inner);
        }
        cause = inner.source();
    }
    Fault::new(error.name().unwrap_or(path), error.line().unwrap_or(0), text)
}

/// More than any template takes; a loop without an end stops there.
const FUEL: u64 = 100_000;

#[cfg(test)]
mod tests;
