//! An e-mail address of an account.

use crate::base::id::EmailId;
use crate::model::email::AccountEmail;
use crate::wire::Instant;
use crate::wire::field::view;

view! {
    /// An e-mail address of an account.
    EmailView {
        id: EmailId,
        address: &'a str,
        /// When its owner has shown that they read its mail; `null`: not yet, so it is worth nothing.
        verified_at: Option<Instant>,
        /// Whether notices go to it.
        primary: bool,
        created_at: Instant,
    }
}

impl<'a> EmailView<'a> {
    /// The view of an address.
    #[must_use]
    pub fn new(email: &'a AccountEmail) -> Self {
        Self {
            id: email.id,
            address: email.address.as_str(),
            verified_at: email.verified_at.map(Instant),
            primary: email.is_primary,
            created_at: Instant(email.created_at),
        }
    }
}
