//! Counts and durations for metrics. Counting is an atomic addition: it waits for nobody and takes no memory. What is counted
//! stands beside the decision; `metrics/` reads it.

mod histogram;
mod requests;

use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(feature = "metrics")]
pub use self::histogram::HistogramReading;
pub(crate) use self::histogram::{Histogram, LATENCIES, SIZES};
pub(crate) use self::requests::Requests;

/// Something that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub(crate) fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of a few values that are known beforehand. Nothing that comes from a request can be one.
pub(crate) trait Label: Copy + PartialEq + 'static {
    /// All of them.
    const LABELS: &'static [Self];

    /// How it is shown.
    fn label(self) -> &'static str;
}

/// Defines an enum of labels.
macro_rules! labels {
    (
        $(#[$doc:meta])*
        $vis:vis enum $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $label:literal,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $type { $($(#[$variant_doc])* $variant,)* }

        impl $crate::base::figures::Label for $type {
            const LABELS: &'static [Self] = &[$(Self::$variant,)*];

            fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }
    };
}

pub(crate) use labels;

/// A count for each label.
#[derive(Debug)]
pub(crate) struct Counts<L: 'static> {
    labels: &'static [L],
    counts: Box<[Counter]>,
}

impl<L: Label> Default for Counts<L> {
    fn default() -> Self {
        Self { labels: L::LABELS, counts: L::LABELS.iter().map(|_| Counter::default()).collect() }
    }
}

impl<L: Label> Counts<L> {
    /// One more with this label.
    pub(crate) fn increment(&self, label: L) {
        let place = self.labels.iter().position(|known| *known == label);
        if let Some(count) = place.and_then(|place| self.counts.get(place)) {
            count.increment();
        }
    }

    /// How many there were with this label.
    pub(crate) fn get(&self, label: L) -> u64 {
        self.all().find(|(known, _)| *known == label).map_or(0, |(_, count)| count)
    }

    /// How many there were with each.
    pub(crate) fn all(&self) -> impl Iterator<Item = (L, u64)> {
        self.labels.iter().copied().zip(self.counts.iter().map(Counter::get))
    }
}
