//! Rules about the master key and the signing keys.

use std::time::Duration;

use countersign::Timestamp;

use crate::cli::doctor::finding::{Rule, Verdict};
use crate::cli::doctor::seen::{KeysSeen, MasterKeySeen, SigningKeySeen};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "keys.master-key",
        why: "Everything secret in the database hangs from it: without it no server starts, and no session goes on.",
        mend: "put the copy of the master key back at PLACE; only for a new database: countersign init",
        judge: |seen| seen.master_key.as_ref().map(master_key),
    },
    Rule {
        id: "keys.permissions",
        why: "With the master key and a copy of the database anybody can sign tokens for anybody.",
        mend: "chmod 600 PLACE",
        judge: |seen| seen.master_key.as_ref().and_then(permissions),
    },
    Rule {
        id: "keys.fingerprint",
        why: "With another master key the signing keys cannot be opened and no refresh token is known; a server refuses to start.",
        mend: "put back the master key that this database was made with",
        judge: |seen| seen.keys.as_ref().and_then(fingerprint),
    },
    Rule {
        id: "keys.sealed",
        why: "A master key that was replaced has to stay in the file for as long as something is sealed under it.",
        mend: "keep the old line in the master key file, and make new signing keys: countersign key rotate",
        judge: |seen| seen.keys.as_ref().and_then(sealed),
    },
    Rule {
        id: "keys.signing",
        why: "Without a signing key there are no access tokens.",
        mend: "start the server, which makes what is missing; or: countersign key rotate --now",
        judge: |seen| seen.keys.as_ref().and_then(signing),
    },
    Rule {
        id: "keys.next",
        why: "A key has to be published before it signs, or services that keep the JWK Set for a while refuse its tokens. A running \
              server makes the next one by itself, so either none runs or it cannot write.",
        mend: "countersign key rotate",
        judge: |seen| seen.keys.as_ref().and_then(next),
    },
    Rule {
        id: "keys.age",
        why: "The longer a key signs, the more hangs from its being secret.",
        mend: "countersign key rotate",
        judge: |seen| seen.keys.as_ref().and_then(age),
    },
];

fn master_key(key: &MasterKeySeen) -> Verdict {
    match &key.unusable {
        Some(why) => Verdict::error(why.as_str()),
        None => Verdict::good(format!("master key {} is in {}", key.current, key.place)),
    }
    .naming("PLACE", &key.place)
}

fn permissions(key: &MasterKeySeen) -> Option<Verdict> {
    let (mode, place) = (key.mode?, &key.place);
    let verdict = if mode & 0o077 != 0 {
        Verdict::error(format!("{place} can be read by others on this machine (mode {mode:o})"))
    } else {
        Verdict::good(format!("{place} has mode {mode:o}"))
    };
    Some(verdict.naming("PLACE", place))
}

fn fingerprint(keys: &KeysSeen) -> Option<Verdict> {
    if keys.configured.is_empty() {
        return None;
    }
    let differs =
        |(number, print): (&u8, &[u8; 32])| keys.fingerprints.get(number).is_some_and(|known| known != print);
    let other = keys.configured.iter().find(|key| differs((key.0, key.1))).map(|(number, _)| number);
    let is_unknown = !keys.fingerprints.is_empty()
        && keys.configured.keys().all(|number| !keys.fingerprints.contains_key(number));
    Some(match other {
        Some(number) => {
            Verdict::error(format!("master key {number} is another one than this database was used with"))
        }
        None if is_unknown => {
            Verdict::error("none of the master keys is one that this database was used with")
        }
        None => Verdict::good("the master key is the one that this database was used with"),
    })
}

fn sealed(keys: &KeysSeen) -> Option<Verdict> {
    if keys.signing.is_empty() || keys.configured.is_empty() {
        return None;
    }
    let old: Vec<_> = keys
        .signing
        .iter()
        .filter_map(|key| key.sealed_under)
        .filter(|number| *number != keys.current)
        .collect();
    let lost = old.iter().find(|number| !keys.configured.contains_key(number));
    Some(match (lost, old.len()) {
        (Some(number), _) => Verdict::error(format!(
            "a signing key is sealed under master key {number}, which is not in the file"
        )),
        (None, 0) => Verdict::good(format!("all signing keys are sealed under master key {}", keys.current)),
        (None, count) => Verdict::warning(format!(
            "{count} of {} signing keys are sealed under an older master key than {}",
            keys.signing.len(),
            keys.current
        )),
    })
}

fn signing(keys: &KeysSeen) -> Option<Verdict> {
    if keys.is_shared_secret {
        return Some(Verdict::good("tokens are signed with a shared secret"));
    }
    let now = keys.now?;
    if keys.signing.is_empty() {
        return Some(Verdict::good("there is no signing key yet: the server makes it when it first starts"));
    }
    let missing: Vec<_> =
        keys.in_use.iter().filter(|algorithm| active(keys, algorithm, now).is_none()).cloned().collect();
    if !missing.is_empty() {
        return Some(Verdict::warning(format!(
            "no key signs with {} before a server starts",
            missing.join(", ")
        )));
    }
    let active = keys.in_use.iter().filter_map(|algorithm| active(keys, algorithm, now));
    let names: Vec<_> = active.map(|key| format!("{} ({})", key.kid, key.algorithm)).collect();
    Some(Verdict::good(format!("tokens are signed with {}", names.join(", "))))
}

