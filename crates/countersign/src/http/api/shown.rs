//! What is shown of a ticket, read from a request.

use zeroize::Zeroizing;

use crate::flows::tickets::ShownTicket;
use crate::model::ticket::FlowCookie;

/// What is shown of a ticket, to take along into a task.
pub(in crate::http) enum Shown {
    /// The token of a link, in a browser that asked for a mail, or not.
    Link(Zeroizing<String>, Option<FlowCookie>),
    Code(Zeroizing<String>, FlowCookie),
}

impl Shown {
    pub(in crate::http) fn as_ref(&self) -> ShownTicket<'_> {
        match self {
            Self::Link(token, _) => ShownTicket::Link(token),
            Self::Code(code, flow) => ShownTicket::Code(code, flow),
        }
    }
}
