//! The contract for the e-mail addresses of accounts.

use super::answer::{Answer, Sealed};
use crate::base::id::{AccountId, EmailId};
use crate::model::account::{Credentials, EmailAddress, Username};
use crate::model::context::Context;
use crate::model::email::{AccountEmail, AddEmailOutcome, ChangeEmailOutcome, EmailClaim};

/// Keeps e-mail addresses with their accounts. Many accounts may claim an address; one has it verified.
pub trait EmailStore: Sealed {
    /// The addresses of an account, in the order in which they were added.
    fn emails(&self, account: AccountId) -> impl Answer<Vec<AccountEmail>>;

    /// The account that has an address. It looks one row up, whether there is one or not: the time must not tell (EN-4).
    fn account_of_address(
        &self,
        address: &EmailAddress,
        claim: EmailClaim,
    ) -> impl Answer<Option<Credentials>>;

    /// The name of the account that somebody means who types an address to sign in: the account with this name, or else the one
    /// with this verified address.
    fn sign_in_name(&self, name: Option<&Username>, address: &EmailAddress) -> impl Answer<Option<Username>>;

    /// Adds an address to an account, unless it has it.
    fn add_email(&self, email: AccountEmail, context: &Context) -> impl Answer<AddEmailOutcome>;

    /// Lets the notices of an account go to another of its verified addresses.
    fn make_email_primary(
        &self,
        account: AccountId,
        id: EmailId,
        context: &Context,
    ) -> impl Answer<ChangeEmailOutcome>;

    /// Removes an address of an account, and voids the tickets that were sent to it.
    fn remove_email(
        &self,
        account: AccountId,
        id: EmailId,
        context: &Context,
    ) -> impl Answer<ChangeEmailOutcome>;
}
