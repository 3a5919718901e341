//! Passwords: what is typed ([`Password`]), what is kept ([`PasswordHash`]), and what is allowed ([`PasswordPolicy`]).
//! Hashes are computed in `hashing/`. This module knows no account, no store and no HTTP.

mod block_list;
pub(crate) mod cost;
pub(crate) mod format;
pub(crate) mod pepper;
mod plain;
mod policy;

pub use crate::model::password_hash::PasswordHash;
pub use cost::{Argon2Cost, UnsafeCost};
pub use format::UnreadableHash;
pub(crate) use format::{NFKC_TAG, TYPED_TAG};
pub use pepper::WrongPepper;
pub(crate) use plain::Reading;
pub use plain::{InvalidPassword, Password};
pub use policy::{PasswordPolicy, PolicyViolation};
