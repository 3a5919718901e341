//! What each row must be, as ratios: absolute times are the machine's.

use countersign_jwt::Algorithm;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Sign,
    Verify,
    /// An access token and the DPoP proof that comes with it, by a guard.
    Prove,
}

impl Operation {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Verify => "verify",
            Self::Prove => "prove",
        }
    }
}

/// The bars that `figures` (names and times; the bare call comes first, then ours) do not meet.
pub(crate) fn missed(algorithm: Algorithm, operation: Operation, figures: &[(&str, f64)]) -> Vec<String> {
    let [(_, bare), (_, ours), others @ ..] = figures else {
        return vec!["nothing to compare".to_owned()];
    };
    let mut missed = Vec::new();
    let mut bar = |name: &str, yardstick: f64, most: f64| {
        if *ours > most * yardstick {
            missed.push(format!("{:.3} x {name}, at most {most}", ours / yardstick));
        }
    };
    // A keyed hash takes half a microsecond: there, the JSON is most of the time whoever reads it.
    if !algorithm.is_symmetric() {
        bar("bare", *bare, if operation == Operation::Prove { 1.3 } else { 1.15 });
    }
    for (name, time) in others {
        let is_best_known =
            (algorithm, operation, *name) == (Algorithm::Hs256, Operation::Verify, "jsonwebtoken");
        bar(name, *time, if is_best_known { 0.8 } else { NOISE });
    }
    missed
}

/// Never slower than another library; two runs of the same code differ by this much.
const NOISE: f64 = 1.05;
