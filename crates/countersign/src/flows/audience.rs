//! Which audience a token is asked for, and whether the caller may ask. Both are settled before anything changes: a
//! refused audience ends no session and uses up no refresh token (AU-2).

use countersign_guard::Guard;

use crate::Countersign;
use crate::model::audience::Audience;
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
}

impl<S: Store> Countersign<S> {
    /// The audience with this name; the default if none is asked for.
    ///
    /// # Errors
    /// [`AudienceError::Unknown`] when none has this name.
    pub fn audience(&self, name: Option<&str>) -> Result<&Audience, AudienceError> {
        self.options.audiences.find(name).ok_or(AudienceError::Unknown)
    }

    /// The guard that accepts the tokens of this audience and no others.
    pub(crate) fn guard_of(&self, audience: &Audience) -> Option<&Guard> {
        let audiences = &self.options.audiences;
        let index = audiences.iter().position(|known| known.name == audience.name)?;
        index.checked_sub(1).map_or(Some(&self.guard), |index| self.audience_guards.get(index))
    }
}
