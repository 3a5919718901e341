//! The contract for accounts.

use super::answer::{Answer, Sealed};
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::model::account::{
    Account, AccountChange, AccountFilter, AccountQuery, ChangeAccountOutcome, CreateAccountOutcome,
    Credentials, Deletion, ImportAccountsOutcome, NewAccount, PasswordChange, PasswordTakeover,
    SetPasswordOutcome, TakeoverOutcome, Username,
};
use crate::model::context::Context;
use crate::model::password_hash::PasswordHash;

/// Keeps accounts and their password hashes. A name is unique in its canonical form.
pub trait AccountStore: Sealed {
    /// Makes an account, unless its name (in any spelling) is taken, or looks like a name that is.
    fn create_account(&self, account: NewAccount, context: &Context) -> impl Answer<CreateAccountOutcome>;

    /// Makes all of these accounts or, when a name is taken or looks like another, none.
    fn import_accounts(
        &self,
        accounts: Vec<NewAccount>,
        context: &Context,
    ) -> impl Answer<ImportAccountsOutcome>;

    /// The account with this ID.
    fn find_account(&self, id: AccountId) -> impl Answer<Option<Account>>;

    /// The account with this name, in any spelling, and what its password is checked against. It looks one
    /// row up, whether there is such a name or not: the time must not tell (EN-1).
    fn account_for_login(&self, username: &Username) -> impl Answer<Option<Credentials>>;

    /// The account with this ID, and what its password is checked against.
    fn credentials(&self, id: AccountId) -> impl Answer<Option<Credentials>>;

    /// A page of accounts, in its order.
    fn list_accounts(&self, query: AccountQuery) -> impl Answer<Vec<Account>>;

    /// How many accounts there are in all pages.
    fn count_accounts(&self, filter: AccountFilter) -> impl Answer<u64>;

    /// Changes name, role, claims, whether it may sign in, or whether its owner has to choose another password
    /// first. Refuses a name by the rule of [`create_account`](Self::create_account). Disabling it or requiring another
    /// password ends all its sessions in the same transaction.
    /// Refuses to take the role or the access of the last enabled administrator; one without a password, as programs have
    /// none, does not count beside one with a password.
    fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
        context: &Context,
    ) -> impl Answer<ChangeAccountOutcome>;

    /// Sets a password and ends the account's sessions except `keep`, in one transaction. With `checked` it
    /// is the owner's own: only if what they have shown still holds, and no other password is required any
    /// more then.
    fn set_password(&self, change: PasswordChange, context: &Context) -> impl Answer<SetPasswordOutcome>;

    /// Gives the account with this name, in any spelling, its first password, and makes it if there is none.
    /// Changes nothing of an account that has a password or is disabled.
    fn take_over_password(
        &self,
        takeover: PasswordTakeover,
        context: &Context,
    ) -> impl Answer<TakeoverOutcome>;

    /// Replaces a hash by a better one of the same password, if it is still the stored one (PW-3); tells
    /// whether it was. The number of the password stays, and sessions live on.
    fn rehash_password(&self, id: AccountId, old: &PasswordHash, new: &PasswordHash) -> impl Answer<bool>;

    /// The hashes of a fair sample of at most `limit` accounts that have one, the same accounts each time:
    /// what checking a password costs here (EN-2).
    fn password_hashes(&self, limit: u32) -> impl Answer<Vec<PasswordHash>>;

    /// Deletes an account with its sessions; or disables it until it is due, where its owner asks. Refuses the last enabled
    /// administrator as [`change_account`](Self::change_account) does.
    fn delete_account(
        &self,
        id: AccountId,
        deletion: Deletion,
        context: &Context,
    ) -> impl Answer<ChangeAccountOutcome>;

    /// Accounts whose owners have asked for their deletion, and that are due: those that are so for longest, at most `limit`.
    fn accounts_to_delete(&self, now: Timestamp, limit: u32) -> impl Answer<Vec<AccountId>>;
}
