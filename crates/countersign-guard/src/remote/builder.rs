//! [`GuardBuilder`]: a guard that fetches its keys, and what can be chosen about it.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign_fetch::FetchOptions;
use countersign_jwt::{ClaimsPolicy, JwkSet, TokenType};

use super::error::StartError;
use super::issuer::Issuer;
use super::refresher::Refresher;
use super::shared::{Shared, Subscription};
use super::source::Source;
use super::starting::Starting;
use super::status::KeyStatus;
use crate::clock::{Chance, Clock, Timer, run_time, system_unix_seconds};
use crate::feed::follow::{FeedStatus, FeedSubscription, Follower, OnChange, WhenLate};
use crate::guard::Guard;
use crate::keys::KeySlot;
use crate::realm::Realm;

/// What a guard does at the start while an issuer does not respond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AtStart {
    /// One try; if it fails, the start fails. The operator sees the reason at once.
    #[default]
    Fail,
    /// Tries go on as long as another fits into this time; then the start fails.
    Wait(Duration),
    /// The guard is there at once. Until it has keys it answers 503 with `Retry-After`; other routes work.
    Serve503,
}

/// A guard in the making. It trusts at least one issuer.
pub struct GuardBuilder {
    issuers: Vec<Issuer>,
    at_start: AtStart,
    stale_for: Duration,
    pub(super) timeout: Duration,
    ca_file: Option<PathBuf>,
    pub(super) clock: Clock,
    pub(super) timer: Timer,
    pub(super) chance: Chance,
    pub(super) feeds: Feeds,
}

/// What the feeds of all issuers have in common.
pub(super) struct Feeds {
    pub(super) when_late: WhenLate,
    pub(super) wait: Duration,
    pub(super) on_change: Option<OnChange>,
}

impl Default for Feeds {
    fn default() -> Self {
        Self { when_late: WhenLate::Accept, wait: Duration::from_secs(5), on_change: None }
    }
}

impl Guard {
    /// A guard for this issuer's access tokens (RFC 9068, `at+jwt`) to this audience, with half a minute
    /// between the clocks. The keys are where the issuer's metadata says (RFC 8414 §3, `OpenID` Connect
    /// Discovery §4), and are kept fresh on a thread of their own. One try is made at the start;
    /// [`builder`](Self::builder) has other ways.
    ///
    /// `issuer` is an `https` URL, or `http` on this machine, exactly as the tokens say it.
    ///
    /// # Errors
    /// The result of [`Starting`] is each variant of [`StartError`], as it says.
    pub fn discover(issuer: impl Into<String>, audience: impl Into<String>) -> Starting {
        let leeway = Duration::from_secs(30);
        let policy = ClaimsPolicy::new(issuer, audience, TokenType::AccessToken, leeway);
        Self::builder(Issuer::discover(policy)).start()
    }

    /// A guard that trusts this issuer, and those that are added.
    #[must_use]
    pub fn builder(issuer: Issuer) -> GuardBuilder {
        GuardBuilder {
            issuers: vec![issuer],
            at_start: AtStart::Fail,
            stale_for: Duration::from_secs(24 * 60 * 60),
            timeout: Duration::from_secs(10),
            ca_file: None,
            clock: Arc::new(system_unix_seconds),
            timer: run_time(),
            chance: Arc::new(chance),
            feeds: Feeds::default(),
        }
    }

    /// How the keys of each issuer are; empty for a guard that was given its keys.
    #[must_use]
    pub fn key_status(&self) -> Vec<KeyStatus> {
        let subscriptions = self.realms().iter().filter_map(|realm| realm.subscription.as_deref());
        subscriptions.map(Subscription::status).collect()
    }
}

