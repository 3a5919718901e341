//! Instants and spans of time in sentences. A mail is read anywhere, so its times are in UTC and say so.

use std::time::Duration;

use fluent_bundle::FluentArgs;

use crate::base::clock::Timestamp;
use crate::render::words::Words;

/// "30 November 2026, 00:38 UTC".
pub(super) fn date_time(words: &Words, language: &str, at: Timestamp) -> Result<String, String> {
    let instant =
        jiff::Timestamp::from_millisecond(at.as_unix_millis()).map_err(|error| error.to_string())?;
    let civil = jiff::tz::Offset::UTC.to_datetime(instant);
    let month = words.say(language, &format!("month-{}", civil.month()), &FluentArgs::new())?;
    let mut values = FluentArgs::new();
    values.set("day", i64::from(civil.day()));
    values.set("month", month);
    values.set("year", civil.year().to_string()); // a number would get a separator in some languages
    values.set("time", format!("{:02}:{:02}", civil.hour(), civil.minute()));
    words.say(language, "date-time", &values)
}

/// "within 30 minutes": to the nearest minute below two hours, to the nearest hour below two days.
pub(super) fn within(words: &Words, language: &str, span: Duration) -> Result<String, String> {
    let seconds = span.as_secs();
    let rounded = |unit: u64| (seconds + unit / 2) / unit;
    let (message, count) = match (rounded(MINUTE), rounded(HOUR)) {
        (minutes, _) if minutes < 120 && minutes != 60 => ("within-minutes", minutes.max(1)),
        (_, hours) if hours < 48 => ("within-hours", hours),
        _ => ("within-days", rounded(24 * HOUR)),
    };
    let mut values = FluentArgs::new();
    values.set("count", i64::try_from(count).unwrap_or(i64::MAX));
    words.say(language, message, &values)
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
