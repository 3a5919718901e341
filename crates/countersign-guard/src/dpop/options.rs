//! [`DpopOptions`]: what a service says about itself so that its guard can check proofs.

use std::fmt;
use std::time::Duration;

use countersign_jwt::{DpopNonces, DpopPolicy, KeyError, SeenProofs, TargetUri, TargetUriError};

/// How a guard checks DPoP proofs; see [`Guard::dpop`](crate::Guard::dpop).
#[derive(Debug)]
pub struct DpopOptions {
    pub(super) public_url: TargetUri,
    pub(super) policy: DpopPolicy,
    pub(super) nonces: DpopNonces,
    pub(super) capacity: usize,
    pub(super) is_required: bool,
}

/// Why a guard cannot check proofs in this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DpopOptionsError {
    /// The public URL is not an absolute `http` or `https` URL.
    #[error("the public URL is refused: {0}")]
    PublicUrl(#[from] TargetUriError),
    /// There is no randomness for the nonces, or no HMAC.
    #[error("nonces cannot be made: {0}")]
    Nonces(#[from] KeyError),
}

impl DpopOptions {
    /// Proofs are for this public URL of the service, such as `https://api.example.com`, followed by the path of the
    /// request as the guard sees it. The URL has a path where something in front cuts it off: a proxy, or a router of
    /// axum that is nested.
    ///
    /// It comes from configuration and not from the `Host` header, which is the client's, or a proxy's: proofs
    /// for another service would pass here.
    ///
    /// # Errors
    /// [`PublicUrl`](DpopOptionsError::PublicUrl), [`Nonces`](DpopOptionsError::Nonces): as they say.
    pub fn new(public_url: &str) -> Result<Self, DpopOptionsError> {
        Ok(Self {
            public_url: TargetUri::parse(public_url)?,
            policy: DpopPolicy::default(),
            nonces: DpopNonces::generate()?,
            capacity: SeenProofs::DEFAULT_CAPACITY,
            is_required: false,
        })
    }

    /// How far the time in a proof may be off, to both sides: one minute if not said otherwise, five at most. Clients
    /// whose clocks are further off get a nonce.
    #[must_use]
    pub fn window(self, window: Duration) -> Self {
        Self { policy: DpopPolicy::new(window), ..self }
    }

    /// The secret under which nonces are made: 32 random bytes of this use only. Where several nodes serve one URL they
    /// need the same; otherwise each has its own, and a nonce of one is none for another.
    ///
    /// # Errors
    /// [`Nonces`](DpopOptionsError::Nonces): the cryptographic library failed.
    pub fn nonce_secret(self, secret: &[u8; 32]) -> Result<Self, DpopOptionsError> {
        Ok(Self { nonces: DpopNonces::new(secret)?, ..self })
    }

    /// How many proofs this process remembers, about 100 bytes each: a million if not said otherwise, and one key has an
    /// eighth of them at most. With the default window and right clocks each is remembered for 90 seconds, so that is enough
    /// for 11,000 requests a second, and 1,400 of one key. Beyond that, requests get 503: a proof that is not remembered
    /// could be used again.
    #[must_use]
    pub fn remembered_proofs(self, capacity: usize) -> Self {
        Self { capacity, ..self }
    }

    /// Tokens that are not bound are refused ([`Refusal::TokenNotBound`](crate::Refusal::TokenNotBound)): for a service whose
    /// issuer binds every token for it, so that one which is not is from before, or from elsewhere.
    #[must_use]
    pub fn required(self) -> Self {
        Self { is_required: true, ..self }
    }
}

impl fmt::Display for DpopOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proofs for {}", self.public_url)
    }
}
