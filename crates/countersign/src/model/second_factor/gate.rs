//! What is still missing before a session may begin: one function, whatever the first step was.

use std::sync::Arc;

use super::{
    AccountFactors, FactorKind, RecoveryCodeHash, SecondFactor, SecondFactorPolicy, ShownPasskey,
    TrustedDevice,
};
use crate::base::clock::Timestamp;
use crate::base::id::FactorId;
use crate::model::account::Account;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::named::named;
use crate::model::plan::Write;
use crate::model::proof::{AuthMethod, AuthMethods, Proof};

named! {
    /// What can be shown in the second step.
    pub enum FactorMethod {
        /// The code of an authenticator.
        Totp = "totp",
        /// A passkey.
        Passkey = "passkey",
        /// A recovery code.
        RecoveryCode = "recovery_code",
    }
}

/// What somebody has shown beside the first step. It was found to be right; a store looks in its transaction whether it is new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ShownFactor {
    /// Nothing.
    #[default]
    Nothing,
    /// The code of this authenticator and of this time step.
    Totp {
        /// The authenticator.
        factor: FactorId,
        /// The step.
        step: i64,
    },
    /// A recovery code.
    RecoveryCode(RecoveryCodeHash),
    /// The answer of a passkey: beside the first step, or in its place.
    Passkey(ShownPasskey),
    /// The first code of an authenticator, or a passkey, that the account gets now.
    New(Box<NewFactor>),
}

/// An authenticator that an account gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFactor {
    /// The authenticator.
    pub factor: SecondFactor,
    /// New recovery codes, if the account has none yet.
    pub codes: Vec<RecoveryCodeHash>,
}

/// The second step of a sign-in.
#[derive(Clone, Debug, Default)]
pub struct SecondStep {
    /// What was shown.
    pub shown: ShownFactor,
    /// SHA-256 of what the device cookie says.
    pub device: Option<[u8; 32]>,
    /// The device that is to be trusted from now on.
    pub trusts: Option<Box<TrustedDevice>>,
    /// Who has to have a second factor.
    pub policy: Arc<SecondFactorPolicy>,
}

impl SecondStep {
    /// Whether somebody may sign in who has shown `first` and this; by which methods they have then.
    pub(crate) fn check(
        &self,
        first: Proof,
        whose: (&Account, &AccountFactors),
        now: Timestamp,
    ) -> Result<AuthMethods, Missing> {
        pass(first, whose, self, Showing::SignIn, now).map(|passed| passed.methods)
    }
}

/// What is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A second factor, of one of these kinds.
    Factor(Vec<FactorMethod>),
    /// An authenticator, which has to be set up first: the policy asks for one.
    Authenticator,
    /// What was shown is not good any more: its code was used before, or the authenticator is gone.
    AnotherCode,
}

/// What somebody has shown is enough.
#[derive(Debug)]
pub(in crate::model) struct Passed {
    /// By which methods they were authenticated.
    pub(in crate::model) methods: AuthMethods,
    /// What has to be written, so that no code is good twice.
    pub(in crate::model) writes: Vec<Write>,
    /// For the audit log.
    pub(in crate::model) detail: Option<&'static str>,
}

/// What a second factor is shown for: where the device is trusted, a sign-in needs none, and a change of factors does (MF-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Showing {
    SignIn,
    Change,
}

