//! [`Dpop`]: header, proof, key, replay (RFC 9449 §4.3, §7.1).

use std::fmt;
use std::sync::{Mutex, PoisonError};

use countersign_jwt::{
    DpopError, DpopNonces, DpopPolicy, DpopRequest, NonceCheck, SeenError, SeenProofs, TargetUri,
    verify_dpop_proof,
};
use http::{HeaderMap, Method, Uri};

use super::options::DpopOptions;
use crate::claims::AccessClaims;
use crate::refusal::Refusal;

/// What a guard checks proofs with.
pub(crate) struct Dpop {
    public_url: TargetUri,
    policy: DpopPolicy,
    nonces: DpopNonces,
    /// Held for one look-up.
    seen: Mutex<SeenProofs>,
    is_required: bool,
}

/// A request with a token.
pub(crate) struct Shown<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) token: &'a str,
}

impl Dpop {
    pub(crate) fn new(options: DpopOptions) -> Self {
        let DpopOptions { public_url, policy, nonces, capacity, is_required } = options;
        Self { public_url, policy, nonces, seen: Mutex::new(SeenProofs::new(capacity)), is_required }
    }

    /// Whether a token that is not bound is refused.
    pub(crate) const fn is_required(&self) -> bool {
        self.is_required
    }

    /// Whether the request has a proof by the key that its token is bound to. The same request does not pass twice.
    pub(crate) fn check(&self, shown: &Shown<'_>, claims: &AccessClaims, now: i64) -> Result<(), Refusal> {
        let key = claims.bound_key().ok_or(Refusal::TokenNotBound)?;
        let mut headers = shown.headers.get_all(HEADER).iter();
        let (Some(proof), None) = (headers.next(), headers.next()) else {
            return Err(Refusal::Proof(DpopError::HeaderCount));
        };
        // A header that is no text is no JWT either.
        let proof = proof.to_str().unwrap_or_default();
        let target = self.public_url.at_path(shown.uri.path());
        let target = target.map_err(|_| Refusal::Proof(DpopError::WrongTarget))?;
        let request = DpopRequest::new(shown.method.as_str(), &target)
            .with_access_token(shown.token, key)
            .with_nonce(NonceCheck::MadeBy(&self.nonces));
        let proof = verify_dpop_proof(proof, &request, &self.policy, now).map_err(|error| match error {
            DpopError::UseNonce => self.nonce_required(now),
            error => Refusal::Proof(error),
        })?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.record(&proof, now).map_err(|error| match error {
            SeenError::Replayed => Refusal::Proof(DpopError::Replayed),
            _ => Refusal::ProofsFull,
        })
    }

    fn nonce_required(&self, now: i64) -> Refusal {
        self.nonces
            .nonce(now)
            .map_or(Refusal::Proof(DpopError::TooOld), |nonce| Refusal::NonceRequired { nonce })
    }
}

impl fmt::Debug for Dpop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dpop").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

const HEADER: &str = "dpop";
