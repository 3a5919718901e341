//! The trace that a request belongs to, as its sender says in `traceparent` (W3C Trace Context, §3.2): for the log, and for those
//! who export traces. It says nothing about who sent the request, and nothing is decided by it.

use axum::http::HeaderMap;

/// The span of the sender, in which a request was made (W3C Trace Context, §3.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TraceParent<'a> {
    /// The ID of the trace: 32 hexadecimal digits.
    pub trace_id: &'a str,
    /// The ID of the span: 16 hexadecimal digits.
    pub parent_id: &'a str,
    /// Whether the sender may have recorded it (§3.2.2.5.1).
    pub is_sampled: bool,
}

/// What exactly one valid `traceparent` says.
#[must_use]
pub fn trace_parent(headers: &HeaderMap) -> Option<TraceParent<'_>> {
    let mut values = headers.get_all("traceparent").iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    parse(value.to_str().ok()?)
}

/// `version-trace-parent-flags` (§3.2.2); a later version may have more after that (§3.2.4).
fn parse(text: &str) -> Option<TraceParent<'_>> {
    let mut parts = text.splitn(5, '-');
    let [version, trace_id, parent_id, flags] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let is_hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let is_id = |part: &str, digits| is_hex(part, digits) && part.bytes().any(|b| b != b'0');
    let is_whole = version != "00" || parts.next().is_none();
    let is_known = is_hex(version, 2) && version != "ff" && is_whole;
    let is_valid = is_known && is_id(trace_id, 32) && is_id(parent_id, 16) && is_hex(flags, 2);
    let flags = u8::from_str_radix(flags, 16).ok()?;
    is_valid.then_some(TraceParent { trace_id, parent_id, is_sampled: flags & 1 == 1 })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("traceparent", HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn of(values: &[&str]) -> Option<String> {
        trace_parent(&headers(values)).map(|parent| parent.trace_id.to_owned())
    }

    #[test]
    fn the_parent_and_the_flag_are_those_of_the_header() {
        for (flags, is_sampled) in [("00", false), ("01", true), ("02", false), ("ff", true)] {
            let headers = headers(&[&format!("00-{TRACE}-00f067aa0ba902b7-{flags}")]);
            let expected = TraceParent { trace_id: TRACE, parent_id: "00f067aa0ba902b7", is_sampled };
            assert_eq!(trace_parent(&headers), Some(expected), "{flags}");
        }
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
