//! Signing in. Two steps, because a client may hang up between them (CC-6): [`Countersign::authenticate`]
//! finds out who it is and can be dropped at any moment; [`Countersign::start_session`] changes the store and
//! should run to its end.
//!
//! An attempt is counted before anything is looked at (TH-3). Then exactly one hash is computed, real or
//! dummy, before anything else can differ: the time must not tell who has an account (EN-1, EN-2).

use crate::Countersign;
use crate::base::digest::sha256;
use crate::base::id::{SessionId, TrustedDeviceId};
use crate::base::requester::Requester;
use crate::flows::attempt::{CheckError, Checked};
use crate::flows::audience::AudienceError;
use crate::flows::claims::{Asked, ComputedClaims};
use crate::flows::figures::LoginResult;
use crate::flows::issue::SignedIn;
pub use crate::flows::login_error::LoginError;
use crate::flows::passkey_error::PasskeyError;
use crate::flows::second_factor_due::SecondFactorDue;
use crate::hashing::{Attempt, Verification};
use crate::model::account::{Account, Credentials, EmailAddress, Username};
use crate::model::audience::Audience;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::context::Context;
use crate::model::device_cookie::DeviceCookie;
use crate::model::proof::{AuthMethods, Proof};
use crate::model::second_factor::{Missing, RecoveryCode, SecondStep, ShownFactor, TrustedDevice};
use crate::model::session::refresh_token::RefreshToken;
use crate::model::session::{NewSession, StartSessionOutcome};
use crate::model::ticket::{MailSignIn, PresentedTicket};
use crate::options::SignIn;
use crate::password::{Password, PasswordHash};
use crate::store::{Store, StoreError};

/// A proof that a password was right, that somebody reads the account's mail, or that the application vouches for somebody, good for one
/// [`Countersign::start_session`].
#[derive(Debug)]
pub struct Authenticated {
    pub(crate) account: Account,
    /// The password that was right.
    pub(crate) password: Option<Password>,
    pub(crate) requester: Requester,
    pub(crate) new_password: Option<PasswordHash>,
    /// The audience of the access token, if not the default.
    pub(crate) audience: Option<String>,
    pub(crate) proof: Proof,
    pub(crate) device: Option<DeviceCookie>,
    /// Whether the account is taken back, whose deletion its owner had asked for.
    pub(crate) takes_back: bool,
    /// The ticket that the session uses up, of a sign-in by mail.
    pub(crate) ticket: Option<PresentedTicket>,
    /// What was shown in the second step.
    pub(crate) shown: ShownFactor,
    /// The recovery codes that the account gets.
    pub(crate) recovery_codes: Vec<RecoveryCode>,
    /// Whether the device is to be trusted from now on.
    pub(crate) trusts_device: bool,
}

impl Authenticated {
    pub(crate) fn new(account: Account, requester: Requester, proof: Proof) -> Self {
        let (password, new_password, audience, device, ticket) = (None, None, None, None, None);
        let (shown, recovery_codes) = (ShownFactor::Nothing, Vec::new());
        let (takes_back, trusts_device) = (false, false);
        Self {
            account,
            password,
            requester,
            new_password,
            audience,
            proof,
            device,
            takes_back,
            ticket,
            shown,
            recovery_codes,
            trusts_device,
        }
    }

    /// Has its owner not asked for a second factor on this device for a while, if they show one now and the policy lets it be
    /// ([`SecondFactorPolicy::trust`](crate::options::SecondFactorPolicy::trust)).
    #[must_use]
    pub fn trust_device(self) -> Self {
        Self { trusts_device: true, ..self }
    }

    /// The account, as it was stored when its owner authenticated.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }
}

/// A password that was right, before anything follows from it.
struct Proved {
    credentials: Credentials,
    verification: Verification,
    requester: Requester,
}

impl<S: Store> Countersign<S> {
    /// Checks a name and a password, and starts a session. `replaces` is the refresh token that the browser
    /// sent along, if any: its session ends (SE-1).
    ///
    /// # Errors
    /// Every variant of [`LoginError`] but `Policy` and `Audience`.
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

