//! The span around a request: in the trace of its sender, or in a new one. Whether that is exported says the sender, or else the
//! share that is configured. The request goes on as part of this span, so its log lines have the ID of the trace too.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use countersign::Random;
use countersign::http::{known_method, trace_parent};
use tracing::Instrument as _;
use tracing::field::Empty;

use super::layer::TARGET;
use super::span::Place;
use crate::config::Ratio;

/// What a new span needs.
#[derive(Clone, Debug)]
pub(crate) struct Tracer {
    /// The share of the traces begun here that is exported.
    pub(crate) ratio: Ratio,
    pub(crate) random: Random,
}

/// The layer around all routes.
pub(crate) async fn trace(State(tracer): State<Tracer>, mut request: Request, next: Next) -> Response {
    let (place, is_sampled) = tracer.place(request.headers());
    let header = format!("00-{:032x}-{:016x}-{:02x}", place.trace, place.span, u8::from(is_sampled));
    if let Ok(header) = HeaderValue::try_from(header) {
        request.headers_mut().insert("traceparent", header);
    }
    if !is_sampled {
        return next.run(request).await;
    }
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = tracing::debug_span!(
        target: TARGET,
        "request",
        trace_id = place.trace,
        span_id = place.span,
        parent_id = place.parent,
        method = known_method(request.method()),
        route = route.as_ref().map(MatchedPath::as_str),
        status = Empty,
    );
    let response = next.run(request).instrument(span.clone()).await;
    span.record("status", response.status().as_u16());
    response
}

impl Tracer {
    /// Where the span is, and whether it is exported.
    fn place(&self, headers: &HeaderMap) -> (Place, bool) {
        let span = u64::from_be_bytes(self.random.bytes());
        let sender = trace_parent(headers).and_then(|sender| {
            let trace = u128::from_str_radix(sender.trace_id, 16).ok()?;
            Some((trace, u64::from_str_radix(sender.parent_id, 16).ok()?, sender.is_sampled))
        });
        if let Some((trace, parent, is_sampled)) = sender {
            return (Place { trace, span, parent: Some(parent) }, is_sampled);
        }
        let trace = u128::from_be_bytes(self.random.bytes());
        (Place { trace, span, parent: None }, self.ratio.takes(trace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;

    fn tracer(ratio: &str) -> Tracer {
        Tracer { ratio: Ratio::parse(ratio).unwrap(), random: Random::insecure_seeded(16) }
    }

    #[test]
    fn the_sender_decides_whatever_the_share_is() {
        for ratio in ["0", "1.0"] {
            for (flags, expected) in [("00", false), ("01", true)] {
                let header = format!("00-{TRACE:032x}-00f067aa0ba902b7-{flags}");
                let headers =
                    HeaderMap::from_iter([("traceparent".parse().unwrap(), header.parse().unwrap())]);
                let (place, is_sampled) = tracer(ratio).place(&headers);
                assert_eq!((place.trace, place.parent), (TRACE, Some(0x00f0_67aa_0ba9_02b7)));
                assert_eq!(is_sampled, expected, "{ratio} {flags}");
            }
        }
    }

    #[test]
    fn without_a_sender_the_share_decides() {
        for (ratio, least, most) in [("0", 0, 0), ("0.25", 200, 300), ("1.0", 1000, 1000)] {
            let tracer = tracer(ratio);
            let places: Vec<_> = (0..1000).map(|_| tracer.place(&HeaderMap::new())).collect();
            assert!(places.iter().all(|(place, _)| place.parent.is_none()));
            let sampled = places.iter().filter(|(_, is_sampled)| *is_sampled).count();
            assert!((least..=most).contains(&sampled), "{ratio}: {sampled}");
        }
    }
}
