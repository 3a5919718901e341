//! Changing what an account has beside its password: by its owner, who shows the password and what the account has, or by an
//! administrator, who lets somebody in again that has lost everything.

use super::gate::{Missing, NewFactor, Showing, inserts, pass};
use super::{AccountFactors, RecoveryCodeHash, SecondFactor, SecondStep};
use crate::base::id::{AccountId, FactorId, SessionId, TrustedDeviceId};
use crate::model::account::{Account, Credentials};
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::outbox::NewDelivery;
use crate::model::plan::{Plan, Write};
use crate::model::proof::Proof;
use crate::model::session::{EndReason, EndedSession, PolicyAt, Session, end_all};

/// An account has so many authenticators of one kind at most.
pub(crate) const MAX_FACTORS: usize = 10;

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactorAction {
    /// An authenticator is added, whose first code was shown.
    Add(Box<NewFactor>),
    /// An authenticator gets another name.
    Rename(FactorId, String),
    /// An authenticator goes; with the last one, recovery codes and trusted devices go too.
    Remove(FactorId),
    /// New recovery codes take the place of all others.
    NewCodes(Vec<RecoveryCodeHash>),
    /// A device is not trusted any more.
    Forget(TrustedDeviceId),
    /// Everything goes.
    Reset,
}

impl FactorAction {
    /// What the account gets.
    pub(crate) fn new_factor(&self) -> Option<&NewFactor> {
        if let Self::Add(new) = self { Some(new) } else { None }
    }

    /// Whether an open session is enough: it gives nobody a way in.
    const fn is_harmless(&self) -> bool {
        matches!(self, Self::Rename(..) | Self::Forget(_))
    }
}

/// Who does it.
#[derive(Clone, Debug)]
pub enum FactorChanger {
    /// The owner, in this session; what they have shown of the first step, and of the second.
    Owner {
        /// The session, which goes on.
        session: SessionId,
        /// What they have shown first; nothing for what an open session is enough for.
        proof: Option<Proof>,
        /// What they have shown of what the account has.
        step: SecondStep,
    },
    /// An administrator.
    Administrator,
}

/// A change of what an account has.
#[derive(Clone, Debug)]
pub struct FactorChange {
    /// The account.
    pub account_id: AccountId,
    /// What is done.
    pub action: FactorAction,
    /// By whom.
    pub by: FactorChanger,
    /// The mail that tells its owner.
    pub notice: Option<NewDelivery>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ChangeFactorsOutcome {
    /// It is done, and these sessions ended for it.
    Done(Vec<EndedSession>),
    /// There is no such account, or it is disabled and its owner asks; or it has no such authenticator or device.
    NotFound,
    /// What was shown first does not hold any more: the password was changed in the meantime.
    Overtaken,
    /// Something has to be shown of what the account has.
    Missing(Missing),
    /// The account has ten authenticators of this kind.
    TooMany,
    /// It is the last authenticator, and the policy asks for one.
    Required,
}

impl FactorChange {
    /// Decides, with what was asked for: the account, what it has, and its open sessions.
    pub(crate) fn decide(
        self,
        found: Option<Credentials>,
        held: &AccountFactors,
        open: &[Session],
        at: PolicyAt,
    ) -> Plan<ChangeFactorsOutcome> {
        use ChangeFactorsOutcome::{Missing, NotFound, Overtaken};
        let Some(found) = found else { return Plan::nothing(NotFound) };
        let mut writes = Vec::new();
        let (mut own, mut methods) = (None, None);
        if let FactorChanger::Owner { session, proof, step } = &self.by {
            own = Some(*session);
            if !found.account.is_enabled() {
                return Plan::nothing(NotFound);
            }
            if !self.action.is_harmless() {
                let Some(proof) = proof.filter(|proof| proof.still_holds(&found)) else {
                    return Plan::nothing(Overtaken);
                };
                let account = &found.account;
                match pass(proof, (account, held), step, Showing::Change, at.now) {
                    Ok(passed) => {
                        writes.extend(passed.writes);
                        methods = Some(passed.methods);
                    }
                    Err(missing) => return Plan::nothing(Missing(missing)),
                }
                if self.leaves_none(held) && step.policy.requires(&account.role, at.now) {
                    return Plan::nothing(ChangeFactorsOutcome::Required);
                }
            }
        }
        if let Err(refused) = self.action.write(&found.account, held, at, &mut writes) {
            return Plan::nothing(refused);
        }
        let mut ended = Vec::new();
        if self.action.ends_sessions() {
            let others = open.iter().filter(|session| Some(session.id) != own);
            ended = end_all(others, EndReason::FactorChanged, at, &mut writes);
        }
        if let (FactorAction::Add(new), Some(id), Some(methods)) = (&self.action, own, methods) {
            let amr = new.factor.methods(methods);
            writes.push(Write::Reauthenticate { id, amr, at: at.now });
        }
        writes.extend(self.notice.map(|mail| Write::InsertDelivery(Box::new(mail))));
        Plan::new(ChangeFactorsOutcome::Done(ended), writes)
    }

