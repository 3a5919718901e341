//! What [`PasswordPolicy`] may be.

use crate::base::out_of_range::{Broken, OutOfRange};
use crate::password::PasswordPolicy;

impl PasswordPolicy {
    /// Whether the policy itself is acceptable.
    ///
    /// # Errors
    /// [`OutOfRange`] when `min_length` is not 8 to 64.
    pub fn check(&self) -> Result<(), OutOfRange> {
        self.broken().into_result()
    }

    pub(super) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        broken.unless(
            (8..=64).contains(&self.min_length),
            "min_length",
            "is not between 8 and 64 (NIST SP 800-63B-4 §3.1.1.2)",
        );
        broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PP-1.
    #[test]
    fn the_shortest_password_has_8_to_64_characters() {
        let fine = |min_length| PasswordPolicy { min_length, ..PasswordPolicy::default() }.check().is_ok();
        assert_eq!([7, 8, 15, 64, 65].map(fine), [false, true, true, true, false]);
    }
}
