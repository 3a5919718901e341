//! How often a value was in each of some ranges.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The ranges of a histogram.
#[derive(Debug)]
pub(crate) struct Scale {
    /// The upper end of each range, included; a last range has no end.
    ends: &'static [u64],
    /// How many of these are one in the unit that is shown.
    per_unit: f64,
}

/// From a tenth of a millisecond to ten seconds.
pub(crate) const LATENCIES: Scale = Scale {
    ends: &[
        100_000,
        250_000,
        500_000,
        1_000_000,
        2_500_000,
        5_000_000,
        10_000_000,
        25_000_000,
        50_000_000,
        100_000_000,
        250_000_000,
        500_000_000,
        1_000_000_000,
        2_500_000_000,
        10_000_000_000,
    ],
    per_unit: 1e9,
};
/// Of batches.
pub(crate) const SIZES: Scale = Scale { ends: &[1, 2, 4, 8, 16, 32, 64, 128, 256], per_unit: 1.0 };

/// Counts values by their range.
#[derive(Debug)]
pub(crate) struct Histogram {
    scale: &'static Scale,
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// What a histogram has counted, in the unit that is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramReading {
    /// The upper end of each range, and how many values were in it and in no earlier one. The last has no end.
    pub ranges: Vec<(f64, u64)>,
    /// All values together.
    pub sum: f64,
}

impl HistogramReading {
    /// How many values there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.ranges.iter().map(|(_, count)| count).sum()
    }
}

impl Histogram {
    /// Has counted nothing.
    #[must_use]
    pub(crate) fn new(scale: &'static Scale) -> Self {
        let counts = (0..=scale.ends.len()).map(|_| AtomicU64::new(0)).collect();
        Self { scale, counts, sum: AtomicU64::new(0) }
    }

    /// Counts a duration, on a scale of [`LATENCIES`].
    pub(crate) fn observe(&self, duration: Duration) {
        self.count(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Counts a value in the unit of the scale's ends.
    pub(crate) fn count(&self, value: u64) {
        let range = self.scale.ends.partition_point(|end| *end < value);
        if let Some(count) = self.counts.get(range) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// What it has counted.
    #[must_use]
    pub(crate) fn read(&self) -> HistogramReading {
        let shown = |value: u64| as_f64(value) / self.scale.per_unit;
        let ends = self.scale.ends.iter().map(|end| shown(*end)).chain([f64::INFINITY]);
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        HistogramReading { ranges: ends.zip(counts).collect(), sum: shown(self.sum.load(Ordering::Relaxed)) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "from 2^53 on, a metric is good enough in the nearest double")]
fn as_f64(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_at_the_end_of_a_range_is_in_it() {
        let sizes = Histogram::new(&SIZES);
        for size in [1, 2, 3, 4, 256, 257] {
            sizes.count(size);
        }
        let read = sizes.read();
        let counted: Vec<_> = read.ranges.iter().filter(|(_, count)| *count > 0).copied().collect();
        assert_eq!(counted, [(1.0, 1), (2.0, 1), (4.0, 2), (256.0, 1), (f64::INFINITY, 1)]);
        assert_eq!((read.count(), read.sum.to_bits()), (6, 523_f64.to_bits()));
    }

    #[test]
    fn a_duration_is_shown_in_seconds() {
        let latencies = Histogram::new(&LATENCIES);
        latencies.observe(Duration::from_millis(250));
        let read = latencies.read();
        assert_eq!((read.ranges[10], read.sum.to_bits()), ((0.25, 1), 0.25_f64.to_bits()));
    }
}
