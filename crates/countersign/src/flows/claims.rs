//! What an access token says: the claims of each, made from what a [`Grant`] or a [`KeyGrant`] vouches for.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::account::{Account, CustomClaims, EmailAddress, Locale};
use crate::model::api_key::{KeyGrant, Scopes};
use crate::model::audience::{Audience, Subject};
use crate::model::oauth::ClientGrant;
use crate::model::proof::AuthMethods;
use crate::model::session::{BoundKey, Grant, Session};
use crate::store::{Store, StoreError};

/// RFC 9068 §2.2, with the session and the account's own claims. A token for an API key names the key as the client, has its
/// scopes (§2.2.3), and says nothing of a sign-in (§2.2.1): there was none.
#[derive(Serialize)]
pub(super) struct Claims<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    client_id: Cow<'a, str>,
    pub(super) iat: i64,
    pub(super) exp: i64,
    jti: String,
    sid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<AuthMethods>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// The key that the token is bound to (RFC 9449 §6.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation>,
    /// None in a token for the userinfo endpoint, which says no more than was asked for, nor in one of a client that acts for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    /// None where the audience sets another.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(flatten)]
    custom: Cow<'a, Map<String, Value>>,
}

#[derive(Serialize)]
struct Confirmation {
    jkt: String,
}

/// What a token is asked for.
pub(crate) struct Asked<'a> {
    pub(crate) audience: &'a Audience,
    /// The account as it was when it was found to be admitted. A change of its role in the same moment comes with
    /// the next token (AU-2).
    pub(crate) account: Option<Account>,
    /// What the application has computed, if it does so.
    pub(crate) computed: Option<ComputedClaims>,
    /// The account's address, where the audience's claims name it.
    pub(crate) email: Option<EmailAddress>,
    /// Of an application's session, the scopes that are asked for; all of its own, if nothing is said.
    pub(crate) scopes: Option<Scopes>,
}

/// What an API key is exchanged for.
pub(crate) struct KeyAsked<'a> {
    pub(crate) grant: &'a KeyGrant,
    pub(crate) audience: &'a Audience,
    pub(crate) scopes: Scopes,
    pub(crate) computed: Option<ComputedClaims>,
    /// As in [`Asked`].
    pub(crate) email: Option<EmailAddress>,
}

/// Who a token is for, and by what they have come.
pub(super) struct Holder<'a> {
    account: &'a Account,
    audience: &'a Audience,
    computed: Option<&'a ComputedClaims>,
    session_id: SessionId,
    email: Option<&'a EmailAddress>,
    scopes: Option<&'a Scopes>,
    by: By<'a>,
}

pub(super) enum By<'a> {
    Session(&'a Session),
    Key(&'a KeyAsked<'a>),
}

impl<'a> Holder<'a> {
    pub(super) fn of_session(grant: &'a Grant, asked: &'a Asked<'_>) -> Self {
        let (account, session) = (asked.account(grant), grant.session());
        let (audience, computed) = (asked.audience, asked.computed.as_ref());
        Self {
            account,
            audience,
            computed,
            session_id: session.id,
            email: asked.email.as_ref(),
            scopes: asked.scopes.as_ref(),
            by: By::Session(session),
        }
    }

    pub(super) fn of_key(asked: &'a KeyAsked<'a>) -> Self {
        let KeyAsked { grant, audience, computed, email, .. } = asked;
        let session_id = grant.key().session_id;
        Self {
            account: grant.account(),
            audience,
            computed: computed.as_ref(),
            session_id,
            email: email.as_ref(),
            scopes: None,
            by: By::Key(asked),
        }
    }
}

/// Claims that the application has computed for an account as it was then, instead of the account's own.
#[derive(Debug)]
pub(crate) struct ComputedClaims {
    pub(crate) account: Account,
    pub(crate) claims: CustomClaims,
}

impl<'a> Asked<'a> {
    /// An access token for this audience.
    pub(crate) const fn of(audience: &'a Audience) -> Self {
        Self { audience, account: None, computed: None, email: None, scopes: None }
    }

    /// The account that the token is for.
    pub(crate) fn account<'g>(&'g self, grant: &'g Grant) -> &'g Account {
        self.account.as_ref().unwrap_or_else(|| grant.account())
    }
}

impl Claims<'_> {
    /// Bound to the key of the session, where the audience binds its tokens. Without a key the claim names none, and no guard accepts that:
    /// whoever asks has looked before ([`AudienceError::NotBound`](crate::AudienceError::NotBound)), and a pathway that forgets to must
    /// not give an unbound token out.
    pub(super) fn bound_to(self, session: &Session, audience: &Audience) -> Self {
        let key = session.bound_key.as_ref().map(BoundKey::thumbprint);
        let jkt = || key.map(|key| key.to_string()).unwrap_or_default();
        Self { cnf: audience.dpop_bound.then(|| Confirmation { jkt: jkt() }), ..self }
    }

    pub(super) const fn is_bound(&self) -> bool {
        self.cnf.is_some()
    }

    /// The role that a service reads; empty if it is no text.
    pub(super) fn role(&self) -> &str {
        self.role.or_else(|| self.custom.get("role")?.as_str()).unwrap_or_default()
    }
}

