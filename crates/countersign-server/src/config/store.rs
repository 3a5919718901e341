//! The value of `store`: the address of a database. A password may stand in it where other secrets may stand too, and it
//! is never shown.

use std::path::Path;

use countersign::store::postgres::DatabaseUrl;

use super::setting::{Kind, Scalar};

impl Scalar for DatabaseUrl {
    const SCALAR_KIND: Kind = Kind::Address;

    fn parse_scalar(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| error.to_string())
    }

    fn scalar_in_folder(self, folder: &Path) -> Self {
        self.in_folder(folder)
    }
}

/// The address for people.
pub(super) fn shown(text: &str) -> String {
    DatabaseUrl::parse(text).map_or_else(|_| "[redacted]".to_owned(), |url| url.to_string())
}

/// Refuses an address with a password: files are copied, and every user of this machine can see arguments.
pub(super) fn without_password(text: &str, place: &str) -> Result<(), String> {
    match DatabaseUrl::parse(text) {
        Ok(url) if url.has_password() => Err(format!(
            "a password does not belong {place}; leave it out and use store_password_file, or the environment"
        )),
        _ => Ok(()),
    }
}