    fn leaves_none(&self, held: &AccountFactors) -> bool {
        match &self.action {
            FactorAction::Remove(id) => held.factors.iter().all(|factor| factor.id == *id),
            FactorAction::Reset => true,
            _ => false,
        }
    }
}

impl FactorAction {
    /// Whether other sessions end: who holds one has not shown what there is from now on, or may be who the owner is afraid of.
    const fn ends_sessions(&self) -> bool {
        matches!(self, Self::Add(_) | Self::Remove(_) | Self::Reset)
    }

    fn write(
        &self,
        account: &Account,
        held: &AccountFactors,
        at: PolicyAt,
        writes: &mut Vec<Write>,
    ) -> Result<(), ChangeFactorsOutcome> {
        let find = |id: &FactorId| {
            let found = held.factors.iter().find(|factor| factor.id == *id);
            found.ok_or(ChangeFactorsOutcome::NotFound)
        };
        let record = |kind, detail: &str| {
            Write::Record(AuditEvent::new(kind).of_account(account.id).with_detail(detail))
        };
        let everything = |writes: &mut Vec<Write>| {
            writes.push(Write::SetRecoveryCodes { account_id: account.id, hashes: Vec::new(), at: at.now });
            writes.extend(held.devices.iter().map(|device| Write::ForgetDevice(device.id)));
        };
        match self {
            Self::Add(_) if held.is_taken => {
                return Err(ChangeFactorsOutcome::Missing(Missing::AnotherPasskey));
            }
            Self::Add(new) if held.of_kind(new.factor.kind).count() >= MAX_FACTORS => {
                return Err(ChangeFactorsOutcome::TooMany);
            }
            Self::Add(new) => writes.extend(inserts(new, at.now)),
            Self::Rename(id, name) => {
                find(id)?;
                writes.push(Write::RenameFactor { id: *id, name: name.clone() });
            }
            Self::Remove(id) => {
                let factor = find(id)?;
                writes.push(Write::DeleteFactor(*id));
                writes.push(record(AuditKind::FactorRemoved, &described(factor)));
                if held.factors.len() == 1 {
                    everything(writes);
                }
            }
            Self::NewCodes(_) if held.factors.is_empty() => return Err(ChangeFactorsOutcome::NotFound),
            Self::NewCodes(hashes) => {
                let hashes = hashes.clone();
                writes.push(Write::SetRecoveryCodes { account_id: account.id, hashes, at: at.now });
                let made = AuditEvent::new(AuditKind::RecoveryCodesMade).of_account(account.id);
                writes.push(Write::Record(made));
            }
            Self::Forget(id) => {
                if held.devices.iter().all(|device| device.id != *id) {
                    return Err(ChangeFactorsOutcome::NotFound);
                }
                writes.push(Write::ForgetDevice(*id));
            }
            Self::Reset => {
                for factor in &held.factors {
                    writes.push(Write::DeleteFactor(factor.id));
                    writes.push(record(AuditKind::FactorRemoved, &described(factor)));
                }
                everything(writes);
            }
        }
        Ok(())
    }
}

fn described(factor: &SecondFactor) -> String {
    format!("{} {}", factor.kind.name(), factor.id)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::base::random::Random;
    use crate::model::second_factor::{AnsweredChallenge, FactorKind, Passkey, ShownPasskey, TrustedDevice};
    use crate::model::session::testing::{T, account};

    pub(crate) fn factor(seed: u64) -> SecondFactor {
        SecondFactor {
            id: FactorId::random(&Random::insecure_seeded(seed)),
            account_id: account().id,
            kind: FactorKind::Totp,
            name: "phone".to_owned(),
            sealed: vec![1],
            last_step: 7,
            passkey: None,
            created_at: T,
            last_used_at: None,
        }
    }

    /// One authenticator, and two recovery codes.
    pub(crate) fn held() -> AccountFactors {
        let codes = vec![RecoveryCodeHash([1; 32]), RecoveryCodeHash([2; 32])];
        AccountFactors { factors: vec![factor(1)], codes, ..AccountFactors::default() }
    }

    /// A passkey that stays on its device, with this counter.
    pub(crate) fn passkey(seed: u64, sign_count: u32) -> SecondFactor {
        let passkey = Passkey {
            credential_id: vec![7; 20],
            user_handle: vec![5; 32],
            sign_count,
            backup_eligible: false,
            backed_up: false,
            signs_in: true,
            transports: Vec::new(),
            aaguid: [0; 16],
        };
        let kind = FactorKind::Passkey;
        SecondFactor { kind, passkey: Some(Box::new(passkey)), last_step: 99, ..factor(seed) }
    }

    /// Its answer, with the counter 2.
    pub(crate) fn answered(seed: u64) -> ShownPasskey {
        let challenge = AnsweredChallenge { hash: [4; 32], expires_at: T };
        let factor = factor(seed).id;
        ShownPasskey { factor, challenge, sign_count: 2, backed_up: false, is_verified: true }
    }

    /// A device whose cookie says `[9; 32]`.
    pub(crate) fn trusted(until: Timestamp) -> TrustedDevice {
        TrustedDevice {
            id: TrustedDeviceId::random(&Random::insecure_seeded(3)),
            account_id: account().id,
            device_hash: [9; 32],
            created_at: T,
            expires_at: until,
            user_agent: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::testing::{answered, factor, held, passkey, trusted};
    use super::*;
    use crate::base::random::Random;
    use crate::model::proof::{AuthMethod, AuthMethods};
    use crate::model::second_factor::{SecondFactorPolicy, ShownFactor};
    use crate::model::session::testing::{T, account, at, session_of};

    fn found() -> Credentials {
        Credentials { account: account(), password_hash: None, password_version: 5 }
    }

    fn own(shown: ShownFactor) -> FactorChanger {
        let step = SecondStep { shown, ..SecondStep::default() };
        FactorChanger::Owner {
            session: session_of(&account(), 1).id,
            proof: Some(Proof::Password { version: 5 }),
            step,
        }
    }

    fn decide(
        action: FactorAction,
        by: FactorChanger,
        held: &AccountFactors,
    ) -> (ChangeFactorsOutcome, Vec<Write>) {
        let open = [session_of(&account(), 1), session_of(&account(), 2)];
        let change = FactorChange { account_id: account().id, action, by, notice: None };
        let plan = change.decide(Some(found()), held, &open, at(T));
        let writes = plan.writes().to_vec();
        (plan.carried_out(), writes)
    }

    fn new(seed: u64) -> FactorAction {
        FactorAction::Add(Box::new(NewFactor {
            factor: factor(seed),
            codes: vec![RecoveryCodeHash([5; 32])],
        }))
    }

    fn code() -> ShownFactor {
        ShownFactor::Totp { factor: factor(1).id, step: 8 }
    }

    fn others() -> Vec<SessionId> {
        vec![session_of(&account(), 2).id]
    }

    fn ids(outcome: &ChangeFactorsOutcome) -> Vec<SessionId> {
        let ChangeFactorsOutcome::Done(ended) = outcome else { panic!("{outcome:?}") };
        ended.iter().map(|ended| ended.id).collect()
    }

    /// MF-5, SE-9: the password is not enough where there is more.
    #[test]
    fn whoever_changes_factors_shows_one() {
        let missing = |outcome: &ChangeFactorsOutcome| matches!(outcome, ChangeFactorsOutcome::Missing(_));
        for action in [new(2), FactorAction::Remove(factor(1).id), FactorAction::NewCodes(Vec::new())] {
            let (outcome, writes) = decide(action.clone(), own(ShownFactor::Nothing), &held());
            assert!(missing(&outcome) && writes.is_empty(), "{action:?}: {outcome:?}");
            let (outcome, writes) = decide(action.clone(), own(code()), &held());
            assert!(matches!(outcome, ChangeFactorsOutcome::Done(_)), "{action:?}: {outcome:?}");
            assert_eq!(writes[0], Write::UseFactor { id: factor(1).id, step: 8, at: T });
            let FactorChanger::Owner { session, step, .. } = own(code()) else { panic!() };
            let late = FactorChanger::Owner { session, proof: Some(Proof::Password { version: 4 }), step };
            assert_eq!(decide(action, late, &held()).0, ChangeFactorsOutcome::Overtaken);
        }
        let (outcome, _) = decide(new(1), own(ShownFactor::Nothing), &AccountFactors::default());
        assert_eq!(ids(&outcome), others());
        let FactorChanger::Owner { session, proof, step } = own(ShownFactor::Nothing) else { panic!() };
        let step = SecondStep { device: Some([9; 32]), ..step };
        let trusting = AccountFactors { devices: vec![trusted(T.plus(Duration::from_secs(9)))], ..held() };
        let (outcome, _) = decide(new(2), FactorChanger::Owner { session, proof, step }, &trusting);
        assert!(missing(&outcome), "a trusted device is no factor: {outcome:?}");
    }

    /// MF-5: other sessions end, and this one says what was shown.
    #[test]
    fn a_first_authenticator_comes_with_recovery_codes() {
        let (outcome, writes) = decide(new(2), own(ShownFactor::Nothing), &AccountFactors::default());
        assert_eq!(ids(&outcome), others());
        let hashes = vec![RecoveryCodeHash([5; 32])];
        assert!(writes.contains(&Write::SetRecoveryCodes { account_id: account().id, hashes, at: T }));
        let amr = AuthMethods::of(AuthMethod::Password)
            .and(AuthMethod::OneTimePassword)
            .and(AuthMethod::MultipleFactors);
        assert_eq!(
            writes.last(),
            Some(&Write::Reauthenticate { id: session_of(&account(), 1).id, amr, at: T })
        );
        let full = AccountFactors { factors: (1..=10).map(factor).collect(), ..held() };
        assert_eq!(decide(new(11), own(code()), &full).0, ChangeFactorsOutcome::TooMany);
        let key =
            |seed| FactorAction::Add(Box::new(NewFactor { factor: passkey(seed, 0), codes: Vec::new() }));
        let (outcome, writes) = decide(key(30), own(code()), &full);
        assert_eq!(ids(&outcome), others(), "each kind is counted apart");
        let amr = amr.and(AuthMethod::HardwareKey).and(AuthMethod::UserPresence);
        assert_eq!(
            writes.last(),
            Some(&Write::Reauthenticate { id: session_of(&account(), 1).id, amr, at: T })
        );
        let keys = AccountFactors { factors: (1..=10).map(|seed| passkey(seed, 1)).collect(), ..held() };
        let (outcome, _) = decide(key(30), own(ShownFactor::Passkey(answered(5))), &keys);
        assert_eq!(outcome, ChangeFactorsOutcome::TooMany);
    }

    #[test]
    fn the_last_authenticator_takes_everything_with_it_unless_it_is_required() {
        let device = trusted(T.plus(Duration::from_secs(9)));
        let held = || AccountFactors { devices: vec![device.clone()], ..held() };
        let (outcome, writes) = decide(FactorAction::Remove(factor(1).id), own(code()), &held());
        assert_eq!(ids(&outcome), others());
        assert!(writes.contains(&Write::ForgetDevice(device.id)));
        let none = Write::SetRecoveryCodes { account_id: account().id, hashes: Vec::new(), at: T };
        assert!(writes.contains(&Write::DeleteFactor(factor(1).id)) && writes.contains(&none));
        let two = AccountFactors { factors: vec![factor(1), factor(2)], ..held() };
        let (_, writes) = decide(FactorAction::Remove(factor(2).id), own(code()), &two);
        assert!(!writes.contains(&none) && !writes.contains(&Write::ForgetDevice(device.id)));
        let policy = Arc::new(SecondFactorPolicy { everybody: true, ..SecondFactorPolicy::default() });
        let by = || {
            let FactorChanger::Owner { session, proof, step } = own(code()) else { panic!() };
            FactorChanger::Owner { session, proof, step: SecondStep { policy: Arc::clone(&policy), ..step } }
        };
        let remove = || FactorAction::Remove(factor(1).id);
        assert_eq!(decide(remove(), by(), &held()).0, ChangeFactorsOutcome::Required);
        assert!(matches!(decide(remove(), by(), &two).0, ChangeFactorsOutcome::Done(_)));
    }

    /// MF-5
    #[test]
    fn an_administrator_resets_everything_and_ends_all_sessions() {
        let (outcome, writes) = decide(FactorAction::Reset, FactorChanger::Administrator, &held());
        assert_eq!(ids(&outcome).len(), 2);
        assert!(writes.contains(&Write::DeleteFactor(factor(1).id)));
        let removed = AuditEvent::new(AuditKind::FactorRemoved).of_account(account().id);
        let removed = removed.with_detail(format!("totp {}", factor(1).id));
        assert!(writes.contains(&Write::Record(removed)));
        let none = Write::SetRecoveryCodes { account_id: account().id, hashes: Vec::new(), at: T };
        assert!(writes.contains(&none));
    }

    /// New codes give nobody a way in that was not there.
    #[test]
    fn other_changes_end_no_session() {
        for action in [
            FactorAction::NewCodes(vec![RecoveryCodeHash([5; 32])]),
            FactorAction::Rename(factor(1).id, "phone".to_owned()),
        ] {
            assert_eq!(ids(&decide(action, own(code()), &held()).0), []);
        }
    }

    #[test]
    fn what_the_account_does_not_have_is_not_changed() {
        let unknown = FactorId::random(&Random::insecure_seeded(99));
        for action in [
            FactorAction::Remove(unknown),
            FactorAction::Rename(unknown, "phone".to_owned()),
            FactorAction::Forget(trusted(T).id),
        ] {
            let (outcome, writes) = decide(action.clone(), own(code()), &held());
            assert_eq!(outcome, ChangeFactorsOutcome::NotFound, "{action:?}");
            assert!(writes.is_empty());
        }
        let off = Credentials { account: Account { disabled_at: Some(T), ..account() }, ..found() };
        let (account_id, by) = (account().id, own(code()));
        let change = FactorChange { account_id, action: new(2), by, notice: None };
        let outcome = change.decide(Some(off), &held(), &[], at(T)).carried_out();
        assert_eq!(outcome, ChangeFactorsOutcome::NotFound, "it is disabled");
        let none = AccountFactors::default();
        let (outcome, _) = decide(FactorAction::NewCodes(Vec::new()), own(ShownFactor::Nothing), &none);
        assert_eq!(outcome, ChangeFactorsOutcome::NotFound);
    }
}
