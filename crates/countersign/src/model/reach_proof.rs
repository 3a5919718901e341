//! The proof of `countersign doctor` that it has the master key: the server then tells it how its request arrived. It is good
//! for a minute, and for nothing else.
//!
//! ```text
//! csp_<token>     token = the envelope of `base::mac_token` around the time (8 bytes, big endian, Unix seconds)
//! ```

use std::fmt;

use zeroize::Zeroizing;

use crate::base::clock::Timestamp;
use crate::base::mac_token::MacTokens;
use crate::base::master_key::{MasterKeys, Purpose};

/// Says that whoever shows it has the master key.
#[derive(Clone)]
pub struct ReachProof(Zeroizing<String>);

impl ReachProof {
    /// A proof that is good from now on.
    #[must_use]
    pub fn new(master_keys: &MasterKeys, now: Timestamp) -> Self {
        let mut text = String::from(PREFIX);
        tokens(master_keys).seal_into(&mut text, &now.as_unix_seconds().to_be_bytes(), b"");
        Self(Zeroizing::new(text))
    }

    /// The proof itself, for `Authorization: Bearer`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this text is a proof, and not of another time.
    pub(crate) fn is_good(text: &str, master_keys: &MasterKeys, now: Timestamp) -> bool {
        let body = text.strip_prefix(PREFIX).and_then(|token| tokens(master_keys).open(token, b""));
        body.is_some_and(|body| i64::from_be_bytes(*body).abs_diff(now.as_unix_seconds()) <= LIFE_SECONDS)
    }
}

impl fmt::Debug for ReachProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReachProof([redacted])")
    }
}

fn tokens(master_keys: &MasterKeys) -> MacTokens<8> {
    MacTokens::new(master_keys, Purpose::ReachProof)
}

const PREFIX: &str = "csp_";
/// Also the most by which the clocks of both machines may differ.
const LIFE_SECONDS: u64 = 60;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    #[test]
    fn a_proof_is_of_this_minute_and_of_this_server() {
        let [ours, others] = [1, 2].map(|seed| MasterKeys::generate(&Random::insecure_seeded(seed)));
        let at = |seconds: i64| Timestamp::from_unix_millis(seconds * 1000);
        let proof = ReachProof::new(&ours, at(1000));
        let good = |seconds| ReachProof::is_good(proof.as_str(), &ours, at(seconds));
        assert_eq!([939, 940, 1000, 1060, 1061].map(good), [false, true, true, true, false]);
        assert!(!ReachProof::is_good(proof.as_str(), &others, at(1000)));
        assert!(!ReachProof::is_good(&proof.as_str().replace("csp_", "csf_"), &ours, at(1000)));
        assert!(!ReachProof::is_good("", &ours, at(1000)));
        assert_eq!(format!("{proof:?}"), "ReachProof([redacted])");
    }
}
