//! Signing in. Two steps, because a client may hang up between them (CC-6): [`Countersign::authenticate`] finds out who
//! it is and can be dropped at any moment; [`Countersign::start_session`] changes the store and should run to its end.
//!
//! An attempt is counted before anything is looked at (TH-3). Then exactly one hash is computed, real or dummy, before
//! anything else can differ: the time must not tell who has an account (EN-1, EN-2).

use countersign_jwt::SignError;
use zeroize::Zeroizing;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::base::requester::Requester;
use crate::flows::issue::AccessToken;
use crate::hashing::{Attempt, HashingError, Verification};
use crate::model::account::{Account, Username};
use crate::model::audit::{AuditEvent, AuditKind, Context};
use crate::model::device_cookie::DeviceCookie;
use crate::model::session::refresh_token::RefreshToken;
use crate::password::{InvalidPassword, Password, PasswordHash, PolicyViolation};
use crate::store::{Credentials, Grant, NewSession, StartSession, Store, StoreError};
use crate::throttle::Throttled;

/// A proof that a password was right, good for one [`Countersign::start_session`].
#[derive(Debug)]
pub struct Authenticated {
    pub(crate) account: Account,
    pub(crate) password: Password,
    pub(crate) requester: Requester,
    pub(crate) new_password: Option<PasswordHash>,
    password_version: i64,
    device: DeviceCookie,
}

/// What a login or refresh gives.
#[derive(Debug)]
pub struct SignedIn {
    /// Who signed in, as the store has the account now.
    pub account: Account,
    /// The session.
    pub session_id: SessionId,
    /// The access token.
    pub access: AccessToken,
    /// The refresh token to keep from now on; `None` says: keep the one you have (and set no cookie, RF-3b).
    pub refresh: Option<IssuedRefreshToken>,
    /// After a login, what makes this browser a known device (TH-2).
    pub device: Option<DeviceCookie>,
}

