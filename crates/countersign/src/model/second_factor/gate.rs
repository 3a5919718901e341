//! What is still missing before a session may begin: one function, whatever the first step was.

use std::sync::Arc;

use super::{AccountFactors, RecoveryCodeHash, SecondFactor, SecondFactorPolicy, TrustedDevice};
use crate::base::clock::Timestamp;
use crate::base::id::FactorId;
use crate::model::account::Account;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::named::named;
use crate::model::plan::Write;
use crate::model::proof::{AuthMethod, AuthMethods};

named! {
    /// What can be shown in the second step.
    pub enum FactorMethod {
        /// The code of an authenticator.
        Totp = "totp",
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
    /// The first code of an authenticator that the account gets now.
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
        first: AuthMethods,
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
    first: AuthMethods,
    (account, held): (&Account, &AccountFactors),
    step: &SecondStep,
    showing: Showing,
    now: Timestamp,
) -> Result<Passed, Missing> {
    let passed = |methods, writes, detail| Ok(Passed { methods, writes, detail });
    let both = first.and(AuthMethod::OneTimePassword).and(AuthMethod::MultipleFactors);
    match &step.shown {
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
            passed(both, inserts(new, now), Some(FactorMethod::Totp.name()))
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
        let totp = (!self.factors.is_empty()).then_some(FactorMethod::Totp);
        let code = (!self.codes.is_empty()).then_some(FactorMethod::RecoveryCode);
        totp.into_iter().chain(code).collect()
    }
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
    use crate::model::second_factor::change::testing::{factor, held, trusted};
    use crate::model::session::testing::{T, account};

    const PASSWORD: AuthMethods = AuthMethods::of(AuthMethod::Password);

    fn outcome(
        first: AuthMethods,
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
        let outside = PASSWORD.and(AuthMethod::HardwareKey).and(AuthMethod::MultipleFactors);
        let (sign_in, change) = (Showing::SignIn, Showing::Change);
        let cases = [
            ("nothing asked", PASSWORD, &none, SecondStep::default(), false, sign_in, Ok("pwd".into())),
            (
                "by mail, nothing asked",
                AuthMethods::NONE,
                &none,
                SecondStep::default(),
                false,
                sign_in,
                Ok(String::new()),
            ),
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
                AuthMethods::NONE,
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
            ("there, by mail", AuthMethods::NONE, &one, SecondStep::default(), false, sign_in, ask()),
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
            ("by mail and a code", AuthMethods::NONE, &one, totp(8), true, sign_in, Ok("otp mfa".into())),
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
    }
}
