//! `/metrics` on a listener of its own (OP-5): what the library counts, and what only the process knows.

mod process;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use countersign::http;
use countersign::metrics::prometheus_client::collector::Collector;
use countersign::metrics::prometheus_client::encoding::DescriptorEncoder;
use countersign::metrics::prometheus_client::registry::Registry;
use countersign::metrics::{Kind, Metric, Metrics, Page, Value};

use crate::net::listen::Connections;
use crate::net::tls::Tls;
use crate::serve::instance::Instance;

/// The router of that listener.
pub(crate) fn router(
    instance: &Arc<Instance>,
    connections: &Arc<Connections>,
    tls: Option<&Arc<Tls>>,
) -> Router {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Metrics::new(Arc::clone(instance))));
    let (connections, tls) = (Arc::clone(connections), tls.map(Arc::clone));
    registry.register_collector(Box::new(OfServer { connections, tls }));
    let router = Router::new().route("/metrics", get(page)).with_state(Arc::new(registry));
    router.fallback(http::not_found).method_not_allowed_fallback(http::method_not_allowed)
}

async fn page(State(registry): State<Arc<Registry>>, request: HeaderMap) -> Response {
    let accept = request.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    match Page::of(&registry, accept) {
        Ok(Page { content_type, body }) => {
            let headers = [
                (header::CONTENT_TYPE, content_type),
                (header::CACHE_CONTROL, "no-store"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::VARY, "accept"),
            ];
            (headers, body).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

struct OfServer {
    connections: Arc<Connections>,
    tls: Option<Arc<Tls>>,
}

impl Collector for OfServer {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let to = &mut encoder;
        let one = |value| [(Vec::new(), value)];
        BUILD_INFO.write(to, [(vec![env!("CARGO_PKG_VERSION").to_owned()], Value::Count(1))])?;
        CONNECTIONS.write(to, one(Value::Count(self.connections.open())))?;
        CONNECTIONS_REFUSED.write(to, one(Value::Count(self.connections.refused())))?;
        let expires_at = self.tls.as_ref().and_then(|tls| tls.expires_at());
        CERTIFICATE_EXPIRY.write(to, expires_at.map(|at| (Vec::new(), Value::Count(at))))?;
        for (metric, value) in process::read() {
            metric.write(to, one(value))?;
        }
        Ok(())
    }
}

impl fmt::Debug for OfServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfServer").finish_non_exhaustive()
    }
}

const BUILD_INFO: Metric = Metric {
    name: "countersign_build_info",
    kind: Kind::Gauge,
    labels: &["version"],
    help: "Always 1; the version is a label.",
};
const CONNECTIONS: Metric = Metric {
    name: "countersign_connections",
    kind: Kind::Gauge,
    labels: &[],
    help: "Connections of clients.",
};
const CONNECTIONS_REFUSED: Metric = Metric {
    name: "countersign_connections_refused_total",
    kind: Kind::Counter,
    labels: &[],
    help: "Connections that were closed at once, because their client had too many.",
};
const CERTIFICATE_EXPIRY: Metric = Metric {
    name: "countersign_tls_certificate_expiry_timestamp_seconds",
    kind: Kind::Gauge,
    labels: &[],
    help: "When the certificate that is in use expires, in Unix seconds. Nothing if this server does no TLS.",
};

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use countersign::metrics::METRICS;

    use super::*;

    fn all() -> impl Iterator<Item = &'static Metric> {
        let own = [&BUILD_INFO, &CONNECTIONS, &CONNECTIONS_REFUSED, &CERTIFICATE_EXPIRY];
        METRICS.iter().chain(own).chain(process::METRICS)
    }

    /// The list of metrics in the guide is the one of the program.
    #[test]
    fn every_metric_is_in_the_guide() {
        let mut table = String::from("| Metric | Kind | Labels | What it says |\n|---|---|---|---|\n");
        for Metric { name, kind, labels, help } in all() {
            let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
            writeln!(table, "| `{name}` | {} | {} | {help} |", kind.name(), labels.join(", ")).unwrap();
        }
        let guide = include_str!("../../../../../docs/guides/operating.md");
        assert!(guide.contains(&table), "put this into docs/guides/operating.md:\n{table}");
    }
}
