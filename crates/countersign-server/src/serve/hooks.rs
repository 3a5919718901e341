//! The application's own server, asked over HTTP as `[hooks]` describes it: may somebody sign in, what do their access tokens
//! say, and may somebody cause a mail.
//!
//! A request is signed by the scheme of Standard Webhooks. A response is a JSON object without any other members than are
//! expected, since a misspelt one could let somebody in. Nothing of a response is logged, it may hold anything.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use countersign::options::{ClaimsRequest, Hooks, MailAsked, MailVerdict, SignIn, SignInVerdict};
use countersign::wire::AccountView;
use countersign::{Clock, CustomClaims, Random, SessionId};
use countersign_fetch::{FetchOptions, FetchUrl, Question, exchange};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::config::{Config, HookFailurePolicy, HookQuestion};
use crate::serve::signed_post::Signers;

/// The configured server.
struct Hook {
    url: FetchUrl,
    signers: Signers,
    request: FetchOptions,
    timeout: Duration,
    at_once: Arc<Semaphore>,
    policy: HookFailurePolicy,
}

/// What is asked of the library: nothing if no server is configured.
///
/// # Errors
/// The secrets cannot be read.
pub(crate) fn hooks(config: &Config) -> anyhow::Result<Hooks> {
    let Some(hook) = Hook::configured(config)?.map(Arc::new) else { return Ok(Hooks::default()) };
    // The library's limit is behind ours, whose policy decides.
    let mut hooks = Hooks::default().timeout(2 * hook.timeout);
    if config.hooks_ask.contains(&HookQuestion::BeforeSignIn) {
        let hook = Arc::clone(&hook);
        hooks = hooks.before_sign_in(move |sign_in| {
            let hook = Arc::clone(&hook);
            async move { Ok(hook.or_policy(hook.may_sign_in(&sign_in).await, SignInVerdict::Allow)?) }
        });
    }
    if config.hooks_ask.contains(&HookQuestion::Claims) {
        let hook = Arc::clone(&hook);
        hooks = hooks.claims(move |request| {
            let hook = Arc::clone(&hook);
            async move { Ok(hook.or_policy(hook.claims(&request).await, CustomClaims::default())?) }
        });
    }
    if config.hooks_ask.contains(&HookQuestion::BeforeMail) {
        hooks = hooks.before_mail(move |mail| {
            let hook = Arc::clone(&hook);
            async move { Ok(hook.or_policy(hook.may_ask_for(&mail).await, MailVerdict::Allow)?) }
        });
    }
    Ok(hooks)
}

/// Whether the file with the secrets can be used.
///
/// # Errors
/// It cannot.
pub(crate) fn check(config: &Config) -> anyhow::Result<()> {
    Hook::configured(config).map(drop)
}

impl Hook {
    fn configured(config: &Config) -> anyhow::Result<Option<Self>> {
        let Some(url) = &config.hooks_url else { return Ok(None) };
        let mut request = FetchOptions::new(config.hooks_timeout, MAX_BYTES);
        if let Some(file) = &config.hooks_ca_file {
            request = request.ca_file(file);
        }
        Ok(Some(Self {
            url: url.0.clone(),
            signers: signers(config)?,
            request,
            timeout: config.hooks_timeout,
            at_once: Arc::new(Semaphore::new(usize::try_from(config.hooks_max_requests)?)),
            policy: config.hooks_on_failure,
        }))
    }

    async fn may_sign_in(&self, sign_in: &SignIn) -> anyhow::Result<SignInVerdict> {
        let SignIn { account, session_id, amr, context, .. } = sign_in;
        let data = json!({
            "account": AccountView::from(account),
            "sessionId": session_id,
            "amr": amr,
            "address": context.address,
            "userAgent": context.user_agent,
            "requestId": context.request_id.map(|id| id.to_string()),
        });
        let denial = self.ask::<Answer>("before_sign_in", data).await?.denial()?;
        Ok(denial.map_or(SignInVerdict::Allow, |(code, text)| SignInVerdict::refuse(code, text)))
    }

    async fn claims(&self, request: &ClaimsRequest) -> anyhow::Result<CustomClaims> {
        let ClaimsRequest { account, session_id, amr, audience, .. } = request;
        let data = json!({
            "account": AccountView::from(account),
            "sessionId": session_id,
            "amr": amr,
            "audience": audience,
        });
        Ok(CustomClaims::new(self.ask::<ClaimsAnswer>("claims", data).await?.claims)?)
    }

    async fn may_ask_for(&self, mail: &MailAsked) -> anyhow::Result<MailVerdict> {
        let MailAsked { purpose, to, captcha, context, .. } = mail;
        let data = json!({
            "purpose": purpose.name(),
            "to": to.as_str(),
            "captcha": captcha,
            "address": context.address,
            "userAgent": context.user_agent,
            "requestId": context.request_id.map(|id| id.to_string()),
        });
        let denial = self.ask::<Answer>("before_mail", data).await?.denial()?;
        Ok(denial.map_or(MailVerdict::Allow, |(code, text)| MailVerdict::refuse(code, text)))
    }

