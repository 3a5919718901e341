//! The only place where an access token is minted. Login and refresh both come through here with a [`Grant`], an API key with
//! a [`KeyGrant`](crate::KeyGrant), which only a store's transaction makes: so no pathway can hand out a token for an account that may not
//! sign in (TH-5). A client that acts for itself, and for no account, comes with a [`ClientGrant`]. An assertion, which is no access token, is made from one that a guard has just accepted.

use std::time::Duration;

use countersign_guard::AccessClaims;
use countersign_jwt::{Algorithm, SignError, sign};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::flows::claims::{Asked, Claims, Holder, KeyAsked};
use crate::model::account::Account;
use crate::model::audience::{ASSERTION, Audience};
use crate::model::context::Context;
use crate::model::device_cookie::DeviceCookie;
use crate::model::oauth::ClientGrant;
use crate::model::second_factor::RecoveryCode;
use crate::model::session::Grant;
use crate::model::session::refresh_token::RefreshToken;
use crate::options::Signing;
use crate::store::Store;

/// A freshly signed access token.
#[non_exhaustive]
pub struct AccessToken {
    /// The compact JWS. Secret: its bearer acts as the account until it expires.
    pub token: Zeroizing<String>,
    /// Seconds from now until it expires, at least 1.
    pub expires_in: u64,
    /// Whether it is bound to the key of its session ([`Audience::dpop_bound`]): it is used with the scheme `DPoP` (RFC 9449 §7.1).
    pub is_bound: bool,
}

impl AccessToken {
    /// The `token_type` of a response (RFC 6749 §5.1): `Bearer`, or `DPoP` (RFC 9449 §5).
    #[must_use]
    pub const fn token_type(&self) -> &'static str {
        if self.is_bound { "DPoP" } else { "Bearer" }
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccessToken([redacted]; {} s)", self.expires_in)
    }
}

/// What a login or refresh gives.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignedIn {
    /// The account, as it is stored now.
    pub account: Account,
    /// The session.
    pub session_id: SessionId,
    /// The access token.
    pub access: AccessToken,
    /// The refresh token to keep from now on. `None`: the client keeps the one it has, and no cookie is set
    /// (RF-3b).
    pub refresh: Option<IssuedRefreshToken>,
    /// After a login, the cookie that makes this browser a known device (TH-2).
    pub device: Option<DeviceCookie>,
    /// The recovery codes of an account that has got its first authenticator with this login. Secret: they are shown once.
    pub recovery_codes: Vec<RecoveryCode>,
    /// After a sign-in, what a browser signs with a key that it makes for the session.
    pub(crate) registration: Option<String>,
}

/// A refresh token on its way to the client.
#[non_exhaustive]
pub struct IssuedRefreshToken {
    /// The token. Secret.
    pub token: Zeroizing<String>,
    /// When its session ends unless it is refreshed: the cookie's Max-Age follows from it (RF-8).
    pub ends_at: Timestamp,
}

impl std::fmt::Debug for IssuedRefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IssuedRefreshToken([redacted])")
    }
}

impl<S: Store> Countersign<S> {
    /// The outcome of a login or a refresh. With `refresh_token`, its form at the session's generation goes
    /// out.
    pub(crate) fn signed_in(
        &self,
        grant: Grant,
        refresh_token: Option<&RefreshToken>,
        asked: &Asked<'_>,
        context: &Context,
    ) -> Result<SignedIn, SignError> {
        let access = self.issue(&grant, asked, context.now)?;
        let (account, session) = grant.into_parts();
        let refresh = refresh_token.map(|token| IssuedRefreshToken {
            token: self.refresh_tokens.encode(&token.with_generation(session.generation)),
            ends_at: session.ends_at(&self.options.sessions),
        });
        Ok(SignedIn {
            account,
            session_id: session.id,
            access,
            refresh,
            device: None,
            recovery_codes: Vec::new(),
            registration: None,
        })
    }

    /// Signs an access token for a session that a store's transaction has just found or made alive.
    pub(crate) fn issue(
        &self,
        grant: &Grant,
        asked: &Asked<'_>,
        now: Timestamp,
    ) -> Result<AccessToken, SignError> {
        let lifetime = asked.audience.lifetime.unwrap_or(self.options.sessions.access_token_ttl);
        let times = times(Some(grant.session().expires_at), lifetime, now);
        let claims = self.claims(&Holder::of_session(grant, asked), times);
        self.mint(&claims.bound_to(grant.session(), asked.audience), asked.audience, now)
    }

    /// Signs an access token for an API key that a store's transaction has just found to work.
    ///
    /// # Errors
    /// [`SignError`] when it cannot be signed.
    pub(crate) fn issue_for_key(
        &self,
        asked: &KeyAsked<'_>,
        now: Timestamp,
    ) -> Result<AccessToken, SignError> {
        let lifetime = asked.audience.lifetime.unwrap_or(self.options.sessions.access_token_ttl);
        let times = times(asked.grant.key().expires_at, lifetime, now);
        self.mint(&self.claims(&Holder::of_key(asked), times), asked.audience, now)
    }

