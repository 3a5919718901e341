//! Second factors: what somebody shows beside their password or a mail, before a session begins. An account has none or several
//! authenticators, ten recovery codes for the day on which all of them are lost, and devices on which its owner is not asked
//! again for a while.
//!
//! ```text
//! first step ──► gate ──► nothing is missing: the session begins
//!                  ├────► a code: of an authenticator, or a recovery code; or a passkey
//!                  └────► an authenticator: the policy asks for one, and the account has none; it is made on the way in
//! ```
//!
//! `gate.rs` decides for every way to sign in. Nothing begins a session without it.

mod change;
mod gate;
mod passkey;
mod policy;
mod reauthenticate;
mod recovery;
mod ticket;
mod totp;

pub(crate) use self::change::MAX_FACTORS;
#[cfg(test)]
pub(crate) use self::change::testing;
pub use self::change::{ChangeFactorsOutcome, FactorAction, FactorChange, FactorChanger};
pub(crate) use self::gate::Showing;
pub use self::gate::{FactorMethod, Missing, NewFactor, SecondStep, ShownFactor};
pub(in crate::model) use self::gate::{Passed, inserts, pass};
pub use self::passkey::{AnsweredChallenge, Passkey, ShownPasskey};
pub use self::policy::SecondFactorPolicy;
pub use self::reauthenticate::{ReauthenticateOutcome, Reauthentication};
pub use self::recovery::{RecoveryCode, RecoveryCodeHash};
pub(crate) use self::ticket::{Enrolment, FactorTicket, FirstProof, PasskeyTicket, PasskeyUse};
pub use self::totp::TotpSecret;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, FactorId, TrustedDeviceId};
use crate::model::named::named;

named! {
    /// What an authenticator does.
    pub enum FactorKind {
        /// It shows a code that changes every 30 seconds (RFC 6238).
        Totp = "totp",
        /// It answers challenges (WebAuthn).
        Passkey = "passkey",
    }
}

/// An authenticator of a newer version of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an authenticator is of a kind that this version does not know")]
pub(crate) struct UnknownFactorKind;

/// An authenticator of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct SecondFactor {
    /// Its ID.
    pub id: FactorId,
    /// The account.
    pub account_id: AccountId,
    /// What it does.
    pub kind: FactorKind,
    /// What its owner calls it; 1 to 64 characters.
    pub name: String,
    /// Its secret, or the public key of a passkey, sealed.
    pub sealed: Vec<u8>,
    /// The time step of the last code that was accepted (RFC 6238 §5.2); of no meaning for a passkey.
    pub last_step: i64,
    /// What else there is of a passkey.
    pub passkey: Option<Box<Passkey>>,
    /// When its owner showed its first code, or made the passkey.
    pub created_at: Timestamp,
    /// When it was last used to sign in.
    pub last_used_at: Option<Timestamp>,
}

impl SecondFactor {
    /// The name that somebody has typed, as it is kept.
    pub(crate) fn name_of(typed: &str) -> String {
        typed.trim().chars().filter(|char| !char.is_control()).take(64).collect()
    }
}

/// A device on which the owner of an account is not asked for a second factor for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct TrustedDevice {
    /// Its ID.
    pub id: TrustedDeviceId,
    /// The account.
    pub account_id: AccountId,
    /// SHA-256 of what its device cookie says.
    pub device_hash: [u8; 32],
    /// When its owner chose that.
    pub created_at: Timestamp,
    /// Until when it holds.
    pub expires_at: Timestamp,
    /// What the browser called itself.
    pub user_agent: Option<String>,
}

/// What an account has beside its password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountFactors {
    /// Its authenticators, the oldest first.
    pub factors: Vec<SecondFactor>,
    /// The recovery codes that were not used.
    pub codes: Vec<RecoveryCodeHash>,
    /// Its trusted devices, some past their end.
    pub devices: Vec<TrustedDevice>,
    /// SHA-256 of each challenge that its passkeys have answered lately.
    pub answered: Vec<[u8; 32]>,
    /// Whether somebody has the passkey already that the account is to get now. Looked at only where it is to get one.
    pub(crate) is_taken: bool,
}

impl AccountFactors {
    /// The time step after which a code is new: each is accepted once an account (RFC 6238 §5.2).
    pub(crate) fn last_step(&self) -> i64 {
        self.of_kind(FactorKind::Totp).map(|factor| factor.last_step).max().unwrap_or(i64::MIN)
    }

    /// Its authenticators of this kind, the oldest first.
    pub fn of_kind(&self, kind: FactorKind) -> impl Iterator<Item = &SecondFactor> {
        self.factors.iter().filter(move |factor| factor.kind == kind)
    }

    /// The passkey of this answer, if the answer is new: its passkey is there still, its counter has risen, and its challenge was not
    /// answered before (MF-4).
    fn takes(&self, shown: &ShownPasskey) -> Option<&Passkey> {
        let factor = self.factors.iter().find(|factor| factor.id == shown.factor);
        let passkey = factor.and_then(|factor| factor.passkey.as_deref());
        let is_new = |passkey: &&Passkey| {
            passkey.takes(shown.sign_count) && !self.answered.contains(&shown.challenge.hash)
        };
        passkey.filter(is_new)
    }

    fn trusts(&self, device: &[u8; 32], now: Timestamp) -> bool {
        self.devices.iter().any(|trusted| trusted.device_hash == *device && now < trusted.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_on_one_line() {
        assert_eq!(SecondFactor::name_of(" My\nphone\u{7} "), "Myphone");
        assert_eq!(SecondFactor::name_of(&"ö".repeat(65)), "ö".repeat(64));
    }
}
