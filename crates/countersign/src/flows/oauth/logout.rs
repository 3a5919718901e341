//! Signing out because an application asks for it (`OpenID` Connect RP-Initiated Logout 1.0). As with a request to sign in, the
//! browser brings its refresh cookie to our own page only, so the request is sealed and goes along. Whoever the application names is
//! signed out; whoever it does not name is asked, or any page could sign people out.

use serde::{Deserialize, Serialize};

use super::browser::{Browser, is_of};
use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::base::master_key::Purpose;
use crate::flows::logout::Scope;
use crate::model::context::Context;
use crate::model::oauth::{LogoutRefusal, LogoutRequest, parse_logout};
use crate::model::session::{Grant, SessionProof, SessionSelector};
use crate::store::{Store, StoreError};

/// What happens next.
#[derive(Debug)]
pub enum LogoutStep {
    /// Whoever is signed in is asked.
    Ask {
        /// For the form, which sends it back. It is good in this browser and for this session.
        form: String,
        /// The name of the application, if one asks.
        client: Option<String>,
        /// The name of the account.
        username: String,
    },
    /// Nobody is signed in any more.
    Over {
        /// Whether somebody was: their cookies go.
        was_signed_in: bool,
        /// Where the browser goes, with the state; or it stays.
        back: Option<(String, Option<String>)>,
    },
    /// Whoever is signed in stays so.
    Stays,
}

#[derive(Serialize, Deserialize)]
struct Flow {
    request: LogoutRequest,
    browser_hash: [u8; 32],
    expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Form {
    flow: Flow,
    session_id: SessionId,
}

impl<S: Store> Countersign<S> {
    /// Checks a request, by its parameters as they came, and seals it for the browser that keeps what has this hash.
    ///
    /// # Errors
    /// [`LogoutRefusal`], for a page of ours; `None` instead of it if the request could not be sealed.
    pub fn begin_logout(
        &self,
        parameters: &[(String, String)],
        browser_hash: [u8; 32],
        context: &Context,
    ) -> Result<String, Option<LogoutRefusal>> {
        let hint_of = |token: &str| self.id_token_hint(token, context.now);
        let request = parse_logout(parameters, &self.options.oauth.clients, hint_of).map_err(Some)?;
        let expires_at = context.now.plus(Self::AUTHORIZATION_LIFETIME);
        let flow = Flow { request, browser_hash, expires_at };
        self.sealed(Purpose::LogoutFlow, &flow).map_err(|_| None)
    }

    /// Goes on with it, in the browser that brought it. `None` in any other, and when it is over.
    ///
    /// # Errors
    /// [`StoreError`]: nobody is signed out.
    pub async fn continue_logout(
        &self,
        flow: &str,
        browser: Browser<'_>,
        context: &Context,
    ) -> Result<Option<LogoutStep>, StoreError> {
        let opened: Option<Flow> = self.opened(Purpose::LogoutFlow, flow);
        let Some(flow) = opened.filter(|flow| flow.is_good(browser, context.now)) else { return Ok(None) };
        let Some(grant) = self.in_browser(browser, context.now).await? else {
            return Ok(Some(over(flow.request, false)));
        };
        let (account, session) = (grant.account(), grant.session());
        if flow.request.subject.as_deref() == Some(&account.id.to_string()) {
            return self.sign_out(flow.request, &grant, browser, context).await.map(Some);
        }
        let client = flow.request.client_id.as_deref().and_then(|id| self.options.oauth.client(id));
        let client = client.map(|client| client.name.clone());
        let (username, session_id) = (account.username.as_str().to_owned(), session.id);
        let form = self.sealed(Purpose::LogoutForm, &Form { flow, session_id })?;
        Ok(Some(LogoutStep::Ask { form, client, username }))
    }

    /// Takes the answer, by the form that was shown. `None` in another browser, for another session, and when it is over.
    ///
    /// # Errors
    /// [`StoreError`]: nobody is signed out.
    pub async fn answer_logout(
        &self,
        (form, is_yes): (&str, bool),
        browser: Browser<'_>,
        context: &Context,
    ) -> Result<Option<LogoutStep>, StoreError> {
        let opened: Option<Form> = self.opened(Purpose::LogoutForm, form);
        let Some(Form { flow, session_id }) = opened.filter(|form| form.flow.is_good(browser, context.now))
        else {
            return Ok(None);
        };
        let Some(grant) = self.in_browser(browser, context.now).await? else {
            return Ok(Some(over(flow.request, false)));
        };
        // SECURITY: what one account was shown, another does not answer.
        if grant.session().id != session_id {
            return Ok(None);
        }
        if !is_yes {
            return Ok(Some(LogoutStep::Stays));
        }
        self.sign_out(flow.request, &grant, browser, context).await.map(Some)
    }

    /// Whose refresh cookie it is. It is only looked at.
    async fn in_browser(&self, browser: Browser<'_>, now: Timestamp) -> Result<Option<Grant>, StoreError> {
        let token = browser.refresh_token.and_then(|text| self.refresh_tokens.parse(text).ok());
        match token {
            Some(token) => self.store.vouch(SessionProof::LogOut(token.presented()), now).await,
            None => Ok(None),
        }
    }

    /// Ends the session of the browser, and that of the application if it is of the same account.
    async fn sign_out(
        &self,
        request: LogoutRequest,
        grant: &Grant,
        browser: Browser<'_>,
        context: &Context,
    ) -> Result<LogoutStep, StoreError> {
        if let Some(token) = browser.refresh_token {
            self.logout(token, Scope::This, context).await?;
        }
        let account = grant.account().id;
        if let Some(id) = request.session_id.filter(|_| request.subject == Some(account.to_string())) {
            self.log_out(SessionSelector::OneOf(account, id), Scope::This, context).await?;
        }
        Ok(over(request, true))
    }
}

impl Flow {
    fn is_good(&self, browser: Browser<'_>, now: Timestamp) -> bool {
        is_of(browser, &self.browser_hash) && now < self.expires_at
    }
}

fn over(request: LogoutRequest, was_signed_in: bool) -> LogoutStep {
    LogoutStep::Over { was_signed_in, back: request.redirect_uri.map(|uri| (uri, request.state)) }
}
