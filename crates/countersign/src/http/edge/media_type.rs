//! `Content-Type` of a request body.

use axum::http::{HeaderMap, header};
use mediatype::{MediaType, Name, ReadParams as _, names};

/// Whether the body is announced as JSON in UTF-8: `application/json` in exactly one header. Anything else can be posted
/// across origins without a preflight (CS-3).
///
/// Values may be quoted and unknown parameters are ignored (RFC 9110 §8.3.1). `charset` means nothing for JSON
/// (RFC 8259 §11), but a client that announces another one would send bytes that are not UTF-8.
pub(in crate::http) fn is_json(headers: &HeaderMap) -> bool {
    is(headers, names::JSON)
}

/// Whether the body is announced as a form in UTF-8. Only for routes on which no browser's credential counts.
pub(in crate::http) fn is_form(headers: &HeaderMap) -> bool {
    Name::new("x-www-form-urlencoded").is_some_and(|form| is(headers, form))
}

fn is(headers: &HeaderMap, subtype: Name<'static>) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Some(media_type) = value.to_str().ok().and_then(|text| MediaType::parse(text).ok()) else {
        return false;
    };
    let essence = media_type.essence();
    let is_utf8 =
        |charset: &str| charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8");
    essence == MediaType::new(names::APPLICATION, subtype)
        && media_type
            .params()
            .filter(|(name, _)| *name == names::CHARSET)
            .all(|(_, charset)| is_utf8(&charset.unquoted_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_in_utf_8_is_json() {
        for (value, expected) in [
            ("application/json", true),
            ("Application/JSON", true),
            ("application/json;charset=utf-8", true),
            ("application/json; charset=\"utf-8\"", true),
            ("application/json ;\tCHARSET=UTF8 ;", true),
            ("application/json; charset=\"ut\\f-8\"", true),
            ("application/json; version=\"1;charset=latin1\"", true),
            ("application/json; charset=latin1", false),
            ("application/json; charset=utf-8; charset=latin1", false),
            ("application/json; charset=", false),
            ("application/json; charset=\"utf-8", false),
            ("application/json; charset", false),
            ("application/json, application/json", false),
            ("application/vnd.api+json", false),
            ("application/*", false),
            ("text/plain; application/json", false),
            ("", false),
        ] {
            let headers = [(header::CONTENT_TYPE, value.parse().unwrap())].into_iter().collect();
            assert_eq!(is_json(&headers), expected, "{value}");
        }
        let twice = [(); 2].map(|()| (header::CONTENT_TYPE, "application/json".parse().unwrap()));
        assert!(!is_json(&twice.into_iter().collect()));
        assert!(!is_json(&HeaderMap::new()));
    }
}
