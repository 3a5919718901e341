//! What happens in the browser between an application's request (`begin.rs`) and its code. Nothing is kept before the code is: the request is
//! sealed, goes along in the address, and is good only in the browser that holds the cookie that goes with it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::browser::Browser;
use crate::Countersign;
use crate::base::digest::sha256;
use crate::base::id::SessionId;
use crate::base::master_key::Purpose;
use crate::flows::oauth::begin::Flow;
use crate::model::api_key::Scopes;
use crate::model::context::Context;
use crate::model::oauth::{
    AuthorizeError, AuthorizeRequest, CodeRequest, Consent, ErrorRedirect, Interaction, IssueCodeOutcome,
    NewCode, Step, next,
};
use crate::model::session::{Grant, SessionProof};
use crate::options::OauthClient;
use crate::store::{Store, StoreError};

/// What happens next.
#[derive(Debug)]
pub enum Authorization {
    /// Somebody signs in, and then the same again with this request.
    SignIn {
        /// The request, for the address.
        flow: String,
        /// Whether a sign-in that there is does not count.
        anew: bool,
        /// The name that is likely to be typed.
        login_hint: Option<String>,
    },
    /// Somebody makes an account, and then the same again with this request.
    SignUp {
        /// The request, for the address.
        flow: String,
    },
    /// The owner of the account is asked.
    Ask(Box<Question>),
    /// The application gets this code.
    Code {
        /// Where it goes.
        redirect_uri: String,
        /// What the application wants back.
        state: Option<String>,
        /// The code. Secret.
        code: Zeroizing<String>,
        /// Whether it goes in a form, and not in the address.
        form_post: bool,
    },
    /// The application is told why not.
    Error(Box<ErrorRedirect>),
}

/// What the owner of an account is asked.
#[derive(Debug)]
pub struct Question {
    /// For the form, which sends it back. It is good in this browser and for this session.
    pub form: String,
    /// The name of the application.
    pub client: String,
    /// The address that the response goes to.
    pub redirect_uri: String,
    /// The name of the account.
    pub username: String,
    /// What was not allowed before.
    pub new_scopes: Scopes,
    /// What was.
    pub known_scopes: Scopes,
    /// The names of the audiences.
    pub resources: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Form {
    flow: Flow,
    session_id: SessionId,
}

/// Who is signed in, and what they have allowed before.
struct Present {
    grant: Grant,
    is_enough: bool,
    consent: Option<Consent>,
}

impl<S: Store> Countersign<S> {
    /// Goes on with a request, in the browser that brought it. `None` in any other, and when it is over.
    ///
    /// # Errors
    /// [`StoreError`]: nothing has happened.
    pub async fn continue_authorization(
        &self,
        flow: &str,
        browser: Browser<'_>,
        context: &Context,
    ) -> Result<Option<Authorization>, StoreError> {
        let opened = self.opened(Purpose::AuthorizeFlow, flow);
        let Some(flow) = opened.filter(|flow: &Flow| flow.is_good(browser, context.now)) else {
            return Ok(None);
        };
        let Some(client) = self.options.oauth.client(&flow.request.client_id) else { return Ok(None) };
        let present = self.present(&flow.request, browser, context).await?;
        self.proceed((flow, client), present, None, context).await.map(Some)
    }

    /// Takes the answer of the owner of an account, by the form that they were shown. `None` in another browser, and when it is over.
    ///
    /// # Errors
    /// [`StoreError`]: nothing has happened.
    pub async fn answer_authorization(
        &self,
        (form, is_allowed): (&str, bool),
        browser: Browser<'_>,
        context: &Context,
    ) -> Result<Option<Authorization>, StoreError> {
        let opened = self.opened(Purpose::ConsentForm, form);
        let Some(form) = opened.filter(|form: &Form| form.flow.is_good(browser, context.now)) else {
            return Ok(None);
        };
        let Form { flow, session_id } = form;
        let Some(client) = self.options.oauth.client(&flow.request.client_id) else { return Ok(None) };
        if !is_allowed {
            let why = "the owner of the account has refused";
            return Ok(Some(refusal(&flow.request, AuthorizeError::AccessDenied, why)));
        }
        let present = self.present(&flow.request, browser, context).await?;
        // SECURITY: what one account was shown, another does not answer.
        let is_same = present.as_ref().is_some_and(|present| present.grant.session().id == session_id);
        let answered = is_same.then_some(session_id);
        self.proceed((flow, client), present, answered, context).await.map(Some)
    }

    /// What the refresh cookie says. It is not rotated.
    async fn present(
        &self,
        request: &AuthorizeRequest,
        browser: Browser<'_>,
        context: &Context,
    ) -> Result<Option<Present>, StoreError> {
        let token = browser.refresh_token.and_then(|text| self.refresh_tokens.parse(text).ok());
        let Some(token) = token else { return Ok(None) };
        let presented = token.presented();
        // SECURITY: with a copied cookie alone nobody gets a code for a session that is bound (RF-15).
        let presented = presented.with_proof_of(context.device.key_for(presented.session_id));
        let Some(grant) = self.store.vouch(SessionProof::Refresh(presented), context.now).await? else {
            return Ok(None);
        };
        let (account, resources) = (grant.account().id, request.resources.clone());
        let consent = self.store.find_consent(account, request.client_id.clone(), resources).await?;
        let is_enough = self.is_enough(grant.account(), grant.session().amr, context.now);
        Ok(Some(Present { grant, is_enough, consent }))
    }

