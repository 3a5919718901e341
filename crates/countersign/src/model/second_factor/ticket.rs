//! What a browser keeps between the two steps of a sign-in, sealed: nothing of it is in the store, and only we can read it. It is
//! worth what the first step was worth, and for ten minutes; the second factor and the gate are still ahead.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::TotpSecret;
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::model::proof::Proof;
use crate::model::ticket::PresentedTicket;

/// What was shown in the first step. An application that vouches for somebody keeps that itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FirstProof {
    Password { version: i64 },
    Mail { version: i64, shown: PresentedTicket },
}

impl FirstProof {
    pub(crate) const fn of(proof: Proof, shown: Option<PresentedTicket>) -> Option<Self> {
        match (proof, shown) {
            (Proof::Password { version }, None) => Some(Self::Password { version }),
            (Proof::Mail { version }, Some(shown)) => Some(Self::Mail { version, shown }),
            _ => None,
        }
    }

    pub(crate) const fn proof(self) -> Proof {
        match self {
            Self::Password { version } => Proof::Password { version },
            Self::Mail { version, .. } => Proof::Mail { version },
        }
    }

    pub(crate) const fn mail_ticket(self) -> Option<PresentedTicket> {
        match self {
            Self::Password { .. } => None,
            Self::Mail { shown, .. } => Some(shown),
        }
    }
}

/// The first step was right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FactorTicket {
    pub(crate) account_id: AccountId,
    pub(crate) first: FirstProof,
    /// SHA-256 of what the browser keeps in a cookie; none for a native app, which has no other place than this.
    pub(crate) browser_hash: Option<[u8; 32]>,
    pub(crate) expires_at: Timestamp,
}

impl FactorTicket {
    pub(crate) const LIFETIME: Duration = Duration::from_mins(10);

    /// Whether it is good in the browser that keeps what has this hash.
    pub(crate) fn is_good(&self, browser_hash: Option<[u8; 32]>, now: Timestamp) -> bool {
        now < self.expires_at && self.browser_hash.is_none_or(|hash| browser_hash == Some(hash))
    }
}

/// What a challenge is for. An answer is worth nothing for anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PasskeyUse {
    /// Signing in, by whoever has a passkey.
    SignIn,
    /// The second step of a sign-in to this account.
    SecondStep(AccountId),
    /// Showing again who one is, with a session of this account.
    Owner(AccountId),
    /// A new passkey of this account.
    New(AccountId),
    /// A new one that is for the second step alone, and need not verify its owner.
    NewForSecondStep(AccountId),
}

/// A challenge for a passkey, as its browser keeps it. Secret only in that nobody else can make one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PasskeyTicket {
    pub(crate) purpose: PasskeyUse,
    pub(crate) challenge: [u8; 32],
    /// As that of [`FactorTicket`].
    pub(crate) browser_hash: Option<[u8; 32]>,
    pub(crate) expires_at: Timestamp,
}

impl PasskeyTicket {
    /// As long as browsers let people take (WebAuthn §15.1).
    pub(crate) const LIFETIME: Duration = Duration::from_mins(5);

    /// Whether it is good for this, in the browser that keeps what has this hash.
    pub(crate) fn is_good(
        &self,
        purpose: PasskeyUse,
        browser_hash: Option<[u8; 32]>,
        now: Timestamp,
    ) -> bool {
        self.purpose == purpose
            && now < self.expires_at
            && self.browser_hash.is_none_or(|hash| browser_hash == Some(hash))
    }
}

/// An authenticator that somebody is about to set up. It is nothing until they show its first code.
#[derive(Serialize, Deserialize)]
pub(crate) struct Enrolment {
    pub(crate) account_id: AccountId,
    secret: Zeroizing<Vec<u8>>,
    pub(crate) expires_at: Timestamp,
}

impl Enrolment {
    pub(crate) fn new(account_id: AccountId, secret: &TotpSecret, now: Timestamp) -> Self {
        let expires_at = now.plus(FactorTicket::LIFETIME);
        Self { account_id, secret: Zeroizing::new(secret.as_bytes().to_vec()), expires_at }
    }

    /// Its secret, for this account and in time.
    pub(crate) fn secret(&self, account: AccountId, now: Timestamp) -> Option<TotpSecret> {
        let is_good = self.account_id == account && now < self.expires_at;
        is_good.then(|| TotpSecret::from_bytes(&self.secret)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use crate::model::session::testing::{T, account};

    /// MF-2: bound to the browser, and over on time.
    #[test]
    fn a_ticket_is_good_in_its_browser_and_for_ten_minutes() {
        let end = T.plus(FactorTicket::LIFETIME);
        let first = FirstProof::Password { version: 5 };
        let ticket =
            |browser_hash| FactorTicket { account_id: account().id, first, browser_hash, expires_at: end };
        let last = end.minus(Duration::from_millis(1));
        for (kept, shown, now, is_good) in [
            (Some([1; 32]), Some([1; 32]), T, true),
            (Some([1; 32]), Some([1; 32]), last, true),
            (Some([1; 32]), Some([1; 32]), end, false),
            (Some([1; 32]), Some([2; 32]), T, false),
            (Some([1; 32]), None, T, false),
            (None, None, T, true),
            (None, Some([1; 32]), T, true),
            (None, None, end, false),
        ] {
            assert_eq!(ticket(kept).is_good(shown, now), is_good, "{kept:?} {shown:?} {now:?}");
        }
        let text = serde_json::to_vec(&ticket(Some([1; 32]))).unwrap();
        assert_eq!(serde_json::from_slice::<FactorTicket>(&text).unwrap(), ticket(Some([1; 32])));
    }

    /// MF-4: for one purpose, in its browser, and for five minutes.
    #[test]
    fn a_challenge_is_good_for_what_it_was_made_for() {
        let other = AccountId::random(&Random::insecure_seeded(2));
        let uses = [
            PasskeyUse::SignIn,
            PasskeyUse::SecondStep(account().id),
            PasskeyUse::SecondStep(other),
            PasskeyUse::Owner(account().id),
            PasskeyUse::New(account().id),
            PasskeyUse::New(other),
            PasskeyUse::NewForSecondStep(account().id),
        ];
        let expires_at = T.plus(PasskeyTicket::LIFETIME);
        for purpose in uses {
            let ticket =
                |browser_hash| PasskeyTicket { purpose, challenge: [1; 32], browser_hash, expires_at };
            for wanted in uses {
                assert_eq!(
                    ticket(None).is_good(wanted, None, T),
                    purpose == wanted,
                    "{purpose:?} {wanted:?}"
                );
            }
            let is_good = |shown| ticket(Some([1; 32])).is_good(purpose, shown, T);
            assert!(is_good(Some([1; 32])) && !is_good(Some([2; 32])) && !is_good(None));
            assert!(!ticket(None).is_good(purpose, None, expires_at));
        }
    }

    #[test]
    fn an_authenticator_is_set_up_for_one_account_and_in_time() {
        let secret = TotpSecret::random(&Random::insecure_seeded(1));
        let enrolment = Enrolment::new(account().id, &secret, T);
        let other = AccountId::random(&Random::insecure_seeded(2));
        assert_eq!(enrolment.secret(account().id, T), Some(secret));
        assert_eq!(enrolment.secret(other, T), None);
        assert_eq!(enrolment.secret(account().id, enrolment.expires_at), None);
    }
}
