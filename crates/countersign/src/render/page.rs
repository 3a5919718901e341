//! The pages that work without a script: what a link in a mail leads to. They have the look of the other pages, and are
//! templates like mails.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use minijinja::Value;

use crate::base::clock::Timestamp;
use crate::render::fault::Fault;
use crate::render::when::date_time;
use crate::render::{RenderError, Templates};

/// A page that works without a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Page<'a> {
    /// A link was opened, and a button does what it is for: `verify`, `sign_in`, `change_address` or `undo_address`; or
    /// `keep_account`, of an account that is deleted `at` that time if its owner does not sign in.
    Confirm(&'a str),
    /// A sign-in was asked for in another browser than the one that opened its link: from where and when, and the field `digits` of
    /// what that browser shows.
    OtherBrowser,
    /// The same where no other browser can let it go on.
    AskingBrowserOnly,
    /// The field `code` of a second factor: of an authenticator, or a recovery code.
    SecondStep,
    /// An authenticator has to be set up first, which a page without a script cannot do.
    AuthenticatorNeeded,
    /// The field of a new password, `newPassword`.
    NewPassword,
    /// The fields of an account that somebody has asked for or was invited to, `username` and `newPassword`: `register` or
    /// `invite`.
    NewAccount(&'a str),
    /// It is done: one of the above, or `reset`.
    Done(&'a str),
    /// A link that does nothing, for one of the reasons.
    Refused,
    /// The browser goes on to `link` by itself, and somebody can press it.
    Onwards,
    /// The browser sends the `fields` to `link` in a form by itself, and somebody can press it.
    FormPost,
    /// Whether an application may do what it asks for: the form posts `form` and the `decision`, `allow` or `deny`, to `consent`.
    Consent,
    /// An application asks to sign somebody out: the form posts `form` and the `decision`, `sign_out` or `stay`, to `sign-out`, of `ask`;
    /// or `done`, or `stay`.
    Logout(&'a str),
    /// An application's request that cannot be answered to it: `client`, `redirect_uri`, `too_long`, `over` or `failed`.
    AppRefused(&'a str),
}

/// What is filled into a page.
#[derive(Clone, Copy, Default)]
pub struct PageValues<'a> {
    /// The way from the page's address to that of the server: `../` for `/m/…`.
    pub root: &'a str,
    /// The address that the link was sent to.
    pub address: &'a str,
    /// The name of the account, as far as it is known.
    pub username: Option<&'a str>,
    /// The fewest characters of a new password.
    pub min_length: usize,
    /// Why the last try was refused: a code of [`PolicyViolation`](crate::PolicyViolation), `username_taken`,
    /// `username_looks_alike`, `username_invalid`. Any other says that it did not work.
    pub problem: Option<&'a str>,
    /// The second factor that was right, which the form repeats.
    pub code: Option<&'a str>,
    /// When something was asked for, or is going to happen.
    pub at: Option<Timestamp>,
    /// The network address of whoever has asked.
    pub requester: Option<IpAddr>,
    /// What their browser calls itself.
    pub user_agent: Option<&'a str>,
    /// Where the browser goes on.
    pub link: &'a str,
    /// What a form sends there. Secret.
    pub fields: &'a [(&'a str, String)],
    /// The name of an application.
    pub client: &'a str,
    /// Where its response goes: a host, or a scheme.
    pub destination: &'a str,
    /// What the form sends back. Secret.
    pub form: &'a str,
    /// What the application asks for, and whether that is new.
    pub scopes: &'a [(&'a str, bool)],
    /// The names of the services that it wants to use.
    pub resources: &'a [String],
}

/// The content security policy of these pages: no script, styles and pictures of this server, forms to this server.
pub const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                               frame-ancestors 'none'";

/// The `Referrer-Policy` of these pages. Their addresses hold secrets, so nobody is told more than the origin, not even this server,
/// whose proxy may log what it is told. `no-referrer` would tell less and break their forms: browsers then send `Origin: null`
/// (Fetch §4.5), which is refused as another site's where nothing else says whose form it is.
pub const PAGE_REFERRER: &str = "strict-origin";

impl fmt::Debug for PageValues<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageValues([redacted])")
    }
}

