//! [`Hooks`]: what an application adds to new accounts, to sign-ins, to access tokens, and to asking for mails.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::base::id::SessionId;
use crate::base::out_of_range::Broken;
use crate::model::account::{Account, CustomClaims, EmailAddress};
use crate::model::context::Context;
use crate::model::proof::AuthMethods;
use crate::model::ticket::TicketPurpose;

/// Functions of the application's own. Default none.
///
/// ```
/// # use countersign::{CustomClaims, Options, options::{Hooks, SignInVerdict}};
/// # async fn is_paid_for(tenant: &str) -> std::io::Result<bool> { Ok(true) }
/// # async fn plan_of(account: countersign::AccountId) -> std::io::Result<&'static str> { Ok("free") }
/// let mut options = Options::new("https://app.example.com", "my-app");
/// options.hooks = Hooks::default()
///     .before_sign_in(async |sign_in| {
///         let tenant = sign_in.account.claims.as_map().get("tenant").and_then(|tenant| tenant.as_str());
///         let may = is_paid_for(tenant.unwrap_or_default()).await?;
///         Ok(if may { SignInVerdict::Allow } else { SignInVerdict::refuse("not_paid_for", "The bill is open") })
///     })
///     .claims(async |request| {
///         let plan = plan_of(request.account.id).await?;
///         Ok(CustomClaims::new([("plan".to_owned(), plan.into())].into_iter().collect())?)
///     })
///     .after_sign_in(async |sign_in| {
///         println!("{} has signed in", sign_in.account.username.as_str());
///         Ok(())
///     })
///     .after_create(async |created| {
///         println!("welcome {}", created.account.username.as_str());
///         Ok(())
///     });
/// ```
#[derive(Clone)]
pub struct Hooks {
    pub(crate) before_sign_in: Option<Hook<SignIn, SignInVerdict>>,
    pub(crate) after_sign_in: Option<Hook<SignIn, ()>>,
    pub(crate) after_create: Option<Hook<AccountCreated, ()>>,
    pub(crate) claims: Option<Hook<ClaimsRequest, CustomClaims>>,
    pub(crate) before_mail: Option<Hook<MailAsked, MailVerdict>>,
    pub(crate) timeout: Duration,
}

pub(crate) type Hook<Q, A> = Arc<dyn Fn(Q) -> Pending<A> + Send + Sync>;
pub(crate) type Pending<A> = Pin<Box<dyn Future<Output = Result<A, HookFailure>> + Send>>;

/// Why a hook has no result. It is logged, so it must hold no secret.
pub type HookFailure = Box<dyn Error + Send + Sync>;

/// A hook failed, panicked or took too long.
#[derive(Debug, thiserror::Error)]
#[error("the application's hook {name} failed")]
pub struct HookError {
    pub(crate) name: &'static str,
    #[source]
    pub(crate) failure: HookFailure,
}

/// A sign-in whose proof was right.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignIn {
    /// The account.
    pub account: Account,
    /// The session that begins, or has begun.
    pub session_id: SessionId,
    /// How its owner was authenticated.
    pub amr: AuthMethods,
    /// When, from where and by whom.
    pub context: Context,
}

/// An account that has been made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccountCreated {
    /// The account.
    pub account: Account,
    /// When, from where and by whom.
    pub context: Context,
}

/// Whether a session may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInVerdict {
    /// It may.
    Allow,
    /// It may not, and why.
    Refuse(SignInRefusal),
}

impl SignInVerdict {
    /// Refuses with a stable `code` for programs, such as `email_not_confirmed`, and a text for people. Both
    /// are sent to the client, which has shown that it is the account's owner; the audit log has the code.
    pub fn refuse(code: impl Into<Cow<'static, str>>, text: impl Into<Cow<'static, str>>) -> Self {
        Self::Refuse(SignInRefusal { code: code.into(), text: text.into() })
    }
}

/// Why the application lets no session begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the application refused the sign-in: {code}")]
pub struct SignInRefusal {
    pub(crate) code: Cow<'static, str>,
    pub(crate) text: Cow<'static, str>,
}

/// An access token that is about to be made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClaimsRequest {
    /// The account that it is for.
    pub account: Account,
    /// Its session; of a token for an API key, the ID that such tokens have in its place.
    pub session_id: SessionId,
    /// How the account's owner was authenticated; empty for an API key.
    pub amr: AuthMethods,
    /// Its audience.
    pub audience: String,
}

/// A mail that somebody asks for who has not signed in.
#[derive(Clone)]
#[non_exhaustive]
pub struct MailAsked {
    /// What for.
    pub purpose: TicketPurpose,
    /// Where it would go. Nothing was looked up: an account may have this address or not.
    pub to: EmailAddress,
    /// What the request carried as the response of a captcha. It is not looked at here.
    pub captcha: Option<String>,
    /// When, and from where.
    pub context: Context,
}

