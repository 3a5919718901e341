//! Which audience a token is asked for, and whether the caller may ask. Both are settled before anything changes: a
//! refused audience ends no session and uses up no refresh token (AU-2).

use countersign_guard::Guard;
use countersign_jwt::DpopProof;

use crate::Countersign;
use crate::model::audience::Audience;
use crate::model::context::Context;
use crate::model::session::{BoundKey, Session};
use crate::store::Store;

/// Why there is no token for an audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AudienceError {
    /// None has this name.
    #[error("there is no such audience")]
    Unknown,
    /// It is not for the account's role.
    #[error("the account's role may not ask for this audience")]
    NotPermitted,
    /// Its tokens are bound to a key, and there is none: no DPoP proof came with the sign-in, or the session was begun without one
    /// (RFC 9449 §5).
    #[error("the tokens of this audience are for sessions that are bound to a key by a DPoP proof")]
    NotBound,
}

impl<S: Store> Countersign<S> {
    /// The audience with this name; the default if none is asked for.
    ///
    /// # Errors
    /// [`AudienceError::Unknown`] when none has this name.
    pub fn audience(&self, name: Option<&str>) -> Result<&Audience, AudienceError> {
        self.options.audiences.find(name).ok_or(AudienceError::Unknown)
    }

    /// Whether a session that begins with this request may have tokens for this audience: one that binds them needs a key to bind them to.
    pub(crate) fn demand_key(&self, audience: &Audience, context: &Context) -> Result<(), AudienceError> {
        let has_key = context.device.dpop().is_some() && self.options.device_binding.dpop;
        if audience.dpop_bound && !has_key { Err(AudienceError::NotBound) } else { Ok(()) }
    }

    /// The same for a session that there is. Its own key is demanded, and not that of the proof: whoever has copied the refresh token of
    /// an unbound session would otherwise bind tokens to a key of his own.
    pub(crate) fn demand_binding(
        audience: &Audience,
        session: &Session,
        context: &Context,
    ) -> Result<(), AudienceError> {
        // A browser that has bound the session by itself has a key that signs no such proofs.
        let proved = context.device.dpop().map(DpopProof::thumbprint);
        let is_bound = proved.is_some() && proved == session.bound_key.as_ref().map(BoundKey::thumbprint);
        if audience.dpop_bound && !is_bound { Err(AudienceError::NotBound) } else { Ok(()) }
    }

    /// The guard that accepts the tokens of this audience and no others.
    pub(crate) fn guard_of(&self, audience: &Audience) -> Option<&Guard> {
        let audiences = &self.options.audiences;
        let index = audiences.iter().position(|known| known.name == audience.name)?;
        index.checked_sub(1).map_or(Some(&self.guard), |index| self.audience_guards.get(index))
    }
}
