//! Making and revoking API keys, remembering that one was used, and cutting off the tokens of an account's keys.

use super::{AddApiKeyOutcome, ApiKey, MAX_API_KEYS, NewApiKey};
use crate::base::clock::Timestamp;
use crate::base::digest::sha256;
use crate::base::id::{AccountId, SessionId};
use crate::model::account::Credentials;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};
use crate::model::session::{EndedSession, PolicyAt, tokens_matter_until};

/// Adds a key to an account that has these.
pub(crate) fn add(
    found: Option<&Credentials>,
    keys: &[ApiKey],
    (new, now): (NewApiKey, Timestamp),
) -> Plan<AddApiKeyOutcome> {
    let Some(found) = found.filter(|found| found.account.refuses_sessions().is_none()) else {
        return Plan::nothing(AddApiKeyOutcome::NoAccount);
    };
    if new.checked.is_some_and(|proof| !proof.still_holds(found)) {
        return Plan::nothing(AddApiKeyOutcome::Overtaken);
    }
    if keys.iter().filter(|key| key.is_live(now)).count() >= MAX_API_KEYS {
        return Plan::nothing(AddApiKeyOutcome::TooMany);
    }
    let event = event(AuditKind::ApiKeyCreated, &new.key);
    Plan::new(AddApiKeyOutcome::Added, vec![Write::InsertApiKey(Box::new(new)), Write::Record(event)])
}

/// Revokes a key, of this account if one is named. Gives what has to be refused from now on; nothing if there was no such key,
/// or it was revoked before.
pub(crate) fn revoke(
    found: Option<ApiKey>,
    of: Option<AccountId>,
    at: PolicyAt,
) -> Plan<Option<EndedSession>> {
    let is_meant = |key: &ApiKey| key.revoked_at.is_none() && of.is_none_or(|of| of == key.account_id);
    let Some(key) = found.filter(is_meant) else { return Plan::nothing(None) };
    let (ended, revocation) = refuse_tokens(&key, at);
    let event = event(AuditKind::ApiKeyRevoked, &key);
    let revoked = Write::UpdateApiKey(Box::new(ApiKey { revoked_at: Some(at.now), ..key }));
    Plan::new(Some(ended), vec![revoked, revocation, Write::Record(event)])
}

/// Revokes all keys of an account.
pub(in crate::model) fn revoke_all(
    keys: &[ApiKey],
    at: PolicyAt,
    writes: &mut Vec<Write>,
) -> Vec<EndedSession> {
    let live = keys.iter().filter(|key| key.revoked_at.is_none());
    live.map(|key| {
        let (ended, revocation) = refuse_tokens(key, at);
        let revoked = Write::UpdateApiKey(Box::new(ApiKey { revoked_at: Some(at.now), ..key.clone() }));
        writes.extend([revoked, revocation, Write::Record(event(AuditKind::ApiKeyRevoked, key))]);
        ended
    })
    .collect()
}

/// Makes the running tokens of an account's keys fail, since the account may have no session any more. Where the account
/// stays, each key goes on with another session ID: its next tokens are not among the refused ones.
pub(in crate::model) fn cut_off(keys: &[ApiKey], at: PolicyAt, writes: &mut Vec<Write>) -> Vec<EndedSession> {
    let cut = |key: &ApiKey| {
        let (ended, revocation) = refuse_tokens(key, at);
        let next = ApiKey { session_id: after(key.session_id), ..key.clone() };
        writes.extend([Write::UpdateApiKey(Box::new(next)), revocation]);
        ended
    };
    // Also of those that have expired: where a clock is behind, or was set back, their tokens run on.
    keys.iter().filter(|key| key.revoked_at.is_none()).map(cut).collect()
}

/// Remembers that a key was used, and says so in the audit log once a day.
pub(crate) fn used(found: Option<ApiKey>, now: Timestamp) -> Plan<()> {
    let Some(key) = found.filter(|key| key.use_is_news(now)) else { return Plan::nothing(()) };
    let day = |at: Timestamp| at.as_unix_seconds().div_euclid(24 * 60 * 60);
    let is_first_today = key.last_used_at.is_none_or(|last| day(last) < day(now));
    let event = is_first_today.then(|| Write::Record(event(AuditKind::ApiKeyUsed, &key)));
    let used = Write::UpdateApiKey(Box::new(ApiKey { last_used_at: Some(now), ..key }));
    Plan::new((), std::iter::once(used).chain(event).collect())
}

fn refuse_tokens(key: &ApiKey, at: PolicyAt) -> (EndedSession, Write) {
    let ended = EndedSession { id: key.session_id, until: tokens_matter_until(at.now, at) };
    (ended, Write::InsertRevocation { ended, account_id: Some(key.account_id), at: at.now })
}

/// Another ID, without randomness: a rule has none. It is no secret.
fn after(id: SessionId) -> SessionId {
    let mut next = [0; 16];
    next.copy_from_slice(&sha256(id.as_bytes())[..16]);
    SessionId::from_bytes(next)
}