impl GuardBuilder {
    /// Also trusts this issuer. Its tokens are checked with its own keys and its own policy only.
    #[must_use]
    pub fn issuer(mut self, issuer: Issuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// What to do without keys at the start. Default: [`AtStart::Fail`].
    #[must_use]
    pub fn at_start(self, at_start: AtStart) -> Self {
        Self { at_start, ..self }
    }

    /// How long keys stay in use after the issuer last confirmed them, if it does not respond again; then
    /// requests get 503. A guard that is cut off trusts a withdrawn key for at most this time. Default: a
    /// day; at least two minutes.
    #[must_use]
    pub fn stale_for(self, stale_for: Duration) -> Self {
        Self { stale_for, ..self }
    }

    /// How long one request of a fetch may take. Default: ten seconds.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Also trusts the certificate authorities in this PEM file, beside the system's.
    #[must_use]
    pub fn ca_file(self, file: impl Into<PathBuf>) -> Self {
        Self { ca_file: Some(file.into()), ..self }
    }

    /// Another clock for the times in tokens: it gives Unix seconds.
    #[must_use]
    pub fn clock(self, now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self { clock: Arc::new(now), ..self }
    }

    /// Another timer for the age of keys: it gives how long the program has run, and never goes back.
    #[must_use]
    pub fn timer(self, elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self { timer: Arc::new(elapsed), ..self }
    }

    /// Another source of chance, uniform in 0..1, which keeps many guards from asking at the same moment.
    #[must_use]
    pub fn chance(self, chance: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self { chance: Arc::new(chance), ..self }
    }

    /// What to do with the tokens of an issuer whose feed is late. Default: [`WhenLate::Accept`].
    #[must_use]
    pub fn when_late(mut self, when_late: WhenLate) -> Self {
        self.feeds.when_late = when_late;
        self
    }

    /// How long the start waits for the feeds to have told everything once; after that they are late. Default: five
    /// seconds. With [`AtStart::Serve503`] the start waits for nothing.
    #[must_use]
    pub fn feed_wait(mut self, wait: Duration) -> Self {
        self.feeds.wait = wait;
        self
    }

    /// Calls this when a feed has become fresh or late, on a thread of the guard: for a log line or an alert. It must not
    /// block.
    #[must_use]
    pub fn on_feed_change(mut self, tell: impl Fn(&FeedStatus) + Send + Sync + 'static) -> Self {
        self.feeds.on_change = Some(Arc::new(tell));
        self
    }

    /// Fetches the keys on a thread for each issuer, and waits for the first of each as
    /// [`at_start`](Self::at_start) says.
    ///
    /// # Errors
    /// The result of [`Starting`] is each variant of [`StartError`], as it says.
    pub fn start(self) -> Starting {
        let until = match self.at_start {
            AtStart::Serve503 => None,
            AtStart::Fail => Some(Duration::ZERO),
            AtStart::Wait(limit) => Some((self.timer)().saturating_add(limit)),
        };
        let feeds_until = (self.timer)().saturating_add(self.feeds.wait);
        match self.assemble().and_then(Parts::start) {
            Ok(guard) => Starting::new(guard, until).wait_for_feeds(feeds_until),
            Err(error) => Starting::failed(error),
        }
    }

    /// A guard without keys and without threads, and what fetches its keys, one for each issuer: for programs
    /// that have their own idea of when to do so. It follows no feed, which takes a thread: with one, it is late.
    ///
    /// # Errors
    /// [`StartError::Issuer`], [`StartError::IssuerQuery`], [`StartError::Keys`], and those about feeds, as they
    /// say.
    pub fn build(self) -> Result<(Guard, Vec<Refresher>), StartError> {
        self.assemble().map(|parts| (parts.guard, parts.refreshers))
    }

    fn assemble(self) -> Result<Parts, StartError> {
        let mut options = FetchOptions::new(self.timeout, JwkSet::MAX_BYTES as u64);
        if let Some(file) = &self.ca_file {
            options = options.ca_file(file);
        }
        let (mut realms, mut refreshers) = (Vec::new(), Vec::new());
        let mut followers = Vec::new();
        for issuer in &self.issuers {
            let keys = Arc::new(KeySlot::new(None));
            let timer = Arc::clone(&self.timer);
            let shared = Arc::new(Shared::new(issuer.name(), Arc::clone(&keys), timer, self.stale_for));
            let source = Source {
                issuer: issuer.name().to_owned(),
                location: issuer.location()?,
                algorithms: issuer.algorithms.clone(),
                options: options.clone(),
                found: None,
            };
            refreshers.push(Refresher::new(Arc::clone(&shared), source, Arc::clone(&self.chance)));
            let feed = match &issuer.feed {
                Some(feed) => {
                    let follower = self.follower(issuer, feed, Arc::clone(&shared), options.clone())?;
                    let asker = self.asker(issuer, feed, &follower)?;
                    let shared = Arc::clone(&follower.shared);
                    let subscription = FeedSubscription::new(shared, self.feeds.when_late, asker);
                    followers.push(follower);
                    Some(Arc::new(subscription))
                }
                None => None,
            };
            realms.push(Realm {
                policy: issuer.policy.clone(),
                keys,
                subscription: Some(Arc::new(Subscription(shared))),
                feed,
            });
        }
        Ok(Parts { guard: Guard::of(realms.into(), self.clock, self.timer), refreshers, followers })
    }
}

/// A guard, and what its threads are to do.
struct Parts {
    guard: Guard,
    refreshers: Vec<Refresher>,
    followers: Vec<Follower>,
}

impl Parts {
    fn start(self) -> Result<Guard, StartError> {
        self.refreshers.into_iter().try_for_each(Refresher::spawn)?;
        self.followers.into_iter().try_for_each(Follower::spawn)?;
        for feed in self.guard.realms().iter().filter_map(|realm| realm.feed.as_ref()) {
            feed.notice_lateness(Arc::downgrade(self.guard.alarms()));
            feed.start_asking()?;
        }
        Ok(self.guard)
    }
}

impl fmt::Debug for GuardBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardBuilder").field("issuers", &self.issuers).finish_non_exhaustive()
    }
}

/// From the random keys of a hasher. Nothing here is secret.
fn chance() -> f64 {
    let random = RandomState::new().hash_one(());
    f64::from(u32::try_from(random >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}
