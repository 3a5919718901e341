//! [`Guard`]: header → cache → signature and claims → revocation, in this order. No database, no network, no
//! lock held across a check.

use std::fmt;
use std::sync::Arc;

use countersign_jwt::{ClaimsPolicy, JwkSet};
use http::{HeaderMap, Method, Response, Uri};

use crate::alarm::Alarms;
use crate::cache::{Entry, TokenCache};
use crate::checks::{Checks, GuardStats};
use crate::claims::AccessClaims;
use crate::clock::{Clock, Timer, run_time, system_unix_seconds};
use crate::credentials::{bearer_token, credentials};
use crate::dpop::{Dpop, DpopOptions, Shown};
use crate::keys::KeySlot;
use crate::realm::{Realm, more_telling};
use crate::refusal::{Offer, Refusal, Scheme};
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
    dpop: Option<Arc<Dpop>>,
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
        Self(Arc::new(Inner { realms, cache, revocations, clock, alarms, checks, dpop: None }))
    }

    /// A guard with the same keys, clock and ended sessions that demands another policy, with a cache of its own:
    /// for another audience of the same issuer. Of several issuers, it trusts the first.
    #[must_use]
    pub fn with_policy(&self, policy: ClaimsPolicy) -> Self {
        let realms = self.0.realms.first().map(|realm| realm.with_policy(policy)).into_iter().collect();
        self.with(realms, self.0.dpop.clone())
    }

    /// A guard with the same keys, policies, clock and ended sessions that also accepts access tokens which are bound to
    /// a key (`cnf.jkt`), each with a proof of that key for this very request (DPoP, RFC 9449), and once. Tokens that are
    /// not bound stay bearer tokens, unless [`DpopOptions::required`] says otherwise.
    ///
    /// Without this, a bound token is refused: taken as a bearer token, it would be good in the hands of whoever has
    /// stolen it.
    #[must_use]
    pub fn dpop(&self, options: DpopOptions) -> Self {
        let realms = self.0.realms.iter().map(|realm| realm.with_policy(realm.policy.clone())).collect();
        self.with(realms, Some(Arc::new(Dpop::new(options))))
    }

    fn with(&self, realms: Box<[Realm]>, dpop: Option<Arc<Dpop>>) -> Self {
        let (cache, revocations) = (TokenCache::new(CACHE_BYTES), self.0.revocations.clone());
        let (clock, alarms) = (Arc::clone(&self.0.clock), Arc::clone(&self.0.alarms));
        let checks = Arc::clone(&self.0.checks);
        Self(Arc::new(Inner { realms, cache, revocations, clock, alarms, checks, dpop }))
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

    /// Checks the `Authorization` header of a request (RFC 6750 §2.1). A token in any other place is ignored. For bearer
    /// tokens alone: [`authenticate_request`](Self::authenticate_request) takes all that the guard accepts.
    ///
    /// # Errors
    /// - [`Refusal::TokenRequired`]: there is no such header.
    /// - [`Refusal::Malformed`]: it is not exactly one `Bearer <token>`.
    /// - Those of [`Guard::verify`].
    pub fn authenticate(&self, headers: &HeaderMap) -> Result<AccessClaims, Refusal> {
        self.verify(bearer_token(headers)?)
    }

    /// Checks a request: a bearer token, or where the guard has [`dpop`](Self::dpop) a token that is bound to a key,
    /// with its proof (RFC 9449 §7). A proof is used up by this, so the same request does not pass twice.
    ///
    /// Of `uri`, only the path counts.
    ///
    /// # Errors
    /// - [`Refusal::TokenRequired`]: there is no `Authorization` header.
    /// - [`Refusal::Malformed`]: it is not exactly one `Bearer <token>`, or `DPoP <token>` where the guard has `dpop`.
    /// - Those of [`Guard::verify`]; and of a token with the scheme `DPoP`
    /// - [`Refusal::TokenNotBound`]: it is a bearer token.
    /// - [`Refusal::Proof`]: there is not exactly one proof, or it fails a check, or it was used before.
    /// - [`Refusal::NonceRequired`]: the client is to come again with a nonce.
    /// - [`Refusal::ProofsFull`]: the proof could not be remembered.
    pub fn authenticate_request(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<AccessClaims, Refusal> {
        let (scheme, token) = credentials(headers)?;
        if scheme == Scheme::Bearer {
            return self.verify(token);
        }
        let dpop = self.0.dpop.as_deref().ok_or(Refusal::Malformed)?;
        let shown = Shown { method, uri, headers, token };
        self.counted(self.judge(token, |claims, now| dpop.check(&shown, claims, now)))
    }

    /// The response to a request with these headers that was refused: [`Refusal::into_response`], and where the guard
    /// has [`dpop`](Self::dpop) with challenges for both schemes (RFC 9449 §7.1, §7.2).
    #[must_use]
    pub fn refuse<B: From<String>>(&self, refusal: Refusal, headers: &HeaderMap) -> Response<B> {
        refusal.respond(self.offer(headers))
    }

    pub(crate) fn offer(&self, headers: &HeaderMap) -> Offer {
        match (&self.0.dpop, credentials(headers)) {
            (None, _) => Offer::Bearer,
            (Some(_), Ok((scheme, _))) => Offer::Both(scheme),
            (Some(_), Err(_)) => Offer::Both(Scheme::Bearer),
        }
    }

    /// Checks a token: signature and claims by [`countersign_jwt::verify_access_token`], then whether its
    /// session (`sid`) has ended.
    ///
    /// # Errors
    /// - [`Refusal::Invalid`]: a check of the token fails.
    /// - [`Refusal::ScopeRequired`], [`Refusal::RoleRequired`]: it is valid but lacks what the policy
    ///   demands.
    /// - [`Refusal::TokenBound`]: it is bound to a key, so that it is none without a proof (RFC 9449 §7.2).
    /// - [`Refusal::TokenNotBound`]: it is not, and the guard was told to accept no such token ([`DpopOptions::required`]).
    /// - [`Refusal::Revoked`]: its session has ended, or all that there were when it was issued.
    /// - [`Refusal::KeysUnavailable`]: there are no keys to check it with.
    /// - [`Refusal::FeedLate`], [`Refusal::TooOld`]: the issuer's feed is late, and the guard was told not to
    ///   accept such a token then (feature `remote`).
    pub fn verify(&self, token: &str) -> Result<AccessClaims, Refusal> {
        let is_required = self.0.dpop.as_ref().is_some_and(|dpop| dpop.is_required());
        let unbound = |claims: &AccessClaims, _| match claims.bound_key() {
            Some(_) => Err(Refusal::TokenBound),
            None if is_required => Err(Refusal::TokenNotBound),
            None => Ok(()),
        };
        self.counted(self.judge(token, unbound))
    }

    /// As [`Guard::verify`], for a token whose proof, if it needs one, somebody else has checked or will check: an issuer that is asked
    /// about a token (RFC 7662) says what it is bound to, and the service that asks has the request (RFC 9449 §6.2).
    ///
    /// SECURITY: whoever sent the token is not shown to hold its key (`cnf.jkt`).
    ///
    /// # Errors
    /// Those of [`Guard::verify`] but the two about binding.
    pub fn verify_proved(&self, token: &str) -> Result<AccessClaims, Refusal> {
        self.counted(self.judge(token, |_, _| Ok(())))
    }

    fn counted(&self, outcome: Result<AccessClaims, Refusal>) -> Result<AccessClaims, Refusal> {
        self.0.checks.came_to(outcome.as_ref().err());
        outcome
    }

    /// Figures for metrics.
    #[must_use]
    pub fn stats(&self) -> GuardStats {
        self.0.checks.read()
    }

    /// The proof comes before the session: where the issuer is asked about that, the proof is not checked again.
    fn judge(
        &self,
        token: &str,
        check_binding: impl FnOnce(&AccessClaims, i64) -> Result<(), Refusal>,
    ) -> Result<AccessClaims, Refusal> {
        let now = (self.0.clock)();
        let (claims, realm) = self.identify(token, now)?;
        check_binding(&claims, now)?;
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

/// Room for about ten thousand tokens.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;
