//! The sentences of every language (Fluent), message by message: what a language lacks is said in a wider one, in the end in
//! English.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use fluent_syntax::ast::{CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement};
use unic_langid::{CharacterDirection, LanguageIdentifier};

use crate::model::language::steps;
use crate::render::fault::{Fault, line_at};

pub(super) struct Words {
    languages: BTreeMap<String, Language>,
    /// Every message that there is: those of English in the program.
    known: BTreeSet<String>,
}

struct Language {
    bundle: FluentBundle<FluentResource>,
    is_right_to_left: bool,
    /// Its messages, each with the variables that any branch of it uses.
    messages: BTreeMap<String, BTreeSet<String>>,
}

/// The language that has every message.
pub(super) const COMPLETE: &str = "en";

impl Words {
    /// Reads the sentences of each language; of two files the later one replaces messages of the former.
    pub(super) fn read(
        sources: &BTreeMap<String, Vec<(String, Cow<'static, str>)>>,
        faults: &mut Vec<Fault>,
    ) -> Self {
        let (mut languages, mut known) = (BTreeMap::new(), BTreeSet::new());
        for (tag, files) in sources {
            let Ok(id) = tag.parse::<LanguageIdentifier>() else {
                let text = format!("{tag:?} is no language tag such as de or pt-BR");
                faults.extend(files.iter().map(|(path, _)| Fault::new(path, 0, text.clone())));
                continue;
            };
            let mut language = Language::new(id);
            for (path, text) in files {
                language.read(path, text, faults);
                if tag == COMPLETE && known.is_empty() {
                    known.extend(language.messages.keys().cloned());
                }
            }
            languages.insert(tag.clone(), language);
        }
        Self { languages, known }
    }

    /// The sentence in this language, or in the next one that has it.
    ///
    /// # Errors
    /// What is wrong with it: nobody has it, or a variable of it has no value.
    pub(super) fn say(&self, tag: &str, message: &str, values: &FluentArgs<'_>) -> Result<String, String> {
        let languages = steps(tag).chain([COMPLETE]).filter_map(|tag| self.languages.get_key_value(tag));
        for (tag, Language { bundle, .. }) in languages {
            let Some(pattern) = bundle.get_message(message).and_then(|message| message.value()) else {
                continue;
            };
            let mut errors = Vec::new();
            let text = bundle.format_pattern(pattern, Some(values), &mut errors);
            return match errors.first() {
                None => Ok(text.into_owned()),
                Some(error) => Err(format!("the message {message} in {tag}: {error}")),
            };
        }
        Err(format!("there is no message {message}"))
    }

    pub(super) fn has(&self, tag: &str) -> bool {
        self.languages.contains_key(tag)
    }

    pub(super) fn tags(&self) -> impl Iterator<Item = &str> {
        self.languages.keys().map(String::as_str)
    }

    pub(super) fn is_right_to_left(&self, tag: &str) -> bool {
        self.languages.get(tag).is_some_and(|language| language.is_right_to_left)
    }

    /// The messages that a language lacks.
    pub(super) fn missing(&self, tag: &str) -> Vec<&str> {
        let has = |message: &str| {
            let known = steps(tag).filter_map(|tag| self.languages.get(tag));
            known.into_iter().any(|language| language.messages.contains_key(message))
        };
        self.known.iter().map(String::as_str).filter(|message| !has(message)).collect()
    }

    /// The variables that a message uses in some language.
    #[cfg(test)]
    pub(super) fn variables(&self, tag: &str) -> &BTreeMap<String, BTreeSet<String>> {
        &self.languages[tag].messages
    }

    /// Messages that the program does not have, so that nothing can ask for them, and variables that no template has.
    pub(super) fn check(
        &self,
        sources: &BTreeMap<String, Vec<(String, Cow<'static, str>)>>,
        known: &[&str],
        faults: &mut Vec<Fault>,
    ) {
        for (tag, language) in &self.languages {
            for (message, variables) in &language.messages {
                // The last file has it as it is used.
                let place = |wanted: &str| {
                    let files = sources[tag].iter().rev();
                    let mut found =
                        files.filter_map(|(path, text)| Some((path, line_of(text, message, wanted)?)));
                    found.next().map_or((format!("words/{tag}.ftl"), 0), |(path, line)| (path.clone(), line))
                };
                if !self.known.contains(message) {
                    let (path, line) = place("");
                    faults.push(Fault::new(&path, line, format!("nothing asks for a message {message}")));
                }
                for variable in variables.iter().filter(|variable| !known.contains(&variable.as_str())) {
                    let (path, line) = place(variable);
                    let text = format!("the message {message} uses ${variable}, which does not exist");
                    faults.push(Fault::new(&path, line, text));
                }
            }
        }
    }
}

impl Language {
    fn new(id: LanguageIdentifier) -> Self {
        let is_right_to_left = id.character_direction() == CharacterDirection::RTL;
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // Marks around a name keep its direction apart from that of the sentence. Where both run the same way they would
        // only be strange characters in a subject.
        bundle.set_use_isolating(is_right_to_left);
        Self { bundle, is_right_to_left, messages: BTreeMap::new() }
    }

    fn read(&mut self, path: &str, text: &str, faults: &mut Vec<Fault>) {
        let resource = match FluentResource::try_new(text.to_owned()) {
            Ok(resource) => resource,
            Err((resource, errors)) => {
                faults.extend(
                    errors
                        .iter()
                        .map(|error| Fault::new(path, line_at(text, error.pos.start), error.to_string())),
                );
                resource
            }
        };
        for entry in resource.entries() {
            if let Entry::Message(message) = entry {
                let mut variables = BTreeSet::new();
                message.value.iter().for_each(|pattern| in_pattern(pattern, &mut variables));
                self.messages.insert(message.id.name.to_owned(), variables);
            }
        }
        self.bundle.add_resource_overriding(resource);
    }
}

/// The line on which a message stands, or below it one of its variables.
fn line_of(text: &str, message: &str, variable: &str) -> Option<usize> {
    let is_start =
        |line: &str| line.strip_prefix(message).is_some_and(|rest| rest.trim_start().starts_with('='));
    let start = text.lines().position(is_start)?;
    let below = text.lines().skip(start).position(|line| line.contains(&format!("${variable}")));
    Some(start + 1 + if variable.is_empty() { 0 } else { below.unwrap_or(0) })
}

fn in_pattern(pattern: &Pattern<&str>, found: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            in_expression(expression, found);
        }
    }
}

fn in_expression(expression: &Expression<&str>, found: &mut BTreeSet<String>) {
    match expression {
        Expression::Inline(inline) => in_inline(inline, found),
        Expression::Select { selector, variants } => {
            in_inline(selector, found);
            for variant in variants {
                in_pattern(&variant.value, found);
            }
        }
    }
}

fn in_inline(expression: &InlineExpression<&str>, found: &mut BTreeSet<String>) {
    match expression {
        InlineExpression::VariableReference { id } => drop(found.insert(id.name.to_owned())),
        InlineExpression::Placeable { expression } => in_expression(expression, found),
        InlineExpression::FunctionReference { arguments, .. }
        | InlineExpression::TermReference { arguments: Some(arguments), .. } => {
            let CallArguments { positional, named } = arguments;
            for value in positional.iter().chain(named.iter().map(|argument| &argument.value)) {
                in_inline(value, found);
            }
        }
        _ => {}
    }
}
