//! What an application gets for a code or a refresh token: an access token for one audience, and perhaps a refresh token and an ID
//! token. Client authentication comes first, in `http/oauth2`; a refresh token is good for its own client alone (RF-9).
#![deny(clippy::wildcard_enum_match_arm)]

use countersign_jwt::SignError;
use zeroize::Zeroizing;

use crate::Countersign;
use crate::base::digest::sha256;
use crate::base::id::SessionId;
use crate::flows::audience::AudienceError;
use crate::flows::claims::Asked;
use crate::flows::figures::RefreshResult;
use crate::flows::issue::AccessToken;
use crate::flows::oauth::id_token::IdTokenFor;
use crate::model::api_key::Scopes;
use crate::model::audience::Audience;
use crate::model::context::Context;
use crate::model::oauth::{AppGrant, CodeRefusal, OPENID, RedeemOutcome, Redemption, Target};
use crate::model::session::refresh_token::RefreshToken;
use crate::model::session::{EndReason, Grant, Rotation, SessionProof};
use crate::options::{HookError, OauthClient};
use crate::store::{Store, StoreError};

/// A code, as an application shows it.
#[derive(Clone, Copy)]
pub struct CodeShown<'a> {
    /// The code. Secret.
    pub code: &'a str,
    /// Where it says that it has got it.
    pub redirect_uri: &'a str,
    /// The verifier. Secret.
    pub verifier: Option<&'a str>,
    /// What the access token is for: one of the resources that were asked for, or the userinfo endpoint.
    pub resource: Option<&'a str>,
}

/// A refresh token, as an application shows it.
#[derive(Clone, Copy)]
pub struct RefreshShown<'a> {
    /// The token. Secret.
    pub token: &'a str,
    /// As in [`CodeShown`].
    pub resource: Option<&'a str>,
    /// The scopes of the access token, if they are to be fewer than were allowed.
    pub scopes: Option<&'a Scopes>,
}

impl std::fmt::Debug for CodeShown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeShown([redacted])")
    }
}

impl std::fmt::Debug for RefreshShown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshShown([redacted])")
    }
}

/// What an application gets.
#[derive(Debug)]
#[non_exhaustive]
pub struct AppTokens {
    /// The access token.
    pub access: AccessToken,
    /// What the access token may do.
    pub scopes: Scopes,
    /// The refresh token to keep from now on. Secret.
    pub refresh: Option<Secret>,
    /// Who has signed in.
    pub id_token: Option<Secret>,
}

