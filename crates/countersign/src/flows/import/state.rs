//! Whether an account is disabled, from whatever a system calls it. The words are in two tables; a word in neither is
//! no answer, because a guess could let somebody in who was shut out.

use jiff::civil::Date;
use serde_json::Value;

use super::words::{is_in, normal, words};
use crate::base::clock::Timestamp;

/// What a column says about the state of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateKind {
    /// A word for the state: `active`, `suspended`.
    Words,
    /// Yes, or the time since when, is disabled: `banned`, `deleted_at`.
    Disabled,
    /// No, or nothing, is disabled: `is_active`.
    Enabled,
    /// The time until when it is disabled: `banned_until`.
    DisabledUntil,
    /// The time from which it is disabled: `expires_at`.
    Expires,
}

/// What one value says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Enabled,
    Disabled,
    /// Nobody knows; the word is for the report.
    Unknown(String),
}

/// Words that were decided by the person who imports: `true` is disabled.
pub(super) type Decided = [(String, bool)];

/// What a column of this name says about the state, if anything.
pub(super) fn kind_of(column: &str) -> Option<StateKind> {
    let all = words(column);
    let is_until = all.iter().any(|word| is_in(UNTIL, word));
    let is_negated = all.iter().any(|word| matches!(word.as_str(), "not" | "non"));
    let may = all.iter().any(|word| matches!(word.as_str(), "can" | "may"));
    let stem: String = all.iter().map(String::as_str).filter(|word| !is_particle(word)).collect();
    let kind = match stem.as_str() {
        "" if is_until => return Some(StateKind::Expires),
        "" if may => return Some(StateKind::Enabled),
        "status" | "state" | "standing" | "lifecycle" => return Some(StateKind::Words),
        stem if is_in(OPEN, stem) && is_until => return Some(StateKind::Expires),
        stem if is_in(BLOCKED, stem) && is_until => return Some(StateKind::DisabledUntil),
        stem if is_in(OPEN, stem) => StateKind::Enabled,
        stem if is_in(BLOCKED, stem) => StateKind::Disabled,
        _ => return None,
    };
    Some(match (kind, is_negated) {
        (StateKind::Enabled, true) => StateKind::Disabled,
        (StateKind::Disabled, true) => StateKind::Enabled,
        (kind, _) => kind,
    })
}

/// What a value in such a column says. `now` is what a time is compared with.
pub(super) fn state(kind: StateKind, value: &Value, decided: &Decided, now: Timestamp) -> State {
    let text = match value {
        Value::Null => String::new(),
        Value::Bool(said) => said.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_lowercase(),
        Value::Array(_) | Value::Object(_) => return State::Unknown("a list".to_owned()),
    };
    let of = |is_disabled: bool| if is_disabled { State::Disabled } else { State::Enabled };
    if let Some((_, disabled)) = decided.iter().find(|(word, _)| word.trim().to_lowercase() == text) {
        return of(*disabled);
    }
    let is_set = says(&text);
    let word = normal(&text);
    let by_word = match word.as_str() {
        word if is_in(BLOCKED, word) => Some(State::Disabled),
        word if is_in(OPEN, word) => Some(State::Enabled),
        _ => None,
    };
    let unknown = || State::Unknown(text.clone());
    match (kind, is_set) {
        (StateKind::Enabled, Said::Nothing) => unknown(),
        (StateKind::Enabled, Said::Yes | Said::Time(_))
        | (StateKind::Disabled | StateKind::DisabledUntil | StateKind::Expires, Said::Nothing | Said::No) => {
            State::Enabled
        }
        (StateKind::Enabled, Said::No)
        | (StateKind::Disabled, Said::Yes | Said::Time(_))
        | (StateKind::DisabledUntil, Said::Yes) => State::Disabled,
        (StateKind::DisabledUntil, Said::Time(when)) => of(when.is_none_or(|when| when >= today(now))),
        (StateKind::Expires, Said::Time(when)) => of(when.is_some_and(|when| when <= today(now))),
        (StateKind::DisabledUntil | StateKind::Expires, Said::Other) if is_in(FOR_EVER, &word) => {
            of(kind == StateKind::DisabledUntil)
        }
        _ => by_word.unwrap_or_else(unknown),
    }
}

