//! Beginning a session: whether it may begin, and which others end for it.

use super::new_device::{Device, is_news};
use super::refresh_token::PresentedToken;
use super::{BoundKey, EndReason, EndedSession, Grant, PolicyAt, Session, StoredSession, end, end_all};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::account::{Account, Credentials, PasswordChange};
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::oauth::AppGrant;
use crate::model::outbox::NewDelivery;
use crate::model::password_hash::PasswordHash;
use crate::model::plan::{Plan, Write};
use crate::model::proof::{AuthMethods, Proof};
use crate::model::second_factor::{AccountFactors, Missing, Passed, SecondStep, Showing, pass};

/// A session to begin.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its ID.
    pub id: SessionId,
    /// The account that it belongs to.
    pub account_id: AccountId,
    /// What its owner has shown.
    pub proof: Proof,
    /// SHA-256 of its session secret.
    pub secret_hash: [u8; 32],
    /// The session whose cookie the browser sent along: it ends (SE-1), if the secret fits.
    pub replaces: Option<PresentedToken>,
    /// The hash of the password that its owner wants from now on.
    pub new_password: Option<PasswordHash>,
    /// Whether its owner takes the account back, whose deletion they had asked for.
    pub takes_back: bool,
    /// What its owner has shown beside that.
    pub second: SecondStep,
    /// The key that it is bound to: the one that its owner has proved to hold with this sign-in.
    pub bound_key: Option<BoundKey>,
    /// The mails about it, if there is anything to tell.
    pub notices: SignInNotices,
}

/// Mails to the owner of an account about a sign-in.
#[derive(Clone, Debug, Default)]
pub struct SignInNotices {
    /// About the new password.
    pub password_changed: Option<NewDelivery>,
    /// About a device without a cookie of the account. It is sent if the device is news.
    pub new_device: Option<NewDelivery>,
}

/// What came of beginning a session.
#[derive(Clone, Debug, PartialEq)]
pub enum StartSessionOutcome {
    /// It has begun, and these sessions ended for it.
    Started(Box<Grant>, Vec<EndedSession>),
    /// The account was disabled, deleted, or given another password since it was looked up.
    Refused,
    /// The password is right, and its owner has to choose another one first.
    PasswordChangeRequired,
    /// The account is deleted then, and its owner has not said that they take it back.
    DeletionPending(Timestamp),
    /// What was shown first is right, and this is missing beside it.
    Missing(Missing),
}

/// A session that may begin. It says what else has to be loaded for [`begin`](Self::begin).
#[derive(Debug)]
pub(crate) struct AdmittedSession {
    found: Credentials,
    new: NewSession,
    passed: Passed,
    earlier: Vec<Session>,
}

impl NewSession {
    /// Lets it begin if the account is enabled or taken back in time (AD-3), what was shown still holds (CC-3), the second step was
    /// made where one is due (MF-2), and a new password comes along where one is required (PP-7). Whoever has not made the second
    /// step learns no more of the account.
    pub(crate) fn admit(
        self,
        found: Option<Credentials>,
        held: &AccountFactors,
        now: Timestamp,
    ) -> Result<AdmittedSession, Plan<StartSessionOutcome>> {
        let failed = AuditEvent::new(AuditKind::LoginFailed).of_account(self.account_id);
        let is_current = |found: &Credentials| {
            let account = &found.account;
            account.knows_its_owner() && !account.is_overdue(now) && self.proof.still_holds(found)
        };
        let Some(found) = found.filter(is_current) else {
            return Err(Plan::new(StartSessionOutcome::Refused, vec![Write::Record(failed)]));
        };
        // Whoever has the device and its PIN does not choose a password that its owner does not know of: only where one is required.
        let may_choose = self.proof != Proof::Passkey || found.account.password_change_required;
        let new_password = self.new_password.clone().filter(|_| may_choose);
        let new = Self { new_password, ..self };
        let passed = match pass(new.proof, (&found.account, held), &new.second, Showing::SignIn, now) {
            Ok(passed) => passed,
            Err(missing) => return Err(Plan::nothing(StartSessionOutcome::Missing(missing))),
        };
        if let Some(at) = found.account.delete_at.filter(|_| !new.takes_back) {
            let failed = failed.with_detail("deletion_pending");
            return Err(Plan::new(StartSessionOutcome::DeletionPending(at), vec![Write::Record(failed)]));
        }
        if found.account.password_change_required && new.new_password.is_none() {
            let failed = failed.with_detail(EndReason::PasswordChangeRequired.name());
            return Err(Plan::new(StartSessionOutcome::PasswordChangeRequired, vec![Write::Record(failed)]));
        }
        Ok(AdmittedSession { found, new, passed, earlier: Vec::new() })
    }
}

