//! The contract for what has happened, as an overview shows it.

use super::answer::{Answer, Sealed};
use crate::model::activity::{Activity, ActivityQuery, ActivityRow};

/// Keeps figures by the minute and by the hour: little, and not for long (see [`sweep`](super::Upkeep::sweep)).
pub trait ActivityStore: Sealed {
    /// Adds what one process has noted to what is there, in every grain, by
    /// `Figure::combine` of `model::activity`. What others add at the same time is not lost.
    /// After an error it may be there all the same, if the connection broke at its end: repeated, that minute is counted
    /// twice, which a picture can bear.
    fn add_activity(&self, noted: Activity) -> impl Answer<()>;

    /// What was recorded, at most one row for each step and outcome, in any order. Figures of a newer version of the
    /// program are left out.
    fn activity(&self, query: ActivityQuery) -> impl Answer<Vec<ActivityRow>>;
}
