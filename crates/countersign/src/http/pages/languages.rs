//! Which languages a page is built in, and which of them somebody gets. The server chooses (RFC 9110 §12.5.4), so that a page
//! arrives in its language and no script has to change it before the reader's eyes.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use crate::http::pages::files::find;
use crate::model::language::choose;

/// What there is of a page in each language that is offered and that it is built in; in English if there is no other.
pub(super) struct InEachLanguage<T> {
    tags: Vec<String>,
    made: Vec<T>,
}

impl<T> InEachLanguage<T> {
    /// `make` gets the name of each built file.
    pub(super) fn new(page: &str, languages: &[String], make: impl Fn(&str) -> T) -> Self {
        let is_built = |tag: &&String| find(&file_name(page, tag)).is_some();
        let mut tags: Vec<_> = languages.iter().filter(is_built).cloned().collect();
        if tags.is_empty() {
            tags.push(ENGLISH.to_owned());
        }
        let all = tags.iter().map(|tag| make(&file_name(page, tag))).collect();
        Self { tags, made: all }
    }

    /// That for whoever sends this request.
    pub(super) fn choose(&self, request: &HeaderMap) -> Option<&T> {
        let header = request.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let tag = choose(&self.tags, None, header);
        self.tags.iter().position(|known| known == tag).and_then(|index| self.made.get(index))
    }
}

/// Tells caches that another browser may get another language.
pub(super) fn varies_by_language(response: &mut Response) {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Language"));
}

fn file_name(page: &str, tag: &str) -> String {
    if tag == ENGLISH { format!("{page}.html") } else { format!("{page}.{tag}.html") }
}

const ENGLISH: &str = "en";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_comes_in_the_first_language_that_it_is_built_in() {
        let chosen = |page: &str, languages: &[&str], header: &'static str| {
            let languages: Vec<_> = languages.iter().map(|tag| (*tag).to_owned()).collect();
            let pages = InEachLanguage::new(page, &languages, str::to_owned);
            let request = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(header))]);
            pages.choose(&request).cloned().unwrap()
        };
        assert_eq!(chosen("login", &["en", "de"], "de-AT,en;q=0.5"), "login.de.html");
        assert_eq!(chosen("login", &["en", "de"], "fr"), "login.html");
        assert_eq!(chosen("login", &["de", "en"], "fr"), "login.de.html");
        assert_eq!(chosen("login", &["en"], "de"), "login.html");
        assert_eq!(
            chosen("login", &["fr"], "fr"),
            "login.html",
            "of pages there are fewer languages than of mails"
        );
        assert_eq!(chosen("admin", &["de", "en"], "de"), "admin.de.html");
        assert_eq!(chosen("docs", &["de", "en"], "de"), "docs.de.html");
        assert_eq!(chosen("debugger", &["de", "en"], "de"), "debugger.html");
        assert_eq!(chosen("login", &[], "de"), "login.html");
    }
}
