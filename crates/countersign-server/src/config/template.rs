//! The keys as documentation: the commented file that `init` writes, and the table in the README.

use std::fmt::Write as _;

use super::key::ConfigKey;
use super::keys::KEYS;
use super::setting::Kind;
use super::{audiences, oauth, webhooks};

/// A TOML file with every key, its explanation and its default, commented out. Keys in `set` are not
/// commented out.
pub(crate) fn toml_template(set: &[(&str, &str)]) -> String {
    let mut text = String::from(
        "# Configuration of Countersign. A commented line shows the default of its key, or an example if there is none.\n\
         # Each key can also be set in the environment: session.idle_ttl is COUNTERSIGN_SESSION__IDLE_TTL.\n",
    );
    let mut section = "";
    // A section's keys must be together and after the keys without one.
    let in_order = |with_section: bool| KEYS.iter().filter(move |key| key.name.contains('.') == with_section);
    for key in in_order(false).chain(in_order(true)).filter(|key| key.kind != Kind::Secret) {
        let (of, name) = key.name.rsplit_once('.').unwrap_or(("", key.name));
        if of != section {
            section = of;
            let _ = write!(text, "\n[{section}]\n");
        }
        let value = set.iter().find(|(name, _)| *name == key.name).map(|(_, value)| *value);
        let off = if value.is_some() { "" } else { "# " };
        let value = toml_value(key, value.unwrap_or(key.example));
        let _ = write!(text, "\n{}{off}{name} = {value}\n", comment(key.doc));
    }
    text.push_str(audiences::EXAMPLE);
    text.push_str(oauth::EXAMPLE);
    text.push_str(webhooks::EXAMPLE);
    text
}

fn comment(doc: &str) -> String {
    let mut text = String::new();
    let mut line = String::from("#");
    for word in doc.split_whitespace() {
        if line.len() + word.len() > 110 {
            let _ = writeln!(text, "{line}");
            "#".clone_into(&mut line);
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(text, "{line}");
    text
}

fn toml_value(key: &ConfigKey, value: &str) -> String {
    match key.kind {
        Kind::Number => value.to_owned(),
        Kind::List => {
            format!("[{}]", value.split(',').map(|part| format!("{part:?}")).collect::<Vec<_>>().join(", "))
        }
        Kind::Text | Kind::Address | Kind::Secret => format!("{value:?}"),
    }
}

/// The table of the README.
pub(crate) fn markdown_table() -> String {
    let mut text = String::from("| Key | Default | What it does |\n|---|---|---|\n");
    for key in KEYS {
        let default =
            if key.default.is_empty() { "not set".to_owned() } else { format!("`{}`", key.default) };
        let _ = writeln!(
            text,
            "| `{}` | {default} | {} |",
            key.name,
            key.doc.split_whitespace().collect::<Vec<_>>().join(" ")
        );
    }
    text
}
