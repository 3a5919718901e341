//! A session: one login on one device, and one row for its whole life. The files below have the rules by
//! which it begins, goes on and ends. They know nothing of databases, cookies or clocks.
//!
//! Its *generation* counts how often its refresh token has been rotated; the token of the newest generation
//! is the one in the cookie jar.

mod begin;
mod bind;
mod bound_key;
mod end;
mod end_reason;
mod epoch;
mod grant;
mod new_device;
mod recent;
pub mod refresh_token;
mod restore;
mod revocation;
mod rotation;
#[cfg(test)]
pub(crate) mod testing;
mod vouch;

use std::net::IpAddr;
use std::time::Duration;

use subtle::ConstantTimeEq;

pub use self::begin::*;
pub use self::bind::*;
pub use self::bound_key::*;
pub use self::end::*;
pub use self::end_reason::*;
pub(crate) use self::epoch::end_before;
pub use self::epoch::ends_all_at;
pub use self::grant::*;
pub(crate) use self::new_device::{Device, LOOKED_AT};
pub(crate) use self::recent::{NotRecent, recent_proof};
use self::refresh_token::PresentedToken;
pub(crate) use self::restore::*;
pub use self::revocation::*;
pub use self::rotation::*;
pub use self::vouch::*;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::oauth::AppGrant;
use crate::model::proof::AuthMethods;

/// One login on one device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct Session {
    /// Its ID; the `sid` claim.
    pub id: SessionId,
    /// The account that it belongs to.
    pub account_id: AccountId,
    /// When it began.
    pub created_at: Timestamp,
    /// When its owner last proved who they are; the `auth_time` claim.
    pub authenticated_at: Timestamp,
    /// By which methods; the `amr` claim.
    pub amr: AuthMethods,
    /// The absolute end, set at login and never moved (RF-8).
    pub expires_at: Timestamp,
    /// The newest generation.
    pub generation: u32,
    /// When the newest generation was made: at login or at the last rotation.
    pub rotated_at: Timestamp,
    /// The instant and the reason of its early end.
    pub revoked: Option<(Timestamp, EndReason)>,
    /// The `User-Agent` of the login, cut to 256 bytes.
    pub user_agent: Option<String>,
    /// The client address of the login or of the last rotation.
    pub address: Option<IpAddr>,
    /// The key without which it is not refreshed. Set once, and never replaced.
    pub bound_key: Option<BoundKey>,
    /// Whose session it is, if not its owner's own: that of an application that they have signed in to.
    pub app: Option<Box<AppGrant>>,
}

impl Session {
    /// When this session ends if nothing more happens to it: the earlier of its idle and its absolute end.
    #[must_use]
    pub fn ends_at(&self, policy: &SessionPolicy) -> Timestamp {
        self.expires_at.min(self.rotated_at.plus(policy.idle_ttl))
    }

    /// Whether a refresh or a logout may still act on it.
    #[must_use]
    pub fn is_alive(&self, policy: &SessionPolicy, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.ends_at(policy)
    }
}

/// A session as a store keeps it, with what proves a token of it.
#[derive(Clone, Debug)]
pub(crate) struct StoredSession {
    pub(crate) session: Session,
    /// SHA-256 of its session secret.
    pub(crate) secret_hash: [u8; 32],
}

impl StoredSession {
    /// Whether the token's secret is the session's, in constant time.
    pub(in crate::model) fn fits(&self, token: &PresentedToken) -> bool {
        self.secret_hash.ct_eq(&token.secret_hash).into()
    }
}

/// The rules of a session's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPolicy {
    /// *R*: a newest token younger than this is answered without a rotation, so that tabs that wake together
    /// do not race (RF-3b). Must be at least `grace` plus the client's time-out, unless both are zero.
    pub min_age: Duration,
    /// How long after a rotation the parent still gets the same successor again (RF-3). 0 to 60 s; 0 is the
    /// letter of OAuth: every second use of a token ends the session. A client that gives up on a try after T
    /// and pauses for P before the next survives L lost replies with messages under way for D at most if this
    /// is at least L(T + P) + 3D: 13 s for one loss with T = 5 s, P < 0.4 s, D = 2.5 s.
    pub grace: Duration,
    /// How long a session lives without a rotation.
    pub idle_ttl: Duration,
    /// How long a session lives at most, counted from login.
    pub absolute_ttl: Duration,
    /// How long an access token lives; the end of a session is remembered for so long. 1 to 60 minutes.
    pub access_token_ttl: Duration,
    /// How many live sessions an account has at most.
    pub max_sessions: u32,
}

impl Default for SessionPolicy {
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            min_age: Duration::from_secs(20),
            grace: Duration::from_secs(15),
            idle_ttl: Duration::from_secs(7 * DAY),
            absolute_ttl: Duration::from_secs(30 * DAY),
            access_token_ttl: Duration::from_secs(15 * 60),
            max_sessions: 50,
        }
    }
}

/// The policy, and the instant at which it is applied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PolicyAt {
    pub(crate) policy: SessionPolicy,
    pub(crate) now: Timestamp,
}