    /// Checks a name and a password. Nothing is changed but the audit log, the count of failures, the stored
    /// hash when it is outdated, and the account whose password is taken over ([`Options::upstream`]).
    ///
    /// [`Options::upstream`]: crate::Options::upstream
    ///
    /// # Errors
    /// [`LoginError::InvalidCredentials`], [`LoginError::Check`].
    pub async fn authenticate(
        &self,
        username: &str,
        password: &str,
        context: &Context,
    ) -> Result<Authenticated, LoginError> {
        let outcome = self.prove(username, password, context).await;
        self.count_refused(&outcome);
        outcome
    }

    async fn prove(
        &self,
        username: &str,
        password: &str,
        context: &Context,
    ) -> Result<Authenticated, LoginError> {
        let password = Password::new(password).map_err(CheckError::from)?;
        // No account has a name that cannot be parsed; like any unknown name it is counted, and costs one
        // hash.
        let name = self.meant_name(username).await.map_err(CheckError::from)?;
        let canonical_name = name.as_ref().map_or(username, Username::canonical);
        let found = self
            .attempt(canonical_name, context, async |requester| {
                self.check(name.as_ref(), (&password, requester), context).await
            })
            .await?;
        let Some(Proved { credentials, verification, requester }) = found else {
            return Err(LoginError::InvalidCredentials);
        };
        if verification == Verification::MatchOutdated {
            self.rehash(&credentials, password.clone(), requester).await;
        }
        let cookie = context.device_cookie.as_ref();
        let device = self.devices.remember(cookie, canonical_name, context.now, &self.random);
        let Credentials { account, password_version, .. } = credentials;
        let proof = Proof::Password { version: password_version };
        let (password, device) = (Some(password), Some(device));
        Ok(Authenticated { password, device, ..Authenticated::new(account, requester, proof) })
    }

    /// The name of the account that somebody means: the one that was typed, or that of the account whose verified address it is.
    ///
    /// An address is another spelling of the name, so guesses by either share one count, and the device cookie is good for both
    /// (TH-1, TH-4). It has to be known before the guess is counted, and whatever looks like an address is looked up, whether
    /// somebody has it or not (EN-1).
    async fn meant_name(&self, typed: &str) -> Result<Option<Username>, StoreError> {
        let name = Username::parse(typed).ok();
        let Ok(address) = EmailAddress::parse(typed) else { return Ok(name) };
        Ok(self.store.sign_in_name(name.as_ref(), &address).await?.or(name))
    }

    /// Looks the account up and computes one hash, whatever is found. What the pool has no room for is
    /// refused before the store is asked: in a flood that is nearly all, and whether the account exists
    /// cannot show. Only then the old system is asked, if there is one.
    async fn check(
        &self,
        name: Option<&Username>,
        (password, requester): (&Password, Requester),
        context: &Context,
    ) -> Result<Checked<Proved>, CheckError> {
        self.hasher.admit(&requester)?;
        let credentials = match name {
            Some(name) => self.store.account_for_login(name).await?,
            None => None,
        };
        let stored = credentials.as_ref().and_then(|found| found.password_hash.clone());
        let attempt = Attempt { password: password.clone(), stored, requester };
        let verification = self.hasher.verify(attempt).await?;
        let found = match (credentials, verification) {
            (Some(credentials), Verification::Match | Verification::MatchOutdated)
                if credentials.account.knows_its_owner() =>
            {
                return Ok(Checked::Right(Proved { credentials, verification, requester }));
            }
            (found, _) => found,
        };
        if let Some(name) = name
            && let Some(credentials) =
                self.take_over(name, found.as_ref(), (password, requester), context).await?
        {
            let verification = Verification::Match;
            return Ok(Checked::Right(Proved { credentials, verification, requester }));
        }
        Ok(Checked::Wrong(found.map(|found| found.account.id)))
    }

    /// Asks for the access token of another audience than the default. Nothing is changed.
    ///
    /// # Errors
    /// [`LoginError::Audience`] when there is none of this name, or the account's role may not ask for it.
    pub fn with_audience(&self, proved: Authenticated, name: &str) -> Result<Authenticated, LoginError> {
        let audience = self.audience(Some(name))?;
        audience.admit(&proved.account.role).ok_or(AudienceError::NotPermitted)?;
        Ok(Authenticated { audience: Some(audience.name.clone()), ..proved })
    }

