//! Sends traces to a collector of OpenTelemetry, by OTLP over HTTP in JSON (`otlp.url`, feature `otlp`): a span for each request
//! (`request`) and one for each operation of the store, from those of `tracing` (`layer`). A thread of its own sends them
//! (`sender`) in the form of OpenTelemetry's protocol (`json`).
//!
//! No request ever waits for that: what does not fit into the queue is counted and left out. docs/decisions/0045 says why this is
//! no library.

mod json;
mod layer;
mod request;
mod sender;
mod span;

use std::sync::mpsc;

use countersign::{Clock, Random, RequestId};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use self::json::Resource;
use self::layer::SpanLayer;
pub(crate) use self::request::{Tracer, trace};
pub(crate) use self::sender::Flush;
use self::sender::{Collector, QUEUE, Queue};
use crate::config::Config;

/// Starts the thread, if a collector is configured: gives what hears of spans, and what sends the last of them.
///
/// # Errors
/// The system gives no thread.
pub(crate) fn start<S>(config: &Config) -> anyhow::Result<Option<(impl Layer<S> + use<S>, Flush)>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let Some(url) = &config.otlp_url else { return Ok(None) };
    let (sender, receiver) = mpsc::sync_channel(QUEUE);
    let queue = Queue::new(sender);
    let instance_id = RequestId::random(&Random::system()).to_string();
    let resource = Resource { version: env!("CARGO_PKG_VERSION"), instance_id };
    let collector = Collector::new(url.0.clone(), resource, &queue);
    std::thread::Builder::new().name("otlp".into()).spawn(move || collector.run(&receiver))?;
    let flush = queue.flush();
    let layer = SpanLayer::new(Clock::system(), Random::system(), queue);
    Ok(Some((layer.with_filter(layer::wanted()), flush)))
}
