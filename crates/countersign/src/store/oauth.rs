//! The contract for what applications are allowed, and the codes by which they get it.

use super::answer::{Answer, Sealed};
use crate::base::id::AccountId;
use crate::model::context::Context;
use crate::model::oauth::{CodeRequest, Consent, IssueCodeOutcome, RedeemOutcome, Redemption};

/// Keeps authorization codes, hashes only, and consents.
pub trait OauthStore: Sealed {
    /// What the owner of an account has allowed a client, for these resources in their order.
    fn find_consent(
        &self,
        account: AccountId,
        client: String,
        resources: Vec<String>,
    ) -> impl Answer<Option<Consent>>;

    /// Keeps a code, and the consent with it, if the session in which it was allowed is alive and its account may sign in.
    fn issue_code(&self, request: CodeRequest, context: &Context) -> impl Answer<IssueCodeOutcome>;

    /// Uses a code and begins the application's session, in one transaction. Of any number at once, one does.
    fn redeem_code(&self, redemption: Redemption, context: &Context) -> impl Answer<RedeemOutcome>;
}
