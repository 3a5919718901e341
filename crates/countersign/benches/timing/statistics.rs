//! Whether one kind of request takes another time than another: the median of the differences within a round, with a 99 %
//! bootstrap interval.

use countersign::internal::base::random::Random;

use crate::Error;

const DEFAULT_SAMPLES: usize = 1_000;
const DEFAULT_RUNS: usize = 3;
const RESAMPLES: usize = 2_000;

/// What the command line asks for.
#[derive(Clone, Copy)]
pub(crate) struct How {
    /// A short look.
    pub(crate) smoke: bool,
    pub(crate) samples: usize,
    pub(crate) runs: usize,
}

impl How {
    pub(crate) fn asked_for() -> Self {
        let smoke = std::env::args().any(|argument| argument == "--smoke");
        let samples = number("--samples").unwrap_or(if smoke { 100 } else { DEFAULT_SAMPLES });
        Self { smoke, samples, runs: number("--runs").unwrap_or(DEFAULT_RUNS) }
    }

    /// Whether a kind of request told something in as many runs as it should: a control in all, any other in one of three at
    /// most.
    pub(crate) fn judge(self, name: &str, is_control: bool, told: usize) -> Result<(), Error> {
        if is_control && told < self.runs {
            return Err(format!("the control {name} was caught in {told} of {} runs only", self.runs).into());
        }
        if !is_control && told > self.runs / 3 {
            return Err(format!("{name} can be told from what it is compared with").into());
        }
        Ok(())
    }
}

fn number(name: &str) -> Option<usize> {
    std::env::args().skip_while(|argument| argument != name).nth(1)?.parse().ok()
}

/// By how much one kind of request took longer than another, in seconds.
pub(crate) struct Difference {
    median: f64,
    low: f64,
    high: f64,
}

impl Difference {
    /// Of times that were taken in the same rounds.
    pub(crate) fn of(took: &[f64], like: &[f64], run: usize) -> Self {
        let differences: Vec<f64> = took.iter().zip(like).map(|(took, like)| took - like).collect();
        let (low, high) = interval(&differences, &Random::insecure_seeded(run as u64));
        Self { median: median(&differences), low, high }
    }

    /// What tells nothing has nothing in its interval that proves a greater difference than is tolerated.
    pub(crate) fn tells(&self, tolerated: f64) -> bool {
        self.low > tolerated || self.high < -tolerated
    }

    /// As so many of a unit.
    pub(crate) fn in_words(&self, tolerated: f64, (unit, name): (f64, &str)) -> String {
        let [gap, low, high] = [self.median, self.low, self.high].map(|seconds| seconds / unit);
        let verdict = if self.tells(tolerated) { "tells" } else { "tells nothing" };
        format!("{gap:+8.2} {name} ({low:+8.2} .. {high:+8.2})  {verdict}")
    }
}

/// The 99 % bootstrap interval of the median.
fn interval(differences: &[f64], random: &Random) -> (f64, f64) {
    let mut medians: Vec<f64> = (0..RESAMPLES).map(|_| median(&resampled(differences, random))).collect();
    medians.sort_by(f64::total_cmp);
    let at = |per_mille: usize| medians.get(RESAMPLES * per_mille / 1000).copied().unwrap_or_default();
    (at(5), at(995))
}

fn resampled(values: &[f64], random: &Random) -> Vec<f64> {
    let pick = |_| {
        let index = u64::from_le_bytes(random.bytes()) % values.len().max(1) as u64;
        usize::try_from(index).ok().and_then(|index| values.get(index)).copied().unwrap_or_default()
    };
    (0..values.len()).map(pick).collect()
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