    /// Starts a session after a successful [`Countersign::authenticate`], [`Countersign::authenticate_by_mail`] or
    /// [`Countersign::vouch_for`].
    ///
    /// # Errors
    /// [`LoginError::SecondFactorRequired`], [`LoginError::WrongFactor`];
    /// [`LoginError::InvalidCredentials`] when the account was disabled, deleted or given another password in
    /// the meantime (CC-3), or the ticket was used; [`LoginError::PasswordChangeRequired`], [`LoginError::DeletionPending`], [`LoginError::Check`] for the store,
    /// [`LoginError::Sign`], [`LoginError::Refused`], [`LoginError::Hook`].
    pub async fn start_session(
        &self,
        authenticated: Authenticated,
        replaces: Option<&str>,
        context: &Context,
    ) -> Result<SignedIn, LoginError> {
        let outcome = self.begin_session(authenticated, replaces, context).await;
        self.count_refused(&outcome);
        if outcome.is_ok() {
            self.figures.logins.increment(LoginResult::Ok);
        }
        outcome
    }

    pub(crate) fn count_refused<T>(&self, outcome: &Result<T, LoginError>) {
        if let Err(error) = outcome {
            self.figures.logins.increment(error.result());
        }
    }

    async fn begin_session(
        &self,
        mut authenticated: Authenticated,
        replaces: Option<&str>,
        context: &Context,
    ) -> Result<SignedIn, LoginError> {
        let audience = self.audience(authenticated.audience.as_deref())?;
        self.demand_key(audience, context)?;
        let account = authenticated.audience.is_some().then(|| authenticated.account.clone());
        let refresh_token = RefreshToken::first(SessionId::random(&self.random), &self.random);
        let presented = refresh_token.presented();
        let again = once_more(&authenticated.shown);
        let (second, amr) = self.take_second_step(&mut authenticated, context).await?;
        let asking = (presented.session_id, amr);
        let computed = self.ask_hooks(&authenticated, asking, audience, context).await?;
        let email = self.email_for(authenticated.account.id, audience).await.map_err(CheckError::from)?;
        let asked = Asked { audience, account, computed, email, scopes: None };
        let sets_password = authenticated.new_password.is_some();
        let notices = self.sign_in_notices(&authenticated.account, sets_password, context).await;
        let notices = notices.map_err(CheckError::from)?;
        let session = NewSession {
            id: presented.session_id,
            account_id: authenticated.account.id,
            proof: authenticated.proof,
            secret_hash: presented.secret_hash,
            replaces: replaces
                .and_then(|text| self.refresh_tokens.parse(text).ok())
                .map(|token| token.presented()),
            new_password: authenticated.new_password,
            takes_back: authenticated.takes_back,
            second,
            bound_key: context.device.new_key().filter(|_| self.options.device_binding.dpop),
            notices,
        };
        self.use_proof(context)?;
        let started = match authenticated.ticket {
            Some(shown) => self.store.sign_in_by_mail(MailSignIn { shown, session }, context).await,
            None => self.store.start_session(session, context).await,
        };
        match started.map_err(CheckError::from)? {
            StartSessionOutcome::Started(grant, ended) => {
                self.revoke(&ended);
                let amr = grant.session().amr;
                let registration = self.registration_challenge(grant.session(), context.now);
                let asked = self.with_current_claims(&grant, asked).await?;
                let signed_in = self.signed_in(*grant, Some(&refresh_token), &asked, context)?;
                let (account, session_id) = (&signed_in.account, signed_in.session_id);
                self.tell_after_sign_in(|| sign_in(account, session_id, amr, context)).await;
                let (device, recovery_codes) = (authenticated.device, authenticated.recovery_codes);
                Ok(SignedIn { device, recovery_codes, registration, ..signed_in })
            }
            StartSessionOutcome::Refused => Err(LoginError::InvalidCredentials),
            StartSessionOutcome::PasswordChangeRequired => Err(LoginError::PasswordChangeRequired),
            StartSessionOutcome::DeletionPending(at) => Err(LoginError::DeletionPending(at)),
            StartSessionOutcome::Missing(Missing::AnotherPasskey) => Err(PasskeyError::Exists.into()),
            // Another request was faster, with the same code, or has changed what the account has.
            StartSessionOutcome::Missing(_) => Err(again),
        }
    }

