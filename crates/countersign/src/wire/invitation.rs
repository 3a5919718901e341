//! An account that was offered to an address.

use crate::base::id::TicketId;
use crate::flows::invite::Invitation;
use crate::wire::Instant;
use crate::wire::field::view;

view! {
    /// An account that was offered and is not made yet.
    InvitationView {
        id: TicketId,
        address: &'a str,
        /// The role that the account will have.
        role: &'a str,
        created_at: Instant,
        expires_at: Instant,
    }
}

impl<'a> InvitationView<'a> {
    /// The view of an invitation.
    #[must_use]
    pub fn new(invitation: &'a Invitation) -> Self {
        Self {
            id: invitation.id,
            address: invitation.address.as_str(),
            role: invitation.role.as_str(),
            created_at: Instant(invitation.created_at),
            expires_at: Instant(invitation.expires_at),
        }
    }
}