impl AdmittedSession {
    /// The session that it may replace.
    pub(crate) fn replaces(&self) -> Option<SessionId> {
        self.new.replaces.map(|token| token.session_id)
    }

    /// Whether the account's last sessions have to be known, to tell whether the device is news.
    pub(crate) const fn asks_for_earlier(&self) -> bool {
        self.new.notices.new_device.is_some()
    }

    /// The last sessions of the account, [`LOOKED_AT`](super::LOOKED_AT) at most and the oldest first.
    pub(crate) fn after(self, earlier: Vec<Session>) -> Self {
        // Where an application's server stands says nothing about where its owner is.
        Self { earlier: earlier.into_iter().filter(|session| session.app.is_none()).collect(), ..self }
    }

    /// Begins it, with what was asked for: the session that it may replace, and the account's open sessions,
    /// the oldest first. The session whose token the browser sent along ends (SE-1). A new password ends all
    /// others; otherwise the oldest end until there is room (SE-8).
    pub(crate) fn begin(
        mut self,
        replaced: Option<StoredSession>,
        mut open: Vec<Session>,
        device: Device,
        at: PolicyAt,
    ) -> Plan<StartSessionOutcome> {
        let (mut ended, mut writes) = (Vec::new(), Vec::new());
        if self.found.account.delete_at.is_some() {
            self.found.account = self.found.account.clone().taken_back();
            let cancelled = AuditEvent::new(AuditKind::AccountDeletionCancelled);
            writes.push(Write::UpdateAccount(Box::new(self.found.account.clone())));
            writes.push(Write::Record(cancelled.of_account(self.found.account.id)));
        }
        if let (Some(stored), Some(token)) = (replaced, &self.new.replaces)
            && stored.fits(token)
        {
            ended.extend(end(&stored.session, EndReason::Replaced, at, &mut writes));
            open.retain(|session| session.id != stored.session.id);
        }
        match self.new.new_password.take() {
            Some(new) => {
                let (account_id, checked) = (self.found.account.id, Some(self.new.proof));
                let notice = self.new.notices.password_changed.take();
                let change = PasswordChange { account_id, new, checked, keep: None, notice };
                ended.extend(change.write(&self.found, &open, at, &mut writes));
                self.found.account.password_change_required = false;
            }
            None => ended.extend(make_room(&open, None, at, &mut writes)),
        }
        let told = self.new.notices.new_device.take();
        let told = told.filter(|_| is_news(&self.found.account, &self.earlier, &device, at.now));
        writes.extend(told.map(|mail| Write::InsertDelivery(Box::new(mail))));
        let Passed { methods, writes: used, detail } = self.passed;
        writes.extend(used);
        writes.extend(self.new.trusted(methods, &self.found.account));
        let session = self.new.session(methods, device, at);
        writes.push(Write::InsertSession {
            session: Box::new(session.clone()),
            secret_hash: self.new.secret_hash,
        });
        let event = AuditEvent::new(AuditKind::LoginSucceeded);
        let event = event.of_account(session.account_id).of_session(session.id);
        let how: Vec<_> = self.new.proof.detail().into_iter().chain(detail).collect();
        let how = (!how.is_empty()).then(|| how.join(" "));
        writes.push(Write::Record(AuditEvent { detail: how, ..event }));
        if let Some(key) = &session.bound_key {
            let bound = AuditEvent::new(AuditKind::DeviceBound).with_detail(key.thumbprint().to_string());
            writes.push(Write::Record(bound.of_account(session.account_id).of_session(session.id)));
        }
        let grant = Box::new(Grant::new(self.found.account, session));
        Plan::new(StartSessionOutcome::Started(grant, ended), writes)
    }
}

