//! The contract for API keys.

use super::answer::{Answer, Sealed};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, ApiKeyId};
use crate::model::api_key::{AddApiKeyOutcome, ApiKey, ApiKeyProof, KeyGrant, NewApiKey};
use crate::model::context::Context;
use crate::model::session::EndedSession;

/// Keeps API keys with their accounts; of their secrets, hashes only.
pub trait ApiKeyStore: Sealed {
    /// Adds a key, if its account may have sessions and has room for one more.
    fn add_api_key(&self, key: NewApiKey, context: &Context) -> impl Answer<AddApiKeyOutcome>;

    /// The key that was shown and its account, if both work. It writes nothing.
    fn admit_api_key(&self, proof: ApiKeyProof, now: Timestamp) -> impl Answer<Option<KeyGrant>>;

    /// Keys of an account or of all, revoked and expired ones too, the newest first.
    fn list_api_keys(&self, of: Option<AccountId>, limit: u32) -> impl Answer<Vec<ApiKey>>;

    /// Revokes a key, if it is this account's. Gives the session ID of its tokens, which have to be refused from now on;
    /// nothing if there is no such key, or it was revoked before.
    fn revoke_api_key(
        &self,
        id: ApiKeyId,
        of: Option<AccountId>,
        context: &Context,
    ) -> impl Answer<Option<EndedSession>>;

    /// Remembers that a key was used at [`Context::now`], unless a use of less than an hour before is known. No order matters.
    fn record_api_key_use(&self, id: ApiKeyId, context: &Context) -> impl Answer<()>;
}