/// Whether somebody may go on who has shown `first` and what `step` says. Whoever has an authenticator is asked for it; whoever has
/// none may go on unless the policy asks for one (MF-2).
pub(in crate::model) fn pass(
    proof: Proof,
    (account, held): (&Account, &AccountFactors),
    step: &SecondStep,
    showing: Showing,
    now: Timestamp,
) -> Result<Passed, Missing> {
    let passed = |methods, writes, detail| Ok(Passed { methods, writes, detail });
    let first = proof.methods();
    let both = first.and(AuthMethod::OneTimePassword).and(AuthMethod::MultipleFactors);
    match &step.shown {
        ShownFactor::Passkey(shown) => {
            let passkey = held.takes(shown).ok_or(Missing::AnotherCode)?;
            let used = Write::UsePasskey { shown: Box::new(*shown), account_id: account.id, at: now };
            // SECURITY: without a look at who is in front of it, it is the possession of a device and nothing else.
            if proof == Proof::Passkey && !(shown.is_verified && passkey.signs_in) {
                return Err(Missing::AnotherCode);
            }
            passed(with_passkey(first, passkey.method()), vec![used], Some(FactorMethod::Passkey.name()))
        }
        // A passkey in place of the first step is never shown without the passkey.
        _ if proof == Proof::Passkey => Err(Missing::AnotherCode),
        ShownFactor::Totp { factor, step } => {
            let is_there = held.factors.iter().any(|found| found.id == *factor);
            if !is_there || *step <= held.last_step() {
                return Err(Missing::AnotherCode);
            }
            let used = Write::UseFactor { id: *factor, step: *step, at: now };
            passed(both, vec![used], Some(FactorMethod::Totp.name()))
        }
        ShownFactor::RecoveryCode(hash) => {
            if !held.codes.contains(hash) {
                return Err(Missing::AnotherCode);
            }
            let used = Write::UseRecoveryCode { account_id: account.id, hash: hash.0, at: now };
            let left = (held.codes.len() - 1).to_string();
            let event = AuditEvent::new(AuditKind::RecoveryCodeUsed).of_account(account.id);
            let writes = vec![used, Write::Record(event.with_detail(&left))];
            passed(both, writes, Some(FactorMethod::RecoveryCode.name()))
        }
        // Only on the way in: whoever has one shows that.
        ShownFactor::New(new) if held.factors.is_empty() => {
            let methods = new.factor.methods(first);
            passed(methods, inserts(new, now), Some(new.factor.kind.name()))
        }
        ShownFactor::New(_) => Err(Missing::Factor(held.methods())),
        // The application has asked for more than one factor by its own means.
        ShownFactor::Nothing if first.has(AuthMethod::MultipleFactors) => passed(first, Vec::new(), None),
        ShownFactor::Nothing if held.factors.is_empty() => {
            if showing == Showing::SignIn && step.policy.requires(&account.role, now) {
                return Err(Missing::Authenticator);
            }
            passed(first, Vec::new(), None)
        }
        ShownFactor::Nothing => {
            let is_trusted = showing == Showing::SignIn
                && step.policy.may_trust(&account.role)
                && step.device.is_some_and(|device| held.trusts(&device, now));
            if !is_trusted {
                return Err(Missing::Factor(held.methods()));
            }
            passed(first.and(AuthMethod::RiskBased), Vec::new(), Some("trusted_device"))
        }
    }
}

impl AccountFactors {
    /// What can be shown of them.
    #[must_use]
    pub fn methods(&self) -> Vec<FactorMethod> {
        let has = |kind| self.of_kind(kind).next().is_some();
        let totp = has(FactorKind::Totp).then_some(FactorMethod::Totp);
        let passkey = has(FactorKind::Passkey).then_some(FactorMethod::Passkey);
        let code = (!self.codes.is_empty()).then_some(FactorMethod::RecoveryCode);
        totp.into_iter().chain(passkey).chain(code).collect()
    }
}

impl SecondFactor {
    /// By which methods somebody is authenticated who has shown this beside the first step (RFC 8176).
    pub(in crate::model) fn methods(&self, first: AuthMethods) -> AuthMethods {
        match &self.passkey {
            Some(passkey) => with_passkey(first, passkey.method()),
            None => first.and(AuthMethod::OneTimePassword).and(AuthMethod::MultipleFactors),
        }
    }
}

const fn with_passkey(first: AuthMethods, key: AuthMethod) -> AuthMethods {
    first.and(key).and(AuthMethod::UserPresence).and(AuthMethod::MultipleFactors)
}