impl NewSession {
    /// The device that is trusted from now on, if it may be.
    fn trusted(&self, methods: AuthMethods, account: &Account) -> Vec<Write> {
        let may = self.second.may_trust(methods, account);
        let Some(device) = self.second.trusts.as_ref().filter(|_| may) else { return Vec::new() };
        let event = AuditEvent::new(AuditKind::DeviceTrusted).of_account(account.id);
        let event = event.with_detail(device.id.to_string());
        vec![Write::TrustDevice(device.clone()), Write::Record(event)]
    }

    fn session(&self, amr: AuthMethods, device: Device, at: PolicyAt) -> Session {
        Session {
            id: self.id,
            account_id: self.account_id,
            created_at: at.now,
            authenticated_at: at.now,
            amr,
            expires_at: at.now.plus(at.policy.absolute_ttl),
            generation: 0,
            rotated_at: at.now,
            revoked: None,
            user_agent: device.user_agent,
            address: device.address,
            bound_key: self.bound_key.clone(),
            app: None,
        }
    }
}

/// Ends the oldest sessions until there is room for one more of this application, or of its owner's own (SE-8). One that has run out
/// takes none, and nobody takes the room of others.
pub(in crate::model) fn make_room(
    open: &[Session],
    of: Option<&AppGrant>,
    at: PolicyAt,
    writes: &mut Vec<Write>,
) -> Vec<EndedSession> {
    let client = |app: Option<&AppGrant>| app.map(|app| app.client_id.clone());
    let is_alike = |session: &&Session| client(session.app.as_deref()) == client(of);
    let alive = || open.iter().filter(is_alike).filter(|session| session.is_alive(&at.policy, at.now));
    let room = usize::try_from(at.policy.max_sessions.max(1)).unwrap_or(usize::MAX);
    let too_many = (alive().count() + 1).saturating_sub(room);
    end_all(alive().take(too_many), EndReason::TooMany, at, writes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::model::account::Role;
    use crate::model::second_factor::testing::{factor, held, trusted};
    use crate::model::second_factor::{SecondFactorPolicy, ShownFactor};
    use crate::model::session::SessionPolicy;
    use crate::model::session::testing::{T, account, at, session_of};

    fn credentials(account: Account) -> Credentials {
        Credentials { account, password_hash: None, password_version: 5 }
    }

    fn new() -> NewSession {
        let session = session_of(&account(), 0);
        NewSession {
            id: session.id,
            account_id: session.account_id,
            proof: Proof::Password { version: 5 },
            secret_hash: [7; 32],
            replaces: None,
            new_password: None,
            takes_back: false,
            second: SecondStep::default(),
            bound_key: None,
            notices: SignInNotices::default(),
        }
    }

    fn begun(
        new: NewSession,
        replaced: Option<StoredSession>,
        open: Vec<Session>,
        at: PolicyAt,
    ) -> (Box<Grant>, Vec<EndedSession>, Vec<Write>) {
        let account = Account { password_change_required: new.new_password.is_some(), ..account() };
        let admitted = new.admit(Some(credentials(account)), &AccountFactors::default(), T).unwrap();
        let plan = admitted.begin(replaced, open, Device::default(), at);
        let writes = plan.writes().to_vec();
        let StartSessionOutcome::Started(grant, ended) = plan.carried_out() else { panic!("refused") };
        (grant, ended, writes)
    }

    fn ids(ended: &[EndedSession]) -> Vec<SessionId> {
        ended.iter().map(|ended| ended.id).collect()
    }

    /// CC-3, PP-7, LG-4: each reason to refuse, and what the audit log says of it.
    #[test]
    fn a_session_begins_only_where_it_may() {
        use StartSessionOutcome::*;
        let on = account();
        let off = Account { disabled_at: Some(T), ..account() };
        let required = Account { password_change_required: true, ..account() };
        let wanted = Some(PasswordHash::from_stored("new".to_owned()));
        for (found, version, new_password, refused) in [
            (Some(&on), 4, None, Some((Refused, None))),
            (Some(&on), 5, None, None),
            (Some(&on), 6, None, Some((Refused, None))),
            (Some(&off), 5, None, Some((Refused, None))),
            (None, 5, None, Some((Refused, None))),
            (Some(&required), 5, None, Some((PasswordChangeRequired, Some("password_change_required")))),
            (Some(&required), 4, None, Some((Refused, None))),
            (Some(&required), 4, wanted.clone(), Some((Refused, None))),
            (Some(&required), 5, wanted, None),
        ] {
            let new = NewSession { proof: Proof::Password { version }, new_password, ..new() };
            let plan = new.admit(found.cloned().map(credentials), &AccountFactors::default(), T).err();
            let detail = |plan: &Plan<_>| match plan.writes() {
                [Write::Record(event)] if event.kind == AuditKind::LoginFailed => event.detail.clone(),
                writes => panic!("{writes:?}"),
            };
            let found = plan.map(|plan| (detail(&plan), plan.carried_out()));
            assert_eq!(found, refused.map(|(outcome, word)| (word.map(str::to_owned), outcome)), "{version}");
        }
    }

    /// MF-2: whoever has not made the second step learns no more of the account.
    #[test]
    fn nothing_is_told_before_the_second_step() {
        for found in [
            Account { password_change_required: true, ..account() },
            Account { delete_at: Some(T.plus(Duration::from_secs(9))), disabled_at: Some(T), ..account() },
        ] {
            let plan = new().admit(Some(credentials(found)), &held(), T).unwrap_err();
            assert!(plan.writes().is_empty());
            let outcome = plan.carried_out();
            assert!(matches!(outcome, StartSessionOutcome::Missing(_)), "{outcome:?}");
        }
    }

    /// MF-2: a device is trusted by whoever has shown a second factor, and is no administrator.
    #[test]
    fn a_device_is_trusted_where_a_second_factor_was_shown() {
        let code = || ShownFactor::Totp { factor: factor(1).id, step: 8 };
        let (user, root) = (account(), Account { role: Role::admin(), ..account() });
        let none = AccountFactors::default();
        for (account, held, shown, days, is_trusted) in [
            (&user, &held(), code(), 30, true),
            (&user, &held(), code(), 0, false),
            (&root, &held(), code(), 30, false),
            (&user, &none, ShownFactor::Nothing, 30, false),
        ] {
            let trust = Duration::from_hours(24 * days);
            let policy = Arc::new(SecondFactorPolicy { trust, ..SecondFactorPolicy::default() });
            let device = Box::new(trusted(T));
            let second = SecondStep { shown, device: None, trusts: Some(device.clone()), policy };
            let new = NewSession { second, ..new() };
            let admitted = new.admit(Some(credentials(account.clone())), held, T).unwrap();
            let plan = admitted.begin(None, Vec::new(), Device::default(), at(T));
            assert_eq!(plan.writes().contains(&Write::TrustDevice(device)), is_trusted, "{account:?} {days}");
        }
    }

    /// AD-3: until its last millisecond, and only if they say so.
    #[test]
    fn an_account_that_is_to_be_deleted_is_taken_back_in_time() {
        let end = T.plus(Duration::from_secs(9));
        let pending = Account { disabled_at: Some(T), delete_at: Some(end), ..account() };
        let last = end.minus(Duration::from_millis(1));
        for (takes_back, version, now, refused) in [
            (false, 5, T, Some(StartSessionOutcome::DeletionPending(end))),
            (false, 4, T, Some(StartSessionOutcome::Refused)),
            (true, 4, T, Some(StartSessionOutcome::Refused)),
            (true, 5, end, Some(StartSessionOutcome::Refused)),
            (false, 5, end, Some(StartSessionOutcome::Refused)),
            (true, 5, last, None),
        ] {
            let new = NewSession { takes_back, proof: Proof::Password { version }, ..new() };
            let plan = match new.admit(Some(credentials(pending.clone())), &AccountFactors::default(), now) {
                Err(refused_by) => {
                    assert_eq!(Some(refused_by.carried_out()), refused, "{takes_back} {version}");
                    continue;
                }
                Ok(admitted) => admitted.begin(None, Vec::new(), Device::default(), at(now)),
            };
            assert_eq!(refused, None);
            let cancelled = AuditEvent::new(AuditKind::AccountDeletionCancelled).of_account(pending.id);
            assert_eq!(plan.writes()[0], Write::UpdateAccount(Box::new(account())));
            assert_eq!(plan.writes()[1], Write::Record(cancelled));
            let StartSessionOutcome::Started(grant, _) = plan.carried_out() else { panic!("refused") };
            assert_eq!(*grant.account(), account());
        }
    }

    /// RF-15: the key is that of the sign-in, and the audit log says which.
    #[test]
    fn a_session_is_bound_to_the_key_of_its_sign_in() {
        let key = BoundKey::from_stored(r#"{"kty":"x"}"#.to_owned());
        let new = NewSession { bound_key: Some(key.clone()), ..new() };
        let (grant, _, writes) = begun(new, None, Vec::new(), at(T));
        let (session, event) = (grant.session().clone(), AuditEvent::new(AuditKind::DeviceBound));
        assert_eq!(session.bound_key.as_ref(), Some(&key));
        let event = event.of_account(session.account_id).of_session(session.id);
        let event = event.with_detail(key.thumbprint().to_string());
        assert_eq!(*writes.last().unwrap(), Write::Record(event));
        assert!(writes.contains(&Write::InsertSession { session: Box::new(session), secret_hash: [7; 32] }));
    }

    /// SE-8: with one session less than allowed, as many, and one more; and one that has run out takes no
    /// room.
    #[test]
    fn the_oldest_session_makes_room() {
        let policy = SessionPolicy { max_sessions: 3, ..SessionPolicy::default() };
        let open: Vec<_> = (1..=4).map(|seed| session_of(&account(), seed)).collect();
        let end = T.plus(policy.idle_ttl);
        let before_end = end.minus(Duration::from_millis(1));
        for (max_sessions, count, now, ends) in [
            (3, 2, T, 0),
            (3, 3, T, 1),
            (3, 4, T, 2),
            (1, 1, T, 1),
            (0, 0, T, 0),
            (0, 1, T, 1),
            (3, 3, before_end, 1),
            (3, 3, end, 0),
        ] {
            let at = PolicyAt { policy: SessionPolicy { max_sessions, ..policy }, now };
            let (_, ended, _) = begun(new(), None, open[..count].to_vec(), at);
            let oldest: Vec<_> = open[..ends].iter().map(|session| session.id).collect();
            assert_eq!(ids(&ended), oldest, "{max_sessions} allowed, {count} there");
        }
    }

    /// SE-1: what is replaced has to be proved, leaves room, and may be another account's.
    #[test]
    fn the_session_that_the_browser_had_ends() {
        let other =
            Account { id: AccountId::random(&crate::base::random::Random::insecure_seeded(2)), ..account() };
        for owner in [account(), other] {
            let (old, more) = (session_of(&owner, 1), session_of(&account(), 2));
            let stored = StoredSession { session: old.clone(), secret_hash: [1; 32] };
            let token =
                PresentedToken { session_id: old.id, generation: 9, secret_hash: [1; 32], proven_key: None };
            let at = PolicyAt { policy: SessionPolicy { max_sessions: 2, ..at(T).policy }, now: T };
            let open = if owner.id == account().id { vec![old.clone(), more] } else { vec![more] };
            let new = NewSession { replaces: Some(token), ..new() };
            let (_, ended, _) = begun(new.clone(), Some(stored.clone()), open.clone(), at);
            assert_eq!(ids(&ended), [old.id]);
            let forged = PresentedToken { secret_hash: [2; 32], ..token };
            let new = NewSession { replaces: Some(forged), ..new };
            let (_, ended, _) = begun(new, Some(stored), open.clone(), at);
            assert_eq!(ended.len(), open.len() - 1, "a forged cookie replaces nothing");
        }
    }

    #[test]
    fn a_new_password_ends_all_others_and_is_required_no_more() {
        let open: Vec<_> = (1..=3).map(|seed| session_of(&account(), seed)).collect();
        let hash = PasswordHash::from_stored("new".to_owned());
        let new = NewSession { new_password: Some(hash.clone()), ..new() };
        let (grant, ended, writes) = begun(new.clone(), None, open.clone(), at(T));
        assert_eq!(ids(&ended), open.iter().map(|session| session.id).collect::<Vec<_>>());
        assert!(!grant.account().password_change_required);
        let set = Write::SetPassword { account_id: new.account_id, hash, version: 6, change_required: false };
        assert_eq!(writes[0], set);
        let event = AuditEvent::new(AuditKind::LoginSucceeded).of_account(new.account_id).of_session(new.id);
        assert_eq!(*writes.last().unwrap(), Write::Record(event));
        let session = Box::new(grant.session().clone());
        assert_eq!(writes[writes.len() - 2], Write::InsertSession { session, secret_hash: [7; 32] });
    }
}