    /// Signs an access token for a client that acts for itself, whose configuration allows that.
    ///
    /// # Errors
    /// [`SignError`] when it cannot be signed.
    pub(crate) fn issue_for_client(
        &self,
        grant: &ClientGrant,
        audience: &Audience,
        now: Timestamp,
    ) -> Result<AccessToken, SignError> {
        let lifetime = audience.lifetime.unwrap_or(self.options.sessions.access_token_ttl);
        self.mint(&self.client_claims(grant, audience, times(None, lifetime, now)), audience, now)
    }

    fn mint(
        &self,
        claims: &Claims<'_>,
        audience: &Audience,
        now: Timestamp,
    ) -> Result<AccessToken, SignError> {
        let expires_in = u64::try_from(claims.exp - claims.iat).unwrap_or(0);
        let token = self.sign(claims, audience, audience.token_type.header_value(), now)?;
        self.figures.tokens.increment(self.signing_algorithm(audience));
        Ok(AccessToken { token, expires_in, is_bound: claims.is_bound() })
    }

    /// A shared secret has an algorithm of its own, whatever the audience says.
    fn signing_algorithm(&self, audience: &Audience) -> Algorithm {
        match &self.options.signing {
            Signing::SharedSecret(key) => key.algorithm(),
            Signing::KeyPairs => audience.algorithm,
        }
    }

    fn sign<C: Serialize>(
        &self,
        claims: &C,
        audience: &Audience,
        typ: &str,
        now: Timestamp,
    ) -> Result<Zeroizing<String>, SignError> {
        self.sign_with(claims, audience.algorithm, typ, now)
    }

    /// A shared secret has an algorithm of its own, and is the only key then.
    pub(crate) fn sign_with<C: Serialize>(
        &self,
        claims: &C,
        algorithm: Algorithm,
        typ: &str,
        now: Timestamp,
    ) -> Result<Zeroizing<String>, SignError> {
        sign(claims, self.key_ring.load().signing_key(algorithm, now), typ).map(Zeroizing::new)
    }

    /// Signs for the service behind a reverse proxy whose session a cookie names: the claims of an access token,
    /// for a minute, with the `typ` of an assertion (TK-5). Gives the role in it too.
    ///
    /// # Errors
    /// [`SignError`] when it cannot be signed.
    pub(crate) fn assertion_of_session(
        &self,
        grant: &Grant,
        asked: &Asked<'_>,
        now: Timestamp,
    ) -> Result<(Zeroizing<String>, String), SignError> {
        let times = times(Some(grant.session().expires_at), ASSERTION_LIFETIME, now);
        self.assert(&self.claims(&Holder::of_session(grant, asked), times), asked.audience, now)
    }

    /// The same for an API key that was shown to a reverse proxy.
    ///
    /// # Errors
    /// [`SignError`] when it cannot be signed.
    pub(crate) fn assertion_of_key(
        &self,
        asked: &KeyAsked<'_>,
        now: Timestamp,
    ) -> Result<(Zeroizing<String>, String), SignError> {
        let times = times(asked.grant.key().expires_at, ASSERTION_LIFETIME, now);
        self.assert(&self.claims(&Holder::of_key(asked), times), asked.audience, now)
    }

    fn assert(
        &self,
        claims: &Claims<'_>,
        audience: &Audience,
        now: Timestamp,
    ) -> Result<(Zeroizing<String>, String), SignError> {
        Ok((self.sign(claims, audience, ASSERTION, now)?, claims.role().to_owned()))
    }

    /// Signs what an accepted access token says, for the service behind a reverse proxy: the same claims for at
    /// most a minute. Its `typ` is [`ASSERTION`], so it is never taken for an access token (TK-5).
    ///
    /// # Errors
    /// [`SignError`] when it cannot be signed.
    pub(crate) fn assertion(
        &self,
        accepted: &AccessClaims,
        audience: &Audience,
        now: Timestamp,
    ) -> Result<Zeroizing<String>, SignError> {
        let exp = now.plus(ASSERTION_LIFETIME).as_unix_seconds().min(accepted.expires_at());
        let mut claims = accepted.claims().clone();
        claims.insert("iat".to_owned(), now.as_unix_seconds().into());
        claims.insert("exp".to_owned(), exp.into());
        claims.insert("jti".to_owned(), self.token_id().into());
        self.sign(&claims, audience, ASSERTION, now)
    }
}

/// `iat` and `exp`: never longer than the session or the API key itself (J7), and at least the second that has begun.
fn times(ends_at: Option<Timestamp>, lifetime: Duration, now: Timestamp) -> [i64; 2] {
    let (iat, exp) = (now.as_unix_seconds(), now.plus(lifetime));
    [iat, ends_at.map_or(exp, |end| exp.min(end)).as_unix_seconds().max(iat + 1)]
}

/// Long enough for one request to arrive and for clocks that differ a little.
const ASSERTION_LIFETIME: Duration = Duration::from_secs(60);