/// What a text says that is read as yes, no or a time.
enum Said {
    Nothing,
    Yes,
    No,
    /// A day, or a time further away than a calendar reaches.
    Time(Option<Date>),
    Other,
}

fn says(text: &str) -> Said {
    match text {
        "" | "none" | "nil" | "-" | "n/a" | "never" => Said::Nothing,
        "true" | "t" | "1" | "yes" | "y" => Said::Yes,
        "false" | "f" | "0" | "no" | "n" => Said::No,
        text if is_zero_date(text) => Said::Nothing,
        text => day(text),
    }
}

/// `0000-00-00 00:00:00`, which `MySQL` writes for no date.
fn is_zero_date(text: &str) -> bool {
    text.starts_with("0000-00-00") && text.bytes().all(|b| !b.is_ascii_digit() || b == b'0')
}

/// The day of `2024-05-01…`, of `20240501…Z` (LDAP), or of seconds or milliseconds since 1970.
fn day(text: &str) -> Said {
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<i16>().ok());
    let date = |year: Option<i16>, month: Option<i16>, day: Option<i16>| {
        let (month, day) = (i8::try_from(month?).ok()?, i8::try_from(day?).ok()?);
        Date::new(year?, month, day).ok()
    };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 4 && text.as_bytes().get(4) == Some(&b'-') {
        return date(part(0..4), part(5..7), part(8..10)).map_or(Said::Other, |date| Said::Time(Some(date)));
    }
    if (digits >= 10 && text.ends_with('z')) || (digits == 8 && text.len() == 8) {
        return Said::Time(date(part(0..4), part(4..6), part(6..8)));
    }
    let Ok(number) = text.parse::<i64>() else { return Said::Other };
    let millis = match digits {
        9..=11 => number.checked_mul(1000),
        12..=14 => Some(number),
        15.. => None,
        _ => return Said::Other,
    };
    Said::Time(millis.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok()).map(date_of))
}

fn today(now: Timestamp) -> Date {
    jiff::Timestamp::from_millisecond(now.as_unix_millis()).map_or(Date::MAX, date_of)
}

fn date_of(time: jiff::Timestamp) -> Date {
    jiff::tz::Offset::UTC.to_datetime(time).date()
}

fn is_particle(word: &str) -> bool {
    is_in(PARTICLES, word) || is_in(UNTIL, word)
}

/// Words around the one that counts.
const PARTICLES: &str = "is has was been be not non can may account acct user users login log signin sign in member customer \
    flag on at date time datetime timestamp ts utc since the currently from dt permanently";

const UNTIL: &str = "until till til end ends expires expire expiry expiration through";

const FOR_EVER: &str = "infinity forever permanent permanently indefinite always";

/// What a person is called who must not sign in, as a column and as a word in one; letters only.
pub(super) const BLOCKED: &str = "disabled disable inactive inactivated deactivated deactive deactivate deactivation banned ban \
    permabanned shadowbanned blocked block barred suspended suspend suspension locked lock lockedout \
    lockout frozen freeze froze archived archive deleted delete deletion softdeleted removed removal \
    erased purged trashed trash destroyed discarded closed closure terminated termination revoked \
    revocation expired cancelled canceled cancellation dismissed fired rejected denied refused declined \
    restricted quarantined prohibited forbidden excluded expelled kicked evicted blacklisted denylisted \
    blocklisted spam spammer fraud fraudulent dead deceased left departed former retired resigned \
    offboarded decommissioned dormant paused onhold hold void voided invalid invalidated unapproved \
    withdrawn exmember obsolete hibernated stopped halted inhibited disallowed unauthorized unauthorised";