fn next(keys: &KeysSeen) -> Option<Verdict> {
    let (now, due_after) = (keys.now?, keys.rotate_every.checked_sub(keys.publish_before)?);
    let ages = active_ages(keys, now)?;
    let late = ages.iter().find(|(key, age)| {
        let has_next =
            keys.signing.iter().any(|other| other.algorithm == key.algorithm && other.active_from > now);
        !has_next && *age > due_after + LENIENCE
    });
    Some(match late {
        Some((key, age)) => Verdict::warning(format!(
            "{} signs for {}, and its successor ought to be published since day {}",
            key.kid,
            days(*age),
            due_after.as_secs() / DAY
        )),
        None => Verdict::good("the next signing key is there, or not due yet"),
    })
}

fn age(keys: &KeysSeen) -> Option<Verdict> {
    let (key, age) = active_ages(keys, keys.now?)?.into_iter().max_by_key(|(_, age)| *age)?;
    // Without a rotation it is somebody's task, which is forgotten.
    let most = if keys.rotate_every.is_zero() { OLD } else { keys.rotate_every + keys.publish_before };
    let seen = format!("{} signs for {}", key.kid, days(age));
    Some(Verdict::warning_if(age > most + LENIENCE, seen))
}

/// The key of this line that signs: the newest whose time has come, or the oldest of all.
fn active<'a>(keys: &'a KeysSeen, algorithm: &str, now: Timestamp) -> Option<&'a SigningKeySeen> {
    let line = || keys.signing.iter().filter(|key| key.algorithm == algorithm);
    let begun = line().filter(|key| key.active_from <= now).max_by_key(|key| key.active_from);
    begun.or_else(|| line().min_by_key(|key| key.active_from))
}

fn active_ages(keys: &KeysSeen, now: Timestamp) -> Option<Vec<(&SigningKeySeen, Duration)>> {
    if keys.is_shared_secret {
        return None;
    }
    let active = keys.in_use.iter().filter_map(|algorithm| active(keys, algorithm, now));
    Some(active.map(|key| (key, now.since(key.active_from))).collect())
}

fn days(time: Duration) -> String {
    crate::output::counted(usize::try_from(time.as_secs() / DAY).unwrap_or(usize::MAX), "day")
}

const DAY: u64 = 24 * 60 * 60;
/// A server looks every second; one that was off for a while has a day to catch up.
const LENIENCE: Duration = Duration::from_secs(DAY);
const OLD: Duration = Duration::from_secs(400 * DAY);

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::doctor::rules::tests::Fixture;
    use crate::cli::doctor::seen::Seen;

    fn at(days: i64) -> Timestamp {
        Timestamp::from_unix_millis(days * 24 * 3_600_000)
    }

    fn key(days: i64) -> SigningKeySeen {
        SigningKeySeen {
            kid: format!("key-{days}"),
            algorithm: "ES256".into(),
            active_from: at(days),
            sealed_under: Some(2),
        }
    }

    fn good() -> Seen {
        let prints = [(1, [1; 32]), (2, [2; 32])];
        let keys = KeysSeen {
            fingerprints: prints.into(),
            configured: prints.into(),
            current: 2,
            in_use: vec!["ES256".into()],
            signing: vec![key(0), key(90)],
            rotate_every: Duration::from_secs(90 * DAY),
            publish_before: Duration::from_secs(DAY),
            now: Some(at(90)),
            ..KeysSeen::default()
        };
        let master_key = MasterKeySeen {
            place: "/data/master.key".into(),
            mode: Some(0o600),
            current: 2,
            ..MasterKeySeen::default()
        };
        Seen { keys: Some(keys), master_key: Some(master_key), ..Seen::default() }
    }

    fn with(change: impl FnOnce(&mut KeysSeen)) -> Seen {
        let mut bad = good();
        change(bad.keys.as_mut().unwrap());
        bad
    }

    fn with_master_key(change: impl FnOnce(&mut MasterKeySeen)) -> Seen {
        let mut bad = good();
        change(bad.master_key.as_mut().unwrap());
        bad
    }

    pub(in crate::cli::doctor::rules) fn fixtures() -> Vec<Fixture> {
        let reds = vec![
            ("keys.master-key", with_master_key(|key| key.unusable = Some("it is not there".into()))),
            ("keys.permissions", with_master_key(|key| key.mode = Some(0o644))),
            ("keys.fingerprint", with(|keys| keys.configured = [(2, [9; 32])].into())),
            ("keys.sealed", with(|keys| keys.signing[0].sealed_under = Some(1))),
            ("keys.signing", with(|keys| keys.in_use.push("EdDSA".into()))),
            ("keys.next", with(|keys| keys.now = Some(at(181)))),
            ("keys.age", with(|keys| keys.now = Some(at(183)))),
        ];
        reds.into_iter().map(|(id, red)| Fixture { id, red, green: good() }).collect()
    }

    #[test]
    fn a_key_under_a_lost_master_key_is_an_error() {
        let lost = with(|keys| {
            keys.signing[0].sealed_under = Some(1);
            keys.configured.remove(&1);
        });
        assert!(format!("{:?}", sealed(&lost.keys.unwrap())).contains("Error"));
        let strange = with(|keys| keys.configured = [(7, [7; 32])].into());
        assert!(format!("{:?}", fingerprint(&strange.keys.unwrap())).contains("Error"));
    }

    /// A rotation by hand is due by nobody's clock; a shared secret has no successor.
    #[test]
    fn what_never_rotates_has_no_next_key() {
        let by_hand =
            |now| with(|keys| (keys.rotate_every, keys.now) = (Duration::ZERO, Some(at(now)))).keys.unwrap();
        assert!(next(&by_hand(300)).is_none());
        assert!(format!("{:?}", age(&by_hand(490))).contains("Good"));
        assert!(format!("{:?}", age(&by_hand(492))).contains("Warning"));
        let shared = with(|keys| keys.is_shared_secret = true).keys.unwrap();
        assert!(next(&shared).is_none() && age(&shared).is_none() && signing(&shared).is_some());
    }
}
