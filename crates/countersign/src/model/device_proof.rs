//! What a request has shown of the device that sent it: a DPoP proof (RFC 9449), or the cookie that a browser gets for answering a
//! challenge with the key that it has registered (Device Bound Session Credentials).

use std::sync::Arc;

use countersign_jwt::{DpopProof, JwkThumbprint};

use crate::base::id::SessionId;
use crate::model::session::BoundKey;

/// Proofs of keys that came with a request. Each was verified; whether the key is the one that a session is bound to, the rule of
/// the session says.
#[derive(Clone, Debug, Default)]
pub struct DeviceProof {
    dpop: Option<Arc<DpopProof>>,
    cookie: Option<(SessionId, JwkThumbprint)>,
}

impl DeviceProof {
    /// None.
    pub(crate) const NONE: Self = Self { dpop: None, cookie: None };

    /// By a DPoP proof.
    pub(crate) fn of_dpop(proof: DpopProof) -> Self {
        Self { dpop: Some(Arc::new(proof)), cookie: None }
    }

    /// And by the cookie that a browser has for this session and key, if any.
    pub(crate) fn with_cookie(self, cookie: Option<(SessionId, JwkThumbprint)>) -> Self {
        Self { cookie, ..self }
    }

    /// The DPoP proof, if there is one.
    pub(crate) fn dpop(&self) -> Option<&DpopProof> {
        self.dpop.as_deref()
    }

    /// The key that a session which begins now is bound to. A cookie is of a session that there is already.
    pub(crate) fn new_key(&self) -> Option<BoundKey> {
        self.dpop.as_ref().and_then(|proof| BoundKey::new(proof.key()))
    }

    /// The key that was proved for this session. A DPoP proof is for any; a cookie is for the one that it was made for, and comes first: that session is
    /// bound to its key, while a page may prove a key of its own with every request.
    pub(crate) fn key_for(&self, session: SessionId) -> Option<JwkThumbprint> {
        let of_cookie = self.cookie.filter(|(id, _)| *id == session).map(|(_, key)| key);
        of_cookie.or_else(|| self.dpop.as_ref().map(|proof| proof.thumbprint()))
    }
}
