//! How long requests took, by method, route and status.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::histogram::{Histogram, HistogramReading, LATENCIES};

/// Durations of requests. A series is made when its first request comes; after that, looking it up takes no lock.
///
/// A route is a pattern of a router, such as `/api/sessions/{id}`, and never a path that somebody asked for. So there are only as
/// many as the program has.
#[derive(Debug, Default)]
pub(crate) struct Requests(ArcSwap<HashMap<Box<str>, Arc<Route>>>);

/// The series of one route, in the order of their first requests.
#[derive(Debug)]
struct Route([OnceLock<Box<Series>>; MOST]);

#[derive(Debug)]
struct Series {
    method: &'static str,
    status: u16,
    durations: Histogram,
}

/// The requests with one method, route and status.
#[derive(Debug)]
pub(crate) struct RequestSeries {
    /// The method, or `_OTHER`.
    pub(crate) method: &'static str,
    /// The pattern of the route.
    pub(crate) route: Box<str>,
    /// The status of the responses.
    pub(crate) status: u16,
    /// From the request's header to the response's, in seconds.
    pub(crate) durations: HistogramReading,
}

impl Requests {
    /// Counts a request.
    pub(crate) fn observe(&self, method: &'static str, route: &str, status: u16, duration: Duration) {
        if let Some(known) = self.0.load().get(route) {
            return known.observe(method, status, duration);
        }
        self.0.rcu(|routes| {
            let mut routes = HashMap::clone(routes);
            routes.entry(route.into()).or_default();
            routes
        });
        if let Some(known) = self.0.load().get(route) {
            known.observe(method, status, duration);
        }
    }

    /// All series, by route.
    pub(crate) fn read(&self) -> Vec<RequestSeries> {
        let mut all = Vec::new();
        for (route, series) in &**self.0.load() {
            all.extend(series.0.iter().filter_map(OnceLock::get).map(|series| RequestSeries {
                method: series.method,
                route: route.clone(),
                status: series.status,
                durations: series.durations.read(),
            }));
        }
        all.sort_by(|a, b| (&a.route, a.method, a.status).cmp(&(&b.route, b.method, b.status)));
        all
    }
}

impl Route {
    fn observe(&self, method: &'static str, status: u16, duration: Duration) {
        for series in &self.0 {
            let new = || Box::new(Series { method, status, durations: Histogram::new(&LATENCIES) });
            let series = series.get_or_init(new);
            if series.method == method && series.status == status {
                return series.durations.observe(duration);
            }
        }
    }
}

impl Default for Route {
    fn default() -> Self {
        Self(std::array::from_fn(|_| OnceLock::new()))
    }
}

/// More pairs of a method and a status than any route has. What comes beyond is not counted: the memory is bounded.
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_found_again() {
        let requests = Requests::default();
        for (method, route, status) in [
            ("GET", "/b", 200),
            ("GET", "/b", 404),
            ("POST", "/b", 200),
            ("GET", "/a", 200),
            ("GET", "/b", 200),
        ] {
            requests.observe(method, route, status, Duration::from_millis(1));
        }
        let read = requests.read();
        let read: Vec<_> =
            read.iter().map(|it| (it.method, &*it.route, it.status, it.durations.count())).collect();
        let expected =
            [("GET", "/a", 200, 1), ("GET", "/b", 200, 2), ("GET", "/b", 404, 1), ("POST", "/b", 200, 1)];
        assert_eq!(read, expected);
    }

    #[test]
    fn more_series_than_a_route_can_have_are_left_out() {
        let requests = Requests::default();
        for status in 100..900 {
            requests.observe("GET", "/", status, Duration::ZERO);
        }
        assert_eq!(requests.read().len(), MOST);
    }
}
