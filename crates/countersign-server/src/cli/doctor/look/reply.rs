//! Reads what a response says, without asking for it.

use axum::http::{HeaderMap, header};
use countersign::Timestamp;
use countersign_fetch::Exchange;
use jiff::fmt::rfc2822::DateTimeParser;
use serde_json::Value;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use crate::cli::doctor::seen::DocumentSeen;

/// A public document.
pub(super) fn document(reply: &Exchange) -> DocumentSeen {
    let text =
        |name| reply.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let json: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    DocumentSeen {
        status: reply.status.as_u16(),
        content_type: text(header::CONTENT_TYPE),
        has_etag: reply.headers.contains_key(header::ETAG),
        allowed_origin: text(header::ACCESS_CONTROL_ALLOW_ORIGIN),
        bytes: reply.body.len() as u64,
        issuer: json["issuer"].as_str().map(str::to_owned),
        keys: json["keys"].as_array().map(|keys| keys.len() as u64),
    }
}

/// By how many seconds `Date` (RFC 9110 §6.6.1) is ahead of this clock.
pub(super) fn seconds_ahead(headers: &HeaderMap, now: Timestamp) -> Option<i64> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let theirs = DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(theirs.as_second() - now.as_unix_seconds())
}

/// The whole days until a certificate ends, fewer than none if it has.
pub(super) fn days_left(der: &[u8], now: Timestamp) -> Option<i64> {
    let certificate = Certificate::from_der(der).ok()?;
    let end = certificate.tbs_certificate.validity.not_after.to_unix_duration().as_secs();
    Some((i64::try_from(end).ok()? - now.as_unix_seconds()).div_euclid(24 * 60 * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_compared_with_the_clock() {
        let headers =
            HeaderMap::from_iter([(header::DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap())]);
        let at = |seconds: i64| Timestamp::from_unix_millis(seconds * 1000);
        assert_eq!(seconds_ahead(&headers, at(784_111_777)), Some(0));
        assert_eq!(seconds_ahead(&headers, at(784_111_780)), Some(-3));
        assert_eq!(seconds_ahead(&HeaderMap::new(), at(0)), None);
    }

    #[test]
    fn days_are_counted_down_to_the_end() {
        let mut wanted = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        wanted.not_after = rcgen::date_time_ymd(2030, 1, 11);
        let key = rcgen::KeyPair::generate().unwrap();
        let der = wanted.self_signed(&key).unwrap().der().to_vec();
        let end = 1_894_320_000;
        let at = |seconds: i64| Timestamp::from_unix_millis(seconds * 1000);
        let day = 24 * 60 * 60;
        let left =
            [end - 10 * day, end - 10 * day + 1, end, end + 1].map(|now| days_left(&der, at(now)).unwrap());
        assert_eq!(left, [10, 9, 0, -1]);
        assert_eq!(days_left(b"nonsense", at(0)), None);
    }
}
