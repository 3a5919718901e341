//! The contract for tickets.

use super::answer::{Answer, Sealed};
use crate::base::clock::Timestamp;
use crate::base::id::TicketId;
use crate::model::context::Context;
use crate::model::session::StartSessionOutcome;
use crate::model::ticket::{
    AccountRegistration, AddressUndo, ApproveOutcome, MailLimits, MailSignIn, NewTicket, PasswordReset,
    PresentedTicket, RegisterOutcome, ResetOutcome, SignInApproval, StartTicketOutcome, Ticket,
    TicketPurpose, UndoOutcome, VerifyOutcome,
};

/// Keeps tickets; of their secrets, hashes only. A ticket is used up in the transaction that does what it is for, so of several
/// that use it at once one does (CC-5).
pub trait TicketStore: Sealed {
    /// Makes a ticket, within the limits of mails, and voids older ones for the same. It does the same work whether the ticket
    /// has an account or not (EN-4).
    fn start_ticket(
        &self,
        new: NewTicket,
        limits: MailLimits,
        context: &Context,
    ) -> impl Answer<StartTicketOutcome>;

    /// The ticket with this ID, as it is.
    fn find_ticket(&self, id: TicketId) -> impl Answer<Option<Ticket>>;

    /// The ticket that is shown, as it is. It writes nothing, and does not look at a code.
    fn find_ticket_of(&self, shown: PresentedTicket) -> impl Answer<Option<Ticket>>;

    /// The ticket, if what is shown is enough to use it for this purpose at [`Context::now`], without using it. A wrong code
    /// counts.
    fn look_at_ticket(
        &self,
        shown: PresentedTicket,
        purpose: TicketPurpose,
        context: &Context,
    ) -> impl Answer<Option<Ticket>>;

    /// Sets a password with a ticket, and ends all sessions of the account.
    fn reset_password(&self, reset: PasswordReset, context: &Context) -> impl Answer<ResetOutcome>;

    /// Begins a session with a ticket, as [`SessionStore::start_session`](super::SessionStore::start_session) does.
    fn sign_in_by_mail(&self, sign_in: MailSignIn, context: &Context) -> impl Answer<StartSessionOutcome>;

    /// Lets the browser go on that asked for a ticket, or voids the ticket.
    fn approve_sign_in(&self, approval: SignInApproval, context: &Context) -> impl Answer<ApproveOutcome>;

    /// Gives an account its former address back with a ticket, and locks everybody out.
    fn undo_address(&self, undo: AddressUndo, context: &Context) -> impl Answer<UndoOutcome>;

    /// Verifies an address with a ticket.
    fn verify_email(&self, shown: PresentedTicket, context: &Context) -> impl Answer<VerifyOutcome>;

    /// Makes an account with a ticket, with the ticket's address verified and primary.
    fn register(&self, registration: AccountRegistration, context: &Context) -> impl Answer<RegisterOutcome>;

    /// The invitations that can be used at this moment, the oldest first.
    fn invitations(&self, now: Timestamp) -> impl Answer<Vec<Ticket>>;

    /// Takes an invitation back; gives whether there was one that could be used.
    fn withdraw_invitation(&self, id: TicketId, context: &Context) -> impl Answer<bool>;
}
