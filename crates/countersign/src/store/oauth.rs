//! The contract for what applications are allowed, and the codes by which they get it.

use super::answer::{Answer, Sealed};
use crate::base::id::AccountId;
use crate::model::context::Context;
use crate::model::oauth::{
    ClientTokenEnd, CodeRequest, Consent, IssueCodeOutcome, RedeemOutcome, Redemption, Use,
};
use crate::model::session::EndedSession;

/// Keeps authorization codes, hashes only, and consents.
pub trait OauthStore: Sealed {
    /// What the owner of an account has allowed a client, for these resources in their order.
    fn find_consent(
        &self,
        account: AccountId,
        client: String,
        resources: Vec<String>,
    ) -> impl Answer<Option<Consent>>;

    /// What the owner of an account has allowed, in no order.
    fn consents_of(&self, account: AccountId) -> impl Answer<Vec<Consent>>;

    /// Ends the sessions of a client, and forgets what the owner of the account has allowed it; gives the sessions, or nothing if
    /// there was nothing to end or to forget.
    fn disconnect_app(
        &self,
        account: AccountId,
        client: String,
        context: &Context,
    ) -> impl Answer<Option<Vec<EndedSession>>>;

    /// Keeps a code, and the consent with it, if the session in which it was allowed is alive and its account may sign in.
    fn issue_code(&self, request: CodeRequest, context: &Context) -> impl Answer<IssueCodeOutcome>;

    /// Writes the end of a token that a client holds for itself into the revocation log; nothing if it is there.
    fn end_client_token(&self, end: ClientTokenEnd, context: &Context) -> impl Answer<Option<EndedSession>>;

    /// Remembers that something was used that is good once. Gives whether this is the first time: of any number at once, one is.
    fn use_once(&self, used: Use, context: &Context) -> impl Answer<bool>;

    /// Uses a code and begins the application's session, in one transaction. Of any number at once, one does.
    fn redeem_code(&self, redemption: Redemption, context: &Context) -> impl Answer<RedeemOutcome>;
}
