//! The values of `[otlp]`.

use std::fmt;

use countersign_fetch::FetchUrl;

use super::setting::{Kind, Scalar};

/// Where traces are sent: below the address of a collector, as its protocol says. https, or http on this machine.
#[derive(Clone, Debug)]
pub(crate) struct CollectorUrl(pub(crate) FetchUrl);

impl Scalar for CollectorUrl {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        if text.contains(['?', '#']) {
            return Err(format!("{text:?} has more than a path, below which /v1/traces would be"));
        }
        let traces = format!("{}/v1/traces", text.trim_end_matches('/'));
        FetchUrl::parse(&traces).map(Self).map_err(|error| format!("{text:?}: {error}"))
    }
}

impl fmt::Display for CollectorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A program that cannot send traces does not look as if it did.
pub(super) fn is_built(url: Option<&CollectorUrl>) -> Result<(), String> {
    if url.is_none() || cfg!(feature = "otlp") {
        Ok(())
    } else {
        Err("this program was built without the export of traces: build it with --features otlp".to_owned())
    }
}

/// A share, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ratio(f64);

impl Ratio {
    /// Whether this share of all traces has that one: the same ones on each node.
    #[cfg(feature = "otlp")]
    #[expect(clippy::cast_precision_loss, reason = "56 bits in 53 are as even")]
    pub(crate) fn takes(self, trace_id: u128) -> bool {
        let bits = 56; // those that are random (W3C Trace Context, level 2, §3.2.2.3)
        let drawn = (trace_id & ((1 << bits) - 1)) as f64;
        drawn < self.0 * 2_f64.powi(bits)
    }

    #[cfg(all(test, feature = "otlp"))]
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Self::parse_scalar(text)
    }
}

impl Scalar for Ratio {
    const SCALAR_KIND: Kind = Kind::Number;

    fn parse_scalar(text: &str) -> Result<Self, String> {
        let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
        ratio.map(Self).ok_or_else(|| format!("{text:?} is not a number from 0 to 1, like 0.1"))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_go_below_the_address() {
        for (text, url) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("https://otel.example.com/in/", "https://otel.example.com/in/v1/traces"),
        ] {
            assert_eq!(CollectorUrl::parse_scalar(text).unwrap().to_string(), url);
        }
        for bad in ["", "otel.example.com:4318", "http://otel.example.com", "https://otel.example.com/?a=b"] {
            assert!(CollectorUrl::parse_scalar(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_program_without_the_export_refuses_the_address() {
        let url = CollectorUrl::parse_scalar("http://127.0.0.1:4318").unwrap();
        assert!(is_built(None).is_ok());
        assert_eq!(is_built(Some(&url)).is_ok(), cfg!(feature = "otlp"));
    }

    #[test]
    fn a_share_is_from_none_to_all() {
        for text in ["0", "0.1", "1", "1.0"] {
            assert!(Ratio::parse_scalar(text).is_ok(), "{text}");
        }
        for bad in ["-0.1", "1.1", "NaN", "inf", "half", ""] {
            assert!(Ratio::parse_scalar(bad).is_err(), "{bad}");
        }
    }
}
