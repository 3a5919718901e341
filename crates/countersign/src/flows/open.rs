//! Opening a system over its store: whether the keys fit, and what this process has to know before it serves.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use arc_swap::ArcSwap;
use countersign_guard::{DpopOptionsError, Guard};
use countersign_jwt::JwkSet;

use crate::Countersign;
use crate::base::clock::Clock;
use crate::base::master_key::{MasterKeys, Purpose};
use crate::base::out_of_range::OutOfRange;
use crate::base::random::Random;
use crate::flows::audit_chain;
use crate::flows::clock_notice::Notice;
use crate::flows::device_proofs::{self, DeviceProofs};
use crate::flows::feed_keys::{FeedKeys, new_feed};
use crate::flows::figures::Figures;
use crate::flows::follow_clock::{ClockError, clock_for};
use crate::flows::key_uses::KeyUses;
use crate::flows::keys::{self, KeysError};
use crate::flows::noted::Noted;
use crate::flows::oauth::apps::Apps;
use crate::flows::outbox;
use crate::flows::reseal::HASHES_TO_LOOK_AT;
use crate::hashing::{HashingOptionsError, PasswordHasher};
use crate::model::device_cookie::DeviceCookies;
use crate::model::key_ring::KeyRingError;
use crate::model::retention::FAILURES_REMEMBERED;
use crate::model::session::refresh_token::RefreshTokenCodec;
use crate::model::session_cookie::SessionCookies;
use crate::options::Options;
use crate::password::WrongPepper;
use crate::store::{Store, StoreError};
use crate::throttle::Throttle;
use crate::throttle::mails::MailGate;

/// Why a system cannot be opened. Nothing has been changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key or the signing keys are not usable.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The threads that compute password hashes cannot be started.
    #[error(transparent)]
    Hashing(#[from] HashingOptionsError),
    /// The stored password hashes are encrypted under a pepper that is not configured.
    #[error(transparent)]
    Pepper(#[from] WrongPepper),
    /// An option is out of range.
    #[error(transparent)]
    Options(#[from] OutOfRange),
    /// The guard of this server's own routes cannot check proofs of keys.
    #[error(transparent)]
    Guard(#[from] DpopOptionsError),
    /// This machine's clock is another one than that of the database, or the database did not tell the time.
    #[error(transparent)]
    Clock(#[from] ClockError),
}

impl<S: Store> Countersign<S> {
    /// Whether [`Countersign::open`] would succeed. Changes nothing in the store.
    ///
    /// # Errors
    /// Every variant of [`OpenError`].
    pub async fn check_open(
        store: &S,
        options: &Options,
        master_keys: &MasterKeys,
        clock: Clock,
        random: Random,
    ) -> Result<(), OpenError> {
        options.check()?;
        let now = clock_for(store, clock.clone()).await?.now();
        keys::check_master_keys(store, master_keys).await?;
        keys::check_ring(store, options, master_keys, now).await?;
        let hasher = PasswordHasher::new(&options.hashing, clock, random)?;
        Throttle::new(options.throttle)?;
        check_pepper(store, &hasher).await
    }

    /// Opens the signing keys of the store (making the first) and learns which sessions have ended. Where several
    /// machines share the store, `clock` follows the store's from now on.
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
        // On the heap: in every caller's future it would take 16 KiB.
        Box::pin(Self::opening(store, options, master_keys, clock, random)).await
    }

    async fn opening(
        store: S,
        options: Options,
        master_keys: MasterKeys,
        clock: Clock,
        random: Random,
    ) -> Result<Self, OpenError> {
        options.check()?;
        let clock = clock_for(&store, clock).await?;
        let now = clock.now();
        keys::check_master_keys(&store, &master_keys).await?;
        let hasher = PasswordHasher::new(&options.hashing, clock.clone(), random.clone())?;
        let throttle = Throttle::new(options.throttle)?;
        // Of nodes that open a new store at once with different keys, the first decides: the others must seal nothing.
        store.remember_master_keys(master_keys.fingerprints()).await?;
        keys::check_master_keys(&store, &master_keys).await?;
        audit_chain::begin_signing(&store, &master_keys, &random).await?;
        let outbox_key = outbox::open_key(&store, &master_keys, &random).await?;
        let ring = keys::open_ring(&store, &options, &master_keys, &random, now).await?;
        let verifying = ring.verifying_keys(now).map_err(KeysError::Set)?;
        let bearer = bearer_guard(verifying, &options, clock.clone());
        let others = options.audiences.others.iter();
        let audience_guards = others.map(|other| bearer.with_policy(options.claims_policy(other))).collect();
        let opened = Self {
            apps: Box::new(Apps::open(&options, &bearer, &master_keys)),
            guard: own_guard(bearer, &options, &master_keys)?,
            feed: new_feed(&options, &clock, &random),
            device_proofs: DeviceProofs::new(&master_keys, &options.issuer)
                .map_err(|error| KeysError::from(KeyRingError::Key(error)))?,
            outbox_key,
            relying_party: options.passkeys.relying_party(&options.issuer),
            mail_gate: Box::new(MailGate::new(&master_keys)),
            mail: arc_swap::ArcSwapOption::from_pointee(options.mail.clone()),
            feed_keys: FeedKeys::new(&master_keys),
            refresh_tokens: RefreshTokenCodec::new(&master_keys),
            key_ring: ArcSwap::from_pointee(ring),
            key_uses: KeyUses::default(),
            revocations_seen: Mutex::default(),
            owed: Mutex::default(),
            known_keys: ArcSwap::default(),
            throttled: AtomicU64::new(0),
            clock_notice: Notice::default(),
            figures: Figures::default(),
            noted: Noted::default(),
            findings: arc_swap::ArcSwapOption::empty(),
            store,
            options,
            clock,
            random,
            // Counts of failed sign-ins go on while another master key takes over (TH-1).
            account_names: master_keys.oldest_mac_key(Purpose::AccountName),
            devices: DeviceCookies::new(&master_keys),
            session_cookies: SessionCookies::new(&master_keys),
            throttle,
            master_keys,
            hasher,
            audience_guards,
        };
        check_pepper(&opened.store, &opened.hasher).await?;
        opened.follow_revocations(now).await?;
        opened.follow_feed_keys().await?;
        opened.learn_hash_costs().await?;
        opened.learn_guesses(now.minus(FAILURES_REMEMBERED), now).await?;
        Ok(opened)
    }
}

/// Lets tokens of the default audience through.
fn bearer_guard(keys: JwkSet, options: &Options, clock: Clock) -> Guard {
    let policy = options.claims_policy(&options.audiences.default);
    Guard::with_clock(keys, policy, move || clock.now().as_unix_seconds())
}

/// The guard of our own routes, which checks proofs where tokens are bound. What a token of another audience comes with is for its service.
fn own_guard(bearer: Guard, options: &Options, master_keys: &MasterKeys) -> Result<Guard, DpopOptionsError> {
    if !options.audiences.default.dpop_bound {
        return Ok(bearer);
    }
    Ok(bearer.dpop(device_proofs::guard_options(master_keys, &options.issuer)?))
}

/// Whether the pepper is the one that the hashes of this store were encrypted under.
async fn check_pepper(store: &impl Store, hasher: &PasswordHasher) -> Result<(), OpenError> {
    let stored = store.password_hashes(HASHES_TO_LOOK_AT).await?;
    Ok(hasher.check_pepper(&stored)?)
}