    /// What was shown in the second step, and by which methods its owner has authenticated then. Asked before the application is; the
    /// transaction asks again.
    async fn take_second_step(
        &self,
        authenticated: &mut Authenticated,
        context: &Context,
    ) -> Result<(SecondStep, AuthMethods), LoginError> {
        let shown = std::mem::take(&mut authenticated.shown);
        let Authenticated { account, proof, trusts_device, .. } = &*authenticated;
        let held = self.store.second_factors(account.id).await.map_err(CheckError::from)?;
        let again = once_more(&shown);
        let mut step = self.second_step(account, shown, context);
        let amr = match step.check(*proof, (account, &held), context.now) {
            Ok(amr) => amr,
            Err(Missing::AnotherCode) => return Err(again),
            Err(missing) => {
                let due = SecondFactorDue::new(missing, account, (*proof, authenticated.ticket));
                return Err(LoginError::SecondFactorRequired(Box::new(due)));
            }
        };
        if *trusts_device && step.may_trust(amr, account) {
            // SECURITY: a device that somebody else may know from before is not what its owner trusts now.
            let (cookie, name) = (context.device_cookie.as_ref(), account.username.canonical());
            let (device, cookie) = self.devices.renew(cookie, name, context.now, &self.random);
            let trusted = TrustedDevice {
                id: TrustedDeviceId::random(&self.random),
                account_id: account.id,
                device_hash: sha256(device.as_bytes()),
                created_at: context.now,
                expires_at: context.now.plus(step.policy.trust),
                user_agent: context.user_agent.clone(),
            };
            step.trusts = Some(Box::new(trusted));
            authenticated.device = Some(cookie);
        }
        Ok((step, amr))
    }

    /// Asks the application whether the session may begin, and for the claims of its first token.
    async fn ask_hooks(
        &self,
        authenticated: &Authenticated,
        (session_id, amr): (SessionId, AuthMethods),
        audience: &Audience,
        context: &Context,
    ) -> Result<Option<ComputedClaims>, LoginError> {
        let Authenticated { account, new_password, .. } = authenticated;
        let refusal = self.ask_before_sign_in(|| sign_in(account, session_id, amr, context)).await?;
        if let Some(refusal) = refusal {
            let failed = AuditEvent::new(AuditKind::LoginFailed).of_account(account.id);
            let recorded = self.store.record(failed.with_detail(refusal.code.as_ref()), context).await;
            recorded.map_err(CheckError::from)?;
            return Err(refusal.into());
        }
        // The account as it will be when the session has begun.
        let still_required = account.password_change_required && new_password.is_none();
        let account = Account { password_change_required: still_required, ..account.clone() };
        Ok(self.compute_claims(account, (session_id, amr), audience).await?)
    }

    /// Stores a better hash of the password that was just right (PW-3). It can wait for the next login: a
    /// failure is logged and does not stop this one.
    async fn rehash(&self, found: &Credentials, password: Password, requester: Requester) {
        let Some(old) = &found.password_hash else { return };
        let id = found.account.id;
        let Ok(new) = self.hasher.hash(password, requester).await else { return };
        match self.store.rehash_password(id, old, &new).await {
            Ok(replaced) => tracing::info!(account = %id, replaced, "password hash renewed"),
            Err(error) => tracing::warn!(account = %id, %error, "password hash not renewed"),
        }
    }
}

/// What was shown was right, and is not new.
const fn once_more(shown: &ShownFactor) -> LoginError {
    match shown {
        ShownFactor::Passkey(_) => LoginError::Passkey(PasskeyError::Expired),
        _ => LoginError::WrongFactor,
    }
}

fn sign_in(account: &Account, session_id: SessionId, amr: AuthMethods, context: &Context) -> SignIn {
    SignIn { account: account.clone(), session_id, amr, context: context.clone() }
}
