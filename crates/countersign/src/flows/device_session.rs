//! Device Bound Session Credentials (<https://w3c.github.io/webappsec-dbsc/>): a browser registers a key of its own for a session that has just begun,
//! and proves it every few minutes for a cookie. Its proofs are verified by `countersign-jwt`.
//!
//! A registration changes nothing here: its response may be lost, and a session that is bound to a key which no browser has is lost to its owner. The browser
//! gets an identifier that says which key it has registered; the session is bound when it proves that key for the first time, which is before its
//! next request.
#![deny(clippy::wildcard_enum_match_arm)]

use countersign_jwt::{DbscError, DbscProof, SeenError, verify_dbsc_refresh, verify_dbsc_registration};

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::flows::figures::{BoundBy, RenewalResult};
use crate::model::bound_cookie::{BoundCookie, ChallengeFor};
use crate::model::context::Context;
use crate::model::device_proof::DeviceProof;
use crate::model::session::refresh_token::PresentedToken;
use crate::model::session::{BindOutcome, BoundKey, Session};
use crate::store::{Store, StoreError};

/// Why a browser gets no cookie. The session goes on in every case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceSessionError {
    /// No refresh token of a session that lives came along, or the request is about another session or another key.
    #[error("no living session was named")]
    NoSession,
    /// The proof is none, or for another challenge, and why.
    #[error("the proof of the browser is refused: {0}")]
    Proof(DbscError),
    /// The browser has to sign this challenge first.
    #[error("a challenge has to be signed")]
    Challenge {
        /// The challenge; good for five minutes at every node.
        challenge: String,
        /// The identifier that the browser has sent.
        identifier: String,
    },
    /// The proof is good, and there is no room to remember that it was used.
    #[error("no room is left to remember proofs")]
    Full,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A key that a browser has registered.
#[derive(Debug)]
pub(crate) struct RegisteredDevice {
    /// By which the browser names session and key from now on.
    pub(crate) identifier: String,
    /// What it signs for its first cookie.
    pub(crate) challenge: String,
}

impl<S: Store> Countersign<S> {
    /// What a browser signs with a new key for a session that has just begun, if it is to make one. A session has one key.
    pub(crate) fn registration_challenge(&self, session: &Session, now: Timestamp) -> Option<String> {
        if session.bound_key.is_some() {
            self.figures.devices.bindings.increment(BoundBy::Dpop);
            return None;
        }
        let wanted = (session.id, ChallengeFor::Registration);
        self.options.device_binding.dbsc.then(|| self.new_challenge(wanted, now))
    }

    /// Takes the key of a browser that has answered the challenge of a sign-in. Nothing is stored, and no store is asked.
    ///
    /// # Errors
    /// [`DeviceSessionError::NoSession`], [`DeviceSessionError::Proof`].
    pub(crate) fn register_device(
        &self,
        refresh_token: &str,
        proof: &str,
        now: Timestamp,
    ) -> Result<RegisteredDevice, DeviceSessionError> {
        let session = self.presented_session(refresh_token)?.session_id;
        let wanted = (session, ChallengeFor::Registration);
        let is_ours =
            |challenge: &str| self.device_proofs.browser.good_until(challenge, wanted, now).is_some();
        let proof = verify_dbsc_registration(proof, is_ours).map_err(DeviceSessionError::Proof)?;
        let identifier =
            BoundKey::new(proof.key()).and_then(|key| self.device_proofs.browser.identifier(session, &key));
        let identifier = identifier.ok_or(DeviceSessionError::Proof(DbscError::Algorithm))?;
        let challenge = self.new_challenge((session, ChallengeFor::Renewal), now);
        Ok(RegisteredDevice { identifier, challenge })
    }

