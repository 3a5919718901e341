//! The language of an account: in which mails about it are written. Pages go by the browser.

use std::fmt;
use std::time::Duration;

use crate::base::clock::Timestamp;
use crate::model::ticket::TicketPurpose;

/// A language, as a tag of BCP 47 (RFC 5646): 2 to 35 letters, digits and hyphens, such as `de` or `pt-BR`. Which of them an account can
/// have says [`Options::languages`](crate::Options::languages).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locale(String);

impl Locale {
    /// Checks the characters of a tag, and not whether there is such a language.
    ///
    /// # Errors
    /// [`InvalidLocale`] when it is shorter than 2 or longer than 35 characters, or has another one than letters, digits and hyphens.
    pub fn parse(text: &str) -> Result<Self, InvalidLocale> {
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if (2..=35).contains(&text.len()) && text.bytes().all(is_fine) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidLocale)
        }
    }

    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no tag of a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a language is a tag of 2 to 35 letters, digits and hyphens, such as de or pt-BR")]
pub struct InvalidLocale;

/// What a change says about the language of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LocaleChange {
    /// It stays.
    #[default]
    Keep,
    /// It has none from now on.
    ByBrowser,
    /// It has this one.
    To(Locale),
}

/// The language that an account has, and the one that it had before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountLanguage {
    /// That of mails which somebody asks for; none: as the browser says that asks.
    pub locale: Option<Locale>,
    /// Since when it is so, if it was changed.
    pub since: Option<Timestamp>,
    /// What it was before `since`, and before any change in the week before that.
    pub former: Option<Locale>,
}

impl AccountLanguage {
    /// That of a new account.
    #[must_use]
    pub const fn of(locale: Option<Locale>) -> Self {
        Self { locale, since: None, former: None }
    }

    /// As a store has kept it.
    pub(crate) fn from_stored(
        locale: Option<&str>,
        since: Option<Timestamp>,
        former: Option<&str>,
    ) -> Result<Self, InvalidLocale> {
        let parse = |text: Option<&str>| text.map(Locale::parse).transpose();
        Ok(Self { locale: parse(locale)?, since, former: parse(former)? })
    }

    /// Changed now. Saying what is so already changes nothing.
    pub(in crate::model) fn changed(&self, change: LocaleChange, now: Timestamp) -> Self {
        let to = match change {
            LocaleChange::Keep => return self.clone(),
            LocaleChange::ByBrowser => None,
            LocaleChange::To(locale) => Some(locale),
        };
        if to == self.locale {
            return self.clone();
        }
        Self { locale: to, since: Some(now), former: self.for_notices(now).cloned() }
    }

    /// That of mails which tell the owner what was done to the account.
    ///
    /// SECURITY: a thief who chooses a language that the owner cannot read, and then changes the addresses, is told of in the one before, for
    /// as long as the owner can take a changed address back. Changing it again and again does not make the thief's the one before.
    pub(crate) fn for_notices(&self, now: Timestamp) -> Option<&Locale> {
        let is_new = self.since.is_some_and(|since| now < since.plus(NEW));
        if is_new { self.former.as_ref() } else { self.locale.as_ref() }
    }
}

/// As long as a link is good that brings a former address back.
const NEW: Duration = TicketPurpose::UndoAddress.lifetime();

#[cfg(test)]
mod tests {
    use super::*;

    const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);
    const DAY: Duration = Duration::from_hours(24);

    fn tag(text: &str) -> Option<Locale> {
        Locale::parse(text).ok()
    }

    fn to(text: &str) -> LocaleChange {
        LocaleChange::To(Locale::parse(text).unwrap())
    }

    #[test]
    fn a_tag_has_letters_digits_and_hyphens() {
        for text in ["de", "pt-BR", "zh-Hant-TW", &"a".repeat(35)] {
            assert_eq!(Locale::parse(text).unwrap().as_str(), text);
        }
        for text in ["", "d", "de_DE", "de ", "ä1", "de\n", &"a".repeat(36)] {
            assert_eq!(Locale::parse(text), Err(InvalidLocale), "{text:?}");
        }
    }

    /// EM-11: at a millisecond before the end of the week, and at it; and what is not changed is not new.
    #[test]
    fn an_owner_is_told_in_the_former_language_for_a_week() {
        let owners = AccountLanguage::of(tag("de"));
        assert_eq!(owners.for_notices(T), tag("de").as_ref());
        for nothing in [to("de"), LocaleChange::Keep] {
            assert_eq!(owners.changed(nothing, T), owners);
        }
        let changed = owners.changed(to("ar"), T);
        assert_eq!((&changed.locale, changed.since, &changed.former), (&tag("ar"), Some(T), &tag("de")));
        let end = T.plus(7 * DAY);
        assert_eq!(changed.for_notices(T), tag("de").as_ref());
        assert_eq!(changed.for_notices(end.minus(Duration::from_millis(1))), tag("de").as_ref());
        assert_eq!(changed.for_notices(end), tag("ar").as_ref());
        let none = AccountLanguage::default().changed(to("ar"), T);
        assert_eq!(none.for_notices(T), None, "without a language before: as the server is configured");
        let cleared = owners.changed(LocaleChange::ByBrowser, T);
        assert_eq!((cleared.for_notices(T), cleared.for_notices(end)), (tag("de").as_ref(), None));
    }

    /// EM-11: changing to and fro, always within the week, does not make the thief's the former one.
    #[test]
    fn changing_it_again_keeps_the_former_one() {
        let mut language = AccountLanguage::of(tag("de"));
        for day in 0..20 {
            let now = T.plus(6 * DAY * day);
            language = language.changed(to(if day % 2 == 0 { "ar" } else { "pt" }), now);
            assert_eq!(language.for_notices(now.plus(6 * DAY)), tag("de").as_ref(), "{day}");
        }
    }
}
