//! Requests for authorization that an application pushes beforehand (RFC 9126): nobody in between sees or changes them, and it has
//! authenticated. Nothing is kept then: the request is sealed, and the seal is its address. That it was used is kept, for the
//! minute that it is good for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::digest::sha256;
use crate::base::master_key::Purpose;
use crate::flows::oauth::begin::Flow;
use crate::model::context::Context;
use crate::model::oauth::{AuthorizeRefusal, AuthorizeRequest, PageFault, Use};
use crate::options::OauthClient;
use crate::store::{Store, StoreError};

#[derive(Serialize, Deserialize)]
struct Pushed {
    request: AuthorizeRequest,
    expires_at: Timestamp,
}

impl<S: Store> Countersign<S> {
    /// How long a pushed request is good for.
    pub const PUSHED_LIFETIME: Duration = Duration::from_mins(1);

    /// Checks a request of this client, which has authenticated, and gives its `request_uri` (RFC 9126 §2.2).
    ///
    /// # Errors
    /// [`AuthorizeRefusal`]: both kinds are for the client (§2.3).
    pub fn push_authorization(
        &self,
        client: &OauthClient,
        parameters: &[(String, String)],
        context: &Context,
    ) -> Result<String, AuthorizeRefusal> {
        let request = self.checked_request(parameters, std::slice::from_ref(client), context)?;
        let pushed = Pushed { request, expires_at: context.now.plus(Self::PUSHED_LIFETIME) };
        let sealed = self.sealed(Purpose::PushedRequest, &pushed);
        let sealed = sealed.map_err(|_| AuthorizeRefusal::Page(PageFault::TooLong))?;
        Ok(format!("{PUSHED_PREFIX}{sealed}"))
    }

    /// Begins what was pushed under this address, for the browser that keeps what has this hash; the other parameters of the
    /// browser's address do not count (RFC 9126 §4, RFC 9101 §6.3). `None` if it is not ours, another client's, over, or was used before.
    ///
    /// # Errors
    /// [`StoreError`]: it is as good as before.
    pub async fn begin_pushed(
        &self,
        (client_id, request_uri): (&str, &str),
        browser_hash: [u8; 32],
        context: &Context,
    ) -> Result<Option<String>, StoreError> {
        let sealed = request_uri.strip_prefix(PUSHED_PREFIX);
        let pushed = sealed.and_then(|sealed| self.opened(Purpose::PushedRequest, sealed));
        let Some(Pushed { mut request, expires_at }) = pushed else { return Ok(None) };
        let is_known = self.options.oauth.client(client_id).is_some();
        if !is_known || request.client_id != client_id || context.now >= expires_at {
            return Ok(None);
        }
        let used = Use { hash: sha256(request_uri.as_bytes()), expires_at };
        if !self.store.use_once(used, context).await? {
            return Ok(None);
        }
        // Typing takes its time, and begins now.
        request.asked_at = context.now;
        let expires_at = context.now.plus(Self::AUTHORIZATION_LIFETIME);
        self.sealed(Purpose::AuthorizeFlow, &Flow { request, browser_hash, expires_at }).map(Some)
    }
}

/// RFC 9126 §2.2.
pub(crate) const PUSHED_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
