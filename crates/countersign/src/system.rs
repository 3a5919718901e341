//! [`Countersign`]: what it holds. [`flows::open`](crate::flows::open) makes it.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use arc_swap::{ArcSwap, ArcSwapOption};
use aws_lc_rs::hmac;
use countersign_guard::Guard;
use countersign_guard::feed::Feed;
use countersign_webauthn::RelyingParty;

use crate::base::clock::Clock;
use crate::base::master_key::MasterKeys;
use crate::base::random::Random;
use crate::flows::clock_notice::Notice;
use crate::flows::device_proofs::DeviceProofs;
use crate::flows::feed_keys::FeedKeys;
use crate::flows::figures::Figures;
use crate::flows::key_uses::KeyUses;
use crate::flows::noted::Noted;
use crate::flows::oauth::apps::Apps;
use crate::hashing::PasswordHasher;
use crate::model::device_cookie::DeviceCookies;
use crate::model::finding::Findings;
use crate::model::key_ring::KeyRing;
use crate::model::outbox::OutboxKey;
use crate::model::session::refresh_token::RefreshTokenCodec;
use crate::model::session::{EndedSession, RevocationCursor};
use crate::model::session_cookie::SessionCookies;
use crate::model::stored_key::KnownKeys;
use crate::options::{MailOptions, Options};
use crate::store::Store;
use crate::throttle::Throttle;
use crate::throttle::mails::MailGate;

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
    pub(crate) session_cookies: SessionCookies,
    pub(crate) device_proofs: DeviceProofs,
    pub(crate) throttle: Throttle,
    pub(crate) guard: Guard,
    /// One for each further audience, in their order.
    pub(crate) audience_guards: Vec<Guard>,
    /// What other applications need of this system.
    pub(crate) apps: Box<Apps>,
    pub(crate) feed: Feed,
    pub(crate) feed_keys: FeedKeys,
    pub(crate) outbox_key: OutboxKey,
    /// The site that passkeys are for, where they are offered.
    pub(crate) relying_party: Option<RelyingParty>,
    /// What has to be solved before somebody causes a mail, and how many have asked.
    pub(crate) mail_gate: Box<MailGate>,
    /// How mails are sent, at first as the options say.
    pub(crate) mail: ArcSwapOption<MailOptions>,
    /// Which API keys were used, until it is stored.
    pub(crate) key_uses: KeyUses,
    /// How far the revocation log has been read.
    pub(crate) revocations_seen: Mutex<Option<RevocationCursor>>,
    /// What the store is to get back after it has forgotten.
    pub(crate) owed: Mutex<Owed>,
    /// The signing keys as they were last seen in the store, and every one that was ever seen to be withdrawn.
    pub(crate) known_keys: ArcSwap<KnownKeys>,
    /// Attempts refused since the last record of them in the audit log.
    pub(crate) throttled: AtomicU64,
    pub(crate) clock_notice: Notice,
    /// What has happened, for metrics.
    pub(crate) figures: Figures,
    /// What of that is to be stored, for the overview.
    pub(crate) noted: Noted,
    /// What is not as it should be around this system, if anybody has looked.
    pub(crate) findings: ArcSwapOption<Findings>,
}

/// What the store is to get back. It stays here until the store has taken it.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    pub(crate) sessions: Vec<EndedSession>,
    pub(crate) keys: KnownKeys,
}

impl<S: Store> Countersign<S> {
    /// The pool that computes password hashes: for its figures, and for importing accounts.
    #[must_use]
    pub const fn hasher(&self) -> &PasswordHasher {
        &self.hasher
    }

    /// The guard with this issuer's keys and every ended session: put its layer in front of your own routes.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// How it was configured.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Its clock: the one that it was given, or the database's where several machines share it.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Its store, for tools that work on it directly, such as an import.
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
