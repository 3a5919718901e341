//! [`Guard`]: header → cache → signature and claims → revocation, in this order. No database, no network, no
//! lock held across a check.

use std::fmt;
use std::sync::Arc;

use countersign_jwt::{ClaimsPolicy, JwkSet};
use http::{HeaderMap, header};

use crate::alarm::Alarms;
use crate::cache::{Entry, TokenCache};
use crate::checks::{Checks, GuardStats};
use crate::claims::AccessClaims;
use crate::clock::{Clock, Timer, run_time, system_unix_seconds};
use crate::keys::KeySlot;
use crate::realm::{Realm, more_telling};
use crate::refusal::Refusal;
use crate::revocation::Revocations;

/// Checks access tokens of one or more issuers, each with its own keys and policy. Clones share keys, cache
/// and revocations.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    realms: Box<[Realm]>,
    cache: TokenCache,
    revocations: Revocations,
    clock: Clock,
    alarms: Arc<Alarms>,
    checks: Arc<Checks>,
}

impl Guard {
    /// Makes a guard that reads the system clock.
    #[must_use]
    pub fn new(keys: JwkSet, policy: ClaimsPolicy) -> Self {
        Self::with_clock(keys, policy, system_unix_seconds)
    }

    /// Makes a guard that reads another clock: `now` returns seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn with_clock(
        keys: JwkSet,
        policy: ClaimsPolicy,
        now: impl Fn() -> i64 + Send + Sync + 'static,
    ) -> Self {
        let realm = Realm {
            policy,
            keys: Arc::new(KeySlot::new(Some(keys))),
            #[cfg(feature = "remote")]
            subscription: None,
            #[cfg(feature = "remote")]
            feed: None,
        };
        Self::of(Box::new([realm]), Arc::new(now), run_time())
    }

    pub(crate) fn of(realms: Box<[Realm]>, clock: Clock, timer: Timer) -> Self {
        let (cache, revocations) = (TokenCache::new(CACHE_BYTES), Revocations::default());
        let (alarms, checks) = (Arc::new(Alarms::new(timer)), Arc::default());
        Self(Arc::new(Inner { realms, cache, revocations, clock, alarms, checks }))
    }

    /// A guard with the same keys, clock and ended sessions that demands another policy, with a cache of its own:
    /// for another audience of the same issuer. Of several issuers, it trusts the first.
    #[must_use]
    pub fn with_policy(&self, policy: ClaimsPolicy) -> Self {
        let realms = self.0.realms.first().map(|realm| realm.with_policy(policy)).into_iter().collect();
        let (cache, revocations) = (TokenCache::new(CACHE_BYTES), self.0.revocations.clone());
        let (clock, alarms) = (Arc::clone(&self.0.clock), Arc::clone(&self.0.alarms));
        let checks = Arc::clone(&self.0.checks);
        Self(Arc::new(Inner { realms, cache, revocations, clock, alarms, checks }))
    }

    /// Replaces the keys. Cached tokens are verified again with the new ones. Has no effect on a guard of
    /// several issuers; a guard that fetches its keys replaces them again with the next fetch.
    pub fn replace_keys(&self, keys: &JwkSet) {
        if let [realm] = &*self.0.realms {
            realm.keys.replace(Some(keys));
        }
    }

    /// The ended sessions, whose tokens are refused, whichever issuer they are of. Those that an issuer's feed
    /// names are kept apart: no issuer can end the sessions of another.
    #[must_use]
    pub fn revocations(&self) -> &Revocations {
        &self.0.revocations
    }

    /// Checks the `Authorization` header of a request (RFC 6750 §2.1). A token in any other place is ignored.
    ///
    /// # Errors
    /// - [`Refusal::TokenRequired`]: there is no such header.
    /// - [`Refusal::Malformed`]: it is not exactly one `Bearer <token>`.
    /// - Those of [`Guard::verify`].
    pub fn authenticate(&self, headers: &HeaderMap) -> Result<AccessClaims, Refusal> {
        self.verify(bearer_token(headers)?)
    }

    /// Checks a token: signature and claims by [`countersign_jwt::verify_access_token`], then whether its
    /// session (`sid`) has ended.
    ///
    /// # Errors
    /// - [`Refusal::Invalid`]: a check of the token fails.
    /// - [`Refusal::ScopeRequired`], [`Refusal::RoleRequired`]: it is valid but lacks what the policy
    ///   demands.
    /// - [`Refusal::Revoked`]: its session has ended, or all that there were when it was issued.
    /// - [`Refusal::KeysUnavailable`]: there are no keys to check it with.
    /// - [`Refusal::FeedLate`], [`Refusal::TooOld`]: the issuer's feed is late, and the guard was told not to
    ///   accept such a token then (feature `remote`).
    pub fn verify(&self, token: &str) -> Result<AccessClaims, Refusal> {
        let outcome = self.judge(token);
        self.0.checks.came_to(outcome.as_ref().err());
        outcome
    }

    /// Figures for metrics.
    #[must_use]
    pub fn stats(&self) -> GuardStats {
        self.0.checks.read()
    }

    fn judge(&self, token: &str) -> Result<AccessClaims, Refusal> {
        let now = (self.0.clock)();
        let (claims, realm) = self.identify(token, now)?;
        if self.0.revocations.refuses(&claims) {
            return Err(Refusal::Revoked);
        }
        realm.check_session(&claims, now)?;
        Ok(claims)
    }

    /// The claims of a token, whatever has become of its session.
    pub(crate) fn identify(&self, token: &str, now: i64) -> Result<(AccessClaims, &Realm), Refusal> {
        self.cached(token, now).map_or_else(|| self.verify_anew(token, now), Ok)
    }

    fn cached(&self, token: &str, now: i64) -> Option<(AccessClaims, &Realm)> {
        let entry = self.0.cache.get(token)?;
        let realm = self.0.realms.get(entry.realm)?;
        if entry.keys_version == realm.keys.load().version && realm.policy.is_current(&entry.claims, now) {
            self.0.checks.came_from_cache();
            return Some((entry.claims, realm));
        }
        self.0.cache.remove(token);
        None
    }

    /// Tries the keys of each issuer in turn. The issuer is not read from the token, since no claim counts before
    /// the signature is verified: it is the issuer whose key verifies the token, and whose policy then demands
    /// its name in `iss`.
    fn verify_anew(&self, token: &str, now: i64) -> Result<(AccessClaims, &Realm), Refusal> {
        let mut refused = None;
        for (index, realm) in self.0.realms.iter().enumerate() {
            let keys = realm.keys.load();
            match realm.verify(token, &keys, now) {
                Ok(claims) => {
                    let entry = Entry { claims: claims.clone(), realm: index, keys_version: keys.version };
                    self.0.cache.insert(token, entry);
                    return Ok((claims, realm));
                }
                Err(refusal) => {
                    refused = Some(match refused {
                        None => refusal,
                        Some(earlier) => more_telling(earlier, refusal),
                    });
                }
            }
        }
        let refusal = refused.unwrap_or(Refusal::KeysUnavailable); // no issuer, no keys
        #[cfg(feature = "remote")]
        self.0.realms.iter().for_each(|realm| realm.ask_for_key(token, &refusal));
        Err(refusal)
    }

    /// The sets that could end the session of these claims.
    pub(crate) fn revocations_for<'a>(&'a self, claims: &AccessClaims) -> Vec<&'a Revocations> {
        let of_issuer = self.realms_of(claims.issuer()).filter_map(Realm::revocations);
        std::iter::once(&self.0.revocations).chain(of_issuer).collect()
    }

    /// How long these claims can still be accepted.
    pub(crate) fn seconds_left(&self, claims: &AccessClaims) -> i64 {
        let leeway = self.realms_of(claims.issuer()).map(|realm| realm.policy.leeway().as_secs()).max();
        let leeway = i64::try_from(leeway.unwrap_or(0)).unwrap_or(i64::MAX);
        claims.expires_at().saturating_add(leeway).saturating_sub((self.0.clock)())
    }

    fn realms_of<'a, 'b>(&'a self, issuer: &'b str) -> impl Iterator<Item = &'a Realm> + use<'a, 'b> {
        self.0.realms.iter().filter(move |realm| realm.policy.issuers().any(|known| known == issuer))
    }

    pub(crate) fn alarms(&self) -> &Arc<Alarms> {
        &self.0.alarms
    }

    #[cfg(feature = "remote")]
    pub(crate) fn unix_now(&self) -> i64 {
        (self.0.clock)()
    }

    #[cfg(feature = "remote")]
    pub(crate) fn realms(&self) -> &[Realm] {
        &self.0.realms
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("realms", &self.0.realms).finish_non_exhaustive()
    }
}

/// The token of `Authorization: Bearer <token>`: one header, the scheme in any case (RFC 9110 §11.1), nothing
/// after the token.
///
/// # Errors
/// [`Refusal::TokenRequired`] when there is no such header, and [`Refusal::Malformed`] when it is something else.
pub fn bearer_token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(Refusal::TokenRequired)?;
    if values.next().is_some() {
        return Err(Refusal::Malformed);
    }
    let (scheme, token) =
        value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Refusal::Malformed)?;
    let token = token.trim_start_matches(' ');
    let is_token68 = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    if !scheme.eq_ignore_ascii_case("Bearer") || token.is_empty() || !token.bytes().all(is_token68) {
        return Err(Refusal::Malformed);
    }
    Ok(token)
}

/// Room for about ten thousand tokens.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;
