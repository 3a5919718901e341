//! Which language somebody is written to in. A mail that somebody asks for is in the language of the account, else in that which
//! their browser asks for. One that nobody asked for is in that of the account alone: the browser is another person's, maybe a
//! thief's. Where nothing says anything, it is the first that mails are offered in.

use crate::Countersign;
use crate::model::account::{Account, Locale};
use crate::model::language::find;
use crate::store::Store;

/// The language is none of those that are offered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the language is none of {}", .offered.join(", "))]
#[non_exhaustive]
pub struct LocaleNotOffered {
    /// Those that are: [`Options::languages`](crate::Options::languages).
    pub offered: Vec<String>,
}

impl<S: Store> Countersign<S> {
    /// One of the offered languages, in upper or lower case, as an account can have it.
    ///
    /// # Errors
    /// [`LocaleNotOffered`].
    pub fn offered_locale(&self, tag: &str) -> Result<Locale, LocaleNotOffered> {
        let offered = &self.options.languages;
        let known = offered.iter().find(|known| known.eq_ignore_ascii_case(tag));
        let locale = known.and_then(|known| Locale::parse(known).ok());
        locale.ok_or_else(|| LocaleNotOffered { offered: offered.clone() })
    }

    /// The offered language that a browser asks for by this `Accept-Language` header (RFC 9110 §12.5.4); none if it asks for no
    /// such one. To be stored, or put into a [`MailRequest`](crate::MailRequest).
    #[must_use]
    pub fn asked_locale(&self, accept_language: Option<&str>) -> Option<Locale> {
        find(&self.options.languages, None, accept_language).and_then(|tag| Locale::parse(tag).ok())
    }

    /// The language of a mail to somebody who asks for it, in a request in this language. Also for an address that nobody has.
    pub(crate) fn mail_language(&self, account: Option<&Account>, request: Option<String>) -> Option<String> {
        let own = account.and_then(|account| account.language.locale.as_ref()).map(Locale::as_str);
        let own = find(&self.options.languages, own, None);
        own.map(str::to_owned).or(request)
    }
}