/// An authenticator, and the recovery codes that come with the first one.
pub(in crate::model) fn inserts(new: &NewFactor, now: Timestamp) -> Vec<Write> {
    let id = new.factor.account_id;
    let event = AuditEvent::new(AuditKind::FactorAdded).of_account(id);
    let event = event.with_detail(format!("{} {}", new.factor.kind.name(), new.factor.id));
    let mut writes = vec![Write::InsertFactor(Box::new(new.factor.clone())), Write::Record(event)];
    if !new.codes.is_empty() {
        writes.push(Write::SetRecoveryCodes { account_id: id, hashes: new.codes.clone(), at: now });
    }
    writes
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::account::Role;
    use crate::model::proof::OutsideProof;
    use crate::model::second_factor::change::testing::{answered, factor, held, passkey, trusted};
    use crate::model::session::testing::{T, account};

    const PASSWORD: Proof = Proof::Password { version: 5 };
    const MAIL: Proof = Proof::Mail { version: 5 };

    fn outcome(
        first: Proof,
        (account, held): (&Account, &AccountFactors),
        step: &SecondStep,
        showing: Showing,
    ) -> Result<String, Missing> {
        pass(first, (account, held), step, showing, T).map(|passed| passed.methods.to_stored())
    }

    /// MF-2: every combination of what was shown first, what the policy asks for, what the account has, and what was shown then.
    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn what_is_missing_in_every_case() {
        let shown = |shown| SecondStep { shown, ..SecondStep::default() };
        let totp = |step| shown(ShownFactor::Totp { factor: factor(1).id, step });
        let code = |byte| shown(ShownFactor::RecoveryCode(RecoveryCodeHash([byte; 32])));
        let new =
            |seed| shown(ShownFactor::New(Box::new(NewFactor { factor: factor(seed), codes: Vec::new() })));
        let device = |byte| SecondStep { device: Some([byte; 32]), ..SecondStep::default() };
        let both = || Ok("pwd otp mfa".to_owned());
        let ask = || Err(Missing::Factor(vec![FactorMethod::Totp, FactorMethod::RecoveryCode]));
        let (none, one) = (AccountFactors::default(), held());
        let without_codes = AccountFactors { codes: Vec::new(), ..held() };
        let later = SecondFactor { last_step: 8, ..factor(2) };
        let two = AccountFactors { factors: vec![factor(1), later], ..held() };
        let trusting = |until| AccountFactors { devices: vec![trusted(until)], ..held() };
        let (until_late, until_now) = (trusting(T.plus(Duration::from_millis(1))), trusting(T));
        let outside = AuthMethods::of(AuthMethod::Password).and(AuthMethod::HardwareKey);
        let outside = Proof::Outside(OutsideProof::new("own", outside.and(AuthMethod::MultipleFactors)));
        let key = |edit: fn(&mut ShownPasskey)| {
            let mut answer = answered(5);
            edit(&mut answer);
            shown(ShownFactor::Passkey(answer))
        };
        let new_key =
            shown(ShownFactor::New(Box::new(NewFactor { factor: passkey(5, 1), codes: Vec::new() })));
        let keys = AccountFactors { factors: vec![passkey(5, 1)], ..held() };
        let used = AccountFactors { answered: vec![[4; 32]], ..keys.clone() };
        let mut second_only = keys.clone();
        second_only.factors[0].passkey.as_mut().unwrap().signs_in = false;
        let mut synced = keys.clone();
        synced.factors[0].passkey.as_mut().unwrap().backup_eligible = true;
        let all = AccountFactors { factors: vec![factor(1), passkey(5, 1)], ..held() };
        let trusting_keys =
            AccountFactors { devices: vec![trusted(T.plus(Duration::from_secs(1)))], ..keys.clone() };
        let ask_key = || Err(Missing::Factor(vec![FactorMethod::Passkey, FactorMethod::RecoveryCode]));
        let ask_all = vec![FactorMethod::Totp, FactorMethod::Passkey, FactorMethod::RecoveryCode];
        let (again, unverified) = (Err(Missing::AnotherCode), key(|answer| answer.is_verified = false));
        let (sign_in, change) = (Showing::SignIn, Showing::Change);
        let cases = [
            ("nothing asked", PASSWORD, &none, SecondStep::default(), false, sign_in, Ok("pwd".into())),
            ("by mail, nothing asked", MAIL, &none, SecondStep::default(), false, sign_in, Ok(String::new())),
            (
                "asked by policy, none there",
                PASSWORD,
                &none,
                SecondStep::default(),
                true,
                sign_in,
                Err(Missing::Authenticator),
            ),
            (
                "by mail, asked by policy",
                MAIL,
                &none,
                SecondStep::default(),
                true,
                sign_in,
                Err(Missing::Authenticator),
            ),
            (
                "a first one may be added",
                PASSWORD,
                &none,
                SecondStep::default(),
                true,
                change,
                Ok("pwd".into()),
            ),
            ("there", PASSWORD, &one, SecondStep::default(), false, sign_in, ask()),
            ("there, by mail", MAIL, &one, SecondStep::default(), false, sign_in, ask()),
            (
                "no codes left",
                PASSWORD,
                &without_codes,
                SecondStep::default(),
                true,
                sign_in,
                Err(Missing::Factor(vec![FactorMethod::Totp])),
            ),
            ("a new code", PASSWORD, &one, totp(8), true, sign_in, both()),
            ("by mail and a code", MAIL, &one, totp(8), true, sign_in, Ok("otp mfa".into())),
            (
                "the code of the last step again",
                PASSWORD,
                &one,
                totp(7),
                false,
                sign_in,
                Err(Missing::AnotherCode),
            ),
            (
                "the step of another authenticator's last code",
                PASSWORD,
                &two,
                totp(8),
                false,
                sign_in,
                Err(Missing::AnotherCode),
            ),
            ("an older code", PASSWORD, &one, totp(6), false, sign_in, Err(Missing::AnotherCode)),
            (
                "of an authenticator that is gone",
                PASSWORD,
                &none,
                totp(8),
                false,
                sign_in,
                Err(Missing::AnotherCode),
            ),
            ("a recovery code", PASSWORD, &one, code(1), true, sign_in, both()),
            ("a used recovery code", PASSWORD, &one, code(3), false, sign_in, Err(Missing::AnotherCode)),
            ("set up on the way in", PASSWORD, &none, new(2), true, sign_in, both()),
            ("set up where there is one", PASSWORD, &one, new(2), true, sign_in, ask()),
            ("trusted device", PASSWORD, &until_late, device(9), true, sign_in, Ok("pwd rba".into())),
            ("another device", PASSWORD, &until_late, device(8), true, sign_in, ask()),
            ("trusted until now", PASSWORD, &until_now, device(9), true, sign_in, ask()),
            ("a change on a trusted device", PASSWORD, &until_late, device(9), false, change, ask()),
            ("a change with a code", PASSWORD, &one, totp(8), false, change, both()),
            (
                "the application asked for more",
                outside,
                &one,
                SecondStep::default(),
                true,
                sign_in,
                Ok("pwd hwk mfa".into()),
            ),
            ("a passkey alone", Proof::Passkey, &keys, key(|_| ()), true, sign_in, Ok("hwk user mfa".into())),
            (
                "a synchronised one",
                Proof::Passkey,
                &synced,
                key(|_| ()),
                true,
                sign_in,
                Ok("swk user mfa".into()),
            ),
            (
                "alone, beside an authenticator",
                Proof::Passkey,
                &all,
                key(|_| ()),
                false,
                sign_in,
                Ok("hwk user mfa".into()),
            ),
            (
                "alone, and nobody was verified",
                Proof::Passkey,
                &keys,
                unverified.clone(),
                false,
                sign_in,
                again.clone(),
            ),
            (
                "one for the second step, alone",
                Proof::Passkey,
                &second_only,
                key(|_| ()),
                false,
                sign_in,
                again.clone(),
            ),
            (
                "one for the second step",
                PASSWORD,
                &second_only,
                key(|_| ()),
                false,
                sign_in,
                Ok("pwd hwk user mfa".into()),
            ),
            ("alone, and gone", Proof::Passkey, &one, key(|_| ()), false, sign_in, again.clone()),
            ("alone, and answered before", Proof::Passkey, &used, key(|_| ()), false, sign_in, again.clone()),
            (
                "alone, and its counter stands",
                Proof::Passkey,
                &keys,
                key(|answer| answer.sign_count = 1),
                false,
                sign_in,
                again.clone(),
            ),
            (
                "alone, to change something",
                Proof::Passkey,
                &keys,
                key(|_| ()),
                false,
                change,
                Ok("hwk user mfa".into()),
            ),
            (
                "said to be alone, and not shown",
                Proof::Passkey,
                &keys,
                SecondStep::default(),
                false,
                sign_in,
                again.clone(),
            ),
            (
                "said to be alone, with nothing there",
                Proof::Passkey,
                &none,
                SecondStep::default(),
                false,
                sign_in,
                again.clone(),
            ),
            (
                "said to be alone, on a trusted device",
                Proof::Passkey,
                &trusting_keys,
                device(9),
                false,
                sign_in,
                again.clone(),
            ),
            ("said to be alone, with a code", Proof::Passkey, &all, totp(8), false, sign_in, again.clone()),
            (
                "said to be alone, with a recovery code",
                Proof::Passkey,
                &keys,
                code(1),
                false,
                sign_in,
                again.clone(),
            ),
            (
                "said to be alone, with a new one",
                Proof::Passkey,
                &none,
                new_key.clone(),
                true,
                sign_in,
                again.clone(),
            ),
            ("there is a passkey", PASSWORD, &keys, SecondStep::default(), false, sign_in, ask_key()),
            ("there is a passkey, by mail", MAIL, &keys, SecondStep::default(), false, sign_in, ask_key()),
            (
                "there is everything",
                PASSWORD,
                &all,
                SecondStep::default(),
                true,
                sign_in,
                Err(Missing::Factor(ask_all)),
            ),
            (
                "a passkey beside a password",
                PASSWORD,
                &keys,
                key(|_| ()),
                true,
                sign_in,
                Ok("pwd hwk user mfa".into()),
            ),
            (
                "one that verifies nobody",
                PASSWORD,
                &keys,
                unverified.clone(),
                true,
                sign_in,
                Ok("pwd hwk user mfa".into()),
            ),
            (
                "one that verifies nobody, by mail",
                MAIL,
                &keys,
                unverified.clone(),
                true,
                sign_in,
                Ok("hwk user mfa".into()),
            ),
            (
                "one that verifies nobody, to change something",
                PASSWORD,
                &keys,
                unverified,
                false,
                change,
                Ok("pwd hwk user mfa".into()),
            ),
            ("a passkey that is gone", PASSWORD, &one, key(|_| ()), false, sign_in, again.clone()),
            ("of an account without any", PASSWORD, &none, key(|_| ()), false, sign_in, again.clone()),
            ("a challenge that was answered", PASSWORD, &used, key(|_| ()), false, sign_in, again.clone()),
            (
                "another one of its challenges",
                PASSWORD,
                &used,
                key(|answer| answer.challenge.hash = [5; 32]),
                false,
                sign_in,
                Ok("pwd hwk user mfa".into()),
            ),
            (
                "the ID of an authenticator",
                PASSWORD,
                &all,
                key(|answer| answer.factor = factor(1).id),
                false,
                sign_in,
                again,
            ),
            ("a code of who has a passkey too", PASSWORD, &all, totp(8), false, sign_in, both()),
            ("a recovery code of who has a passkey", PASSWORD, &keys, code(1), false, sign_in, both()),
            (
                "a passkey made on the way in",
                PASSWORD,
                &none,
                new_key.clone(),
                true,
                sign_in,
                Ok("pwd hwk user mfa".into()),
            ),
            ("made where there is one", PASSWORD, &keys, new_key, true, sign_in, ask_key()),
            (
                "a passkey, and a trusted device",
                PASSWORD,
                &trusting_keys,
                device(9),
                true,
                sign_in,
                Ok("pwd rba".into()),
            ),
        ];
        for (name, first, held, step, everybody, showing, expected) in cases {
            let policy = Arc::new(SecondFactorPolicy { everybody, ..SecondFactorPolicy::default() });
            let step = SecondStep { policy, ..step };
            assert_eq!(outcome(first, (&account(), held), &step, showing), expected, "{name}");
        }
        let admin = Account { role: Role::admin(), ..account() };
        let found = outcome(PASSWORD, (&admin, &until_late), &device(9), sign_in);
        assert_eq!(found, ask(), "administrators are asked each time");
    }

    /// MF-1, MF-3: what was shown is used up.
    #[test]
    fn what_was_shown_is_not_good_again() {
        let step = SecondStep {
            shown: ShownFactor::Totp { factor: factor(1).id, step: 8 },
            ..SecondStep::default()
        };
        let passed = pass(PASSWORD, (&account(), &held()), &step, Showing::SignIn, T).unwrap();
        assert_eq!(passed.writes, [Write::UseFactor { id: factor(1).id, step: 8, at: T }]);
        let hash = RecoveryCodeHash([1; 32]);
        let step = SecondStep { shown: ShownFactor::RecoveryCode(hash), ..SecondStep::default() };
        let passed = pass(PASSWORD, (&account(), &held()), &step, Showing::SignIn, T).unwrap();
        let event = AuditEvent::new(AuditKind::RecoveryCodeUsed).of_account(account().id).with_detail("1");
        let used = Write::UseRecoveryCode { account_id: account().id, hash: hash.0, at: T };
        assert_eq!(passed.writes, [used, Write::Record(event)]);
        let keys = AccountFactors { factors: vec![passkey(5, 1)], ..held() };
        let step = SecondStep { shown: ShownFactor::Passkey(answered(5)), ..SecondStep::default() };
        let passed = pass(Proof::Passkey, (&account(), &keys), &step, Showing::SignIn, T).unwrap();
        let used = Write::UsePasskey { shown: Box::new(answered(5)), account_id: account().id, at: T };
        assert_eq!(passed.writes, [used]);
    }
}
