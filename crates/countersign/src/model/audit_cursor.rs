//! How far somebody has read the audit log, as a text that they keep and bring back.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::base::clock::Timestamp;
use crate::model::seen::{Entry, Seen, ServerRun};

/// How far somebody has read the audit log. Its text is opaque, but for a whole number: that is a place in the log, after
/// the line with this sequence number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditCursor(pub(crate) AuditPlace);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuditPlace {
    /// After this line.
    After(i64),
    /// After what these transactions wrote, in a log that many write.
    Seen {
        run: ServerRun,
        seen: Seen,
        /// When it was read, by the clock of the server.
        read_at: Timestamp,
    },
}

impl AuditCursor {
    /// Before the first line.
    pub const START: Self = Self::after(0);

    /// After the line with this sequence number.
    #[must_use]
    pub const fn after(sequence: i64) -> Self {
        Self(AuditPlace::After(sequence))
    }

    /// For a log that has not given this cursor: from which number and which time on it may have lines that were not
    /// read. Lines come twice rather than not at all.
    pub(crate) fn elsewhere(&self) -> (i64, Timestamp) {
        match &self.0 {
            AuditPlace::After(sequence) => (*sequence, Timestamp::from_unix_millis(i64::MIN)),
            AuditPlace::Seen { read_at, .. } => (0, read_at.minus(IN_DOUBT)),
        }
    }
}

/// Longer than any transaction takes, and than clocks may differ.
const IN_DOUBT: Duration = Duration::from_mins(1);

impl Default for AuditCursor {
    fn default() -> Self {
        Self::START
    }
}

/// Numbers with dots between them: those of transactions as their distance from the largest.
impl fmt::Display for AuditCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AuditPlace::Seen { run, seen, read_at } = &self.0 else {
            let AuditPlace::After(sequence) = self.0 else { return Ok(()) };
            return write!(f, "{sequence}");
        };
        let (at, below) = (read_at.as_unix_millis(), seen.below());
        write!(f, "{at}.{}.{}.{below}.", run.started_at, run.recovered_at)?;
        for (n, number) in seen.running().iter().enumerate() {
            write!(f, "{}{}", if n == 0 { "" } else { "-" }, below - number)?;
        }
        match seen.partly() {
            Some(Entry { transaction, key }) => write!(f, ".{}.{key}", below - transaction),
            None => Ok(()),
        }
    }
}

/// The text is not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of the audit log")]
pub struct InvalidAuditCursor;

impl FromStr for AuditCursor {
    type Err = InvalidAuditCursor;

    fn from_str(text: &str) -> Result<Self, InvalidAuditCursor> {
        let place = match text.parse() {
            Ok(sequence) => AuditPlace::After(sequence),
            Err(_) => seen(text).ok_or(InvalidAuditCursor)?,
        };
        Ok(Self(place))
    }
}

fn seen(text: &str) -> Option<AuditPlace> {
    let parts: Vec<&str> = text.split('.').collect();
    let (read_at, started_at, recovered_at, below, running, partly) = match parts[..] {
        [at, started, recovered, below, running] => (at, started, recovered, below, running, None),
        [at, started, recovered, below, running, transaction, key] => {
            (at, started, recovered, below, running, Some((transaction, key)))
        }
        _ => return None,
    };
    let below: u64 = below.parse().ok()?;
    let number = |distance: &str| below.checked_sub(distance.parse().ok()?);
    let running = running.split('-').filter(|distance| !distance.is_empty());
    let partly = match partly {
        Some((transaction, key)) => Some(Entry { transaction: number(transaction)?, key: key.parse().ok()? }),
        None => None,
    };
    Some(AuditPlace::Seen {
        run: ServerRun { started_at: started_at.parse().ok()?, recovered_at: recovered_at.parse().ok()? },
        seen: Seen::new(below, running.map(number).collect::<Option<_>>()?, partly)?,
        read_at: Timestamp::from_unix_millis(read_at.parse().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let run = ServerRun { started_at: 1, recovered_at: -2 };
        let read_at = Timestamp::from_unix_millis(1_700_000_000_000);
        let place = |seen| AuditPlace::Seen { run, seen, read_at };
        let snapshot = Seen::all_of("5:9:5,7").unwrap();
        let partly = Seen::default().up_to(Entry { transaction: 8, key: 17 }, &snapshot);
        for (place, text) in [
            (AuditPlace::After(17), "17"),
            (place(Seen::default()), "1700000000000.1.-2.0."),
            (place(snapshot), "1700000000000.1.-2.9.4-2"),
            (place(partly), "1700000000000.1.-2.9.4-2.1.17"),
        ] {
            assert_eq!(AuditCursor(place.clone()).to_string(), text);
            assert_eq!(text.parse(), Ok(AuditCursor(place)));
        }
        for wrong in
            ["", "x", "1.2", "1.1.1.9.10", "1.1.1.9.0", "1.1.1.9.4.4", "1.1.1.9.4.0.17", "1.1.1.9.4.4.-1"]
        {
            assert_eq!(wrong.parse::<AuditCursor>(), Err(InvalidAuditCursor), "{wrong}");
        }
    }

    #[test]
    fn elsewhere_lines_come_twice_rather_than_not_at_all() {
        let run = ServerRun { started_at: 1, recovered_at: 1 };
        let read_at = Timestamp::from_unix_millis(100_000);
        let cursor = AuditCursor(AuditPlace::Seen { run, seen: Seen::default(), read_at });
        assert_eq!(cursor.elsewhere(), (0, Timestamp::from_unix_millis(40_000)));
        assert_eq!(AuditCursor::after(7).elsewhere(), (7, Timestamp::from_unix_millis(i64::MIN)));
    }
}