/// A text that nothing prints.
pub struct Secret(pub Zeroizing<String>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Why an application gets nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppTokenError {
    /// The code is good for nothing.
    #[error("the code was refused: {}", .0.name())]
    Code(CodeRefusal),
    /// Not a refresh token of an application's session here, or of one that is forgotten.
    #[error("not a refresh token of an application")]
    UnknownToken,
    /// The refresh token is another client's. It is as good as before.
    #[error("the refresh token is another client's")]
    OtherClient,
    /// The session is past its end.
    #[error("the session has expired")]
    Expired,
    /// The session was ended.
    #[error("the session was ended: {}", .0.name())]
    Revoked(EndReason),
    /// An old token came back: the session is ended (RF-2).
    #[error("the refresh token was used again: the session is ended")]
    Reused,
    /// The session is bound to a key that was not proved: it goes on, without tokens (RF-15).
    #[error("the session is bound to a device, and this request proves none")]
    ProofRequired,
    /// The policy asks for a second factor, which was not shown when the session began.
    #[error("a second factor is required")]
    SecondFactorRequired,
    /// The resource was not allowed (RFC 8707 §2.2).
    #[error("the resource was not allowed")]
    Target,
    /// More scopes than were allowed (RFC 6749 §6).
    #[error("the scope is more than was allowed")]
    Scope,
    /// There is no token for the audience any more, or not for the role of the account.
    #[error(transparent)]
    Audience(#[from] AudienceError),
    /// The store did not answer; a refresh token is as good as before.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A token could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The claims could not be computed.
    #[error(transparent)]
    Hook(#[from] HookError),
}

impl<S: Store> Countersign<S> {
    /// What a code is good for, shown by this client, which has authenticated. The session of the application begins.
    ///
    /// # Errors
    /// [`AppTokenError::Code`], and those of a token that cannot be made.
    pub async fn redeem_code(
        &self,
        client: &OauthClient,
        shown: CodeShown<'_>,
        context: &Context,
    ) -> Result<AppTokens, AppTokenError> {
        let target = self.target(shown.resource);
        let id = SessionId::random(&self.random);
        let token = RefreshToken::first(id, &self.random);
        let redemption = Redemption {
            hash: sha256(shown.code.as_bytes()),
            client_id: client.id.clone(),
            redirect_uri: shown.redirect_uri.to_owned(),
            verifier: shown.verifier.map(str::to_owned),
            target: target.clone(),
            id,
            secret_hash: token.presented().secret_hash,
        };
        let (grant, nonce) = match self.store.redeem_code(redemption, context).await? {
            RedeemOutcome::Started(grant, nonce, ended) => {
                self.revoke(&ended);
                (*grant, nonce)
            }
            RedeemOutcome::Refused(why, ended) => {
                self.revoke(ended.as_slice());
                return Err(AppTokenError::Code(why));
            }
        };
        let app = app_of(&grant)?;
        let audience = self.audience_for(app, &target)?;
        let given =
            Given { client, audience, scopes: app.scopes.clone(), nonce, refresh: Some(Kept::Own(token)) };
        self.app_tokens(&grant, given, context).await
    }

    /// What a refresh token of an application is good for, shown by this client, which has authenticated.
    ///
    /// # Errors
    /// Every variant of [`AppTokenError`] but `Code`.
    pub async fn refresh_app(
        &self,
        client: &OauthClient,
        shown: RefreshShown<'_>,
        context: &Context,
    ) -> Result<AppTokens, AppTokenError> {
        let token = self.apps.refresh_tokens.parse(shown.token).map_err(|_| AppTokenError::UnknownToken)?;
        // The client of a session never changes, so it can be asked before the rotation.
        let found = self.store.find_session(token.presented().session_id).await?;
        let app = found.and_then(|session| session.app).ok_or(AppTokenError::UnknownToken)?;
        if app.client_id != client.id {
            return Err(AppTokenError::OtherClient);
        }
        let audience = self.audience_for(&app, &self.target(shown.resource))?;
        let scopes = shown.scopes.cloned().unwrap_or_else(|| app.scopes.clone());
        if !scopes.are_among(&app.scopes) {
            return Err(AppTokenError::Scope);
        }
        self.check_admitted(audience, &token, context).await?;
        let rotation = self.store.rotate(token.presented(), context).await?;
        self.figures.refreshes.increment(RefreshResult::of_rotation(&rotation));
        let same = || Kept::Same(Zeroizing::new(shown.token.to_owned()));
        let (grant, refresh) = match rotation {
            Rotation::Fresh(grant) | Rotation::Healed(grant) => (*grant, same()),
            Rotation::Advanced(grant) | Rotation::Replayed(grant) => (*grant, Kept::Own(token)),
            Rotation::Reused(ended) => {
                self.revoke(&[ended]);
                return Err(AppTokenError::Reused);
            }
            Rotation::ProofRequired { .. } => return Err(AppTokenError::ProofRequired),
            Rotation::Expired => return Err(AppTokenError::Expired),
            Rotation::Revoked(reason) => return Err(AppTokenError::Revoked(reason)),
            Rotation::Unknown => return Err(AppTokenError::UnknownToken),
        };
        let given = Given { client, audience, scopes, nonce: None, refresh: Some(refresh) };
        self.app_tokens(&grant, given, context).await
    }

    /// Asked before the rotation, whose successor would be lost with a refusal. What the rotation refuses is not refused here.
    async fn check_admitted(
        &self,
        audience: &Audience,
        token: &RefreshToken,
        context: &Context,
    ) -> Result<(), AppTokenError> {
        let proof = SessionProof::Refresh(token.presented());
        let Some(grant) = self.store.vouch(proof, context.now).await? else { return Ok(()) };
        // SECURITY: a session from before the policy asked for a second factor goes no further (MF-2).
        if !self.is_enough(grant.account(), grant.session().amr, context.now) {
            return Err(AppTokenError::SecondFactorRequired);
        }
        let admitted = audience.admit(&grant.account().role);
        admitted.map(drop).ok_or(AppTokenError::Audience(AudienceError::NotPermitted))
    }

    async fn app_tokens(
        &self,
        grant: &Grant,
        given: Given<'_>,
        context: &Context,
    ) -> Result<AppTokens, AppTokenError> {
        let Given { client, audience, scopes, nonce, refresh } = given;
        // A log-out may have been answered while this request was on its way back from the store (CC-2).
        if self.guard.revocations().contains(&grant.session().id.to_string()) {
            return Err(AppTokenError::Revoked(EndReason::Ended));
        }
        audience.admit(&grant.account().role).ok_or(AudienceError::NotPermitted)?;
        let email = self.email_for(grant.account().id, audience).await?;
        let asked = Asked { email, scopes: Some(scopes.clone()), ..Asked::of(audience) };
        let asked = if audience.name == self.apps.userinfo.name {
            asked
        } else {
            self.with_current_claims(grant, asked).await?
        };
        let access = self.issue(grant, &asked, context.now)?;
        let is_openid = scopes.has(OPENID);
        let id_token = is_openid
            .then(|| {
                let about = IdTokenFor { client, nonce: nonce.as_deref(), access_token: &access.token };
                self.id_token(grant, &about, context.now).map(Secret)
            })
            .transpose()?;
        let refresh = refresh.filter(|_| client.refresh_tokens).map(|kept| match kept {
            Kept::Same(text) => Secret(text),
            Kept::Own(token) => {
                let token = token.with_generation(grant.session().generation);
                Secret(self.apps.refresh_tokens.encode(&token))
            }
        });
        Ok(AppTokens { access, scopes, refresh, id_token })
    }

    pub(super) fn target(&self, resource: Option<&str>) -> Target {
        match resource {
            None => Target::First,
            Some(name) if name == self.apps.userinfo.name => Target::Userinfo,
            Some(name) => Target::Named(name.to_owned()),
        }
    }

    fn audience_for(&self, app: &AppGrant, target: &Target) -> Result<&Audience, AppTokenError> {
        match app.audience(target).ok_or(AppTokenError::Target)? {
            "" => Ok(&self.apps.userinfo),
            name => Ok(self.audience(Some(name))?),
        }
    }
}

/// What an application gets, before it is signed.
struct Given<'a> {
    client: &'a OauthClient,
    audience: &'a Audience,
    scopes: Scopes,
    nonce: Option<String>,
    refresh: Option<Kept>,
}

/// The refresh token that an application keeps.
enum Kept {
    /// The one that it has shown.
    Same(Zeroizing<String>),
    /// This one, at the generation of the session.
    Own(RefreshToken),
}

fn app_of(grant: &Grant) -> Result<&AppGrant, AppTokenError> {
    grant.session().app.as_deref().ok_or(AppTokenError::UnknownToken)
}
