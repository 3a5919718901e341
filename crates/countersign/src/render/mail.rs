//! A mail as it is sent: subject, plain text, HTML.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use fluent_bundle::FluentArgs;
use minijinja::Value;

use crate::base::clock::Timestamp;
use crate::model::outbox::MailContents;
use crate::render::device::device;
use crate::render::fault::Fault;
use crate::render::when::{date_time, within};
use crate::render::{RenderError, Templates, fluent};

/// A mail as it is sent. It may hold a secret, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RenderedMail {
    /// The subject: one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// What is filled into a mail. Each mail uses some of it; what it needs and does not get is an error.
#[derive(Clone, Copy, Default)]
pub struct MailValues<'a> {
    /// The language that its reader wants; what is offered has the last word.
    pub language: Option<&'a str>,
    /// The address of the server, without a slash at the end: `https://auth.example.com`.
    pub home: &'a str,
    /// The address that it goes to.
    pub address: &'a str,
    /// Another address that it is about.
    pub other_address: Option<&'a str>,
    /// The name of the account.
    pub username: Option<&'a str>,
    /// The secret link, and the code that can be typed instead. Neither is kept anywhere.
    pub link: Option<&'a str>,
    /// The code: digits.
    pub code: Option<&'a str>,
    /// From now until when link and code are good.
    pub lifetime: Option<(Timestamp, Timestamp)>,
    /// When it happened.
    pub at: Option<Timestamp>,
    /// The network address of whoever caused it.
    pub requester: Option<IpAddr>,
    /// What their browser calls itself.
    pub user_agent: Option<&'a str>,
}

impl fmt::Debug for RenderedMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RenderedMail({:?}, [redacted])", self.subject)
    }
}

impl fmt::Debug for MailValues<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailValues([redacted])")
    }
}

impl<'a> MailValues<'a> {
    /// What is in the outbox, on a server of this address. Link and code, which are not there, come from whoever sends it.
    pub(crate) fn of(mail: &'a MailContents, home: &'a str, now: Timestamp) -> Self {
        let MailContents { to, locale, parameters, .. } = mail;
        Self {
            language: locale.as_deref(),
            home,
            address: to,
            other_address: parameters.other_address.as_deref(),
            username: parameters.username.as_deref(),
            link: None,
            code: None,
            lifetime: parameters.ticket.map(|ticket| (now, ticket.expires_at)),
            at: Some(parameters.at.unwrap_or(now)),
            requester: parameters.requester,
            user_agent: parameters.user_agent.as_deref(),
        }
    }
}

impl Templates {
    /// The mail of this name, such as `sign_in`.
    ///
    /// # Errors
    /// [`RenderError`]: there is no such mail, or a value that it needs is not there.
    pub fn mail(&self, name: &str, given: &MailValues<'_>) -> Result<RenderedMail, RenderError> {
        self.mail_in(self.language(given.language, None), name, given)
    }

    /// In this language, offered or not.
    pub(super) fn mail_in(
        &self,
        language: &str,
        name: &str,
        given: &MailValues<'_>,
    ) -> Result<RenderedMail, RenderError> {
        let name = name.replace('_', "-");
        let mut values =
            self.values(language, given).map_err(|why| RenderError(Fault::new("words", 0, why)))?;
        let mut arguments = FluentArgs::new();
        for (name, value) in values.iter().filter(|(_, value)| !value.is_none()) {
            arguments.set(*name, fluent(value));
        }
        let subject = self.words.say(language, &format!("{name}-subject"), &arguments);
        let subject = one_line(&subject.map_err(|why| RenderError(Fault::new("words", 0, why)))?);
        values.insert("subject", subject.clone().into());
        let text = self.render(&format!("mail/{name}.txt"), &values)?;
        let html = self.render(&format!("mail/{name}.html"), &values)?;
        Ok(RenderedMail { subject, text: tidy(&text), html })
    }

    /// What is optional is none where it is not known, so that templates can ask for it.
    fn values(
        &self,
        language: &str,
        given: &MailValues<'_>,
    ) -> Result<BTreeMap<&'static str, Value>, String> {
        let mut values = self.common(language);
        values.extend([
            ("home", given.home.into()),
            ("sign_in", format!("{}/login", given.home).into()),
            ("address", given.address.into()),
            ("code", given.code.map(grouped).into()),
            ("other_address", given.other_address.into()),
            ("source", given.requester.map(|address| address.to_canonical().to_string()).into()),
            ("device", self.device(language, given.user_agent)?.into()),
        ]);
        let needed = [("username", given.username), ("link", given.link)];
        values.extend(needed.into_iter().filter_map(|(name, value)| Some((name, value?.into()))));
        if let Some(at) = given.at {
            values.insert("at", date_time(&self.words, language, at)?.into());
        }
        if let Some((now, until)) = given.lifetime {
            values.insert("until", date_time(&self.words, language, until)?.into());
            values.insert("within", within(&self.words, language, until.since(now))?.into());
        }
        Ok(values)
    }

    /// "Firefox on Linux"; none if nothing about it is known.
    pub(super) fn device(&self, language: &str, user_agent: Option<&str>) -> Result<Option<String>, String> {
        let (browser, system) = user_agent.map(device).unwrap_or_default();
        let (Some(browser), Some(system)) = (browser, system) else {
            return Ok(browser.or(system).map(str::to_owned));
        };
        let mut values = FluentArgs::new();
        values.set("browser", browser);
        values.set("system", system);
        self.words.say(language, "device", &values).map(Some)
    }
}

/// `12345678` as `1234 5678`: easier to read, and whoever types the space is understood.
fn grouped(code: &str) -> String {
    let half = code.len() / 2;
    match (code.len(), code.split_at_checked(half)) {
        (6.., Some((first, second))) => format!("{first} {second}"),
        _ => code.to_owned(),
    }
}

/// SECURITY: a line break in a name must not become a header field (RFC 5322 §2.2).
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// At most one empty line at a time, and none at the ends.
fn tidy(text: &str) -> String {
    let mut tidied = String::new();
    for line in text.lines().map(str::trim_end) {
        if !line.is_empty() || !(tidied.is_empty() || tidied.ends_with("\n\n")) {
            tidied.push_str(line);
            tidied.push('\n');
        }
    }
    tidied.truncate(tidied.trim_end().len());
    tidied.push('\n');
    tidied
}