    /// Asks within the time, in which waiting for others counts too.
    async fn ask<A: DeserializeOwned>(&self, kind: &str, data: Value) -> anyhow::Result<A> {
        let body = timeout(self.timeout, self.send(kind, data)).await;
        let body = body.map_err(|_| anyhow!("no answer within {:?}", self.timeout))??;
        // The text of serde's error would quote the response.
        serde_json::from_slice(&body).map_err(|_| anyhow!("its response is not what {kind} asks for"))
    }

    async fn send(&self, kind: &str, data: Value) -> anyhow::Result<Vec<u8>> {
        let permit = Arc::clone(&self.at_once).acquire_owned().await?;
        let (question, url, request) = (self.question(kind, &data)?, self.url.clone(), self.request.clone());
        let (answer, answered) = oneshot::channel();
        let ask = move || {
            let said = exchange(&url, question, &request);
            drop(permit);
            let _ = answer.send(said);
        };
        // Not a thread of the runtime, whose end would wait for it (LM-10).
        std::thread::Builder::new().name("hook".into()).spawn(ask)?;
        let said = answered.await??;
        ensure!(said.status == 200, "its response is {}, not 200", said.status);
        Ok(said.body)
    }

    fn question(&self, kind: &str, data: &Value) -> anyhow::Result<Question> {
        let now = Clock::system().now();
        let body = json!({ "type": kind, "timestamp": now.to_string(), "data": data }).to_string();
        self.signers.question(&format!("msg_{}", SessionId::random(&Random::system())), now, body)
    }

    /// The answer, or what the policy says without one.
    fn or_policy<A>(&self, answer: anyhow::Result<A>, allowed: A) -> anyhow::Result<A> {
        match answer {
            Err(error) if self.policy == HookFailurePolicy::Allow => {
                tracing::warn!("the hook at {} failed, going on without it: {error:#}", self.url.host());
                Ok(allowed)
            }
            answer => answer,
        }
    }
}

/// The response to `before_sign_in`, and to `before_mail`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    decision: Decision,
    code: Option<String>,
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Allow,
    Deny,
}

/// The response to `claims`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimsAnswer {
    claims: Map<String, Value>,
}

impl Answer {
    /// The code and the text of a denial; none if it is allowed.
    fn denial(self) -> anyhow::Result<Option<(String, String)>> {
        match (self.decision, self.code, self.text) {
            (Decision::Allow, None, None) => Ok(None),
            (Decision::Deny, Some(code), Some(text)) if is_code(&code) && is_text(&text) => {
                Ok(Some((code, text)))
            }
            (Decision::Deny, Some(_), Some(_)) => bail!(
                "a code has 1 to 64 lower-case letters, digits and underscores, and a text 1 to 500 characters of one line"
            ),
            _ => bail!("a code and a text go with a denial, and with nothing else"),
        }
    }
}

/// It goes into the audit log.
fn is_code(code: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=64).contains(&code.len()) && code.bytes().all(is_fine)
}

fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 500 && !text.chars().any(char::is_control)
}

fn signers(config: &Config) -> anyhow::Result<Signers> {
    match (&config.hooks_secret, &config.hooks_secret_file) {
        (Some(secret), _) => Signers::parse(&secret.0).context("hooks.secret"),
        (None, Some(file)) => Signers::read_file(file).context("hooks.secret_file"),
        (None, None) => {
            bail!("hooks.url needs hooks.secret_file; make one with: countersign secret --webhook")
        }
    }
}

/// Of a response.
const MAX_BYTES: u64 = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_one_thing_or_nothing() {
        let denial = |json: &str| serde_json::from_str::<Answer>(json).map_err(anyhow::Error::from)?.denial();
        assert_eq!(denial(r#"{"decision":"allow"}"#).unwrap(), None);
        let denied = denial(r#"{"decision":"deny","code":"not_paid","text":"The bill is open"}"#).unwrap();
        assert_eq!(denied, Some(("not_paid".to_owned(), "The bill is open".to_owned())));
        for wrong in [
            "{}",
            "[]",
            r#"{"decision":"maybe"}"#,
            r#"{"decision":"allow","text":"hello"}"#,
            r#"{"decision":"allow","claims":{}}"#,
            r#"{"decision":"deny"}"#,
            r#"{"decision":"deny","code":"not_paid"}"#,
            r#"{"decision":"deny","code":"Not paid","text":"x"}"#,
            r#"{"decision":"deny","code":"","text":"x"}"#,
            r#"{"decision":"deny","code":"x","text":" "}"#,
            r#"{"decision":"deny","code":"x","text":"a\nb"}"#,
        ] {
            assert!(denial(wrong).is_err(), "{wrong}");
        }
    }
}
