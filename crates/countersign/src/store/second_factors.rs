//! The contract for second factors.

use super::answer::{Answer, Sealed};
use crate::base::id::AccountId;
use crate::model::context::Context;
use crate::model::second_factor::{
    AccountFactors, ChangeFactorsOutcome, FactorChange, ReauthenticateOutcome, Reauthentication, SecondFactor,
};

/// Keeps what an account has beside its password. Sign-ins look at it in [`start_session`](super::SessionStore::start_session) and
/// [`sign_in_by_mail`](super::TicketStore::sign_in_by_mail).
pub trait SecondFactorStore: Sealed {
    /// What an account has; nothing if there is no such account.
    fn second_factors(&self, account: AccountId) -> impl Answer<AccountFactors>;

    /// The passkey with this credential ID, whosever it is.
    fn find_passkey(&self, credential_id: Vec<u8>) -> impl Answer<Option<SecondFactor>>;

    /// Changes it, by `model::second_factor`. Sessions end in the same transaction where they have to.
    fn change_factors(&self, change: FactorChange, context: &Context) -> impl Answer<ChangeFactorsOutcome>;

    /// Notes in a session that its owner has shown again who they are, and uses up what they have shown.
    fn reauthenticate(
        &self,
        again: Reauthentication,
        context: &Context,
    ) -> impl Answer<ReauthenticateOutcome>;
}
