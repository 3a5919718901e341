//! The pages that work without a script: what a link in a mail leads to. They have the look of the other pages, and are
//! templates like mails.

use std::collections::BTreeMap;
use std::fmt;

use minijinja::Value;

use crate::render::{RenderError, Templates};

/// A page that works without a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Page<'a> {
    /// A link was opened, and a button does what it is for: `verify`, `sign_in`, `register`, `change_address` or
    /// `undo_address`.
    Confirm(&'a str),
    /// The field of a new password, `newPassword`.
    NewPassword,
    /// The fields of an account that somebody was invited to, `username` and `newPassword`.
    NewAccount,
    /// It is done: one of the above, or `reset`, or `invite`.
    Done(&'a str),
    /// A link that does nothing, for one of the reasons.
    Refused,
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
}

/// The content security policy of these pages: no script, styles and pictures of this server, forms to this server.
pub const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                               frame-ancestors 'none'";

impl fmt::Debug for PageValues<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageValues([redacted])")
    }
}

impl Templates {
    /// The page as HTML, in a language of [`Templates::language`]. Send it with [`PAGE_POLICY`], `Referrer-Policy:
    /// no-referrer` and `Cache-Control: no-store`: its address holds a secret.
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
            Page::NewPassword => ("new-password", "reset"),
            Page::NewAccount => ("new-account", "invite"),
            Page::Done(purpose) => ("done", purpose),
            Page::Refused => ("refused", "none"),
        };
        let mut values = self.common(language);
        values.extend(self.page_values(purpose, given));
        self.render(&format!("pages/{name}.html"), &values)
    }

    fn page_values(&self, purpose: &str, given: &PageValues<'_>) -> BTreeMap<&'static str, Value> {
        let problem = given.problem.map(|code| {
            let code = code.replace('_', "-");
            if PROBLEMS.contains(&code.as_str()) { code } else { "other".to_owned() }
        });
        BTreeMap::from([
            ("root", given.root.into()),
            ("logo", if self.brand.has_logo { "assets/logo" } else { "assets/icon.svg" }.into()),
            ("purpose", purpose.replace('_', "-").into()),
            ("address", given.address.into()),
            ("username", given.username.into()),
            ("count", given.min_length.into()),
            ("problem", problem.into()),
        ])
    }
}

/// What a page can say about a name or a password.
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
];
