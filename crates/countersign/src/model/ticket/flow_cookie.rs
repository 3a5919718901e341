//! What the browser that asked for a mail keeps, so that the code of that mail is good for it alone: the ticket's ID and a
//! secret, of which the store knows a hash.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::base::digest::sha256;
use crate::base::id::TicketId;
use crate::base::random::Random;

/// The value of the flow cookie. Every request for a mail gets one that looks the same, whether a mail is sent or not (EN-4).
#[derive(Clone, PartialEq, Eq)]
pub struct FlowCookie {
    ticket: TicketId,
    secret: Zeroizing<[u8; 32]>,
}

impl FlowCookie {
    /// How long browsers keep it: as long as the longest ticket whose code is typed.
    pub const MAX_AGE: Duration = Duration::from_hours(24);

    /// A fresh one for a ticket.
    pub(crate) fn of(ticket: TicketId, random: &Random) -> Self {
        Self { ticket, secret: Zeroizing::new(random.bytes()) }
    }

    /// Reads the value of a cookie; nothing if it is none of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let (id, secret) = bytes.split_first_chunk::<16>()?;
        Some(Self { ticket: TicketId::from_bytes(*id), secret: Zeroizing::new(secret.try_into().ok()?) })
    }

    /// The text to keep in the browser.
    #[must_use]
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new([self.ticket.as_bytes().as_slice(), self.secret.as_slice()].concat());
        Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
    }

    /// The ticket that the browser asked for. It is no secret.
    #[must_use]
    pub const fn ticket_id(&self) -> TicketId {
        self.ticket
    }

    /// What the store keeps of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        sha256(self.secret.as_slice())
    }
}

impl fmt::Debug for FlowCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlowCookie([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_reads_back_and_nothing_else_does() {
        let random = Random::insecure_seeded(1);
        let cookie = FlowCookie::of(TicketId::random(&random), &random);
        let text = cookie.to_secret_text();
        assert_eq!((text.len(), FlowCookie::parse(&text)), (64, Some(cookie.clone())));
        for bad in ["", "x", &text[1..], &format!("{}A", *text), &text.replace(|_| true, "=")] {
            assert_eq!(FlowCookie::parse(bad), None);
        }
        assert!(!format!("{cookie:?}").contains(&text[30..]));
        assert_ne!(cookie.hash(), FlowCookie::of(cookie.ticket, &random).hash());
    }
}
