//! The one error of a signature check.

/// The signature does not match. It deliberately has no reason: a reason would be an oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadSignature;
