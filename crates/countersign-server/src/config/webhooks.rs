//! `[[webhooks]]`: servers that are told of events. They are in the file only, as `[[audiences]]` are.

use std::fmt::Write as _;
use std::path::PathBuf;

use countersign::AuditKind;
use countersign_fetch::FetchUrl;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::place::{Place, Problem};
use super::setting::{nearest, one_of};

/// The key of the file that they are under.
pub(super) const KEY: &str = "webhooks";

/// A server that is told of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Webhook {
    /// Its name; the store remembers by it how far it is.
    pub(crate) name: String,
    /// Its address.
    pub(crate) url: FetchUrl,
    /// The file with the secrets that sign what it is sent, as it is written.
    pub(crate) secret_file: PathBuf,
    /// What it is told of; everything if empty.
    pub(crate) events: Vec<AuditKind>,
    /// Further certificate authorities, as it is written.
    pub(crate) ca_file: Option<PathBuf>,
}

impl Webhook {
    /// What the store calls it as a reader of the audit log.
    pub(crate) fn reader(&self) -> String {
        format!("webhook:{}", self.name)
    }

    /// Its table, as it stands in the file behind others.
    pub(crate) fn to_toml(&self) -> String {
        let Self { name, url, secret_file, events, ca_file } = self;
        let mut text =
            format!("\n[[webhooks]]\nname = {}\nurl = {}\n", quoted(name), quoted(&url.to_string()));
        let _ = writeln!(text, "secret_file = {}", quoted(&secret_file.to_string_lossy()));
        if !events.is_empty() {
            let events: Vec<_> = events.iter().map(|kind| quoted(kind.name())).collect();
            let _ = writeln!(text, "events = [{}]", events.join(", "));
        }
        if let Some(file) = ca_file {
            let _ = writeln!(text, "ca_file = {}", quoted(&file.to_string_lossy()));
        }
        text
    }

    /// A name for one.
    pub(crate) fn parse_name(text: &str) -> Result<String, String> {
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(is_fine) {
            Ok(text.to_owned())
        } else {
            Err("it has 1 to 64 letters, digits, dots, hyphens and underscores".to_owned())
        }
    }

    /// A kind of events.
    pub(crate) fn parse_event(name: &str) -> Result<AuditKind, String> {
        let known: Vec<_> = AuditKind::ALL.iter().map(|kind| kind.name()).collect();
        AuditKind::from_name(name).ok_or_else(|| one_of(name, &known).err().unwrap_or_default())
    }
}

/// Reads the array of tables; adds what is wrong to `problems`.
pub(super) fn read(
    value: &Spanned<DeValue<'_>>,
    place: &dyn Fn(usize) -> Place,
    problems: &mut Vec<Problem>,
) -> Vec<Webhook> {
    let here = |value: &Spanned<DeValue<'_>>| place(value.span().start);
    let Some(tables) = value.get_ref().as_array() else {
        let why = "webhooks: expects tables, each under a line [[webhooks]]".to_owned();
        problems.push(Problem::at(&here(value), why));
        return Vec::new();
    };
    let mut all: Vec<Webhook> = Vec::new();
    for element in tables {
        let table = element.get_ref().as_table().ok_or("expects a table".to_owned());
        let is_new = |webhook: Webhook| {
            let is_taken = all.iter().any(|other| other.name == webhook.name);
            if is_taken { Err(format!("two have the name {:?}", webhook.name)) } else { Ok(webhook) }
        };
        match table.and_then(webhook).and_then(is_new) {
            Ok(webhook) => all.push(webhook),
            Err(why) => problems.push(Problem::at(&here(element), format!("webhooks: {why}"))),
        }
    }
    all
}

fn webhook(table: &DeTable<'_>) -> Result<Webhook, String> {
    if let Some((name, _)) = table.iter().find(|(name, _)| !KEYS.contains(&&**name.get_ref())) {
        let hint = nearest(name.get_ref(), KEYS.iter().map(|key| (*key).to_owned()));
        return Err(format!("there is no key {:?}{hint}", name.get_ref()));
    }
    let find =
        |key: &str| table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value.get_ref());
    let text = |key: &str| match find(key) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| format!("{key}: expects a string in quotes")),
    };
    let required = |key: &str| text(key)?.ok_or_else(|| format!("{key} is missing"));
    let name = required("name")?;
    let name = Webhook::parse_name(name).map_err(|why| format!("name: {why}"))?;
    let url = FetchUrl::parse(required("url")?).map_err(|error| format!("url: {error}"))?;
    let events = find("events").map_or(Ok(Vec::new()), events)?;
    let secret_file = required("secret_file")?.into();
    let ca_file = text("ca_file")?.map(PathBuf::from);
    Ok(Webhook { name, url, secret_file, events, ca_file })
}

