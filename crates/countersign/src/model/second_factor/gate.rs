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

impl ShownFactor {
    /// What the account gets.
    pub(crate) fn new_factor(&self) -> Option<&NewFactor> {
        if let Self::New(new) = self { Some(new) } else { None }
    }
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

    /// Whether the device may be trusted from now on: only where a second factor was shown, and the policy lets it be.
    pub(crate) fn may_trust(&self, shown: AuthMethods, account: &Account) -> bool {
        shown.has(AuthMethod::MultipleFactors) && self.policy.may_trust(&account.role)
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
    /// Another passkey than the one that was made: somebody has that one already (WebAuthn §7.1, step 26).
    AnotherPasskey,
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
            let is_verified = shown.is_verified && passkey.signs_in;
            if proof == Proof::Passkey && !is_verified {
                return Err(Missing::AnotherCode);
            }
            let methods = with_passkey(first, passkey.method());
            let methods = if is_verified { methods.and(AuthMethod::UserVerified) } else { methods };
            passed(methods, vec![used], Some(FactorMethod::Passkey.name()))
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
        ShownFactor::New(_) if held.is_taken => Err(Missing::AnotherPasskey),
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
mod tests;
