//! [`Realm`]: one issuer of a guard, with its own keys and its own policy, so that no issuer can sign in the
//! name of another.

use std::fmt;
use std::sync::Arc;

use countersign_jwt::{ClaimsPolicy, VerifyError, verify_access_token};

use crate::claims::AccessClaims;
#[cfg(feature = "remote")]
use crate::feed::follow::FeedSubscription;
use crate::keys::{KeySlot, Keys};
use crate::refusal::Refusal;
#[cfg(feature = "remote")]
use crate::remote::shared::Subscription;
use crate::revocation::Revocations;
#[cfg(feature = "remote")]
use countersign_jwt::UnverifiedJws;

pub(crate) struct Realm {
    pub(crate) policy: ClaimsPolicy,
    pub(crate) keys: Arc<KeySlot>,
    #[cfg(feature = "remote")]
    pub(crate) subscription: Option<Arc<Subscription>>,
    #[cfg(feature = "remote")]
    pub(crate) feed: Option<Arc<FeedSubscription>>,
}

impl Realm {
    pub(crate) fn with_policy(&self, policy: ClaimsPolicy) -> Self {
        Self {
            policy,
            keys: Arc::clone(&self.keys),
            #[cfg(feature = "remote")]
            subscription: self.subscription.clone(),
            #[cfg(feature = "remote")]
            feed: self.feed.clone(),
        }
    }

    pub(crate) fn verify(&self, token: &str, keys: &Keys, now: i64) -> Result<AccessClaims, Refusal> {
        let set = keys.set.as_ref().ok_or(Refusal::KeysUnavailable)?;
        let claims = verify_access_token(token, set, &self.policy, now)?;
        Ok(AccessClaims(Arc::new(claims)))
    }

    /// The ended sessions of this issuer alone.
    #[cfg(feature = "remote")]
    pub(crate) fn revocations(&self) -> Option<&Revocations> {
        self.feed.as_deref().map(FeedSubscription::revocations)
    }

    /// The ended sessions of this issuer alone: none without a feed.
    #[cfg(not(feature = "remote"))]
    #[expect(clippy::unused_self, reason = "with the feature `remote` it has some")]
    pub(crate) const fn revocations(&self) -> Option<&Revocations> {
        None
    }

    /// Whether this issuer's feed lets the session's token pass.
    pub(crate) fn check_session(&self, claims: &AccessClaims, now: i64) -> Result<(), Refusal> {
        if self.revocations().is_some_and(|revocations| revocations.refuses(claims)) {
            return Err(Refusal::Revoked);
        }
        #[cfg(feature = "remote")]
        if let Some((feed, session_id)) = self.feed.as_ref().zip(claims.session_id()) {
            return feed.check_age(session_id, claims, now);
        }
        let _ = now;
        Ok(())
    }

    /// Makes the next fetch come earlier if the token was refused because its key is not known. Never waits.
    #[cfg(feature = "remote")]
    pub(crate) fn ask_for_key(&self, token: &str, refusal: &Refusal) {
        let Some(subscription) = &self.subscription else { return };
        if !matches!(refusal, Refusal::Invalid(VerifyError::UnknownKeyId) | Refusal::KeysUnavailable) {
            return;
        }
        let unverified = UnverifiedJws::parse_with_limits(token, self.policy.limits());
        if let Some(key_id) = unverified.ok().as_ref().and_then(|token| token.header().key_id()) {
            subscription.ask_for_key(key_id);
        }
    }
}

impl fmt::Debug for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Realm").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// Of two refusals of one token by two issuers, the one that tells more: how far the token came.
pub(crate) fn more_telling(one: Refusal, other: Refusal) -> Refusal {
    let distance = |refusal: &Refusal| match refusal {
        Refusal::Invalid(VerifyError::UnknownKeyId | VerifyError::KeyIdMissing) => 0,
        Refusal::KeysUnavailable => 1,
        Refusal::Invalid(VerifyError::AlgorithmMismatch | VerifyError::BadSignature) => 2,
        _ => 3,
    };
    if distance(&other) > distance(&one) { other } else { one }
}