fn events(value: &DeValue<'_>) -> Result<Vec<AuditKind>, String> {
    let expected = "events: expects a list of kinds of events, like [\"account_created\"]";
    let kind = |value: &Spanned<DeValue<'_>>| {
        let name = value.get_ref().as_str().ok_or(expected)?;
        Webhook::parse_event(name).map_err(|why| format!("events: {why}"))
    };
    let kinds = value.as_array().ok_or(expected)?.iter().map(kind);
    let kinds = kinds.collect::<Result<Vec<_>, String>>()?;
    if kinds.is_empty() {
        Err("events: the list is empty; leave it out for all".to_owned())
    } else {
        Ok(kinds)
    }
}

/// A basic string of TOML, whose escapes are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

const KEYS: &[&str] = &["name", "url", "secret_file", "events", "ca_file"];

/// What the file that `init` writes says of them.
pub(super) const EXAMPLE: &str = r#"
# Servers that are told of events, each under a line [[webhooks]]. See docs/guides/webhooks.md.
# [[webhooks]]
# name = "crm"
# url = "https://crm.example.com/countersign"
# secret_file = "/run/secrets/countersign-crm"
# events = ["account_created", "account_deleted"]
"#;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::sources::Settings;

    fn read(text: &str) -> (Vec<Webhook>, Vec<String>) {
        let settings = Settings::default().with_text(Path::new("c.toml"), text);
        let problems = settings.problems().iter().map(|problem| problem.0.clone()).collect();
        (settings.webhooks().to_vec(), problems)
    }

    #[test]
    fn a_table_is_a_webhook() {
        let (webhooks, problems) = read(
            "[[webhooks]]\nname = \"crm\"\nurl = \"https://crm.example\"\nsecret_file = \"s\"\nevents = [\"account_created\"]",
        );
        assert_eq!(problems, [""; 0]);
        let [crm] = &webhooks[..] else { panic!("{webhooks:?}") };
        assert_eq!((crm.name.as_str(), &crm.events[..]), ("crm", &[AuditKind::AccountCreated][..]));
    }

    /// WH-5
    #[test]
    fn what_is_written_is_read_as_it_was_meant() {
        let url = FetchUrl::parse("https://crm.example:8443/a?b=%22c&d").unwrap();
        let all = [
            Webhook {
                name: "crm".into(),
                url: url.clone(),
                secret_file: "a \"b\" \\ \n.secret".into(),
                events: vec![AuditKind::AccountCreated, AuditKind::LoginFailed],
                ca_file: Some("ca.pem".into()),
            },
            Webhook { name: "x.y-Z_0".into(), url, secret_file: "s".into(), events: vec![], ca_file: None },
        ];
        let text: String = all.iter().map(Webhook::to_toml).collect();
        assert_eq!(read(&text), (all.to_vec(), vec![]), "{text}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let good = "[[webhooks]]\nname = \"a\"\nurl = \"https://a.example\"\nsecret_file = \"s\"\n";
        for (text, why) in [
            ("webhooks = 1".to_owned(), "c.toml:1: webhooks: expects tables"),
            ("[[webhooks]]\nname = \"a\"".to_owned(), "c.toml:1: webhooks: url is missing"),
            (good.replace("\"a\"", "\"a b\""), "c.toml:1: webhooks: name: it has 1 to 64"),
            (good.replace("https", "http"), "c.toml:1: webhooks: url: a response over plain http"),
            (format!("{good}events = []"), "c.toml:1: webhooks: events: the list is empty"),
            (
                format!("{good}events = [\"created\"]"),
                "c.toml:1: webhooks: events: \"created\" is not one of",
            ),
            (format!("{good}secret = \"x\""), "c.toml:1: webhooks: there is no key \"secret\""),
            (format!("{good}{good}"), "c.toml:5: webhooks: two have the name \"a\""),
        ] {
            let (_, problems) = read(&text);
            assert!(problems.len() == 1 && problems[0].starts_with(why), "{text}: {problems:?}");
        }
    }
}
