//! The rotation rule of the product, and nine others that are known to be wrong: negative controls, so that a
//! model that finds nothing is known to be able to find something.

use std::time::Duration;

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::{AccountId, SessionId};
use countersign::internal::model::proof::Proof;
use countersign::internal::model::session::{Decision, EndReason, Session, SessionPolicy, decide};

use crate::seeded_key::SeededKey;

/// One tick of the model's clock.
const TICK: Duration = Duration::from_secs(1);

/// What the server keeps of the one session that is modelled.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Server {
    /// The newest generation and when it was made.
    Line { newest: u8, rotated_at: i8 },
    /// Rule C: tokens that are honoured, and when each was first used (-1: not yet).
    Siblings { next: u8, honoured: Vec<(u8, i8)> },
    /// Rule D.
    Displacing { next: u8, current: u8, parent: Option<u8>, rotated_at: i8 },
    /// Ended: reuse was detected, or the owner logged out.
    Over(EndReasonOfModel),
}

/// Why a session of the model ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum EndReasonOfModel {
    Reuse,
    Logout,
    Restored,
}

impl From<EndReasonOfModel> for EndReason {
    fn from(reason: EndReasonOfModel) -> Self {
        match reason {
            EndReasonOfModel::Reuse => Self::Reuse,
            EndReasonOfModel::Logout => Self::Logout,
            EndReasonOfModel::Restored => Self::Restored,
        }
    }
}

/// What a presented token comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 200, and the cookie is set to this token if there is one.
    Granted { server: Server, cookie: Option<u8> },
    /// 401: the session is over, now or already.
    Refused { server: Server },
    /// 401: past its end.
    Expired,
    /// 401: without the key. The session goes on.
    ProofRequired,
}

/// What whoever presents a token shows of the device that the session is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    /// The session is bound to none.
    Unbound,
    /// A proof of its key.
    Proved,
    /// Nothing.
    Missing,
}

/// A rotation rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The product's: [`decide`] itself.
    Decide,
    /// Ours as it was first written down: a token ahead of the database moves the session on to its
    /// successor.
    HealBeyond,
    /// A: strict single use.
    Strict,
    /// B: the parent is always honoured, everything older inside the window.
    ParentAlways,
    /// C: inside the window, a used token gives a sibling; both live on.
    Sibling,
    /// D: inside the window, a used token gives a new child that displaces the first.
    Displacing,
    /// E: inside the window, the parent gives the same successor again. What everyone recommends.
    SameSuccessor,
    /// F: E, but every repeat extends the window.
    Extending,
    /// G: E, but for any ancestor.
    AnyAncestor,
    /// Ours, but that nobody looks at proofs.
    ProofIgnored,
    /// Ours, but that a repeat long after the rotation leaves the minimum age as it is.
    LateReplayStands,
    /// Ours, but that an old token ends the session without a proof too.
    ReuseBeforeProof,
    /// H: E, and a newest token younger than R is given again instead of rotated, with its cookie.
    YoungWithCookie,
}

/// A rule with its times, in ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// A repeat this long after the rotation is still in time.
    pub(crate) grace: i8,
    /// A token of this age is rotated.
    pub(crate) min_age: i8,
    /// The idle and the absolute end.
    pub(crate) idle: i8,
    pub(crate) absolute: i8,
}

impl Rule {
    pub(crate) fn new_session(self) -> Server {
        match self {
            Self::Sibling => Server::Siblings { next: 1, honoured: vec![(0, -1)] },
            Self::Displacing => {
                Server::Displacing { next: 1, current: 0, parent: None, rotated_at: LONG_AGO }
            }
            // Our rule knows when the session began; for the others the first token is old, as in their
            // published form.
            _ if self.is_ours() => Server::Line { newest: 0, rotated_at: 0 },
            _ => Server::Line { newest: 0, rotated_at: LONG_AGO },
        }
    }

    fn is_ours(self) -> bool {
        matches!(
            self,
            Self::Decide
                | Self::HealBeyond
                | Self::ProofIgnored
                | Self::LateReplayStands
                | Self::ReuseBeforeProof
        )
    }

    pub(crate) fn present(
        self,
        server: &Server,
        (token, device): (u8, Device),
        now: i8,
        times: Times,
    ) -> Outcome {
        match server {
            Server::Over(reason) if self.is_ours() => {
                // As if the token were its newest, and young: nothing else refuses it.
                let session =
                    Session { revoked: Some((instant(now), (*reason).into())), ..session(token, now, times) };
                self.apply(ask_decide(&session, (token, device), now, times), token, now, now)
            }
            Server::Over(_) => Outcome::Refused { server: server.clone() },
            Server::Line { newest, rotated_at } if self.is_ours() => {
                let session = session(*newest, *rotated_at, times);
                let ask = |device| {
                    self.apply(ask_decide(&session, (token, device), now, times), *newest, *rotated_at, now)
                };
                match (self, device) {
                    (Self::ProofIgnored, Device::Missing) => ask(Device::Proved),
                    (Self::ReuseBeforeProof, Device::Missing) if ask(Device::Unbound) == REUSE => REUSE,
                    _ => ask(device),
                }
            }
            Server::Line { newest, rotated_at } => {
                let age = now - rotated_at;
                let (in_window, young) = (age <= times.grace, age < times.min_age);
                let again = |rotated_at| granted(Server::Line { newest: *newest, rotated_at }, Some(*newest));
                let is_parent = token + 1 == *newest;
                match self {
                    Self::YoungWithCookie if token == *newest && young => again(*rotated_at),
                    _ if token == *newest => {
                        granted(Server::Line { newest: newest + 1, rotated_at: now }, Some(newest + 1))
                    }
                    Self::ParentAlways if is_parent || in_window => again(*rotated_at),
                    Self::SameSuccessor | Self::YoungWithCookie if is_parent && in_window => {
                        again(*rotated_at)
                    }
                    Self::Extending if is_parent && in_window => again(now),
                    Self::AnyAncestor if in_window => again(*rotated_at),
                    _ => REUSE,
                }
            }
            Server::Siblings { next, honoured } => siblings(*next, honoured, token, now, times),
            Server::Displacing { next, current, parent, rotated_at } => {
                let in_window = now - rotated_at <= times.grace;
                if token == *current {
                    granted(displacing(next + 1, *next, Some(*current), now), Some(*next))
                } else if Some(token) == *parent && in_window {
                    granted(displacing(next + 1, *next, *parent, *rotated_at), Some(*next))
                } else {
                    REUSE
                }
            }
        }
    }
}