impl<S: Store> Countersign<S> {
    /// The primary address of an account, if the claims of an audience name it. No other token costs a look-up.
    pub(crate) async fn email_for(
        &self,
        account: AccountId,
        audience: &Audience,
    ) -> Result<Option<EmailAddress>, StoreError> {
        if !audience.names_email() {
            return Ok(None);
        }
        let emails = self.store.emails(account).await?;
        Ok(emails.into_iter().find(|email| email.is_primary).map(|email| email.address))
    }

    /// The claims of a token for a holder, issued and expiring at these seconds.
    pub(super) fn claims<'a>(&'a self, holder: &Holder<'a>, [iat, exp]: [i64; 2]) -> Claims<'a> {
        let Holder { account, audience, computed, session_id, email, scopes, by } = holder;
        let is_bare = audience.name == self.apps.userinfo.name;
        let (sub, sid) = (account.id.to_string(), session_id.to_string());
        let own = computed.map_or(&account.claims, |computed| &computed.claims).as_map();
        // Not asked here whether the role is admitted; a role without a name there has none.
        let role = audience.admit(&account.role).unwrap_or_default();
        let username = account.username.as_str();
        let custom = if is_bare {
            Cow::Owned(Map::new())
        } else if audience.claims.is_empty() {
            Cow::Borrowed(own)
        } else {
            let email = email.map(EmailAddress::as_str);
            let locale = account.language.locale.as_ref().map(Locale::as_str);
            let subject = Subject { id: &sub, username, role, session: &sid, email, locale };
            Cow::Owned(audience.claims_for(own, subject))
        };
        let (client_id, session, scopes) = match by {
            By::Session(session) => match &session.app {
                Some(app) => {
                    let scopes = scopes.unwrap_or(&app.scopes);
                    (Cow::Borrowed(app.client_id.as_str()), Some(session), Some(scopes))
                }
                None => (Cow::Borrowed(self.options.client_id.as_str()), Some(session), None),
            },
            By::Key(asked) => (Cow::Owned(asked.grant.key().id.to_string()), None, Some(&asked.scopes)),
        };
        Claims {
            iss: &self.options.issuer,
            sub,
            aud: &audience.name,
            client_id,
            iat,
            exp,
            jti: self.token_id(),
            sid,
            auth_time: session.map(|session| session.authenticated_at.as_unix_seconds()),
            amr: session.map(|session| session.amr),
            acr: session.map(|session| session.amr.context_class()),
            scope: scopes.filter(|scopes| !scopes.is_empty()).map(ToString::to_string),
            cnf: None,
            username: (!is_bare).then_some(username),
            role: (!is_bare && !custom.contains_key("role")).then_some(role),
            custom,
        }
    }

    /// The claims of a token for a client that acts for itself: it is the subject (RFC 9068 §2.2), and of people nothing is said.
    pub(super) fn client_claims<'a>(
        &'a self,
        grant: &'a ClientGrant,
        audience: &'a Audience,
        [iat, exp]: [i64; 2],
    ) -> Claims<'a> {
        Claims {
            iss: &self.options.issuer,
            sub: grant.client_id().to_owned(),
            aud: &audience.name,
            client_id: Cow::Borrowed(grant.client_id()),
            iat,
            exp,
            jti: self.token_id(),
            sid: grant.session_id().to_string(),
            auth_time: None,
            amr: None,
            acr: None,
            scope: Some(grant.scopes().to_string()),
            cnf: None,
            username: None,
            role: None,
            custom: Cow::Owned(Map::new()),
        }
    }

    /// What an API key says of itself: the claims of its tokens, but since when and until when it works.
    pub(crate) fn key_claims(&self, asked: &KeyAsked<'_>) -> Map<String, Value> {
        let key = asked.grant.key();
        let times =
            [key.created_at, key.expires_at.unwrap_or(key.created_at)].map(Timestamp::as_unix_seconds);
        let claims = serde_json::to_value(self.claims(&Holder::of_key(asked), times));
        let Ok(Value::Object(mut claims)) = claims else { return Map::new() };
        claims.remove("jti");
        if key.expires_at.is_none() {
            claims.remove("exp");
        }
        claims
    }

    pub(super) fn token_id(&self) -> String {
        uuid::Builder::from_random_bytes(self.random.bytes()).into_uuid().to_string()
    }
}
