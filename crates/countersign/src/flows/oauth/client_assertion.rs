//! A client that authenticates by an assertion (RFC 7523 §2.2), which is used up by that.

use crate::Countersign;
use crate::model::context::Context;
use crate::model::oauth::verify_assertion;
use crate::options::OauthClient;
use crate::store::{Store, StoreError};

impl<S: Store> Countersign<S> {
    /// The client whose assertion this is, if it is good now and was not used before. `id`: the only one that it may be.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer: the assertion is as good as before.
    pub async fn client_of_assertion(
        &self,
        assertion: &str,
        id: Option<&str>,
        context: &Context,
    ) -> Result<Option<&OauthClient>, StoreError> {
        let clients = self.options.oauth.clients.iter();
        let mut named =
            clients.filter(|client| !client.keys.is_empty() && id.is_none_or(|id| client.id == id));
        let us = (self.options.issuer.as_str(), self.options.leeway);
        let found = named.find_map(|client| {
            verify_assertion(assertion, client, us, context.now).map(|used| (client, used))
        });
        let Some((client, used)) = found else { return Ok(None) };
        Ok(self.store.use_once(used, context).await?.then_some(client))
    }
}
