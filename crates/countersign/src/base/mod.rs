//! What everything else stands on: time, chance, ids, and the keys derived from the master key. Nothing here knows an
//! account or a session.

pub mod clock;
pub(crate) mod digest;
pub(crate) mod figures;
pub mod following;
pub mod id;
pub(crate) mod mac_token;
pub mod master_key;
pub mod master_key_change;
pub mod master_key_file;
pub mod out_of_range;
pub mod random;
pub mod requester;
pub(crate) mod sealed_file;
pub mod timestamp;
pub mod webhook_secret;
