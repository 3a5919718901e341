//! What everything else stands on: time, chance, ids, and the keys derived from the master key. Nothing here knows an
//! account or a session.

pub mod clock;
pub mod id;
pub mod master_key;
pub mod master_key_file;
pub mod out_of_range;
pub mod random;
pub mod requester;
