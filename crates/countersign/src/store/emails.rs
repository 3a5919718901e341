//! The contract for the e-mail addresses of accounts.

use super::answer::{Answer, Sealed};
use crate::base::id::AccountId;
use crate::model::account::{Credentials, EmailAddress, Username};
use crate::model::context::Context;
use crate::model::email::{
    AccountEmail, AddEmailOutcome, ChangeEmailOutcome, EmailChange, EmailClaim, NewEmail,
};

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
    fn add_email(&self, new: NewEmail, context: &Context) -> impl Answer<AddEmailOutcome>;

    /// Makes another of its verified addresses the primary one of an account, or removes one and voids the tickets that were
    /// sent to it; and tells those whom it concerns.
    fn change_email(&self, change: EmailChange, context: &Context) -> impl Answer<ChangeEmailOutcome>;
}