/// A refresh token on its way to the client.
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

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// Unknown name, wrong password, disabled account, account without a password: one answer for all (EN-1).
    #[error("invalid credentials")]
    InvalidCredentials,
    /// The password is right, and its owner has to choose another one first (PP-7): see
    /// [`Countersign::with_new_password`]. Nobody gets this who does not know the password.
    #[error("a new password has to be chosen")]
    PasswordChangeRequired,
    /// The password is over the size limits, or holds a NUL: no account has such a password.
    #[error(transparent)]
    Password(#[from] InvalidPassword),
    /// The new password is not good enough, and why.
    #[error(transparent)]
    Policy(#[from] PolicyViolation),
    /// Too many attempts on this name, or from this network: nothing was looked at (TH-8).
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// No hash was computed: more passwords are being checked than the machine can take (LM-1).
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The access token could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl<S: Store> Countersign<S> {
    /// Checks a name and a password, and starts a session. `replaces` is the refresh token that the browser sent along,
    /// if any: its session ends (SE-1).
    ///
    /// # Errors
    /// Every variant of [`LoginError`] but `Policy`.
    pub async fn login(
        &self,
        username: &str,
        password: &str,
        replaces: Option<&str>,
        context: &Context,
    ) -> Result<SignedIn, LoginError> {
        let authenticated = self.authenticate(username, password, context).await?;
        self.start_session(authenticated, replaces, context).await
    }

    /// Checks a name and a password. Nothing is changed but the audit log, the count of failures, and the stored hash
    /// when it is outdated.
    ///
    /// # Errors
    /// [`LoginError::InvalidCredentials`], [`LoginError::Password`], [`LoginError::Throttled`],
    /// [`LoginError::Hashing`], [`LoginError::Store`].
    pub async fn authenticate(
        &self,
        username: &str,
        password: &str,
        context: &Context,
    ) -> Result<Authenticated, LoginError> {
        let password = Password::new(password)?;
        // No account has a name that cannot be parsed; like any unknown name it is counted, and costs one hash.
        let name = Username::parse(username).ok();
        let canonical_name = name.as_ref().map_or(username, Username::canonical);
        let (reservation, requester) = self.reserve_guess(canonical_name, context)?;
        let checked = match self.check(name.as_ref(), &password, requester).await {
            Ok(checked) => checked,
            Err(error) => {
                reservation.not_checked();
                return Err(error);
            }
        };
        match checked {
            (Some(found), verification @ (Verification::Match | Verification::MatchOutdated))
                if found.account.is_enabled() =>
            {
                reservation.succeeded();
                if verification == Verification::MatchOutdated {
                    self.rehash(&found, password.clone(), requester).await;
                }
                let cookie = context.device_cookie.as_ref();
                let device = self.devices.remember(cookie, canonical_name, context.now, &self.random);
                let Credentials { account, password_version, .. } = found;
                Ok(Authenticated {
                    account,
                    password,
                    requester,
                    new_password: None,
                    password_version,
                    device,
                })
            }
            (found, _) => {
                reservation.failed();
                self.save_guesses().await?;
                self.record_failure(found.map(|found| found.account.id), context).await?;
                Err(LoginError::InvalidCredentials)
            }
        }
    }

    /// Looks the account up and computes one hash, whatever is found. What the pool has no room for is refused before
    /// the store is asked: in a flood that is nearly all, and whether the account exists cannot show.
    async fn check(
        &self,
        name: Option<&Username>,
        password: &Password,
        requester: Requester,
    ) -> Result<(Option<Credentials>, Verification), LoginError> {
        self.hasher.admit(&requester)?;
        let credentials = match name {
            Some(name) => self.store.account_for_login(name).await?,
            None => None,
        };
        let stored = credentials.as_ref().and_then(|found| found.password_hash.clone());
        let attempt = Attempt { password: password.clone(), stored, requester };
        let verification = self.hasher.verify(attempt).await?;
        Ok((credentials, verification))
    }

    /// Starts a session for somebody whose password was right.
    ///
    /// # Errors
    /// [`LoginError::InvalidCredentials`] when the account was disabled, deleted or given another password in the
    /// meantime (CC-3), [`LoginError::PasswordChangeRequired`], [`LoginError::Store`], [`LoginError::Sign`].
    pub async fn start_session(
        &self,
        authenticated: Authenticated,
        replaces: Option<&str>,
        context: &Context,
    ) -> Result<SignedIn, LoginError> {
        let refresh_token = RefreshToken::first(SessionId::random(&self.random), &self.random);
        let presented = refresh_token.presented();
        let session = NewSession {
            id: presented.session_id,
            account_id: authenticated.account.id,
            password_version: authenticated.password_version,
            secret_hash: presented.secret_hash,
            replaces: replaces
                .and_then(|text| self.refresh_tokens.parse(text).ok())
                .map(|token| token.presented()),
            new_password: authenticated.new_password,
        };
        match self.store.start_session(session, context).await? {
            StartSession::Started(grant, ended) => {
                self.revoke(&ended);
                let signed_in = self.signed_in(*grant, Some(&refresh_token), context)?;
                Ok(SignedIn { device: Some(authenticated.device), ..signed_in })
            }
            StartSession::Refused => Err(LoginError::InvalidCredentials),
            StartSession::PasswordChangeRequired => Err(LoginError::PasswordChangeRequired),
        }
    }

    /// The answer to a login or a refresh. With `refresh_token`, its form at the session's generation goes out.
    pub(crate) fn signed_in(
        &self,
        grant: Grant,
        refresh_token: Option<&RefreshToken>,
        context: &Context,
    ) -> Result<SignedIn, SignError> {
        let access = self.issue(&grant, context.now)?;
        let Grant { account, session } = grant;
        let refresh = refresh_token.map(|token| IssuedRefreshToken {
            token: self.refresh_tokens.encode(&token.with_generation(session.generation)),
            ends_at: session.ends_at(&self.options.sessions),
        });
        Ok(SignedIn { account, session_id: session.id, access, refresh, device: None })
    }

    /// Stores a better hash of the password that was just right (PW-3). It can wait for the next login: a failure is
    /// logged and does not stop this one.
    async fn rehash(&self, found: &Credentials, password: Password, requester: Requester) {
        let Some(old) = &found.password_hash else { return };
        let id = found.account.id;
        let Ok(new) = self.hasher.hash(password, requester).await else { return };
        match self.store.rehash_password(id, old, &new).await {
            Ok(replaced) => tracing::info!(account = %id, replaced, "password hash renewed"),
            Err(error) => tracing::warn!(account = %id, %error, "password hash not renewed"),
        }
    }

    /// Writes down that a password was wrong, or the account may not sign in.
    pub(crate) async fn record_failure(
        &self,
        account_id: Option<AccountId>,
        context: &Context,
    ) -> Result<(), StoreError> {
        let event = AuditEvent { account_id, ..AuditEvent::new(AuditKind::LoginFailed) };
        self.store.record(event, context).await
    }
}
