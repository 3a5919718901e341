//! [`KeyStatus`]: the state of an issuer's keys, for metrics, readiness checks and logs.

use std::sync::Arc;
use std::time::Duration;

use countersign_jwt::SkippedKey;

use super::error::KeysError;

/// The state of the keys of one issuer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyStatus {
    /// The issuer.
    pub issuer: Arc<str>,
    /// How many usable keys there are. Without any, its tokens get 503.
    pub keys: usize,
    /// How long ago the issuer last answered with them; `None` without keys.
    pub age: Option<Duration>,
    /// Why the last fetch failed; `None` after a good one, and before the first.
    pub failure: Option<Arc<KeysError>>,
    /// Keys of the set that are not used, and why.
    pub skipped: Vec<SkippedKey>,
}
