//! [`Metric`]: a name with its meaning, and how its values are written.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use crate::base::figures::HistogramReading;

/// One metric: a family of series that differ in their labels.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name, as Prometheus stores it: that of a counter ends with `_total`.
    pub name: &'static str,
    /// What it counts.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// The kinds of metrics (OpenMetrics, "Metric Types").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, from 0 at the start of the process.
    Counter,
    /// The state of this moment.
    Gauge,
    /// How many values were in each of some ranges.
    Histogram,
}

impl Kind {
    /// As one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// The labels of a series, in the order of the metric's names, and its value.
pub type Sample = (Vec<String>, Value);

/// The value of a series.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of a counter of events.
    Count(u64),
    /// Of a gauge, and of a counter of seconds.
    Number(f64),
    /// Of a histogram.
    Histogram(HistogramReading),
}

impl Metric {
    /// Writes its series.
    ///
    /// # Errors
    /// [`fmt::Error`] when `encoder` takes nothing.
    pub fn write(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        samples: impl IntoIterator<Item = Sample>,
    ) -> fmt::Result {
        let (name, kind) = match self.kind {
            // The encoder adds what it takes off here.
            Kind::Counter => (self.name.strip_suffix("_total").unwrap_or(self.name), MetricType::Counter),
            Kind::Gauge => (self.name, MetricType::Gauge),
            Kind::Histogram => (self.name, MetricType::Histogram),
        };
        let mut family = encoder.encode_descriptor(name, self.help, None, kind)?;
        for (labels, value) in samples {
            let labels: Vec<_> = self.labels.iter().copied().zip(labels.iter().map(String::as_str)).collect();
            let series = family.encode_family(&labels)?;
            self.write_value(series, value)?;
        }
        Ok(())
    }

    fn write_value(&self, mut series: MetricEncoder<'_>, value: Value) -> fmt::Result {
        match (self.kind, value) {
            (Kind::Counter, Value::Count(count)) => series.encode_counter::<NoLabelSet, _, u64>(&count, None),
            (Kind::Counter, Value::Number(number)) => {
                series.encode_counter::<NoLabelSet, _, f64>(&number, None)
            }
            (_, Value::Count(count)) => series.encode_gauge(&count),
            (_, Value::Number(number)) => series.encode_gauge(&number),
            (_, Value::Histogram(read)) => {
                series.encode_histogram::<NoLabelSet>(read.sum, read.count(), &read.ranges, None)
            }
        }
    }
}
