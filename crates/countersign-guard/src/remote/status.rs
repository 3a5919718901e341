//! How an issuer's keys are, for metrics, readiness and logs.

use std::sync::Arc;
use std::time::Duration;

use countersign_jwt::SkippedKey;

use super::error::KeysError;

/// How the keys of one issuer are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyStatus {
    /// The issuer.
    pub issuer: Arc<str>,
    /// How many keys there are to check with. None: its tokens are answered with 503.
    pub keys: usize,
    /// How long ago the issuer last answered with them; `None` without keys.
    pub age: Option<Duration>,
    /// Why the last fetch failed; `None` after a good one, and before the first.
    pub failure: Option<Arc<KeysError>>,
    /// Keys of the set that are not used, and why.
    pub skipped: Vec<SkippedKey>,
}
