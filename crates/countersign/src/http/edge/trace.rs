//! The trace that a request belongs to, as its sender says in `traceparent` (W3C Trace Context, §3.2): for the log. It says
//! nothing about who sent the request, and nothing is decided by it.

use axum::http::HeaderMap;

/// The trace ID of exactly one valid `traceparent`: 32 hexadecimal digits.
#[must_use]
pub fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all("traceparent").iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    parse(value.to_str().ok()?)
}

/// `version-trace-parent-flags` (§3.2.2); a later version may have more after that (§3.2.4).
fn parse(text: &str) -> Option<&str> {
    let mut parts = text.splitn(5, '-');
    let [version, trace, parent, flags] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let is_hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let is_id = |part: &str, digits| is_hex(part, digits) && part.bytes().any(|b| b != b'0');
    let is_whole = version != "00" || parts.next().is_none();
    let is_known = is_hex(version, 2) && version != "ff" && is_whole;
    (is_known && is_id(trace, 32) && is_id(parent, 16) && is_hex(flags, 2)).then_some(trace)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn of(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("traceparent", HeaderValue::from_str(value).unwrap());
        }
        trace_id(&headers).map(str::to_owned)
    }

    #[test]
    fn the_trace_id_is_that_of_one_valid_header() {
        let good = format!("00-{TRACE}-00f067aa0ba902b7-01");
        for value in [&good, &format!("01-{TRACE}-00f067aa0ba902b7-01-more"), &good.replace("-01", "-ff")] {
            assert_eq!(of(&[value]).as_deref(), Some(TRACE), "{value}");
        }
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[&good, &good]), None, "two");
        for bad in [
            "",
            TRACE,
            &good.to_uppercase(),
            &format!("{good}-more"),
            &format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            &format!("00-{TRACE}-0000000000000000-01"),
            &format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            &format!("00-{}-00f067aa0ba902b7-01", &TRACE[1..]),
            &format!("00-{TRACE}-00f067aa0ba902b7-0"),
            &format!("00-{TRACE}-00f067aa0ba902b7"),
            &format!(" {good}"),
        ] {
            assert_eq!(of(&[bad]), None, "{bad:?}");
        }
    }
}
