//! The one way in which checking a signature fails.

/// The signature does not match. There is deliberately no reason: a reason would be an oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadSignature;
