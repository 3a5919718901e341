//! The beginning of a request for authorization: it is checked once, and sealed for the browser that brought it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::browser::{Browser, is_of};
use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::master_key::Purpose;
use crate::model::context::Context;
use crate::model::oauth::{AuthorizeError, AuthorizeRefusal, AuthorizeRequest, ErrorRedirect, parse};
use crate::options::OauthClient;
use crate::store::Store;

/// A request on its way through the browser.
#[derive(Serialize, Deserialize)]
pub(super) struct Flow {
    pub(super) request: AuthorizeRequest,
    pub(super) browser_hash: [u8; 32],
    pub(super) expires_at: Timestamp,
}

impl Flow {
    /// Whether it is this browser's, and not over (OI-2).
    pub(super) fn is_good(&self, browser: Browser<'_>, now: Timestamp) -> bool {
        is_of(browser, &self.browser_hash) && now < self.expires_at
    }
}

impl<S: Store> Countersign<S> {
    /// How long somebody may take to sign in and to answer.
    pub const AUTHORIZATION_LIFETIME: Duration = Duration::from_mins(10);

    /// Checks a request, by its parameters as they came, and seals it for the browser that keeps what has this hash.
    ///
    /// # Errors
    /// [`AuthorizeRefusal`]: on a page of ours, or at the client.
    pub fn begin_authorization(
        &self,
        parameters: &[(String, String)],
        browser_hash: [u8; 32],
        context: &Context,
    ) -> Result<String, AuthorizeRefusal> {
        let request = self.checked_request(parameters, &self.options.oauth.clients, context)?;
        let client = self.options.oauth.client(&request.client_id);
        // SECURITY: what the browser brings, its user can have changed (RFC 9126 §5).
        if client.is_some_and(|client| client.require_par) {
            let why = "the client has to push its requests (RFC 9126)";
            return Err(refused(&request, AuthorizeError::InvalidRequest, why));
        }
        let expires_at = context.now.plus(Self::AUTHORIZATION_LIFETIME);
        let flow = Flow { request, browser_hash, expires_at };
        self.sealed(Purpose::AuthorizeFlow, &flow).map_err(|_| {
            refused(&flow.request, AuthorizeError::ServerError, "the request could not be sealed")
        })
    }

    /// A request of one of these clients that is good, with the account that its hint names.
    pub(super) fn checked_request(
        &self,
        parameters: &[(String, String)],
        clients: &[OauthClient],
        context: &Context,
    ) -> Result<AuthorizeRequest, AuthorizeRefusal> {
        let (mut request, hint) = parse(parameters, clients, context.now)?;
        if let Some(hint) = hint {
            request.subject = self.subject_of_hint(&hint, &request.client_id, context.now);
            if request.subject.is_none() {
                let why = "id_token_hint is no ID token of this client";
                return Err(refused(&request, AuthorizeError::InvalidRequest, why));
            }
        }
        Ok(request)
    }
}

fn refused(request: &AuthorizeRequest, error: AuthorizeError, description: &'static str) -> AuthorizeRefusal {
    AuthorizeRefusal::Redirect(Box::new(ErrorRedirect::of(request, error, description)))
}
