//! What proofs of a device are checked with, and what of them each node remembers.
#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use countersign_guard::{DpopOptions, DpopOptionsError};
use countersign_jwt::{
    DbscProof, DpopError, DpopNonces, DpopPolicy, DpopRequest, KeyError, NonceCheck, SeenError, SeenProofs,
    TargetUri, verify_dpop_proof,
};
use zeroize::Zeroizing;

use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::base::master_key::{MasterKeys, Purpose};
use crate::model::bound_cookie::BrowserTokens;
use crate::model::context::Context;
use crate::model::device_proof::DeviceProof;

/// Why a proof of a device is not accepted. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceProofError {
    /// It is no proof, or not for this request, or was used before, and why.
    #[error("the proof of the device is refused: {0}")]
    Invalid(DpopError),
    /// The clock of the client is off: it repeats the request with a proof that has this nonce (RFC 9449 §8).
    #[error("the proof of the device needs a nonce")]
    NonceRequired {
        /// The nonce; good for five minutes at every node.
        nonce: String,
    },
    /// It may be good, and there is no room to remember that it was used.
    #[error("no room is left to remember proofs")]
    Full,
}

/// What proofs are checked with.
pub(crate) struct DeviceProofs {
    /// Where clients reach this server; none if the issuer is no URL.
    public_url: Option<TargetUri>,
    nonces: DpopNonces,
    /// Held for one look-up.
    seen: Mutex<SeenProofs>,
    missing: Mutex<MissingProofs>,
    /// What browsers get that make the proofs themselves.
    pub(crate) browser: Box<BrowserTokens>,
}

impl DeviceProofs {
    /// Every node takes the nonces of the others.
    pub(crate) fn new(master_keys: &MasterKeys, issuer: &str) -> Result<Self, KeyError> {
        let nonces = Self::nonces(master_keys)?;
        let public_url = TargetUri::parse(issuer).ok();
        let seen = Mutex::new(SeenProofs::default().per_key(MOST_OF_ONE_KEY));
        let browser = Box::new(BrowserTokens::new(master_keys));
        Ok(Self { public_url, nonces, seen, missing: Mutex::default(), browser })
    }

    fn nonces(master_keys: &MasterKeys) -> Result<DpopNonces, KeyError> {
        DpopNonces::new(&nonce_secret(master_keys))
    }

    /// Verifies the value of a `DPoP` header of a request with this method to this path below the issuer.
    pub(crate) fn verify(
        &self,
        proof: &str,
        (method, path): (&str, &str),
        now: Timestamp,
    ) -> Result<DeviceProof, DeviceProofError> {
        let refused = DeviceProofError::Invalid;
        let now = now.as_unix_seconds();
        let target = self.public_url.as_ref().and_then(|url| url.at_path(path).ok());
        let target = target.ok_or(refused(DpopError::WrongTarget))?;
        let request = DpopRequest::new(method, &target).with_nonce(NonceCheck::MadeBy(&self.nonces));
        let verified = verify_dpop_proof(proof, &request, &DpopPolicy::default(), now);
        verified.map(DeviceProof::of_dpop).map_err(|error| {
            let nonce = (error == DpopError::UseNonce).then(|| self.nonces.nonce(now).ok()).flatten();
            nonce.map_or(refused(error), |nonce| DeviceProofError::NonceRequired { nonce })
        })
    }

    /// Whether a proof has counted before. Asked before anything follows from it: whoever has read an old request could otherwise end the
    /// session with it, as one that is presented too late.
    pub(crate) fn demand_new(&self, context: &Context) -> Result<(), DeviceProofError> {
        let Some(proof) = context.device.dpop() else { return Ok(()) };
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.has(proof) { Err(DeviceProofError::Invalid(DpopError::Replayed)) } else { Ok(()) }
    }

    /// The same proof counts once.
    pub(crate) fn record(&self, context: &Context) -> Result<(), DeviceProofError> {
        let Some(proof) = context.device.dpop() else { return Ok(()) };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.record(proof, context.now.as_unix_seconds()).map_err(|error| match error {
            SeenError::Replayed => DeviceProofError::Invalid(DpopError::Replayed),
            SeenError::Full | _ => DeviceProofError::Full,
        })
    }

    /// The same answer of a browser counts once.
    pub(crate) fn record_answer(
        &self,
        answer: &DbscProof,
        good_until: Timestamp,
        now: Timestamp,
    ) -> Result<(), SeenError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.record_answer(answer, good_until.as_unix_seconds(), now.as_unix_seconds())
    }

    /// Whether the audit log is to be told that somebody without the device has this session's refresh token.
    pub(crate) fn is_news(&self, session: SessionId, now: Timestamp) -> bool {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).note(session, now)
    }
}

/// With what the guard of this server's own routes checks access tokens that are bound.
pub(crate) fn guard_options(master_keys: &MasterKeys, issuer: &str) -> Result<DpopOptions, DpopOptionsError> {
    // A client with a wrong clock says one nonce here and at its refresh.
    Ok(DpopOptions::new(issuer)?.nonce_secret(&nonce_secret(master_keys))?.required())
}

/// The same at every node.
fn nonce_secret(master_keys: &MasterKeys) -> Zeroizing<[u8; 32]> {
    let mut secret = Zeroizing::new([0; 32]);
    secret.copy_from_slice(hmac::sign(&master_keys.current_mac_key(Purpose::DpopNonce), b"").as_ref());
    secret
}

impl fmt::Debug for DeviceProofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceProofs").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

/// When the audit log was last told about each session. Bounded: with very many at once, some are told again.
#[derive(Debug, Default)]
struct MissingProofs(HashMap<SessionId, Timestamp>);

impl MissingProofs {
    fn note(&mut self, session: SessionId, now: Timestamp) -> bool {
        let is_recent = |told: &Timestamp| now < told.plus(TOLD_AGAIN_AFTER);
        if self.0.get(&session).is_some_and(is_recent) {
            return false;
        }
        if self.0.len() >= MOST_TOLD {
            self.0.retain(|_, told| is_recent(told));
        }
        if self.0.len() >= MOST_TOLD {
            self.0.clear();
        }
        self.0.insert(session, now);
        true
    }
}

/// Within a minute and a half that is 180 sign-ins and refreshes a second: enough for a back end that holds the sessions of many
/// people by one key. So an attacker needs 64 sessions of different keys to fill the memory for others, and not eight.
const MOST_OF_ONE_KEY: usize = SeenProofs::DEFAULT_CAPACITY / 64;
const TOLD_AGAIN_AFTER: Duration = Duration::from_hours(1);
const MOST_TOLD: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    /// LG-4: a thief who tries all day fills no log.
    #[test]
    fn a_session_is_written_down_once_an_hour() {
        let random = Random::insecure_seeded(1);
        let (session, other) = (SessionId::random(&random), SessionId::random(&random));
        let start = Timestamp::from_unix_millis(1_700_000_000_000);
        let mut missing = MissingProofs::default();
        for (id, after, is_news) in [
            (session, 0, true),
            (session, 1, false),
            (other, 1, true),
            (session, 3_599, false),
            (session, 3_600, true),
        ] {
            assert_eq!(missing.note(id, start.plus(Duration::from_secs(after))), is_news, "{after}");
        }
        for _ in 0..MOST_TOLD {
            missing.note(SessionId::random(&random), start);
        }
        assert!(missing.0.len() <= MOST_TOLD);
    }
}