const LONG_AGO: i8 = -99;
const REUSE: Outcome = Outcome::Refused { server: Server::Over(EndReasonOfModel::Reuse) };

fn granted(server: Server, cookie: Option<u8>) -> Outcome {
    Outcome::Granted { server, cookie }
}

fn displacing(next: u8, current: u8, parent: Option<u8>, rotated_at: i8) -> Server {
    Server::Displacing { next, current, parent, rotated_at }
}

fn siblings(next: u8, honoured: &[(u8, i8)], token: u8, now: i8, times: Times) -> Outcome {
    let in_time = |used: i8| used == -1 || now - used <= times.grace;
    let Some((_, used)) = honoured.iter().find(|(known, used)| *known == token && in_time(*used)) else {
        return REUSE;
    };
    let first_use = if *used == -1 { now } else { *used };
    let mut honoured: Vec<_> = honoured
        .iter()
        .map(|(known, used)| (*known, if *known == token { first_use } else { *used }))
        .filter(|(_, used)| in_time(*used))
        .collect();
    honoured.push((next, -1));
    granted(Server::Siblings { next: next + 1, honoured }, Some(next))
}

fn instant(tick: i8) -> Timestamp {
    Timestamp::from_unix_millis(i64::from(tick) * 1000)
}

/// The row of the session, while it lives.
fn session(newest: u8, rotated_at: i8, times: Times) -> Session {
    Session {
        id: SessionId::from_bytes([1; 16]),
        account_id: AccountId::from_bytes([2; 16]),
        authenticated_at: instant(0),
        amr: Proof::Password { version: 0 }.methods(),
        created_at: instant(0),
        expires_at: instant(times.absolute),
        generation: newest.into(),
        rotated_at: instant(rotated_at),
        revoked: None,
        user_agent: None,
        address: None,
        bound_key: None,
        app: None,
    }
}

/// Asks the product.
fn ask_decide(session: &Session, (token, device): (u8, Device), now: i8, times: Times) -> Decision {
    let ticks = |count: i8| TICK * u32::try_from(count).unwrap_or_default();
    let policy = SessionPolicy {
        min_age: ticks(times.min_age),
        // A repeat that comes exactly at the end of the window is late; here a delay of whole ticks must be
        // in time.
        grace: ticks(times.grace) + Duration::from_millis(1),
        idle_ttl: ticks(times.idle),
        absolute_ttl: ticks(times.absolute),
        ..SessionPolicy::default()
    };
    let key = SeededKey::new(&[1; 32]).bound_key();
    let bound_key = (device != Device::Unbound).then(|| key.clone());
    let proven = (device == Device::Proved).then(|| key.thumbprint());
    decide(&Session { bound_key, ..session.clone() }, token.into(), proven, &policy, instant(now))
}

impl Rule {
    /// Does what a store does with the decision.
    fn apply(self, decision: Decision, newest: u8, rotated_at: i8, now: i8) -> Outcome {
        let moved_to = |generation: u32| {
            let newest = u8::try_from(generation).unwrap();
            (Server::Line { newest, rotated_at: now }, newest)
        };
        let unchanged = Server::Line { newest, rotated_at };
        match decision {
            Decision::Fresh => granted(unchanged, None),
            Decision::Replay => granted(unchanged, Some(newest)),
            Decision::Advance { to } => {
                let (server, cookie) = moved_to(to);
                granted(server, Some(cookie))
            }
            Decision::Heal { to } if self == Self::HealBeyond => {
                let (server, cookie) = moved_to(to + 1);
                granted(server, Some(cookie))
            }
            Decision::Heal { to } => granted(moved_to(to).0, None),
            Decision::LateReplay if self == Self::LateReplayStands => granted(unchanged, Some(newest)),
            Decision::LateReplay => granted(moved_to(newest.into()).0, Some(newest)),
            Decision::Reuse | Decision::Revoked(EndReason::Reuse) => REUSE,
            Decision::Expired => Outcome::Expired,
            Decision::ProofRequired => Outcome::ProofRequired,
            Decision::Revoked(_) => Outcome::Refused { server: Server::Over(EndReasonOfModel::Logout) },
        }
    }
}
