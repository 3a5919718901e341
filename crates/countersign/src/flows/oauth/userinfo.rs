//! What an application may know about somebody (`OpenID` Connect Core §5.3 and §5.4): as much as the scopes of its token ask for.

use countersign_guard::AccessClaims;
use serde_json::{Map, Value, json};

use crate::Countersign;
use crate::flows::revocation::caller;
use crate::model::account::Locale;
use crate::store::{Store, StoreError};

impl<S: Store> Countersign<S> {
    /// The claims for a token that [`Countersign::userinfo_guard`] has let through; none if its account is gone.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn userinfo(&self, claims: &AccessClaims) -> Result<Option<Map<String, Value>>, StoreError> {
        let Some((id, _)) = caller(claims) else { return Ok(None) };
        let Some(account) = self.store.find_account(id).await? else { return Ok(None) };
        let scope = claims.claims().get("scope").and_then(Value::as_str).unwrap_or_default();
        let has = |wanted: &str| scope.split(' ').any(|scope| scope == wanted);
        let mut said = Map::new();
        said.insert("sub".to_owned(), id.to_string().into());
        if has("profile") {
            said.insert("preferred_username".to_owned(), account.username.as_str().into());
            if let Some(locale) = &account.language.locale {
                said.insert("locale".to_owned(), Locale::as_str(locale).into());
            }
        }
        if has("email") {
            let emails = self.store.emails(id).await?;
            if let Some(email) = emails.iter().find(|email| email.is_primary) {
                said.insert("email".to_owned(), email.address.as_str().into());
                said.insert("email_verified".to_owned(), json!(email.verified_at.is_some()));
            }
        }
        Ok(Some(said))
    }
}
