//! A signing key.

use crate::model::key_ring::KeyInfo;
use crate::wire::Instant;
use crate::wire::field::view;

view! {
    /// A signing key; never the key itself.
    KeyView {
        kid: &'a str,
        alg: &'a str,
        /// `next` is published and does not sign yet, `active` signs, `retired` still verifies.
        state: &'a str,
        created_at: Instant,
        /// From when on it signs.
        active_from: Instant,
    }
}

impl<'a> From<&'a KeyInfo> for KeyView<'a> {
    fn from(key: &'a KeyInfo) -> Self {
        Self {
            kid: &key.kid,
            alg: &key.algorithm,
            state: key.state.name(),
            created_at: Instant(key.created_at),
            active_from: Instant(key.active_from),
        }
    }
}