impl Templates {
    /// The page as HTML, in a language of [`Templates::language`]. Send it with [`PAGE_POLICY`], [`PAGE_REFERRER`] and
    /// `Cache-Control: no-store`: its address holds a secret.
    ///
    /// # Errors
    /// [`RenderError`]: nothing is called by this name.
    pub fn page(
        &self,
        language: &str,
        page: Page<'_>,
        given: &PageValues<'_>,
    ) -> Result<String, RenderError> {
        let (name, purpose) = match page {
            Page::Confirm(purpose) => ("confirm", purpose),
            Page::OtherBrowser => ("other-browser", "sign_in"),
            Page::AskingBrowserOnly => ("asking-browser-only", "sign_in"),
            Page::SecondStep => ("second-step", "sign_in"),
            Page::AuthenticatorNeeded => ("authenticator-needed", "sign_in"),
            Page::NewPassword => ("new-password", "reset"),
            Page::NewAccount(purpose) => ("new-account", purpose),
            Page::Done(purpose) => ("done", purpose),
            Page::Refused => ("refused", "none"),
            Page::Onwards => ("onwards", "none"),
            Page::FormPost => ("form-post", "none"),
            Page::Consent => ("consent", "none"),
            Page::Logout(purpose) => ("logout", purpose),
            Page::AppRefused(why) => ("app-refused", why),
        };
        let mut values = self.common(language);
        let own = self.page_values(language, purpose, given);
        values.extend(own.map_err(|why| RenderError(Fault::new("words", 0, why)))?);
        self.render(&format!("pages/{name}.html"), &values)
    }

    fn page_values(
        &self,
        language: &str,
        purpose: &str,
        given: &PageValues<'_>,
    ) -> Result<BTreeMap<&'static str, Value>, String> {
        let problem = given.problem.map(|code| {
            let code = code.replace('_', "-");
            if PROBLEMS.contains(&code.as_str()) { code } else { "other".to_owned() }
        });
        let at = given.at.map(|at| date_time(&self.words, language, at)).transpose()?;
        Ok(BTreeMap::from([
            ("root", given.root.into()),
            ("logo", if self.brand.has_logo { "assets/logo" } else { "assets/icon.svg" }.into()),
            ("purpose", purpose.replace('_', "-").into()),
            ("address", given.address.into()),
            ("username", given.username.into()),
            ("count", given.min_length.into()),
            ("problem", problem.into()),
            ("code", given.code.into()),
            ("at", at.into()),
            ("source", given.requester.map(|address| address.to_canonical().to_string()).into()),
            ("device", self.device(language, given.user_agent)?.into()),
            ("link", given.link.into()),
            ("client", given.client.into()),
            ("destination", given.destination.into()),
            ("fields", fields(given.fields)),
            ("form", given.form.into()),
            ("scopes", scopes(given.scopes)),
            ("resources", given.resources.iter().map(String::as_str).collect::<Value>()),
        ]))
    }
}

fn fields(fields: &[(&str, String)]) -> Value {
    let one = |(name, value): &(&str, String)| {
        Value::from_pairs([("name", Value::from(*name)), ("value", value.as_str().into())])
    };
    fields.iter().map(one).collect()
}

/// Each with the word for it in the sentences, if there is one, and whether it is new: where all are, that says nothing.
fn scopes(scopes: &[(&str, bool)]) -> Value {
    let are_some_known = scopes.iter().any(|(_, is_new)| !is_new);
    let one = |(name, is_new): &(&str, bool)| {
        let word = name.replace('_', "-");
        let word = SCOPES.contains(&word.as_str()).then_some(word);
        Value::from_pairs([
            ("name", Value::from(*name)),
            ("is_new", (*is_new && are_some_known).into()),
            ("word", word.into()),
        ])
    };
    scopes.iter().map(one).collect()
}

/// What there is a sentence for.
const SCOPES: [&str; 4] = ["openid", "profile", "email", "offline-access"];

/// The content security policy of the page that asks: as [`PAGE_POLICY`], but its form may lead on to an application, wherever that
/// is, which browsers take for a part of submitting it.
pub const CONSENT_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The content security policy of the page that sends a form to an application, wherever that is: no script but its own one line.
pub const FORM_POST_POLICY: &str = "default-src 'none'; script-src 'sha256-ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE='; base-uri 'none'; \
                                    frame-ancestors 'none'";

/// What a page can say about a name, a password or a code.
pub(super) const PROBLEMS: &[&str] = &[
    "password-too-short",
    "password-like-username",
    "password-like-service",
    "password-repetitive",
    "password-common",
    "password-unchanged",
    "username-looks-alike",
    "username-taken",
    "username-invalid",
    "invalid-second-factor",
    "too-many-attempts",
];
