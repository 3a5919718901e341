//! [`Page`]: what a request for metrics gets, in the format that it asks for.

use std::fmt;

use mediatype::{MediaTypeList, Name, ReadParams as _, names};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

/// A page of metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The `Content-Type` of the response.
    pub content_type: &'static str,
    /// Its body.
    pub body: String,
}

impl Page {
    /// Reads everything in the registry. `accept` is the request's header: whoever does not ask for OpenMetrics 1.0 gets the
    /// older text format of Prometheus (0.0.4), which everything reads.
    ///
    /// # Errors
    /// [`fmt::Error`] when a collector fails.
    pub fn of(registry: &Registry, accept: Option<&str>) -> Result<Self, fmt::Error> {
        let mut body = String::new();
        encode(&mut body, registry)?;
        Ok(if accept.is_some_and(wants_openmetrics) {
            Self { content_type: "application/openmetrics-text; version=1.0.0; charset=utf-8", body }
        } else {
            Self { content_type: "text/plain; version=0.0.4; charset=utf-8", body: as_older_text(&body) }
        })
    }
}

fn wants_openmetrics(accept: &str) -> bool {
    MediaTypeList::new(accept).filter_map(Result::ok).any(|wanted| {
        let quality = Name::new("q").and_then(|q| wanted.get_param(q));
        let is_refused = quality.is_some_and(|q| q.unquoted_str().parse() == Ok(0.0));
        let is_it = wanted.subty.as_str().eq_ignore_ascii_case("openmetrics-text");
        wanted.ty == names::APPLICATION && is_it && !is_refused
    })
}

/// The same in the older format: there the name of a counter has its `_total` in the comments too, and nothing marks the end.
fn as_older_text(text: &str) -> String {
    let mut older = String::with_capacity(text.len());
    let lines: Vec<_> = text.lines().collect();
    for (place, line) in lines.iter().enumerate() {
        // `# HELP name text` stands before `# TYPE name counter`.
        let name = line.split(' ').nth(2).unwrap_or_default();
        let is_counter = |line: &&str| **line == format!("# TYPE {name} counter");
        let older_line = match line {
            line if line.starts_with("# EOF") => continue,
            line if line.starts_with("# TYPE ") && is_counter(line) => format!("# TYPE {name}_total counter"),
            line if line.starts_with("# HELP ") && lines.get(place + 1).is_some_and(is_counter) => {
                line.replacen(name, &format!("{name}_total"), 1)
            }
            line => (*line).to_owned(),
        };
        older.push_str(&older_line);
        older.push('\n');
    }
    older
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::gauge::Gauge;

    use super::*;

    #[test]
    fn the_format_is_the_one_that_is_asked_for() {
        let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                          text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert!(wants_openmetrics(prometheus) && wants_openmetrics("Application/OpenMetrics-Text"));
        for other in
            ["", "*/*", "text/html, */*;q=0.8", "application/openmetrics-text;q=0", "application/json"]
        {
            assert!(!wants_openmetrics(other), "{other}");
        }
    }

    #[test]
    fn either_format_is_what_it_has_to_be() {
        let mut registry = Registry::default();
        let (counter, gauge) = (Counter::<u64>::default(), Gauge::<i64>::default());
        counter.inc_by(3);
        gauge.set(-1);
        registry.register("good", "Good ones", counter);
        registry.register("height", "Above the sea", gauge);
        let [openmetrics, older] =
            [Some("application/openmetrics-text"), None].map(|accept| Page::of(&registry, accept).unwrap());
        assert_eq!(
            openmetrics.body,
            "# HELP good Good ones.\n# TYPE good counter\ngood_total 3\n\
             # HELP height Above the sea.\n# TYPE height gauge\nheight -1\n# EOF\n"
        );
        assert_eq!(
            older.body,
            "# HELP good_total Good ones.\n# TYPE good_total counter\ngood_total 3\n\
             # HELP height Above the sea.\n# TYPE height gauge\nheight -1\n"
        );
        assert!(openmetrics.content_type.starts_with("application/openmetrics-text; version=1.0.0"));
        assert!(older.content_type.starts_with("text/plain; version=0.0.4"));
    }
}
