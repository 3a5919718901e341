//! Mails of `countersign dev`: on the terminal, and the last of them on a page. They go nowhere else.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse as _};
use axum::routing::get;
use countersign::mail::{DeliveryFailure, Mailer, OutgoingMail};
use countersign::options::MailOptions;

use crate::config::Config;
use crate::output::print;
use crate::serve::mail::options;

/// The last mails, the newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct DevMail(Arc<Mutex<VecDeque<OutgoingMail>>>);

impl DevMail {
    /// Takes mails.
    fn mailer(&self) -> Mailer {
        let own = self.clone();
        Mailer::new(move |mail| {
            let own = own.clone();
            async move {
                print(&shown(&mail)).map_err(|error| DeliveryFailure::Transient(error.to_string()))?;
                own.keep(mail);
                Ok(())
            }
        })
    }

    /// How mails are sent with it.
    ///
    /// # Errors
    /// The templates cannot be used.
    pub(crate) fn options(&self, config: &Config) -> anyhow::Result<MailOptions> {
        let from = config.mail_from.as_ref().map_or(FROM, |from| &from.0);
        options(config, self.mailer(), from.to_owned())
    }

    /// The page with them.
    pub(crate) fn routes(&self) -> Router {
        let own = self.clone();
        Router::new().route("/dev/mail", get(async move || (HEADERS, Html(own.page())).into_response()))
    }

    fn keep(&self, mail: OutgoingMail) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_front(mail);
        all.truncate(KEPT);
    }

    fn page(&self) -> String {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut page = String::from(BEGINNING);
        if all.is_empty() {
            page.push_str("<p>No mails yet. Reload this page when there should be one.</p>");
        }
        for mail in &*all {
            let (to, from, subject) = (escaped(&mail.to), escaped(&mail.from), escaped(&mail.subject));
            let _ = write!(
                page,
                "<article><h2>{subject}</h2><p>To {to}, from {from}</p><pre>{}</pre></article>",
                linked(&mail.text)
            );
        }
        page + "</main>"
    }
}

fn shown(mail: &OutgoingMail) -> String {
    let OutgoingMail { to, subject, text, .. } = mail;
    let indented: Vec<_> = text.lines().map(|line| format!("  │ {line}")).collect();
    format!("\n  ┌ Mail to {to}: {subject}\n{}\n  └", indented.join("\n"))
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            char => html.push(char),
        }
    }
    html
}

/// Web addresses can be clicked.
fn linked(text: &str) -> String {
    let link = |word: &str| {
        let end = word.trim_end().len();
        let (word, space) = word.split_at(end);
        let shown = escaped(word);
        if word.starts_with("http://") || word.starts_with("https://") {
            format!("<a href=\"{shown}\">{shown}</a>{space}")
        } else {
            shown + space
        }
    };
    text.split_inclusive(char::is_whitespace).map(link).collect()
}

const FROM: &str = "Countersign <countersign@localhost>";
const KEPT: usize = 50;
const BEGINNING: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Mails</title>
<meta name=viewport content=\"width=device-width\"><style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 44rem; margin: 2rem auto; padding: 0 1rem }
article { border: 1px solid; border-radius: .5rem; padding: 0 1rem; margin: 1rem 0 }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
</style><main><h1>Mails</h1><p>The last mails of this development server. They went nowhere else.</p>";
/// No script, and nothing from elsewhere: a mail's words may come from anybody.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

#[cfg(test)]
mod tests {
    use countersign::{DeliveryId, Random};

    use super::*;

    #[test]
    fn a_mail_is_text_on_the_page_and_its_addresses_are_links() {
        let mails = DevMail::default();
        let mut mail =
            OutgoingMail::new(DeliveryId::random(&Random::system()), "a@b.example", "<i>@b.example");
        mail.set_subject("\"Hi\" & <b>");
        mail.text =
            "Go to https://auth.example/m/x?a=1&b=\"2\"\nor <script>alert(1)</script> javascript:alert(1)"
                .to_owned();
        mails.keep(mail);
        let page = mails.page();
        assert!(
            page.contains("<h2>&quot;Hi&quot; &amp; &lt;b&gt;</h2>") && page.contains("&lt;i&gt;@b.example"),
            "{page}"
        );
        let link = "<a href=\"https://auth.example/m/x?a=1&amp;b=&quot;2&quot;\">";
        assert!(page.contains(link) && page.contains("&lt;script&gt;"), "{page}");
        assert!(!page.contains("href=\"javascript"), "{page}");
    }

    #[test]
    fn only_the_last_mails_are_kept() {
        let mails = DevMail::default();
        for n in 0..60 {
            let id = DeliveryId::random(&Random::system());
            let mut mail = OutgoingMail::new(id, "a@b.example", "c@d.example");
            mail.set_subject(&format!("number {n}."));
            mails.keep(mail);
        }
        let page = mails.page();
        assert!(page.contains("number 59.") && page.contains("number 10.") && !page.contains("number 9."));
    }
}