impl fmt::Debug for MailAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailAsked").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// Whether somebody may cause a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MailVerdict {
    /// They may.
    Allow,
    /// They may not, and why.
    Refuse(MailRefusal),
}

impl MailVerdict {
    /// Refuses with a stable `code` for programs, such as `captcha_failed`, and a text for people.
    pub fn refuse(code: impl Into<Cow<'static, str>>, text: impl Into<Cow<'static, str>>) -> Self {
        Self::Refuse(MailRefusal { code: code.into(), text: text.into() })
    }
}

/// Why the application sends no mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the application refused the mail: {code}")]
pub struct MailRefusal {
    pub(crate) code: Cow<'static, str>,
    pub(crate) text: Cow<'static, str>,
}

impl Hooks {
    /// Asked when a password or another proof was right, before the session begins: so nobody else learns
    /// anything from a refusal, which is 403 over HTTP. If it fails, the response is 503.
    #[must_use]
    pub fn before_sign_in<A>(self, hook: impl Fn(SignIn) -> A + Send + Sync + 'static) -> Self
    where
        A: Future<Output = Result<SignInVerdict, HookFailure>> + Send + 'static,
    {
        Self { before_sign_in: Some(boxed(hook)), ..self }
    }

    /// Told when a session has begun. The response waits for it, but it cannot fail the sign-in: a failure is
    /// logged. A process that stops in between does not tell it.
    #[must_use]
    pub fn after_sign_in<A>(self, hook: impl Fn(SignIn) -> A + Send + Sync + 'static) -> Self
    where
        A: Future<Output = Result<(), HookFailure>> + Send + 'static,
    {
        Self { after_sign_in: Some(boxed(hook)), ..self }
    }

    /// Told when an account has been made: by an administrator, by the application, or at the first sign-in of
    /// somebody who comes from another system ([`Options::upstream`](crate::Options::upstream)). It cannot undo that: a
    /// failure is logged. A process that stops in between does not tell it, nor do commands of another process or an
    /// import, so what the application keeps about an account should also begin without it.
    #[must_use]
    pub fn after_create<A>(self, hook: impl Fn(AccountCreated) -> A + Send + Sync + 'static) -> Self
    where
        A: Future<Output = Result<(), HookFailure>> + Send + 'static,
    {
        Self { after_create: Some(boxed(hook)), ..self }
    }

    /// Asked for each access token, at a sign-in and at every refresh: for claims that are as true as the
    /// token is young. They replace the account's own claims of the same names; together they are within the
    /// limits of [`CustomClaims`]. If it fails, the response is 503, and never a token without them. The
    /// session and its refresh token are as good as before.
    ///
    /// It may be asked twice for one token, when the account is changed at the same moment, and for one that
    /// is not made in the end.
    #[must_use]
    pub fn claims<A>(self, hook: impl Fn(ClaimsRequest) -> A + Send + Sync + 'static) -> Self
    where
        A: Future<Output = Result<CustomClaims, HookFailure>> + Send + 'static,
    {
        Self { claims: Some(boxed(hook)), ..self }
    }

    /// Asked before a mail that anybody can cause, for a captcha for example: before it is looked up whether an account has the
    /// address, and after the proof of work where one is demanded. A refusal is 403 over HTTP, a failure 503. A hook that looks
    /// the address up and answers by what it finds tells everybody who has an account.
    #[must_use]
    pub fn before_mail<A>(self, hook: impl Fn(MailAsked) -> A + Send + Sync + 'static) -> Self
    where
        A: Future<Output = Result<MailVerdict, HookFailure>> + Send + 'static,
    {
        Self { before_mail: Some(boxed(hook)), ..self }
    }

    /// The longest that one hook may take. 10 ms to 10 s, default 2 s.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    pub(super) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        let timeout = (Duration::from_millis(10)..=Duration::from_secs(10)).contains(&self.timeout);
        broken.unless(timeout, "timeout", "is not between 10 ms and 10 s");
        broken
    }
}

impl Default for Hooks {
    fn default() -> Self {
        let timeout = Duration::from_secs(2);
        Self {
            before_sign_in: None,
            after_sign_in: None,
            after_create: None,
            claims: None,
            before_mail: None,
            timeout,
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("before_sign_in", &self.before_sign_in.is_some())
            .field("after_sign_in", &self.after_sign_in.is_some())
            .field("after_create", &self.after_create.is_some())
            .field("claims", &self.claims.is_some())
            .field("before_mail", &self.before_mail.is_some())
            .field("timeout", &self.timeout)
            .finish()
    }
}

fn boxed<Q, A, F>(hook: impl Fn(Q) -> F + Send + Sync + 'static) -> Hook<Q, A>
where
    F: Future<Output = Result<A, HookFailure>> + Send + 'static,
{
    Arc::new(move |question| Box::pin(hook(question)))
}
