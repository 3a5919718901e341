//! [`SecondFactorDue`]: what a sign-in waits for whose first step was right.

use crate::model::account::Account;
use crate::model::proof::Proof;
use crate::model::second_factor::{FactorMethod, FirstProof, Missing};
use crate::model::ticket::PresentedTicket;

/// The first step was right, and something is missing before the session begins.
#[derive(Debug)]
pub struct SecondFactorDue {
    /// What can be shown; empty where an authenticator has to be set up first.
    pub methods: Vec<FactorMethod>,
    /// What the browser keeps until then; none where the application has vouched, which keeps its own
    /// [`Authenticated`](crate::Authenticated).
    pub(crate) first: Option<(Account, FirstProof)>,
}

impl SecondFactorDue {
    /// Whether an authenticator has to be set up: the policy asks for one, and the account has none.
    #[must_use]
    pub const fn must_enrol(&self) -> bool {
        self.methods.is_empty()
    }

    /// Of this account, by what was shown first: with the ticket of a mail, if there was one.
    pub(crate) fn new(
        missing: Missing,
        account: &Account,
        (proof, ticket): (Proof, Option<PresentedTicket>),
    ) -> Self {
        let methods = match missing {
            Missing::Factor(methods) => methods,
            Missing::Authenticator | Missing::AnotherCode | Missing::AnotherPasskey => Vec::new(),
        };
        Self { methods, first: FirstProof::of(proof, ticket).map(|first| (account.clone(), first)) }
    }
}
