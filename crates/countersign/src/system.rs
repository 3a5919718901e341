//! [`Countersign`]: what it holds, how it is opened.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64};

use arc_swap::ArcSwap;
use aws_lc_rs::hmac;
use countersign_guard::Guard;
use countersign_jwt::ClaimsPolicy;

use crate::base::clock::Clock;
use crate::base::master_key::{MasterKeys, Purpose};
use crate::base::random::Random;
use crate::flows::keys::{self, KeysError};
use crate::hashing::{HashingOptionsError, PasswordHasher};
use crate::model::device_cookie::DeviceCookies;
use crate::model::key_ring::KeyRing;
use crate::model::session::refresh_token::RefreshTokenCodec;
use crate::options::{InvalidOptions, Options};
use crate::password::WrongPepper;
use crate::store::Store;
use crate::throttle::{Throttle, ThrottleOptionsError};

/// An authentication system over a store: put it into an `Arc` and share it.
pub struct Countersign<S> {
    pub(crate) store: S,
    pub(crate) options: Options,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) master_keys: MasterKeys,
    pub(crate) refresh_tokens: RefreshTokenCodec,
    pub(crate) key_ring: ArcSwap<KeyRing>,
    pub(crate) hasher: PasswordHasher,
    pub(crate) account_names: hmac::Key,
    pub(crate) devices: DeviceCookies,
    pub(crate) throttle: Throttle,
    pub(crate) guard: Guard,
    pub(crate) revocations_seen: AtomicI64,
    /// Attempts refused since the audit log was last told.
    pub(crate) throttled: AtomicU64,
}

/// Why it cannot start. Nothing has been changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Master key or signing keys are not usable, or the store did not answer.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The hashing options are out of range.
    #[error(transparent)]
    Hashing(#[from] HashingOptionsError),
    /// The stored password hashes are encrypted under a pepper that is not configured.
    #[error(transparent)]
    Pepper(#[from] WrongPepper),
    /// An option is out of range.
    #[error(transparent)]
    Options(#[from] InvalidOptions),
    /// The throttle's options are out of range.
    #[error(transparent)]
    Throttle(#[from] ThrottleOptionsError),
}

impl<S: Store> Countersign<S> {
    /// Opens the signing keys of the store (making the first) and learns which sessions have ended.
    ///
    /// # Errors
    /// Every variant of [`OpenError`].
    pub async fn open(
        store: S,
        options: Options,
        master_keys: MasterKeys,
        clock: Clock,
        random: Random,
    ) -> Result<Self, OpenError> {
        options.check()?;
        let now = clock.now();
        keys::check_master_keys(&store, &master_keys).await?;
        let hasher = PasswordHasher::new(&options.hashing, clock.clone(), random.clone())?;
        let throttle = Throttle::new(options.throttle)?;
        let ring = keys::open_ring(&store, &options, &master_keys, &random, now).await?;
        store.remember_master_keys(master_keys.fingerprints()).await.map_err(KeysError::Store)?;
        let verifying = ring.verifying_keys(now).map_err(KeysError::Set)?;
        let policy =
            ClaimsPolicy::new(&options.issuer, &options.audience, options.token_type.clone(), options.leeway);
        let guard_clock = clock.clone();
        let guard = Guard::with_clock(verifying, policy, move || guard_clock.now().as_unix_seconds());
        let opened = Self {
            refresh_tokens: RefreshTokenCodec::new(&master_keys),
            key_ring: ArcSwap::from_pointee(ring),
            revocations_seen: AtomicI64::new(0),
            throttled: AtomicU64::new(0),
            store,
            options,
            clock,
            random,
            account_names: master_keys.current_mac_key(Purpose::AccountName),
            devices: DeviceCookies::new(&master_keys),
            throttle,
            master_keys,
            hasher,
            guard,
        };
        opened.check_pepper().await?;
        opened.follow_revocations(now).await.map_err(KeysError::Store)?;
        opened.learn_hash_costs().await.map_err(KeysError::Store)?;
        opened
            .learn_guesses(now.minus(crate::flows::guess::REMEMBERED), now)
            .await
            .map_err(KeysError::Store)?;
        Ok(opened)
    }

    /// What computes password hashes: for its figures, and for importing accounts.
    #[must_use]
    pub const fn hasher(&self) -> &PasswordHasher {
        &self.hasher
    }

    /// The guard that knows this issuer's keys and hears of every ended session at once: put its layer in front of
    /// your own routes.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// How it was configured.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Its store, for what is no use case of ours: listing, readiness, the audit log.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }
}

impl<S> fmt::Debug for Countersign<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Countersign").field("options", &self.options).finish_non_exhaustive()
    }
}