    /// Gives the browser a cookie for having signed a challenge with the key that its identifier names, and binds the session to that key if it is not
    /// bound yet. Without a proof, the challenge: nothing is looked up for it.
    ///
    /// # Errors
    /// Every variant of [`DeviceSessionError`].
    pub(crate) async fn renew_device(
        &self,
        refresh_token: &str,
        (identifier, proof): (&str, Option<&str>),
        context: &Context,
    ) -> Result<BoundCookie, DeviceSessionError> {
        let renewed = self.renew(refresh_token, (identifier, proof), context).await;
        self.figures.devices.renewals.increment(match &renewed {
            Ok(_) => RenewalResult::Renewed,
            Err(DeviceSessionError::Challenge { .. }) => RenewalResult::Challenged,
            Err(DeviceSessionError::NoSession | DeviceSessionError::Proof(_)) => RenewalResult::Refused,
            Err(DeviceSessionError::Full | DeviceSessionError::Store(_)) => RenewalResult::Error,
        });
        renewed
    }

    async fn renew(
        &self,
        refresh_token: &str,
        (identifier, proof): (&str, Option<&str>),
        context: &Context,
    ) -> Result<BoundCookie, DeviceSessionError> {
        let token = self.presented_session(refresh_token)?;
        let (session, key) =
            self.device_proofs.browser.open_identifier(identifier).ok_or(DeviceSessionError::NoSession)?;
        if token.session_id != session {
            return Err(DeviceSessionError::NoSession);
        }
        let challenge = || DeviceSessionError::Challenge {
            challenge: self.new_challenge((session, ChallengeFor::Renewal), context.now),
            identifier: identifier.to_owned(),
        };
        let proof = proof.ok_or_else(challenge)?;
        let proof = self.answer(proof, (session, &key), context.now)?.ok_or_else(challenge)?;
        match self.store.bind_session(token, key, context).await? {
            BindOutcome::Bound => self.figures.devices.bindings.increment(BoundBy::Dbsc),
            BindOutcome::Proved => {}
            BindOutcome::Refused => return Err(DeviceSessionError::NoSession),
        }
        Ok(self.device_proofs.browser.cookie(session, &proof.thumbprint(), context.now))
    }

    /// A proof by this key; `None` if the challenge in it is too old, or was answered before, at this node.
    fn answer(
        &self,
        proof: &str,
        (session, key): (SessionId, &BoundKey),
        now: Timestamp,
    ) -> Result<Option<DbscProof>, DeviceSessionError> {
        let key = key.verifying_key().map_err(|error| DeviceSessionError::Proof(DbscError::Key(error)))?;
        let mut until = None;
        let is_ours = |challenge: &str| {
            until = self.device_proofs.browser.good_until(challenge, (session, ChallengeFor::Renewal), now);
            until.is_some()
        };
        let proof = match verify_dbsc_refresh(proof, &key, is_ours) {
            Err(DbscError::Challenge) => return Ok(None),
            verified => verified.map_err(DeviceSessionError::Proof)?,
        };
        let Some(until) = until else { return Ok(None) };
        match self.device_proofs.record_answer(&proof, until, now) {
            Ok(()) => Ok(Some(proof)),
            Err(SeenError::Replayed) => Ok(None),
            Err(_) => Err(DeviceSessionError::Full),
        }
    }

    fn new_challenge(&self, wanted: (SessionId, ChallengeFor), now: Timestamp) -> String {
        self.device_proofs.browser.challenge(wanted, now, &self.random)
    }

    fn presented_session(&self, refresh_token: &str) -> Result<PresentedToken, DeviceSessionError> {
        let token = self.refresh_tokens.parse(refresh_token).map_err(|_| DeviceSessionError::NoSession)?;
        Ok(token.presented())
    }

    /// The proof, and what a bound cookie proves beside it.
    pub(crate) fn with_bound_cookie(
        &self,
        proof: DeviceProof,
        cookie: Option<&str>,
        now: Timestamp,
    ) -> DeviceProof {
        proof.with_cookie(cookie.and_then(|text| self.device_proofs.browser.open_cookie(text, now)))
    }
}
