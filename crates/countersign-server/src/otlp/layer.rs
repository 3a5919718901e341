//! What hears of the spans of `tracing`: keeps where each is in its trace while it is open, and queues it when it ends. A span of the
//! store outside a request that is exported is not exported.

use std::fmt::Debug;
use std::time::Duration;

use countersign::{Clock, Random};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::sender::Queue;
use super::span::{Ended, Place, What};

/// The target of the spans that `request` makes. The log never has them: it takes no others than ours below `info`.
pub(super) const TARGET: &str = "otlp";

/// The spans that are exported.
pub(super) fn wanted() -> FilterFn {
    let is_wanted = |metadata: &Metadata<'_>| {
        let is_of_store = metadata.name() == "store" && metadata.target().starts_with("countersign::store");
        metadata.is_span() && (metadata.target() == TARGET || is_of_store)
    };
    filter_fn(is_wanted as fn(&Metadata<'_>) -> bool).with_max_level_hint(LevelFilter::DEBUG)
}

/// The layer.
pub(super) struct SpanLayer {
    clock: Clock,
    random: Random,
    queue: Queue,
}

/// A span that has not ended.
struct Open {
    place: Place,
    what: What,
    start: Instant,
    /// When the response began.
    end: Option<Duration>,
}

/// An instant by both clocks.
#[derive(Clone, Copy)]
struct Instant {
    unix_nanos: u64,
    monotonic: Duration,
}

impl Instant {
    /// A later one. All of a trace are counted from its first, so a clock that is set leaves no child outside its parent.
    fn at(self, monotonic: Duration) -> Self {
        let passed = monotonic.saturating_sub(self.monotonic).as_nanos();
        let passed = u64::try_from(passed).unwrap_or(u64::MAX);
        Self { unix_nanos: self.unix_nanos.saturating_add(passed), monotonic }
    }
}

impl SpanLayer {
    pub(super) const fn new(clock: Clock, random: Random, queue: Queue) -> Self {
        Self { clock, random, queue }
    }

    fn now(&self) -> Instant {
        let millis = u64::try_from(self.clock.now().as_unix_millis()).unwrap_or_default();
        Instant { unix_nanos: millis.saturating_mul(1_000_000), monotonic: self.clock.monotonic() }
    }

    fn child(&self, parent: &Open, verb: String) -> Open {
        let span = u64::from_be_bytes(self.random.bytes());
        let place = Place { span, parent: Some(parent.place.span), ..parent.place };
        Open { place, what: What::Store(verb), start: parent.start.at(self.clock.monotonic()), end: None }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for SpanLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let open = if attributes.metadata().target() == TARGET {
            fields.request(self.now())
        } else {
            let child = |verb: String| {
                let mut outer = span.scope().skip(1);
                outer.find_map(|outer| Some(self.child(outer.extensions().get()?, verb.clone())))
            };
            fields.verb.take().and_then(child)
        };
        if let Some(open) = open {
            span.extensions_mut().insert(open);
        }
    }

    /// The response begins. The span may be open for longer, in a task that goes on.
    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        values.record(&mut fields);
        if let Some(open) = span.extensions_mut().get_mut::<Open>()
            && let What::Request { status, .. } = &mut open.what
        {
            *status = fields.status;
            open.end = Some(self.clock.monotonic());
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let open = context.span(&id).and_then(|span| span.extensions_mut().remove::<Open>());
        let Some(Open { place, what, start, end }) = open else { return };
        let end = start.at(end.unwrap_or_else(|| self.clock.monotonic())).unix_nanos;
        self.queue.push(Ended { place, what, start: start.unix_nanos, end });
    }
}

/// The fields of a span that mean something here.
#[derive(Default)]
struct Fields {
    trace_id: Option<u128>,
    span_id: Option<u64>,
    parent_id: Option<u64>,
    method: Option<String>,
    route: Option<String>,
    status: Option<u16>,
    verb: Option<String>,
}

impl Fields {
    fn request(self, start: Instant) -> Option<Open> {
        let place = Place { trace: self.trace_id?, span: self.span_id?, parent: self.parent_id };
        let what = What::Request { method: self.method?, route: self.route, status: None };
        Some(Open { place, what, start, end: None })
    }
}

impl Visit for Fields {
    fn record_u128(&mut self, field: &Field, value: u128) {
        if field.name() == "trace_id" {
            self.trace_id = Some(value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "span_id" => self.span_id = Some(value),
            "parent_id" => self.parent_id = Some(value),
            "status" => self.status = u16::try_from(value).ok(),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "method" => self.method = Some(value.to_owned()),
            "route" => self.route = Some(value.to_owned()),
            "verb" => self.verb = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, sync_channel};

    use countersign::Timestamp;
    use tracing::field::Empty;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::otlp::sender::Message;

    fn heard(spans: impl FnOnce(&Clock)) -> Vec<Ended> {
        let (sender, receiver): (_, Receiver<Message>) = sync_channel(9);
        let clock = Clock::manual(Timestamp::from_unix_millis(1_000));
        let layer = SpanLayer::new(clock.clone(), Random::insecure_seeded(1), Queue::new(sender));
        let registry = tracing_subscriber::registry().with(layer.with_filter(wanted()));
        tracing::subscriber::with_default(registry, || spans(&clock));
        let ended = receiver.try_iter();
        ended.map(|message| if let Message::Span(span) = message { span } else { panic!() }).collect()
    }

    /// What is between, such as the span of the log, is not exported, and hides nothing.
    #[test]
    fn a_span_of_the_store_is_in_its_request() {
        let spans = heard(|clock| {
            let request = tracing::debug_span!(
                target: TARGET, "request", trace_id = 5_u128, span_id = 6_u64, parent_id = 7_u64, method = "GET",
                route = None::<&str>, status = Empty
            );
            request.in_scope(|| {
                tracing::error_span!("request", request_id = "x").in_scope(|| {
                    clock.advance(Duration::from_millis(1));
                    let verb = "account";
                    let store = tracing::debug_span!(target: "countersign::store::sqlite", "store", verb);
                    clock.advance(Duration::from_millis(2));
                    drop(store);
                });
            });
            request.record("status", 204_u16);
            clock.advance(Duration::from_millis(4)); // a task of it goes on
        });
        let [store, request] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!(request.place, Place { trace: 5, span: 6, parent: Some(7) });
        let what = What::Request { method: "GET".into(), route: None, status: Some(204) };
        assert_eq!((&request.what, request.start, request.end), (&what, 1_000_000_000, 1_003_000_000));
        assert_eq!((store.place.trace, store.place.parent), (5, Some(6)));
        assert_eq!(store.what, What::Store("account".into()));
        assert_eq!((store.start, store.end), (1_001_000_000, 1_003_000_000));
    }

    #[test]
    fn what_belongs_to_no_request_is_not_exported() {
        let spans = heard(|_| {
            let verb = "clean_up";
            tracing::debug_span!(target: "countersign::store::postgres", "store", verb).in_scope(|| {
                tracing::error_span!("request", request_id = "x").in_scope(|| {
                    tracing::error!(target: TARGET, "request");
                });
            });
        });
        assert_eq!(spans, []);
    }
}
