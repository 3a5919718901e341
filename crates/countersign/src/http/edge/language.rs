//! The language that somebody reads, as their browser says (RFC 9110 §12.5.4).

use axum::http::{HeaderMap, header};

/// The language that is wanted most, as a tag of BCP 47. Ranges without a weight come first, as browsers write them.
pub(in crate::http) fn preferred_language(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let weight = |range: &str| -> f32 {
        let weight = range.split_once(";q=").and_then(|(_, weight)| weight.trim().parse().ok());
        weight.unwrap_or(1.0)
    };
    let ranges = text.split(',').take(MOST).map(str::trim).filter(|range| is_tag(tag(range)));
    // Of several with one weight, this gives the first.
    let best = ranges.min_by(|a, b| weight(b).total_cmp(&weight(a)))?;
    Some(tag(best).to_owned())
}

fn tag(range: &str) -> &str {
    range.split(';').next().unwrap_or_default().trim()
}

fn is_tag(text: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (2..=35).contains(&text.len()) && text.bytes().all(is_fine)
}

/// Nobody reads more languages than that.
const MOST: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_wanted_most() {
        let preferred = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, text.parse().unwrap());
            preferred_language(&headers)
        };
        for (text, expected) in [
            ("de-AT,de;q=0.9,en;q=0.8", Some("de-AT")),
            ("en;q=0.5, de", Some("de")),
            ("fr, de", Some("fr")),
            ("*", None),
            ("*;q=0.1, pt-BR;q=0.05", Some("pt-BR")),
            ("\"><script>", None),
            ("", None),
        ] {
            assert_eq!(preferred(text).as_deref(), expected, "{text}");
        }
        assert_eq!(preferred_language(&HeaderMap::new()), None);
    }
}
