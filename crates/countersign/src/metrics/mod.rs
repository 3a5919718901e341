//! Figures for Prometheus: sign-ins, refreshes, sessions, hashing, the store, the feed, keys and requests, in the OpenMetrics
//! format (feature `metrics`). No label holds a user, a session or an address, and none a path: routes are those of the router.
//!
//! ```
//! # use std::sync::Arc;
//! # use countersign::{Countersign, store::sqlite::SqliteStore};
//! use countersign::metrics::{Metrics, Page, prometheus_client::registry::Registry};
//!
//! # fn registry(auth: Arc<Countersign<SqliteStore>>) {
//! let mut registry = Registry::default(); // with the metrics of your application
//! registry.register_collector(Box::new(Metrics::new(auth)));
//! let page = Page::of(&registry, Some("application/openmetrics-text")); // for each request
//! # }
//! ```
//!
//! Serve the page where only the monitoring can reach it. [`METRICS`] lists what is on it.

mod collect;
mod list;
mod metric;
mod page;

pub use prometheus_client;

pub use self::collect::Metrics;
pub use self::list::METRICS;
pub use self::metric::{Kind, Metric, Sample, Value};
pub use self::page::Page;
pub use crate::base::figures::HistogramReading;
