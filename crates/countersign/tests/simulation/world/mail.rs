//! A mail, as somebody has read it, and what is shown of it.

use countersign::internal::base::id::TicketId;
use countersign::internal::flows::tickets::ShownTicket;
use countersign::internal::model::ticket::FlowCookie;

/// A mail with a ticket, as somebody has read it.
pub(super) struct Mail {
    pub(super) ticket: TicketId,
    pub(super) link: String,
    pub(super) code: String,
    /// What the browser keeps that asked for it, if it got an answer.
    pub(super) flow: Option<FlowCookie>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Link,
    Code,
    WrongCode,
}

impl Mail {
    /// Its link, its code or a wrong one, and what the browser keeps.
    pub(super) fn to_show(&self, shown: Shown) -> (String, String, Option<FlowCookie>) {
        let (link, mut code, flow) = (self.link.clone(), self.code.clone(), self.flow.clone());
        if shown == Shown::WrongCode {
            let last = if code.ends_with('0') { '1' } else { '0' };
            code.replace_range(7.., &last.to_string());
        }
        (link, code, flow)
    }
}

impl Shown {
    pub(super) const fn of<'a>(
        self,
        link: &'a str,
        code: &'a str,
        flow: Option<&'a FlowCookie>,
    ) -> ShownTicket<'a> {
        match (flow, self) {
            (Some(flow), Self::Code | Self::WrongCode) => ShownTicket::Code(code, flow),
            _ => ShownTicket::Link(link),
        }
    }
}
