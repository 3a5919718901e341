//! [`Guard`]: header → cache → signature and claims → revocation, in this order. No database, no network, no
//! lock held across a check.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_jwt::{ClaimsPolicy, JwkSet, verify_access_token};
use http::{HeaderMap, header};

use crate::cache::{Entry, TokenCache};
use crate::claims::AccessClaims;
use crate::refusal::Refusal;
use crate::revocation::Revocations;

/// Checks access tokens by one set of keys and one policy. Clones share keys, cache and revocations.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    keys: ArcSwap<Keys>,
    policy: ClaimsPolicy,
    cache: TokenCache,
    revocations: Revocations,
    now: Box<dyn Fn() -> i64 + Send + Sync>,
}

struct Keys {
    set: JwkSet,
    version: u64,
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
        Self(Arc::new(Inner {
            keys: ArcSwap::from_pointee(Keys { set: keys, version: 0 }),
            policy,
            cache: TokenCache::new(CACHE_BYTES),
            revocations: Revocations::default(),
            now: Box::new(now),
        }))
    }

    /// Replaces the keys. Cached tokens are verified again with the new ones.
    pub fn replace_keys(&self, keys: &JwkSet) {
        self.0.keys.rcu(|old| Keys { set: keys.clone(), version: old.version + 1 });
    }

    /// The ended sessions, whose tokens are refused.
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
    /// - [`Refusal::Revoked`]: its session has ended.
    pub fn verify(&self, token: &str) -> Result<AccessClaims, Refusal> {
        let now = (self.0.now)();
        let keys = self.0.keys.load();
        let claims = match self.0.cache.get(token) {
            Some(entry)
                if entry.keys_version == keys.version && self.0.policy.is_current(&entry.claims, now) =>
            {
                entry.claims
            }
            cached => {
                if cached.is_some() {
                    self.0.cache.remove(token);
                }
                let claims = verify_access_token(token, &keys.set, &self.0.policy, now)?;
                let claims = AccessClaims(Arc::new(claims));
                self.0.cache.insert(token, Entry { claims: claims.clone(), keys_version: keys.version });
                claims
            }
        };
        match claims.session_id() {
            Some(session_id) if self.0.revocations.contains(session_id) => Err(Refusal::Revoked),
            _ => Ok(claims),
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("policy", &self.0.policy).finish_non_exhaustive()
    }
}

/// The token of `Authorization: Bearer <token>`: one header, the scheme in any case (RFC 9110 §11.1), nothing
/// after the token.
fn bearer_token(headers: &HeaderMap) -> Result<&str, Refusal> {
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

#[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the clock")]
fn system_unix_seconds() -> i64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

/// Room for about ten thousand tokens.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;