    async fn proceed(
        &self,
        (flow, client): (Flow, &OauthClient),
        present: Option<Present>,
        answered: Option<SessionId>,
        context: &Context,
    ) -> Result<Authorization, StoreError> {
        let step = next(&Interaction {
            request: &flow.request,
            client,
            session: present.as_ref().map(|present| present.grant.session()),
            is_enough: present.as_ref().is_none_or(|present| present.is_enough),
            consent: present.as_ref().and_then(|present| present.consent.as_ref()),
        });
        match (step, present) {
            (Step::Refuse(error), _) => Ok(refusal(
                &flow.request,
                error,
                "nobody is signed in as was asked for, or they would have to be asked",
            )),
            (Step::Ask, Some(present)) if answered.is_none() => {
                let form = Form { session_id: present.grant.session().id, flow };
                self.question(&form, client, &present).map(|question| Authorization::Ask(Box::new(question)))
            }
            (Step::Ask | Step::Grant, Some(present)) => {
                self.grant_code(flow, &present, answered.is_some(), context).await
            }
            (Step::SignUp, _) => {
                Ok(Authorization::SignUp { flow: self.sealed(Purpose::AuthorizeFlow, &flow)? })
            }
            (Step::SignIn { anew }, _) => self.sign_in(&flow, anew),
            (Step::Ask | Step::Grant, None) => self.sign_in(&flow, false),
        }
    }

    fn sign_in(&self, flow: &Flow, anew: bool) -> Result<Authorization, StoreError> {
        let sealed = self.sealed(Purpose::AuthorizeFlow, flow)?;
        Ok(Authorization::SignIn { flow: sealed, anew, login_hint: flow.request.login_hint.clone() })
    }

    fn question(&self, form: &Form, client: &OauthClient, present: &Present) -> Result<Question, StoreError> {
        let request = &form.flow.request;
        let asked = request.scopes();
        let known = present.consent.as_ref().map(|consent| asked.both(&consent.scopes)).unwrap_or_default();
        Ok(Question {
            client: client.name.clone(),
            redirect_uri: request.redirect_uri.clone(),
            username: present.grant.account().username.as_str().to_owned(),
            new_scopes: asked.without(&known),
            known_scopes: known,
            resources: request.resources.clone(),
            form: self.sealed(Purpose::ConsentForm, form)?,
        })
    }

    /// A code for the application. With `remembers`, what was asked is not asked again.
    async fn grant_code(
        &self,
        flow: Flow,
        present: &Present,
        remembers: bool,
        context: &Context,
    ) -> Result<Authorization, StoreError> {
        let Flow { request, .. } = flow;
        let (account, session) = (present.grant.account(), present.grant.session());
        let audiences = &self.options.audiences;
        let is_admitted = |name: &String| {
            audiences.find(Some(name)).is_some_and(|audience| audience.admit(&account.role).is_some())
        };
        if !request.resources.iter().all(is_admitted) {
            let why = "the role of the account may not use the resource";
            return Ok(refusal(&request, AuthorizeError::AccessDenied, why));
        }
        let code = self.new_code_text();
        let new = NewCode {
            hash: sha256(code.as_bytes()),
            client_id: request.client_id.clone(),
            redirect_uri: request.redirect_uri.clone(),
            challenge: request.challenge.clone(),
            nonce: request.nonce.clone(),
            scopes: request.scopes(),
            resources: request.resources.clone(),
            account_id: account.id,
            session_id: session.id,
            created_at: context.now,
        };
        let consent = remembers.then(|| Consent {
            account_id: account.id,
            client_id: request.client_id.clone(),
            resources: request.resources.clone(),
            scopes: present
                .consent
                .as_ref()
                .map_or(request.scopes(), |known| known.scopes.and(&request.scopes())),
            granted_at: context.now,
        });
        match self.store.issue_code(CodeRequest { code: new, consent }, context).await? {
            IssueCodeOutcome::Issued => {
                let AuthorizeRequest { redirect_uri, state, form_post, .. } = request;
                Ok(Authorization::Code { redirect_uri, state, code, form_post })
            }
            IssueCodeOutcome::Refused => {
                Ok(refusal(&request, AuthorizeError::LoginRequired, "the session has ended"))
            }
        }
    }

    fn new_code_text(&self) -> Zeroizing<String> {
        let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(self.random.bytes());
        let mut text = Zeroizing::new(String::with_capacity(CODE_PREFIX.len() + 43));
        text.push_str(CODE_PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        text
    }
}

fn refusal(request: &AuthorizeRequest, error: AuthorizeError, description: &'static str) -> Authorization {
    Authorization::Error(Box::new(ErrorRedirect::of(request, error, description)))
}

/// Lets secret scanners find a leaked one.
const CODE_PREFIX: &str = "cso_";
