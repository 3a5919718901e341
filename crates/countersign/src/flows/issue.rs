//! The only place where an access token is minted. Login and refresh both come through here with a [`Grant`],
//! which only a store's transaction makes: so no pathway can hand out a token for an account that may not
//! sign in (TH-5). An assertion, which is no access token, is made from one that a guard has just accepted.

use std::time::Duration;

use countersign_guard::AccessClaims;
use countersign_jwt::{SignError, sign};
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::model::account::Account;
use crate::model::audience::Audience;
use crate::model::context::Context;
use crate::model::device_cookie::DeviceCookie;
use crate::model::proof::AuthMethods;
use crate::model::session::Grant;
use crate::model::session::refresh_token::RefreshToken;
use crate::store::Store;

/// A freshly signed access token.
#[non_exhaustive]
pub struct AccessToken {
    /// The compact JWS. Secret: its bearer acts as the account until it expires.
    pub token: Zeroizing<String>,
    /// Seconds from now until it expires, at least 1.
    pub expires_in: u64,
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

/// RFC 9068 §2.2, with the session and the account's own claims.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    client_id: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    sid: String,
    auth_time: i64,
    amr: AuthMethods,
    username: &'a str,
    role: &'a str,
    #[serde(flatten)]
    custom: &'a Map<String, Value>,
}

impl<S: Store> Countersign<S> {
    /// The outcome of a login or a refresh. With `refresh_token`, its form at the session's generation goes
    /// out.
    pub(crate) fn signed_in(
        &self,
        grant: Grant,
        refresh_token: Option<&RefreshToken>,
        context: &Context,
    ) -> Result<SignedIn, SignError> {
        let access = self.issue(&grant, &self.options.audiences.default, context.now)?;
        let (account, session) = grant.into_parts();
        let refresh = refresh_token.map(|token| IssuedRefreshToken {
            token: self.refresh_tokens.encode(&token.with_generation(session.generation)),
            ends_at: session.ends_at(&self.options.sessions),
        });
        Ok(SignedIn { account, session_id: session.id, access, refresh, device: None })
    }

    /// Signs an access token for a session that a store's transaction has just found or made alive.
    fn issue(&self, grant: &Grant, audience: &Audience, now: Timestamp) -> Result<AccessToken, SignError> {
        let lifetime = audience.lifetime.unwrap_or(self.options.sessions.access_token_ttl);
        let claims = self.claims(grant, audience, lifetime, now);
        let expires_in = u64::try_from(claims.exp - claims.iat).unwrap_or(0);
        let token = sign(&claims, self.key_ring.load().signing_key(now), audience.token_type.header_value())?;
        Ok(AccessToken { token: Zeroizing::new(token), expires_in })
    }

    fn claims<'a>(
        &'a self,
        grant: &'a Grant,
        audience: &'a Audience,
        lifetime: Duration,
        now: Timestamp,
    ) -> Claims<'a> {
        let (account, session) = (grant.account(), grant.session());
        let iat = now.as_unix_seconds();
        Claims {
            iss: &self.options.issuer,
            sub: account.id.to_string(),
            aud: &audience.name,
            client_id: &self.options.client_id,
            iat,
            // Never longer than the session itself (J7), and at least the second that has begun.
            exp: now.plus(lifetime).min(session.expires_at).as_unix_seconds().max(iat + 1),
            jti: self.token_id(),
            sid: session.id.to_string(),
            auth_time: session.authenticated_at.as_unix_seconds(),
            amr: session.amr,
            username: account.username.as_str(),
            role: account.role.as_str(),
            custom: account.claims.as_map(),
        }
    }

    /// Signs for the service behind a reverse proxy whose session a cookie names: the claims of an access token,
    /// for a minute, with the `typ` of an assertion (TK-5).
    ///
    /// # Errors
    /// [`SignError`] when it cannot be signed.
    pub(crate) fn assertion_of_session(
        &self,
        grant: &Grant,
        now: Timestamp,
    ) -> Result<Zeroizing<String>, SignError> {
        let claims = self.claims(grant, &self.options.audiences.default, ASSERTION_LIFETIME, now);
        sign(&claims, self.key_ring.load().signing_key(now), ASSERTION).map(Zeroizing::new)
    }

    /// Signs what an accepted access token says, for the service behind a reverse proxy: the same claims for at
    /// most a minute. Its `typ` is [`ASSERTION`], so it is never taken for an access token (TK-5).
    ///
    /// # Errors
    /// [`SignError`] when it cannot be signed.
    pub(crate) fn assertion(
        &self,
        accepted: &AccessClaims,
        now: Timestamp,
    ) -> Result<Zeroizing<String>, SignError> {
        let exp = now.plus(ASSERTION_LIFETIME).as_unix_seconds().min(accepted.expires_at());
        let mut claims = accepted.claims().clone();
        claims.insert("iat".to_owned(), now.as_unix_seconds().into());
        claims.insert("exp".to_owned(), exp.into());
        claims.insert("jti".to_owned(), self.token_id().into());
        sign(&claims, self.key_ring.load().signing_key(now), ASSERTION).map(Zeroizing::new)
    }

    fn token_id(&self) -> String {
        uuid::Builder::from_random_bytes(self.random.bytes()).into_uuid().to_string()
    }
}

/// The `typ` of assertions (RFC 8725 §3.11).
const ASSERTION: &str = "assertion+jwt";
/// Long enough for one request to arrive and for clocks that differ a little.
const ASSERTION_LIFETIME: Duration = Duration::from_secs(60);
