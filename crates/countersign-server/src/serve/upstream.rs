//! The login of the system that people come from, asked over HTTP as `[import.upstream]` describes it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use axum::http::HeaderValue;
use countersign::options::{Upstream, UpstreamAnswer, UpstreamQuestion};
use countersign::{Random, SessionId};
use countersign_fetch::{FetchOptions, FetchUrl, Reply, post};
use serde_json::Value;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::config::{Config, LoginFormat};

/// The login of the old system.
pub(crate) struct OldLogin {
    url: FetchUrl,
    format: LoginFormat,
    fields: (String, String),
    success_member: Option<String>,
    failure_statuses: Vec<u16>,
    request: FetchOptions,
}

/// What is asked of the library: none if no old system is configured.
///
/// # Errors
/// The file with the header's value cannot be used.
pub(crate) fn upstream(config: &Config) -> anyhow::Result<Option<Upstream>> {
    let Some(old) = OldLogin::configured(config)?.map(Arc::new) else { return Ok(None) };
    let ask = move |question: UpstreamQuestion| {
        let old = Arc::clone(&old);
        async move {
            let (answer, answered) = oneshot::channel();
            let ask = move || answer.send(old.ask_and_doubt(question.username(), question.password()));
            // Not a thread of the runtime, whose end would wait for it (LM-10).
            std::thread::Builder::new().name("old-login".into()).spawn(ask)?;
            Ok(answered.await??)
        }
    };
    let at_once = usize::try_from(config.import_upstream_max_requests)?;
    // Each of the two requests has its own time.
    let timeout = (2 * config.import_upstream_timeout).min(LONGEST);
    Ok(Some(Upstream::new(ask).timeout(timeout).at_once(at_once)))
}

impl OldLogin {
    /// The configured one, if any.
    ///
    /// # Errors
    /// As for [`upstream`].
    pub(crate) fn configured(config: &Config) -> anyhow::Result<Option<Self>> {
        let Some(url) = &config.import_upstream_url else { return Ok(None) };
        let mut request = FetchOptions::new(config.import_upstream_timeout, MAX_BYTES);
        if let Some(file) = &config.import_upstream_ca_file {
            request = request.ca_file(file);
        }
        if let (Some(name), Some(file)) =
            (&config.import_upstream_header, &config.import_upstream_header_file)
        {
            let value = header_value(file)
                .with_context(|| format!("import.upstream.header_file: {}", file.display()))?;
            request = request.secret_header(name.0.clone(), value);
        }
        let fields =
            (config.import_upstream_username_field.clone(), config.import_upstream_password_field.clone());
        Ok(Some(Self {
            url: url.0.clone(),
            format: config.import_upstream_format,
            fields,
            success_member: config.import_upstream_success_member.clone(),
            failure_statuses: config.import_upstream_failure_statuses.iter().map(|status| status.0).collect(),
            request,
        }))
    }

    /// Its address.
    pub(crate) const fn url(&self) -> &FetchUrl {
        &self.url
    }

    /// Asks about a name and a password that nobody has. A system that says yes to them, such as one that answers 200
    /// with its sign-in page, would let everybody in.
    ///
    /// # Errors
    /// It says yes, or nothing.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let nobody = || format!("nobody-{}", SessionId::random(&Random::system()));
        let answer = self.ask(&nobody(), &nobody())?;
        ensure!(
            answer == UpstreamAnswer::Wrong,
            "it says yes to a name and a password that nobody has; import.upstream.success_member can tell yes from no"
        );
        Ok(())
    }

    /// Believes a yes only if it says no to nobody right afterwards. What stands at its address can change at any time,
    /// to a page about maintenance, say.
    fn ask_and_doubt(&self, username: &str, password: &str) -> anyhow::Result<UpstreamAnswer> {
        let answer = self.ask(username, password)?;
        if answer == UpstreamAnswer::Right {
            self.check()?;
        }
        Ok(answer)
    }

    fn ask(&self, username: &str, password: &str) -> anyhow::Result<UpstreamAnswer> {
        let fields = [(self.fields.0.as_str(), username), (self.fields.1.as_str(), password)];
        let (content_type, body) = match self.format {
            LoginFormat::Json => {
                let object: BTreeMap<_, _> = fields.into();
                ("application/json", Zeroizing::new(serde_json::to_vec(&object)?))
            }
            LoginFormat::Form => {
                let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                ("application/x-www-form-urlencoded", Zeroizing::new(form.into_bytes()))
            }
        };
        self.read(&post(&self.url, content_type, &body, &self.request)?)
    }

    /// Anything but a clear yes or no is an error. It holds nothing of the response but its status: the old system may
    /// repeat there what it was asked (LG-2).
    fn read(&self, reply: &Reply) -> anyhow::Result<UpstreamAnswer> {
        let status = reply.status;
        if self.failure_statuses.contains(&status.as_u16()) {
            return Ok(UpstreamAnswer::Wrong);
        }
        if status.is_redirection() {
            bail!("its response is {status}; redirects are not followed");
        }
        ensure!(status.is_success(), "its response is {status}");
        let Some(member) = &self.success_member else { return Ok(UpstreamAnswer::Right) };
        let json: Value =
            serde_json::from_slice(&reply.body).map_err(|_| anyhow!("its response is not JSON"))?;
        let found = member.split('.').try_fold(&json, |value, name| value.get(name));
        Ok(if found.is_some_and(says_yes) { UpstreamAnswer::Right } else { UpstreamAnswer::Wrong })
    }
}

fn says_yes(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

fn header_value(file: &Path) -> anyhow::Result<HeaderValue> {
    let text = Zeroizing::new(std::fs::read_to_string(file)?);
    let text = text.trim_end_matches(['\r', '\n']);
    ensure!(!text.is_empty(), "it is empty");
    HeaderValue::from_str(text).map_err(|_| anyhow!("it is not one line of visible characters"))
}

/// What the library waits for an answer at the most.
const LONGEST: Duration = Duration::from_secs(10);
/// Of a response.
const MAX_BYTES: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_says_yes_if_something_is_in_it() {
        for yes in ["true", "1", "-0.5", r#""ok""#, "[null]", r#"{"id":0}"#] {
            assert!(says_yes(&serde_json::from_str(yes).unwrap()), "{yes}");
        }
        for no in ["false", "null", "0", "0.0", r#""""#, "[]", "{}"] {
            assert!(!says_yes(&serde_json::from_str(no).unwrap()), "{no}");
        }
    }
}
