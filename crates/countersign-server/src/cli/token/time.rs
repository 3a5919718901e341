//! Describes the times in tokens.

use std::ops::RangeInclusive;

use crate::output::local_time;

/// 1970-01-01 to 9999-12-31: what verifiers accept.
pub(super) const TIMES: RangeInclusive<i64> = 0..=253_402_300_799;

/// `2026-11-24 02:47:03 +00:00   in 4 min`.
pub(super) fn moment(seconds: i64, now: i64) -> String {
    if TIMES.contains(&seconds) {
        format!("{}   {}", local_time(seconds), relative(seconds - now))
    } else {
        "not between 1970 and 9999: is it in milliseconds?".to_owned()
    }
}

/// `in 4 min`, `3 h ago`.
fn relative(seconds: i64) -> String {
    let size = seconds.unsigned_abs();
    let amount = match size {
        0 => return "now".to_owned(),
        1..60 => format!("{size} s"),
        60..3_600 => format!("{} min", size / 60),
        3_600..172_800 => format!("{} h", size / 3_600),
        _ => format!("{} days", size / 86_400),
    };
    if seconds > 0 { format!("in {amount}") } else { format!("{amount} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_in_the_unit_that_people_would_use() {
        for (seconds, text) in [
            (0, "now"),
            (59, "in 59 s"),
            (240, "in 4 min"),
            (-7_200, "2 h ago"),
            (172_800, "in 2 days"),
            (i64::MIN, "106751991167300 days ago"),
        ] {
            assert_eq!(relative(seconds), text);
        }
    }
}
