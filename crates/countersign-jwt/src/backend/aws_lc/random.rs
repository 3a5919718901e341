//! Random bytes for secrets, and their comparison.

use aws_lc_rs::{constant_time, rand};

use crate::error::KeyError;

pub(crate) fn random_bytes(out: &mut [u8]) -> Result<(), KeyError> {
    rand::fill(out).map_err(|_| KeyError::Inconsistent)
}

/// In a time that says nothing about how much of them is the same.
pub(crate) fn same_bytes(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}
