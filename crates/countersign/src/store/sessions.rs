//! The contract for sessions.

use std::future::Future;

use super::answer::{Answer, Sealed};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::context::Context;
use crate::model::session::refresh_token::PresentedToken;
use crate::model::session::{
    BindOutcome, BoundKey, EndReason, EndedSession, Grant, NewSession, RevocationCursor, RevocationPage,
    Rotation, Session, SessionProof, SessionSelector, StartSessionOutcome,
};

/// Keeps sessions, and the log of those that ended.
pub trait SessionStore: Sealed {
    /// Begins a session, if the account is enabled, what its owner has shown still holds, and a new one comes
    /// along if that is required; otherwise the audit log has a failed login. Ends the one it replaces, and
    /// the account's oldest while there are more than the policy allows (SE-8). A new password is set in the
    /// same transaction, as by [`set_password`](super::AccountStore::set_password): all other sessions end.
    fn start_session(&self, session: NewSession, context: &Context) -> impl Answer<StartSessionOutcome>;

    /// What a refresh token means, by `model::session::decide`, and the change that follows
    /// from it, in one transaction. Nothing is written for `Fresh`, `Replayed`, `Expired`, `Revoked` and
    /// `Unknown`, so these are answered also while the disk takes no writes.
    ///
    /// A rotation that becomes durable only after its caller was told that it did not begins its grace then:
    /// nobody holds the successor yet.
    fn rotate(&self, token: PresentedToken, context: &Context) -> impl Answer<Rotation>;

    /// Binds the session of this refresh token to a key that was proved just now, by `model::session::bind`. Writes nothing where it is bound
    /// already, and for a refusal.
    fn bind_session(
        &self,
        token: PresentedToken,
        key: BoundKey,
        context: &Context,
    ) -> impl Answer<BindOutcome>;

    /// The session that this names and its account, by `model::session::vouch`: if the session is alive at `now`
    /// and the account is enabled. Writes nothing.
    fn vouch(&self, proof: SessionProof, now: Timestamp) -> impl Answer<Option<Grant>>;

    /// The session with this ID.
    fn find_session(&self, id: SessionId) -> impl Answer<Option<Session>>;

    /// Sessions that are alive at `now`, newest first: an account's, or everybody's; at most `limit`.
    fn list_sessions(&self, of: Option<AccountId>, now: Timestamp, limit: u32) -> impl Answer<Vec<Session>>;

    /// Every session of an account that is still kept, also those that are over: the last begun first, a page of those before
    /// the one that began then.
    fn sessions_of(
        &self,
        account: AccountId,
        before: Option<(Timestamp, SessionId)>,
        limit: u32,
    ) -> impl Answer<Vec<Session>>;

    /// Ends sessions that are not ended yet; gives those that this call ended.
    fn end_sessions(
        &self,
        selector: SessionSelector,
        reason: EndReason,
        context: &Context,
    ) -> impl Answer<Vec<EndedSession>>;

    /// Ends all sessions that began before `not_before`, by one value and without touching them: by `model::session::end_before`.
    /// Gives the instant that holds, which may be a later one. Every verb gives them as ended from then on.
    fn end_sessions_before(&self, not_before: Timestamp, context: &Context) -> impl Answer<Timestamp>;

    /// The next page of sessions that ended since the cursor was given, or of all without one, whose access tokens may
    /// still be running at `now`. Whoever goes on misses nothing (SE-4); an entry may come twice. When another copy of
    /// the database has taken the place of the cursor's, all of them come again (the page says so).
    fn revocations(&self, after: Option<RevocationCursor>, now: Timestamp) -> impl Answer<RevocationPage>;

    /// Ends these sessions again, by `model::session::restore`: a node remembers that they ended, and the store may not,
    /// because another copy of it took over. Gives those that were not in the revocation log; each is in the audit log.
    fn restore_revocations(
        &self,
        ended: Vec<EndedSession>,
        context: &Context,
    ) -> impl Answer<Vec<EndedSession>>;

    /// Resolves when another process may have ended a session since it last did. Where nothing says so, never: whoever
    /// follows the log looks at it now and then all the same.
    fn rung(&self) -> impl Future<Output = ()> + Send;
}
