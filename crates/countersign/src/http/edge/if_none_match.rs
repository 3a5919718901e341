//! `If-None-Match` of a request (RFC 9110 §13.1.2).

use axum::http::{HeaderMap, header};

/// Whether the client has the representation with this entity tag, so that 304 is the response. `etag` is a strong tag
/// with its quotes. The comparison is the weak one: proxies that compress make strong tags weak.
#[must_use]
pub fn client_has(headers: &HeaderMap, etag: &str) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        let Ok(text) = value.to_str() else { return false };
        text.trim() == "*" || Tags(text).any(|tag| tag == etag)
    })
}

/// The tags of a list, without `W/`; ends where the syntax does (RFC 9110 §8.8.3). A tag may contain commas.
struct Tags<'a>(&'a str);

impl<'a> Iterator for Tags<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let list = self.0.trim_start_matches([' ', '\t', ',']);
        let tag = list.strip_prefix("W/").unwrap_or(list);
        let end = tag.strip_prefix('"')?.find('"')? + 2;
        let (tag, rest) = tag.split_at(end);
        self.0 = rest;
        Some(tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_a_list() {
        for (value, expected) in [
            (r#""a,b""#, true),
            (r#"W/"a,b""#, true),
            (r#""x", W/"y" ,,"a,b""#, true),
            ("*", true),
            (" * ", true),
            (r#""a", "b""#, false),
            ("a,b", false),
            (r#"w/"a,b""#, false),
            (r#""x" junk "a,b""#, false),
            (r#""a,b"#, false),
            ("", false),
        ] {
            let headers = [(header::IF_NONE_MATCH, value.parse().unwrap())].into_iter().collect();
            assert_eq!(client_has(&headers, r#""a,b""#), expected, "{value}");
        }
        let two = [r#""x""#, r#""a,b""#].map(|value| (header::IF_NONE_MATCH, value.parse().unwrap()));
        assert!(client_has(&two.into_iter().collect(), r#""a,b""#));
    }
}