/// What a person is called who may.
pub(super) const OPEN: &str = "active activated enabled enable ok okay normal good open live approved valid allowed permitted \
    confirmed unlocked unblocked unbanned unsuspended reactivated reinstated authorized";

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_800_000_000_000); // 2027-01-15

    fn read(column: &str, value: &str) -> Option<State> {
        Some(state(kind_of(column)?, &Value::String(value.to_owned()), &[], NOW))
    }

    const BLOCKED_WAYS: &str = "status=disabled | status=Disabled | status=inactive | status=suspended | status=BANNED | \
        status=locked | status=locked_out | status=blocked | status=deleted | status=soft-deleted | \
        status=archived | status=closed | status=terminated | status=deactivated | status=expired | \
        status=revoked | status=on hold | status=former | account_status=frozen | \
        accountStatus=Cancelled | user_status=rejected | state=quarantined | State=removed | suspended=1 \
        | is_banned=t | isBanned=true | banned=yes | BANNED=Y | locked=1 | is_locked=True | \
        account_locked=t | active=false | Active=0 | is_active=f | isActive=no | enabled=false | \
        Enabled=N | is_enabled=0 | archived=true | is_archived=1 | deactivated=1 | \
        deactivated_at=2024-05-01 10:00:00 | deactivatedAt=2024-05-01T10:00:00Z | deleted_at=1714550400 \
        | suspended_at=2024-05-01 | suspension_date=2024-05-01 | banned_on=2024-05-01 | disabled=true | \
        disabledAt=1714550400000 | LockoutEnd=9999-12-31 23:59:59.9999999 +00:00 | \
        banned_until=2126-01-01 00:00:00+00 | suspended_till=2126-01-01 | locked_until=infinity | \
        accountNonLocked=false | account_non_expired=false | not_blocked=0 | expires_at=2024-05-01 | \
        account_expires=2024-05-01 | valid_until=2020-01-01 | can_login=false | login_allowed=no | \
        is_deleted=1 | terminated_at=20240501000000Z | accountLockedTime=000001010000Z | approved=f | \
        account.locked=TRUE | is_active=disabled | retired=x1";

    /// Every way to call somebody blocked that exports were seen with, and its relatives.
    #[test]
    fn whatever_an_export_calls_blocked_is_disabled() {
        let ways: Vec<(&str, &str)> =
            BLOCKED_WAYS.split('|').filter_map(|way| way.trim().split_once('=')).collect();
        let open: Vec<_> = ways
            .iter()
            .filter(|(column, value)| {
                !matches!(read(column, value), Some(State::Disabled | State::Unknown(_)))
            })
            .collect();
        assert!(ways.len() >= 60 && open.is_empty(), "{open:?}");
        let stopped: Vec<_> = ways
            .iter()
            .filter(|(column, value)| matches!(read(column, value), Some(State::Unknown(_))))
            .collect();
        assert_eq!(stopped, [&("retired", "x1")], "all others are understood");
    }

    #[test]
    fn whoever_may_sign_in_there_may_here() {
        let ways = [
            ("status", "active"),
            ("status", "Enabled"),
            ("suspended", "0"),
            ("is_banned", "f"),
            ("banned", ""),
            ("active", "true"),
            ("is_active", "t"),
            ("enabled", "1"),
            ("deleted_at", ""),
            ("deleted_at", "never"),
            ("deleted_at", "0000-00-00 00:00:00"),
            ("LockoutEnd", "2024-05-01 10:00:00"),
            ("banned_until", ""),
            ("accountNonLocked", "true"),
            ("expires_at", ""),
            ("expires_at", "2126-01-01"),
            ("valid_until", "never"),
            ("lockoutTime", "0"),
            ("approved_at", "2024-05-01"),
        ];
        for (column, value) in ways {
            assert_eq!(read(column, value), Some(State::Enabled), "{column} {value}");
        }
    }

    /// An unknown word and an unknown column are no answer; what was decided by hand is.
    #[test]
    fn nothing_is_guessed() {
        for (column, value) in [
            ("status", "pending"),
            ("status", ""),
            ("status", "1"),
            ("is_active", ""),
            ("is_active", "2"),
            ("banned_until", "tuesday"),
            ("suspended", "maybe"),
        ] {
            assert!(matches!(read(column, value), Some(State::Unknown(_))), "{column} {value}");
        }
        for column in [
            "colour",
            "marital_status",
            "ban_reason",
            "lock_version",
            "email_confirmed",
            "current_sign_in_at",
        ] {
            assert_eq!(kind_of(column), None, "{column}");
        }
        let decided = [("Pending".to_owned(), true), (String::new(), false)];
        let read = |value: &str| state(StateKind::Words, &Value::String(value.to_owned()), &decided, NOW);
        assert_eq!((read("pending "), read("")), (State::Disabled, State::Enabled));
    }
}