fn event(kind: AuditKind, key: &ApiKey) -> AuditEvent {
    AuditEvent::new(kind).of_account(key.account_id).with_detail(format!("{} {}", key.name.as_str(), key.id))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::account::Account;
    use crate::model::api_key::testing::key_of;
    use crate::model::proof::Proof;
    use crate::model::session::testing::{T, account, at};

    fn new(checked: Option<i64>) -> NewApiKey {
        let checked = checked.map(|version| Proof::Password { version });
        NewApiKey { key: key_of(&account(), 1), secret_hash: [1; 32], checked }
    }

    fn credentials(account: Account) -> Credentials {
        Credentials { account, password_hash: None, password_version: 5 }
    }

    fn recorded(kind: AuditKind, key: &ApiKey) -> Write {
        Write::Record(event(kind, key))
    }

    /// AK-2, CC-3: by an owner whose password is still the one that was checked, or by somebody who need not show one.
    #[test]
    fn a_key_is_made_for_an_account_that_may_have_sessions() {
        let on = account();
        let off = Account { disabled_at: Some(T), ..on.clone() };
        let required = Account { password_change_required: true, ..on.clone() };
        for (found, live, checked, expected) in [
            (Some(&on), 49, Some(5), AddApiKeyOutcome::Added),
            (Some(&on), 49, None, AddApiKeyOutcome::Added),
            (Some(&on), 50, None, AddApiKeyOutcome::TooMany),
            (Some(&on), 0, Some(4), AddApiKeyOutcome::Overtaken),
            (Some(&on), 0, Some(6), AddApiKeyOutcome::Overtaken),
            (Some(&off), 0, None, AddApiKeyOutcome::NoAccount),
            (Some(&required), 0, None, AddApiKeyOutcome::NoAccount),
            (None, 0, None, AddApiKeyOutcome::NoAccount),
        ] {
            let expired = ApiKey { expires_at: Some(T), ..key_of(&account(), 9) };
            let mut keys = vec![key_of(&account(), 2); live];
            keys.push(expired);
            let plan = add(found.cloned().map(credentials).as_ref(), &keys, (new(checked), T));
            let is_added = expected == AddApiKeyOutcome::Added;
            let insert = Write::InsertApiKey(Box::new(new(checked)));
            let writes = if is_added {
                vec![insert, recorded(AuditKind::ApiKeyCreated, &new(None).key)]
            } else {
                vec![]
            };
            assert_eq!(plan.writes(), writes, "{found:?}");
            assert_eq!(plan.carried_out(), expected);
        }
    }

    /// AK-4.
    #[test]
    fn a_revoked_key_takes_its_tokens_along_once() {
        let key = key_of(&account(), 1);
        for of in [None, Some(key.account_id)] {
            let plan = revoke(Some(key.clone()), of, at(T));
            let revoked = ApiKey { revoked_at: Some(T), ..key.clone() };
            let ended = EndedSession { id: key.session_id, until: tokens_matter_until(T, at(T)) };
            let revocation = Write::InsertRevocation { ended, account_id: Some(key.account_id), at: T };
            let event = recorded(AuditKind::ApiKeyRevoked, &key);
            assert_eq!(plan.writes(), [Write::UpdateApiKey(Box::new(revoked.clone())), revocation, event]);
            assert_eq!(plan.carried_out(), Some(ended));
            assert_eq!(revoke(Some(revoked), of, at(T)).carried_out(), None, "only once");
        }
        let stranger = Account { id: AccountId::from_bytes([9; 16]), ..account() };
        assert_eq!(revoke(Some(key), Some(stranger.id), at(T)).carried_out(), None);
        assert_eq!(revoke(None, None, at(T)).carried_out(), None);
    }

    /// AK-4: the tokens from before are refused, those from after are not, however often it happens.
    #[test]
    fn a_key_that_stays_gets_another_session_id() {
        let revoked = ApiKey { revoked_at: Some(T), ..key_of(&account(), 3) };
        let expired = ApiKey { expires_at: Some(T.minus(Duration::from_hours(1))), ..key_of(&account(), 2) };
        let mut keys = vec![key_of(&account(), 1), expired, revoked];
        let mut seen = Vec::new();
        for _ in 0..3 {
            let mut writes = Vec::new();
            seen.extend(cut_off(&keys, at(T), &mut writes).iter().map(|ended| ended.id));
            for write in writes {
                if let Write::UpdateApiKey(key) = write {
                    let old = keys.iter_mut().find(|old| old.id == key.id).unwrap();
                    *old = *key;
                }
            }
            assert!(keys[..2].iter().all(|key| !seen.contains(&key.session_id)));
        }
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((count, seen.len()), (6, 6), "each is given once");
    }

    /// AK-5: the instant once an hour, the audit log once a day of UTC.
    #[test]
    fn a_use_is_written_once_an_hour_and_recorded_once_a_day() {
        let day = Timestamp::from_unix_millis(20_000 * 24 * 60 * 60 * 1000);
        let (mut key, mut written, mut events) = (key_of(&account(), 1), 0, 0);
        for quarter in 0..=2 * 24 * 4 {
            let plan = used(Some(key.clone()), day.plus(Duration::from_mins(15) * quarter));
            for write in plan.writes() {
                match write {
                    Write::UpdateApiKey(after) => (key, written) = ((**after).clone(), written + 1),
                    Write::Record(_) => events += 1,
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!((written, events), (49, 3), "two days and the midnight after them");
        assert!(used(None, T).writes().is_empty());
    }
}
