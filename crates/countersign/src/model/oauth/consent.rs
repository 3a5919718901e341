//! What the owner of an account has allowed an application, so that they are asked once.

use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::model::api_key::Scopes;

/// What the owner of an account has allowed an application, for one set of resources.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct Consent {
    /// The account.
    pub account_id: AccountId,
    /// The client's ID.
    pub client_id: String,
    /// The names of the audiences, as they were asked for.
    pub resources: Vec<String>,
    /// What was allowed.
    pub scopes: Scopes,
    /// When they were last asked.
    pub granted_at: Timestamp,
}
