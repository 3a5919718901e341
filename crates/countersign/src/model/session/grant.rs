//! The proof that an access token may be made.

use super::Session;
use crate::model::account::Account;

/// An account, enabled, and its session, alive, as one transaction saw them: what an access token is made
/// from. Only the rules of this folder make one, inside a plan that a store has to carry out first.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    account: Account,
    session: Session,
}

impl Grant {
    pub(in crate::model) const fn new(account: Account, session: Session) -> Self {
        Self { account, session }
    }

    /// A grant that no store has made, for tests of what an untrue store would do.
    #[cfg(feature = "internal-testing")]
    #[doc(hidden)]
    #[must_use]
    pub const fn forged(account: Account, session: Session) -> Self {
        Self::new(account, session)
    }

    /// The account.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// The session.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Both of them.
    #[must_use]
    pub fn into_parts(self) -> (Account, Session) {
        (self.account, self.session)
    }
}
